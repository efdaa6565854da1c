"""Products too large for the caches: k in pieces, A and B packed, the sums of a tile waiting from piece to piece.

The order of the loops is that of Goto and van de Geijn (Anatomy of high-performance matrix multiplication, 2008): a
piece of A, packed, stays in the second cache while the panels of B go by; a panel's piece stays in the first cache
while the tiles below each other use it.
"""

from __future__ import annotations

import math

from .code import Code, Ref
from .matmul_kernel import Place, ProductKernel
from .packing import Packer, Square, stride_of_a
from .tiling import CHUNK, PIECE


class BlockedKernel(ProductKernel):
    """Each thread has blocks of rows of its own, taken a chunk at a time."""

    def emit(self) -> Code:
        code, t = self.code, self.t
        packed_a = code.variable(f"[{CHUNK * stride_of_a(t) * PIECE} x {self.scalar}]")
        first, end = self.share(t.row_blocks)
        with code.loop(0, math.prod(t.batch)) as outer:
            registers = self._unravel(outer, self.batch)
            with code.loop(first, end, CHUNK) as chunk:
                beyond = code.least(code.add(chunk, CHUNK), end)
                with code.loop(0, t.depth, PIECE) as k0:
                    piece = code.least(code.op(f"sub i64 {t.depth}, {k0}"), str(PIECE))
                    self._pack_a(Place(registers, chunk, "0"), beyond, k0, piece, packed_a)
                    with code.loop(0, t.panels) as panel, code.loop(chunk, beyond) as block:
                        self._tile(Place(registers, block, panel), chunk, k0, piece, packed_a)
        return code

    def _pack_a(self, place: Place, beyond: Ref, k0: Ref, piece: Ref, packed: Ref) -> None:
        """Copy a chunk's piece of A: [block][k][row]. A square may reach into the next block's rows: nobody minds."""
        code, t = self.code, self.t
        step = stride_of_a(t)
        packer = Packer(self, t.a.column, t.a.row, step)
        blocks, squares = code.loop(place.block, beyond), code.loop(0, piece, t.lanes)
        with blocks as block, squares as k, code.loop(0, step, t.lanes) as r:
            m, in_a = code.add(code.mul(block, t.height), r), code.add(k0, k)
            within = code.add(code.mul(m, t.a.row), code.mul(in_a, t.a.column))
            source = self.start_of(t.a, place.registers, within)
            target = self._piece_of_a(packed, block, place.block, code.add(code.mul(k, step), r))
            left = code.op(f"sub i64 {piece}, {k}"), code.op(f"sub i64 {t.rows}, {m}")
            packer.copy(Square(source, target, *left))

    def _piece_of_a(self, packed: Ref, block: Ref, chunk: Ref, within: Ref) -> Ref:
        number = self.code.op(f"sub i64 {block}, {chunk}")
        start = self.code.mul(number, stride_of_a(self.t) * PIECE)
        return self.code.element(self.scalar, packed, self.code.add(start, within))

    def _tile(self, place: Place, chunk: Ref, k0: Ref, piece: Ref, packed: Ref) -> None:
        """Add a piece of k to a tile; after the last one it is finished."""
        code, t = self.code, self.t
        a = self._piece_of_a(packed, place.block, chunk, "0")
        panel = self.packed_panel(place.registers, place.panel)
        b = code.element(self.scalar, panel, code.mul(k0, t.width))
        which = code.add(code.mul(place.block, t.panels), place.panel)
        tile = code.element(self.scalar, self.address(self.scratch["sums"]), code.mul(which, t.height * t.width))
        for test, goes_on in (("eq", False), ("ne", True)):
            with code.when(code.op(f"icmp {test} i64 {k0}, 0")):
                micro = self.micro(t.height, t.width, (1, stride_of_a(t)), t.width, goes_on)
                code.do(f"call void @{micro}(ptr {a}, ptr {b}, ptr {tile}, i64 {piece})")
        last = (t.depth - 1) // PIECE * PIECE
        with code.when(code.op(f"icmp eq i64 {k0}, {last}")):
            self.by_size(place, lambda rows, columns: self.finish_tile(place, rows, columns, tile))
