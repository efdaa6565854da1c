"""Numbers that are gathered in places which they name: their sum, product, mean, largest or smallest."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import dtypes
from ...errors import ShapeError, one_of
from ...tensor import Tensor
from ..core.elementwise import numbers
from ..core.primitive import case, normalize_axis, promote, public
from ..elementwise.arithmetic import maximum
from ..elementwise.choice import where
from ..elementwise.logic import isfinite
from ..making.create import iota
from ..places.along import key_along, source_along, with_axis
from ..places.index import along, as_places, segment_sum
from ..places.put import as_value, assigned
from ..reductions.extremes import turned
from ..shapes.slicing import concatenate
from .sorting import argsort

__all__ = ["index_reduce", "scatter_reduce"]


REDUCE = ("sum", "prod", "mean", "amax", "amin")
_GROUPS = np.array([[2, 2, 0, 1], [0, 1, 1, 1]])
_MORE = np.array([[1, 0, 1, 1], [1, 1, 0, 1]], bool)  # values of any dtype
_ROWS = np.array([[1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 1]], bool)


def _by_groups(
    x: np.ndarray, axis: int, index: np.ndarray, values: np.ndarray, reduce: str, include_self: bool = True
) -> np.ndarray:
    y = x.copy()
    for place in {tuple(p) for p in np.stack(_keys(index, axis), -1).reshape(-1, x.ndim).tolist()}:
        rows = np.all(np.stack(_keys(index, axis), -1) == place, -1)
        terms = [*([x[place]] if include_self else []), *values[: index.shape[0], : index.shape[1]][rows]]
        y[place] = getattr(np, reduce)(np.array(terms, x.dtype))
    return y


def _keys(index: np.ndarray, axis: int) -> list[Any]:
    return [index if a == axis else grid for a, grid in enumerate(np.indices(index.shape))]


@public(
    *(case((3, 4), args=(1, _GROUPS, _MORE, how)) for how in REDUCE),
    case((3, 4), args=(0, _GROUPS[:, :3], _MORE[:, :3], "mean", False)),
    case((3, 4), args=(1, _GROUPS, _MORE, "amax", False)),
    reference=_by_groups,
    refuses=("bool",),
)
def scatter_reduce(x: Any, axis: int, index: Any, values: Any, reduce: str, include_self: bool = True) -> Tensor:
    """x with the values that an index names places for along an axis gathered there: PyTorch's, as `scatter_add`.

    Args:
        reduce: "sum", "prod", "mean", "amax" or "amin" of those of one place; integers' means are rounded down.
        include_self: whether x's own element is one of them; else it is lost where there are others.

    Gradient: that of the reduction; of equal largest ones, it is shared.

    >>> scatter_reduce([[5, 5, 5]], 1, [[0, 0, 2]], [[7, 8, 3]], "amax")
    tensor([[8, 5, 5]])
    """
    one_of("scatter_reduce", "reduction", reduce, REDUCE)
    x = promote(x)[0]
    numbers("scatter_reduce", x)
    index = as_places(index)
    if not x.ndim or not index.ndim:
        row, places = x.reshape(x.shape or 1), index.reshape(-1)
        return scatter_reduce(row, axis, places, with_axis(values), reduce, include_self).reshape(x.shape)
    key = key_along("scatter_reduce", x, axis, index)
    source = source_along("scatter_reduce", x, key, axis, values).reshape(-1)
    place = along(x.shape, list(enumerate(key)), in_front=False).place.reshape(-1)
    return _gathered(x.reshape(-1), place, source, reduce, include_self).reshape(x.shape)


def _gathered(x: Tensor, place: Tensor, values: Tensor, reduce: str, include_self: bool) -> Tensor:
    """The same of rows of numbers."""
    count = segment_sum(iota(place.size) * 0 + 1, place, x.size)
    if reduce in ("amax", "amin"):
        return _extreme(x, place, values, count, include_self, reduce == "amin")
    if reduce == "prod":
        found = _product(x, place, values)
        return where(count > 0, x * found if include_self else found, x)
    total = segment_sum(values, place, x.size)
    total = total + x if include_self else where(count > 0, total, x)
    if reduce == "sum":
        return total
    number = maximum(count + include_self, 1)
    return total / number.astype(x.dtype) if dtypes.is_float(x.dtype) else total // number.astype(x.dtype)


def _extreme(
    x: Tensor, place: Tensor, values: Tensor, count: Tensor, include_self: bool, smallest: bool
) -> Tensor:
    """In the order of the numbers the last one that is put in a place is the largest."""
    if smallest:
        return turned(_extreme(turned(x), place, turned(values), count, include_self, False))
    known, own = values.detach(), x.detach()
    order = argsort(known)
    largest = assigned(own, (place.take(order, 0),), known.take(order, 0))
    found = maximum(own, largest) if include_self else largest
    if not dtypes.is_float(x.dtype):
        return where(count > 0, found, x)
    hit = known == found.take(place, 0)
    mine = (own == found) & include_self
    equals = segment_sum(hit.astype(x.dtype), place, x.size) + mine.astype(x.dtype)
    moves = segment_sum(where(hit, _moving(values), 0), place, x.size) + where(mine, _moving(x), 0)
    return where(count > 0, found + moves / maximum(equals, 1), x)


def _moving(x: Tensor) -> Tensor:
    """Zeros with the gradient of x, where it is finite."""
    return where(isfinite(x), x, 0) - where(isfinite(x), x, 0).detach()


def _product(x: Tensor, place: Tensor, values: Tensor) -> Tensor:
    """Products up to each number among those of its place, in steps of 1, 2, 4 ...; the last is that of all."""
    order = argsort(place)
    place, product = place.take(order, 0), values.take(order, 0)
    n, step = place.size, 1
    while step < n:
        same = place[step:] == place[:-step]
        before = where(same, product[:-step], 1)
        product = concatenate([product[:step], product[step:] * before])
        step *= 2
    return assigned(x.full_like(1), (place,), product)


@public(
    case((3, 4), args=(1, np.array([2, 0, 2, 1]), _ROWS, "mean")),
    case((3, 4), args=(0, np.array([2, 2]), _MORE[:2], "amin", False)),
    reference=lambda x, axis, index, source, reduce, include_self=True: _by_groups(
        x,
        axis,
        np.broadcast_to(index if axis else index[:, None], source.shape),
        source,
        reduce,
        include_self,
    ),
    refuses=("bool",),
)
def index_reduce(x: Any, axis: int, index: Any, source: Any, reduce: str, include_self: bool = True) -> Tensor:
    """x with the slices of `source` gathered in those that an index names along an axis: as `scatter_reduce`.

    >>> index_reduce([[1, 2]], 1, [0, 0], [[5, 7]], "amax")
    tensor([[7, 2]])
    """
    x, places = promote(x)[0], as_places(index).reshape(-1)
    source = as_value(x, source)
    if not x.ndim:
        return index_reduce(x.reshape(1), axis, places, source.reshape(1), reduce, include_self).reshape(())
    axis = normalize_axis("index_reduce", axis, x.ndim)
    shape = (*x.shape[:axis], places.size, *x.shape[axis + 1 :])
    if source.shape != shape:
        raise ShapeError(f"index_reduce: the source has shape {source.shape}, the slices {shape}")
    each = places.reshape(tuple(-1 if a == axis else 1 for a in range(x.ndim))).broadcast_to(shape)
    return scatter_reduce(x, axis, each, source, reduce, include_self)
