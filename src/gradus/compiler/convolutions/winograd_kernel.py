"""Winograd's algorithm in kernels: kernels transformed once a step, tiles of images a strip at a time.

A strip is a few tiles of one block of images. Its pixels are transformed, for all channels of the source; each of the
n^2 elements is then a product with the transformed kernels; and the results are transformed back, with what is fused to
the convolution. What lies between is the thread's own, and small enough to stay in the caches. For the gradient to the
kernels both its factors are transformed as a whole, and the product between is a matrix product like others.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from ...ops.core.places import Index, Loop, flatten, unflatten, variable
from ..emit.accumulators import load, store
from ..emit.body import Body, Memory
from ..emit.code import Code, Ref
from ..emit.kit import Kit
from ..emit.taps import Taps, Tile, Walk, fill
from ..emit.tile_functions import ELEMENTS, Seen, TileFunction, sandwich
from ..emit.value import Value
from ..graph.batches import Batch
from ..graph.graph import Node
from ..graph.reads import at, loops_over
from ..graph.winograd_matrices import SIZE, matrices, tiles, transposed
from ..kernels.loop_kernels import LoopKernel
from ..kernels.squares import Square, Squares, goes_past
from ..plan.kernel import Kernel
from ..plan.schedule import Schedule
from ..plan.tiling import cases
from .convolution_kernel import LATENCY, in_pieces

WIDEST = 7  # tiles in a strip, at most


def strip_of(n: Node, registers: int) -> Tile:
    """How many channels of the result, and tiles, the innermost product takes at a time."""
    return _strip(n.shape[1], math.prod(tiles(n.shape[2:], n.params["kernel"])), registers)


@cache
def _strip(out: int, count: int, registers: int) -> Tile:
    def cost(tile: Tile) -> float:
        pieces = [(r, times, max(r * tile.pixels, LATENCY)) for r, times in in_pieces(out, tile.channels)]
        return -(-count // tile.pixels) * sum(times * (sums + (r + tile.pixels) / 4) for r, times, sums in pieces)

    found = [Tile(r, s) for s in range(1, WIDEST + 1) for r in range(1, out + 1) if (r + 1) * s + 1 <= registers]
    return min(found, key=cost)


def scratch_size(n: Node, registers: int, lanes: int) -> int:
    """How many numbers each thread works in: transformed pixels, and products."""
    strip = strip_of(n, registers).pixels
    return ELEMENTS * (apart(n.inputs[0].shape[1] * strip) + apart(n.shape[1] * strip)) * lanes


def apart(vectors: int) -> int:
    """From element to element, so many vectors or one more: an odd number, so that they meet in no set of a cache."""
    return vectors | 1


# -- kernels -----------------------------------------------------------------------------------------------------------


class KernelTransform(LoopKernel):
    """`winograd_weight`, U = G g G' for all pairs of channels, (n^2, out, channels); and back, `winograd_back`."""

    def emit(self) -> Code:
        n, schedule = self.kernel.main[0], self.schedule
        loop = Loop("pair", math.prod((n if self.back else n.inputs[0]).shape[:2]))
        plain = schedule.is_buffer(n.inputs[0]) and not any(x in schedule.pieces for x in (n, n.inputs[0]))
        if plain and loop.extent and loop.extent % self.lanes == 0:
            self._call(loop)
        else:
            self.places(
                [loop],
                self.lanes,
                lambda registers, tail: self._transform(self.body(self.lanes, loop, registers, tail), loop),
            )
        return self.code

    @property
    def back(self) -> bool:
        """Whether it is the way back, from elements to kernels."""
        return self.kernel.main[0].kind == "winograd_back"

    def _transform(self, body: Body, loop: Loop) -> None:
        """Some pairs, beside each other in a vector."""
        n, back = self.kernel.main[0], self.back
        r = (n if back else n.inputs[0]).shape[2]
        matrix, side = matrices(r).kernel, SIZE if back else r
        flat = [body.value(n.inputs[0], self._index(n.inputs[0], loop, i, back)) for i in range(side * side)]
        flat = flat[::-1] if n.params.get("turned") else flat
        rows = [flat[a * side : (a + 1) * side] for a in range(side)]
        changed = sandwich(body.kit, transposed(matrix) if back else matrix, rows)
        for i, value in enumerate(itertools.chain(*changed)):
            body.store(n, self._index(n, loop, i, not back), value)

    def _call(self, loop: Loop) -> None:
        """Call a function (source, result, first, end, pairs) for this thread's vectors of pairs."""
        n = self.kernel.main[0]
        r = (n if self.back else n.inputs[0]).shape[2]
        name = f"{n.kind}_{n.dtype.name}_{r}{'t' if n.params.get('turned') else ''}"
        if name not in self.micro_kernels:
            self.micro_kernels[name] = self._function(name, loop)
        first, end = self.share(loop.extent // self.lanes)
        places = f"ptr {self.pointer(n.inputs[0])}, ptr {self.pointer(n)}"
        self.code.do(f"call void @{name}({places}, i64 {first}, i64 {end}, i64 {loop.extent})")

    def _function(self, name: str, loop: Loop) -> Code:
        """The same for any number of pairs: one for the kernels of all layers."""
        code = Code(name, "ptr %source, ptr %result, i64 %first, i64 %end, i64 %pairs")
        n, scalar = self.kernel.main[0], Kit(code, 0).type(self.kernel.main[0].dtype)

        def pointer(x: Node, offset: int = 0) -> Ref:
            in_elements = x is n if not self.back else x is not n
            place = code.mul("%pairs", offset // loop.extent) if in_elements and offset else offset
            return code.element(scalar, "%result" if x is n else "%source", place)

        memory = Memory(pointer, self.schedule.is_buffer, self.schedule.place)
        with code.loop("%first", "%end") as vector:
            body = Body(code, self.lanes, loop, {loop: code.mul(vector, self.lanes)}, memory)
            self._transform(body, loop)
        return code

    def _index(self, n: Node, loop: Loop, i: int, elements_first: bool) -> tuple[Index, ...]:
        """Element i of a pair of channels."""
        pair = variable(loop)
        flat = pair + i * loop.extent if elements_first else pair * math.prod(n.shape[2:]) + i
        return unflatten(flat, n.shape)


class TileTransform(LoopKernel):
    """`winograd_tiles`: all tiles of all images, transformed, as the product that follows reads them.

    Gradients are (channels, n^2, columns), pixels (n^2, columns, channels); a column is a tile of one image.
    """

    def emit(self) -> Code:
        code, n = self.code, self.kernel.main[0]
        source, (down, across) = n.inputs[0], tiles(n.params["places"], n.params["kernel"])
        batch, channels = Batch(source.shape[0], self.lanes), source.shape[1]
        kit, scalar = Kit(code, self.lanes), Kit(code, 0).type(n.dtype)
        start, stop = n.params["blocks"]
        first, end = self.share((stop - start) * down * across)
        with code.loop(first, end) as unit:
            block, tile = (code.op(f"{what} i64 {unit}, {down * across}") for what in ("udiv", "urem"))
            block = code.add(block, start)
            images = code.mul(block, source.size // source.shape[0] * self.lanes)
            if n.params["of_gradient"]:
                columns, between = n.shape[2], 1
                how = TileFunction(source, n.params["kernel"], True, (ELEMENTS * columns, columns))
            else:
                columns, between = n.shape[1], channels
                past = goes_past(n.dtype, n.size, self.lanes, channels)
                how = TurnedTileFunction(source, n.params["kernel"], False, (channels, columns * channels), past)
            where = (
                code.element(scalar, self.pointer(source), images),
                code.element(scalar, self.pointer(n), code.mul(unit, self.lanes * between)),
            )
            corner = corner_of(code, tile, across, how.m, n.params["before"])
            self.by_block(batch, block, lambda tail: how.call(kit, self.micro_kernels, where, corner, tail))
        return code


def corner_of(code: Code, tile: Ref, across: int, m: int, before: tuple[int, ...] = (0, 0)) -> list[Ref]:
    """The first result of a tile, or, with zeros before the image, the first pixel it sees."""
    numbers = (code.op(f"{what} i64 {tile}, {across}") for what in ("udiv", "urem"))
    return [code.add(code.mul(i, m), -b) for i, b in zip(numbers, before, strict=True)]


@dataclass(frozen=True)
class TurnedTileFunction(TileFunction):
    """The same with the channels beside each other: as many at a time as a vector has lanes, turned in squares.

    `steps` are those from column to column, and from element to element, in the target, which is written past the
    caches if `past`.
    """

    past: bool = False

    @property
    def kind(self) -> str:
        return f"turned_{super().kind}{'p' if self.past else ''}"

    def channels(self, kit: Kit, seen: Seen) -> None:
        code, lanes, scalar, vector = kit.code, kit.lanes, seen.scalar, kit.type(self.source.dtype)
        waiting = code.variable(f"[{ELEMENTS * lanes} x {vector}]")
        squares = Squares(code, self.source.dtype, lanes, (1, lanes), "%step", False, self.past)
        with code.loop(0, "%channels", lanes) as first:
            left = code.op(f"sub i64 %channels, {first}")
            with code.loop(0, code.least(left, str(lanes))) as c:
                for i, value in enumerate(self.transformed(kit, seen, code.add(first, c))):
                    store(value, code.element(vector, waiting, code.add(c, i * lanes)))
            target = code.element(scalar, "%target", first)
            with code.loop(0, ELEMENTS) as element:
                source = code.element(vector, waiting, code.mul(element, lanes))
                to = code.element(scalar, target, code.mul(element, "%to_element"))
                squares.copy(Square(source, to, str(lanes), left))


class WinogradKernel(LoopKernel):
    """`winograd`: a convolution with transformed kernels."""

    def __init__(
        self,
        kernel: Kernel,
        schedule: Schedule,
        slots: Callable[[Node], int],
        registers: int,
        scratch: tuple[int, int],
    ) -> None:
        super().__init__(kernel.kind, kernel, schedule, slots, schedule.lanes)
        self.node = kernel.main[0]
        self.source, self.kernels = self.node.inputs
        self.scratch, self.places_to_work = scratch
        self.tile = strip_of(self.node, registers)
        self.size = scratch_size(self.node, registers, self.lanes)
        self.down, self.across = tiles(self.node.shape[2:], self.node.params["kernel"])
        self.in_pixels, self.in_products = (
            apart(n.shape[1] * self.tile.pixels) * self.lanes for n in (self.source, self.node)
        )
        steps = self.tile.pixels * self.lanes, self.in_pixels
        self.pixels = TileFunction(self.source, self.node.params["kernel"], False, steps)
        self.m = self.pixels.m
        self.kit = Kit(self.code, self.lanes)
        self.scalar, self.vector = Kit(self.code, 0).type(self.node.dtype), self.kit.type(self.node.dtype)

    def emit(self) -> Code:
        code, count, strip = self.code, self.down * self.across, self.tile.pixels
        batch = Batch(self.node.shape[0], self.lanes)
        strips = -(-count // strip)
        first, end = self.share_by_places(batch.block.extent * strips, self.places_to_work)
        own = code.mul("%thread", self.size)
        pixels = code.element(self.scalar, self.address(self.scratch), own)
        products = code.element(self.scalar, pixels, ELEMENTS * self.in_pixels)
        with code.loop(first, end) as unit:
            block, number = (code.op(f"{what} i64 {unit}, {strips}") for what in ("udiv", "urem"))
            start = code.mul(number, strip)
            here = _Strip(batch, block, start, code.least(code.op(f"sub i64 {count}, {start}"), str(strip)))
            self._transform_pixels(here, pixels)
            self._multiply(pixels, products)
            self._transform_products(here, products)
        return code

    def _transform_pixels(self, strip: _Strip, pixels: Ref) -> None:
        code = self.code
        image = self.source.size // self.source.shape[0] * self.lanes
        source = code.element(self.scalar, self.pointer(self.source), code.mul(strip.block, image))
        with code.loop(0, strip.length) as s:
            tile, before = code.add(strip.start, s), self.node.params["before"]
            target = code.element(self.scalar, pixels, code.mul(s, self.lanes))
            corner = corner_of(code, tile, self.across, self.m, before)
            self.pixels.call(self.kit, self.micro_kernels, (source, target), corner, None)

    def _multiply(self, pixels: Ref, products: Ref) -> None:
        """For each element: (out, channels) by (channels, tiles of the strip)."""
        code, strip = self.code, self.tile.pixels
        out, channels = self.kernels.shape[1:]
        blocks = -(-out // self.tile.channels)
        with code.loop(0, ELEMENTS) as i, code.loop(0, blocks) as block:
            start = code.mul(block, self.tile.channels)
            row = code.mul(code.add(code.mul(i, out), start), channels)
            a = code.element(self.scalar, self.pointer(self.kernels), row)
            b = code.element(self.scalar, pixels, code.mul(i, self.in_pixels))
            to_row = code.mul(start, strip * self.lanes)
            c = code.element(self.scalar, products, code.add(code.mul(i, self.in_products), to_row))
            for size, test in cases(out, self.tile.channels):
                here = code.op(f"icmp {test} i64 {block}, {blocks - 1}") if test else "true"
                with code.when(here):
                    walk = Walk([(1, strip * self.lanes)], channels, self.lanes)
                    inside = Taps(self.node, self.lanes)
                    fill(code, self.micro_kernels, inside, Tile(size, strip), walk, (a, b, c), [str(channels)])

    def _transform_products(self, strip: _Strip, products: Ref) -> None:
        """y = A' M A, and what is fused to the convolution, for each channel and tile."""
        code, out, width = self.code, self.node.shape[1], self.tile.pixels
        results = code.variable(f"[{self.m * self.m} x {self.vector}]")
        channel = loops_over(self.node.shape[1:], "c")[0]
        with code.loop(0, strip.length) as s, code.loop(0, out) as o:
            base = code.element(self.scalar, products, code.mul(code.add(code.mul(o, width), s), self.lanes))
            places = [code.element(self.scalar, base, i * self.in_products) for i in range(ELEMENTS)]
            flat = [load(self.kit, self.node.dtype, place) for place in places]
            rows = [flat[a * SIZE : (a + 1) * SIZE] for a in range(SIZE)]
            changed = sandwich(self.kit, matrices(self.pixels.r).results, rows)
            for i, value in enumerate(itertools.chain(*changed)):
                store(value, code.element(self.vector, results, i))
            corner = corner_of(code, code.add(strip.start, s), self.across, self.m)
            self._finish_tile(strip, {channel: o}, corner, results)

    def _finish_tile(self, strip: _Strip, channel: dict[Loop, Ref], corner: list[Ref], results: Ref) -> None:
        """Those of a tile's results that are inside the image."""
        code, lengths = self.code, self.node.shape[2:]
        rows, columns = loops_over(lengths, "p")
        index = at([strip.batch, *channel, rows, columns])
        left = (code.op(f"sub i64 {length}, {c}") for length, c in zip(lengths, corner, strict=True))
        counts = [code.least(length, str(self.m)) for length in left]

        def finish(tail: Value | None) -> None:
            with code.loop(0, counts[0]) as a, code.loop(0, counts[1]) as b:
                here = {rows: code.add(corner[0], a), columns: code.add(corner[1], b)}
                registers = self.in_block(strip.batch, strip.block) | channel | here
                body = self.body(self.lanes, strip.batch, registers, tail)
                place = code.element(self.vector, results, code.add(code.mul(a, self.m), b))
                body.set(self.node, index, load(body.kit, self.node.dtype, place))
                self.finish(body, flatten(index, self.node.shape))

        self.by_block(strip.batch, strip.block, finish)


class _Strip(NamedTuple):
    """Some tiles of a block of images."""

    batch: Batch
    block: Ref
    start: Ref
    length: Ref


__all__ = ["KernelTransform", "TileTransform", "WinogradKernel", "scratch_size"]
