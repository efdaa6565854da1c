"""Elements along an axis, or where a mask is true, read, replaced and added to, as new tensors: PyTorch's functions.

Each is an index of all axes: `x[key]`, or x with a value at the places of such a key. They take their arguments in
PyTorch's order, `axis` before `index`; NumPy's `take_along_axis` and `put_along_axis` in NumPy's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ... import dtypes
from ..._methods import method
from ...errors import ArgumentError, DtypeError, ShapeError
from ...tensor import Tensor, as_tensor
from ..core.primitive import bind, broadcast, broadcast_shapes, case, cast, normalize_axis, promote, public
from ..elementwise.arithmetic import add
from ..elementwise.choice import where
from ..making.create import iota
from ..shapes.movement import reshape
from ..shapes.slicing import cut
from .index import _scatter_add, along, as_places, getitem, require_places, take
from .put import as_value, assigned, masked, setitem

__all__ = [
    "gather",
    "index_add",
    "index_copy",
    "index_fill",
    "index_select",
    "masked_fill",
    "masked_scatter",
    "masked_select",
    "put_along_axis",
    "scatter",
    "scatter_add",
    "take_along_axis",
]

F = TypeVar("F", bound=Callable[..., Tensor])

# -- a place for each element ------------------------------------------------------------------------------------------


def with_axis(x: Any) -> Any:
    """What has no axes, with one; but for Python's numbers."""
    return x.reshape(1) if isinstance(x, (Tensor, np.ndarray)) and not x.shape else x


def _of_one(function: F) -> F:
    """The function, in which a tensor without axes, and what goes with it, has one of length 1 in the meantime."""
    slices = function.__name__.startswith("index_")

    @functools.wraps(function)
    def along_one(x: Any, axis: int, index: Any, *args: Any, **options: Any) -> Tensor:
        x, places = promote(x)[0], as_places(index)
        if x.ndim and (slices or places.ndim):
            return function(x, axis, places, *args, **options)
        given = {name: with_axis(value) for name, value in options.items()}
        found = function(with_axis(x), axis, with_axis(places), *map(with_axis, args), **given)
        return found.reshape(places.shape if function.__name__ == "gather" else x.shape)

    return along_one  # type: ignore[return-value]


def key_along(name: str, x: Tensor, axis: int, index: Any) -> tuple[Tensor, ...]:
    """The places of an index along an axis, whose other axes run along with x's: as one array for each axis of x."""
    places = as_places(index)
    axis = normalize_axis(name, axis, x.ndim)
    beyond = [a for a in range(x.ndim) if a != axis and a < places.ndim and places.shape[a] > x.shape[a]]
    if places.ndim != x.ndim or beyond:
        raise ShapeError(
            f"{name}: the index has shape {places.shape}, the tensor {x.shape}",
            f"They have equally many axes, and the index is no longer than the tensor but in axis {axis}.",
        )
    running = [iota(n).reshape(*(n if a == b else 1 for b in range(x.ndim))) for a, n in enumerate(places.shape)]
    return tuple(places if a == axis else r for a, r in enumerate(running))


def _stretched(name: str, x: Tensor, indices: Any, axis: int) -> tuple[Tensor, Tensor]:
    """As in NumPy, x and an index of its places with all axes, but for that one, stretched to the longer one's."""
    places = as_tensor(indices)
    at = normalize_axis(name, axis, x.ndim)
    if places.ndim != x.ndim:
        raise ShapeError(f"{name}: the indices have {places.ndim} axes, the tensor {x.ndim}", "They need as many.")
    others = [x.shape[:at] + x.shape[at + 1 :], places.shape[:at] + places.shape[at + 1 :]]
    whole = broadcast_shapes(name, *others) if x.ndim > 1 else ()
    stretched = (v.broadcast_to((*whole[:at], v.shape[at], *whole[at:])) for v in (x, places))
    return next(stretched), next(stretched)


_FLAGS = np.array([[True, False, True], [False, True, True], [True, True, False]])  # values of any dtype
_WIDE = np.array([[2, 0, 1], [0, 0, 3]])


