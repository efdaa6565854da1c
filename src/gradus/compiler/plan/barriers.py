"""Before which stages threads must wait for each other: where one may touch what another touched since they last did.

Memory is cut into cells at every place where a value begins or ends, so that a value is a stretch of cells, and it is
enough to know of each cell who touched it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from .shares import Share

NOBODY, SEVERAL = 0, -1


class Access(NamedTuple):
    """What a stage touches: a stretch of memory, its slot, and the share by which each thread touches its own part."""

    start: int
    end: int
    slot: int
    own: Share | None


class Touches(NamedTuple):
    """What a stage reads, and what it writes."""

    reads: list[Access]
    writes: list[Access]


def waits(stages: list[Touches]) -> list[bool]:
    """Whether all wait before each of the stages.

    >>> whole, half = Access(0, 8, 0, None), Access(4, 8, 1, None)
    >>> waits([Touches([], [whole]), Touches([half], []), Touches([half], [])])
    [False, True, False]
    """
    accesses = [a for stage in stages for some in stage for a in some]
    cells = {place: i for i, place in enumerate(sorted({edge for a in accesses for edge in (a.start, a.end)}))}
    read, written = _Cells(cells), _Cells(cells)
    flags = []
    for stage in stages:
        everything = (*stage.reads, *stage.writes)
        clash = any(map(written.meet, everything)) or any(map(read.meet, stage.writes))
        flags.append(clash)
        if clash:
            read.forget()
            written.forget()
        read.touch(stage.reads)
        written.touch(stage.writes)
    return flags


class _Cells:
    """Who touched each cell since all have waited: a number for a slot and a share of it."""

    def __init__(self, cells: dict[int, int]) -> None:
        self.cells = cells
        self.by = np.zeros(len(cells), np.int64)
        self._numbers: dict[tuple[int, Share], int] = {}
        self._touched: list[slice] = []

    def _of(self, a: Access) -> tuple[slice, int]:
        """The cells of an access and its number; where any thread may touch any part of it, it is nobody's own."""
        number = SEVERAL if a.own is None else self._numbers.setdefault((a.slot, a.own), len(self._numbers) + 1)
        return slice(self.cells[a.start], self.cells[a.end]), number

    def meet(self, a: Access) -> bool:
        """Whether a thread may touch what another touched there."""
        where, number = self._of(a)
        by = self.by[where]
        return bool(np.any((by != NOBODY) & ((by != number) | (number == SEVERAL))))

    def touch(self, accesses: Iterable[Access]) -> None:
        for a in accesses:
            where, number = self._of(a)
            by = self.by[where]
            self.by[where] = np.where((by == NOBODY) | (by == number), number, SEVERAL)
            self._touched.append(where)

    def forget(self) -> None:
        for where in self._touched:
            self.by[where] = NOBODY
        self._touched.clear()
