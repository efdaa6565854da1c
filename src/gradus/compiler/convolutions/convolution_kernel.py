"""Convolution, and its gradient to the input: tiles of vectors, each one pixel of as many images as it has lanes.

A tile is some channels of the result by some neighbouring pixels of a row. Its sums stay in registers while the taps
(channels of the source, elements of the kernel) go by: at each, every pixel's vector is read where it lies, and for
each channel one number of the weight is spread over a vector. No columns, no packing, no shuffles.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from ... import dtypes
from ...ops.core.places import Loop, flatten
from ..emit.accumulators import load
from ..emit.code import Code, Ref
from ..emit.kit import LLVM_TYPES, Kit
from ..emit.taps import PairTaps, Taps, Tile, Walk, fill
from ..emit.value import Value
from ..graph.batches import Batch, Blocks, blocks
from ..graph.convolutions import Axis, axes
from ..graph.graph import Node
from ..graph.reads import at, loops_over
from ..kernels.loop_kernels import LoopKernel
from ..plan.kernel import Kernel
from ..plan.schedule import Schedule
from ..plan.tiling import SPARE, emptied_after

LATENCY = 8  # sums that must be under way at once to keep the multipliers busy


@cache
def best_tile(channels: int, pixels: int, registers: int, vectors: int = 1) -> Tile:
    """The tile with which the result takes the least time: it fits the registers and leaves few small pieces.

    `vectors`: how many there are of each pixel.
    """
    room = registers - SPARE

    def cost(tile: Tile) -> float:
        total = 0.0
        for r, times_r in in_pieces(channels, tile.channels):
            for q, times_q in in_pieces(pixels, tile.pixels):
                total += times_r * times_q * (max(r * q * vectors, LATENCY) + (r + q * vectors) / 4)
        return total

    tiles = [
        Tile(r, q)
        for r in range(1, min(channels, room) + 1)
        for q in range(1, min(pixels, room) + 1)
        if r * q * vectors <= room and (r * q + q) * vectors + 1 <= registers
    ]
    return min(tiles, key=lambda t: (cost(t), abs(t.channels - 2 * t.pixels)))


def in_pieces(length: int, size: int) -> list[tuple[int, int]]:
    """The sizes of the pieces a length is cut into, and how many there are of each."""
    whole, rest = divmod(length, size)
    return [(size, whole)] * (whole > 0) + [(rest, 1)] * (rest > 0)


class ConvolutionKernel(LoopKernel):
    """`convolution` and `convolution_input`, with what is fused to them."""

    def __init__(self, kernel: Kernel, schedule: Schedule, slots: Callable[[Node], int], registers: int) -> None:
        super().__init__(kernel.kind, kernel, schedule, slots, schedule.lanes)
        self.node = kernel.main[0]
        self.source, self.weight = self.node.inputs
        self.registers = registers * 4 // self.node.dtype.itemsize if self.node.dtype.itemsize > 4 else registers
        self.groups = self.node.params["groups"]
        self.channels = self.node.shape[1] // self.groups
        self.summed = self.source.shape[1] // self.groups
        self.vector = Kit(self.code, self.lanes).type(self.node.dtype)
        self.inside = PairTaps if self.source.dtype == dtypes.bfloat16 else Taps
        self.together = self.inside.vectors * self.lanes

    # -- where things lie ----------------------------------------------------------------------------------------------

    @property
    def apart(self) -> int:
        """How many numbers it is in the source from a pixel to the next."""
        return self.together

    @property
    def weight_steps(self) -> tuple[int, int, tuple[int, ...]]:
        """In the weight, from channel to channel of the result, of the source, and along the kernel's axes."""
        shape = self.weight.shape
        outer, inner, *taps = (math.prod(shape[a + 1 :]) for a in range(len(shape)))
        return outer, inner, tuple(taps)

    @property
    def source_steps(self) -> tuple[int, tuple[int, ...]]:
        """In the source, from channel to channel, and along the axes."""
        lengths = self.source.shape[2:]
        along = tuple(math.prod(lengths[a + 1 :]) * self.apart for a in range(len(lengths)))
        return math.prod(lengths) * self.apart, along

    # -- the loops -----------------------------------------------------------------------------------------------------

    def emit(self) -> Code:
        batch = Batch(self.node.shape[0], self.lanes)
        channel, *spatial = loops_over(self.node.shape[1:], "c")
        for classes in itertools.product(*axes(self.node)):
            if all(axis.count for axis in classes):
                self._class(batch, channel, spatial, classes)
        return self.code

    def _class(self, batch: Batch, channel: Loop, spatial: Sequence[Loop], classes: Sequence[Axis]) -> None:
        """All results of a class: in units of one block of images, one row of pixels, one tile of channels."""
        code, vectors = self.code, self.inside.vectors
        tile = best_tile(self.channels, classes[-1].count, self.registers, vectors)
        rows = classes[:-1]
        tiles = -(-self.channels // tile.channels)
        counts = [blocks(batch.extent, self.together), *(a.count for a in rows), self.groups, tiles]
        numbers = loops_over(counts, "u")
        first, end = self.share(math.prod(counts))
        with code.loop(first, end) as unit:
            found = self._unravel(unit, numbers)
            block, *in_rows, group, number = (found[loop] for loop in numbers)
            start = code.add(code.mul(group, self.channels), code.mul(number, tile.channels))
            registers = {channel: start}
            for loop, axis, i in zip(spatial[:-1], rows, in_rows, strict=True):
                registers[loop] = code.add(code.mul(i, axis.step), axis.first)
            place = Place(registers, batch, block, (batch, channel, *spatial), classes, in_rows, group)
            each = (self.channels,), (tile.channels,), (number,)
            self.each_size(*each, lambda channels: self._row(place, Tile(channels, tile.pixels)))

    def _row(self, place: Place, tile: Tile) -> None:
        """A row of pixels: those whose window reaches over an edge, and those between, in tiles."""
        code, across = self.code, place.classes[-1]
        low, high = across.inner
        whole = low + (high - low) // tile.pixels * tile.pixels
        edge = Tile(tile.channels, 1)
        start, counts = self._first_tap(place)
        rest = Tile(tile.channels, high - whole)
        for first, last, size in ((0, low, edge), (low, whole, tile), (whole, high, rest)):
            if first < last:
                with code.loop(first, last, size.pixels) as q:
                    self._tile(place, size, q, start, counts)
        if high < across.count:
            with code.loop(high, across.count) as q:
                self._tile(place, edge, q, start, counts)

    def _first_tap(self, place: Place) -> tuple[tuple[Ref, Ref], list[Ref]]:
        """Where a row's first tap is, in the weight and in the source, and how many taps there are along each axis."""
        code = self.code
        to_result, _, taps = self.weight_steps
        channels, along = self.source_steps
        in_channel = code.mul(place.group, self.summed)
        weight = code.mul(place.registers[place.channels], to_result)
        images = code.mul(place.images, self.source.shape[1] * channels)
        source = code.add(images, code.mul(in_channel, channels))
        counts: list[Ref] = [str(self.weight.shape[1])]
        for axis, i, step, tap_step in zip(place.classes[:-1], place.rows, along, taps, strict=False):
            base = code.add(code.mul(i, axis.scale), axis.offset)
            first, last = self._inside(axis, base)
            tap = code.add(code.mul(first, axis.tap_step), axis.tap)
            weight = code.add(weight, code.mul(tap, tap_step))
            source = code.add(source, code.mul(code.add(base, code.mul(first, axis.reach)), step))
            counts.append(self._between(first, last))
        return (weight, source), counts

    def _between(self, first: Ref, last: Ref) -> Ref:
        """How many taps there are; a number where it is always the same."""
        return last if first == "0" else self.code.op(f"sub i64 {last}, {first}")

    def _inside(self, axis: Axis, base: Ref) -> tuple[Ref, Ref]:
        """The taps, first and last + 1, at which base + j reach lies inside the source; none if last < first."""
        code = self.code
        lowest, highest = axis.offset, (axis.count - 1) * axis.scale + axis.offset
        first, last = "0", str(axis.taps)
        if lowest < 0:  # j >= -base / reach, rounded up
            missing = code.op(f"sub i64 {axis.reach - 1}, {base}")
            first = code.most(code.op(f"sdiv i64 {missing}, {axis.reach}"), "0")
        if highest + (axis.taps - 1) * axis.reach >= axis.length:  # j < (length - base) / reach, rounded up
            left = code.op(f"sub i64 {axis.length - 1 + axis.reach}, {base}")
            last = code.least(code.most(code.op(f"sdiv i64 {left}, {axis.reach}"), "0"), str(axis.taps))
        return first, last

    def _tile(self, place: Place, tile: Tile, q: Ref, start: tuple[Ref, Ref], counts: list[Ref]) -> None:
        inside = self.inside(self.node, self.lanes, self.source_steps[0])
        self._finish_tile(place, tile, q, self._sums(place, tile, q, start, counts, inside))

    def _sums(
        self, place: Place, tile: Tile, q: Ref, start: tuple[Ref, Ref], counts: list[Ref], inside: Taps
    ) -> Ref:
        """Where the sums of a tile are."""
        code, across = self.code, place.classes[-1]
        weight, source = start
        step, tap_step = self.source_steps[1][-1], self.weight_steps[2][-1]
        base = code.add(code.mul(q, across.scale), across.offset)
        first, last = self._inside(across, base) if tile.pixels == 1 else ("0", str(across.taps))
        weight = code.add(weight, code.mul(code.add(code.mul(first, across.tap_step), across.tap), tap_step))
        source = code.add(source, code.mul(code.add(base, code.mul(first, across.reach)), step))
        sums = code.variable(f"[{tile.channels * tile.pixels * self.inside.vectors} x {self.vector}]")
        a = code.element(LLVM_TYPES[self.weight.dtype], self.pointer(self.weight), weight)
        b = code.element(LLVM_TYPES[self.source.dtype], self.pointer(self.source), source)
        taps = [*counts, self._between(first, last)]
        fill(code, self.micro_kernels, inside, tile, self._walk(place.classes), (a, b, sums), taps)
        return sums

    def _finish_tile(self, place: Place, tile: Tile, q: Ref, sums: Ref) -> None:
        """Work out what is fused to the convolution, and store, vector by vector."""
        vectors, there = self.inside.vectors, place.lanes.block.extent
        for v in range(vectors):
            block = self.code.add(self.code.mul(place.images, vectors), v)
            if v and there % vectors:  # the last block may lack it
                with self.code.when(self.code.op(f"icmp slt i64 {block}, {there}")):
                    self._finish_block(place, tile, q, sums, (block, v))
            else:
                self._finish_block(place, tile, q, sums, (block, v))

    def _finish_block(self, place: Place, tile: Tile, q: Ref, sums: Ref, of: tuple[Ref, int]) -> None:
        """The same for one block of images, and which of each pixel's vectors holds it."""
        block, v = of
        there = place._replace(registers=place.registers | self.in_block(place.lanes, block))
        self.by_block(place.lanes, block, lambda tail: self._finish_vectors(there, tile, q, sums, v, tail))

    def _finish_vectors(self, place: Place, tile: Tile, q: Ref, sums: Ref, v: int, tail: Value | None) -> None:
        """The same for number v of each pixel's vectors."""
        code, across, index = self.code, place.classes[-1], at(place.loops)
        with code.loop(0, tile.channels) as r:
            channel = code.add(place.registers[place.channels], r)
            for j in range(tile.pixels):
                pixel = code.add(code.mul(code.add(q, j), across.step), across.first)
                registers = place.registers | {place.channels: channel, place.pixels: pixel}
                body = self.body(self.lanes, place.lanes, registers, tail)
                number = code.add(code.mul(r, tile.pixels * self.inside.vectors), j * self.inside.vectors + v)
                body.set(self.node, index, load(body.kit, self.node.dtype, code.element(self.vector, sums, number)))
                self.finish(body, flatten(index, self.node.shape))

    def _walk(self, classes: Sequence[Axis]) -> Walk:
        """The way over the taps of a tile."""
        to_channel, to_pixel = self.weight_steps[0], classes[-1].scale * self.source_steps[1][-1]
        terms, taps = math.prod(self.weight.shape[1:]), math.prod(self.weight.shape[2:])
        run = max(emptied_after(terms) // taps, 1) if emptied_after(terms) < terms else 0
        return Walk(self._tap_steps(classes), to_channel, to_pixel, run)

    def _tap_steps(self, classes: Sequence[Axis]) -> list[tuple[int, int]]:
        """For each loop over taps, from one to the next in the weight and in the source."""
        _, to_source, taps = self.weight_steps
        channels, along = self.source_steps
        axes = zip(classes, taps, along, strict=True)
        between = (to_source, channels * self.summed // self.weight.shape[1])
        return [between, *((a.tap_step * t, a.reach * s) for a, t, s in axes)]


class Place(NamedTuple):
    """Where a unit of work stands.

    Attributes:
        registers: of the loops.
        lanes: the loop that the lanes lie along.
        images: the number of the image, or of the block of images, in the source.
        loops: those of the result's axes.
        classes: of the results, axis by axis; a tile's pixels lie along the last.
        rows: where it stands along the axes before that.
        group: of channels.
    """

    registers: dict[Loop, Ref]
    lanes: Blocks
    images: Ref
    loops: Sequence[Loop]
    classes: Sequence[Axis]
    rows: Sequence[Ref]
    group: Ref

    @property
    def channels(self) -> Loop:
        """The loop over the result's channels."""
        return self.loops[1]

    @property
    def pixels(self) -> Loop:
        """The loop over the axis that a tile's pixels lie along."""
        return self.loops[1 + len(self.classes)]


__all__ = ["ConvolutionKernel", "Place", "Tile", "best_tile", "in_pieces"]
