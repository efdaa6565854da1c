"""How good predictions are: functions of whole arrays, and the same gathered batch by batch.

A metric is three small functions: the statistics of a batch (one array), how those of two batches become those of
both, and the value that they amount to. So what is gathered over batches equals what the whole would have given, also
where a mean over batches would not: the root of a mean, R2, F1.

Outputs are scores with an axis of classes (n, classes), or one score a sample, (n,) or (n, 1), whose sign decides
between two classes (logits), or integers: the classes themselves. Targets are class numbers, or one-hot rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, ShapeError, nearest
from ..tensor import Tensor

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
        found = self.statistics(_array(outputs), _array(targets))
        self.total = found if self.total is None else self.merge(self.total, found)

    def value(self) -> Any:
        """The metric of everything taken in; nan before the first batch."""
        return float("nan") if self.total is None else self.finish(self.total)

    def fresh(self) -> Metric:
        """The same metric, with nothing taken in."""
        return Metric(self.name, self.statistics, self.finish, self.merge, self.better, self.counts)

    def __call__(self, outputs: Any, targets: Any) -> Any:
        return self.finish(self.statistics(_array(outputs), _array(targets)))


# -- classes ------------------------------------------------------------------------------------------------------


def accuracy(outputs: Any, targets: Any) -> float:
    """The share of samples whose class is predicted.

    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    """
    return float(metric("accuracy")(outputs, targets))


def top_k(outputs: Any, targets: Any, k: int = 5) -> float:
    """The share of samples whose class is among the k with the highest scores; outputs (n, classes).

    Of equal scores the lower class number counts as the higher.

    >>> top_k([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]], [1, 2], k=2)
    0.5
    """
    return float(metric(f"top_{k}")(outputs, targets))


def confusion_matrix(outputs: Any, targets: Any, classes: int | None = None) -> np.ndarray:
    """How many samples of class i (row) are predicted as class j (column): int64, (classes, classes).

    >>> confusion_matrix([0, 1, 1], [0, 0, 1])
    array([[1, 1],
           [0, 1]])
    """
    predicted, true, found = _classes(_array(outputs), _array(targets))
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
    if average not in ("macro", None):
        raise ArgumentError(f"average is 'macro' or None (one value for each class), got {average!r}")
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
            "this metric compares classes, the targets are fractions. For numbers take metrics=('rmse',), or mae, r2."
        )
    true = true.astype(np.int64)
    if true.size and not 0 <= true.min() <= true.max() < classes:
        raise DataError(f"targets hold labels {true.min()} to {true.max()}, outputs have classes 0 to {classes - 1}")
    return predicted.reshape(-1), true, classes


# -- numbers ------------------------------------------------------------------------------------------------------


def mae(outputs: Any, targets: Any) -> float:
    """The mean absolute error: mean |outputs - targets|; both of one shape, in their unit.

    >>> mae([1.0, 2.0], [0.0, 4.0])
    1.5
    """
    return float(metric("mae")(outputs, targets))


def rmse(outputs: Any, targets: Any) -> float:
    """The root of the mean squared error: sqrt(mean (outputs - targets)^2); both of one shape, in their unit.

    >>> rmse([1.0, 2.0], [0.0, 3.0])
    1.0
    """
    return float(metric("rmse")(outputs, targets))


def r2(outputs: Any, targets: Any) -> float:
    """The share of the targets' variance that is explained: 1 - sum (y - f)^2 / sum (y - mean y)^2.

    The mean over the columns, where targets have several; nan where a column is constant.

    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.7857142857142857
    """
    return float(metric("r2")(outputs, targets))


def _both(outputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if outputs.shape != targets.shape and outputs.reshape(-1).shape != targets.reshape(-1).shape:
        raise ShapeError(f"outputs have shape {outputs.shape}, targets {targets.shape}: they must be the same")
    y = targets.astype(np.float64)
    return outputs.astype(np.float64).reshape(y.shape), y


def _absolute_errors(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    f, y = _both(outputs, targets)
    return np.array([np.abs(f - y).sum(), y.size])


def _squared_errors(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    f, y = _both(outputs, targets)
    return np.array([np.square(f - y).sum(), y.size])


def _variances(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """For each column: how many, their mean, the squares around it, the squared errors."""
    f, y = _both(outputs, targets)
    f, y = f.reshape(len(f), -1), y.reshape(len(y), -1)
    mean = y.mean(0)
    return np.stack([np.full(len(mean), len(y)), mean, np.square(y - mean).sum(0), np.square(f - y).sum(0)])


def _merge_variances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Chan, Golub and LeVeque (1979): no difference of large numbers, as sums of squares would need."""
    n = a[0] + b[0]
    step = b[1] - a[1]
    around = a[2] + b[2] + np.square(step) * a[0] * b[0] / n
    return np.stack([n, a[1] + step * b[0] / n, around, a[3] + b[3]])


def _explained(total: np.ndarray) -> float:
    around, errors = total[2], total[3]
    return float(np.mean(1 - np.divide(errors, around, out=np.full(len(around), np.nan), where=around > 0)))


# -- by name ------------------------------------------------------------------------------------------------------


def _mean(total: np.ndarray) -> float:
    return float(total[0] / total[1]) if total[1] else float("nan")


def _root_mean(total: np.ndarray) -> float:
    return float(np.sqrt(_mean(total)))


_METRICS = {
    m.name: m
    for m in (
        Metric("accuracy", _correct, _mean, counts=True),
        Metric("precision", confusion_matrix, _macro(_precision), _merge_confusion, counts=True),
        Metric("recall", confusion_matrix, _macro(_recall), _merge_confusion, counts=True),
        Metric("f1", confusion_matrix, _macro(_f1), _merge_confusion, counts=True),
        Metric("mae", _absolute_errors, _mean, better="lower"),
        Metric("rmse", _squared_errors, _root_mean, better="lower"),
        Metric("r2", _variances, _explained, _merge_variances),
    )
}
NAMES = (*_METRICS, "top_5")


def metric(wanted: str | Metric | Function) -> Metric:
    """A fresh metric by name (accuracy, top_5, precision, recall, f1, mae, rmse, r2) or from a function.

    A function of (outputs, targets) to a number is averaged over the samples, batch by batch; those of this module
    are gathered as their names are.

    >>> metric("rmse").name, metric("top_3").name, metric(top_k).name
    ('rmse', 'top_3', 'top_5')
    """
    if isinstance(wanted, Metric):
        return wanted.fresh()
    if callable(wanted):
        name = getattr(wanted, "__name__", type(wanted).__name__)
        if wanted is not globals().get(name):
            return Metric(name, _per_sample(wanted), _mean)
        wanted = "top_5" if wanted is top_k else name
    if not isinstance(wanted, str):
        raise ArgumentError(f"a metric is a name or a function of (outputs, targets), got {wanted!r}")
    if wanted.startswith("top_") and wanted[4:].isdigit():
        return Metric(wanted, _among_top(int(wanted[4:])), _mean, counts=True)
    if wanted not in _METRICS:
        raise ArgumentError(f"there is no metric {wanted!r}. {nearest(wanted, NAMES)}")
    return _METRICS[wanted].fresh()


def _per_sample(function: Function) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    def statistics(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return np.array([float(function(outputs, targets)) * len(targets), len(targets)])

    return statistics


def _array(values: Any) -> np.ndarray:
    return values.numpy() if isinstance(values, Tensor) else np.asarray(values)
