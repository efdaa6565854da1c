"""Predictor: a trained run's model, used on new data; the training data are not needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import models
from ..autograd import no_grad
from ..bounded.models import room_for
from ..data import PicturePreprocessing, Preprocessing, RawPictures, Table
from ..datasets.houses import prepare
from ..errors import ArgumentError, CheckpointError, DataError, short
from ..functional import softmax
from ..nn import Module
from ..tensor import tensor
from .metrics import metric
from .metrics.in_units import in_units, usual
from .runs.checkpoint import load
from .runs.run import Run

_AT_ONCE = 1024  # samples a batch: bounds the memory


def _section(config: dict[str, Any], name: str) -> dict[str, Any]:
    """A part of the settings; empty where there is none."""
    found = config.get(name)
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Seen:
    """What the model sees in one picture: classes and their probabilities, the most probable first.

    `inverted_suits` says that the picture is dark where the training pictures are light, or the other way round.
    """

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    inverted_suits: bool


class Predictor:
    """A trained model with the preprocessing of its data: from files to answers.

    Args:
        model: the model with its weights.
        preprocessing: fitted to the training data.
        data: what the training data are called.

    >>> import gradus
    >>> from gradus.data import TablePreprocessing
    >>> homes = Table({"rooms": [1, 3, 2, 3], "price": [1.0, 3.0, 2.0, 3.0]})
    >>> of_homes = TablePreprocessing("price").fit(homes)
    >>> model = gradus.models.build("linear", of_homes.input_shape, of_homes.outputs)
    >>> Predictor(model, of_homes).predict(homes).names
    ('row', 'price')
    """

    def __init__(self, model: Module, preprocessing: Preprocessing, data: str = "") -> None:
        self.model, self.preprocessing, self.data = model.eval(), preprocessing, data

    @classmethod
    def open(cls, folder: str | Path) -> Predictor:
        """The trained model of a run's folder, made by `gradus train` or by `Trainer.fit(run=..., preprocessing=...)`.

        Raises:
            CheckpointError: there is no run, it is damaged, has no preprocessing, or a model that gradus cannot build.
        """
        run = Run(folder)
        preprocessing, config = run.preprocessing(), run.config
        built, recipe, training = (_section(config, name) for name in ("built", "recipe", "training"))
        if not built:
            raise CheckpointError(
                f"by {run.config_file} the model is a {short(training.get('model', 'class'))} that gradus cannot build "
                "by itself. In Python: model.load_state_dict(gradus.load(file)) of its model.safetensors, and "
                "gradus.train.Predictor(model, preprocessing)."
            )
        weights = load(run.model_file)
        try:
            by = models.Built.from_json(built)
            with room_for(sum(t.size for t in weights.values())):  # of the weights, whatever the settings say
                model = models.build(*by)
        except (ArgumentError, CheckpointError) as problem:
            raise CheckpointError(
                f"{run.config_file} asks for a model that {run.model_file.name} is not of: {problem}"
            ) from None
        if (by.input_shape, by.outputs) != (preprocessing.input_shape, preprocessing.outputs):
            raise CheckpointError(
                f"{folder} is damaged: by {run.config_file.name} the model takes samples of {by.input_shape} and gives "
                f"{by.outputs} numbers, by {run.preprocessing_file.name} samples are of {preprocessing.input_shape}; "
                f"{preprocessing.outputs} are looked for"
            )
        model.load_state_dict(weights)
        return cls(model, preprocessing, str(recipe.get("data", "")))

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """What the model gives for samples x (n, ...): scores of classes (n, classes), or standardised numbers."""
        with no_grad():
            parts = [self.model(tensor(x[i : i + _AT_ONCE])).numpy() for i in range(0, len(x), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, self.preprocessing.outputs), np.float32)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) for samples x (n, ...), or numbers (n, outputs) in the target's unit."""
        z, scale = self.outputs(x), self.preprocessing.scale
        if scale is None:
            p: np.ndarray = softmax(tensor(z), axis=-1).numpy()
            return p
        return np.asarray(scale.inverse(z))

    def read(self, path: str | Path) -> Any:
        """The samples in a file or folder, read as the training data were.

        Raises:
            DataError: it cannot be read, or is of another kind.
        """
        raw: Any = self.preprocessing.read(path)
        if not len(raw):
            raise DataError(f"{path} holds no samples")
        return prepare(self.data, raw) if isinstance(raw, Table) else raw

    def predict(self, source: Any, probabilities: bool = False) -> Table:
        """The answer for each sample of a file or folder, or of samples that were read: what it is called, and it.

        Args:
            source: a path, or what `read` gave, such as a Table.
            probabilities: of classes the probability of each, too.

        Raises:
            DataError: it cannot be read, is of another kind, or lacks a column.
        """
        if probabilities and self.preprocessing.classes is None:
            raise ArgumentError(f"{self.preprocessing.target.name} is a number, and no class that has a probability")
        raw = self.read(source) if isinstance(source, (str, Path)) else source
        name, called = self.preprocessing.rows_named(raw)
        answers = self.preprocessing.answers(self.outputs(self.preprocessing.inputs(raw)), probabilities)
        return Table({name: list(called)} | {n: v for n, v in answers.columns.items() if n != name})

    def evaluate(self, source: Any) -> dict[str, float]:
        """The usual metrics for a file or folder that has the targets, too; of numbers in their unit."""
        raw = self.read(source) if isinstance(source, (str, Path)) else source
        outputs, targets = self.outputs(self.preprocessing.inputs(raw)), self.preprocessing.targets(raw)
        scale = self.preprocessing.scale
        return {name: in_units(metric(name), scale)(outputs, targets) for name in usual(scale)}

    def picture(self, path: str | Path, invert: bool = False) -> Seen:
        """What is in a picture of any size, in colour or grey; it is made like the training pictures.

        Args:
            path: the picture's file.
            invert: swap dark and light first.

        Raises:
            DataError: the file is no picture, or the model was not trained on pictures of classes.
        """
        of = self.preprocessing
        if not isinstance(of, PicturePreprocessing) or not of.classes:
            raise DataError(f"the model was trained on {self.data or of.kind}, no pictures: give it a {of.kind}")
        raw = of.read(path)
        x = of.inputs(RawPictures(1 - raw.x, raw.files) if invert else raw)
        p = self(x)[0]
        order = np.argsort(-p, kind="stable")
        return Seen(
            tuple(of.classes[i] for i in order),
            tuple(float(p[i]) for i in order),
            _other_way_round(float(x.mean()), of.brightness),
        )


def _other_way_round(brightness: float, usual: float | None) -> bool:
    """Whether the swapped picture would be much nearer to what the model was trained on.

    >>> _other_way_round(0.9, 0.2), _other_way_round(0.3, 0.2), _other_way_round(0.5, 0.45)
    (True, False, False)
    """
    return usual is not None and abs(usual - 0.5) > 0.1 and abs(1 - brightness - usual) + 0.1 < abs(brightness - usual)
