"""Where everything lies: what is given in its own arrays, what lives only during a step in one arena.

Two values whose lives do not overlap share the same place.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..graph.graph import Node
from .kernel import Kernel
from .schedule import Schedule

ALIGNMENT = 64
PAGE = 4096  # places so far apart share a set of the first cache, and stores there hold up loads
STAGGER = 5 * ALIGNMENT  # by which the places of large values are shifted against each other


class Scratch(NamedTuple):
    """Memory that a kernel works in: what for, whose, and its bytes. Equal ones are one: an operand is packed once."""

    use: str
    owner: Any
    size: int


@dataclass
class Plan:
    """Slots of the address table.

    Attributes:
        slots: which slot holds a buffer's address.
        given: slots whose addresses are those of the graph's inputs, in order.
        results: slots for the arrays that are returned.
        offsets: slot -> offset in the arena.
        arena: its size in bytes.
        copies: (input, value): writes that could not be made in place.
        scratch: the slots of kernels' working memory.
    """

    slots: dict[Node, int] = field(default_factory=dict)
    results: dict[int, Node] = field(default_factory=dict)
    offsets: dict[int, int] = field(default_factory=dict)
    arena: int = 0
    count: int = 0
    copies: list[tuple[Node, Node]] = field(default_factory=list)
    scratch: dict[Scratch, int] = field(default_factory=dict)


def plan(
    schedule: Schedule,
    scratch: dict[Kernel, list[Scratch]],
    group: dict[Kernel, int],
    lasting: Collection[Scratch] = (),
) -> Plan:
    """Give every buffer its slot. Kernels of one group run without waiting for each other: none is given memory that
    another has just left. What is `lasting` shares its memory with nothing."""
    p, graph = Plan(), schedule.graph
    for n in graph.inputs:
        p.slots[n] = p.count
        p.count += 1
    for target, value in graph.writes:
        if value not in p.slots and schedule.in_place(target, value):
            p.slots[value] = p.slots[target]
        else:
            p.copies.append((target, value))
    for n in graph.results:
        if n not in p.slots:
            p.slots[n] = p.count
            p.results[p.count] = n
            p.count += 1
    _place(p, schedule, scratch, group, lasting)
    return p


def _place(
    p: Plan,
    schedule: Schedule,
    scratch: dict[Kernel, list[Scratch]],
    group: dict[Kernel, int],
    lasting: Collection[Scratch],
) -> None:
    """First fit, in order of the kernels."""
    last_use: dict[Node | Scratch, int] = {}
    for k in schedule.order:
        for n in (*schedule.inputs_of(k), *k.stored, *scratch.get(k, ())):
            last_use[n] = group[k]
    for _, value in p.copies:
        last_use[value] = len(schedule.order)
    for x in schedule.pieces:
        whole, _ = _home(x, schedule)
        last_use[whole] = max(last_use.get(whole, 0), last_use.get(x, 0))
    live = _Live()
    for s in lasting:
        p.offsets[p.count] = live.place(s.size, -1, len(schedule.order) + 1)
        p.arena = max(p.arena, p.offsets[p.count] + s.size)
        p.scratch[s] = p.count
        p.count += 1
    for k in schedule.order:
        live.leave(group[k] - 1)
        wanted: dict[Node | Scratch, int] = {}
        for n in k.stored:
            whole, _ = _home(n, schedule)
            if whole not in p.slots:
                wanted[whole] = schedule.span(whole) * whole.dtype.itemsize
        wanted |= {s: s.size for s in scratch.get(k, ()) if s not in p.scratch}
        for owner, size in wanted.items():
            size += STAGGER if size >= PAGE else 0
            since = group[k] - isinstance(owner, Scratch)  # an operand is packed before the kernel's own group begins
            offset = live.place(size, since, last_use[owner])
            p.offsets[p.count] = offset
            p.arena = max(p.arena, offset + size)
            if isinstance(owner, Node):
                p.slots[owner] = p.count
            else:
                p.scratch[owner] = p.count
            p.count += 1
        for n in k.stored:
            whole, start = _home(n, schedule)
            if whole is not n:
                p.slots[n] = p.count
                p.offsets[p.count] = p.offsets[p.slots[whole]] + start * n.dtype.itemsize
                p.count += 1


def _home(n: Node, schedule: Schedule) -> tuple[Node, int]:
    """The value in whose memory a value lies, and from which of its numbers on."""
    start = 0
    while n in schedule.pieces:
        n, begin, *_ = schedule.pieces[n]
        start += begin
    return n, start


class _Live:
    """The stretches of the arena that are in use, in their order: offset, end, last use."""

    def __init__(self) -> None:
        self.blocks = np.empty((0, 3), np.int64)

    def leave(self, before: int) -> None:
        """Forget what was last used earlier."""
        kept = self.blocks[:, 2] >= before
        if not kept.all():
            self.blocks = self.blocks[kept]

    def place(self, size: int, since: int, last: int) -> int:
        """The offset of the first gap of a size among what is used since then; it is taken until its last use."""
        start, end, use = self.blocks.T
        used = use >= since
        free = np.maximum.accumulate(np.append(0, -(-end[used] // ALIGNMENT) * ALIGNMENT))  # from here on, before each
        gaps = np.flatnonzero(free[:-1] + size <= start[used])
        offset = int(free[gaps[0]] if gaps.size else free[-1])
        self.blocks = np.insert(self.blocks, np.searchsorted(start, offset), (offset, offset + size, last), axis=0)
        return offset
