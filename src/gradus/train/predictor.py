"""Predictor: a trained run's model, used on new pictures and tables; the training data are not needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import models
from ..autograd import no_grad
from ..bounded.models import room_for
from ..data import read_csv, read_image
from ..datasets.houses import prepare
from ..errors import ArgumentError, CheckpointError, DataError
from ..functional import softmax
from ..nn import Module
from ..tensor import tensor
from .recipe import Recipe, config_of
from .runs.checkpoint import load
from .runs.facts import Facts
from .runs.run import Run

_AT_ONCE = 1024  # samples a batch: bounds the memory


@dataclass(frozen=True)
class Seen:
    """What the model sees in one picture: classes and their probabilities, the most probable first.

    `inverted_suits` says that the picture is dark where the training pictures are light, or the other way round.
    """

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    inverted_suits: bool


class Predictor:
    """A trained model with what must be known of its data.

    Args:
        model: the model with its weights.
        facts: what is known of the training data.
        recipe: what was trained, on what.
    """

    def __init__(self, model: Module, facts: Facts, recipe: Recipe) -> None:
        self.model, self.facts, self.recipe = model.eval(), facts, recipe

    @classmethod
    def open(cls, folder: str | Path) -> Predictor:
        """The trained model of a run's folder.

        Raises:
            CheckpointError: there is no run, it is damaged, or its weights are of another model.
        """
        config, run = config_of(folder), Run(folder)
        recipe, facts = Recipe.from_json(config["recipe"]), Facts.from_json(config.get("data"))
        weights = load(run.model_file)
        try:
            with room_for(sum(t.size for t in weights.values())):  # of the weights, whatever the settings say
                model = models.build(str(recipe.model), facts.input_shape, facts.outputs)
        except ArgumentError as problem:
            raise CheckpointError(
                f"{run.config_file} asks for a model that {run.model_file.name} is not of: {problem}"
            ) from None
        model.load_state_dict(weights)
        return cls(model, facts, recipe)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) for samples x (n, ...), or numbers (n, outputs) in the target's unit."""
        with no_grad():
            parts = [self.model(tensor(x[i : i + _AT_ONCE])) for i in range(0, len(x), _AT_ONCE)]
            if self.facts.classes:
                return np.concatenate([softmax(z, axis=-1).numpy() for z in parts])
        z = np.concatenate([z.numpy() for z in parts])
        return np.asarray(self.facts.target.inverse(z) if self.facts.target else z)

    def picture(self, path: str | Path, invert: bool = False) -> Seen:
        """What is in a picture of any size, in colour or grey; it is made like the training pictures.

        Args:
            path: the picture's file.
            invert: swap dark and light first.

        Raises:
            DataError: the file is no picture, or the model was not trained on pictures of classes.
        """
        if not self.facts.pictures or not self.facts.classes:
            raise DataError(f"{self.recipe.model} was trained on the table {self.recipe.data}: give it a CSV file")
        channels, height, width = self.facts.input_shape
        x = read_image(path, size=(height, width), grey=channels == 1)
        x = 1 - x if invert else x
        p = self(x[None])[0]
        order = np.argsort(-p, kind="stable")
        return Seen(
            tuple(self.facts.classes[i] for i in order),
            tuple(float(p[i]) for i in order),
            _other_way_round(float(x.mean()), self.facts.brightness),
        )

    def table(self, path: str | Path) -> np.ndarray:
        """The predicted number for each row of a CSV file with the training table's columns: (n,), in its unit.

        Raises:
            DataError: the file is no table, is empty, lacks a column, or the model was not trained on a table.
        """
        if self.facts.transform is None:
            raise DataError(
                f"{self.recipe.model} was trained on {self.recipe.data}, which is no table with named columns"
            )
        table = prepare(self.recipe.data, read_csv(path))
        return self(self.facts.transform.transform(table)).ravel()


def _other_way_round(brightness: float, usual: float | None) -> bool:
    """Whether the swapped picture would be much nearer to what the model was trained on.

    >>> _other_way_round(0.9, 0.2), _other_way_round(0.3, 0.2), _other_way_round(0.5, 0.45)
    (True, False, False)
    """
    return usual is not None and abs(usual - 0.5) > 0.1 and abs(1 - brightness - usual) + 0.1 < abs(brightness - usual)
