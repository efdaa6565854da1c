"""The namespace of the Python array API standard, 2024.12, for code that takes arrays of any library.

`x.__array_namespace__()` gives it. Its functions are gradus' own, with the standard's arguments where those differ, and
its arrays are tensors, whose gradients are recorded. There are no complex numbers.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from . import dtypes, ops
from . import linalg as linalg
from .dtypes import float32, float64, int32, int64, uint8, uint32, uint64
from .errors import ArgumentError, DtypeError
from .interchange.dlpack import from_dlpack as from_dlpack
from .ops import *  # noqa: F403
from .ops.core.primitive import broadcast_shapes as _shapes
from .tensor import Tensor, as_tensor, tensor

__array_api_version__ = "2024.12"
bool = dtypes.bool_
int8, int16, uint16 = (np.dtype(name) for name in ("int8", "int16", "uint16"))
e, inf, nan, newaxis, pi = math.e, math.inf, math.nan, None, math.pi
_KINDS = {
    "bool": (bool,),
    "signed integer": (int8, int16, int32, int64),
    "unsigned integer": (uint8, uint16, uint32, uint64),
    "real floating": (float32, float64),
    "complex floating": (),
}
_KINDS["integral"] = _KINDS["signed integer"] + _KINDS["unsigned integer"]
_KINDS["numeric"] = _KINDS["integral"] + _KINDS["real floating"]


# -- what there is -----------------------------------------------------------------------------------------------------


def _on_cpu(device: Any) -> None:
    if device not in (None, "cpu"):
        raise ArgumentError(f"there is one device, 'cpu', got {device!r}")


class _Info:
    """What the namespace can do."""

    def capabilities(self) -> dict[str, Any]:
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": None}

    def default_device(self) -> str:
        return "cpu"

    def devices(self) -> list[str]:
        return ["cpu"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        _on_cpu(device)
        return {"real floating": float32, "complex floating": None, "integral": int64, "indexing": int64}

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        _on_cpu(device)
        kinds = ("bool", "numeric") if kind is None else (kind,) if isinstance(kind, str) else kind
        return {d.name: d for k in kinds for d in _KINDS[k]}


def __array_namespace_info__() -> _Info:  # noqa: N807 - the standard's name
    return _Info()


# -- making ------------------------------------------------------------------------------------------------------------


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Tensor:
    """The same numbers as a tensor; of a tensor, with `copy` another, and without it itself if it can be."""
    _on_cpu(device)
    if isinstance(obj, Tensor):
        changed = obj if dtype is None or dtype == obj.dtype else obj.astype(dtype)
        if copy is False and changed is not obj:
            raise ArgumentError(f"asarray: {obj.dtype} becomes {dtype} by a copy only")
        return ops.copy(changed) if copy and changed is obj else changed
    if copy is False and not isinstance(obj, np.ndarray):
        raise ArgumentError(f"asarray: a {type(obj).__name__} becomes a tensor by a copy only")
    if isinstance(obj, int) and dtype is None and not -(2**63) <= obj < 2**63:
        raise OverflowError(f"asarray: {obj} is no number of int64")
    return as_tensor(obj, dtype) if copy is False else tensor(obj, dtype)


def _made(function: Callable[..., Tensor], standard: Any = None) -> Callable[..., Tensor]:
    """A function that makes tensors, with the standard's options."""

    def make(*args: Any, dtype: Any = None, device: Any = None, **options: Any) -> Tensor:
        _on_cpu(device)
        wanted = {} if dtype is None else {"dtype": dtype}
        return function(*args, **wanted, **options)

    make.__name__, make.__doc__ = function.__name__, function.__doc__
    return make


zeros, ones, empty = _made(ops.zeros), _made(ops.ones), _made(ops.empty)
zeros_like, ones_like, empty_like = _made(ops.zeros_like), _made(ops.ones_like), _made(ops.empty_like)
arange = _made(ops.arange)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """One number everywhere."""
    _on_cpu(device)
    return ops.full(shape, fill_value, dtype)


