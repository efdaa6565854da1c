"""The same numbers in another arrangement. In NumPy most of these are views that copy nothing."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._methods import method
from ..errors import ArgumentError, ShapeError
from ..tensor import Tensor
from .lowering import Found, Indices, Shape, View
from .places import Condition
from .places import flatten as flatten_index
from .places import unflatten as unflatten_index
from .primitive import (
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

# -- reshape -----------------------------------------------------------------------------------------------------------


def _reshape_rule(x: Any, shape: tuple[int, ...]) -> Shaped:
    if math.prod(shape) != math.prod(x.shape) or any(n < 0 for n in shape):
        raise ShapeError(
            f"reshape: {x.shape} holds {math.prod(x.shape)} elements, {shape} would hold {math.prod(shape)}",
            "One length may be -1: it is worked out from the others.",
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
def reshape(x: Any, *shape: Any) -> Tensor:
    """The elements, in order, in another shape; one length may be -1. `reshape(x, 2, 3)` is `reshape(x, (2, 3))`.

    >>> reshape([1, 2, 3, 4], (2, -1))
    tensor([[1, 2],
            [3, 4]])
    """
    x = promote(x)[0]
    lengths = _spelt(shape)
    if lengths.count(-1) == 1:
        known = -math.prod(lengths)
        lengths = tuple((x.size // known if known else 0) if n == -1 else n for n in lengths)
    return x if lengths == x.shape else bind(_reshape, x, shape=lengths)


@public(case((2, 3, 4)), methods=("flatten",), reference=lambda x, start=0: x.reshape(*x.shape[:start], -1))
def flatten(x: Any, start: int = 0) -> Tensor:
    """All axes from `start` on, as one.

    >>> flatten([[1, 2], [3, 4]])
    tensor([1, 2, 3, 4])
    """
    x = promote(x)[0]
    return reshape(x, (*x.shape[:start], math.prod(x.shape[start:])))


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
    forward=lambda xp, x, axes: xp.transpose(x, axes),
    vjp=(lambda g, y, x, axes: g.permute(*(axes.index(i) for i in range(len(axes)))),),
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
    return x if order == tuple(range(x.ndim)) else bind(_permute, x, axes=order)


@public(case((2, 3, 4)), case((2, 3, 4), args=((1, 0, 2),)))
def transpose(x: Any, axes: Sequence[int] | None = None) -> Tensor:
    """NumPy's transpose: the axes turned round, or in the given order.

    >>> transpose([[1, 2], [3, 4]])
    tensor([[1, 3],
            [2, 4]])
    """
    x = promote(x)[0]
    return permute(x, tuple(range(x.ndim))[::-1] if axes is None else tuple(axes))


@public(case((2, 3, 4), args=(0, -1)))
def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged (what PyTorch calls transpose).

    >>> swapaxes([[1, 2], [3, 4]], 0, 1)
    tensor([[1, 3],
            [2, 4]])
    """
    x = promote(x)[0]
    axis1, axis2 = (normalize_axis("swapaxes", a, x.ndim) for a in (axis1, axis2))
    order = list(range(x.ndim))
    order[axis1], order[axis2] = axis2, axis1
    return permute(x, tuple(order))


# -- broadcast_to ------------------------------------------------------------------------------------------------------


