"""The functions between layers, as layers: each is made from its function, whose options it takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from ... import functional as F
from ...tensor import Tensor
from ..core.module import Module

__all__ = [
    "ELU",
    "GELU",
    "HardSigmoid",
    "Identity",
    "LeakyReLU",
    "LogSoftmax",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Step",
    "Tanh",
]


class Activation(Module):
    """A layer that applies a function of one tensor; the function's options are given to the layer.

    >>> class Double(Activation):
    ...     function = staticmethod(lambda x, times=2: x * times)
    >>> Double(times=3)(4)
    12
    """

    function: ClassVar[Callable[..., Tensor]]

    def __init_subclass__(cls) -> None:
        _, *options = inspect.signature(cls.function).parameters.values()
        cls.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        if not cls.__doc__:  # the function's, without its example
            cls.__doc__ = f"As a layer: {cls.function.__doc__ or ''}".partition(">>>")[0].rstrip()

    def __init__(self, *values: Any, **options: Any) -> None:
        signature = inspect.signature(type(self))
        try:
            bound = signature.bind(*values, **options)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}{signature}: {error}") from None
        bound.apply_defaults()
        self._options = bound.arguments
        vars(self).update(bound.arguments)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, **self._options)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self._options.items())


class Identity(Activation):
    function = staticmethod(F.identity)


class Step(Activation):
    function = staticmethod(F.step)


class Sigmoid(Activation):
    function = staticmethod(F.sigmoid)


class Tanh(Activation):
    function = staticmethod(F.tanh)


class ReLU(Activation):
    function = staticmethod(F.relu)


class LeakyReLU(Activation):
    function = staticmethod(F.leaky_relu)


class ELU(Activation):
    function = staticmethod(F.elu)


class GELU(Activation):
    function = staticmethod(F.gelu)


class SiLU(Activation):
    function = staticmethod(F.silu)


class Softplus(Activation):
    function = staticmethod(F.softplus)


class HardSigmoid(Activation):
    function = staticmethod(F.hard_sigmoid)


class Softmax(Activation):
    function = staticmethod(F.softmax)


class LogSoftmax(Activation):
    function = staticmethod(F.log_softmax)
