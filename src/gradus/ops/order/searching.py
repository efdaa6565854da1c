"""Where numbers would stand among sorted ones, and how often they occur."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import dtypes, interpret
from ...errors import ArgumentError, DtypeError, ShapeError, one_of
from ...tensor import Tensor, as_tensor
from ..core.primitive import case, cast, promote, public
from ..elementwise.arithmetic import minimum
from ..elementwise.choice import where
from ..elementwise.comparison import equal, not_equal
from ..making.create import full, iota, ones
from ..places.along import take_along_axis
from ..places.index import segment_sum
from ..shapes.movement import flip
from .finding import looked_at
from .sorting import sort

__all__ = ["bincount", "bucketize", "digitize", "histogram", "isin", "searchsorted"]


def _before(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether x1 comes before x2, NaN being the largest."""
    return (x1 < x2) | ((x2 != x2) & (x1 == x1)) if dtypes.is_float(x1.dtype) else x1 < x2


_LADDER = np.array([-1.5, -0.5, -0.5, 0.25, 1.0])


@public(
    case((2, 3), lead=(_LADDER,)),
    case((4,), lead=(_LADDER,), side="right"),
    methods=(),
    gives="int64",
)
def searchsorted(places: Any, x: Any, side: str = "left", right: bool = False, sorter: Any = None) -> Tensor:
    """Where x would stand among sorted numbers: how many are smaller; with side="right" or `right`, or equal.

    `places` (n,) are for all of x; or (..., n), for x (..., m) with the same leading axes. They are in order, or
    `sorter` says it, as argsort(places) does.

    >>> searchsorted([1, 3, 5], [0, 3, 4, 9])
    tensor([0, 1, 2, 3])
    """
    one_of("searchsorted", "side", side, ("left", "right"))
    sorted_, x = (v.detach() for v in promote(places, x))
    sorted_ = sorted_ if sorter is None else take_along_axis(sorted_, sorter, -1)
    if not sorted_.ndim or (sorted_.ndim > 1 and sorted_.shape[:-1] != x.shape[:-1]):
        raise ShapeError(f"searchsorted: numbers of shape {x.shape} have no places among those of {sorted_.shape}")
    shape, length = x.shape, sorted_.shape[-1]
    if sorted_.ndim == 1:
        x = x.reshape(-1)
    below, step = full(x.shape, 0, dtypes.int64), 1 << length.bit_length()
    while step > 1:
        step //= 2
        further = below + step
        probe = take_along_axis(sorted_, minimum(further, length) - 1, -1)
        smaller = ~_before(x, probe) if right or side == "right" else _before(probe, x)
        below = where((further <= length) & smaller, further, below)
    return below.reshape(shape)


@public(
    case((2, 3), args=(_LADDER[1:],)),
    case((4,), args=(_LADDER[1:],), right=True),
    reference=lambda x, bounds, right=False: np.searchsorted(bounds, x, "right" if right else "left"),
    gives="int64",
)
def bucketize(x: Any, bounds: Any, right: bool = False) -> Tensor:
    """In which of the intervals between sorted bounds x lies, PyTorch's: i where bounds[i - 1] < x <= bounds[i].

    With `right`, where bounds[i - 1] <= x < bounds[i]; NumPy's `digitize` has it the other way round.

    >>> bucketize([1, 3, 4], [1, 3])
    tensor([0, 1, 2])
    """
    return searchsorted(bounds, x, right=right)


@public(case((2, 3), args=(_LADDER,)), case((4,), args=(_LADDER[::-1],), right=True), methods=(), gives="int64")
def digitize(x: Any, bins: Any, right: bool = False) -> Tensor:
    """In which of the intervals between edges x lies, NumPy's: i where bins[i - 1] <= x < bins[i].

    With `right`, where bins[i - 1] < x <= bins[i]. The edges may fall.

    >>> digitize([1, 3, 4], [1, 3])
    tensor([1, 2, 2])
    """
    edges = as_tensor(bins)
    if edges.ndim != 1:
        raise ShapeError(f"digitize: the edges have one axis, got shape {edges.shape}")
    falls = edges[:1] > edges[-1:]  # of no edges nothing
    found = searchsorted(where(falls, flip(edges, 0), edges), x, right=not right)
    return where(falls, edges.shape[0] - found, found) if edges.size else found


