"""A tensor with more around it, or less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import ShapeError, one_of
from ...tensor import Tensor
from ..core.primitive import bind, case, promote, public, require_in_range
from ..core.whole import require_whole
from .movement import broadcast_to, flip
from .slicing import concatenate, cut, pad_p

__all__ = ["pad"]

MODES = {"edge": "replicate", "wrap": "circular"} | {
    name: name for name in ("constant", "reflect", "symmetric", "replicate", "circular")
}


def _reference(x: Any, widths: Any, mode: str = "constant", value: float = 0) -> Any:
    """NumPy's, which does not know widths below 0, nor PyTorch's names."""
    cuts = [(max(0, -lo), n - max(0, -hi)) for (lo, hi), n in zip(widths, x.shape, strict=True)]
    x, widths = x[tuple(slice(*c) for c in cuts)], [(max(0, lo), max(0, hi)) for lo, hi in widths]
    if mode == "constant":
        return np.pad(x, widths, constant_values=value)
    theirs: Any = {"replicate": "edge", "circular": "wrap"}.get(mode, mode)
    return np.pad(x, widths, theirs)


@public(
    case((2, 3), args=(((1, 2), (0, 1)),)),
    case((2, 3), args=(((1, 0), (0, 0)),), value=7),
    case((3, 4), args=(((-1, 2), (1, -2)),), value=7),
    *(case((3, 4), args=(((2, 1), (0, 2)), mode)) for mode in ("reflect", "replicate", "circular", "symmetric")),
    reference=_reference,
)
def pad(x: Any, widths: int | Sequence[tuple[int, int]], mode: str = "constant", value: float = 0) -> Tensor:
    """More elements around a tensor: for each axis (before, after); below 0, fewer. An integer holds for all ends.

    They are `value`, or with `mode` "replicate" (NumPy's "edge") the outermost element, "reflect" its neighbours
    mirrored, "symmetric" the same with itself, "circular" (NumPy's "wrap") those of the other end.
    Gradient: g where it was read from.

    >>> pad([1, 2], [(1, 2)])
    tensor([0, 1, 2, 0, 0])
    >>> pad([1, 2, 3], [(2, 1)], "reflect")
    tensor([3, 2, 1, 2, 3, 2])
    """
    y = promote(x)[0]
    one_of("pad", "mode", mode, MODES)
    pairs = _pairs(y, widths)
    for axis, (low, high) in enumerate(pairs):
        if low < 0 or high < 0:
            y = cut(y, axis, max(0, -low), max(y.shape[axis] + min(0, high), max(0, -low)))
    more = [(max(0, low), max(0, high)) for low, high in pairs]
    if MODES[mode] == "constant":
        wanted = any(w for pair in more for w in pair)
        if wanted and dtypes.kind(y.dtype) == dtypes.INTEGER:
            require_in_range(y.dtype, value, "Convert the tensor to a wider type first: x.astype(int).")
        return bind(pad_p, y, widths=tuple((*pair, 0) for pair in more), value=value) if wanted else y
    for axis, (low, high) in enumerate(more):
        if low or high:
            y = concatenate(_surrounded(y, axis, low, high, MODES[mode]), axis)
    return y


def _pairs(x: Tensor, widths: Any) -> list[tuple[int, int]]:
    if isinstance(widths, (int, np.integer)):
        return [(int(widths), int(widths))] * x.ndim
    given = list(widths)
    if given and all(isinstance(w, (int, np.integer)) for w in given):
        if x.ndim != 1 or len(given) != 2:
            raise ShapeError(
                f"pad: {x.ndim} axes need {x.ndim} pairs (before, after), got {tuple(given)}",
                f"Write {_as_in_torch(x.ndim, given)}, as PyTorch means it." if len(given) % 2 == 0 else "",
            )
        given = [tuple(given)]
    if len(given) != x.ndim or any(len(pair) != 2 for pair in given):
        raise ShapeError(f"pad: {x.ndim} axes need {x.ndim} pairs (before, after), got {widths}")
    require_whole("pad", "how many", *(n for pair in given for n in pair))
    return [(int(low), int(high)) for low, high in given]


def _as_in_torch(ndim: int, widths: Sequence[int]) -> list[tuple[int, int]]:
    """PyTorch's widths, of the last axes in one list, the last one first."""
    pairs = [(widths[i], widths[i + 1]) for i in range(0, len(widths), 2)][::-1]
    return [(0, 0)] * (ndim - len(pairs)) + pairs


def _surrounded(x: Tensor, axis: int, low: int, high: int, mode: str) -> list[Tensor]:
    length = x.shape[axis]
    most = {"reflect": length - 1, "symmetric": length, "circular": length}.get(mode, max(low, high))
    if max(low, high) > most or not length:
        raise ShapeError(f"pad: axis {axis} of length {length} has no {max(low, high)} elements to {mode}")
    if mode == "replicate":
        ends = (cut(x, axis, 0, 1), low), (cut(x, axis, length - 1, length), high)
        first, last = (broadcast_to(e, (*x.shape[:axis], n, *x.shape[axis + 1 :])) for e, n in ends)
    elif mode == "circular":
        first, last = cut(x, axis, length - low, length), cut(x, axis, 0, high)
    else:
        skipped = mode == "reflect"
        first = flip(cut(x, axis, skipped, low + skipped), axis)
        last = flip(cut(x, axis, length - skipped - high, length - skipped), axis)
    return [first, x, last]
