"""A tensor cut into several."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ArgumentError, ShapeError
from ...tensor import Tensor
from ..core.primitive import case, normalize_axis, promote, public
from ..core.whole import require_whole
from .movement import squeeze
from .slicing import cut

__all__ = ["array_split", "chunk", "dsplit", "hsplit", "narrow", "select", "split", "unstack", "vsplit"]


def _cut_at(x: Tensor, places: Sequence[int], axis: int) -> list[Tensor]:
    """From each place to the next; places may be negative, beyond the end, or out of order, as those of a slice."""
    length = x.shape[axis]
    if isinstance(places, str) or not all(isinstance(p, (int, np.integer)) for p in places):
        raise ArgumentError(f"split: places are integers, got {places!r}")
    ends = [0, *(min(max(p + length if p < 0 else p, 0), length) for p in places), length]
    return [cut(x, axis, a, max(a, b)) for a, b in itertools.pairwise(ends)]


def _up_to(sizes: Sequence[int]) -> list[int]:
    """Where pieces of some sizes end, but for the last."""
    return [int(p) for p in np.cumsum(sizes)[:-1]]


@public(
    case((4, 6), args=(3, 1)),
    case((4, 6), args=(2, -2)),
    case((4, 5), places=[1, 3], axis=1),
    case((4, 5), sizes=[1, 3, 1], axis=1),
    case((4, 5), sizes=2, axis=1),
    reference=lambda x, parts=None, axis=0, sizes=None, places=None: np.split(
        x, parts or places or ([2, 4] if sizes == 2 else np.cumsum(sizes)[:-1]), axis
    ),
)
def split(
    x: Any,
    parts: int | None = None,
    axis: int = 0,
    sizes: int | Sequence[int] | None = None,
    places: Sequence[int] | None = None,
) -> list[Tensor]:
    """Cut into equal parts along an axis, as in NumPy: an integer says how many, not how long as in PyTorch.

    `sizes` says how long: each, or all but the last; `places` says where. Gradient: that of each in its place.

    >>> split([1, 2, 3, 4], 2)
    [tensor([1, 2]), tensor([3, 4])]
    >>> split([1, 2, 3], sizes=2), split([1, 2, 3], places=[1])
    ([tensor([1, 2]), tensor([3])], [tensor([1]), tensor([2, 3])])
    """
    x = promote(x)[0]
    axis = normalize_axis("split", axis, x.ndim)
    length = x.shape[axis]
    if [parts, sizes, places].count(None) != 2:
        raise ArgumentError("split: say one of parts, sizes and places")
    if places is not None:
        return _cut_at(x, places, axis)
    if isinstance(sizes, (int, np.integer)):
        if sizes < 1:
            raise ArgumentError(f"split: a size is 1 or more, got {sizes}")
        return _cut_at(x, range(int(sizes), length, int(sizes)), axis)
    if sizes is not None:
        if sum(sizes) != length or any(n < 0 for n in sizes):
            raise ShapeError(f"split: the sizes {sizes} do not add up to the length {length} of axis {axis}")
        return _cut_at(x, _up_to(sizes), axis)
    if not isinstance(parts, (int, np.integer)):
        raise ArgumentError(
            f"split: {parts} may mean sizes, as in PyTorch, or places, as in NumPy. "
            f"Write sizes={parts} or places={parts}."
        )
    if parts < 1:
        raise ArgumentError(f"split: the number of parts must be 1 or more, got {parts}")
    if length % parts:
        raise ShapeError(
            f"split: axis {axis} of length {length} does not divide into {parts} equal parts",
            "array_split and chunk make unequal ones; split(x, sizes=n) parts of n.",
        )
    return _cut_at(x, _up_to([length // int(parts)] * int(parts)), axis)


@public(case((4, 5), args=(3,), axis=1), case((4, 5), args=([1, 3],), axis=1))
def array_split(x: Any, parts: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Cut into so many parts, the first of them longer by one where they cannot be equal; or at places.

    >>> array_split([1, 2, 3], 2)
    [tensor([1, 2]), tensor([3])]
    """
    x = promote(x)[0]
    axis = normalize_axis("array_split", axis, x.ndim)
    parts = parts.tolist() if isinstance(parts, (Tensor, np.ndarray)) else parts
    if not isinstance(parts, (int, np.integer)):
        return _cut_at(x, list(parts), axis)
    if parts < 1:
        raise ArgumentError(f"array_split: the number of parts must be 1 or more, got {parts}")
    size, longer = divmod(x.shape[axis], int(parts))
    return _cut_at(x, _up_to([size + (i < longer) for i in range(int(parts))]), axis)


