"""What comes up to each element along an axis, and the product of all.

In steps of 1, 2, 4, 8 ..., each of all elements at once (Hillis and Steele, 1986). So no product divides by what may be
0, and no number is rounded more than log n times.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import ArgumentError
from ...tensor import Tensor
from ..core.primitive import case, normalize_axes, normalize_axis, promote, public
from ..core.wide import in_float32, of_dtype
from ..elementwise.arithmetic import maximum, minimum, multiply
from ..elementwise.choice import where
from ..elementwise.derived import logaddexp
from ..making.create import full, iota, ones
from ..shapes.padding import pad
from ..shapes.slicing import concatenate, cut
from .reduce import Axis, Extremes, cumsum, kept, summed

__all__ = ["cummax", "cummin", "cumprod", "cumulative_prod", "cumulative_sum", "logcumsumexp", "prod"]

Combine = Callable[[Tensor, Tensor], Tensor]


def running(x: Tensor, axis: int, combine: Combine, neutral: float) -> Tensor:
    """All elements up to each one along an axis, combined; `neutral` changes nothing."""
    length, step = x.shape[axis], 1
    while step < length:
        front = full((*x.shape[:axis], step, *x.shape[axis + 1 :]), neutral, x.dtype)
        x = combine(x, concatenate([front, cut(x, axis, 0, length - step)], axis))
        step *= 2
    return x


def _along(x: Any, axis: int, name: str, function: Callable[[Tensor, int], Tensor]) -> Tensor:
    """A function of a tensor with axes; one without has an axis of length 1 in the meantime."""
    place = normalize_axis(name, axis, x.ndim or 1)
    return function(x, place) if x.ndim else function(x.reshape(1), place).reshape(())


@public(
    case((2, 3, 4)),
    case((2, 3, 4), axis=1),
    case((2, 3, 4), axis=(0, -1), keepdims=True),
    case((0, 3), axis=0),
    gives="sum",
)
@of_dtype
@in_float32
def prod(x: Any, axis: Axis = None, keepdims: bool = False, *, dtype: Any = None) -> Tensor:
    """The product along `axis`; of small integers in int64. Gradient: g times the product of the others, zeros or not.

    With `dtype`, of x in that type.

    >>> prod([[1, 2], [3, 4]], axis=0)
    tensor([3, 8])
    """
    x = summed(promote(x)[0])
    axes = normalize_axes("prod", axis, x.ndim)
    others = [a for a in range(x.ndim) if a not in axes]
    lead, terms = tuple(x.shape[a] for a in others), math.prod(x.shape[a] for a in axes)
    y = x.permute(*others, *axes).reshape((*lead, terms)) if axes else x.reshape((*lead, 1))
    if not terms:
        y = ones((*lead, 1), x.dtype)
    more = (1 << max(terms - 1, 0).bit_length()) - terms if terms else 0
    y = pad(y, [(0, 0)] * len(lead) + [(0, more)], value=1)
    while y.shape[-1] > 1:
        half = y.shape[-1] // 2
        y = cut(y, -1, 0, half) * cut(y, -1, half, 2 * half)
    return y.reshape(kept(x.shape, axes) if keepdims else lead)


@public(case((2, 3, 4), axis=1), case((5,), axis=-1), gives="sum")
@of_dtype
@in_float32
def cumprod(x: Any, axis: int, *, dtype: Any = None) -> Tensor:
    """The product of all elements up to each one, along `axis`. Gradient: exact, where there are zeros, too.

    With `dtype`, of x in that type.

    >>> cumprod([1, 2, 3], axis=0)
    tensor([1, 2, 6])
    """
    return _along(summed(promote(x)[0]), axis, "cumprod", lambda x, a: running(x, a, multiply, 1))


@public(
    case((2, 3, 4), axis=1),
    case((5,), axis=-1),
    reference=lambda x, axis: np.logaddexp.accumulate(x.astype("float64"), axis),
    gives="float",
)
@in_float32
def logcumsumexp(x: Any, axis: int) -> Tensor:
    """log of the sum of e^x up to each element, along `axis`, exact for large x. Gradient: g softmax of those, summed.

    >>> f"{logcumsumexp([1000.0, 1000.0], axis=0)[1].item():.2f}"
    '1000.69'
    """
    x = promote(x, floats=True)[0]
    return _along(x, axis, "logcumsumexp", lambda x, a: running(x, a, logaddexp, -math.inf))


def _accumulated(extreme: Any) -> Callable[..., Any]:
    """NumPy's, and of the last of equals, where it stands."""

    def reference(x: Any, axis: int) -> Any:
        values = extreme.accumulate(x, axis)
        places = np.arange(x.shape[axis]).reshape([-1 if a == axis % x.ndim else 1 for a in range(x.ndim)])
        return values, np.maximum.accumulate(np.where(x == values, places, -1), axis)

    return reference


