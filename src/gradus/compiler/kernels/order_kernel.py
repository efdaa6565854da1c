"""Where values with the batch inside meet values in rows: copies that change nothing but the order.

For each block of images this is a transposition, (lanes, rest) or back, done in squares. Where images are cut into
pieces (`cut.py`), a row of as many pieces as a block has goes by at a time: these rows wait below each other, and are
turned in squares, so that whole vectors are read and written everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ... import dtypes
from ...ops.core.places import flatten
from ..emit import some_lanes
from ..emit.accumulators import load
from ..emit.code import Code, Ref
from ..emit.kit import Kit, memory_type
from ..emit.value import Value
from ..graph.batches import blocks, images_together
from ..graph.graph import Node
from ..graph.reads import at, loops_over
from ..plan.kernel import Kernel
from ..plan.schedule import Schedule
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


class PiecesKernel(LoopKernel):
    """What cutting and joining share.

    Attributes:
        pieces: a batch of pieces, with the batch inside.
        together: how many of them are in a block.
        width: of the rows that wait, one for each piece of a block, in whole vectors.
    """

    def __init__(self, name: str, kernel: Kernel, schedule: Schedule, slots: Callable[[Node], int], lanes: int) -> None:
        super().__init__(name, kernel, schedule, slots, lanes)
        self.node, (self.source,) = kernel.main[0], kernel.main[0].inputs
        self.pieces = self.node if self.node.kind == "cut_images" else self.source
        self.together = images_together(self.pieces.dtype, lanes)
        *self.rows, self.length = self.pieces.shape[2:]
        self.width = blocks(self.length, self.together) * self.together
        self.kit, self.scalar = Kit(self.code, self.together), memory_type(self.pieces.dtype)
        self.waiting = self.code.variable(f"[{self.together * self.width} x {self.scalar}]")

    def emit(self) -> Code:
        code, (batch, channels) = self.code, self.pieces.shape[:2]
        numbers = loops_over([blocks(batch, self.together), channels, *self.rows], "u")
        first, end = self.share(math.prod(loop.extent for loop in numbers))
        with code.loop(first, end) as unit:
            found = self._unravel(unit, numbers)
            block, channel, *rows = (found[loop] for loop in numbers)
            start = code.mul(unit, self.length * self.together)
            row = code.element(self.scalar, self.pointer(self.pieces), start)
            self._row(code.mul(block, self.together), channel, rows, row)
        return code

    def _row(self, first: Ref, channel: Ref, rows: Sequence[Ref], row: Ref) -> None:
        """A row of the pieces from number `first` on; in their memory it is at `row`."""
        raise NotImplementedError

    def _each_piece(self, first: Ref, inside: Callable[[Ref, Ref, list[Ref]], None]) -> None:
        """`inside(where its row waits, its image, its place in the grid)` for each piece of a block."""
        code, grid = self.code, self.node.params["grid"]
        with code.loop(0, self.together) as lane:
            loops = loops_over([1, *grid], "g")
            found = self._unravel(code.add(first, lane), loops)
            image, *places = (found[loop] for loop in loops)
            inside(code.element(self.scalar, self.waiting, code.mul(lane, self.width)), image, places)

    def _inside(self, images: Node, image: Ref, places: Sequence[Ref]) -> Ref:
        """Whether there is such an image, and such a place along each of its axes."""
        code, found = self.code, "true"
        for place, length in zip((image, *places), (images.shape[0], *images.shape[2:]), strict=False):
            found = code.op(f"and i1 {found}, {code.op(f'icmp ult i64 {place}, {length}')}")
        return found

    def _turn(self, source: tuple[Ref, int], target: tuple[Ref, int], cut: bool) -> None:
        """Turn the rows; of addresses, and how far it is from vector to vector."""
        code, whole = self.code, self.length // self.together * self.together
        squares = Squares(code, self.pieces.dtype, self.together, (1, source[1]), target[1])

        def turn(x: Ref, count: int) -> None:
            along, across = code.mul(x, 1), code.mul(x, self.together)
            of, to = (along, across) if cut else (across, along)
            loaded, kept = (self.together, count) if cut else (count, self.together)
            addresses = code.element(self.scalar, source[0], of), code.element(self.scalar, target[0], to)
            squares.turn(*addresses, loaded, kept)

        if whole:
            with code.loop(0, whole, self.together) as x:
                turn(x, self.together)
        if whole < self.length:
            turn(str(whole), self.length - whole)


class CutKernel(PiecesKernel):
    """`cut_images`: what the pieces see, and zeros beyond the edges."""

    def _row(self, first: Ref, channel: Ref, rows: Sequence[Ref], row: Ref) -> None:
        code, p, (_, channels, *lengths) = self.code, self.node.params, self.source.shape

        def piece(waits: Ref, image: Ref, places: list[Ref]) -> None:
            starts = [
                code.add(code.mul(i, step), low) for i, step, low in zip(places, p["step"], p["first"], strict=True)
            ]
            down = [code.add(start, r) for start, r in zip(starts[:-1], rows, strict=True)]
            number = code.add(code.mul(image, channels), channel)
            for place, length in zip(down, lengths[:-1], strict=True):
                number = code.add(code.mul(number, length), place)
            there = self._inside(self.source, image, down)
            with code.when(there):
                self._copy(code.mul(number, lengths[-1]), starts[-1], waits)
            with code.when(code.op(f"xor i1 {there}, true")):
                for x in range(0, self.width, self.together):
                    self._wait(self.kit.constant(0, self.node.dtype), waits, x)

        self._each_piece(first, piece)
        self._turn((self.waiting, self.width), (row, self.together), cut=True)

    def _copy(self, row: Ref, start: Ref, waits: Ref) -> None:
        """The pixels of a row from `start` on, with zeros where there are none."""
        code, length = self.code, self.source.shape[-1]
        vector = some_lanes.Vector(self.together, self.scalar)
        pointer = self.pointer(self.source)
        for x in range(0, self.width, self.together):
            place = code.add(start, x)
            address = code.op(f"getelementptr {self.scalar}, ptr {pointer}, i64 {code.add(row, place)}")
            tests = code.op(f"icmp sge i64 {place}, 0"), code.op(f"icmp sle i64 {place}, {length - self.together}")
            whole = code.op(f"and i1 {tests[0]}, {tests[1]}")
            with code.when(whole):
                self._wait(load(self.kit, self.node.dtype, address), waits, x)
            with code.when(code.op(f"xor i1 {whole}, true")):
                places = self.kit.lane_numbers() + self.kit.splat(place, dtypes.int64)
                there = self.kit.bitwise_and(places >= 0, places < length)
                number = some_lanes.load(code, vector, address, f"{there.type} {there.ref}")
                self._wait(Value(self.kit, self.node.dtype, number), waits, x)

    def _wait(self, value: Value, waits: Ref, x: int) -> None:
        address = self.code.element(self.scalar, waits, x)
        self.code.do(f"store {value.type} {value.ref}, ptr {address}, align {self.node.dtype.itemsize}")


class JoinKernel(PiecesKernel):
    """`join_images`, with what is fused to it: what of the pieces' results lies inside the images."""

    def _row(self, first: Ref, channel: Ref, rows: Sequence[Ref], row: Ref) -> None:
        code, sizes, width = self.code, (*self.rows, self.length), self.node.shape[-1]
        self._turn((row, self.together), (self.waiting, self.width), cut=False)
        loops = loops_over(self.node.shape)
        index, across = at(loops), loops[-1]

        def piece(waits: Ref, image: Ref, places: list[Ref]) -> None:
            starts = [code.mul(i, size) for i, size in zip(places, sizes, strict=True)]
            down = [code.add(start, r) for start, r in zip(starts[:-1], rows, strict=True)]
            start, stop = starts[-1], code.least(code.add(starts[-1], self.length), str(width))
            rest = code.op(f"urem i64 {code.op(f'sub i64 {stop}, {start}')}, {self.lanes}")
            rest = str(self.length % self.lanes) if width % self.length == 0 else rest
            registers = dict(zip(loops[:-1], (image, channel, *down), strict=True))

            def inside(x: Ref, tail: Value | None) -> None:
                body = self.body(self.lanes, across, registers | {across: x}, tail)
                address = code.element(self.scalar, waits, code.op(f"sub i64 {x}, {start}"))
                body.set(self.node, index, load(body.kit, self.node.dtype, address))
                self.finish(body, flatten(index, self.node.shape))

            with code.when(self._inside(self.node, image, down)):
                self._vectors(start, stop, rest, self.lanes, inside)

        self._each_piece(first, piece)


__all__ = ["CutKernel", "JoinKernel", "OrderKernel", "only_copies"]
