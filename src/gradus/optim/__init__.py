"""Optimizers, schedules of the learning rate, and gradient clipping."""

from . import schedules
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .clip import clip_grad_norm_, clip_grad_value_
from .optimizer import Optimizer
from .plateau import ReduceOnPlateau
from .rmsprop import RMSprop
from .sgd import SGD

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
