"""How well a model does on what it learns from and on what it does not: epoch by epoch, and by the size of the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data import Dataset, Subset
from ...errors import ArgumentError
from ...functional.checks import at_least_one, require_function
from ...random import seed as set_seed
from ...random import stream
from ...train import Callback, Trainer

_DRAWN = (1 << 23) + 1  # the stream of random numbers that draws the samples

Values = dict[str, dict[str, np.ndarray]]


@dataclass(frozen=True)
class Course:
    """How the loss and the metrics went on several parts of the data.

    Attributes:
        at: (m,) when they were measured: epochs, or samples seen.
        values: for each part, by name, and each metric m numbers.

    >>> values = {"train": {"accuracy": np.ones(2)}, "test": {"accuracy": np.array([0.5, 0.8])}}
    >>> Course(np.array([0, 1]), values).gap().round(3).tolist()
    [0.5, 0.2]
    """

    at: np.ndarray
    values: Values

    def gap(self, metric: str = "accuracy") -> np.ndarray:
        """(m,) by how much the part "train" is above the part "test"."""
        return np.asarray(self.values["train"][metric] - self.values["test"][metric])


def watch_fit(
    trainer: Trainer,
    train: Dataset,
    parts: Mapping[str, Dataset],
    epochs: int,
    every: int = 1,
    batch_size: int = 64,
    seed: int = 0,
) -> Course:
    """Train, and measure parts of the data in evaluation mode before the first epoch and after every so many.

    What a Trainer's history says of the training data is measured while it trains: with dropout at work, and with the
    weights changing. Here training and test data are measured alike.

    Args:
        trainer: trains its model.
        train: what it learns from.
        parts: what is measured, by name.
        epochs, batch_size, seed: as in `Trainer.fit`.
        every: epochs between two measurements; the last epoch is measured too.

    >>> import gradus
    >>> data = gradus.data.TensorDataset(gradus.randn(20, 2), np.arange(20) % 2)
    >>> model = gradus.nn.Linear(2, 2)
    >>> trainer = Trainer(model, "cross_entropy", gradus.optim.SGD(model.parameters(), lr=0.1), compile=False)
    >>> watch_fit(trainer, data, {"train": data}, epochs=2).at
    array([0, 1, 2])
    """
    at_least_one("watch_fit", epochs=epochs, every=every)
    _require_trainer("watch_fit", trainer)
    measured = {0: measure(trainer, parts)}

    class Look(Callback):
        def on_epoch_end(self, trainer: Trainer, record: dict[str, Any]) -> None:
            if record["epoch"] % every == 0 or record["epoch"] == epochs:
                measured[record["epoch"]] = measure(trainer, parts)

    trainer.fit(train, epochs=epochs, batch_size=batch_size, callbacks=[Look()], progress=False, seed=seed)
    return course(measured)


@dataclass(frozen=True)
class LearningCurve:
    """How the loss and the metrics depend on the number of training samples.

    Attributes:
        sizes: (m,) numbers of training samples.
        train, test: for each metric (m, repeats) numbers, on the samples learned from and on the test data.

    >>> LearningCurve(np.array([10]), {"accuracy": np.ones((1, 2))}, {"accuracy": np.array([[0.5, 0.7]])}).gap()
    array([0.4])
    """

    sizes: np.ndarray
    train: dict[str, np.ndarray]
    test: dict[str, np.ndarray]

    def gap(self, metric: str = "accuracy") -> np.ndarray:
        """(m,) by how much the training data are above the test data, the mean over the repeats."""
        return np.asarray((self.train[metric] - self.test[metric]).mean(axis=1))


def learning_curve(
    make: Callable[[], Trainer],
    train: Dataset,
    test: Dataset,
    sizes: Sequence[int],
    steps: int = 1000,
    batch_size: int = 64,
    repeats: int = 1,
    seed: int = 0,
) -> LearningCurve:
    """Train anew on more and more of the data, as many steps each time, and measure.

    Each size's samples are among those of the next. The steps are rounded up to whole epochs.

    Args:
        make: gives a new Trainer, with a new model; called after `gradus.seed(seed + r)`, so all sizes start alike.
        train: the samples are drawn from these.
        test: measured after each training, never learned from.
        sizes: how many samples, each from 1 to len(train).
        steps, batch_size: of each training.
        repeats: trainings for each size, from other first weights on other samples.
        seed: what weights, samples and their order depend on.

    Raises:
        ArgumentError: sizes that the data do not have, or `make` gives no Trainer.

    >>> import gradus
    >>> data = gradus.data.TensorDataset(gradus.randn(40, 2), np.arange(40) % 2)
    >>> def make():
    ...     model = gradus.nn.Linear(2, 2)
    ...     return Trainer(model, "cross_entropy", gradus.optim.SGD(model.parameters(), lr=0.1), compile=False)
    >>> learning_curve(make, data, data, sizes=[5, 40], steps=2).test["accuracy"].shape
    (2, 1)
    """
    require_function("learning_curve", make=make)
    at_least_one("learning_curve", steps=steps, batch_size=batch_size, repeats=repeats)
    counts = _sizes(sizes, len(train))
    found: list[list[dict[str, dict[str, float]]]] = [[] for _ in counts]
    for r in range(repeats):
        order = stream(seed + r, _DRAWN).permutation(len(train))
        for n, results in zip(counts, found, strict=True):
            set_seed(seed + r)
            trainer = _require_trainer("learning_curve", make())
            part = Subset(train, order[:n])
            epochs = -(-steps // -(-n // batch_size))
            trainer.fit(part, epochs=epochs, batch_size=batch_size, progress=False, seed=seed + r)
            results.append(measure(trainer, {"train": part, "test": test}))
    return LearningCurve(np.array(counts), *(_by_metric(found, part) for part in ("train", "test")))


def _by_metric(found: list[list[dict[str, dict[str, float]]]], part: str) -> dict[str, np.ndarray]:
    """For each metric (sizes, repeats) numbers."""
    return {name: np.array([[one[part][name] for one in results] for results in found]) for name in found[0][0][part]}


def measure(trainer: Trainer, parts: Mapping[str, Dataset]) -> dict[str, dict[str, float]]:
    """The loss and the metrics on each part, in evaluation mode."""
    return {name: trainer.evaluate(part) for name, part in parts.items()}


def course(measured: Mapping[int, dict[str, dict[str, float]]]) -> Course:
    """What was measured at several times, put together."""
    first = next(iter(measured.values()))
    values = {
        part: {name: np.array([m[part][name] for m in measured.values()]) for name in metrics}
        for part, metrics in first.items()
    }
    return Course(np.array(list(measured)), values)


def _require_trainer(where: str, trainer: Any) -> Trainer:
    if not isinstance(trainer, Trainer):
        raise ArgumentError(f"{where}: expects a gradus.Trainer, got {trainer!r:.60}")
    return trainer


def _sizes(sizes: Sequence[int], n: int) -> list[int]:
    counts = [int(size) for size in sizes]
    if not counts:
        raise ArgumentError("learning_curve: there is no size; give numbers of training samples, as [100, 1000]")
    if min(counts) < 1 or max(counts) > n:
        raise ArgumentError(f"learning_curve: sizes are 1 to {n}, the samples there are; got {counts}")
    return counts
