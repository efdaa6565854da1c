"""Metrics of classes: how often the right one is predicted.

Outputs are scores with an axis of classes (n, classes), or one score a sample, (n,) or (n, 1), whose sign decides
between two classes (logits), or integers: the classes themselves. Targets are class numbers, or one-hot rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import ArgumentError, DataError, ShapeError, one_of
from ...functional.checks import at_least_one
from .gathered import Metric, as_array, mean


def accuracy(outputs: Any, targets: Any) -> float:
    """The share of samples whose class is predicted.

    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    """
    return float(_ACCURACY(outputs, targets))


def top_k(outputs: Any, targets: Any, k: int = 5) -> float:
    """The share of samples whose class is among the k with the highest scores; outputs (n, classes).

    Of equal scores the lower class number counts as the higher.

    >>> top_k([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]], [1, 2], k=2)
    0.5
    """
    at_least_one("top_k", k=k)
    return float(top(k)(outputs, targets))


def top(k: int) -> Metric:
    """The metric top_<k>."""
    return Metric(f"top_{k}", _among_top(k), mean, counts=True)


def confusion_matrix(outputs: Any, targets: Any, classes: int | None = None) -> np.ndarray:
    """How many samples of class i (row) are predicted as class j (column): int64, (classes, classes).

    >>> confusion_matrix([0, 1, 1], [0, 0, 1])
    array([[1, 1],
           [0, 1]])
    """
    predicted, true, found = _classes(as_array(outputs), as_array(targets))
    n = found if classes is None else classes
    return np.bincount(true * n + predicted, minlength=n * n).reshape(n, n)


def precision(outputs: Any, targets: Any, average: str | None = "macro") -> Any:
    """Of the samples predicted as a class the share that belongs to it: TP / (TP + FP); 0 where none is predicted.

    The mean over the classes that occur ("macro"), or with `average=None` an array of one value for each class.

    >>> precision([0, 1, 1], [0, 0, 1])
    0.75
    """
    return _averaged(_precision, outputs, targets, average)


def recall(outputs: Any, targets: Any, average: str | None = "macro") -> Any:
    """Of the samples of a class the share that is predicted as it: TP / (TP + FN); 0 where there is none.

    >>> recall([0, 1, 1], [0, 0, 1])
    0.75
    """
    return _averaged(_recall, outputs, targets, average)


def f1(outputs: Any, targets: Any, average: str | None = "macro") -> Any:
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN); 0 where the class does not occur.

    >>> float(round(f1([0, 1, 1], [0, 0, 1]), 4))
    0.6667
    """
    return _averaged(_f1, outputs, targets, average)


def _precision(m: np.ndarray) -> np.ndarray:
    return _ratio(m.diagonal(), m.sum(0))


def _recall(m: np.ndarray) -> np.ndarray:
    return _ratio(m.diagonal(), m.sum(1))


def _f1(m: np.ndarray) -> np.ndarray:
    return _ratio(2 * m.diagonal(), m.sum(0) + m.sum(1))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    shares: np.ndarray = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return shares


def _averaged(per_class: Callable[[np.ndarray], np.ndarray], outputs: Any, targets: Any, average: str | None) -> Any:
    if average is not None:
        one_of(per_class.__name__.strip("_"), "average", average, ("macro",))
    m = confusion_matrix(outputs, targets)
    return per_class(m) if average is None else _macro(per_class)(m)


def _macro(per_class: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], float]:
    def finish(m: np.ndarray) -> float:
        occurs = m.sum(0) + m.sum(1) > 0
        return float(per_class(m)[occurs].mean()) if occurs.any() else float("nan")

    return finish


def _merge_confusion(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Add two matrices, of which one may have met classes that the other has not."""
    n = max(len(a), len(b))
    total = np.zeros((n, n), a.dtype)
    for m in (a, b):
        total[: len(m), : len(m)] += m
    return total


def _correct(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    predicted, true, _ = _classes(outputs, targets)
    return np.array([(predicted == true).sum(), len(true)], np.float64)


def _among_top(k: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    def statistics(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
        _, true, classes = _classes(outputs, targets)
        if outputs.ndim < 2 or not 1 <= k <= outputs.shape[1]:
            raise ArgumentError(f"top_{k} needs k from 1 to the scores of a sample; outputs have shape {outputs.shape}")
        scores = outputs.reshape(len(true), classes)
        best = np.argsort(-scores.astype(np.float64), axis=1, kind="stable")[:, :k]
        return np.array([(best == true[:, None]).any(1).sum(), len(true)], np.float64)

    return statistics


def _classes(outputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Predicted and true class numbers, both (n,), and how many classes there are.

    Further axes, as of (n, classes, height, width), count as samples.
    """
    if outputs.dtype.kind in "iub":
        predicted = outputs.astype(np.int64)
        classes = int(max(predicted.max(initial=0), targets.max(initial=0))) + 1
    elif outputs.ndim < 2 or outputs.shape[1] == 1:
        predicted, classes = (outputs > 0).astype(np.int64), 2
    else:
        predicted, classes = outputs.argmax(1), outputs.shape[1]
        if targets.shape == outputs.shape:
            targets = targets.argmax(1)
    if predicted.size != targets.size:
        raise ShapeError(f"outputs of shape {outputs.shape} do not belong to targets of shape {targets.shape}")
    true = targets.reshape(-1)
    if true.dtype.kind == "f" and not (true == np.round(true)).all():
        raise DataError(
            "this metric compares classes, the targets are fractions. For numbers take metrics=('rmse',), or mae, r2.",
            mistake="accuracy-of-numbers",
        )
    true = true.astype(np.int64)
    if true.size and not 0 <= true.min() <= true.max() < classes:
        raise DataError(f"targets hold labels {true.min()} to {true.max()}, outputs have classes 0 to {classes - 1}")
    return predicted.reshape(-1), true, classes


_ACCURACY = Metric("accuracy", _correct, mean, counts=True)
METRICS = (
    _ACCURACY,
    Metric("precision", confusion_matrix, _macro(_precision), _merge_confusion, counts=True),
    Metric("recall", confusion_matrix, _macro(_recall), _merge_confusion, counts=True),
    Metric("f1", confusion_matrix, _macro(_f1), _merge_confusion, counts=True),
)
