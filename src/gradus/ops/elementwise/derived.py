"""Functions composed of others, element by element, and one whose gradient is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..core.elementwise import FUNCTION, binary, numbers
from ..core.primitive import broadcast, case, promote, public
from ..core.wide import in_float32
from .arithmetic import divide, maximum, minimum, multiply, power
from .choice import where
from .comparison import greater, less, not_equal
from .functions import log, log1p, sigmoid, sqrt

__all__ = [
    "clip",
    "exp2",
    "fmax",
    "fmin",
    "heaviside",
    "ldexp",
    "lerp",
    "logaddexp",
    "logit",
    "reciprocal",
    "rsqrt",
    "square",
    "xlogy",
]


logaddexp = binary(
    "logaddexp",
    lambda xp, x1, x2: xp.logaddexp(x1, x2),
    (lambda g, y, x1, x2: g * _share(x1, x2), lambda g, y, x1, x2: g * _share(x2, x1)),
    "log(e^x1 + e^x2), without overflow. Gradients: g sigmoid(x1 - x2), g sigmoid(x2 - x1); of equals, g / 2.",
    "f'{logaddexp(1000.0, 1000.0):.2f}' -> '1000.69'",
    floats=True,
    effort=FUNCTION,
)


def _share(x1: Tensor, x2: Tensor) -> Tensor:
    alike = (x1 == x2) & (x1.absolute() == math.inf)  # which have no difference
    return sigmoid(where(alike, 0, x1 - x2))


@public(case((3, 4)), elementwise=True)
def square(x: Any) -> Tensor:
    """x^2. Gradient: 2 g x.

    >>> square([1, -3])
    tensor([1, 9])
    """
    x = promote(x)[0]
    return multiply(x, x)


@public(case((3, 4), domain=(0.2, 4.0)), elementwise=True, gives="float", reference=lambda x: 1 / x)
def reciprocal(x: Any) -> Tensor:
    """1 / x; integers become floating point first. Gradient: -g y^2.

    >>> reciprocal([2, 4])
    tensor([0.5 , 0.25])
    """
    return divide(1, x)


@public(case((3, 4), domain=(0.2, 4.0)), elementwise=True, gives="float", reference=lambda x: 1 / np.sqrt(x))
@in_float32
def rsqrt(x: Any) -> Tensor:
    """1 / sqrt(x). Gradient: -g y^3 / 2.

    >>> rsqrt([4.0, 16.0])
    tensor([0.5 , 0.25])
    """
    return divide(1, sqrt(x))


@public(case((3, 4)), elementwise=True, gives="float")
def exp2(x: Any) -> Tensor:
    """2^x. Gradient: g y log(2).

    >>> exp2([3, -1])
    tensor([8. , 0.5])
    """
    return power(2.0, promote(x, floats=True)[0])


@public(
    case((3, 4), (3, 4), (3, 4), domain=(0, 1)),
    elementwise=True,
    gives="float",
    reference=lambda a, b, weight: a + weight * (b - a),
)
@in_float32
def lerp(x1: Any, x2: Any, weight: Any) -> Tensor:
    """What lies between x1 and x2: x1 + weight (x2 - x1). Gradients: g (1 - weight), g weight, g (x2 - x1).

    >>> lerp([0.0, 10.0], [4.0, 20.0], 0.5)
    tensor([ 2., 15.])
    """
    a, b, part = promote(x1, x2, weight, floats=True)
    return a + part * (b - a)


@public(case((3, 4), (3, 4)), elementwise=True)
def fmax(x1: Any, x2: Any) -> Tensor:
    """The larger of x1 and x2, or the number if the other is NaN. Gradient: that of `maximum`.

    >>> fmax([1.0, math.nan], [3.0, 2.0])
    tensor([3., 2.])
    """
    a, b = broadcast("fmax", *promote(x1, x2))
    return where(a != a, b, where(b != b, a, maximum(a, b)))


@public(case((3, 4), (3, 4)), elementwise=True)
def fmin(x1: Any, x2: Any) -> Tensor:
    """The smaller of x1 and x2, or the number if the other is NaN. Gradient: that of `minimum`.

    >>> fmin([1.0, math.nan], [3.0, 2.0])
    tensor([1., 2.])
    """
    a, b = broadcast("fmin", *promote(x1, x2))
    return where(a != a, b, where(b != b, a, minimum(a, b)))


def _logit(x: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.log(x) - np.log1p(-x)


@public(case((3, 4), domain=(0.1, 0.9)), elementwise=True, gives="float", reference=_logit)
@in_float32
def logit(x: Any, eps: float | None = None) -> Tensor:
    """log(x / (1 - x)), of which the sigmoid is x; with `eps`, of x between eps and 1 - eps. Gradient: g / (x (1 - x)).

    >>> logit([0.5, 1.0])
    tensor([ 0., inf])
    """
    a = promote(x, floats=True)[0]
    a = a if eps is None else minimum(maximum(a, eps), 1 - eps)
    return log(a) - log1p(-a)


@public(case((3, 4), (3, 4)), elementwise=True, refuses=("bool",))
def heaviside(x1: Any, x2: Any) -> Tensor:
    """0 where x1 is below 0, 1 where it is above, x2 where it is 0; NaN of NaN. Gradient: 0, and g to x2 where x1 is 0.

    >>> heaviside([-1.5, 0.0, 2.0], 0.5)
    tensor([0. , 0.5, 1. ])
    """
    x1, x2 = promote(x1, x2)
    numbers("heaviside", x1)
    step = where(x1 > 0, 1, where(x1 < 0, 0, x1.detach()))
    return where(x1 == 0, x2, step)


@public(
    case((3, 4), (3, 4), domain=(0.2, 4.0)),
    elementwise=True,
    gives="float",
    reference=lambda x, y: x * np.log(np.where((x == 0) & ((y <= 0) | (y == np.inf)), 1, y)),
)
@in_float32
def xlogy(x1: Any, x2: Any) -> Tensor:
    """x1 log(x2), and 0 where x1 is 0. Gradients: g log(x2), g x1 / x2; 0 where log(x2) is none.

    >>> xlogy([0.0, 2.0], [0.0, 1.0])
    tensor([0., 0.])
    """
    a, b = promote(x1, x2, floats=True)
    nothing = (a == 0) & ((b <= 0) | (b == math.inf))
    return a * log(where(nothing, 1, b))


@public(case((3, 4), args=(-0.5, 0.5)), methods=("clip",), gives="float")
def clip(x: Any, lowest: float | None = None, highest: float | None = None) -> Tensor:
    """Numbers below `lowest` become it, above `highest` that. Gradient: g at the bounds, unlike PyTorch at NaN too.

    Outside it is 0; a bound that is a tensor gets g where it holds.

    >>> clip([-2.0, 0.3, 5.0], 0, 1)
    tensor([0. , 0.3, 1. ])
    """
    x = promote(x)[0]
    if lowest is not None:
        x = _bounded(x, lowest, less)
    return x if highest is None else _bounded(x, highest, greater)


def _bounded(x: Tensor, bound: Any, beyond: Callable[[Any, Any], Tensor]) -> Tensor:
    """The bound where x is beyond it, or where the bound is NaN."""
    outside = beyond(x, bound)
    if not isinstance(bound, (int, float)) or bound != bound:
        outside = outside | not_equal(bound, bound)
    return where(outside, bound, x)


@public(case((3, 4), args=(np.array([[1, -2, 0, 3]]),)), elementwise=False, gives="float")
@in_float32
def ldexp(x1: Any, x2: Any) -> Tensor:
    """x1 2^x2, for whole x2; in two steps, so that no power overflows that the product does not. Gradient: g 2^x2.

    >>> ldexp([0.5, 3.0], [2, -1])
    tensor([2. , 1.5])
    """
    a, n = promote(x1, floats=True)[0], promote(x2)[0]
    half = n.astype(a.dtype) // 2
    return a * exp2(half) * exp2(n.astype(a.dtype) - half)
