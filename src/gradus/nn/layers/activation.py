"""The functions between layers, as layers: each is made from its function, whose options it takes."""

from __future__ import annotations

from ... import functional as F
from ...functional.checks import at_least_one
from ...ops import full
from ...tensor import Tensor
from ..core.applied import Applied
from ..core.module import Module, Parameter

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "HardSigmoid",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Step",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class Identity(Applied):
    function = staticmethod(F.identity)


class Step(Applied):
    function = staticmethod(F.step)


class Sigmoid(Applied):
    function = staticmethod(F.sigmoid)


class Tanh(Applied):
    function = staticmethod(F.tanh)


class ReLU(Applied):
    function = staticmethod(F.relu)


class LeakyReLU(Applied):
    function = staticmethod(F.leaky_relu)


class ELU(Applied):
    function = staticmethod(F.elu)


class GELU(Applied):
    function = staticmethod(F.gelu)


class SiLU(Applied):
    function = staticmethod(F.silu)


class Softplus(Applied):
    function = staticmethod(F.softplus)


class HardSigmoid(Applied):
    function = staticmethod(F.hard_sigmoid)


class Softmax(Applied):
    function = staticmethod(F.softmax)


class LogSoftmax(Applied):
    function = staticmethod(F.log_softmax)


class CELU(Applied):
    function = staticmethod(F.celu)


class GLU(Applied):
    function = staticmethod(F.glu)


class Hardshrink(Applied):
    function = staticmethod(F.hardshrink)


class Hardswish(Applied):
    function = staticmethod(F.hardswish)


class Hardtanh(Applied):
    function = staticmethod(F.hardtanh)


class LogSigmoid(Applied):
    function = staticmethod(F.logsigmoid)


class Mish(Applied):
    function = staticmethod(F.mish)


class ReLU6(Applied):
    function = staticmethod(F.relu6)


class SELU(Applied):
    function = staticmethod(F.selu)


class Softmin(Applied):
    function = staticmethod(F.softmin)


class Softshrink(Applied):
    function = staticmethod(F.softshrink)


class Softsign(Applied):
    function = staticmethod(F.softsign)


class Tanhshrink(Applied):
    function = staticmethod(F.tanhshrink)


class Threshold(Applied):
    function = staticmethod(F.threshold)


Hardsigmoid = HardSigmoid  # PyTorch's name


class Softmax2d(Module):
    """softmax over the channels of images, (n, c, h, w) or (c, h, w).

    >>> import gradus
    >>> Softmax2d()(gradus.zeros((1, 4, 1, 1))).reshape(4)
    tensor([0.25, 0.25, 0.25, 0.25])
    """

    def forward(self, x: Tensor) -> Tensor:
        return F.softmax(x, axis=-3)


class RReLU(Module):
    """In training x or a x with a drawn anew, after `eval()` with their mean: see `functional.rrelu`.

    >>> import gradus
    >>> RReLU().eval()(gradus.tensor([-24.0]))
    tensor([-5.5])
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3) -> None:
        self.lower, self.upper = lower, upper

    def forward(self, x: Tensor) -> Tensor:
        return F.rrelu(x, self.lower, self.upper, self.training)


class PReLU(Module):
    """x where x > 0, else a x with a learned slope a, one for all or one a channel: see `functional.prelu`.

    >>> import gradus
    >>> PReLU()(gradus.tensor([-2.0, 2.0]))
    tensor([-0.5,  2. ], from=where)
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        at_least_one("PReLU", num_parameters=num_parameters)
        self.num_parameters = num_parameters
        self.weight = Parameter(full((num_parameters,), float(init)))

    def forward(self, x: Tensor) -> Tensor:
        return F.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"