@public(case((2, 3, 4), axis=1), case((5,), axis=-1), reference=_accumulated(np.maximum))
def cummax(x: Any, axis: int) -> Extremes:
    """The largest element up to each one, along `axis`, and where it stands, the last of equals; NaN from a NaN on.

    Gradient: g to the element that is the largest.

    >>> cummax([1, 3, 2], axis=0).values
    tensor([1, 3, 3])
    """
    return _extremes("cummax", promote(x)[0], axis, maximum, largest=True)


@public(case((2, 3, 4), axis=1), case((5,), axis=-1), reference=_accumulated(np.minimum))
def cummin(x: Any, axis: int) -> Extremes:
    """The smallest element up to each one, along `axis`, and where it stands, the last of equals; NaN from a NaN on.

    Gradient: g to the element that is the smallest.

    >>> cummin([3, 1, 2], axis=0).values
    tensor([3, 1, 1])
    """
    return _extremes("cummin", promote(x)[0], axis, minimum, largest=False)


def _extremes(name: str, x: Tensor, axis: int, extreme: Combine, largest: bool) -> Extremes:
    def places(x: Tensor, axis: int) -> Tensor:
        known = x.detach()
        so_far = running(known, axis, extreme, dtypes.limits(x.dtype)[0 if largest else 1])
        here = iota(x.shape[axis]).reshape(tuple(-1 if a == axis else 1 for a in range(x.ndim)))
        return running(where((known == so_far) | (known != known), here, -1), axis, maximum, -1)

    indices = _along(x, axis, name, places)
    return Extremes(x.take_along_axis(indices, axis) if x.ndim else x, indices)


def _from_start(
    name: str, function: Callable[..., Tensor], x: Any, axis: int | None, dtype: Any, first: float | None
) -> Tensor:
    y = promote(x)[0]
    if axis is None and y.ndim > 1:
        raise ArgumentError(f"{name}: the axis of shape {y.shape} is to be said. Of all elements, use x.ravel() first.")
    at = normalize_axis(name, axis or 0, y.ndim or 1)
    found = function(y, at, dtype=dtype)
    if first is None:
        return found
    found = found if found.ndim else found.reshape(1)
    shape = tuple(1 if a == at else n for a, n in enumerate(found.shape))
    return concatenate([full(shape, first, found.dtype), found], at)


@public(
    case((2, 3), axis=1),
    case((2, 3), axis=0, include_initial=True),
    case((4,)),
    methods=(),
    gives="sum",
    reference=lambda x, axis=-1, include_initial=False: np.concatenate(
        [np.zeros_like(x.take([0] * include_initial, axis)), np.cumsum(x, axis)], axis
    ),
)
def cumulative_sum(x: Any, axis: int | None = None, *, dtype: Any = None, include_initial: bool = False) -> Tensor:
    """`cumsum`, as the array API has it: the axis may be left out if there is one; `include_initial` begins with 0.

    >>> cumulative_sum([1, 2, 3], include_initial=True)
    tensor([0, 1, 3, 6])
    """
    return _from_start("cumulative_sum", cumsum, x, axis, dtype, 0 if include_initial else None)


@public(
    case((2, 3), axis=1),
    case((2, 3), axis=0, include_initial=True),
    methods=(),
    gives="sum",
    reference=lambda x, axis=-1, include_initial=False: np.concatenate(
        [np.ones_like(x.take([0] * include_initial, axis)), np.cumprod(x, axis)], axis
    ),
)
def cumulative_prod(x: Any, axis: int | None = None, *, dtype: Any = None, include_initial: bool = False) -> Tensor:
    """`cumprod`, as the array API has it: the axis may be left out if there is one; `include_initial` begins with 1.

    >>> cumulative_prod([2, 3], include_initial=True)
    tensor([1, 2, 6])
    """
    return _from_start("cumulative_prod", cumprod, x, axis, dtype, 1 if include_initial else None)
