"""How good predictions are: functions of whole arrays, and the same gathered batch by batch."""

from typing import TYPE_CHECKING

from ...names.elsewhere import door as _door
from .classification import accuracy, confusion_matrix, f1, precision, recall, top_k
from .gathered import Function, Metric
from .named import NAMES, metric
from .regression import mae, r2, rmse

__all__ = [
    "NAMES",
    "Function",
    "Metric",
    "accuracy",
    "confusion_matrix",
    "f1",
    "mae",
    "metric",
    "precision",
    "r2",
    "recall",
    "rmse",
    "top_k",
]

if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("train.metrics")
