"""Tuning a recipe, that is what `gradus train` trains: the objective, the test of the best one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, nearest
from ..train.experiment import Experiment
from ..train.material import material
from ..train.recipe import CompleteRecipe, Recipe
from .search import Attempt, Report, search
from .space import Choice, Space, check_space, to_json
from .study import opened
from .trial import Found

TUNABLE = ("lr", "weight_decay", "batch_size", "epochs", "optimizer", "schedule")
_TESTED = "tested"


class Tuning:
    """A search over the hyper-parameters of a recipe.

    The score is the accuracy on the validation data after the last epoch, for numbers the loss. The test data are
    looked at by `test` alone, once, at the end.

    Args:
        recipe: what to train; what is in the space is taken from there.
        space: a `Range` or a `Choice` for names out of lr, weight_decay, batch_size, epochs, optimizer and schedule.

    Raises:
        ArgumentError: a name that a recipe does not have, or an option that there is not.

    Attributes:
        recipe: the recipe with everything chosen.
        monitor, better: the name of the score, and whether "higher" or "lower" is better.

    >>> from gradus.tune import Range
    >>> tuning = Tuning(Recipe(model="softmax", limit=100, epochs=2), {"lr": Range(1e-3, 1e-1)})
    >>> found = tuning.search(trials=2)
    >>> tuning.monitor, len(found.trials)
    ('val_accuracy', 2)
    """

    def __init__(self, recipe: Recipe, space: Space) -> None:
        check_space(space)
        for name, part in space.items():
            if name not in TUNABLE:
                raise ArgumentError(f"a recipe has no hyper-parameter {name!r} to tune. {nearest(name, TUNABLE)}")
            for option in part.options if isinstance(part, Choice) else (part.low, part.high):
                replace(recipe, **{name: option})  # refuses what makes no sense
        whole = material(recipe)
        self.space = space
        self.recipe: CompleteRecipe = recipe.completed(whole.preprocessing, len(whole.train))
        of_classes = whole.preprocessing.classes is not None
        self.monitor, self.better = ("val_accuracy", "higher") if of_classes else ("val_loss", "lower")

    def problem(self) -> dict[str, Any]:
        """What a study's file is of: the recipe without what is searched for."""
        return {n: v for n, v in self.recipe.to_json().items() if n not in self.space} | {"score": self.monitor}

    def with_params(self, params: Mapping[str, Any]) -> Recipe:
        """The recipe with these hyper-parameters."""
        return replace(Recipe(**self.recipe.to_json()), **params)

    def __call__(self, attempt: Attempt) -> float:
        """The objective: train with the attempt's hyper-parameters, and measure on the validation data."""
        experiment = Experiment(self.with_params(attempt.params))
        history = experiment.learn(callbacks=[Report(attempt, self.monitor)], progress=False)
        return float(history.last[self.monitor])

    def begin(self, study: str | Path) -> None:
        """Make the study's file, or see that it is of this problem.

        Raises:
            CheckpointError: it is of another problem, or no study.
        """
        whole = self.problem() | {"space": to_json(self.space), "better": self.better}
        with opened(study, whole, self.better):
            pass

    def search(self, trials: int, study: str | Path | None = None, **options: Any) -> Found:
        """Search; the options are those of `tune.search`."""
        return search(self, self.space, trials, study=study, better=self.better, problem=self.problem(), **options)

    def test(self, found: Found, study: str | Path | None = None) -> tuple[dict[str, float], int]:
        """Train the best trial once more, to the same weights, and measure it on the test data.

        Args:
            found: what the search found.
            study: its file, which remembers the result: the test data are not looked at again for the same trial.

        Returns:
            The loss and the metrics, and for how many trials of this study the test data have been looked at.
        """
        with opened(study, None, self.better) as shared:
            known = dict(shared.user_attrs.get(_TESTED, {}))
            name = str(found.best.number)
            if name not in known:
                experiment = Experiment(self.with_params(found.best.params))
                experiment.learn(progress=False)
                known[name] = experiment.trainer.evaluate(experiment.test)
                shared.set_user_attr(_TESTED, known)
            return known[name], len(known)