@public(
    case((3, 4), args=(1, _WIDE)),
    case((3, 4), args=(0, np.array([[2, 0], [0, 0], [1, 1], [0, 2]]))),
    reference=lambda x, axis, index: np.take_along_axis(
        x[tuple(slice(None if a == axis else n) for a, n in enumerate(index.shape))], index, axis
    ),
)
@_of_one
def gather(x: Any, axis: int, index: Any) -> Tensor:
    """At each place of the index, the element of x that it names along the axis, at the same place in all other axes.

    y[i, j] = x[i, index[i, j]] for axis 1. Gradient: g, added where it was taken from.

    >>> gather([[1, 2], [3, 4]], 1, [[0, 0], [1, 0]])
    tensor([[1, 1],
            [4, 3]])
    """
    places = as_places(index)
    if not places.size:  # which PyTorch lets have any shape
        return reshape(cut(reshape(x, -1), 0, 0, 0), places.shape)
    return getitem(x, key_along("gather", x, axis, places))


@public(
    case((3, 4), args=(np.array([[2, 0, -1]]),), axis=1),
    case((3, 4), args=(np.array([[2, 0, 1, 1], [0, 0, 2, -3]]),), axis=0),
    case((2, 3), args=(np.array([5, 0]), None)),
)
def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Tensor:
    """NumPy's: as `gather`, with the indices stretched along the other axes; with axis None, in x as one row.

    >>> take_along_axis([[5, 9], [7, 6]], [[1], [0]], axis=1)
    tensor([[9],
            [7]])
    """
    x = promote(x)[0]
    if axis is None:
        x, axis = x.reshape(-1), 0
    x, places = _stretched("take_along_axis", x, indices, axis)
    return getitem(x, key_along("take_along_axis", x, axis, places))


@method("put_along_axis")
def put_along_axis(x: Tensor, indices: Any, values: Any, axis: int | None) -> None:
    """NumPy's, which writes into x: values at the places that `take_along_axis` reads. As `x[key] = value`.

    >>> import gradus
    >>> x = gradus.tensor([[10, 30, 20]])
    >>> put_along_axis(x, x.argmax(axis=1, keepdims=True), 99, axis=1)
    >>> x
    tensor([[10, 99, 20]])
    """
    if not isinstance(x, Tensor):
        raise ArgumentError(f"put_along_axis writes into a tensor, got a {type(x).__name__}")
    flat = x.reshape(-1) if axis is None else x
    at = 0 if axis is None else axis
    whole, places = _stretched("put_along_axis", flat, indices, at)
    if whole.shape != flat.shape:
        raise ShapeError(f"put_along_axis: indices of shape {places.shape} do not fit a tensor of shape {flat.shape}")
    setitem(flat, key_along("put_along_axis", flat, at, places), values)


def source_along(name: str, x: Tensor, key: tuple[Tensor, ...], axis: int, values: Any) -> Tensor:
    """The values for the places of an index: its shape's front part of a larger tensor, or one number."""
    shape = key[normalize_axis(name, axis, x.ndim)].shape
    found = as_value(x, values)
    if not found.ndim:
        return found.broadcast_to(shape)
    if found.ndim != x.ndim or any(n < m for n, m in zip(found.shape, shape, strict=True)):
        raise ShapeError(
            f"{name}: the values have shape {found.shape}, the index {shape}", "There is one for each place, or more."
        )
    return getitem(found, tuple(slice(n) for n in shape))


def _scattered(x: np.ndarray, axis: int, index: np.ndarray, values: Any) -> np.ndarray:
    y = x.copy()
    np.put_along_axis(y, index, np.asarray(values)[: index.shape[0], : index.shape[1]], axis)
    return y


@public(
    case((3, 4), args=(1, np.array([[2, 0], [0, 1], [3, 1]]), _FLAGS)), reference=_scattered
)
@_of_one
def scatter(x: Any, axis: int, index: Any, values: Any) -> Tensor:
    """x with values at the places that an index names along an axis: y[i, index[i, j]] = values[i, j] for axis 1.

    Of equal places the last counts, in its gradient, too. The values are a number, or a tensor that is not smaller
    than the index.

    >>> scatter([[0, 0, 0]], 1, [[2, 0]], [[7, 8]])
    tensor([[8, 0, 7]])
    """
    x = promote(x)[0]
    key = key_along("scatter", x, axis, index)
    return assigned(x, key, source_along("scatter", x, key, axis, values))


