"""Where values with the batch inside meet values in rows: copies that change nothing but the order.

For each block of images this is a transposition, (lanes, rest) or back, done in squares.
"""

from __future__ import annotations

from ... import dtypes
from ..emit.code import Code
from ..graph.graph import Node
from ..plan.schedule import Kernel, Schedule
from ..rewrite.layouts import blocks, images_together
from .loop_kernels import LoopKernel
from .squares import Square, Squares, goes_past


def only_copies(k: Kernel, schedule: Schedule) -> bool:
    """Whether all that a kernel does is to copy values from one order to the other."""
    return k.kind == "map" and all(_source(n, schedule) is not None for n in k.maps)


def _source(n: Node, schedule: Schedule) -> Node | None:
    """What a node only copies from one order to the other, if that is all it does."""
    if n.kind != "copy" or n in schedule.pieces or n.dtype == dtypes.bool_:
        return None
    source = n.inputs[0]
    while not schedule.is_buffer(source) and source.kind == "reshape":
        source = source.inputs[0]
    other_order = schedule.is_buffer(source) and source not in schedule.pieces and source.batched is not n.batched
    return source if other_order else None


class OrderKernel(LoopKernel):
    """Copies from one order to the other."""

    def emit(self) -> Code:
        for n in self.kernel.maps:
            source = _source(n, self.schedule)
            if source is not None:
                self._copied(n, source)
        return self.code

    def _copied(self, n: Node, source: Node) -> None:
        code, images = self.code, n.shape[0] if n.batched else source.shape[0]
        lanes, rest = images_together(n.dtype, self.lanes), n.size // images
        if n.batched:
            squares = Squares(code, n.dtype, lanes, (1, rest), lanes, past=goes_past(n.dtype, n.size, lanes))
        else:
            squares = Squares(code, n.dtype, lanes, (1, lanes), rest, filled=False)
        pieces = -(-rest // lanes)
        first, end = self.share(blocks(images, lanes) * pieces)
        with code.loop(first, end) as unit:
            block, piece = (code.op(f"{what} i64 {unit}, {pieces}") for what in ("udiv", "urem"))
            image, place = code.mul(block, lanes), code.mul(piece, lanes)
            in_rows = code.add(code.mul(image, rest), place)
            inside = code.mul(code.add(code.mul(block, rest), place), lanes)
            left = [code.op(f"sub i64 {length}, {start}") for length, start in ((rest, place), (images, image))]
            to, of, left = (inside, in_rows, left) if n.batched else (in_rows, inside, left[::-1])
            target = code.element(squares.scalar, self.pointer(n), to)
            squares.copy(Square(code.element(squares.scalar, self.pointer(source), of), target, *left))
