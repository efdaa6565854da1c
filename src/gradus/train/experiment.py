"""An experiment: a recipe with its data, model and trainer, from the first epoch to the test."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__, models
from ..errors import CheckpointError
from ..random import seed
from .fitting.callbacks import Callback
from .fitting.every import USUALLY
from .fitting.trainer import Trainer
from .material import material
from .metrics import Metric, metric
from .metrics.in_units import in_units, usual
from .recipe import Recipe, config_of
from .runs.checkpoint import load, position, read_state
from .runs.history import History
from .runs.run import Run

FIRST_FREE = 10_000  # runs of one name that a folder may hold


class Experiment:
    """What a recipe stands for: the data, split and ready, the model, and the trainer.

    The test data are not looked at in training.

    Attributes:
        recipe: the recipe with everything chosen.
        train, validation, test: the three parts of the data (see `material`).
        preprocessing: what must be kept of the data to predict without them.
        model, trainer: as in gradus.models and gradus.Trainer.

    >>> experiment = Experiment(Recipe(limit=100, epochs=1))
    >>> experiment.recipe.model, len(experiment.train), len(experiment.validation)
    ('convnet', 90, 10)
    """

    def __init__(self, recipe: Recipe) -> None:
        self.train, self.validation, self.test, self.preprocessing = material(recipe)
        self.recipe = recipe.completed(self.preprocessing, len(self.train))
        seed(recipe.seed)
        self.trainer = self.make_trainer(len(self.train))
        self.model = self.trainer.model

    def make_trainer(self, samples: int) -> Trainer:
        """A trainer of a new model, as the recipe says; so many samples to learn from lay out the learning rate."""
        of = self.preprocessing
        model = models.build(self.recipe.model, of.input_shape, of.outputs)
        steps = -(-samples // self.recipe.batch_size) * self.recipe.epochs
        optimizer = self.recipe.make_optimizer(model, steps)
        how: dict[str, Any] = {"precision": self.recipe.precision, "verify": self.recipe.verify}
        how["guard"] = self.recipe.guard
        return Trainer(model, of.target.loss, optimizer, self.metrics(), compile=not self.recipe.eager, **how)

    @classmethod
    def open(cls, folder: str | Path, **changes: Any) -> Experiment:
        """The experiment of a run's folder, its recipe perhaps changed, as by `epochs`; its weights are not loaded yet.

        Raises:
            CheckpointError: no run of `gradus train`, or a damaged one.
        """
        recipe = Recipe.from_json(config_of(folder)["recipe"], f"the recipe in {Run(folder).config_file}")
        return cls(replace(recipe, **changes))

    def metrics(self) -> tuple[Metric, ...]:
        """Accuracy for classes; for numbers mae, rmse and r2, in the target's unit."""
        scale = self.preprocessing.scale
        return tuple(in_units(metric(name), scale) for name in usual(scale))

    def describe(self) -> str:
        """What will be trained on what: two lines."""
        p, r = self.preprocessing, self.recipe
        task = f"{len(p.classes)} classes" if p.classes else f"predict {p.target.name}"
        shape = "x".join(map(str, p.input_shape))
        parameters = sum(p.size for p in self.model.parameters())
        return (
            f"{r.name}: {len(self.train):,} training, {len(self.validation):,} validation, {len(self.test):,} test "
            f"samples of {shape}; {task}\n"
            f"{r.model}: {parameters:,} parameters; {r.optimizer}, learning rate {r.lr:g}, batches of {r.batch_size}, "
            f"{r.epochs} epochs"
        )

    def fit(
        self,
        folder: str | Path,
        resume: bool = False,
        progress: Any = None,
        checkpoint_every: Any = USUALLY,
        allow_changes: bool = False,
    ) -> None:
        """Train, and keep everything in a run's folder; with `resume`, go on with what is in it, as in Trainer.fit."""
        about: dict[str, Any] = {"recipe": self.recipe.to_json(), "command": self.recipe.command()}
        about["versions"] = versions()
        run = Run.open(folder) if resume else Run(folder)
        with run.alone():
            if not resume:  # before the first checkpoint, so that whatever interrupts it can be gone on with
                run.begin(**about)
            self.learn(
                run=run,
                resume=resume,
                progress=progress,
                preprocessing=self.preprocessing,
                checkpoint_every=checkpoint_every,
                allow_changes=allow_changes,
                callbacks=[_Keep(run, about)] if resume else [],
            )

    def learn(self, **options: Any) -> History:
        """Train as the recipe says; the options are those of Trainer.fit."""
        r = self.recipe
        parts = self.train, self.validation
        return self.trainer.fit(*parts, epochs=r.epochs, batch_size=r.batch_size, seed=r.seed, **options)

    def load(self, folder: str | Path) -> None:
        """Take the weights of a run that was trained.

        Raises:
            CheckpointError: there are none, they are damaged, of another model, or of data that have changed since.
        """
        run = Run(folder)
        if run.preprocessing().to_json() != self.preprocessing.to_json():
            raise CheckpointError(
                f"{self.recipe.data} has changed since {folder} was trained, and would be prepared otherwise now. "
                f"Measure on a file: gradus evaluate {folder} FILE. Or train anew."
            )
        self.model.load_state_dict(load(run.model_file))


def epochs_done(folder: str | Path) -> int:
    """How many epochs of a run are done.

    Raises:
        CheckpointError: it has not begun, or its checkpoint is damaged.
    """
    file = Run.open(folder).checkpoint_file
    return position(file, read_state(file)[1])[0]


def new_folder(wanted: str | Path | None, recipe: Recipe) -> Path:
    """The folder for a new run: the one wanted, or runs/<model>-<data>-<number>, the first number that is free.

    Raises:
        CheckpointError: the wanted folder is there and holds more than a run that has not begun.
    """
    if wanted is not None:
        folder = Path(wanted)
        if folder.exists() and (not folder.is_dir() or Run(folder).found()):
            raise CheckpointError(
                f"{folder} exists. Give another --out, delete it, or go on with it: gradus train --resume {folder}"
            )
        return folder
    return free_folder(f"{recipe.model}-{recipe.name}")


def free_folder(stem: str) -> Path:
    """runs/<stem>-<number>, the first number that is free."""
    folders = (Path("runs") / f"{stem}-{i}" for i in range(1, FIRST_FREE))
    for folder in folders:
        if not folder.exists():
            return folder
    raise CheckpointError(f"runs/ is full of runs named {stem}. Give a folder with --out.")


def versions() -> dict[str, str]:
    """What a result may depend on."""
    return {"gradus": __version__, "python": platform.python_version(), "numpy": np.__version__}


class _Keep(Callback):
    """Writes what an experiment has become, by more epochs, into its run's folder, once the run was found whole."""

    def __init__(self, run: Run, about: dict[str, Any]) -> None:
        self.run, self.about = run, about

    def on_fit_begin(self, trainer: Trainer) -> None:
        self.run.configure(**self.about)
