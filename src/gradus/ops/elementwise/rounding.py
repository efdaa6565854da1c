"""Whole numbers near a number, and what is left beside them, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import dtypes
from ...tensor import Tensor
from ..core.elementwise import numbers, unary
from ..core.primitive import case, promote, public
from ..core.wide import in_float32
from .choice import where
from .logic import signbit

__all__ = ["ceil", "floor", "fmod", "frac", "rint", "round", "trunc"]

floor = unary(
    "floor",
    lambda xp, x: xp.floor(x),
    lambda g, y, x: g.full_like(0),
    "Rounded down; integers stay as they are. Gradient: 0.",
    "floor([1.7, -1.2]) -> tensor([ 1., -2.])",
    whole=True,
)
rint = unary(
    "rint",
    lambda xp, x: xp.rint(x),
    lambda g, y, x: g.full_like(0),
    "Rounded to the nearest integer, halves to the even one; integers stay as they are. Gradient: 0.",
    "rint([0.5, 1.5, 2.6]) -> tensor([0., 2., 3.])",
    whole=True,
)


@public(
    case((3, 4)),
    case((3, 4), decimals=1),
    case((3, 4), decimals=-1, domain=(-40.0, 40.0)),
    elementwise=True,
    reference=lambda x, decimals=0: np.round(x.astype(float) if x.dtype == bool else x, decimals),
)
@in_float32
def round(x: Any, decimals: int = 0) -> Tensor:
    """Rounded to so many places after the point, halves to the even one; below 0, to tens, hundreds ... Gradient: 0.

    >>> round([0.5, 1.5, 2.6]), round([1.25, 1.36], 1)
    (tensor([0., 2., 3.]), tensor([1.2, 1.4]))
    """
    x = promote(x)[0]
    if not decimals or (decimals > 0 and not dtypes.is_float(x.dtype)):
        return rint(x)
    scale = 10.0 ** abs(decimals)
    if not dtypes.is_float(x.dtype):
        return (rint(x.astype(dtypes.float64) / scale) * scale).astype(x.dtype)
    return rint(x * scale) / scale if decimals > 0 else rint(x / scale) * scale


@public(case((3, 4)), elementwise=True)
def ceil(x: Any) -> Tensor:
    """Rounded up; integers stay as they are. Gradient: 0.

    >>> ceil([1.2, -1.7])
    tensor([ 2., -1.])
    """
    x = promote(x)[0]
    return -floor(-x) if dtypes.is_float(x.dtype) else x


@public(case((3, 4)), elementwise=True)
def trunc(x: Any) -> Tensor:
    """Rounded towards 0; integers stay as they are. Gradient: 0.

    >>> trunc([1.7, -1.7])
    tensor([ 1., -1.])
    """
    x = promote(x)[0]
    return where(x < 0, ceil(x), floor(x)) if dtypes.is_float(x.dtype) else x


@public(case((3, 4)), elementwise=True, reference=lambda x: x - np.trunc(x), refuses=("bool",))
def frac(x: Any) -> Tensor:
    """What stands behind the point, x - trunc(x), with the sign of x. Gradient: g.

    >>> frac([1.5, -1.5])
    tensor([ 0.5, -0.5])
    """
    a = promote(x)[0]
    return a - trunc(a)


@public(case((3, 4), (3, 4), domain=(1.0, 9.0)), elementwise=True, refuses=("bool",))
def fmod(x1: Any, x2: Any) -> Tensor:
    """What is left of x1 after division by x2, with the sign of x1, as in C. Gradients: g, -g trunc(x1 / x2).

    >>> fmod([7, -7], 3)
    tensor([ 1, -1])
    """
    x1, x2 = promote(x1, x2)
    numbers("fmod", x1)
    if not dtypes.is_float(x1.dtype):
        rest = x1 % x2  # which has the sign of x2
        return where((rest != 0) & ((rest < 0) != (x1 < 0)), rest - x2, rest)
    below = signbit(x1)
    rest = where(below, -x1, x1) % x2.absolute()
    return where(below, -rest, rest)