def _added(x: np.ndarray, axis: int, index: np.ndarray, values: Any) -> np.ndarray:
    y = x.copy()
    rows, columns = np.indices(index.shape)
    np.add.at(y, (rows, index) if axis else (index, columns), values[: index.shape[0], : index.shape[1]])
    return y


@public(
    case((3, 4), args=(1, np.array([[2, 2], [0, 1], [3, 1]]), _FLAGS)),
    case((3, 4), args=(0, np.array([[2, 2], [2, 1]]), _FLAGS)),
    reference=_added,
)
@_of_one
def scatter_add(x: Any, axis: int, index: Any, values: Any) -> Tensor:
    """x with values added at the places that an index names along an axis; equal places get the sum.

    PyTorch's. To add up into a new tensor by numbers of groups, `segment_sum`.

    >>> scatter_add([[0, 0, 10]], 1, [[2, 0, 2]], [[7, 8, 9]])
    tensor([[ 8,  0, 26]])
    """
    if not isinstance(axis, (int, np.integer)):
        raise ArgumentError(
            "scatter_add(x, axis, index, values) is PyTorch's. To add the elements of x at places of a new tensor "
            "write segment_sum(x, indices, length)."
        )
    x = promote(x)[0]
    key = key_along("scatter_add", x, axis, index)
    return add(x, _sums(x, key, source_along("scatter_add", x, key, axis, values)))


def _sums(x: Tensor, key: tuple[Tensor, ...], values: Tensor) -> Tensor:
    """Zeros of x's shape, with values added at the places of a key of all axes."""
    a = along(x.shape, list(enumerate(key)), in_front=False)
    return bind(_scatter_add, values, a.place, axis=0, length=x.size).reshape(x.shape)


# -- whole slices along an axis ----------------------------------------------------------------------------------------


def _slices(name: str, x: Any, axis: int, index: Any) -> tuple[Tensor, int, Tensor]:
    x, places = promote(x)[0], as_places(index)
    axis = normalize_axis(name, axis, x.ndim)
    if places.ndim > 1:
        raise ShapeError(f"{name}: the index is one row of places, got shape {places.shape}")
    places = places.reshape(-1)
    require_places(places, axis, x.shape[axis])
    return x, axis, places


@public(
    case((3, 4), args=(1, np.array([2, 0, 2]))), reference=lambda x, axis, index: np.take(x, index, axis)
)
@_of_one
def index_select(x: Any, axis: int, index: Any) -> Tensor:
    """The slices of x that an index names along an axis: `take` with PyTorch's order of arguments.

    >>> index_select([[1, 2, 3]], 1, [2, 0])
    tensor([[3, 1]])
    """
    x, axis, places = _slices("index_select", x, axis, index)
    return take(x, places, axis)


def _with_slices(x: np.ndarray, axis: int, index: np.ndarray, value: Any) -> np.ndarray:
    y = x.copy()
    y[(slice(None),) * axis + (index,)] = value
    return y


@public(case((3, 4), args=(1, np.array([2, 0]), True)), reference=_with_slices)
@_of_one
def index_fill(x: Any, axis: int, index: Any, value: float) -> Tensor:
    """x with one number in the slices that an index names along an axis.

    >>> index_fill([[1, 2, 3]], 1, [2, 0], 9)
    tensor([[9, 2, 9]])
    """
    x, axis, places = _slices("index_fill", x, axis, index)
    found = as_value(x, value)
    if found.size != 1:
        raise ShapeError(f"index_fill: the value is one number, got shape {found.shape}", "Use index_copy().")
    return assigned(x, (*(slice(None),) * axis, places), found.reshape(()))


