"""The ready models by name, and the settings each trains well with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ..errors import ArgumentError, nearest
from ..nn import Module
from .convnet import ConvNet
from .lenet import LeNet
from .linear import LinearRegression, SoftmaxRegression
from .mlp import MLP

HIDDEN = 256  # units of the hidden layer of `mlp`


class Defaults(NamedTuple):
    """How a model is trained where nothing else is asked for.

    `optimizer` is the name of one in `gradus.optim`, `schedule` that of the learning rate's in `optim.schedules`.
    """

    optimizer: str
    lr: float
    batch_size: int
    epochs: int
    schedule: str = "constant"


class _Entry(NamedTuple):
    build: Callable[[tuple[int, ...], int], Module]
    defaults: Defaults


def _linear(shape: tuple[int, ...], outputs: int) -> Module:
    return LinearRegression(math.prod(shape), outputs)


def _softmax(shape: tuple[int, ...], outputs: int) -> Module:
    return SoftmaxRegression(math.prod(shape), outputs)


def _mlp(shape: tuple[int, ...], outputs: int) -> Module:
    return MLP([math.prod(shape), HIDDEN, outputs])


def _convnet(shape: tuple[int, ...], outputs: int) -> Module:
    channels, height, width = _picture("convnet", shape)
    return ConvNet(channels, (height, width), outputs)


def _lenet(shape: tuple[int, ...], outputs: int) -> Module:
    channels, height, width = _picture("lenet", shape)
    return LeNet(channels, (height, width), outputs)


def _picture(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) != 3:
        raise ArgumentError(
            f"{name} takes pictures of shape (channels, height, width), a sample here has shape {shape}. "
            "For tables take linear or mlp."
        )
    return shape


_ZOO = {
    "linear": _Entry(_linear, Defaults("Adam", 0.01, 64, 20, "cosine")),
    "softmax": _Entry(_softmax, Defaults("Adam", 1e-3, 64, 10)),
    "mlp": _Entry(_mlp, Defaults("Adam", 1e-3, 64, 10)),
    "convnet": _Entry(_convnet, Defaults("Adam", 2e-3, 32, 20)),
    "lenet": _Entry(_lenet, Defaults("Adam", 1e-3, 64, 10)),
}
NAMES = tuple(_ZOO)


def build(name: str, input_shape: tuple[int, ...], outputs: int) -> Module:
    """A ready model by name, for samples of a shape (without the batch's axis) and a number of outputs.

    >>> import gradus
    >>> build("mlp", (1, 28, 28), 10)(gradus.zeros((2, 1, 28, 28))).shape
    (2, 10)
    """
    entry = _entry(name)
    if outputs < 1 or any(length < 1 for length in input_shape):
        raise ArgumentError(f"{name}: cannot be built for samples of shape {input_shape} and {outputs} outputs")
    return entry.build(tuple(input_shape), outputs)


def defaults(name: str) -> Defaults:
    """The settings a ready model trains well with.

    >>> defaults("lenet").optimizer
    'Adam'
    """
    return _entry(name).defaults


def _entry(name: str) -> _Entry:
    if name not in _ZOO:
        raise ArgumentError(f"there is no model {name!r}. {nearest(name, NAMES)}")
    return _ZOO[name]
