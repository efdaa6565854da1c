"""The ready models by name, and the settings each trains well with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ..bounded.saved import of_type
from ..errors import ArgumentError, CheckpointError, nearest
from ..nn import AvgPool2d, Module, Sigmoid
from . import alexnet, convnet, lenet, scratch
from .alexnet import AlexNet
from .convnet import ConvNet
from .lenet import LeNet
from .linear import LinearRegression, SoftmaxRegression
from .mlp import MLP
from .scratch import DeepConvNet, SimpleConvNet

HIDDEN = 256  # units of the hidden layer of `mlp`, and of each of the two of `tabular`
DROPPED = 0.2  # share of these that `tabular` drops


class Defaults(NamedTuple):
    """How a model is trained where nothing else is asked for.

    `optimizer` is the name of one in `gradus.optim`, `schedule` that of the learning rate's in `optim.schedules`.
    """

    optimizer: str
    lr: float
    batch_size: int
    epochs: int
    schedule: str = "constant"


class Built(NamedTuple):
    """What a ready model was built by, to be built again: the arguments of `build`.

    >>> build("mlp", (2,), 3).built
    Built(name='mlp', input_shape=(2,), outputs=3)
    """

    name: str
    input_shape: tuple[int, ...]
    outputs: int

    def to_json(self) -> dict[str, Any]:
        """The arguments as JSON's types."""
        return {"name": self.name, "input_shape": list(self.input_shape), "outputs": self.outputs}

    @classmethod
    def from_json(cls, saved: Any) -> Built:
        """What `to_json` gave.

        >>> Built.from_json(Built("mlp", (2,), 3).to_json()).outputs
        3
        """
        try:
            kinds = {"name": str, "input_shape": tuple[int, ...], "outputs": int}
            return cls(*(of_type(name, saved[name], kind) for name, kind in kinds.items()))
        except (KeyError, TypeError, ValueError) as problem:
            raise CheckpointError(f"what the run says of its model is damaged: {problem!r}") from None


class _Entry(NamedTuple):
    build: Callable[[tuple[int, ...], int], Module]
    defaults: Defaults
    smallest: int = 0


def _linear(shape: tuple[int, ...], outputs: int) -> Module:
    return LinearRegression(math.prod(shape), outputs)


def _softmax(shape: tuple[int, ...], outputs: int) -> Module:
    return SoftmaxRegression(math.prod(shape), outputs)


def _mlp(shape: tuple[int, ...], outputs: int) -> Module:
    return MLP([math.prod(shape), HIDDEN, outputs])


def _tabular(shape: tuple[int, ...], outputs: int) -> Module:
    """For tables whose numbers are cut into intervals, where a wide layer before dropout does well."""
    return MLP([math.prod(shape), HIDDEN, HIDDEN, outputs], dropout=DROPPED)


def _of_pictures(name: str, make: Callable[[int, tuple[int, int], int], Module]) -> Callable[..., Module]:
    """A builder from one that takes channels, size and classes."""

    def build(shape: tuple[int, ...], outputs: int) -> Module:
        if len(shape) != 3:
            raise ArgumentError(
                f"{name} takes pictures of shape (channels, height, width), a sample here has shape {shape}. "
                "For tables take linear or mlp."
            )
        channels, height, width = shape
        return make(channels, (height, width), outputs)

    return build


def _lenet_1998(channels: int, size: tuple[int, int], classes: int) -> Module:
    return LeNet(channels, size, classes, activation=Sigmoid, pooling=AvgPool2d)


def _alexnet(channels: int, size: tuple[int, int], classes: int) -> Module:
    """Small pictures are enlarged by a whole number, to about the usual size."""
    return AlexNet(channels, size, classes, enlarge=max(1, alexnet.USUAL // min(size)))


_ZOO = {
    "linear": _Entry(_linear, Defaults("Adam", 0.01, 64, 20, "cosine")),
    "softmax": _Entry(_softmax, Defaults("Adam", 1e-3, 64, 10)),
    "mlp": _Entry(_mlp, Defaults("Adam", 1e-3, 64, 10)),
    "tabular": _Entry(_tabular, Defaults("AdamW", 2e-3, 128, 30, "one_cycle")),
    "convnet": _Entry(_of_pictures("convnet", ConvNet), Defaults("Adam", 2e-3, 32, 20), convnet.SMALLEST),
    "simpleconvnet": _Entry(
        _of_pictures("simpleconvnet", SimpleConvNet), Defaults("Adam", 1e-3, 100, 20), scratch.SMALLEST_SIMPLE
    ),
    "deepconvnet": _Entry(
        _of_pictures("deepconvnet", DeepConvNet), Defaults("Adam", 1e-3, 100, 20), scratch.SMALLEST_DEEP
    ),
    "lenet": _Entry(_of_pictures("lenet", LeNet), Defaults("Adam", 4e-3, 16, 3, "one_cycle"), lenet.SMALLEST),
    "lenet1998": _Entry(_of_pictures("lenet1998", _lenet_1998), Defaults("Adam", 2e-3, 64, 10), lenet.SMALLEST),
    "alexnet": _Entry(_of_pictures("alexnet", _alexnet), Defaults("Adam", 1e-4, 128, 10), 1),
}
NAMES = tuple(_ZOO)


def build(name: str, input_shape: tuple[int, ...], outputs: int) -> Module:
    """A ready model by name, for samples of a shape (without the batch's axis) and a number of outputs.

    It remembers as `built` what it was built by.

    >>> import gradus
    >>> build("mlp", (1, 28, 28), 10)(gradus.zeros((2, 1, 28, 28))).shape
    (2, 10)
    """
    entry = _entry(name)
    if outputs < 1 or any(length < 1 for length in input_shape):
        raise ArgumentError(f"{name}: cannot be built for samples of shape {input_shape} and {outputs} outputs")
    model = entry.build(tuple(input_shape), outputs)
    model.built = Built(name, tuple(input_shape), outputs)
    return model


def defaults(name: str) -> Defaults:
    """The settings a ready model trains well with.

    >>> defaults("lenet").optimizer
    'Adam'
    """
    return _entry(name).defaults


def smallest_picture(name: str) -> int:
    """How many pixels high and wide a picture must be for a ready model; 0 for one that takes any data.

    >>> smallest_picture("lenet"), smallest_picture("mlp")
    (12, 0)
    """
    return _entry(name).smallest


def _entry(name: str) -> _Entry:
    if name not in _ZOO:
        raise ArgumentError(f"there is no model {name!r}. {nearest(name, NAMES)}", mistake="no-such-model")
    return _ZOO[name]
