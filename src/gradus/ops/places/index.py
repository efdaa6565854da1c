"""Reading elements by their places: NumPy's indexing, whole, on three primitives (slice, take, and flip)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ... import dtypes, interpret
from ..._methods import method
from ...errors import DtypeError, ShapeError
from ...interpret import Outside
from ...tensor import Tensor, as_tensor
from ..core.lowering import OwnKernel
from ..core.primitive import (
    Primitive,
    Shaped,
    bind,
    broadcast_shapes,
    case,
    cast,
    normalize_axis,
    promote,
    public,
)
from ..making.create import iota
from ..shapes.movement import flip
from ..shapes.slicing import slice_

__all__ = ["pick", "segment_sum", "take"]

# -- take and scatter_add, each the other's gradient -------------------------------------------------------------------


def take_rule(x: Any, indices: Any, axis: int) -> Shaped:
    if dtypes.kind(indices.dtype) != dtypes.INTEGER:
        raise DtypeError(f"indices are integers, got {indices.dtype}. Use astype(int).", mistake="index-of-floats")
    if isinstance(indices, np.ndarray) and indices.size:
        lowest, highest, length = indices.min(), indices.max(), x.shape[axis]
        if lowest < -length or highest >= length:
            wrong = highest if highest >= length else lowest
            raise ShapeError(f"index {wrong} is outside axis {axis}, whose length is {length}")
    return Shaped((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)


def require_places(indices: Tensor, axis: int, length: int) -> None:
    """Refuse indices outside an axis, in compiled programs too. Gradients come back to indices that were checked."""

    def explain(found: np.ndarray) -> None:
        take_rule(Shaped((length,) * (axis + 1), found.dtype), found, axis)

    if dtypes.kind(indices.dtype) == dtypes.INTEGER:
        interpret.current.get().check(indices, Outside(-length, length - 1), explain, by_forward=True)


_take = Primitive(
    "take",
    rule=take_rule,
    forward=lambda xp, x, indices, axis: xp.take(x, indices, axis),
    vjp=(lambda g, y, x, indices, axis: bind(_scatter_add, g, indices, axis=axis, length=x.shape[axis]), None),
    lower=OwnKernel(indexed=True),
)


def _scatter_add_rule(x: Any, indices: Any, axis: int, length: int) -> Shaped:
    if x.shape[axis : axis + len(indices.shape)] != indices.shape:
        raise ShapeError(f"segment_sum: indices of shape {indices.shape} are not the axes from {axis} on of {x.shape}")
    take_rule(Shaped((length,), x.dtype), indices, 0)
    return Shaped((*x.shape[:axis], length, *x.shape[axis + len(indices.shape) :]), x.dtype)


def gathered_in(dtype: dtypes.Dtype, terms: int, results: int) -> dtypes.Dtype:
    """The type in which so many terms are added to so many results: each comes when it comes, and none in pieces."""
    if dtypes.is_float(dtype) and terms >= _CROWDED * max(results, 1):
        return dtypes.float64
    return dtypes.accumulator(dtype)


def _scatter_add_forward(xp: Any, x: Any, indices: Any, axis: int, length: int) -> Any:
    wide = gathered_in(x.dtype, indices.size, length)
    out, x_wide = xp.zeros(_scatter_add_rule(x, indices, axis, length).shape, wide), x.astype(wide, copy=False)
    if axis or out.ndim == 1:
        xp.add.at(out, (*(slice(None),) * axis, indices), x_wide)
    else:  # number by number, which NumPy does faster than row by row
        row = math.prod(out.shape[1:])
        xp.add.at(out.reshape(-1), (indices.reshape(-1, 1) * row + xp.arange(row)).reshape(-1), x_wide.reshape(-1))
    return out.astype(x.dtype, copy=False)


_CROWDED = 32  # terms of a result, in the mean, from which on float32 is too narrow for them

_scatter_add: Primitive = Primitive(
    "scatter_add",
    rule=_scatter_add_rule,
    forward=_scatter_add_forward,
    vjp=(lambda g, y, x, indices, axis, length: bind(_take, g, indices, axis=axis), None),
)


def as_places(indices: Any) -> Tensor:
    """Indices of any integer type, as int64; the rule refuses others."""
    places = as_tensor(indices)
    return cast(places, dtypes.int64) if dtypes.kind(places.dtype) == dtypes.INTEGER else places


_PLACES = np.array([[2, 0], [0, -1]])


@public(
    case((3, 4), args=(_PLACES,), axis=0),
    case((2, 3), args=(np.array([1, 1, 2]),), axis=-1),
    case((2, 3), args=(np.array([[5, 0], [1, -1]]),)),
)
def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """The elements at `indices` along an axis: the result has the indices' axes in place of it; without one, of x as
    one row.

    Gradient: each element of g is added to the place it was taken from.

    >>> take([10, 20, 30], [2, 0])
    tensor([30, 10])
    """
    x, places = promote(x)[0], as_places(indices)
    x = x.reshape(-1) if axis is None else x
    axis = normalize_axis("take", axis or 0, x.ndim)
    require_places(places, axis, x.shape[axis])
    return bind(_take, x, places, axis=axis)


def take_known(x: Tensor, places: Tensor) -> Tensor:
    """`take` along the first axis at places, int64, that are on it by how they were made: they are not looked at."""
    return bind(_take, x, places, axis=0)


@public(
    case((2, 2, 4), args=(np.array([[2, 0], [0, 2]]), 3)),
    reference=lambda x, indices, length: np.stack([x[indices == i].sum(0) for i in range(length)]),
    methods=(),
)
def segment_sum(x: Any, indices: Any, length: int, axis: int = 0) -> Tensor:
    """Zeros, with the elements of x added at `indices` along an axis that becomes `length` long (JAX's name).

    Gradient: each element gets g from the place it was added to.

    >>> segment_sum([1, 2, 3], [0, 2, 0], length=4)
    tensor([4, 0, 2, 0])
    """
    x, places = promote(x)[0], as_places(indices)
    require_places(places, 0, length)
    return bind(_scatter_add, x, places, axis=normalize_axis("segment_sum", axis, x.ndim), length=length)


# -- x[...] ------------------------------------------------------------------------------------------------------------


@method("__getitem__")
def getitem(x: Tensor, key: Any) -> Tensor:
    """x[key], with all of NumPy's keys: integers, slices, None, `...`, integer and boolean arrays, and mixtures.

    >>> import gradus
    >>> x = gradus.arange(6).reshape(2, 3)
    >>> x[1], x[:, ::-2], x[[0, 1], [0, 2]], x[x > 3]
    (tensor([3, 4, 5]), tensor([[2, 0],
            [5, 3]]), tensor([0, 5]), tensor([4, 5]))
    """
    if is_answer(key):
        return getitem(x.reshape((1, *x.shape)), as_tensor(key).reshape(1))
    keys, apart, _ = keys_of(key, x.shape)
    c = cut_by(x.shape, keys)
    x = c.of(x)
    if not c.arrays:
        return x
    a = along(x.shape, c.arrays, apart)
    return bind(_take, a.rows(x), a.place, axis=0).permute(*a.order)


def is_answer(key: Any) -> bool:
    """Whether a key is a mask without axes: one answer for all of the tensor."""
    return isinstance(key, (np.ndarray, Tensor)) and not key.shape and key.dtype == dtypes.bool_


def keys_of(key: Any, shape: tuple[int, ...]) -> tuple[list[Any], bool, bool]:
    """A key as one an axis, and None for each new one; whether its arrays stand apart; whether no place comes twice."""
    parts = _places(key if isinstance(key, tuple) else (key,))
    keys = _expand(parts, shape)
    masks = sum(isinstance(k, (list, np.ndarray, Tensor)) for k in (key if isinstance(key, tuple) else (key,)))
    distinct = masks == 1 and any(isinstance(k, _Masked) for k in parts)
    return keys, any(isinstance(k, Tensor) for k in keys) and _apart(parts), distinct


def _places(keys: tuple[Any, ...]) -> list[Any]:
    """The keys, arrays and lists as tensors of places, a mask as one for each of its axes."""
    parts: list[Any] = []
    for k in keys:
        parts += _of_key(k) if isinstance(k, (list, np.ndarray, Tensor, bool, np.bool_)) else [k]
    return parts


def _expand(parts: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """One key an axis (and None for each new one): `...` written out, places and integers checked."""
    parts = list(parts)
    used = len([k for k in parts if k is not None and k is not Ellipsis])
    if used > len(shape):
        raise ShapeError(f"too many indices: {used} for a tensor with {len(shape)} axes")
    rest = [slice(None)] * (len(shape) - used)
    dots = next((i for i, k in enumerate(parts) if k is Ellipsis), len(parts))
    parts[dots : dots + 1] = rest
    if any(k is Ellipsis for k in parts):
        raise ShapeError("an index holds `...` at most once")
    axis = 0
    for i, k in enumerate(parts):
        if k is None:
            continue
        parts[i] = _checked(k, axis, shape[axis])
        axis += 1
    return parts


class _Masked(NamedTuple):
    """Along one axis of a mask: where it is true, and its length."""

    places: Tensor
    length: int


def _of_key(key: Any) -> list[Any]:
    """A boolean array as the places where it is true, for each of its axes; an integer array as itself."""
    array = as_tensor(key, dtypes.int64 if isinstance(key, list) and not key else None)
    if array.dtype == dtypes.bool_:
        if not array.shape:
            raise DtypeError("a single boolean is no index. Use where().")
        why = "how many elements a mask takes depends on its numbers"
        found = np.nonzero(interpret.current.get().concrete(array, why))
        return [_Masked(as_tensor(at), n) for at, n in zip(found, array.shape, strict=True)]
    if array.ndim == 0 and isinstance(key, np.ndarray):
        return [key[()]]
    return [array]


def _checked(key: Any, axis: int, length: int) -> Any:
    if isinstance(key, _Masked):
        if key.length != length:
            raise ShapeError(f"a mask of length {key.length} does not fit axis {axis}, whose length is {length}")
        return key.places
    if isinstance(key, Tensor):
        if dtypes.is_float(key.dtype):
            raise DtypeError(f"an index holds integers or booleans, got {key.dtype}. Use astype(int).")
        return as_places(key)
    if isinstance(key, slice):
        return slice(*key.indices(length))
    try:
        place = key.__index__()
    except AttributeError:
        raise DtypeError(
            f"an index is an integer, a slice, None, `...` or an array, got {key!r}",
            mistake="index-of-floats",
        ) from None
    if not -length <= place < length:
        raise ShapeError(f"index {place} is outside axis {axis}, whose length is {length}")
    return place % length


class Cut(NamedTuple):
    """What a key's integers, slices and new axes do to a tensor.

    Attributes:
        ranges: from where to where of each axis, and in which steps, above 0.
        backwards: the axes to be turned round then.
        shape: what it is then, without the axes of integers, and with the new ones.
        arrays: the arrays of the key, and the axes of that shape that they are for.
    """

    ranges: tuple[tuple[int, int, int], ...]
    backwards: tuple[int, ...]
    shape: tuple[int, ...]
    arrays: list[tuple[int, Tensor]]

    def of(self, x: Tensor) -> Tensor:
        x = slice_(x, self.ranges)
        return (flip(x, self.backwards) if self.backwards else x).reshape(self.shape)


def cut_by(lengths: tuple[int, ...], keys: list[Any]) -> Cut:
    """Integers and slices, as one slice; a step below 0 slices forwards, then flips."""
    ranges, backwards, shape, arrays = [], [], [], []
    left = iter(lengths)
    for k in keys:
        if k is None:
            shape.append(1)
            continue
        n = next(left)
        if isinstance(k, int):
            ranges.append((k, k + 1, 1))
            continue
        if isinstance(k, Tensor):
            arrays.append((len(shape), k))
            ranges.append((0, n, 1))
        else:
            places = range(k.start, k.stop, k.step)
            if k.step < 0:
                backwards.append(len(ranges))
                places = places[::-1]
            ranges.append((places[0], places[-1] + 1, places.step) if places else (0, 0, 1))
        shape.append(len(range(*ranges[-1])))
    return Cut(tuple(ranges), tuple(backwards), tuple(shape), arrays)


def _apart(parts: list[Any]) -> bool:
    """Whether the arrays (and integers, which count as arrays beside them) stand apart, with another key between.

    As in NumPy `...` is such a key, even where it stands for no axis.
    """
    at = [i for i, k in enumerate(parts) if k is not None and k is not Ellipsis and not isinstance(k, slice)]
    return at[-1] - at[0] >= len(at)


class Along(NamedTuple):
    """Arrays of places in several axes of a tensor: those axes become one, the arrays one array of places in it.

    Attributes:
        axes: the axes of the places, then the others.
        lengths: theirs.
        places: how many are axes of places.
        place: where in those, as one.
        order: the axes of what is taken, as they stand in the result.
        shape: the result's.
    """

    axes: tuple[int, ...]
    lengths: tuple[int, ...]
    places: int
    place: Tensor
    order: tuple[int, ...]
    shape: tuple[int, ...]

    def rows(self, x: Tensor) -> Tensor:
        """The tensor with the axes of the places as its first one."""
        return x.permute(*self.axes).reshape((math.prod(self.lengths[: self.places]), *self.lengths[self.places :]))

    def from_rows(self, rows: Tensor) -> Tensor:
        return rows.reshape(self.lengths).permute(*(self.axes.index(i) for i in range(len(self.axes))))

    def value_rows(self, value: Tensor) -> Tensor:
        """What stands in the result's places, as what is taken."""
        return value.permute(*(self.order.index(i) for i in range(len(self.order))))


def along(shape: tuple[int, ...], arrays: list[tuple[int, Tensor]], in_front: bool) -> Along:
    """Where arrays of places in axes of a shape are; their axes come first in the result, or where the first is."""
    axes = [axis for axis, _ in arrays]
    others = [a for a in range(len(shape)) if a not in axes]
    common = broadcast_shapes("index", *(k.shape for _, k in arrays))
    place: Any = None
    for axis, k in arrays:
        take_rule(Shaped(shape, k.dtype), k.data, axis)
        require_places(k, axis, shape[axis])
        from_front = (k + (k < 0) * shape[axis]).broadcast_to(common)
        place = from_front if place is None else place * shape[axis] + from_front
    first = 0 if in_front else axes[0]
    order = list(range(len(common), len(common) + len(others)))
    order[first:first] = range(len(common))
    taken = (*common, *(shape[a] for a in others))
    lengths = tuple(shape[a] for a in (*axes, *others))
    return Along((*axes, *others), lengths, len(axes), place, tuple(order), tuple(taken[i] for i in order))


@public(
    case((2, 3), args=(np.array([2, 0]),)),
    methods=(),
    reference=lambda x, places: x[np.arange(len(places)), places],
)
def pick(x: Any, places: Any) -> Tensor:
    """From each row n of x (n, classes) the element at places[n].

    >>> pick([[1, 2, 3], [4, 5, 6]], [2, 0])
    tensor([3, 4])
    """
    x = promote(x)[0]
    return getitem(x, (iota(x.shape[0]), as_tensor(places)))
