"""The innermost loops of a convolution: a tile of its results, some channels by some pixels, summed over the taps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ... import dtypes
from ..graph.graph import Node
from .accumulators import Accumulators, load
from .code import Code, Ref
from .dot_products import DotAccumulators, in_order, interleaved
from .kit import LLVM_TYPES, Kit
from .value import Value

ONCE = "1"  # taps of a loop that is none
FEW = 8  # channels of a tile up to which the step between them need not be known: each takes a register of its own


class Tile(NamedTuple):
    """So many channels by so many pixels."""

    channels: int
    pixels: int


class Taps:
    """What the innermost loop does at one tap: a number of the weight meets a vector of each pixel."""

    vectors = 1  # of sums for each pixel

    def __init__(self, node: Node, lanes: int, channel: int = 0) -> None:
        self.node, self.lanes = node, lanes
        self.name = f"taps_{node.dtype.name}"
        self.weight, self.source = (LLVM_TYPES[x.dtype] for x in reversed(node.inputs))

    def begin(self, code: Code, count: int) -> Accumulators:
        """So many sums."""
        self.kit, self.scalars = Kit(code, self.lanes), Kit(code, 0)
        return Accumulators(self.kit, self.node.dtype, count)

    def spread(self, address: Ref) -> Value:
        """What the weight has there, in every lane."""
        number = load(self.scalars, self.node.inputs[1].dtype, address)
        return self.kit.splat(number.ref, number.dtype)

    def pixel(self, address: Ref) -> list[Value]:
        """What the source has there."""
        return [load(self.kit, self.node.dtype, address)]

    def ordered(self, sums: list[Value]) -> list[Value]:
        """The sums as they shall be left."""
        return sums


class RowTaps(Taps):
    """The same where only so many of the lanes lie inside a row; what is beyond is not read."""

    def __init__(self, node: Node, lanes: int, inside: int) -> None:
        super().__init__(node, lanes)
        self.inside = inside
        self.name += f"_{inside}"

    def pixel(self, address: Ref) -> list[Value]:
        return [load(self.kit, self.node.dtype, address, self.inside)]


class PairTaps(Taps):
    """The same in bfloat16: a pair of neighbouring channels of the weight meets those of twice as many images."""

    vectors = 2

    def __init__(self, node: Node, lanes: int, channel: int = 0) -> None:
        super().__init__(node, lanes)
        self.channel = channel  # from one to the next in the source
        self.name = f"pairs_{channel}"

    def begin(self, code: Code, count: int) -> Accumulators:
        super().begin(code, count)
        return DotAccumulators(self.kit, self.node.dtype, count)

    def pixel(self, address: Ref) -> list[Value]:
        wide, code = Kit(self.kit.code, 2 * self.lanes), self.kit.code
        places = (code.element(self.source, address, channel) for channel in (0, self.channel))
        first, second = (load(wide, dtypes.bfloat16, place).ref for place in places)
        return interleaved(self.kit, first, second)

    def ordered(self, sums: list[Value]) -> list[Value]:
        return [v for low, high in zip(sums[::2], sums[1::2], strict=True) for v in in_order(low, high)]


class Walk(NamedTuple):
    """The way of an innermost loop.

    Attributes:
        steps: for each loop over taps, from one to the next in the weight and in the source.
        to_channel: in the weight, from channel to channel.
        to_pixel: in the source, from pixel to pixel.
        run: after how many steps of the first loop the sums in registers are emptied; 0 for never.
    """

    steps: Sequence[tuple[int, int]]
    to_channel: int
    to_pixel: int
    run: int = 0


def fill(
    code: Code,
    functions: dict[str, Code],
    inside: Taps,
    tile: Tile,
    walk: Walk,
    where: tuple[Ref, Ref, Ref],
    counts: Sequence[Ref],
) -> None:
    """Call what fills a tile, and put it among the functions if it is not there.

    Args:
        inside: what is done at one tap.
        where: the first tap in the weight and in the source, and the tile's sums.
        counts: of taps, for each loop.
    """
    ways = [way for i, way in enumerate(zip(counts, walk.steps, strict=True)) if not i or way[0] != ONCE]
    counts, steps = [count for count, _ in ways], [step for _, step in ways]
    to_channel = walk.to_channel if tile.channels > FEW else 0
    name = f"{inside.name}_{tile.channels}x{tile.pixels}_{to_channel}_{walk.to_pixel}_{len(counts)}"
    name += "r" if walk.run else ""
    if name not in functions:
        functions[name] = _micro_kernel(name, inside, tile, (to_channel, walk.to_pixel), len(counts), walk.run > 0)
    numbers = [*counts, *(n for pair in steps for n in pair), walk.to_channel, walk.run]
    given = [f"ptr {address}" for address in where] + [f"i64 {number}" for number in numbers]
    code.do(f"call void @{name}({', '.join(given)})")


def _micro_kernel(name: str, inside: Taps, tile: Tile, apart: tuple[int, int], loops: int, emptied: bool) -> Code:
    """sums[channel][pixel] = sum over the taps of weight[channel, tap] source[pixel, tap].

    Args:
        apart: steps from channel to channel in the weight, or 0 if the function is told, and from pixel to pixel.
        loops: how many there are over taps; the function is told their steps.
        emptied: whether the sums in registers are emptied on the way.
    """
    counts = [f"%count{i}" for i in range(loops)]
    steps = [(f"%a{i}", f"%b{i}") for i in range(loops)]
    numbers = [*counts, *(n for pair in steps for n in pair), "%to_channel", "%run"]
    code = Code(name, ", ".join(["ptr noalias %a, ptr noalias %b, ptr noalias %sums", *(f"i64 {n}" for n in numbers)]))
    across = tile.pixels * inside.vectors
    sums = inside.begin(code, tile.channels * across)
    to_channel, to_pixel = apart

    def taps(i: int, a: Ref, b: Ref, count: Ref = "") -> None:
        if i < loops:
            with code.loop(0, count or counts[i]) as j:
                in_a, in_b = (code.mul(j, step) for step in steps[i])
                taps(i + 1, code.element(inside.weight, a, in_a), code.element(inside.source, b, in_b))
            return
        pixels = [v for q in range(tile.pixels) for v in inside.pixel(code.element(inside.source, b, q * to_pixel))]
        for r in range(tile.channels):
            place = r * to_channel if to_channel or not r else code.mul("%to_channel", r)
            spread = inside.spread(code.element(inside.weight, a, place))
            for q, pixel in enumerate(pixels):
                sums.add(r * across + q, spread, pixel)

    if not emptied:
        taps(0, "%a", "%b")
        sums.leave("%sums", inside.ordered(sums.values()))
        return code
    sums.leave("%sums")  # zeros
    with code.loop(0, counts[0], "%run") as first:
        in_a, in_b = (code.mul(first, step) for step in steps[0])
        count = code.least(code.op(f"sub i64 {counts[0]}, {first}"), "%run")
        taps(0, code.element(inside.weight, "%a", in_a), code.element(inside.source, "%b", in_b), count)
        sums.empty("%sums", inside.ordered(sums.values()))
    return code