@public(
    case((4, 7), args=(3,), axis=1),
    reference=lambda x, parts, axis: np.split(x, [3, 6], axis),
)
def chunk(x: Any, parts: int, axis: int = 0) -> list[Tensor]:
    """Cut into at most so many parts, all of one length but the last, as in PyTorch.

    >>> chunk([1, 2, 3, 4, 5], 3)
    [tensor([1, 2]), tensor([3, 4]), tensor([5])]
    """
    x = promote(x)[0]
    axis = normalize_axis("chunk", axis, x.ndim)
    require_whole("chunk", "the number of parts", parts)
    if parts < 1:
        raise ArgumentError(f"chunk: the number of parts must be 1 or more, got {parts}")
    size = -(-x.shape[axis] // parts)
    return split(x, sizes=size, axis=axis) if size else [x] * parts


@public(case((2, 3)), case((2, 3), axis=-1), reference=lambda x, axis=0: list(np.moveaxis(x, axis, 0)))
def unstack(x: Any, axis: int = 0) -> list[Tensor]:
    """The parts along an axis, without it, as a list.

    They are cut in half again and again: the gradient of a slice is as large as what it was cut from, so that cutting
    n parts from the whole, one by one, would cost n^2.

    >>> unstack([[1, 2], [3, 4]])
    [tensor([1, 2]), tensor([3, 4])]
    """
    x = promote(x)[0]
    axis = normalize_axis("unstack", axis, x.ndim)
    length = x.shape[axis]
    if length < 2:
        return [squeeze(x, axis)] if length else []
    half = length // 2
    return unstack(cut(x, axis, 0, half), axis) + unstack(cut(x, axis, half, length), axis)


@public(case((4, 5), args=(1, 1, 3)), reference=lambda x, axis, start, length: x[:, start : start + length])
def narrow(x: Any, axis: int, start: int, length: int) -> Tensor:
    """So many elements from a place on, along an axis.

    >>> narrow([1, 2, 3, 4], 0, 1, 2)
    tensor([2, 3])
    """
    x = promote(x)[0]
    axis = normalize_axis("narrow", axis, x.ndim)
    first = start + x.shape[axis] if start < 0 else start
    if not 0 <= first <= first + length <= x.shape[axis]:
        raise ShapeError(f"narrow: axis {axis} of length {x.shape[axis]} has no {length} elements from {start} on")
    return cut(x, axis, first, first + length)


@public(case((4, 5), args=(1, 2)), case((4, 5), args=(0, -1)), reference=lambda x, axis, index: np.take(x, index, axis))
def select(x: Any, axis: int, index: int) -> Tensor:
    """The part at one place along an axis, without that axis: PyTorch's; x[:, index] for axis 1.

    >>> select([[1, 2], [3, 4]], 1, 0)
    tensor([1, 3])
    """
    return squeeze(narrow(x, axis, index, 1), axis)


def _places_or_parts(name: str, x: Any, parts: int | Sequence[int], axis: int) -> list[Tensor]:
    x = promote(x)[0]
    if x.ndim <= axis:
        raise ShapeError(f"{name}: needs {axis + 1} axes or more, got shape {x.shape}")
    return split(x, parts, axis) if isinstance(parts, (int, np.integer)) else split(x, places=parts, axis=axis)


@public(case((4, 6), args=(3,)), case((6,), args=([1, 4],)))
def hsplit(x: Any, parts: int | Sequence[int]) -> list[Tensor]:
    """Cut along the second axis, of an only axis along that, into equal parts or at places.

    >>> hsplit([[1, 2], [3, 4]], 2)[0]
    tensor([[1],
            [3]])
    """
    return _places_or_parts("hsplit", x, parts, 0 if promote(x)[0].ndim == 1 else 1)


@public(case((4, 6), args=(2,)), case((6, 2), args=([1, 4],)))
def vsplit(x: Any, parts: int | Sequence[int]) -> list[Tensor]:
    """Cut along the first of two axes or more, into equal parts or at places.

    >>> vsplit([[1, 2], [3, 4]], 2)
    [tensor([[1, 2]]), tensor([[3, 4]])]
    """
    if promote(x)[0].ndim < 2:
        raise ShapeError("vsplit: needs 2 axes or more, got one", "Use split.")
    return _places_or_parts("vsplit", x, parts, 0)


@public(case((2, 2, 6), args=(3,)), case((1, 2, 6), args=([1, 4],)))
def dsplit(x: Any, parts: int | Sequence[int]) -> list[Tensor]:
    """Cut along the third axis, into equal parts or at places.

    >>> [part.shape for part in dsplit([[[1, 2, 3, 4]]], 2)]
    [(1, 1, 2), (1, 1, 2)]
    """
    return _places_or_parts("dsplit", x, parts, 2)