@public(case((3, 1), args=((2, 3, 4),)), case((), args=((2,),)))
def broadcast_to(x: Any, *shape: Any) -> Tensor:
    """Stretched to a shape: axes of length 1 repeat, missing ones are put in front. Gradient: summed over the repeats.

    >>> broadcast_to([1, 2], (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    x = promote(x)[0]
    lengths = _spelt(shape)
    return x if lengths == x.shape else bind(broadcast_to_p, x, shape=lengths)


# -- slice and pad, each the other's gradient --------------------------------------------------------------------------


def _sliced_length(start: int, stop: int, step: int) -> int:
    return len(range(start, stop, step))


def _pull_slice(index: Indices, x: Shape, ranges: tuple[tuple[int, int, int], ...]) -> list[Found]:
    return [Found(0, tuple(i * step + start for i, (start, _, step) in zip(index, ranges, strict=True)))]


_slice = Primitive(
    "slice",
    rule=lambda x, ranges: Shaped(tuple(_sliced_length(*r) for r in ranges), x.dtype),
    forward=lambda xp, x, ranges: x[tuple(slice(*r) for r in ranges)],
    vjp=(lambda g, y, x, ranges: _unslice(g, x, ranges),),
    view=True,
    lower=View(_pull_slice),
)


def slice_(x: Tensor, ranges: tuple[tuple[int, int, int], ...]) -> Tensor:
    """For each axis a (start, stop, step), counted from the front, with a step above 0."""
    if all(r == (0, n, 1) for r, n in zip(ranges, x.shape, strict=True)):
        return x
    return bind(_slice, x, ranges=ranges)


def _unslice(g: Tensor, x: Tensor, ranges: tuple[tuple[int, int, int], ...]) -> Tensor:
    """Zeros in the shape of x, with g in the places that were sliced."""
    widths = []
    for n, length, (start, _, step) in zip(g.shape, x.shape, ranges, strict=True):
        reach = start + (n - 1) * step + 1 if n else 0
        widths.append((start if n else length, length - reach if n else 0, step - 1))
    return bind(_pad, g, widths=tuple(widths), value=0)


def _pad_rule(x: Any, widths: tuple[tuple[int, int, int], ...], value: float) -> Shaped:
    lengths = (lo + n + max(n - 1, 0) * gap + hi for n, (lo, hi, gap) in zip(x.shape, widths, strict=True))
    return Shaped(tuple(lengths), x.dtype)


def _pad_forward(xp: Any, x: Any, widths: tuple[tuple[int, int, int], ...], value: float) -> Any:
    out = xp.full(_pad_rule(x, widths, value).shape, value, x.dtype)
    out[_inside(x.shape, widths)] = x
    return out


def _inside(shape: tuple[int, ...], widths: tuple[tuple[int, int, int], ...]) -> tuple[slice, ...]:
    """Where the elements of a padded tensor stand."""
    return tuple(
        slice(lo, lo + (n - 1) * (gap + 1) + 1 if n else lo, gap + 1)
        for n, (lo, _, gap) in zip(shape, widths, strict=True)
    )


def _pull_pad(
    index: Indices, x: Shape, widths: tuple[tuple[int, int, int], ...], value: float
) -> list[Found]:
    places, conditions = [], []
    for i, length, (low, _, gap) in zip(index, x, widths, strict=True):
        inside = i - low
        places.append(inside // (gap + 1))
        conditions += [Condition(inside % (gap + 1), 0, 1), Condition(places[-1], 0, length)]
    if any(c.never() for c in conditions):
        return []
    return [Found(0, tuple(places), tuple(c for c in conditions if not c.always()))]


_pad = Primitive(
    "pad",
    rule=_pad_rule,
    forward=_pad_forward,
    vjp=(lambda g, y, x, widths, value: slice_(g, tuple((s.start, s.stop, s.step) for s in _inside(x.shape, widths))),),
    lower=View(_pull_pad),
)


@public(
    case((2, 3), args=(((1, 2), (0, 1)),)),
    case((2, 3), args=(((1, 0), (0, 0)),), value=7),
    reference=lambda x, widths, value=0.0: np.pad(x, widths, constant_values=value),
)
def pad(x: Any, widths: Sequence[tuple[int, int]], value: float = 0) -> Tensor:
    """Surrounded by `value`: for each axis, how many before and how many after.

    >>> pad([1, 2], [(1, 2)])
    tensor([0, 1, 2, 0, 0])
    """
    x = promote(x)[0]
    if len(widths) != x.ndim or any(w < 0 for pair in widths for w in pair):
        raise ShapeError(f"pad: {x.ndim} axes need {x.ndim} pairs (before, after) of 0 or more, got {widths}")
    wanted = any(w for pair in widths for w in pair)
    return bind(_pad, x, widths=tuple((lo, hi, 0) for lo, hi in widths), value=value) if wanted else x


def dilate(x: Tensor, gaps: tuple[int, ...]) -> Tensor:
    """Zeros put between neighbours: gaps[i] of them along axis i."""
    return x if not any(gaps) else bind(_pad, x, widths=tuple((0, 0, gap) for gap in gaps), value=0)


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


# -- concatenate and stack ---------------------------------------------------------------------------------------------


def _concatenate_rule(*xs: Any, axis: int) -> Shaped:
    first = xs[0].shape
    for i, x in enumerate(xs):
        if (*x.shape[:axis], *x.shape[axis + 1 :]) != (*first[:axis], *first[axis + 1 :]):
            raise ShapeError(
                f"concatenate: tensor 0 has shape {first}, tensor {i} {x.shape}",
                f"They may differ in axis {axis} only.",
            )
    return Shaped((*first[:axis], sum(x.shape[axis] for x in xs), *first[axis + 1 :]), xs[0].dtype)


def _concatenate_vjp(index: int) -> Any:
    def pull(g: Tensor, y: Tensor, *xs: Tensor, axis: int) -> Tensor:
        start = sum(x.shape[axis] for x in xs[:index])
        stop = start + xs[index].shape[axis]
        return slice_(g, tuple((start, stop, 1) if i == axis else (0, n, 1) for i, n in enumerate(g.shape)))

    return pull


def _pull_concatenate(index: Indices, *xs: Shape, axis: int) -> list[Found]:
    start, found = 0, []
    for k, x in enumerate(xs):
        place = index[axis] - start
        here = Condition(place, 0, x[axis])
        if not here.never():
            at = (*index[:axis], place, *index[axis + 1 :])
            found.append(Found(k, at, () if here.always() else (here,)))
        start += x[axis]
    return found


_concatenate = Primitive(
    "concatenate",
    rule=_concatenate_rule,
    forward=lambda xp, *xs, axis: xp.concatenate(xs, axis),
    vjp=_concatenate_vjp,
    lower=View(_pull_concatenate),
)


def _several(name: str, tensors: Sequence[Any]) -> list[Tensor]:
    if isinstance(tensors, Tensor) or not len(tensors):
        raise ShapeError(f"{name}: expects a list of at least one tensor, got {tensors!r}")
    return promote(*tensors)


def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors joined along an axis they have. Gradient: each its part of g.

    >>> concatenate([[1, 2], [3]])
    tensor([1, 2, 3])
    """
    xs = _several("concatenate", tensors)
    return bind(_concatenate, *xs, axis=normalize_axis("concatenate", axis, xs[0].ndim))


