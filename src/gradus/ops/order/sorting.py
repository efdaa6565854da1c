"""Sorting, and what stands at the beginning or the end of what is sorted."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import dtypes
from ...errors import ArgumentError
from ...tensor import Tensor
from ..core.primitive import Primitive, Shaped, bind, case, normalize_axis, promote, public
from ..places.along import take_along_axis
from ..reductions.reduce import Extremes
from ..shapes.movement import flip, swapaxes
from ..shapes.slicing import cut

__all__ = ["argsort", "kthvalue", "sort", "topk"]


def _places(xp: Any, x: Any) -> Any:
    wide = x.astype(dtypes.accumulator(x.dtype), copy=False) if dtypes.is_float(x.dtype) else x
    return xp.argsort(wide, axis=-1, kind="stable").astype(dtypes.int64, copy=False)


_argsort = Primitive(
    "argsort",
    rule=lambda x: Shaped(x.shape, dtypes.int64),
    forward=_places,
    vjp=(None,),
)


@public(
    case((2, 3, 4)),
    case((2, 3, 4), axis=1, descending=True),
    reference=lambda x, axis=-1, descending=False: np.argsort(0.0 - x if descending else x, axis, kind="stable"),
    gives="int64",
)
def argsort(x: Any, axis: int = -1, descending: bool = False) -> Tensor:
    """Where the elements stand that come one after the other when sorted along `axis`; equals keep their order.

    NaN is the largest of all numbers.

    >>> argsort([3, 1, 2])
    tensor([1, 2, 0])
    """
    x = promote(x)[0]
    axis = normalize_axis("argsort", axis, x.ndim or 1)
    if not x.ndim:
        return argsort(x.reshape(1)).reshape(())
    if descending:  # equals keep their order if they are turned round twice
        turned: Tensor = x.shape[axis] - 1 - flip(argsort(flip(x, axis), axis), axis)
        return turned
    last = axis == x.ndim - 1
    return bind(_argsort, x) if last else swapaxes(bind(_argsort, swapaxes(x, axis, -1)), axis, -1)


@public(
    case((2, 3, 4)),
    case((2, 3, 4), axis=1, descending=True),
    reference=lambda x, axis=-1, descending=False: np.flip(np.sort(x, axis), axis) if descending else np.sort(x, axis),
)
def sort(x: Any, axis: int = -1, descending: bool = False) -> Tensor:
    """The elements sorted along `axis`, the smallest first, as in NumPy; NaN comes last. Gradient: g, back in place.

    Unlike in PyTorch, where they stood is not given with them: `argsort` tells.

    >>> sort([3, 1, 2]), sort([3, 1, 2], descending=True)
    (tensor([1, 2, 3]), tensor([3, 2, 1]))
    """
    x = promote(x)[0]
    order = argsort(x.detach(), axis, descending)
    return take_along_axis(x, order, axis) if x.ndim else x


def _sorted_parts(start: int, stop: int, largest: bool = False) -> Any:
    """NumPy's elements from one place of the sorted ones to another, and where they stand."""

    def parts(x: Any, axis: int) -> Any:
        order = np.argsort(0.0 - x if largest else x, axis, kind="stable").take(range(start, stop), axis)
        return np.take_along_axis(x, order, axis), order

    return parts


@public(
    case((2, 3, 4), args=(2,)),
    case((3, 4), args=(2,), axis=0, largest=False),
    reference=lambda x, k, axis=-1, largest=True: _sorted_parts(0, k, largest)(x, axis),
)
def topk(x: Any, k: int, axis: int = -1, largest: bool = True, sorted: bool = True) -> Extremes:
    """The k largest elements along `axis`, the largest first, and where they stand; or the smallest.

    They are always `sorted`.

    Gradient: g to those elements. NaN is the largest of all numbers.

    >>> topk([3, 9, 5], 2)
    Extremes(values=tensor([9, 5]), indices=tensor([1, 2]))
    """
    x = promote(x)[0]
    axis = normalize_axis("topk", axis, x.ndim or 1)
    length = x.shape[axis] if x.ndim else 1
    if not 0 <= k <= length:
        raise ArgumentError(f"topk: k is from 0 to the length {length} of axis {axis}, got {k}")
    if not x.ndim:
        values, indices = topk(x.reshape(1), k, 0, largest)
        return Extremes(*(v.reshape(()) if k else v for v in (values, indices)))
    indices = cut(argsort(x.detach(), axis, largest), axis, 0, k)
    return Extremes(take_along_axis(x, indices, axis), indices)


@public(
    case((2, 3, 4), args=(2,)),
    case((3, 4), args=(3,), axis=0, keepdims=True),
    reference=lambda x, k, axis=-1, keepdims=False: [
        p if keepdims else p.squeeze(axis) for p in _sorted_parts(k - 1, k)(x, axis)
    ],
)
def kthvalue(x: Any, k: int, axis: int = -1, keepdims: bool = False) -> Extremes:
    """The k-th smallest element along `axis`, counted from 1, and where it stands. Gradient: g to that element.

    >>> kthvalue([3, 9, 5], 2).values
    tensor(5)
    """
    x = promote(x)[0]
    axis = normalize_axis("kthvalue", axis, x.ndim or 1)
    length = x.shape[axis] if x.ndim else 1
    if not 1 <= k <= length:
        raise ArgumentError(f"kthvalue: k is from 1 to the length {length} of axis {axis}, got {k}")
    if not x.ndim:
        return Extremes(x, argsort(x))
    indices = cut(argsort(x.detach(), axis), axis, k - 1, k)
    found = (take_along_axis(x, indices, axis), indices)
    return Extremes(*(found if keepdims else (v.squeeze(axis) for v in found)))
