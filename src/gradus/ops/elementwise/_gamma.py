"""The logarithm of the gamma function, and that one's derivatives, which NumPy lacks.

Abramowitz and Stegun, Handbook of Mathematical Functions, 1964: 6.3.18 and 6.4.11 are the series for large x, 6.3.6 and
6.4.6 the steps to it, 6.3.7 and 6.4.7 the reflection of what is below 1/2, and 6.1.33 the series of log gamma around
1 and 2. The relative errors are below 1e-13 in float64, except beside zeros, where that holds of absolute ones.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_STEPS = 12  # by which x comes to where the series for large x is exact
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)  # B2, B4, B6 ...
_TERMS = 28  # of the series around 1 and 2
_EULER = 0.57721566490153286061


def polygamma(xp: Any, x: Any, order: int) -> Any:
    """The derivative number `order` of digamma, the derivative of log gamma."""
    below = x < 0.5
    far = _polygamma(xp, xp.where(below, 1 - x, x), order)
    mirrored = far * (-1.0) ** order - _cotangent(xp, x, order)
    if order == 0:  # which has no sign where it changes it
        pole = xp.where(xp.equal(x, 0), -xp.copysign(x * 0 + math.inf, x), x * 0 + math.nan)
        mirrored = xp.where(xp.equal(x, xp.rint(x)), pole, mirrored)
    return xp.where(below, mirrored, far)


def _polygamma(xp: Any, x: Any, order: int) -> Any:
    """The same of x from 1/2 on: a sum of powers, and a series in 1/z for what is beyond them, with z = x + steps."""
    z = x + _STEPS
    powers = sum(_power(x + k, -order - 1) for k in range(_STEPS)) * math.factorial(order)
    square, series = 1 / (z * z), 0.0
    for k in range(len(_BERNOULLI), 0, -1):
        series = (series + _BERNOULLI[k - 1] * math.factorial(2 * k + order - 1) / math.factorial(2 * k)) * square
    if order == 0:
        return xp.log(z) - 0.5 / z - series - powers
    head = math.factorial(order - 1) + math.factorial(order) * 0.5 / z
    return ((head + series) * _power(z, -order) + powers) * (-1.0) ** (order + 1)


def _power(x: Any, n: int) -> Any:
    """x to a power below 0, by division: no product overflows."""
    found = inverse = 1 / x
    for _ in range(-n - 1):
        found = found * inverse
    return found


def _cotangent(xp: Any, x: Any, order: int) -> Any:
    """A derivative of pi cot(pi x): each is a polynomial in c = cot(pi x), as c' = -pi (1 + c^2)."""
    coefficients = np.polynomial.Polynomial([0, 1])
    for _ in range(order):
        coefficients = -coefficients.deriv() * np.polynomial.Polynomial([1, 0, 1])
    angle = (x - xp.rint(x)) * math.pi
    c = xp.cos(angle) / xp.sin(angle)
    highest, *lower = reversed(coefficients.coef.tolist())
    found = highest
    for coefficient in lower:
        found = found * c + coefficient
    return found * math.pi ** (order + 1)


def lgamma(xp: Any, x: Any) -> Any:
    """log |gamma(x)|: below 1/2 by reflection, up to 5/2 by a series, beyond by Stirling's."""
    below = x < 0.5
    a = xp.where(below, 1 - x, x)
    value = xp.where(a < 2.5, _around_one_and_two(xp, xp.minimum(a, 2.5)), _stirling(xp, xp.maximum(a, 2.5)))
    sine = xp.sin(abs(x - xp.rint(x)) * math.pi)
    value = xp.where(below, math.log(math.pi) - xp.log(sine) - value, value)
    return xp.where(xp.equal(abs(x), math.inf), abs(x), value)


def _around_one_and_two(xp: Any, a: Any) -> Any:
    first = a < 1.5
    w = xp.where(first, a - 1, a - 2)
    total = w * 0
    for k in range(_TERMS, 1, -1):
        total = (total + (-1) ** k * _ZETA_LESS_ONE[k] / k) * w
    total = (total + (1 - _EULER)) * w
    return xp.where(first, total - xp.log1p(w), total)


def _stirling(xp: Any, a: Any) -> Any:
    """Of small a, of a + 8 first, less the logarithm of what lies between."""
    small = a < 8
    z, product = xp.where(small, a + 8, a), a * 0 + 1
    bounded = xp.minimum(a, 8)
    for k in range(8):
        product = product * (bounded + k)
    inverse, series = 1 / z, 0.0
    for k in range(len(_BERNOULLI), 0, -1):
        series = series * inverse * inverse + _BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    value = (z - 0.5) * (xp.log(z) - 1) + series * inverse + (0.5 * math.log(2 * math.pi) - 0.5)
    return xp.where(small, value - xp.log(product), value)


# zeta(k) - 1, from the derivatives of digamma at 2
_ZETA_LESS_ONE = [0.0, 0.0] + [
    abs(float(_polygamma(np, np.float64(2), k - 1))) / math.factorial(k - 1) for k in range(2, _TERMS + 1)
]
