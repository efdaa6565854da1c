"""Cross-validation: how well a model does on what it has not seen, measured on each part of the data in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data import Dataset, Subset, TensorDataset, k_fold
from ..errors import ArgumentError
from ..functional.checks import require_function
from ..random import seed as start_from
from .experiment import Experiment
from .fitting.trainer import Trainer
from .material import SERIES
from .recipe import Recipe


@dataclass(frozen=True)
class CrossValidation:
    """What was measured on k parts that were held out, each by a model that learned from the others.

    Attributes:
        folds: for each part its loss and its metrics.

    >>> found = CrossValidation(({"loss": 1.0}, {"loss": 2.0}))
    >>> found.mean, round(found.spread["loss"], 4)
    ({'loss': 1.5}, 0.7071)
    >>> print(found)
    loss 1.5 ± 0.7071 (2 folds)
    """

    folds: tuple[Mapping[str, float], ...]

    @property
    def mean(self) -> dict[str, float]:
        """The mean over the parts."""
        return {name: float(np.mean(values)) for name, values in self._named().items()}

    @property
    def spread(self) -> dict[str, float]:
        """The standard deviation over the parts, sqrt(sum_i (v_i - mean)^2 / (k - 1))."""
        return {name: float(np.std(values, ddof=1)) for name, values in self._named().items()}

    def _named(self) -> dict[str, list[float]]:
        return {name: [fold[name] for fold in self.folds] for name in self.folds[0]}

    def __str__(self) -> str:
        spread = self.spread
        lines = [f"{name} {mean:.4g} ± {spread[name]:.4g}" for name, mean in self.mean.items()]
        return "\n".join([f"{lines[0]} ({len(self.folds)} folds)", *lines[1:]])


def cross_validate(
    make: Callable[[], Trainer] | Recipe,
    dataset: Dataset | None = None,
    k: int = 5,
    epochs: int = 1,
    batch_size: int = 64,
    shuffle: bool = True,
    labels: Any = None,
    seed: int = 0,
    progress: bool | None = False,
) -> CrossValidation:
    """Train k models, each on all parts of the data but one, and measure each on the part that it has not seen.

    Model i is made after `gradus.seed(seed + i)`, and shuffles its samples by seed + i: all is a function of the seed.
    What was fitted to all of the data, as a Standardizer, has seen the part that is held out, too.

    Args:
        make: gives a Trainer with a new model and a new optimizer at each call. Or a Recipe, as `gradus train` follows:
            then its data set's training part, epochs, batch size and seed are taken, parts with each class's share, or
            stretches of a series.
        dataset: the samples, found by number.
        k: how many parts.
        epochs, batch_size, progress: see `Trainer.fit`.
        shuffle: whether the parts are drawn at random; else each is a stretch, as for a series in time.
        labels: (n,), the class of each sample, where each part shall have each class's share.
        seed: of the parts, the models' first weights and the order of the samples.

    Raises:
        ArgumentError: `make` gives no Trainer, or a model given before; or what a Recipe says is given, too.

    Source: Stone, "Cross-Validatory Choice and Assessment of Statistical Predictions" (1974).

    >>> import gradus
    >>> x = gradus.randn(60, 1)
    >>> def make():
    ...     model = gradus.nn.Linear(1, 1)
    ...     return Trainer(model, "mse", gradus.optim.SGD(model.parameters(), lr=0.1), compile=False)
    >>> found = cross_validate(make, gradus.data.TensorDataset(x, 2 * x + 1), k=3, epochs=20, batch_size=10)
    >>> len(found.folds), found.mean["rmse"] < 1e-2
    (3, True)
    """
    if isinstance(make, Recipe):
        given = {"the data set": dataset is not None, "labels": labels is not None, "shuffle": not shuffle}
        _leave_out(given | {"epochs": epochs != 1, "batch_size": batch_size != 64, "seed": seed != 0})
        return _of_recipe(make, k, progress)
    require_function("cross_validate", make=make)
    if dataset is None:
        raise ArgumentError("cross_validate: give the data set, too: cross_validate(make, dataset)")
    folds = k_fold(dataset, k, shuffle, labels, seed)
    return _over(folds, lambda samples: make(), epochs, batch_size, seed, progress)


def _leave_out(given: Mapping[str, bool]) -> None:
    """Refuse what a Recipe says itself."""
    too_many = [name for name, is_given in given.items() if is_given]
    if too_many:
        raise ArgumentError(
            f"cross_validate: a Recipe says on what it trains, and how; leave out {' and '.join(too_many)}"
        )


def _of_recipe(recipe: Recipe, k: int, progress: bool | None) -> CrossValidation:
    experiment = Experiment(recipe)
    both = experiment.train.arrays, experiment.validation.arrays
    data = TensorDataset(*map(np.concatenate, zip(*both, strict=True)))
    series = recipe.data in SERIES
    labels = data.arrays[-1] if experiment.preprocessing.classes and not series else None
    folds = k_fold(data, k, shuffle=not series, labels=labels, seed=recipe.seed)
    chosen = experiment.recipe
    return _over(folds, experiment.make_trainer, chosen.epochs, chosen.batch_size, recipe.seed, progress)


def _over(
    folds: Sequence[tuple[Subset, Subset]],
    make: Callable[[int], Trainer],
    epochs: int,
    batch_size: int,
    seed: int,
    progress: bool | None,
) -> CrossValidation:
    """Train and measure on each fold; `make` is told how many samples there are to learn from."""
    found: list[dict[str, float]] = []
    models: list[Any] = []
    for i, (train, held_out) in enumerate(folds):
        own = (seed + i) % 2**64
        start_from(own)
        trainer = make(len(train))
        if not isinstance(trainer, Trainer):
            raise ArgumentError(f"cross_validate: make gave {trainer!r:.80}, which is no Trainer. Does it return one?")
        if any(trainer.model is model for model in models):
            raise ArgumentError(
                "cross_validate: make gave a model that it had given before, which has learned from what is held out "
                "now. Make the model in the function."
            )
        models.append(trainer.model)
        trainer.fit(train, epochs=epochs, batch_size=batch_size, progress=progress, seed=own)
        found.append(trainer.evaluate(held_out))
    return CrossValidation(tuple(found))
