"""Winograd's transforms: products of a tile with constant matrices on both sides, and a function for all its channels.

The function is told the sizes of the image and the steps in what it writes: one serves the images of all layers.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...dtypes import Dtype
from ..graph.graph import Node
from ..graph.winograd_matrices import SIZE, Matrix, matrices, transposed
from .accumulators import load, store
from .code import Code, Ref
from .kit import Kit
from .value import Value

Tail = Value | None  # which lanes of the last block of images are images, if not all
ELEMENTS = SIZE * SIZE
NUMBERS = ("y", "x", "height", "width", "channels", "step", "to_element")  # that a function is told, after addresses


def sandwich(kit: Kit, matrix: Matrix, x: Sequence[Sequence[Value]]) -> list[list[Value]]:
    """M x M', in instructions."""
    half = [_combined(kit, matrix, [row[j] for row in x]) for j in range(len(x[0]))]  # the columns of M x
    return [_combined(kit, matrix, [column[i] for column in half]) for i in range(len(matrix))]


def _combined(kit: Kit, matrix: Matrix, values: Sequence[Value]) -> list[Value]:
    """M times a column of values."""
    return [_sum(kit, row, values) for row in matrix]


def _sum(kit: Kit, factors: Sequence[Fraction], values: Sequence[Value]) -> Value:
    total: Value | None = None
    for factor, value in zip(factors, values, strict=True):
        if not factor:
            continue
        if total is None:
            total = value if factor == 1 else value * float(factor)
        elif abs(factor) == 1:
            total = total + value if factor == 1 else total - value
        else:
            total = kit.fma(value, float(factor), total)
    return kit.constant(0, values[0].dtype) if total is None else total


@dataclass(frozen=True)
class TileFunction:
    """A function (images, target, numbers) that transforms a tile for each channel: pixels, B' d B; gradients, A g A'.

    `steps` are those from channel to channel, and from element to element, in the target.
    """

    source: Node
    r: int
    of_gradient: bool
    steps: tuple[int, int]

    @property
    def m(self) -> int:
        return SIZE - self.r + 1

    @property
    def matrix(self) -> Matrix:
        found = matrices(self.r)
        return transposed(found.results) if self.of_gradient else found.pixels

    @property
    def kind(self) -> str:
        """What of it tells one function from another."""
        return f"{self.source.dtype.name}_{self.r}{'g' if self.of_gradient else ''}"

    def call(self, kit: Kit, functions: dict[str, Code], where: tuple[Ref, Ref], corner: list[Ref], tail: Tail) -> None:
        """Call it, and put it among the functions if it is not there; without a tail it is for a whole block."""
        part = hashlib.sha256(tail.ref.encode()).hexdigest()[:8] if tail is not None else ""
        name = f"tiles_{self.kind}_{kit.lanes}{part}"
        if name not in functions:
            functions[name] = self.code(name, kit.lanes, tail)
        numbers = (*corner, *self.source.shape[2:], self.source.shape[1], *self.steps)
        given = ", ".join(f"i64 {number}" for number in numbers)
        kit.code.do(f"call void @{name}(ptr {where[0]}, ptr {where[1]}, {given})")

    def code(self, name: str, lanes: int, tail: Tail) -> Code:
        """Its text."""
        code = Code(name, f"ptr noalias %images, ptr noalias %target, {', '.join(f'i64 %{n}' for n in NUMBERS)}")
        kit = Kit(code, lanes)
        self.channels(kit, Seen(kit, self.source.dtype, len(self.matrix[0]), tail))
        return code

    def channels(self, kit: Kit, seen: Seen) -> None:
        """All channels, one after the other."""
        code = kit.code
        with code.loop(0, "%channels") as c:
            target = code.element(seen.scalar, "%target", code.mul(c, "%step"))
            for value in self.transformed(kit, seen, c):
                store(value, target)
                target = code.element(seen.scalar, target, "%to_element")

    def transformed(self, kit: Kit, seen: Seen, channel: Ref) -> list[Value]:
        """The elements of a channel's tile."""
        return list(itertools.chain(*sandwich(kit, self.matrix, seen.tile(channel))))


class Seen:
    """The pixels that a tile sees; beyond the image's edges, and where there is no image, zeros.

    Of a tile that reaches over an edge, those inside are copied between zeros first.
    """

    def __init__(self, kit: Kit, dtype: Dtype, side: int, tail: Tail) -> None:
        code = kit.code
        self.kit, self.dtype, self.side = kit, dtype, side
        self.tail = tail and Value(kit, tail.dtype, tail.ref)
        self.scalar, self.vector = Kit(code, 0).type(dtype), kit.type(dtype)
        self.copy = code.variable(f"[{side * side} x {self.vector}]")
        self.stretches = []
        self.inside = "true"
        for start, length in (("%y", "%height"), ("%x", "%width")):
            left = code.op(f"sub i64 {length}, {start}")
            self.stretches.append((code.most(code.op(f"sub i64 0, {start}"), "0"), code.least(left, str(side))))
            for test in (f"icmp sge i64 {start}, 0", f"icmp sge i64 {left}, {side}"):
                self.inside = code.op(f"and i1 {self.inside}, {code.op(test)}")
        self.edge = code.op(f"xor i1 {self.inside}, true")
        self.corner = code.add(code.mul("%y", "%width"), "%x")
        self.row = code.op(f"select i1 {self.inside}, i64 %width, i64 {side}")
        self.size = code.mul("%height", "%width")
        with code.when(self.edge), code.loop(0, side * side) as i:
            store(kit.constant(0, dtype), code.element(self.vector, self.copy, i))

    def tile(self, channel: Ref) -> list[list[Value]]:
        """Those of a channel, row by row."""
        code, vector = self.kit.code, self.vector
        image = code.element(vector, "%images", code.mul(channel, self.size))
        start = code.element(vector, image, self.corner)
        with code.when(self.edge):
            self._copy(start)
        row = code.op(f"select i1 {self.inside}, ptr {start}, ptr {self.copy}")
        tile = []
        for _ in range(self.side):
            tile.append([self._pixel(code.element(vector, row, b)) for b in range(self.side)])
            row = code.element(vector, row, self.row)
        return tile

    def _copy(self, start: Ref) -> None:
        """Copy what is inside, from where the tile's first pixel would be."""
        code, (down, across) = self.kit.code, self.stretches
        with code.loop(*down) as a, code.loop(*across) as b:
            there, here = (code.add(code.mul(a, width), b) for width in ("%width", self.side))
            value = load(self.kit, self.dtype, code.element(self.vector, start, there))
            store(value, code.element(self.vector, self.copy, here))

    def _pixel(self, address: Ref) -> Value:
        value = load(self.kit, self.dtype, address)
        return value if self.tail is None else self.kit.where(self.tail, value, self.kit.constant(0, self.dtype))
