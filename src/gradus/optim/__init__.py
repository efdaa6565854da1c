"""Optimizers, schedules of the learning rate, and gradient clipping."""

from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Optimizer"]
