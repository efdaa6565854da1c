"""Numbers below which there is a given part of all."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ... import dtypes, interpret
from ...errors import ArgumentError, ShapeError, one_of
from ...interpret import Outside
from ...tensor import Tensor, as_tensor
from ..core.primitive import case, cast, normalize_axes, promote, public
from ..core.wide import in_float32, integers_in_float64
from ..elementwise.choice import where
from ..places.along import take_along_axis
from ..reductions.reduce import Axis, kept, sum
from ..reductions.truths import all as every
from ..shapes.axes import moveaxis
from .sorting import sort

__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]

METHODS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {  # how far from one number to the next, of a place between
    "linear": lambda place, low: place - low,
    "lower": lambda place, low: place.full_like(0),
    "higher": lambda place, low: (place - low).ceil(),
    "nearest": lambda place, low: place.round() - low,
    "midpoint": lambda place, low: (place - low).ceil() * 0.5,
}


def _quantiles(name: str, x: Any, q: Any, axis: Axis, keepdims: bool, method: str, skip_nan: bool) -> Tensor:
    """Sorted, and read between two places; NaN comes last, and is one itself unless it is skipped."""
    one_of(name, "method", method, METHODS)
    x = promote(x, floats=True)[0]
    axes = normalize_axes(name, axis, x.ndim)
    others = [a for a in range(x.ndim) if a not in axes]
    lead = tuple(x.shape[a] for a in others)
    terms = math.prod(x.shape[a] for a in axes)
    if not terms:
        raise ShapeError(f"{name}: of no elements (axis {axis} of shape {x.shape}) there is none in between")
    flat = x.permute(*others, *axes).reshape((*lead, terms))
    rows = sort(flat)
    parts = cast(q, dtypes.float64) if isinstance(q, Tensor) else as_tensor(q, dtypes.float64)
    interpret.current.get().check(parts, Outside(0, 1), lambda found: _refuse(name, found))
    finite = rows == rows
    count = sum(finite, -1, keepdims=True) if skip_nan else terms
    place = (count - 1) * parts.reshape(-1)  # one axis more than `lead`, of the parts
    place = place.broadcast_to((*rows.shape[:-1], parts.size)).clip(0.0, None)
    low = place.floor()
    way = cast(METHODS[method](place, low), x.dtype)
    first, second = (take_along_axis(rows, cast(p, dtypes.int64), -1) for p in (low, place.ceil()))
    found = where(first == second, first, first + way * (second - first))
    found = found if skip_nan else where(every(finite, -1, keepdims=True), found, math.nan)
    found = moveaxis(found, -1, 0)
    return found.reshape((*parts.shape, *(kept(x.shape, axes) if keepdims else lead)))


def _refuse(name: str, found: Any) -> None:
    raise ArgumentError(f"{name}: a part of all is from 0 to 1, got {found.tolist()}")


@public(
    case((2, 3, 4), args=(0.3,)),
    case((2, 3, 4), args=([0.0, 0.4, 1.0],), axis=1),
    case((3, 4), args=(0.3,), axis=(0, 1), keepdims=True, method="lower"),
    case((3, 4), args=(0.3,), axis=0, method="midpoint"),
    case((3, 4), args=(0.3,), axis=0, method="nearest"),
    gives="float",
)
@in_float32
@integers_in_float64
def quantile(x: Any, q: Any, axis: Axis = None, keepdims: bool = False, method: str = "linear") -> Tensor:
    """The number below which there is the part q (from 0 to 1) of all along `axis`; NaN if there is one.

    Between two numbers it goes as far as `method` says: "linear", "lower", "higher", "midpoint" or "nearest". The axes
    of q come first. Gradient: that of the two numbers.

    >>> quantile([1.0, 2.0, 4.0], [0.5, 0.75])
    tensor([2., 3.])
    """
    return _quantiles("quantile", x, q, axis, keepdims, method, skip_nan=False)


@public(
    case((2, 3, 4), args=(0.3,)),
    case((2, 3, 4), args=([0.0, 0.4, 1.0],), axis=1),
    gives="float",
)
@in_float32
@integers_in_float64
def nanquantile(x: Any, q: Any, axis: Axis = None, keepdims: bool = False, method: str = "linear") -> Tensor:
    """The same of all that is no NaN.

    >>> nanquantile([1.0, math.nan, 3.0], 0.5)
    tensor(2.)
    """
    return _quantiles("nanquantile", x, q, axis, keepdims, method, skip_nan=True)


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True), gives="float")
@in_float32
@integers_in_float64
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The number in the middle; of an even count the mean of two, as in NumPy, unlike in PyTorch. NaN if there is one.

    >>> median([1.0, 2.0, 9.0, 4.0])
    tensor(3.)
    """
    return _quantiles("median", x, 0.5, axis, keepdims, "midpoint", skip_nan=False)


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), gives="float")
@in_float32
@integers_in_float64
def nanmedian(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The median of all that is no NaN.

    >>> nanmedian([1.0, math.nan, 3.0])
    tensor(2.)
    """
    return _quantiles("nanmedian", x, 0.5, axis, keepdims, "midpoint", skip_nan=True)


@public(case((2, 3, 4), args=(30,)), case((2, 3, 4), args=([0.0, 40.0, 100.0],), axis=1), gives="float")
def percentile(x: Any, q: Any, axis: Axis = None, keepdims: bool = False, method: str = "linear") -> Tensor:
    """The number below which there are q per cent of all along `axis`: quantile(x, q / 100).

    >>> percentile([1.0, 2.0, 4.0], 50)
    tensor(2.)
    """
    return quantile(x, _hundredths(q), axis, keepdims, method)


@public(case((2, 3, 4), args=(30,)), case((2, 3, 4), args=([0.0, 40.0, 100.0],), axis=1), gives="float")
def nanpercentile(x: Any, q: Any, axis: Axis = None, keepdims: bool = False, method: str = "linear") -> Tensor:
    """The same of all that is no NaN.

    >>> nanpercentile([1.0, math.nan, 3.0], 50)
    tensor(2.)
    """
    return nanquantile(x, _hundredths(q), axis, keepdims, method)


def _hundredths(q: Any) -> Tensor:
    return (cast(q, dtypes.float64) if isinstance(q, Tensor) else as_tensor(q, dtypes.float64)) / 100