def full_like(x: Tensor, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """One number everywhere, in x's shape."""
    _on_cpu(device)
    return ops.full_like(x, fill_value, dtype)


def eye(n: int, m: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones on a diagonal, k above the main one."""
    _on_cpu(device)
    columns = n if m is None else m
    return (ops.arange(n).reshape(n, 1) + k == ops.arange(columns)).astype(dtype or float32)


def linspace(
    start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: Any = None, endpoint: Any = True
) -> Tensor:
    """Numbers at equal distances."""
    _on_cpu(device)
    wanted = float32 if dtype is None else dtype
    return ops.linspace(start, stop, num if endpoint else num + 1, dtype=wanted)[:num]


# -- dtypes ------------------------------------------------------------------------------------------------------------


def astype(x: Tensor, dtype: Any, /, *, copy: Any = True, device: Any = None) -> Tensor:
    """The same numbers in another dtype."""
    _on_cpu(device)
    return ops.copy(x) if copy and x.dtype == dtype else x.astype(dtype)


def result_type(*things: Any) -> Any:
    """The dtype of a result made from these tensors, dtypes and Python numbers."""
    found = [t.dtype if isinstance(t, Tensor) else t for t in things if not isinstance(t, (int, float, complex))]
    if not found:
        raise ArgumentError("result_type: names no tensor and no dtype")
    dtype = found[0]
    for other in found[1:]:
        dtype = dtypes.promote(dtype, other)
    for number in things:
        if isinstance(number, (int, float)):
            dtype = dtypes.scalar_dtype(number, dtype)
    return dtype


def can_cast(from_: Any, to: Any, /) -> Any:
    """Whether every number of one dtype is one of another, as results are made."""
    dtype = from_.dtype if isinstance(from_, Tensor) else from_
    return dtypes.kind(dtype) == dtypes.kind(to) and dtypes.promote(dtype, to) == to


def isdtype(dtype: Any, kind: Any) -> Any:
    """Whether a dtype is of a kind, is another dtype, or one of several."""
    if isinstance(kind, tuple):
        return builtins.any(isdtype(dtype, k) for k in kind)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ArgumentError(f"isdtype: there is no kind {kind!r}. There are {', '.join(_KINDS)}.")
        return dtype in _KINDS[kind]
    return dtype == kind


class FInfo(NamedTuple):
    """The limits of a floating-point dtype."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: Any


class IInfo(NamedTuple):
    """The limits of a dtype of integers."""

    bits: int
    max: int
    min: int
    dtype: Any


def _dtype_of(thing: Any) -> Any:
    return thing.dtype if isinstance(thing, Tensor) else dtypes.as_dtype(thing)


def finfo(type: Any, /) -> FInfo:
    """The limits of a floating-point dtype."""
    dtype = _dtype_of(type)
    if not dtypes.is_float(dtype):
        raise DtypeError(f"finfo: {dtype} is not floating point. Use iinfo.")
    found = np.finfo(dtype)
    eps, most, least, normal = map(float, (found.eps, found.max, found.min, found.smallest_normal))
    return FInfo(found.bits, eps, most, least, normal, dtype)


def iinfo(type: Any, /) -> IInfo:
    """The limits of a dtype of integers."""
    dtype = _dtype_of(type)
    if dtypes.kind(dtype) != dtypes.INTEGER:
        raise DtypeError(f"iinfo: {dtype} is no dtype of integers. Use finfo.")
    found = np.iinfo(dtype)
    return IInfo(found.bits, int(found.max), int(found.min), dtype)


# -- functions with other arguments than gradus' -----------------------------------------------------------------------


def clip(x: Tensor, /, min: Any = None, max: Any = None) -> Tensor:
    """Numbers below `min` become it, above `max` that."""
    for bound in (min, max):
        if isinstance(bound, Tensor) and bound.ndim:
            x = x.broadcast_to(_shapes("clip", x.shape, bound.shape))
    return ops.clip(x, min, max).astype(x.dtype)


def _summed(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def summed(x: Tensor, /, *, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Tensor:
        wanted = dtype or (np.dtype("uint64") if x.dtype in _KINDS["unsigned integer"] else None)
        return function(x if wanted is None else x.astype(wanted), axis=axis, keepdims=keepdims)

    summed.__name__ = function.__name__
    summed.__doc__ = (function.__doc__ or "").partition(">>>")[0].rstrip()  # its example has lists
    return summed


sum, prod = _summed(ops.sum), _summed(ops.prod)


def var(x: Tensor, /, *, axis: Any = None, correction: Any = 0, keepdims: Any = False) -> Tensor:
    """The variance, divided by n - correction."""
    return ops.var(x, axis, keepdims, ddof=correction)


def std(x: Tensor, /, *, axis: Any = None, correction: Any = 0, keepdims: Any = False) -> Tensor:
    """The standard deviation, with n - correction."""
    return ops.std(x, axis, keepdims, ddof=correction)


def _running(function: Callable[..., Tensor], first: int) -> Callable[..., Tensor]:
    def running(x: Tensor, /, *, axis: Any = None, dtype: Any = None, include_initial: Any = False) -> Tensor:
        if axis is None and x.ndim != 1:
            raise ArgumentError(f"{function.__name__}: of shape {x.shape}, the axis is to be said")
        axis = -1 if axis is None else axis
        wanted = dtype or (np.dtype("uint64") if x.dtype in _KINDS["unsigned integer"] else None)
        found = function(x if wanted is None else x.astype(wanted), axis)
        if not include_initial:
            return found
        shape = tuple(1 if a == axis % x.ndim else n for a, n in enumerate(x.shape))
        return ops.concatenate([ops.full(shape, first, found.dtype), found], axis)

    running.__doc__ = function.__doc__
    return running


cumulative_sum, cumulative_prod = _running(ops.cumsum, 0), _running(ops.cumprod, 1)


def sort(x: Tensor, /, *, axis: int = -1, descending: Any = False, stable: Any = True) -> Tensor:
    """In order."""
    return ops.sort(x, axis, descending)


def argsort(x: Tensor, /, *, axis: int = -1, descending: Any = False, stable: Any = True) -> Tensor:
    """The places of the numbers in order."""
    return ops.argsort(x, axis, descending)


def searchsorted(x1: Tensor, x2: Any, /, *, side: str = "left", sorter: Tensor | None = None) -> Tensor:
    """Where numbers would stand among those in order."""
    return ops.searchsorted(x1 if sorter is None else ops.take(x1, sorter), x2, side=side)


def reshape(x: Tensor, /, shape: tuple[int, ...], *, copy: Any = None) -> Tensor:
    """In another shape."""
    return ops.copy(ops.reshape(x, shape)) if copy else ops.reshape(x, shape)


def tile(x: Tensor, repetitions: tuple[int, ...], /) -> Tensor:
    """Repeated along its axes."""
    return ops.tile(x, repetitions)


def repeat(x: Tensor, repeats: Any, /, *, axis: int | None = None) -> Tensor:
    """Each element several times."""
    return ops.repeat(x, repeats.tolist() if isinstance(repeats, Tensor) else repeats, axis)


def squeeze(x: Tensor, /, axis: Any) -> Tensor:
    """Without axes of length 1."""
    return ops.squeeze(x, axis)


def expand_dims(x: Tensor, /, *, axis: Any = 0) -> Tensor:
    """With a new axis."""
    return ops.expand_dims(x, axis)


def concat(arrays: Any, /, *, axis: int | None = 0) -> Tensor:
    """Joined along an axis; with None, as one row."""
    return ops.concatenate([a.reshape(-1) for a in arrays] if axis is None else arrays, axis or 0)


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which all are stretched."""
    return _shapes("broadcast_shapes", *shapes) if shapes else ()


def broadcast_arrays(*arrays: Tensor) -> list[Tensor]:
    """All stretched to one shape."""
    shape = broadcast_shapes(*(a.shape for a in arrays))
    return [a.broadcast_to(shape) for a in arrays]


def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The parts along an axis."""
    return tuple(ops.unstack(x, axis))


def meshgrid(*arrays: Tensor, indexing: str = "xy") -> list[Tensor]:
    """Grids of coordinates."""
    return list(ops.meshgrid(*arrays, indexing=indexing))


def matrix_transpose(x: Tensor, /) -> Tensor:
    """The last two axes exchanged."""
    return x.mT


def real(x: Tensor, /) -> Tensor:
    """The tensor itself: there are no complex numbers."""
    return x


conj = real


def imag(x: Tensor, /) -> Tensor:
    """Zeros: there are no complex numbers."""
    return ops.zeros_like(x)


def diff(x: Tensor, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Tensor:
    """Each number less the one before."""
    parts = [p for p in (prepend, x, append) if p is not None]
    return ops.diff(ops.concatenate(parts, axis) if len(parts) > 1 else x, n, axis)


def isin(x1: Any, x2: Any, /, *, invert: Any = False) -> Tensor:
    """Whether each of x1 is among x2."""
    found = ops.isin(x1, x2)
    return ~found if invert else found


class UniqueAll(NamedTuple):
    """The numbers, where each stands first, which each element is, and how often each is there."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """The numbers, and how often each is there."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """The numbers, and which of them each element is."""

    values: Tensor
    inverse_indices: Tensor


def unique_values(x: Tensor, /) -> Tensor:
    """The numbers that are there, each once."""
    return tensor(np.unique(x.numpy(), equal_nan=False))


def unique_all(x: Tensor, /) -> UniqueAll:
    """The numbers that are there, each once, and all about them."""
    values, places, which, counts = np.unique(x.numpy(), True, True, True, equal_nan=False)
    return UniqueAll(*map(tensor, (values, places, which.reshape(x.shape), counts)))


def unique_counts(x: Tensor, /) -> UniqueCounts:
    """The numbers that are there, and how often."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Tensor, /) -> UniqueInverse:
    """The numbers that are there, and which each element is."""
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)
