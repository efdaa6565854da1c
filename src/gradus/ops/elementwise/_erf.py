"""The error function and its inverse, which NumPy lacks.

W. J. Cody, Rational Chebyshev approximations for the error function, 1969: three rational functions, for |x| below
0.46875, below 4, and beyond. M. J. Wichura, Algorithm AS 241: the percentage points of the normal distribution, 1988:
three more. The relative errors are below 1e-15 in float64. In
float32 one polynomial suffices for erfc: erfc(a) e^(a^2) = t P(t) with t = 1 / (1 + a / 2), after C. Hastings
(Approximations for digital computers, 1955), fitted to a relative error of 4e-9.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes
from .choice import chosen

_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)  # fmt: skip
_MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
_LARGE = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)  # fmt: skip
_SCALED = (
    3.59553880989551544e-2, -1.92150399088859558e-1, 3.84324103593826294e-1, -2.93941050767898560e-1,
    -1.78171079605817795e-2, 3.27887535095214844e-2, 5.59851713478565216e-2, 1.85285970568656921e-1,
    2.45233446359634399e-1, 2.82246977090835571e-1, 2.82088756561279297e-1,
)  # fmt: skip
_CENTRAL = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
     1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
     5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0),
)  # fmt: skip
_OUTER = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
     3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
     6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0),
)  # fmt: skip
_OUTERMOST = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
     2.96560571828504891230e-1, 1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
     1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0),
)  # fmt: skip
_SQRT_HALF = 0.70710678118654752440
_PIECE = 1 << 14  # numbers
_ONE_OVER_SQRT_PI = 0.56418958354775628695


def _polynomial(xp: Any, coefficients: tuple[float, ...], x: Any) -> Any:
    """Horner's rule, the highest power first."""
    value = x * 0 + coefficients[0]
    for c in coefficients[1:]:
        if xp is not np:
            value = xp.fma(value, x, c)
            continue
        value *= x
        value += c
    return value


def _ratio(xp: Any, pair: tuple[tuple[float, ...], tuple[float, ...]], x: Any) -> Any:
    return _polynomial(xp, pair[0], x) / _polynomial(xp, pair[1], x)


def _in_pieces(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The function; of large arrays piece by piece, so that what lies between its many steps stays in the caches."""

    @functools.wraps(function)
    def found(xp: Any, x: Any) -> Any:
        if xp is not np or x.size <= _PIECE:
            return function(xp, x)
        flat, out = x.reshape(-1), np.empty(x.size, x.dtype)
        for start in range(0, x.size, _PIECE):
            out[start : start + _PIECE] = function(xp, flat[start : start + _PIECE])
        return out.reshape(x.shape)

    return found


@_in_pieces
def erf(xp: Any, x: Any) -> Any:
    """erf(x) = 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    a = abs(x)
    # written so that a NaN, for which every comparison is false, goes through
    beyond = 1 - xp.exp(-a * a) * _tail(xp, a)
    return xp.copysign(chosen(xp, a <= 0.46875, a * _near(xp, a), beyond), x)


@_in_pieces
def erfc(xp: Any, x: Any) -> Any:
    """erfc(x) = 1 - erf(x), with a small relative error however small it is."""
    a = abs(x)
    if x.dtype == dtypes.float32:
        t = 1 / (a * 0.5 + 1)
        beyond = _exp_minus_square(xp, a) * (t * _polynomial(xp, _SCALED, t))
        return chosen(xp, x < 0, 2 - beyond, beyond)
    beyond = _exp_minus_square(xp, a) * _tail(xp, a)
    return chosen(xp, a <= 0.46875, 1 - x * _near(xp, a), chosen(xp, x < 0, 2 - beyond, beyond))


def _near(xp: Any, a: Any) -> Any:
    """erf(a) / a of a up to 0.46875."""
    return _ratio(xp, _SMALL, xp.minimum(a * a, 1))


def _tail(xp: Any, a: Any) -> Any:
    """erfc(a) e^(a^2) of larger a."""
    middle = _ratio(xp, _MIDDLE, xp.minimum(a, 4))
    if xp is np and a.max(initial=0) <= 4:
        return middle
    tail = 1 / xp.maximum(a * a, 1)
    large = (_ONE_OVER_SQRT_PI - tail * _ratio(xp, _LARGE, tail)) / xp.maximum(a, 1)
    return chosen(xp, a <= 4, middle, large)


def _exp_minus_square(xp: Any, a: Any) -> Any:
    """e^(-a^2), from the square and what its rounding lost, found by multiplying in halves (Dekker, 1971).

    A square of 80 that is rounded in its last place changes e^-80 in its last six.
    """
    a = xp.minimum(a, 30)  # the result is 0 there, and nothing overflows
    spread = a * (2.0**12 + 1 if a.dtype == dtypes.float32 else 2.0**27 + 1)
    high = spread - (spread - a)
    low, square = a - high, a * a
    lost = (high * high - square) + 2 * high * low + low * low
    return xp.exp(-square) * (1 - lost)


def erfinv(xp: Any, x: Any) -> Any:
    """The y between which and -y the error function runs from -x to x: a quantile of the normal distribution.

    Where |x| > 0.85 it is a function of the root of -log((1 - |x|) / 2).
    """
    a = abs(x)
    inside = xp.minimum(a, 0.85)
    central = _ratio(xp, _CENTRAL, 0.180625 - inside * inside * 0.25) * (inside * 0.5)
    root = xp.sqrt(-xp.log(xp.maximum(1 - a, 1e-300) * 0.5))
    outer, outermost = _ratio(xp, _OUTER, xp.minimum(root, 5) - 1.6), _ratio(xp, _OUTERMOST, xp.maximum(root, 5) - 5)
    outer = xp.where(root <= 5, outer, outermost)
    y = xp.copysign(xp.where(a <= 0.85, central, outer) * _SQRT_HALF, x)
    edge = xp.where(xp.equal(a, 1), y * math.inf, y * math.nan)
    return xp.where(a < 1, y, edge)
