"""Each class's share of samples, for batches and for parts of data sets."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError
from ..random import Generator
from ..tensor import Tensor


def by_class(classes: np.ndarray, draws: Generator) -> np.ndarray:
    """The samples class by class, those of one class in a random order."""
    order = draws.permutation(len(classes))
    return order[np.argsort(classes[order], kind="stable")]


def evenly(order: np.ndarray, count: int, draws: Generator) -> tuple[np.ndarray, np.ndarray]:
    """So many elements at even distances, and the others: of each run of r, r count / n, rounded up or down.

    Source: systematic sampling; Madow and Madow, "On the Theory of Systematic Sampling, I" (1944).

    >>> from gradus.random import stream
    >>> one, others = evenly(np.array([0, 0, 0, 0, 1, 1]), 3, stream(0, 1))
    >>> one.tolist(), others.tolist()
    ([0, 0, 1], [0, 0, 1])
    """
    n = len(order)
    first = int(draws.randint(0, max(n, 1), ()).item())
    chosen = np.zeros(n, bool)
    chosen[(np.arange(count) * n + first) // max(count, 1)] = True
    return order[chosen], order[~chosen]


def codes(where: str, labels: Any) -> np.ndarray:
    """The class of each sample as a number from 0 on."""
    array = np.asarray(labels.numpy() if isinstance(labels, Tensor) else labels)
    if array.ndim != 1 or array.dtype.kind not in "biuUSO":
        raise DataError(
            f"{where}: labels are a whole number or a text for each sample, (n,), got {array.dtype} of shape "
            f"{array.shape}"
        )
    if array.dtype.kind in "US" and array is not labels and not all(isinstance(v, (str, bytes)) for v in labels):
        array = np.array(list(labels), object)  # 1 and "1" are two: NumPy would make texts of both
    try:
        return np.unique(array, return_inverse=True)[1]
    except TypeError:
        kinds = sorted({type(label).__name__ for label in array})
        raise DataError(f"{where}: labels are all numbers or all texts, got {', '.join(kinds)}") from None
