"""Sums and averages, and how far numbers lie from theirs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...tensor import Tensor, as_tensor
from ..core.primitive import case, normalize_axes, promote, public
from ..core.wide import in_float32, integers_in_float64, of_dtype
from ..elementwise.choice import where
from .reduce import Axis, sum

__all__ = ["average", "mean", "nanmean", "nanstd", "nansum", "nanvar", "std", "var"]


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True), gives="float")
@of_dtype
@in_float32
@integers_in_float64
def mean(x: Any, axis: Axis = None, keepdims: bool = False, *, dtype: Any = None) -> Tensor:
    """The average along `axis`: sum / n; of integers rounded once.

    >>> mean([1.0, 2.0, 6.0])
    tensor(3.)
    """
    x = promote(x, floats=True)[0]
    count = math.prod(x.shape[a] for a in normalize_axes("mean", axis, x.ndim))
    return sum(x, axis, keepdims) / (count or math.nan)


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True), gives="float")
@in_float32
@integers_in_float64
def var(x: Any, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
    """The variance along `axis`: sum((x - mean)^2) / (n - ddof). As in NumPy, and unlike in PyTorch, ddof is 0.

    >>> var([1.0, 2.0, 6.0])
    tensor(4.6666665)
    """
    x = promote(x, floats=True)[0]
    count = math.prod(x.shape[a] for a in normalize_axes("var", axis, x.ndim)) - ddof
    centred = x - mean(x, axis, keepdims=True)
    centred = centred - mean(centred.detach(), axis, keepdims=True)  # the mean of large numbers was rounded
    return sum(centred * centred, axis, keepdims) / (count if count > 0 else math.nan)


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True), gives="float")
@in_float32
def std(x: Any, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
    """The square root of `var`, so divided by n as in NumPy, and unlike in PyTorch. Gradient of equal numbers: 0.

    >>> std([1.0, 3.0])
    tensor(1.)
    """
    return _root(var(x, axis, keepdims, ddof))


@public(case((2, 3)), case((2, 3), axis=1), gives="sum")
@of_dtype
def nansum(x: Any, axis: Axis = None, keepdims: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum along `axis` of all that is no NaN. Gradient: g, to each number.

    >>> nansum([1.0, math.nan, 2.0])
    tensor(3.)
    """
    x = promote(x)[0]
    return sum(where(x != x, False, x), axis, keepdims)


@public(case((2, 3)), case((2, 3), axis=1), gives="float")
@of_dtype
@in_float32
@integers_in_float64
def nanmean(x: Any, axis: Axis = None, keepdims: bool = False, *, dtype: Any = None) -> Tensor:
    """The average along `axis` of all that is no NaN; NaN if nothing is.

    >>> nanmean([1.0, math.nan, 2.0])
    tensor(1.5)
    """
    x = promote(x, floats=True)[0]
    return nansum(x, axis, keepdims) / sum(x == x, axis, keepdims).astype(x.dtype)


@public(case((2, 3)), case((2, 3), axis=1), gives="float")
@in_float32
@integers_in_float64
def nanvar(x: Any, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
    """The variance along `axis` of all that is no NaN; NaN if no more than ddof are.

    >>> nanvar([1.0, math.nan, 3.0])
    tensor(1.)
    """
    x = promote(x, floats=True)[0]
    there = x == x
    count = sum(there, axis, keepdims) - ddof
    centred = where(there, x - nanmean(x, axis, keepdims=True), 0)
    centred = where(there, centred - nanmean(where(there, centred, x).detach(), axis, keepdims=True), 0)
    total = sum(centred * centred, axis, keepdims)
    return total / where(count > 0, count.astype(x.dtype), math.nan)


@public(case((2, 3)), case((2, 3), axis=1), gives="float")
@in_float32
def nanstd(x: Any, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
    """The standard deviation of all that is no NaN: the square root of `nanvar`. Gradient of equal numbers: 0.

    >>> nanstd([1.0, math.nan, 3.0])
    tensor(1.)
    """
    return _root(nanvar(x, axis, keepdims, ddof))


def _root(square: Tensor) -> Tensor:
    """The square root, with a gradient of 0 at its corner, where all differences from the mean are 0."""
    zero = square == 0
    return where(zero, 0, where(zero, 1, square).sqrt())


@public(
    case((3, 4)),
    case((3, 4), weights=[1.0, 2.0, 0.5, 3.0], axis=1),
    case((3, 4), weights=[1.0, 2.0, 0.5], axis=0, keepdims=True),
    reference=lambda x, axis=None, weights=None, keepdims=False: np.average(x, axis, weights, keepdims=keepdims),
    gives="float",
)
@in_float32
def average(x: Any, axis: Axis = None, weights: Any = None, keepdims: bool = False) -> Tensor:
    """The average along `axis`, each element counted as much as its weight says: sum(x w) / sum(w).

    The weights are like x, or (n,) for the axis of that length.

    >>> average([1.0, 4.0], weights=[2, 1])
    tensor(2.)
    """
    if weights is None:
        return mean(x, axis, keepdims)
    x = promote(x, floats=True)[0]
    x, w = promote(x, as_tensor(weights, None if hasattr(weights, "dtype") else x.dtype), floats=True)
    axes = normalize_axes("average", axis, x.ndim)
    if w.shape != x.shape and w.shape != tuple(x.shape[a] for a in axes):
        raise ShapeError(f"average: weights of shape {w.shape} fit neither {x.shape} nor its axes {axes}")
    if w.shape != x.shape:
        w = w.reshape(tuple(n if a in axes else 1 for a, n in enumerate(x.shape))).broadcast_to(x.shape)
    return sum(x * w, axis, keepdims) / sum(w, axis, keepdims)
