"""Functions that stand between layers: each makes z, the sum a neuron gathers, into what it passes on."""

from __future__ import annotations

import math
from typing import Any

from ..ops import expm1, maximum, sigmoid, sign, where
from ..ops.core.primitive import promote
from ..ops.core.wide import in_float32
from ..tensor import Tensor
from .checks import one_of

__all__ = ["elu", "gelu", "hard_sigmoid", "identity", "leaky_relu", "log_softmax", "silu", "softmax", "step"]


def _float(x: Any) -> Tensor:
    return promote(x, floats=True)[0]


def identity(x: Any) -> Tensor:
    """x itself.

    >>> identity([1.0, -1.0])
    tensor([ 1., -1.])
    """
    return promote(x)[0]


def step(x: Any) -> Tensor:
    """1 where x > 0, else 0: the neuron of McCulloch and Pitts (1943). Gradient: 0.

    >>> step([-0.5, 0.0, 0.5])
    tensor([0., 0., 1.])
    """
    return maximum(sign(_float(x)), 0)


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Tensor:
    """x where x > 0, else negative_slope x (Maas et al., 2013).

    >>> leaky_relu([-1.0, 2.0], negative_slope=0.1)
    tensor([-0.1,  2. ])
    """
    z = _float(x)
    return where(z > 0, z, z * negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha (e^x - 1) (Clevert et al., 2015).

    >>> elu([0.0, 2.0])
    tensor([0., 2.])
    """
    z = _float(x)
    return where(z > 0, z, alpha * expm1(where(z > 0, 0, z)))  # e^x of a large x must not reach the gradient


def gelu(x: Any, approximate: str = "none") -> Tensor:
    """x P(N < x) for a normal N: x erfc(-x / sqrt 2) / 2 (Hendrycks and Gimpel, 2016).

    Args:
        approximate: "none", or "tanh" for x (1 + tanh(u)) / 2 = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3).

    Exact for x far below 0, too, where 1 + erf and 1 + tanh would lose their digits.

    >>> gelu([-1.0, 0.0, 1.0])
    tensor([-0.15865526,  0.        ,  0.8413447 ])
    """
    z = _float(x)
    if one_of("gelu", "approximate", approximate, ("none", "tanh")) == "none":
        return z * 0.5 * (z * -math.sqrt(0.5)).erfc()
    c = z.clip(-25, 25)  # where the sigmoid is 0 or 1, and before the cube overflows
    return z * sigmoid(math.sqrt(8 / math.pi) * (c + 0.044715 * c * c * c))


def silu(x: Any) -> Tensor:
    """x sigmoid(x), also called swish (Elfwing et al., 2017).

    >>> silu([0.0, 100.0])
    tensor([  0., 100.])
    """
    z = _float(x)
    return z * sigmoid(z)


def hard_sigmoid(x: Any) -> Tensor:
    """A sigmoid of three straight lines: x / 6 + 1/2, cut off at 0 and 1. Gradient: g / 6 where |x| < 3, else 0.

    >>> hard_sigmoid([-4.0, 0.0, 4.0])
    tensor([0. , 0.5, 1. ])
    """
    z = _float(x)
    return where(z <= -3, 0, where(z >= 3, 1, z / 6 + 0.5))


@in_float32
def softmax(x: Any, axis: int = -1) -> Tensor:
    """Numbers above 0 that sum to 1 along `axis`: e^x / sum(e^x). No x is too large: the largest is taken out first.

    >>> softmax([1000.0, 1000.0])
    tensor([0.5, 0.5])
    """
    z = _float(x)
    e = (z - z.detach().max(axis, keepdims=True)).exp()
    return e / e.sum(axis, keepdims=True)


@in_float32
def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """log(softmax(x)), exact where a softmax would round to 0: x - log(sum(e^x)).

    >>> log_softmax([0.0, 1000.0])
    tensor([-1000.,     0.])
    """
    z = _float(x)
    z = z - z.detach().max(axis, keepdims=True)  # first, so that the digits of large numbers cancel
    return z - z.exp().sum(axis, keepdims=True).log()
