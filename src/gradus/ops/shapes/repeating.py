"""The same elements again: whole, one by one, moved round, along axes of their own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ArgumentError, DtypeError, ShapeError, one_of
from ...tensor import Tensor
from ..core.primitive import broadcast, case, normalize_axes, normalize_axis, promote, public
from ..core.primitive import broadcast_shapes as _shapes
from ..core.whole import require_whole
from ..making.create import as_shape
from .movement import broadcast_to, expand_dims, reshape, swapaxes
from .slicing import concatenate, cut, stack

__all__ = [
    "broadcast_shapes",
    "broadcast_tensors",
    "cartesian_prod",
    "combinations",
    "meshgrid",
    "repeat",
    "roll",
    "tile",
]


@public(
    case((2, 3), args=(2,)),
    case((2, 3), args=((2, 1, 2),)),
    case((2, 3), args=(2, 2)),
    reference=lambda x, *times: np.tile(x, times[0] if len(times) == 1 else times),
)
def tile(x: Any, *times: Any) -> Tensor:
    """The whole again and again: `times[i]` along axis i, counted from the last (what PyTorch calls `x.repeat`).

    >>> tile([1, 2], 2), tile([1, 2], (2, 1))
    (tensor([1, 2, 1, 2]), tensor([[1, 2],
            [1, 2]]))
    """
    x = promote(x)[0]
    counts = tuple(times[0]) if len(times) == 1 and np.iterable(times[0]) else times
    require_whole("tile", "how many times", *counts)
    if any(n < 0 for n in counts):
        raise ArgumentError(f"tile: how many times is 0 or more, got {counts}")
    ndim = max(x.ndim, len(counts))
    shape, counts = (1,) * (ndim - x.ndim) + x.shape, (1,) * (ndim - len(counts)) + counts
    spread = reshape(x, tuple(v for n in shape for v in (1, n)))
    spread = broadcast_to(spread, tuple(v for pair in zip(counts, shape, strict=True) for v in pair))
    return reshape(spread, tuple(n * k for n, k in zip(shape, counts, strict=True)))


@public(
    case((2, 3), args=(2,), axis=1),
    case((2, 3), args=([1, 0, 2],), axis=-1),
    case((2, 3), args=(2,)),
    methods=(),
)
def repeat(x: Any, repeats: int | Sequence[int], axis: int | None = None) -> Tensor:
    """Each element again and again, along an axis or flattened, as in NumPy: PyTorch's `repeat_interleave`.

    `repeats` may say it for each, as integers.

    >>> repeat([1, 2], 2), repeat([1, 2], [3, 1])
    (tensor([1, 1, 2, 2]), tensor([1, 1, 1, 2]))
    """
    x = promote(x)[0] if axis is not None else reshape(x, -1)
    axis = normalize_axis("repeat", -1 if axis is None else axis, x.ndim)
    length = x.shape[axis]
    if isinstance(repeats, (int, np.integer)):
        if repeats < 0:
            raise ArgumentError(f"repeat: how many times is 0 or more, got {repeats}")
        many = broadcast_to(
            expand_dims(x, axis + 1), (*x.shape[: axis + 1], int(repeats), *x.shape[axis + 1 :])
        )
        return reshape(many, (*x.shape[:axis], length * int(repeats), *x.shape[axis + 1 :]))
    given = np.asarray(repeats.numpy() if isinstance(repeats, Tensor) else repeats)
    if given.size and given.dtype.kind not in "iu":
        raise DtypeError(f"repeat: how many times is an integer, got {given.dtype}")
    counts = given.reshape(-1).tolist()
    if len(counts) == 1:
        return repeat(x, counts[0], axis)
    if len(counts) != length or any(n < 0 for n in counts):
        raise ShapeError(f"repeat: axis {axis} of length {length} needs {length} counts of 0 or more, got {counts}")
    taken: Tensor = x.take(np.repeat(np.arange(length), counts), axis)
    return taken


@public(
    case((3, 4), args=(1,)),
    case((3, 4), args=(-5,), axis=1),
    case((3, 4), args=((1, 2),), axis=(0, -1)),
)
def roll(x: Any, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """Moved by `shift` places; what is moved past the end comes in at the beginning. With no axis, flattened.

    >>> roll([1, 2, 3, 4], 1)
    tensor([4, 1, 2, 3])
    """
    y = promote(x)[0]
    if axis is None:
        return reshape(roll(reshape(y, -1), shift, 0), y.shape)
    axes = normalize_axes("roll", axis, y.ndim)
    shifts: Sequence[Any] = shift if isinstance(shift, (tuple, list)) else (shift,) * len(axes)
    if len(shifts) != len(axes):
        raise ArgumentError(f"roll: as many shifts as axes are needed, got {shift} and {axis}")
    for by, along in zip(shifts, axes, strict=True):
        length = y.shape[along]
        if length and by % length:
            at = length - by % length
            y = concatenate([cut(y, along, at, length), cut(y, along, 0, at)], along)
    return y


@public(case((2, 1), (3,)), methods=(), reference=lambda *xs: np.broadcast_arrays(*xs))
def broadcast_tensors(*xs: Any) -> list[Tensor]:
    """Tensors stretched to one common shape, by NumPy's rule. Gradient: summed over the repeats.

    >>> [x.shape for x in broadcast_tensors([[1], [2]], [3, 4, 5])]
    [(2, 3), (2, 3)]
    """
    return broadcast("broadcast_tensors", *(promote(x)[0] for x in xs))


@public(case((2,), (3,)), case((2,), (3,), (4,), indexing="ij"), methods=())
def meshgrid(*xs: Any, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of a grid's points, from those of its axes: as in NumPy, unlike in PyTorch, columns come first.

    With `indexing="ij"` axis i of the results is that of the i-th tensor.

    >>> meshgrid([1, 2, 3], [4, 5])[0]
    tensor([[1, 2, 3],
            [1, 2, 3]])
    """
    one_of("meshgrid", "indexing", indexing, ("xy", "ij"))
    tensors = [reshape(promote(x)[0], -1) for x in xs]
    shape = tuple(x.size for x in tensors)
    grids = []
    for i, x in enumerate(tensors):
        along = reshape(x, tuple(n if a == i else 1 for a, n in enumerate(shape)))
        grid = broadcast_to(along, shape)
        grids.append(swapaxes(grid, 0, 1) if indexing == "xy" and len(shape) > 1 else grid)
    return grids