@public(
    case((9,), domain=(0, 5), dtype="int64", minlength=3),
    case((9,), domain=(0, 5), dtype="int64", length=8),
    reference=lambda x, minlength=0, length=None: np.bincount(x, minlength=length or minlength),
    methods=("bincount",),
    gives="int64",
    refuses=("bool", "float"),
)
def bincount(x: Any, weights: Any = None, minlength: int = 0, length: int | None = None) -> Tensor:
    """How often each of the integers 0, 1, 2 ... occurs in x (n,), or the sum of its weights (n,).

    They are counted up to the largest one, and at least `minlength`; or to `length` - 1, which is for compiled
    functions, where nothing may depend on the largest. Gradient: to the weights, g of their numbers.

    >>> bincount([0, 2, 2])
    tensor([1, 0, 2])
    """
    x = promote(x)[0]
    if dtypes.kind(x.dtype) != dtypes.INTEGER:
        raise DtypeError(f"bincount: needs integers, got {x.dtype}. Use astype(int).")
    if x.ndim != 1:
        raise ShapeError(f"bincount: needs one axis, got shape {x.shape}", "Use ravel() first.")
    if length is None:
        why = "how many numbers there are depends on the largest; length= says it beforehand"
        found = looked_at("bincount", x, why)
        if found.size and found.min() < 0:
            raise ArgumentError(f"bincount: counts numbers of 0 or more, got {found.min()}")
        length = max(int(found.max()) + 1 if found.size else 0, minlength)
    else:
        if minlength:
            raise ArgumentError("bincount: give minlength or length, which says how many there are")

        def explain(found: np.ndarray) -> None:
            wrong = found[(found < 0) | (found >= length)]
            if wrong.size:
                raise ArgumentError(f"bincount: with length={length} counts 0 to {length - 1}, got {wrong[0]}")

        interpret.current.get().check(x, interpret.Outside(0, length - 1), explain)
    if weights is None:
        weights = ones(x.shape, dtypes.int64)
    else:
        weights = promote(weights)[0]
        weights = weights if dtypes.is_float(weights.dtype) else cast(weights, dtypes.float64)
    if weights.shape != x.shape:
        raise ShapeError(f"bincount: weights of shape {weights.shape} are not those of numbers of shape {x.shape}")
    return segment_sum(weights, x, length)


class Histogram(NamedTuple):
    """How many numbers are in each bin, and the bins' edges, one more."""

    counts: Tensor
    edges: Tensor


@public(
    case((20,), args=(4,)),
    case((20,), args=(4, (-1.0, 1.5))),
    case((20,), args=([-1.0, 0.0, 0.25],)),
    reference=lambda x, bins=10, range=None: np.histogram(x, bins, range),
    methods=(),
    gives="int64",
)
def histogram(
    x: Any,
    bins: int | Sequence[float] = 10,
    range: tuple[float, float] | None = None,
    density: bool = False,
    weights: Any = None,
) -> Histogram:
    """How many numbers lie in each bin, and its edges: bins of one width from the smallest to the largest, or as given.

    An edge belongs to the bin on its right, the last one to the last bin; what lies outside is not counted. With
    `weights`, their sums; with `density`, the share of all for each unit of the axis.

    >>> histogram([1, 2, 2, 4], 3).counts
    tensor([1, 2, 1])
    """
    x = promote(x)[0].detach().reshape(-1)
    x = x if dtypes.is_float(x.dtype) else cast(x, dtypes.float64)
    wide = cast(x, dtypes.accumulator(x.dtype))
    if isinstance(bins, (int, np.integer)):
        edges = _edges(wide, int(bins), range)
    else:
        if not isinstance(bins, Tensor) and any(b < a for a, b in itertools.pairwise(bins)):
            raise ArgumentError(f"histogram: edges rise, got {bins}")
        edges = cast(as_tensor(bins), wide.dtype)
    count = edges.shape[0] - 1
    if count < 1:
        raise ArgumentError(f"histogram: needs one bin or more, got {bins}")
    amounts = None if weights is None else promote(weights)[0].reshape(-1)
    if amounts is not None and amounts.shape != x.shape:
        raise ShapeError(f"histogram: weights of shape {amounts.shape} are not those of {x.shape[0]} numbers")
    inside = (wide >= edges[0]) & (wide <= edges[-1])
    place = searchsorted(edges, wide, "right") - 1
    amounts = cast(inside, dtypes.int64) if amounts is None else where(inside, amounts, 0)
    counts = segment_sum(amounts, place.clip(0, count - 1), count)
    return Histogram(counts / (counts.sum() * (edges[1:] - edges[:-1])) if density else counts, edges)


def _edges(x: Tensor, bins: int, range: tuple[float, float] | None) -> Tensor:
    if bins < 1:
        raise ArgumentError(f"histogram: needs one bin or more, got {bins}")
    if range is not None:
        if not -math.inf < range[0] <= range[1] < math.inf:
            raise ArgumentError(f"histogram: range is (lowest, highest), finite, got {range}")
        low, high = (full((), float(end), x.dtype) for end in range)
    else:
        low, high = (x.min(), x.max()) if x.size else (full((), 0.0, x.dtype), full((), 1.0, x.dtype))
    alike = low == high
    low, high = where(alike, low - 0.5, low), where(alike, high + 0.5, high)
    steps = iota(bins + 1, x.dtype)
    return where(steps == bins, high, low + steps * ((high - low) / bins))


@public(case((3, 4), domain=(0, 6), dtype="int64", args=([1, 4],)), methods=("isin",), gives="bool")
def isin(x: Any, values: Any, *, invert: bool = False) -> Tensor:
    """Whether each number is one of some values; with `invert`, whether it is none.

    >>> isin([1, 2, 3], [3, 1])
    tensor([ True, False,  True])
    """
    wanted, values = promote(x, values)
    if not values.size:
        return full(wanted.shape, invert)
    known = sort(values.detach().reshape(-1))
    place = minimum(searchsorted(known, wanted), values.size - 1)
    compare = not_equal if invert else equal
    return compare(wanted, take_along_axis(known, place.reshape(-1), 0).reshape(wanted.shape))
