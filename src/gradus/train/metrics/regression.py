"""Metrics of numbers: how far they are off."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError
from .gathered import Metric, mean


def mae(outputs: Any, targets: Any) -> float:
    """The mean absolute error: mean |outputs - targets|; both of one shape, in their unit.

    >>> mae([1.0, 2.0], [0.0, 4.0])
    1.5
    """
    return float(_MAE(outputs, targets))


def rmse(outputs: Any, targets: Any) -> float:
    """The root of the mean squared error: sqrt(mean (outputs - targets)^2); both of one shape, in their unit.

    >>> rmse([1.0, 2.0], [0.0, 3.0])
    1.0
    """
    return float(_RMSE(outputs, targets))


def r2(outputs: Any, targets: Any) -> float:
    """The share of the targets' variance that is explained: 1 - sum (y - f)^2 / sum (y - mean y)^2.

    The mean over the columns, where targets have several; nan where a column is constant.

    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.7857142857142857
    """
    return float(_R2(outputs, targets))


def _both(outputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if outputs.shape != targets.shape and outputs.reshape(-1).shape != targets.reshape(-1).shape:
        raise ShapeError(
            f"outputs have shape {outputs.shape}, targets {targets.shape}: they must be the same",
            mistake="error-of-classes",
        )
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


def _root_mean(total: np.ndarray) -> float:
    return float(np.sqrt(mean(total)))


_MAE = Metric("mae", _absolute_errors, mean, better="lower")
_RMSE = Metric("rmse", _squared_errors, _root_mean, better="lower")
_R2 = Metric("r2", _variances, _explained, _merge_variances)
METRICS = (_MAE, _RMSE, _R2)
