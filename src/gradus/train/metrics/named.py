"""Metrics by their names, and made of functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...errors import ArgumentError, nearest
from ...names.elsewhere import answer
from . import classification, regression
from .classification import accuracy, confusion_matrix, f1, precision, recall, top, top_k
from .gathered import Function, Metric, mean
from .regression import mae, r2, rmse

_METRICS = {m.name: m for m in (*classification.METRICS, *regression.METRICS)}
_OWN = {f.__name__: f for f in (accuracy, top_k, confusion_matrix, precision, recall, f1, mae, rmse, r2)}
NAMES = (*_METRICS, "top_5")


def metric(wanted: str | Metric | Function) -> Metric:
    """A fresh metric by name (accuracy, top_5, precision, recall, f1, mae, rmse, r2) or from a function.

    A function of (outputs, targets) to a number is averaged over the samples, batch by batch; those of this package
    are gathered as their names are.

    >>> metric("rmse").name, metric("top_3").name, metric(top_k).name
    ('rmse', 'top_3', 'top_5')
    """
    if isinstance(wanted, Metric):
        return wanted.fresh()
    if callable(wanted):
        name = getattr(wanted, "__name__", type(wanted).__name__)
        if wanted is not _OWN.get(name):
            return Metric(name, _per_sample(name, wanted), mean)
        wanted = "top_5" if wanted is top_k else name
    if not isinstance(wanted, str):
        raise ArgumentError(f"a metric is a name or a function of (outputs, targets), got {wanted!r}")
    if wanted.startswith("top_") and wanted[4:].isdigit():
        return top(int(wanted[4:]))
    if wanted not in _METRICS:
        hint = answer("train.metrics", wanted) or nearest(wanted, NAMES)
        raise ArgumentError(f"there is no metric {wanted!r}. {hint}", mistake="name-of-a-metric")
    return _METRICS[wanted].fresh()


def _per_sample(name: str, function: Function) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    def statistics(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
        value = function(outputs, targets)
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise ArgumentError(
                f"the metric {name} gives {value!r:.60}, of type {type(value).__name__}; it must be a number, the mean "
                "over the samples."
            ) from None
        return np.array([number * len(targets), len(targets)])

    return statistics
