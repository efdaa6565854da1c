"""Special functions, element by element: of errors, and of factorials."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import ArgumentError
from ...tensor import Tensor
from ..core.elementwise import FUNCTION, unary
from ..core.lowering import Elementwise
from ..core.primitive import Primitive, Shaped, bind, case, promote, public, require_float
from ._bessel import scaled
from ._erf import erf as _erf
from ._erf import erfc as _erfc
from ._erf import erfinv as _erfinv
from ._gamma import lgamma as _lgamma
from ._gamma import polygamma as _polygamma
from .choice import where
from .functions import exp

__all__ = ["digamma", "erf", "erfc", "erfinv", "i0", "i0e", "i1", "i1e", "lgamma", "polygamma"]

erf = unary(
    "erf",
    lambda xp, x: _erf(xp, x),
    lambda g, y, x: g * (2 / np.sqrt(np.pi)).item() * exp(-x * x),
    "The error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x. Gradient: g 2/sqrt(pi) e^(-x^2).",
    "f'{erf(0.5):.4f}' -> '0.5205'",
    reference=np.vectorize(math.erf, otypes=[float]),
    effort=FUNCTION,
)
erfc = unary(
    "erfc",
    lambda xp, x: _erfc(xp, x),
    lambda g, y, x: g * (-2 / np.sqrt(np.pi)).item() * exp(-x * x),
    "1 - erf(x), exact where it is close to 0. Gradient: -g 2/sqrt(pi) e^(-x^2).",
    "f'{erfc(5.0):.3e}' -> '1.537e-12'",
    reference=np.vectorize(math.erfc, otypes=[float]),
    effort=FUNCTION,
)
erfinv = unary(
    "erfinv",
    lambda xp, x: _wide(xp, _erfinv, x),
    lambda g, y, x: g * (math.sqrt(math.pi) / 2) * exp(y * y),
    "The y with erf(y) = x, for x from -1 to 1. Gradient: g sqrt(pi)/2 e^(y^2).",
    "f'{erfinv(0.5):.4f}' -> '0.4769'",
    domain=(-0.95, 0.95),
    reference=np.vectorize(lambda x: _quantile(x), otypes=[float]),
    effort=FUNCTION,
)
def _polygamma_rule(x: Any, order: int) -> Shaped:
    require_float("polygamma", x)
    return Shaped(x.shape, x.dtype)


_polygamma_p: Primitive = Primitive(
    "polygamma",
    rule=_polygamma_rule,
    forward=lambda xp, x, order: _wide(xp, _polygamma, x, order),
    vjp=(lambda g, y, x, order: g * bind(_polygamma_p, x, order=order + 1),),
    lower=Elementwise(FUNCTION),
)


lgamma = unary(
    "lgamma",
    lambda xp, x: _wide(xp, _lgamma, x),
    lambda g, y, x: g * bind(_polygamma_p, x, order=0),
    "log |gamma(x)|, of whole x the logarithm of (x - 1)!. Gradient: g digamma(x).",
    "f'{lgamma(5.0):.4f}' -> '3.1781'",
    domain=(0.2, 9.0),
    reference=np.vectorize(lambda x: math.inf if x <= 0 and x.is_integer() else math.lgamma(x), otypes=[float]),
    effort=FUNCTION,
)


def _wide(xp: Any, function: Any, x: Any, *args: Any) -> Any:
    """In float64, as differences of large numbers would leave little of float32."""
    return function(xp, x.astype(np.float64), *args).astype(x.dtype)


def _quantile(x: float) -> float:
    """erfinv by Newton's method, for tests."""
    if not -1 < x < 1:
        return x * math.inf if abs(x) == 1 else math.nan
    y = statistics.NormalDist().inv_cdf((x + 1) / 2) / math.sqrt(2) if abs(x) > 1e-3 else x * math.sqrt(math.pi) / 2
    for _ in range(3):
        y -= (math.erf(y) - x) * math.sqrt(math.pi) / 2 * math.exp(y * y)
    return y


def _by_series(x: float, order: int) -> float:
    """A derivative of digamma by its definition's sum, for tests."""
    z, n = x + 3000, order
    terms = [(x + k) ** -(n + 1.0) for k in range(3000)]
    if n == 0:
        return math.log(z) - 0.5 / z - 1 / (12 * z * z) - math.fsum(terms)
    beyond: float = 1 / (n * z**n) + 0.5 / z ** (n + 1) + (n + 1) / (12 * z ** (n + 2))
    return (-1.0) ** (n + 1) * math.factorial(n) * (beyond + math.fsum(terms))


