"""Convolution of few images (`few_images.py`): tiles of vectors, each a piece of a row of one image.

A tile is some channels of the result by pieces of some rows below each other. All windows lie inside the source, and
along a row they move by one element: so a vector of the source begins where the tile stands, plus where the tap does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from ..emit.code import Code, Ref
from ..emit.taps import RowTaps, Tile
from ..emit.value import Value
from ..graph.batches import Blocks
from ..graph.convolutions import Axis, axes
from ..graph.graph import Node
from ..graph.reads import loops_over
from ..plan.kernel import Kernel
from ..plan.schedule import Schedule
from .convolution_kernel import ConvolutionKernel, Place, best_tile


class RowConvolutionKernel(ConvolutionKernel):
    """`row_convolution` and `row_convolution_input`, with what is fused to them."""

    def __init__(self, kernel: Kernel, schedule: Schedule, slots: Callable[[Node], int], registers: int) -> None:
        super().__init__(kernel, schedule, slots, registers)
        *self.outer, (self.row,) = axes(self.node)
        self.across = Blocks("x", self.row.count, self.lanes)

    @property
    def apart(self) -> int:
        return 1

    @property
    def weight_steps(self) -> tuple[int, int, tuple[int, ...]]:
        to_result, to_source, taps = super().weight_steps
        return to_result, to_source, taps[:-1]

    @property
    def source_steps(self) -> tuple[int, tuple[int, ...]]:
        channels, along = super().source_steps
        return channels, along[:-1]

    def emit(self) -> Code:
        for classes in itertools.product(*self.outer):
            if all(axis.count for axis in classes):
                self._units(classes)
        return self.code

    def _units(self, classes: Sequence[Axis]) -> None:
        """All results of a class, tile by tile; those of the same channels come one after the other."""
        code = self.code
        image, channel, *spatial = loops_over(self.node.shape[:-1], "c")
        tile = best_tile(self.channels, classes[-1].count, self.registers)
        lengths = self.channels, classes[-1].count
        tiles = [-(-length // piece) for length, piece in zip(lengths, tile, strict=True)]
        rows = [a.count for a in classes[:-1]]
        numbers = loops_over([image.extent, self.groups, tiles[0], *rows, self.across.block.extent, tiles[1]], "u")
        first, end = self.share(math.prod(loop.extent for loop in numbers))
        with code.loop(first, end) as unit:
            found = self._unravel(unit, numbers)
            at_image, group, across, *in_rows, piece, below = (found[loop] for loop in numbers)
            start = code.add(code.mul(group, self.channels), code.mul(across, tile.channels))
            registers = self.in_block(self.across, piece) | {image: at_image, channel: start}
            for loop, axis, i in zip(spatial[:-1], classes[:-1], in_rows, strict=True):
                registers[loop] = code.add(code.mul(i, axis.step), axis.first)
            loops = (image, channel, *spatial, self.across)
            place = Place(registers, self.across, at_image, loops, classes, in_rows, group)
            q = code.mul(below, tile.pixels)
            self.each_size(
                lengths, tile, (across, below), lambda channels, pixels: self._pieces(place, Tile(channels, pixels), q)
            )

    def _pieces(self, place: Place, tile: Tile, q: Ref) -> None:
        """A tile; at the end of the rows, with fewer lanes."""
        start, counts = self._first_tap(place)

        def inside(tail: Value | None) -> None:
            taps = RowTaps(self.node, self.lanes, self.across.extent % self.lanes if tail else self.lanes)
            self._finish_vectors(place, tile, q, self._sums(place, tile, q, start, counts, taps), 0, tail)

        self.by_block(self.across, place.registers[self.across.block], inside)

    def _first_tap(self, place: Place) -> tuple[tuple[Ref, Ref], list[Ref]]:
        (weight, source), (channels, *rows) = super()._first_tap(place)
        start = self.code.add(place.registers[self.across], self.row.offset)
        weight, source = self.code.add(weight, self.row.tap), self.code.add(source, start)
        return (weight, source), [channels, str(self.row.taps), *rows]

    def _tap_steps(self, classes: Sequence[Axis]) -> list[tuple[int, int]]:
        channels, *rows = super()._tap_steps(classes)
        return [channels, (self.row.tap_step, self.row.reach), *rows]


__all__ = ["RowConvolutionKernel"]
