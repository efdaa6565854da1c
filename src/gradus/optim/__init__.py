"""Optimizers, schedules of the learning rate, and gradient clipping."""

from typing import TYPE_CHECKING, Any

from ..names import missing as _missing
from . import schedules
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .clip import clip_grad_norm_, clip_grad_value_
from .optimizer import Optimizer
from .plateau import ReduceOnPlateau
from .rmsprop import RMSprop
from .sgd import SGD

if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones

    def __getattr__(name: str) -> Any:
        raise _missing("optim", name, __all__)


__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "ReduceOnPlateau",
    "clip_grad_norm_",
    "clip_grad_value_",
    "schedules",
]
