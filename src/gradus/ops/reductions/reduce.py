"""Many numbers become one: along one axis, several, or all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import dtypes
from ...errors import ShapeError
from ...tensor import Tensor
from ..core import cascade
from ..core.lowering import Found, Indices, Reduction
from ..core.primitive import Primitive, Shaped, bind, case, cast, normalize_axes, normalize_axis, promote, public
from ..core.wide import of_dtype
from ..elementwise.choice import where

__all__ = ["argmax", "cumsum", "max", "sum"]

Axis = int | Sequence[int] | None


class Extremes(NamedTuple):
    """Elements that were looked for, as the largest, and where they stand."""

    values: Tensor
    indices: Tensor


def _without(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def kept(shape: tuple[int, ...], axes: Sequence[int]) -> tuple[int, ...]:
    """A shape after some of its axes became one number each, with `keepdims`."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def _spread(reduced: Tensor, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """A reduced tensor stretched back to the shape of x."""
    return reduced.reshape(kept(x.shape, axes)).broadcast_to(x.shape)


def _keep(reduced: Tensor, x: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    return reduced.reshape(kept(x.shape, axes)) if keepdims else reduced


def summed(x: Tensor) -> Tensor:
    """Booleans and integers as int64 (uint64 stays), so that sums do not run over, as in NumPy."""
    return x if dtypes.is_float(x.dtype) or x.dtype == dtypes.uint64 else cast(x, dtypes.int64)


def _extents(x: tuple[int, ...], axis: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(x[a] for a in sorted(axis))


def _term(index: Indices, reduced: Indices, x: tuple[int, ...], axis: tuple[int, ...]) -> Found:
    kept, along = iter(index), iter(reduced)
    return Found(0, tuple(next(along) if a in axis else next(kept) for a in range(len(x))))


_sum = Primitive(
    "sum",
    rule=lambda x, axis: Shaped(_without(x.shape, axis), x.dtype),
    forward=lambda xp, x, axis: cascade.total(x, axis, dtypes.accumulator(x.dtype)).astype(x.dtype),
    vjp=(lambda g, y, x, axis: _spread(g, x, axis),),
    lower=Reduction("sum", _extents, _term),
)


@public(
    case((2, 3, 4)),
    case((2, 3, 4), axis=1),
    case((2, 3, 4), axis=(0, -1), keepdims=True),
    case((0, 3), axis=0),
    gives="sum",
)
@of_dtype
def sum(x: Any, axis: Axis = None, keepdims: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum along `axis`; booleans are counted, small integers gathered in int64. Gradient: g, to every element.

    With `dtype`, of x in that type.

    >>> sum([[1, 2], [3, 4]], axis=0)
    tensor([4, 6])
    """
    x = summed(promote(x)[0])
    axes = normalize_axes("sum", axis, x.ndim)
    return _keep(bind(_sum, x, axis=axes) if axes else x, x, axes, keepdims)


def _max_rule(x: Any, axis: tuple[int, ...]) -> Shaped:
    if any(x.shape[i] == 0 for i in axis):
        raise ShapeError(f"max: of no elements (axis {axis} of shape {x.shape}) there is no largest")
    return Shaped(_without(x.shape, axis), x.dtype)


def _max_vjp(g: Tensor, y: Tensor, x: Tensor, axis: tuple[int, ...]) -> Tensor:
    behind = x < _spread(y, x, axis)  # nowhere, if the largest is NaN, which then is the gradient everywhere
    share = where(y != y, y, g / (~behind).astype(x.dtype).sum(axis))
    return where(behind, 0, _spread(share, x, axis))


_max = Primitive(
    "max",
    rule=_max_rule,
    forward=lambda xp, x, axis: xp.max(x, axis=axis),
    vjp=(_max_vjp,),
    lower=Reduction("max", _extents, _term),
)


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True))
def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest along `axis`, alone as in NumPy: where, says `argmax`. Gradient: g to the largest, shared by equals.

    If there is a NaN it is that, and the gradient NaN at it.

    >>> max([[1, 2], [3, 0]], axis=1)
    tensor([2, 3])
    """
    x = promote(x)[0]
    axes = normalize_axes("max", axis, x.ndim)
    return _keep(bind(_max, x, axis=axes), x, axes, keepdims)


def _argmax_rule(x: Any, axis: int) -> Shaped:
    if x.shape[axis] == 0:
        raise ShapeError(f"argmax: axis {axis} of shape {x.shape} has no elements")
    return Shaped(_without(x.shape, (axis,)), dtypes.int64)


_argmax = Primitive("argmax", rule=_argmax_rule, forward=lambda xp, x, axis: xp.argmax(x, axis=axis), vjp=(None,))


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=-1, keepdims=True), gives="int64")
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the largest element stands along `axis`, the first of equals; with no axis, in the flattened tensor.

    >>> argmax([[1, 5, 2], [7, 0, 3]], axis=1)
    tensor([1, 0])
    """
    x = promote(x)[0]
    if axis is None or not x.ndim:
        normalize_axes("argmax", axis, x.ndim)
        flat = bind(_argmax, x.reshape(-1), axis=0)
        return flat.reshape((1,) * x.ndim) if keepdims else flat
    axis = normalize_axis("argmax", axis, x.ndim)
    return _keep(bind(_argmax, x, axis=axis), x, (axis,), keepdims)


_cumsum = Primitive(
    "cumsum",
    rule=lambda x, axis: Shaped(x.shape, x.dtype),
    forward=lambda xp, x, axis: cascade.running_sums(x, axis).astype(x.dtype),
    vjp=(lambda g, y, x, axis: g.flip(axis).cumsum(axis).flip(axis),),
)


@public(case((2, 3, 4), axis=1), case((5,), axis=-1), reference=lambda x, axis: np.cumsum(x, axis=axis), gives="sum")
@of_dtype
def cumsum(x: Any, axis: int, *, dtype: Any = None) -> Tensor:
    """The sum of all elements up to each one, along `axis`, gathered in float64. Gradient: the sums of g from the end.

    With `dtype`, of x in that type.

    >>> cumsum([1, 2, 3], axis=0)
    tensor([1, 3, 6])
    """
    x = summed(promote(x)[0])
    place = normalize_axis("cumsum", axis, x.ndim or 1)
    return bind(_cumsum, x if x.ndim else x.reshape(1), axis=place).reshape(x.shape)