_reference = np.vectorize(_by_series, otypes=[float])


def _bessel(order: int, scale: bool) -> Any:
    """By its integral, the mean of e^(x cos t) cos(order t) around a circle, for tests; beyond, by the first term."""

    def reference(x: float) -> float:
        a = abs(x)
        if not math.isfinite(x):
            return (math.copysign(0, x) if order else 0.0) if scale and a == a else x if order else a
        if order and a < 1e-8:
            found = a / 2
        elif a > 1e4:
            found = 1 / math.sqrt(2 * math.pi * a)
        else:
            angles = np.arange(4096) * (2 * math.pi / 4096)
            found = math.fsum(np.exp(a * (np.cos(angles) - 1)) * np.cos(order * angles)) / 4096
        with np.errstate(over="ignore"):
            found = found if scale else found * float(np.exp(a / 2)) * float(np.exp(a / 2))
        return math.copysign(found, x) if order else found

    return np.vectorize(reference, otypes=[float])


def _unscaled(xp: Any, x: Any, order: int) -> Any:
    half = xp.exp(abs(x) * 0.5)
    return xp.where(xp.equal(abs(x), math.inf), x if order else abs(x), scaled(xp, x, order) * half * half)


i0: Callable[[Any], Tensor] = unary(
    "i0",
    lambda xp, x: _wide(xp, _unscaled, x, 0),
    lambda g, y, x: g * i1(x),
    "The modified Bessel function of the first kind, of order 0. Gradient: g i1(x).",
    "f'{i0(1.0):.4f}' -> '1.2661'",
    reference=_bessel(0, False),
    effort=FUNCTION,
)
i1: Callable[[Any], Tensor] = unary(
    "i1",
    lambda xp, x: _wide(xp, _unscaled, x, 1),
    lambda g, y, x: g * (i0(x) - _over(y, x)),
    "The modified Bessel function of the first kind, of order 1. Gradient: g (i0(x) - y / x), at 0 g / 2.",
    "f'{i1(1.0):.4f}' -> '0.5652'",
    reference=_bessel(1, False),
    effort=FUNCTION,
)
i0e: Callable[[Any], Tensor] = unary(
    "i0e",
    lambda xp, x: _wide(xp, scaled, x, 0),
    lambda g, y, x: g * (i1e(x) - x.sign() * y),
    "e^-|x| i0(x), which does not overflow. Gradient: g (i1e(x) - sign(x) y).",
    "f'{i0e(1.0):.4f}' -> '0.4658'",
    reference=_bessel(0, True),
    effort=FUNCTION,
)
i1e: Callable[[Any], Tensor] = unary(
    "i1e",
    lambda xp, x: _wide(xp, scaled, x, 1),
    lambda g, y, x: g * (i0e(x) - _over(y, x) - x.sign() * y),
    "e^-|x| i1(x), which does not overflow. Gradient: g (i0e(x) - y / x - sign(x) y), at 0 g / 2.",
    "f'{i1e(1.0):.4f}' -> '0.2079'",
    reference=_bessel(1, True),
    effort=FUNCTION,
)


_SMALL = {2: 1e-2, 4: 1e-4, 8: 1e-8}  # by the bytes of a number


def _over(y: Tensor, x: Tensor) -> Tensor:
    """i1(x) / x = 1/2 + x^2 / 16 + ..., which is 1/2 where the rest is less than the last digit."""
    small = x.abs() < _SMALL[x.dtype.itemsize]
    return where(small, 0.5, y / where(small, 1, x))


@public(
    case((3, 4), domain=(0.3, 4.0)), methods=("digamma",), gives="float", reference=lambda x: _reference(x, 0)
)
def digamma(x: Any) -> Tensor:
    """The derivative of log gamma(x). Gradient: g polygamma(1, x).

    >>> f"{digamma(1.0):.4f}"
    '-0.5772'
    """
    return polygamma(0, x)


@public(
    case((3, 4), domain=(0.3, 4.0), lead=(2,)),
    case((3, 4), domain=(0.3, 4.0), lead=(3,)),
    methods=(),
    gives="float",
    reference=lambda order, x: _reference(x, order),
)
def polygamma(order: int, x: Any) -> Tensor:
    """The derivative number `order` of digamma. Gradient: g polygamma(order + 1, x).

    >>> f"{polygamma(1, 1.0):.4f}"
    '1.6449'
    """
    if not isinstance(order, int) or order < 0:
        raise ArgumentError(f"polygamma: the order is an integer of 0 or more, got {order!r}")
    return bind(_polygamma_p, promote(x, floats=True)[0], order=order)
