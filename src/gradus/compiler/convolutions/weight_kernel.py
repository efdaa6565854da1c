"""The gradient of a convolution to its weight: g and the source, both with the batch inside, multiplied pixel by pixel.

dK[o, c, t] = sum over images and places of g[o, place] x[c, place + t]. A tile is some channels o by some c and t; a
vector of sums for each element stays in registers while some rows of a block of images go by, and the lanes, which are
images too, are added up at the end. A few rows are used for all taps of the other axis, or for some tiles beside and
below each other, before the next rows come: they are then found in the nearest caches. Where the weight is small, the
batch is cut into a fixed number of parts, whose sums others add up: the result does not depend on how many threads are.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

from ..emit.accumulators import Accumulators, load, store
from ..emit.code import Code, Ref
from ..emit.dot_products import DotAccumulators
from ..emit.folding import folded
from ..emit.kit import LLVM_TYPES, Kit
from ..emit.value import Value
from ..graph.batches import Batch, images_together
from ..graph.convolutions import Axis, axes
from ..graph.graph import Node
from ..graph.reads import loops_over
from ..kernels.loop_kernels import LoopKernel
from ..plan.kernel import Kernel
from ..plan.schedule import Schedule
from ..plan.tiling import PIECE, SPARE
from .convolution_kernel import LATENCY

PIXELS = 64  # of a block of images, about, that all of a unit's tiles use before the next ones
BESIDE = 3  # tiles, and as many below, that use them one after the other
UNITS = 16  # that are left at least, so that many threads have something to do
FETCH = 4  # multiplications in the time that a vector takes to come from the second cache


class Tile(NamedTuple):
    """So many channels of the gradient, channels of the source, and neighbouring taps."""

    results: int
    channels: int
    taps: int


@cache
def best_tile(whole: Tile, registers: int) -> Tile:
    """The tile that fits the registers and with which the least time is lost on loads and small pieces."""
    room = registers - SPARE

    def cost(tile: Tile) -> float:
        """In multiplications: for each element of the weight, at each pixel."""
        lost, size = 1.0, math.prod(tile)
        for length, piece in zip(whole, tile, strict=True):
            lost *= -(-length // piece) * piece / length
        fetched = FETCH * (tile.results + tile.channels)  # neighbouring taps find the source in the first cache
        return lost * max(size, LATENCY, fetched, tile.results + tile.channels * tile.taps) / size

    each = [range(1, min(length, room) + 1) for length in whole]
    tiles = [t for t in itertools.starmap(Tile, itertools.product(*each)) if math.prod(t) <= room]
    return min(tiles, key=lambda t: (round(cost(t), 3), -math.prod(t), t.channels))


class WeightKernel(LoopKernel):
    """`convolution_weight`."""

    def __init__(self, kernel: Kernel, schedule: Schedule, slots: Callable[[Node], int], registers: int) -> None:
        super().__init__(kernel.kind, kernel, schedule, slots, schedule.lanes)
        self.node = kernel.main[0]
        self.source, self.gradient = self.node.inputs
        self.groups = self.node.params["groups"]
        self.results = self.gradient.shape[1] // self.groups
        self.channels = self.source.shape[1] // self.groups
        self.axes = [axis for (axis,) in axes(self.node)]
        self.together = images_together(self.source.dtype, self.lanes)
        self.batch = Batch(self.source.shape[0], self.together)
        self.kit = Kit(self.code, self.lanes)
        self.scalar, self.vector = Kit(self.code, 0).type(self.node.dtype), self.kit.type(self.node.dtype)
        self.number = LLVM_TYPES[self.source.dtype]
        whole = Tile(self.results, self.channels, self.axes[-1].taps)
        self.tile = best_tile(whole, registers * 4 // max(self.node.dtype.itemsize, 4))
        self.whole = whole
        self.tiles = [-(-length // piece) for length, piece in zip(whole, self.tile, strict=True)]
        self.taps = [axis.taps for axis in self.axes[:-1]]
        alone = math.prod(self.taps) > 1 or not self.taps
        many = math.isqrt(self.node.shape[0] * self.groups * math.prod(self.tiles) // UNITS)
        self.beside = 1 if alone else max(1, min(BESIDE, many))

    def _steps(self, n: Node) -> tuple[int, int, list[int]]:
        """In a batch of images: from block to block, from channel to channel, and along the axes."""
        lengths = n.shape[2:]
        along = [math.prod(lengths[a + 1 :]) * self.together for a in range(len(lengths))]
        channel = math.prod(lengths) * self.together
        return n.shape[1] * channel, channel, along

    def emit(self) -> Code:
        code, parts = self.code, self.node.shape[0]
        counts = [parts, self.groups, *(-(-count // self.beside) for count in self.tiles[:2]), self.tiles[2]]
        numbers = loops_over(counts, "u")
        first, end = self.share(math.prod(counts))
        size = self.beside**2 * math.prod((*self.taps, *self.tile))
        sums = code.variable(f"[{size} x {self.vector}]")
        with code.loop(first, end) as unit:
            found = self._unravel(unit, numbers)
            part, group, *rest = (found[loop] for loop in numbers)
            with code.loop(0, size) as i:
                store(self.kit.constant(0, self.node.dtype), code.element(self.vector, sums, i))
            self._unit(part, group, rest, sums)
        return code

    def _unit(self, part: Ref, group: Ref, unit: Sequence[Ref], sums: Ref) -> None:
        """Some tiles: their vectors of sums over the part's blocks, then the sums of their lanes, stored."""
        code, parts, blocks = self.code, self.node.shape[0], self.batch.block.extent
        first, last = (code.op(f"udiv i64 {code.mul(number, blocks)}, {parts}") for number in (part, code.add(part, 1)))

        def pieces(block: Ref, tail: Value | None) -> None:
            with self._rows() as rows:
                self._each_tile(
                    part, group, unit, sums, lambda place, tile, own: self._block(place, tile, own, block, rows, tail)
                )

        with code.loop(first, last) as block:
            self.by_block(self.batch, block, lambda tail: pieces(block, tail))
        self._each_tile(part, group, unit, sums, self._store)

    @contextmanager
    def _rows(self) -> Iterator[tuple[Ref, Ref]]:
        """Some rows at a time, from the first to the last + 1; all at once where they are used only once."""
        if not self.taps:
            yield "0", "0"
            return
        count, each = self.axes[0].count, math.prod(axis.count for axis in self.axes[1:])
        once = self.beside == math.prod(self.taps) == 1
        few = count if once else max(1, PIXELS // each)
        with self.code.loop(0, count, few) as row:
            yield row, self.code.least(self.code.add(row, few), str(count))

    def _each_tile(
        self, part: Ref, group: Ref, unit: Sequence[Ref], sums: Ref, inside: Callable[[_Place, Tile, Ref], None]
    ) -> None:
        """For the tiles of a unit, and for each the taps of the outer axes: where it is, its size, and its sums."""
        code, size = self.code, math.prod(self.tile)
        starts = [code.mul(number, self.beside) for number in unit[:2]]
        ends = [
            code.least(code.add(start, self.beside), str(count))
            for start, count in zip(starts, self.tiles[:2], strict=True)
        ]
        with code.loop(starts[1], ends[1]) as channel, code.loop(starts[0], ends[0]) as result:
            numbers = loops_over(self.taps, "t")
            with code.loop(0, math.prod(self.taps)) as outer:
                found = self._unravel(outer, numbers)
                below, beside = (
                    code.op(f"sub i64 {number}, {start}")
                    for number, start in zip((result, channel), starts, strict=True)
                )
                tile = code.add(code.mul(below, self.beside), beside)
                at = code.mul(code.add(code.mul(tile, math.prod(self.taps)), outer), size)
                place = _Place(part, group, (result, channel, unit[2]), [found[loop] for loop in numbers])
                own = code.element(self.vector, sums, at)
                self.each_size(self.whole, self.tile, place.tiles, lambda *sizes: inside(place, Tile(*sizes), own))

    def _begin(self, place: _Place) -> tuple[Ref, Ref, Ref, Ref]:
        """Where a tile begins: its result, its channel within the group and among all, its tap."""
        code = self.code
        result, channel, tap = (code.mul(number, piece) for number, piece in zip(place.tiles, self.tile, strict=True))
        result = code.add(code.mul(place.group, self.results), result)
        return result, channel, code.add(code.mul(place.group, self.channels), channel), tap

    def _block(
        self, place: _Place, tile: Tile, sums: Ref, block: Ref, rows: tuple[Ref, Ref], tail: Value | None
    ) -> None:
        """Add what some rows of one block of images give."""
        code = self.code
        result, _, channel, tap = self._begin(place)
        g_block, g_channel, g_along = self._steps(self.gradient)
        x_block, x_channel, x_along = self._steps(self.source)
        g = code.add(code.mul(block, g_block), code.mul(result, g_channel))
        x = code.add(code.mul(block, x_block), code.mul(channel, x_channel))
        counts = []
        for i, (axis, t, in_g, in_x) in enumerate(zip(self.axes[:-1], place.taps, g_along, x_along, strict=False)):
            base = code.add(code.mul(t, axis.reach), axis.offset)
            low, high = self._places(axis, base)
            if i == 0:
                low, high = code.most(low, rows[0]), code.least(high, rows[1])
            g = code.add(g, code.mul(low, in_g))
            x = code.add(x, code.mul(code.add(code.mul(low, axis.scale), base), in_x))
            counts.append(code.op(f"sub i64 {high}, {low}"))
        base = code.add(code.mul(tap, self.axes[-1].reach), self.axes[-1].offset)
        micro = self._micro(tile, tail)
        g = code.element(self.number, self.pointer(self.gradient), g)
        x = code.element(self.number, self.pointer(self.source), x)
        numbers = ", ".join(f"i64 {n}" for n in (*counts, base))
        code.do(f"call void @{micro}(ptr {g}, ptr {x}, ptr {sums}, {numbers})")

    def _places(self, axis: Axis, base: Ref) -> tuple[Ref, Ref]:
        """The places, first and last + 1, at which place scale + base lies inside the source."""
        code = self.code
        first = code.op(f"sdiv i64 {code.op(f'sub i64 {axis.scale - 1}, {base}')}, {axis.scale}")
        last = code.op(f"sdiv i64 {code.op(f'sub i64 {axis.length - 1 + axis.scale}, {base}')}, {axis.scale}")
        return code.most(first, "0"), code.least(code.most(last, "0"), str(axis.count))

    def _store(self, place: _Place, tile: Tile, sums: Ref) -> None:
        code, shape = self.code, self.node.shape
        result_at, channel_at, _, tap = self._begin(place)
        steps = [math.prod(shape[a + 1 :]) for a in range(len(shape))]
        part, result, channel, *taps, last = steps
        base = code.mul(place.part, part)
        at = (result_at, channel_at, *place.taps, tap)
        for number, step in zip(at, (result, channel, *taps, last), strict=True):
            base = code.add(base, code.mul(number, step))
        elements = list(itertools.product(*map(range, tile)))
        for i in range(0, len(elements), self.lanes):
            vectors = [
                load(self.kit, self.node.dtype, code.element(self.vector, sums, i + j))
                for j in range(min(self.lanes, len(elements) - i))
            ]
            totals = folded(vectors, lambda a, b: a + b)
            for j, (r, c, t) in enumerate(elements[i : i + self.lanes]):
                total = code.op(f"extractelement {totals.type} {totals.ref}, i64 {j}")
                element = code.add(base, r * result + c * channel + t * last)
                address = code.element(self.scalar, self.pointer(self.node), element)
                store(Value(Kit(code, 0), self.node.dtype, total), address)

    def _run(self) -> tuple[int, int]:
        """The axis within which sums in registers are emptied, if one is, and after how many of its places."""
        terms = 1
        for i, axis in reversed(list(enumerate(self.axes))):
            if terms * axis.count > PIECE:
                return i, max(PIECE // terms, 1)
            terms *= axis.count
        return -1, 0

    # -- the innermost loops -------------------------------------------------------------------------------------------

    def _micro(self, tile: Tile, tail: Value | None) -> str:
        """A function (g, x, sums, rows of each axis ..., where tap 0 of place 0 stands) that adds to a tile's sums."""
        counts = [f"%count{i}" for i in range(len(self.axes) - 1)]
        numbers = ", ".join(f"i64 {c}" for c in (*counts, "%base"))
        code = Code("", f"ptr noalias %g, ptr noalias %x, ptr noalias %sums, {numbers}")
        kit = Kit(code, self.together)
        kind = Accumulators if self.together == self.lanes else DotAccumulators
        sums = kind(Kit(code, self.lanes), self.node.dtype, math.prod(tile))
        pixel = _Pixel(self, tile, kit, sums, tail and Value(kit, tail.dtype, tail.ref))
        _, _, g_along = self._steps(self.gradient)
        _, _, x_along = self._steps(self.source)

        cut, run = self._run()

        def rows(i: int, g: Ref, x: Ref) -> None:
            if i == len(counts):
                for first, last, edge in ((0, low, True), (low, high, False), (high, self.axes[-1].count, True)):
                    if first < last:
                        along(i, first, str(last), lambda q: pixel.add(g, x, q, edge))  # noqa: B023 - called at once
                return

            def row(p: Ref) -> None:
                in_g, in_x = code.mul(p, g_along[i]), code.mul(p, x_along[i] * self.axes[i].scale)
                rows(i + 1, code.element(self.number, g, in_g), code.element(self.number, x, in_x))

            along(i, 0, counts[i], row)

        def along(i: int, first: int, last: Ref, step: Callable[[Ref], None]) -> None:
            """A loop; if it is cut, the sums are emptied after each piece."""
            if i != cut:
                with code.loop(first, last) as j:
                    step(j)
                return
            with code.loop(first, last, run) as start:
                with code.loop(start, code.least(code.add(start, run), last)) as j:
                    step(j)
                sums.empty("%sums")

        low, high = self.axes[-1].inner
        rows(0, "%g", "%x")
        sums.empty("%sums")
        code.name = f"pixels_{hashlib.sha256(code.text().encode()).hexdigest()[:12]}"
        return self.micro_kernels.setdefault(code.name, code).name


class _Pixel:
    """What one pixel of a row adds to a tile's sums."""

    def __init__(self, kernel: WeightKernel, tile: Tile, kit: Kit, sums: Accumulators, tail: Value | None) -> None:
        self.axis, self.tile, self.kit, self.sums, self.tail = kernel.axes[-1], tile, kit, sums, tail
        self.dtype, self.number = kernel.source.dtype, kernel.number
        _, self.g_channel, g_along = kernel._steps(kernel.gradient)
        _, self.x_channel, x_along = kernel._steps(kernel.source)
        self.g_step, self.x_step = g_along[-1], x_along[-1]

    def add(self, g: Ref, x: Ref, q: Ref, edge: bool) -> None:
        """Pixel q of rows g and x; at an edge, taps that reach beyond it count as zeros."""
        code = self.kit.code
        at_g = code.mul(q, self.g_step)
        gs = [self._load(g, code.add(at_g, r * self.g_channel)) for r in range(self.tile.results)]
        start = code.add(code.mul(q, self.axis.scale), "%base")
        taps = itertools.product(range(self.tile.channels), range(self.tile.taps))
        xs = [self._tap(x, c, code.add(start, t * self.axis.reach), edge) for c, t in taps]
        for i, (a, b) in enumerate(itertools.product(gs, xs)):
            self.sums.add(i, a, b)

    def _tap(self, x: Ref, channel: int, place: Ref, edge: bool) -> Value:
        code = self.kit.code
        held = code.most(code.least(place, str(self.axis.length - 1)), "0") if edge else place
        value = self._load(x, code.add(code.mul(held, self.x_step), channel * self.x_channel))
        if not edge:
            return value
        inside = code.op(f"icmp eq i64 {held}, {place}")
        zero = self.kit.constant(0, self.dtype)
        chosen = code.op(f"select i1 {inside}, {value.type} {value.ref}, {zero.type} {zero.ref}")
        return Value(self.kit, self.dtype, chosen)

    def _load(self, row: Ref, place: Ref) -> Value:
        """A vector; of a block that is not full, zeros in place of what are no images."""
        value = load(self.kit, self.dtype, self.kit.code.element(self.number, row, place))
        return value if self.tail is None else self.kit.where(self.tail, value, self.kit.constant(0, self.dtype))


class _Place(NamedTuple):
    """Where a tile stands: its part of the batch, its group, its numbers, and the taps of the outer axes."""

    part: Ref
    group: Ref
    tiles: tuple[Ref, Ref, Ref]
    taps: list[Ref]


__all__ = ["WeightKernel", "best_tile"]
