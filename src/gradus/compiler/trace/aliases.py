"""Arrays over the same memory, and memory that may not be written: what a program that writes must know of both.

A program takes each array it is given for memory of its own. Where one that it writes lies over another, eager code
would see the new numbers there; the program refuses.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ... import interpret
from ...errors import ArgumentError, TraceError
from .address import address

PATIENCE = 10_000  # steps of NumPy's search for an element that two interleaved arrays have in common
READ_ONLY = interpret.READ_ONLY.format(", at {}")


def layout(array: np.ndarray) -> tuple[Any, ...]:
    """Where an array's elements lie; arrays of one layout are the same memory."""
    return address(array), array.shape, array.strides, array.dtype


def extent(array: np.ndarray) -> tuple[int, int]:
    """The addresses of an array's first byte, and of the one after its last.

    >>> start, end = extent(np.zeros((3, 4), np.float32)[::-1, :2])
    >>> end - start
    40
    """
    start = end = address(array)
    if not array.size:
        return start, start
    for length, stride in zip(array.shape, array.strides, strict=True):
        start, end = start + min((length - 1) * stride, 0), end + max((length - 1) * stride, 0)
    return start, end + array.itemsize


def share(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays have an element in common; so taken where it would take long to find out."""
    try:
        return np.shares_memory(a, b, max_work=PATIENCE)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


def folded(array: np.ndarray) -> bool:
    """Whether two places of an array may be the same memory, as in a broadcast."""
    if not array.size:
        return False
    reach = array.itemsize
    for stride, length in sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if stride < reach:
            return True
        reach += stride * (length - 1)
    return False


def require_writable(array: np.ndarray, place: str) -> None:
    """Refuse to write at a place of the program what eager code would not."""
    if not array.flags.writeable:
        raise ArgumentError(READ_ONLY.format(place))


def clash(arrays: Sequence[np.ndarray], written: set[int]) -> tuple[int, int] | None:
    """Of these arrays two that have an element in common and of which one, the first named, is written."""
    spans = sorted((*extent(a), i) for i, a in enumerate(arrays) if a.size)
    open_: list[tuple[int, int]] = []
    for start, end, i in spans:
        open_ = [(until, j) for until, j in open_ if until > start]
        for _, j in open_:
            if (i in written or j in written) and share(arrays[i], arrays[j]):
                return (i, j) if i in written else (j, i)
        open_.append((end, i))
    return None


class Written:
    """The memory that a program writes, to be asked at each new argument whether that lies there.

    Attributes:
        until: the address where all of it has ended.

    >>> w = np.zeros(8, np.float32)
    >>> Written([w]).meets(w[2:4]), Written([w]).meets(w.copy())
    (True, False)
    """

    def __init__(self, arrays: Iterable[np.ndarray]) -> None:
        self.arrays = list(arrays)
        merged: list[list[int]] = []
        for start, end in sorted(map(extent, self.arrays)):
            if merged and start <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([start, end])
        self._edges = list(itertools.chain(*merged))  # where written memory begins, ends, begins, ...
        self.until = self._edges[-1] if merged else 0

    def meets(self, array: np.ndarray) -> bool:
        """Whether any of it is written."""
        if not self._edges:
            return False
        start, end = extent(array)
        return self.near(start, end) and any(share(array, w) for w in self.arrays)

    def near(self, start: int, end: int) -> bool:
        """Whether any of the bytes from `start` to before `end` may be written."""
        before = bisect_right(self._edges, start)
        return bool(before & 1) or (before < len(self._edges) and self._edges[before] < end)


def overlaps(what: str) -> TraceError:
    """The error for what is given to a program that writes over it."""
    return TraceError(
        f"{what} lies over memory that the compiled function writes, and eagerly it would see the new numbers. Pass a "
        "copy, x.copy(); or use the written tensor itself in the function, in place of the argument."
    )