def broadcast_shapes(*shapes: int | Sequence[int]) -> tuple[int, ...]:
    """The common shape of NumPy's rule: aligned at the last axis, lengths equal or 1; an integer is a shape of one.

    >>> broadcast_shapes((3, 1), (4,))
    (3, 4)
    """
    return _shapes("broadcast_shapes", *map(as_shape, shapes)) if shapes else ()


@public(
    case((2,), (3,)),
    case((2,), (3,), (2,)),
    methods=(),
    reference=lambda *xs: np.stack([g.ravel() for g in np.meshgrid(*xs, indexing="ij")], 1),
)
def cartesian_prod(*xs: Any) -> Tensor:
    """All ways to take one element of each of some vectors, as rows (n1 n2 ..., count).

    >>> cartesian_prod([1, 2], [3, 4])
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    grids = meshgrid(*promote(*xs), indexing="ij")
    return reshape(grids[0], -1) if len(grids) == 1 else stack([reshape(g, -1) for g in grids], 1)


@public(
    case((4,)),
    case((4,), args=(3,)),
    case((3,), with_replacement=True),
    methods=(),
    reference=lambda x, r=2, with_replacement=False: x[_chosen(len(x), r, with_replacement)],
)
def combinations(x: Any, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to take r elements of a vector in order, as rows (count, r); `with_replacement` again and again.

    >>> combinations([1, 2, 3])
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    x = promote(x)[0]
    if x.ndim != 1 or r < 0:
        raise ShapeError(f"combinations: takes r of a vector, got r = {r} and shape {x.shape}")
    taken: Tensor = x.take(_chosen(x.shape[0], r, with_replacement), 0)
    return taken


def _chosen(n: int, r: int, with_replacement: bool) -> np.ndarray:
    ways = (itertools.combinations_with_replacement if with_replacement else itertools.combinations)(range(n), r)
    return np.array([*ways], np.int64).reshape(-1, r)
