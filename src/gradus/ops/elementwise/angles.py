"""Angles and what is made of them, element by element: circular and hyperbolic functions and their inverses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..core.elementwise import FUNCTION, binary, unary
from ..core.primitive import case, promote, public
from ..core.wide import in_float32
from .choice import where

__all__ = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cos",
    "cosh",
    "deg2rad",
    "hypot",
    "rad2deg",
    "sin",
    "sinc",
    "sinh",
    "tan",
]

sin = unary(
    "sin",
    lambda xp, x: xp.sin(x),
    lambda g, y, x: g * x.cos(),
    "The sine. Gradient: g cos(x).",
    "f'{sin(1.0):.4f}' -> '0.8415'",
    effort=FUNCTION,
)
cos = unary(
    "cos",
    lambda xp, x: xp.cos(x),
    lambda g, y, x: -g * x.sin(),
    "The cosine. Gradient: -g sin(x).",
    "f'{cos(1.0):.4f}' -> '0.5403'",
    effort=FUNCTION,
)
tan = unary(
    "tan",
    lambda xp, x: xp.tan(x),
    lambda g, y, x: g * (1 + y * y),
    "The tangent. Gradient: g (1 + y^2).",
    "f'{tan(1.0):.4f}' -> '1.5574'",
    domain=(-1.2, 1.2),
    effort=FUNCTION,
)
arcsin = unary(
    "arcsin",
    lambda xp, x: xp.arcsin(x),
    lambda g, y, x: g / (1 - x * x).sqrt(),
    "The angle between -pi/2 and pi/2 whose sine is x. Gradient: g / sqrt(1 - x^2).",
    "f'{arcsin(1.0):.4f}' -> '1.5708'",
    domain=(-0.9, 0.9),
    effort=FUNCTION,
)
arccos = unary(
    "arccos",
    lambda xp, x: xp.arccos(x),
    lambda g, y, x: -g / (1 - x * x).sqrt(),
    "The angle between 0 and pi whose cosine is x. Gradient: -g / sqrt(1 - x^2).",
    "f'{arccos(-1.0):.4f}' -> '3.1416'",
    domain=(-0.9, 0.9),
    effort=FUNCTION,
)
arctan = unary(
    "arctan",
    lambda xp, x: xp.arctan(x),
    lambda g, y, x: g / (1 + x * x),
    "The angle between -pi/2 and pi/2 whose tangent is x. Gradient: g / (1 + x^2).",
    "f'{arctan(1.0):.4f}' -> '0.7854'",
    effort=FUNCTION,
)
sinh = unary(
    "sinh",
    lambda xp, x: xp.sinh(x),
    lambda g, y, x: g * x.cosh(),
    "The hyperbolic sine, (e^x - e^-x) / 2. Gradient: g cosh(x).",
    "f'{sinh(1.0):.4f}' -> '1.1752'",
    effort=FUNCTION,
)
cosh = unary(
    "cosh",
    lambda xp, x: xp.cosh(x),
    lambda g, y, x: g * x.sinh(),
    "The hyperbolic cosine, (e^x + e^-x) / 2. Gradient: g sinh(x).",
    "f'{cosh(1.0):.4f}' -> '1.5431'",
    effort=FUNCTION,
)
arcsinh = unary(
    "arcsinh",
    lambda xp, x: xp.arcsinh(x),
    lambda g, y, x: g / (x * x + 1).sqrt(),
    "The number whose hyperbolic sine is x. Gradient: g / sqrt(x^2 + 1).",
    "f'{arcsinh(1.0):.4f}' -> '0.8814'",
    effort=FUNCTION,
)
arccosh = unary(
    "arccosh",
    lambda xp, x: xp.arccosh(x),
    lambda g, y, x: g / (x * x - 1).sqrt(),
    "The number of 0 or more whose hyperbolic cosine is x. Gradient: g / sqrt(x^2 - 1).",
    "f'{arccosh(2.0):.4f}' -> '1.3170'",
    domain=(1.1, 4.0),
    effort=FUNCTION,
)
arctanh = unary(
    "arctanh",
    lambda xp, x: xp.arctanh(x),
    lambda g, y, x: g / (1 - x * x),
    "The number whose hyperbolic tangent is x. Gradient: g / (1 - x^2).",
    "f'{arctanh(0.5):.4f}' -> '0.5493'",
    domain=(-0.9, 0.9),
    effort=FUNCTION,
)
arctan2 = binary(
    "arctan2",
    lambda xp, x1, x2: xp.arctan2(x1, x2),
    (lambda g, y, x1, x2: g * _turned(x2, x1, x2), lambda g, y, x1, x2: -g * _turned(x1, x1, x2)),
    "The angle between -pi and pi of the point with height x1 and width x2, as in NumPy. "
    "Gradients: g x2 / (x1^2 + x2^2), -g x1 / (x1^2 + x2^2); at the origin 0.",
    "f'{arctan2(1.0, -1.0):.4f}' -> '2.3562'",
    floats=True,
    effort=FUNCTION,
)


def _turned(x: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    """How fast the angle changes: x / r^2, and 0 where r is 0."""
    r = hypot(x1, x2)
    safe = where(r == 0, 1, r)
    return x / safe / safe


hypot = binary(
    "hypot",
    lambda xp, x1, x2: xp.hypot(x1, x2),
    (lambda g, y, x1, x2: g * _part(x1, y), lambda g, y, x1, x2: g * _part(x2, y)),
    "sqrt(x1^2 + x2^2), without overflow. Gradients: g x1 / y, g x2 / y; at the origin 0, unlike in PyTorch.",
    "hypot([3.0, 5.0], [4.0, 12.0]) -> tensor([ 5., 13.])",
    floats=True,
    effort=FUNCTION,
)


def _part(x: Tensor, y: Tensor) -> Tensor:
    return x / where(y == 0, 1, y)


@public(case((3, 4)), elementwise=True, gives="float")
def deg2rad(x: Any) -> Tensor:
    """Degrees as an angle: x pi / 180. Gradient: g pi / 180.

    >>> f"{deg2rad(180):.4f}"
    '3.1416'
    """
    return promote(x, floats=True)[0] * (math.pi / 180)


@public(case((3, 4)), elementwise=True, gives="float")
def rad2deg(x: Any) -> Tensor:
    """An angle in degrees: x 180 / pi. Gradient: g 180 / pi.

    >>> f"{rad2deg(math.pi):.1f}"
    '180.0'
    """
    return promote(x, floats=True)[0] * (180 / math.pi)


@public(case((3, 4)), elementwise=True, gives="float", reference=lambda x: np.sinc(x))
@in_float32
def sinc(x: Any) -> Tensor:
    """sin(pi x) / (pi x), and 1 at 0. Gradient: that of its parts; around 0, where they cancel, of its series.

    >>> sinc([0.0, 0.5])
    tensor([1.        , 0.63661975])
    """
    x = promote(x, floats=True)[0]
    small = x.absolute() < 1e-3
    angle, square = where(small, 1, x) * math.pi, where(small, x, 0) ** 2 * math.pi**2
    return where(small, 1 - square / 6 + square * square / 120, angle.sin() / angle)