@public(case((3, 4), args=(1, np.array([2, 0]), _FLAGS[:, :2])), reference=_with_slices)
@_of_one
def index_copy(x: Any, axis: int, index: Any, source: Any) -> Tensor:
    """x with the slices of `source` in place of those that an index names along an axis.

    >>> index_copy([[1, 2, 3]], 1, [2, 0], [[8, 9]])
    tensor([[9, 2, 8]])
    """
    x, axis, places = _slices("index_copy", x, axis, index)
    value = _fitting("index_copy", x, axis, places, source)
    return assigned(x, (*(slice(None),) * axis, places), value)


def _fitting(name: str, x: Tensor, axis: int, places: Tensor, source: Any) -> Tensor:
    found, shape = as_value(x, source), (*x.shape[:axis], places.size, *x.shape[axis + 1 :])
    if found.shape != shape:
        raise ShapeError(f"{name}: the source has shape {found.shape}, the slices {shape}")
    return found


def _with_more(x: np.ndarray, axis: int, index: np.ndarray, source: Any, alpha: float = 1) -> np.ndarray:
    y = x.copy()
    np.add.at(y.swapaxes(0, axis), index, alpha * source.swapaxes(0, axis))
    return y


@public(case((3, 4), args=(1, np.array([2, 0, 2]), _FLAGS), alpha=2), reference=_with_more)
@_of_one
def index_add(x: Any, axis: int, index: Any, source: Any, alpha: float = 1) -> Tensor:
    """x with the slices of `source`, times alpha, added to those that an index names along an axis.

    >>> index_add([[1, 2, 3]], 1, [2, 0, 2], [[10, 20, 30]])
    tensor([[21,  2, 43]])
    """
    x, axis, places = _slices("index_add", x, axis, index)
    found = _fitting("index_add", x, axis, places, source)
    sums = bind(_scatter_add, found, places, axis=axis, length=x.shape[axis])
    return add(x, sums if alpha == 1 else cast(sums * alpha, x.dtype))


# -- where a mask is true ----------------------------------------------------------------------------------------------

_MASK = np.array([[True, False, True], [False, False, True]])


@public(
    case((2, 3), args=(_MASK, True)),
    case((2, 3), args=(_MASK[0], False)),
    reference=lambda x, mask, value: np.where(mask, value, x),
)
def masked_fill(x: Any, mask: Any, value: Any) -> Tensor:
    """x with one number where a mask is true: where(mask, value, x), of x's type.

    >>> masked_fill([1.0, 2.0], [True, False], 0)
    tensor([0., 2.])
    """
    x = promote(x)[0]
    found = as_value(x, value)
    if found.size != 1:
        raise ShapeError(f"masked_fill: the value is one number, got shape {found.shape}", "Use where().")
    return where(_flags("masked_fill", mask), found.reshape(()), x)


def _flags(name: str, mask: Any) -> Tensor:
    flags = as_tensor(mask)
    if flags.dtype != dtypes.bool_:
        raise DtypeError(f"{name}: a mask holds booleans, got {flags.dtype}. Use mask != 0.")
    return flags


@public(case((2, 3), args=(_MASK,)), reference=lambda x, mask: x[mask])
def masked_select(x: Any, mask: Any) -> Tensor:
    """The elements of x where a mask is true, in one row. Not in a compiled function: how many there are is a value.

    >>> masked_select([1, 2, 3], [True, False, True])
    tensor([1, 3])
    """
    x, chosen = broadcast("masked_select", promote(x)[0], _flags("masked_select", mask))
    return getitem(with_axis(x), with_axis(chosen))


@public(
    case((2, 3), args=(_MASK, _FLAGS[0])),
    reference=lambda x, mask, source: _with_slices(x, 0, mask, source.ravel()[: mask.sum()]),
)
def masked_scatter(x: Any, mask: Any, source: Any) -> Tensor:
    """x with the elements of `source`, one after the other, where a mask is true.

    >>> masked_scatter([1, 2, 3], [True, False, True], [8, 9])
    tensor([8, 2, 9])
    """
    x, chosen = broadcast("masked_scatter", promote(x)[0], _flags("masked_scatter", mask))
    return masked(x, chosen, as_value(x, source).reshape(-1), more=True)
