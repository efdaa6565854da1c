"""A metric: a number that says how good predictions are, gathered batch by batch.

It is three small functions: the statistics of a batch (one array), how those of two batches become those of both, and
the value that they amount to. So what is gathered over batches equals what the whole would have given, also where a
mean over batches would not: the root of a mean, R2, F1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...tensor import Tensor

Function = Callable[[Any, Any], Any]


class Metric:
    """A number that says how good predictions are, gathered over batches.

    Args:
        name: what it is called in histories.
        statistics: outputs and targets of a batch (arrays) to one float64 array.
        finish: that array, for all batches, to the value.
        merge: the statistics of two parts to those of both; by default their sum.
        better: whether "higher" or "lower" values are better.
        counts: whether statistics are whole numbers, so that it does not matter which batches are taken in together.

    Attributes:
        total: the statistics so far, or None.

    >>> from gradus.train.metrics import metric
    >>> m = metric("accuracy")
    >>> m.update(np.array([0, 1]), np.array([0, 1]))
    >>> m.update(np.array([1, 1]), np.array([0, 1]))
    >>> m.value()
    0.75
    """

    def __init__(
        self,
        name: str,
        statistics: Callable[[np.ndarray, np.ndarray], np.ndarray],
        finish: Callable[[np.ndarray], Any],
        merge: Callable[[np.ndarray, np.ndarray], np.ndarray] = np.add,
        better: str = "higher",
        counts: bool = False,
    ) -> None:
        self.name, self.statistics, self.finish, self.merge, self.better = name, statistics, finish, merge, better
        self.counts = counts
        self.total: np.ndarray | None = None

    def update(self, outputs: Any, targets: Any) -> None:
        """Take a batch in."""
        found = self.statistics(as_array(outputs), as_array(targets))
        self.total = found if self.total is None else self.merge(self.total, found)

    def value(self) -> Any:
        """The metric of everything taken in; nan before the first batch."""
        return float("nan") if self.total is None else self.finish(self.total)

    def fresh(self) -> Metric:
        """The same metric, with nothing taken in."""
        return Metric(self.name, self.statistics, self.finish, self.merge, self.better, self.counts)

    def __call__(self, outputs: Any, targets: Any) -> Any:
        return self.finish(self.statistics(as_array(outputs), as_array(targets)))


def mean(total: np.ndarray) -> float:
    """The mean of statistics that are a sum and how many; nan of none."""
    return float(total[0] / total[1]) if total[1] else float("nan")


def as_array(values: Any) -> np.ndarray:
    """The array of a Tensor, or of numbers."""
    return values.numpy() if isinstance(values, Tensor) else np.asarray(values)
