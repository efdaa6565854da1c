"""The same numbers under another shape or in another order of axes. In NumPy these are views that copy nothing."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ArgumentError, ShapeError
from ...tensor import Tensor
from ..core.lowering import Found, Indices, Shape, View
from ..core.places import flatten as flatten_index
from ..core.places import unflatten as unflatten_index
from ..core.primitive import (
    Primitive,
    Shaped,
    bind,
    broadcast_to_p,
    case,
    normalize_axes,
    normalize_axis,
    promote,
    public,
)
from ..elementwise.arithmetic import copy as _copy

__all__ = ["broadcast_to", "expand_dims", "flatten", "flip", "permute", "reshape", "squeeze", "swapaxes", "transpose"]

# -- reshape -----------------------------------------------------------------------------------------------------------


def _reshape_rule(x: Any, shape: tuple[int, ...]) -> Shaped:
    if math.prod(shape) != math.prod(x.shape) or any(n < 0 for n in shape):
        raise ShapeError(
            f"reshape: {x.shape} holds {math.prod(x.shape)} elements, {shape} would hold {math.prod(shape)}",
            "One length may be -1: it is worked out from the others.",
            mistake="other-count-of-numbers",
        )
    return Shaped(shape, x.dtype)


def _pull_reshape(index: Indices, x: Shape, shape: Shape) -> list[Found]:
    return [Found(0, unflatten_index(flatten_index(index, shape), x))]


_reshape = Primitive(
    "reshape",
    rule=_reshape_rule,
    forward=lambda xp, x, shape: x.reshape(shape),
    vjp=(lambda g, y, x, shape: g.reshape(x.shape),),
    view=True,
    lower=View(_pull_reshape),
)


def _spelt(lengths: tuple[Any, ...]) -> tuple[int, ...]:
    """`f(2, 3)` and `f((2, 3))` mean the same."""
    given = lengths[0] if len(lengths) == 1 and not isinstance(lengths[0], (int, np.integer)) else lengths
    try:
        return tuple(map(operator.index, given))
    except TypeError:
        raise ShapeError(f"{given!r} is no shape and no order of axes", "Give integers, or a tuple of them.") from None


@public(case((2, 6), args=((3, 4),)), case((2, 6), args=((4, -1),)), case((0, 3), args=((3, 0),)))
def reshape(x: Any, *shape: Any, copy: bool | None = None) -> Tensor:
    """The elements, in order, in another shape; one length may be -1. `reshape(x, 2, 3)` is `reshape(x, (2, 3))`.

    With `copy` they are in memory of their own; with copy=False what cannot share x's memory is refused.

    >>> reshape([1, 2, 3, 4], (2, -1))
    tensor([[1, 2],
            [3, 4]])
    """
    x = promote(x)[0]
    lengths = _spelt(shape)
    if lengths.count(-1) == 1:
        known = -math.prod(lengths)
        lengths = tuple((x.size // known if known else 0) if n == -1 else n for n in lengths)
    if any(n < 0 for n in lengths):  # NumPy takes each length below 0 for -1
        _reshape_rule(Shaped(x.shape, x.dtype), lengths)
    found = x if lengths == x.shape else bind(_reshape, x, shape=lengths)
    if copy is False and type(x.data) is np.ndarray and x.size and not np.may_share_memory(found.data, x.data):
        raise ArgumentError(f"reshape: {x.shape} becomes {lengths} by a copy only, as its memory is not in one piece")
    return _copy(found) if copy else found


@public(
    case((2, 3, 4)),
    case((2, 3, 4, 5), args=(1, -2)),
    reference=lambda x, start=0, end=-1: x.reshape(-1) if end == -1 else x.reshape(2, -1, 5),
)
def flatten(x: Any, start: int = 0, end: int = -1) -> Tensor:
    """All axes from `start` to `end`, both included, as one.

    >>> flatten([[1, 2], [3, 4]])
    tensor([1, 2, 3, 4])
    """
    x = promote(x)[0]
    if not x.ndim:
        return reshape(x, (1,))
    first, last = (normalize_axis("flatten", a, x.ndim) for a in (start, end))
    if last < first:
        raise ShapeError(f"flatten: axis {end} does not come after axis {start}")
    return reshape(x, (*x.shape[:first], math.prod(x.shape[first : last + 1]), *x.shape[last + 1 :]))


@public(case((2, 3), args=(1,)), case((2, 3), args=(-1,)))
def expand_dims(x: Any, axis: int) -> Tensor:
    """A new axis of length 1, at `axis` of the result.

    >>> expand_dims([1, 2], 0).shape
    (1, 2)
    """
    x = promote(x)[0]
    at = normalize_axis("expand_dims", axis, x.ndim + 1)
    return reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


@public(case((2, 1, 3)), case((2, 1, 3), axis=1))
def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """Without axes of length 1: those named, or all of them.

    >>> squeeze([[[1, 2]]]).shape
    (2,)
    """
    x = promote(x)[0]
    ones = tuple(i for i, n in enumerate(x.shape) if n == 1)
    axes = ones if axis is None else normalize_axes("squeeze", axis, x.ndim)
    if not set(axes) <= set(ones):
        raise ShapeError(f"squeeze: axis {axis} of shape {x.shape} is longer than 1")
    return reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))


# -- permute -----------------------------------------------------------------------------------------------------------

_permute = Primitive(
    "permute",
    rule=lambda x, axes: Shaped(tuple(x.shape[a] for a in axes), x.dtype),
    forward=lambda xp, x, axes: x.transpose(axes),
    vjp=(lambda g, y, x, axes: _ordered(g, tuple([axes.index(i) for i in range(len(axes))])),),
    view=True,
    lower=View(lambda index, x, axes: [Found(0, tuple(index[axes.index(a)] for a in range(len(axes))))]),
)


@public(
    case((2, 3, 4), args=(2, 0, 1)),
    case((2, 3, 4), args=((1, 0, -1),)),
    methods=("permute",),
    reference=lambda x, *axes: np.transpose(x, axes[0] if isinstance(axes[0], tuple) else axes),
)
def permute(x: Any, *axes: Any) -> Tensor:
    """The axes in another order: axis i of the result is axis axes[i] of x.

    >>> permute([[1, 2, 3]], 1, 0).shape
    (3, 1)
    """
    x = promote(x)[0]
    order = normalize_axes("permute", _spelt(axes), x.ndim)
    if len(order) != x.ndim:
        raise ShapeError(f"permute: {x.ndim} axes need {x.ndim} places, got {axes}")
    return _ordered(x, order)


def _ordered(x: Tensor, order: tuple[int, ...]) -> Tensor:
    return x if order == tuple(range(x.ndim)) else bind(_permute, x, axes=order)


@public(case((2, 3, 4)), case((2, 3, 4), args=((1, 0, 2),)))
def transpose(x: Any, axes: Sequence[int] | int | None = None, *more: int) -> Tensor:
    """NumPy's transpose: the axes turned round, or in the given order. PyTorch's, where two of more axes are given.

    For a matrix `transpose(x, 0, 1)` is x in NumPy and x.T in PyTorch, and refused.

    >>> transpose([[1, 2], [3, 4]])
    tensor([[1, 3],
            [2, 4]])
    """
    x = promote(x)[0]
    if axes is None:
        return _ordered(x, tuple(range(x.ndim))[::-1])
    if not isinstance(axes, (int, np.integer)):
        return permute(x, tuple(axes))
    order = (int(axes), *more)
    if len(order) != 2 or (x.ndim == 2 and order[0] % 2 > order[1] % 2):
        return permute(x, order)
    if x.ndim == 2:
        raise ArgumentError(
            f"transpose: of a matrix {order} is the matrix in NumPy, its transpose in PyTorch. Write x.T for that."
        )
    return swapaxes(x, *order)


@public(case((2, 3, 4), args=(0, -1)))
def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged (what PyTorch calls transpose).

    >>> swapaxes([[1, 2], [3, 4]], 0, 1)
    tensor([[1, 3],
            [2, 4]])
    """
    x = promote(x)[0]
    order = list(range(x.ndim or 1))
    first, second = (normalize_axis("swapaxes", a, len(order)) for a in (axis1, axis2))
    order[first], order[second] = second, first
    return _ordered(x, tuple(order[: x.ndim]))


