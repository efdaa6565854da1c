"""Products too large for the caches: k in pieces, A and B packed, the sums of a tile waiting from piece to piece.

The order of the loops is that of Goto and van de Geijn (Anatomy of high-performance matrix multiplication, 2008): a
piece of B, packed by all threads together, stays in the third cache; a piece of A, packed by the thread that uses it,
stays in the second cache while the panels of B go by; a panel's piece stays near while the tiles below each other use
it.
"""

from __future__ import annotations

import math

from ...aligned import LINE
from ..emit.code import WAIT, Code, Ref
from .matmul_kernel import Place, ProductKernel
from .micro_kernel import Steps
from .packing import Part, stride_of_a
from .squares import Square, Squares


class BlockedKernel(ProductKernel):
    """Each thread has blocks of rows of its own, taken a chunk at a time."""

    def emit(self) -> Code:
        code, t = self.code, self.t
        self.packed_a = code.variable(f"[{t.chunk * stride_of_a(t) * t.piece} x {self.scalar}]")
        products, panels = code.loop(0, math.prod(t.batch)), code.loop(0, t.panels, t.panels_at_once)
        with products as number, panels as panel, code.loop(0, t.depth, t.piece) as k:
            depth = code.least(code.op(f"sub i64 {t.depth}, {k}"), str(t.piece))
            count = code.least(code.op(f"sub i64 {t.panels}, {panel}"), str(t.panels_at_once))
            part = Part(k, depth, panel, count, number, "1")
            self.pack_b(part)
            code.do(WAIT)
            self._multiply(part)
            code.do(WAIT)
        return code

    def _multiply(self, part: Part) -> None:
        """This thread's rows of A by a part of B."""
        code, t = self.code, self.t
        registers = self._unravel(part.product, self.batch)
        first, end = self.share(t.row_blocks)
        with code.loop(first, end, t.chunk) as chunk:
            beyond = code.least(code.add(chunk, t.chunk), end)
            self._pack_a(Place(registers, chunk, "0"), beyond, part)
            with code.loop(0, part.panels) as panel, code.loop(chunk, beyond) as block:
                self._tile(Place(registers, block, code.add(part.panel, panel)), chunk, part)

    def _pack_a(self, place: Place, beyond: Ref, part: Part) -> None:
        """Copy a chunk's piece of A: [block][k][row], in the order in which it lies in memory.

        A square may reach into the next block's rows: nobody minds.
        """
        code, t = self.code, self.t
        step = stride_of_a(t)
        packer = Squares(code, t.dtype, t.lanes, (t.a.column, t.a.row), step)
        blocks, squares = code.loop(place.block, beyond), code.loop(0, part.depth, t.lanes)
        outer, inner = (squares, blocks) if t.a.row == 1 else (blocks, squares)
        with outer as first, inner as second, code.loop(0, step, t.lanes) as r:
            k, block = (first, second) if t.a.row == 1 else (second, first)
            m, in_a = code.add(code.mul(block, t.height), r), code.add(part.k, k)
            within = code.add(code.mul(m, t.a.row), code.mul(in_a, t.a.column))
            source = self.start_of(t.a, place.registers, within)
            target = self._piece_of_a(block, place.block, code.add(code.mul(k, step), r))
            left = code.op(f"sub i64 {part.depth}, {k}"), code.op(f"sub i64 {t.rows}, {m}")
            packer.copy(Square(source, target, *left))

    def _piece_of_a(self, block: Ref, chunk: Ref, within: Ref) -> Ref:
        number = self.code.op(f"sub i64 {block}, {chunk}")
        start = self.code.mul(number, stride_of_a(self.t) * self.t.piece)
        return self.code.element(self.scalar, self.packed_a, self.code.add(start, within))

    def _tile(self, place: Place, chunk: Ref, part: Part) -> None:
        """Add a part to a tile; after the last one it is finished."""
        code, t = self.code, self.t
        a = self._piece_of_a(place.block, chunk, "0")
        panel = code.op(f"sub i64 {place.panel}, {part.panel}")
        b = self.packed_panel(panel)
        soon = self._soon(b, place.block)
        tile = self.in_c(place) if t.direct else self._waiting(place.block, panel)
        steps = Steps(1, stride_of_a(t), t.width, t.columns if t.direct else t.width)

        def add(rows: int, columns: int) -> None:
            for test, goes_on in (("eq", False), ("ne", True)):
                with code.when(code.op(f"icmp {test} i64 {part.k}, 0")):
                    micro = self.micro(rows, columns, steps, goes_on)
                    code.do(f"call void @{micro}(ptr {a}, ptr {b}, ptr {tile}, i64 {part.depth}, ptr {soon})")
            if not t.direct:
                with code.when(code.op(f"icmp eq i64 {code.add(part.k, part.depth)}, {t.depth}")):
                    self.finish_tile(place, rows, columns, tile)

        self.by_size(place, add)

    def _soon(self, b: Ref, block: Ref) -> Ref:
        """What a tile brings nearer: its part of the next panel's piece, so that several tiles bring all of it."""
        t = self.t
        panel = t.width * t.piece * t.dtype.itemsize
        parts = -(-panel // (t.piece * LINE))
        part = self.code.op(f"urem i64 {block}, {parts}")
        return self.code.element("i8", b, self.code.add(self.code.mul(part, t.piece * LINE), panel))

    def _waiting(self, block: Ref, panel: Ref) -> Ref:
        """Where a tile's sums wait for the next piece."""
        code, t = self.code, self.t
        if not t.sums_size:
            return self.tile
        number = code.add(code.mul(block, t.panels_at_once), panel)
        return code.element(self.scalar, self.address(self.scratch["sums"]), code.mul(number, t.height * t.width))