def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis.

    >>> stack([[1, 2], [3, 4]], axis=1)
    tensor([[1, 3],
            [2, 4]])
    """
    return concatenate([expand_dims(x, axis) for x in _several("stack", tensors)], axis)


@method("split")
def split(x: Any, parts: int, axis: int = 0) -> list[Tensor]:
    """Cut into equal parts along an axis.

    >>> split([1, 2, 3, 4], 2)
    [tensor([1, 2]), tensor([3, 4])]
    """
    x = promote(x)[0]
    axis = normalize_axis("split", axis, x.ndim)
    if parts < 1:
        raise ArgumentError(f"split: the number of parts must be 1 or more, got {parts}")
    length, rest = divmod(x.shape[axis], parts)
    if rest:
        raise ShapeError(f"split: axis {axis} of length {x.shape[axis]} does not divide into {parts} equal parts")
    whole = [(0, n, 1) for n in x.shape]
    return [
        slice_(x, tuple((i * length, (i + 1) * length, 1) if a == axis else w for a, w in enumerate(whole)))
        for i in range(parts)
    ]


@method("unstack")
def unstack(x: Any) -> list[Tensor]:
    """The parts along the first axis, as a list.

    They are cut in half again and again: the gradient of a slice is as large as what it was cut from, so that cutting
    n parts from the whole, one by one, would cost n^2.

    >>> unstack([[1, 2], [3, 4]])
    [tensor([1, 2]), tensor([3, 4])]
    """
    x = promote(x)[0]
    length = x.shape[0] if x.ndim else 0
    if length < 2:
        return [squeeze(x, 0)] if length else []
    return unstack(x[: length // 2]) + unstack(x[length // 2 :])