# -- broadcast_to ------------------------------------------------------------------------------------------------------


@public(
    case((3, 1), args=((2, 3, 4),)),
    case((), args=((2,),)),
    case((3, 1), args=(2, -1, 4)),
    reference=lambda x, *shape: np.broadcast_to(x, shape[0] if len(shape) == 1 else (2, 3, 4)),
)
def broadcast_to(x: Any, *shape: Any) -> Tensor:
    """Stretched to a shape: axes of length 1 repeat, missing ones are put in front; -1 is the length that is there.

    Gradient: summed over the repeats.

    >>> broadcast_to([1, 2], (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    x = promote(x)[0]
    lengths = _spelt(shape)
    new = len(lengths) - x.ndim
    lengths = tuple(x.shape[a - new] if n == -1 and a >= new >= 0 else n for a, n in enumerate(lengths))
    if any(n < 0 for n in lengths):
        raise ShapeError(f"broadcast_to: {x.shape} is not stretched to {lengths}: -1 stands for a length that is there")
    return x if lengths == x.shape else bind(broadcast_to_p, x, shape=lengths)


# -- flip --------------------------------------------------------------------------------------------------------------

def _pull_flip(index: Indices, x: Shape, axis: tuple[int, ...]) -> list[Found]:
    places = enumerate(zip(index, x, strict=True))
    return [Found(0, tuple(i * -1 + (n - 1) if a in axis else i for a, (i, n) in places))]


_flip = Primitive(
    "flip",
    rule=lambda x, axis: Shaped(x.shape, x.dtype),
    forward=lambda xp, x, axis: xp.flip(x, axis),
    vjp=(lambda g, y, x, axis: g.flip(axis),),
    view=True,
    lower=View(_pull_flip),
)


@public(case((2, 3, 4)), case((2, 3, 4), args=((0, -1),)))
def flip(x: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """Turned round along the axes.

    >>> flip([1, 2, 3])
    tensor([3, 2, 1])
    """
    x = promote(x)[0]
    axes = normalize_axes("flip", axis, x.ndim)
    return bind(_flip, x, axis=axes) if axes else x
