"""The smallest of many, composed of the largest; the distance of the two; both of what is no NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ... import dtypes
from ...tensor import Tensor
from ..core.primitive import case, promote, public
from ..elementwise.arithmetic import negative
from ..elementwise.bits import invert
from ..elementwise.choice import where
from .reduce import Axis, argmax, max

__all__ = ["argmin", "min", "nanargmax", "nanargmin", "nanmax", "nanmin", "ptp"]


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True))
def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element along `axis`: -max(-x). Gradient: as that of `max`.

    >>> min([[1, 2], [3, 0]], axis=1)
    tensor([1, 0])
    """
    return turned(max(turned(promote(x)[0]), axis, keepdims))


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), gives="int64")
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the smallest element stands along `axis`.

    >>> argmin([3, 1, 2])
    tensor(1)
    """
    return argmax(turned(promote(x)[0]), axis, keepdims)


def turned(x: Tensor) -> Tensor:
    """The order of the numbers turned round: -x, or for integers and booleans ~x, which never runs over."""
    return negative(x) if dtypes.is_float(x.dtype) else invert(x)


@public(case((2, 3)), case((2, 3), axis=1), refuses=("bool",))
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """From the smallest element along `axis` to the largest: their difference.

    >>> ptp([3, 8, 5])
    tensor(5)
    """
    a = promote(x)[0]
    return max(a, axis, keepdims) - min(a, axis, keepdims)


@public(case((2, 3)), case((2, 3), axis=1), case((2, 3), axis=(0, 1), keepdims=True))
def nanmax(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element along `axis` that is no NaN; NaN if all are. Gradient: as that of `max`.

    >>> nanmax([1.0, math.nan, 3.0])
    tensor(3.)
    """
    return _of_numbers(max, promote(x)[0], axis, keepdims, -math.inf)


@public(case((2, 3)), case((2, 3), axis=1), case((2, 3), axis=(0, 1), keepdims=True))
def nanmin(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element along `axis` that is no NaN; NaN if all are. Gradient: as that of `max`.

    >>> nanmin([1.0, math.nan, 3.0])
    tensor(1.)
    """
    return _of_numbers(min, promote(x)[0], axis, keepdims, math.inf)


def _of_numbers(extreme: Callable[..., Tensor], x: Tensor, axis: Axis, keepdims: bool, last: float) -> Tensor:
    """An extreme of all that is no NaN, in whose place stands what comes last."""
    if not dtypes.is_float(x.dtype):
        return extreme(x, axis, keepdims)
    found = extreme(where(x != x, last, x), axis, keepdims)
    return where(max(x == x, axis, keepdims), found, math.nan)


@public(case((2, 3)), case((2, 3), axis=1), gives="int64")
def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the largest element that is no NaN stands along `axis`; 0 where all are NaN.

    >>> nanargmax([1.0, math.nan, 3.0])
    tensor(2)
    """
    x = promote(x)[0]
    return argmax(where(x != x, -math.inf, x) if dtypes.is_float(x.dtype) else x, axis, keepdims)


@public(case((2, 3)), case((2, 3), axis=1), gives="int64")
def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the smallest element that is no NaN stands along `axis`; 0 where all are NaN.

    >>> nanargmin([3.0, math.nan, 1.0])
    tensor(2)
    """
    x = promote(x)[0]
    return argmin(where(x != x, math.inf, x) if dtypes.is_float(x.dtype) else x, axis, keepdims)
