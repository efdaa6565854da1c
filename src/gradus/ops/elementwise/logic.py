"""What is asked of each number, and logic of the answers: the results are booleans."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import ArgumentError
from ...tensor import Tensor
from ..core.primitive import broadcast, case, cast, promote, public
from .arithmetic import copysign
from .bits import bitwise_and, bitwise_or, bitwise_xor, invert
from .choice import where

__all__ = [
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "nan_to_num",
    "signbit",
]


@public(case((3, 4)), elementwise=True, gives="bool")
def isnan(x: Any) -> Tensor:
    """Whether x is no number.

    >>> isnan([1.0, math.nan, math.inf])
    tensor([False,  True, False])
    """
    a = promote(x)[0]
    return a != a


@public(case((3, 4)), elementwise=True, gives="bool")
def isinf(x: Any) -> Tensor:
    """Whether x is infinite.

    >>> isinf([1.0, math.nan, -math.inf])
    tensor([False, False,  True])
    """
    a = promote(x)[0]
    return a.absolute() == math.inf if dtypes.is_float(a.dtype) else a != a


@public(case((3, 4)), elementwise=True, gives="bool")
def isposinf(x: Any) -> Tensor:
    """Whether x is infinite, and above 0.

    >>> isposinf([1.0, math.inf, -math.inf])
    tensor([False,  True, False])
    """
    a = promote(x)[0]
    return a == math.inf if dtypes.is_float(a.dtype) else a != a


@public(case((3, 4)), elementwise=True, gives="bool")
def isneginf(x: Any) -> Tensor:
    """Whether x is infinite, and below 0.

    >>> isneginf([1.0, math.inf, -math.inf])
    tensor([False, False,  True])
    """
    a = promote(x)[0]
    return a == -math.inf if dtypes.is_float(a.dtype) else a != a


@public(case((3, 4)), elementwise=True, gives="bool")
def isfinite(x: Any) -> Tensor:
    """Whether x is a number, and not infinite.

    >>> isfinite([1.0, math.nan, math.inf])
    tensor([ True, False, False])
    """
    a = promote(x)[0]
    return a.absolute() < math.inf if dtypes.is_float(a.dtype) else a == a


@public(case((3, 4)), elementwise=True, gives="bool")
def signbit(x: Any) -> Tensor:
    """Whether x is below 0, or the 0 with a minus.

    >>> signbit([1.0, -1.0, -0.0])
    tensor([False,  True,  True])
    """
    a = promote(x)[0]
    return copysign(a.full_like(1), a.detach()) < 0 if dtypes.is_float(a.dtype) else a < 0


@public(case((3, 4), (3, 4)), elementwise=True, gives="bool")
def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether |x1 - x2| <= atol + rtol |x2|, or both are the same infinity; with `equal_nan`, both NaN.

    >>> isclose([1.0, 1.0], [1.000001, 1.1])
    tensor([ True, False])
    """
    if any(isinstance(t, (int, float)) and t < 0 for t in (rtol, atol)):
        raise ArgumentError(f"isclose: rtol and atol are 0 or more, got {rtol} and {atol}")
    a, b = promote(x1, x2)
    if not dtypes.is_float(a.dtype):
        a, b = cast(a, dtypes.float64), cast(b, dtypes.float64)
    a, b = broadcast("isclose", a, b)
    found = (a == b) | (((a - b).absolute() <= atol + rtol * b.absolute()) & isfinite(b))
    return found | (isnan(a) & isnan(b)) if equal_nan else found


def _truths(name: str, x1: Any, x2: Any) -> list[Tensor]:
    return broadcast(name, *(cast(promote(x)[0], dtypes.bool_) for x in (x1, x2)))


@public(case((3, 4), (3, 4), domain=(0, 2), dtype="int64"), elementwise=True, gives="bool")
def logical_and(x1: Any, x2: Any) -> Tensor:
    """Whether neither is 0.

    >>> logical_and([0, 1, 2], 1)
    tensor([False,  True,  True])
    """
    return bitwise_and(*_truths("logical_and", x1, x2))


@public(case((3, 4), (3, 4), domain=(0, 2), dtype="int64"), elementwise=True, gives="bool")
def logical_or(x1: Any, x2: Any) -> Tensor:
    """Whether one of the two, or both, are not 0.

    >>> logical_or([0, 1, 0], [0, 0, 2])
    tensor([False,  True,  True])
    """
    return bitwise_or(*_truths("logical_or", x1, x2))


@public(case((3, 4), (3, 4), domain=(0, 2), dtype="int64"), elementwise=True, gives="bool")
def logical_xor(x1: Any, x2: Any) -> Tensor:
    """Whether one of the two is 0, and the other not.

    >>> logical_xor([0, 1, 1], [0, 0, 2])
    tensor([False,  True, False])
    """
    return bitwise_xor(*_truths("logical_xor", x1, x2))


@public(case((3, 4), domain=(0, 2), dtype="int64"), elementwise=True, gives="bool")
def logical_not(x: Any) -> Tensor:
    """Whether x is 0.

    >>> logical_not([0, 1, 2])
    tensor([ True, False, False])
    """
    return invert(cast(promote(x)[0], dtypes.bool_))


@public(case((3, 4)), elementwise=True)
def nan_to_num(x: Any, nan: float = 0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """Numbers in place of NaN and infinities, the largest and the smallest of the dtype if not said. Gradient: g, or 0.

    >>> nan_to_num([math.nan, math.inf, 2.0], posinf=9)
    tensor([0., 9., 2.])
    """
    a = promote(x)[0]
    if not dtypes.is_float(a.dtype):
        return a
    highest = largest(a.dtype)
    a = where(a == math.inf, highest if posinf is None else posinf, a)
    a = where(a == -math.inf, -highest if neginf is None else neginf, a)
    return where(isnan(a), nan, a)


def largest(dtype: dtypes.Dtype) -> float:
    """The largest finite number of a floating-point type."""
    return float(np.nextafter(np.array(math.inf, dtype), np.array(0, dtype)))
