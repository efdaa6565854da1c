"""The loops around a kernel: every place of its domain, vector by vector, shared between the threads."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from ... import dtypes
from ...errors import TraceError
from ...ops.core.places import Loop
from ..graph.batches import Batch, Blocks
from ..graph.graph import Node
from ..graph.reads import loops_over
from ..plan.kernel import Kernel
from ..plan.schedule import Schedule
from ..plan.shares import Share
from ..plan.tiling import cases
from . import some_lanes
from .body import Body, Memory
from .code import Code, Ref, split_type
from .kit import Kit
from .value import Value

Inside = Callable[[dict[Loop, Ref], Value | None], None]  # what is done at a place: (registers, mask of the rest)


class Nest:
    """Emits one kernel as a function of (table of addresses, thread number, number of threads).

    What is done at a place is its subclasses' business: a method under the kind of kernel.
    """

    def __init__(
        self, name: str, kernel: Kernel, schedule: Schedule, slots: Callable[[Node], int], lanes: int
    ) -> None:
        self.kernel, self.schedule, self.slots, self.lanes = kernel, schedule, slots, lanes
        self.shared: Share | None = None  # the axis that is shared between the threads; None: all places, as they come
        self.alone = False  # whether there is one thread only
        self.code = Code(name)
        self.arguments: dict[tuple[int, int], Ref] = {}
        self.micro_kernels: dict[str, Code] = {}  # functions it calls, by name

    def pointer(self, n: Node, offset: int = 0) -> Ref:
        """The address of a buffer's element number `offset`: an argument of the function.

        Offsets are added by the caller, so that kernels that differ in nothing else are the same function.
        """
        return self.address(self.slots(n), offset * n.dtype.itemsize)

    def address(self, slot: int, offset: int = 0) -> Ref:
        """The address in a slot of the table, so many bytes further."""
        return self.arguments.setdefault((slot, offset), f"%a{len(self.arguments)}")

    def body(self, lanes: int, across: Loop | None, registers: dict[Loop, Ref], tail: Value | None = None) -> Body:
        memory = Memory(self.pointer, self.schedule.is_buffer, self.schedule.place)
        return Body(self.code, lanes, across, registers, memory, tail)

    def emit(self) -> Code:
        emit = getattr(self, f"_{self.kernel.kind}", None)
        if emit is None:
            raise TraceError(f"{self.kernel.kind} has no native lowering yet: run this function uncompiled")
        emit()
        return self.code

    # -- sharing work --------------------------------------------------------------------------------------------------

    def share(self, total: int | Ref) -> tuple[Ref, Ref]:
        """The first and the last + 1 of this thread's part of `total` equal pieces."""
        code = self.code
        if self.alone:
            return "0", str(total)
        if total == 1:
            return "0", code.op("select i1 " + code.op("icmp eq i64 %thread, 0") + ", i64 1, i64 0")
        after = code.op("add i64 %thread, 1")
        first, end = (
            code.op(f"udiv i64 {code.op(f'mul i64 {who}, {total}')}, %threads") for who in ("%thread", after)
        )
        return first, end

    def share_by_places(self, total: int, places_to_work: int) -> tuple[Ref, Ref]:
        """The same where each thread needs memory to work in; those for which there is none have no part."""
        code = self.code
        threads = code.least("%threads", str(places_to_work))
        bounds = ("%thread", code.add("%thread", 1))
        first, end = (code.op(f"udiv i64 {code.mul(who, total)}, {threads}") for who in bounds)
        return code.least(first, str(total)), code.least(end, str(total))

    def places(self, loops: Sequence[Loop], lanes: int, inside: Inside) -> None:
        """Run `inside` at every place of the loops, the last one `lanes` at a time, shared between the threads.

        `inside` is emitted twice where the last loop's extent is no multiple of `lanes`: for whole vectors, and with
        a mask for the rest. A batch that lies inside is the first loop, and it is along it that the lanes lie.
        """
        if any(loop.extent == 0 for loop in loops):
            return
        if isinstance(loops[0], Batch):
            self._batch_places(loops[0], loops[1:], inside)
            return
        if self.shared is not None:
            self._own_places(loops, lanes, inside, self.shared)
            return
        outer, last = list(loops[:-1]), loops[-1]
        blocks = -(-last.extent // lanes) if lanes else last.extent
        rows = math.prod(loop.extent for loop in outer)
        first, end = self.share(rows * blocks)
        whole = last.extent // lanes if lanes else blocks
        with self.code.loop(first, end) as flat:
            if rows > 1 and blocks > 1:
                row, block = (self.code.op(f"{what} i64 {flat}, {blocks}") for what in ("udiv", "urem"))
            else:
                row, block = (flat, "0") if blocks == 1 else ("0", flat)
            registers = self._unravel(row, outer)
            registers[last] = self.code.mul(block, lanes) if lanes else block
            if whole == blocks:
                inside(registers, None)
                return
            if whole:
                is_whole = self.code.op(f"icmp slt i64 {block}, {whole}")
                with self.code.when(is_whole):
                    inside(registers, None)
                is_rest = self.code.op(f"icmp sge i64 {block}, {whole}")
                with self.code.when(is_rest):
                    inside(registers, self._tail(last.extent - whole * lanes, lanes))
            else:
                inside(registers, self._tail(last.extent, lanes))

    def _own_places(self, loops: Sequence[Loop], lanes: int, inside: Inside, share: Share) -> None:
        """Run `inside` at the places of this thread's stretch of the axis that is shared."""
        shared, low, high = self._stretch(loops, share)

        def nest(loop: Loop, deeper: Sequence[Loop], registers: dict[Loop, Ref]) -> None:
            start, stop = (low, high) if loop is shared else ("0", str(loop.extent))
            if lanes and not deeper:
                even = loop is not shared or (share.block * share.step % lanes == 0 == loop.extent % lanes)
                rest = self.code.op(f"urem i64 {self.code.op(f'sub i64 {stop}, {start}')}, {lanes}")
                rest = str(loop.extent % lanes) if even else rest
                self._vectors(start, stop, rest, lanes, lambda i, tail: inside(registers | {loop: i}, tail))
                return
            with self.code.loop(start, stop) as i:
                if deeper:
                    nest(deeper[0], deeper[1:], registers | {loop: i})
                else:
                    inside(registers | {loop: i}, None)

        nest(loops[0], loops[1:], {})

    def _stretch(self, loops: Sequence[Loop], share: Share) -> tuple[Loop, Ref, Ref]:
        """The loop over the axis that is shared (axes below may be merged into it), and this thread's part of it."""
        first, end = self.share(share.blocks)
        sizes = [loop.extent for loop in loops]
        place = next(p for p in range(len(loops)) if math.prod(sizes[p:]) == share.extent * share.step)
        merged = share.step // math.prod(sizes[place + 1 :])
        low, high = (self.code.mul(block, share.block * merged) for block in (first, end))
        return loops[place], low, self.code.least(high, str(sizes[place]))

    def _vectors(
        self, start: Ref, stop: Ref, rest: Ref, lanes: int, inside: Callable[[Ref, Value | None], None]
    ) -> None:
        """`inside` at each whole vector of a stretch, and with a mask at the rest of it."""
        code, kit = self.code, Kit(self.code, lanes)
        whole = stop if rest == "0" else code.op(f"sub i64 {stop}, {rest}")
        if rest != stop:
            with code.loop(start, whole, lanes) as i:
                inside(i, None)
        if rest != "0":
            with code.when(code.op(f"icmp ne i64 {rest}, 0")):
                inside(whole, kit.lane_numbers() < kit.splat(rest, dtypes.int64))

    def _batch_places(self, batch: Batch, rest: Sequence[Loop], inside: Inside) -> None:
        code, rows = self.code, math.prod(loop.extent for loop in rest)
        first, end = self.share(batch.block.extent * rows)
        with code.loop(first, end) as flat:
            block, row = (code.op(f"{what} i64 {flat}, {rows}") for what in ("udiv", "urem"))
            registers = self._unravel(row, rest) | self.in_block(batch, block)
            self.by_block(batch, block, lambda tail: inside(registers, tail))

    def in_block(self, along: Blocks, block: Ref) -> dict[Loop, Ref]:
        """The registers of a loop that the lanes lie along, in one of its blocks."""
        registers: dict[Loop, Ref] = {along.block: block, along: self.code.mul(block, along.lanes)}
        if isinstance(along, Batch):
            two, half = (self.code.op(f"{what} i64 {block}, 2") for what in ("udiv", "urem"))
            registers |= {along.two: two, along.half: half}
        return registers

    def by_block(self, batch: Blocks, block: Ref, inside: Callable[[Value | None], None]) -> None:
        """Emit `inside`, and if the last block is not full, once more for it, with a mask."""
        whole, rest = divmod(batch.extent, batch.lanes)
        if not rest:
            inside(None)
            return
        if whole:
            with self.code.when(self.code.op(f"icmp slt i64 {block}, {whole}")):
                inside(None)
        with self.code.when(self.code.op(f"icmp eq i64 {block}, {whole}")):
            inside(self._tail(rest, batch.lanes))

    def each_size(
        self, lengths: Sequence[int], pieces: Sequence[int], numbers: Sequence[Ref], inside: Callable[..., None]
    ) -> None:
        """Emit `inside(*sizes)` for each size that a tile can have, under the tests that tell which it is here.

        Args:
            lengths: of the axes.
            pieces: into which they are cut.
            numbers: which piece of each it is.
        """
        code = self.code
        for combination in itertools.product(*map(cases, lengths, pieces)):
            here = "true"
            for (_, test), number, length, piece in zip(combination, numbers, lengths, pieces, strict=True):
                if test:
                    last = -(-length // piece) - 1
                    here = code.op(f"and i1 {here}, {code.op(f'icmp {test} i64 {number}, {last}')}")
            with code.when(here):
                inside(*(size for size, _ in combination))

    def loops(self) -> list[Loop]:
        """The loops over the kernel's domain; a batch that lies inside comes first."""
        loops = loops_over(self.kernel.shape)
        if self.kernel.batched:
            loops[0] = Batch(loops[0].extent, self.schedule.lanes)
        return loops

    def _unravel(self, row: Ref, outer: Sequence[Loop]) -> dict[Loop, Ref]:
        registers: dict[Loop, Ref] = {}
        rest = row
        for loop in reversed(outer[1:]):
            registers[loop] = self.code.op(f"urem i64 {rest}, {loop.extent}")
            rest = self.code.op(f"udiv i64 {rest}, {loop.extent}")
        if outer:
            registers[outer[0]] = rest
        return registers

    def _tail(self, count: int, lanes: int) -> Value:
        _, mask = split_type(some_lanes.first(count, lanes))
        return Value(Kit(self.code, lanes), dtypes.bool_, mask)
