"""Matrix products: tiles made by the micro-kernel, and all that follows done before a tile leaves the cache.

A is read where it lies, and B too if its rows lie in one piece; else B is packed first (`packing.py`). The fused
elementwise nodes (bias, activation, the weight's update) are worked out from the finished tile.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ..ops.places import Index, Loop, flatten, unflatten
from .code import Code, Ref
from .graph import Node
from .kit import Kit, Value
from .loop_kernels import LoopKernel
from .micro_kernel import MicroKernel, Steps
from .narrow_kernel import narrow_kernel
from .reads import at, loops_over
from .schedule import Kernel, Schedule
from .tiling import Operand, Tiling, cases


class Place(NamedTuple):
    """Where a tile stands: the registers of the batch loops, its block of rows and its panel."""

    registers: dict[Loop, Ref]
    block: Ref
    panel: Ref


class ProductKernel(LoopKernel):
    """What all functions of a product share: operands, batch axes, and what is done with a finished tile."""

    def __init__(
        self, kernel: Kernel, schedule: Schedule, slots: Callable[[Node], int], t: Tiling, scratch: dict[str, int]
    ) -> None:
        super().__init__("matmul", kernel, schedule, slots, t.lanes)
        self.t, self.scratch = t, scratch
        self.node = kernel.main[0]
        self.batch = loops_over(t.batch, "b")
        self.scalar, self.vector = (Kit(self.code, lanes).type(t.dtype) for lanes in (0, t.lanes))
        self.tile = "" if t.direct else self.code.variable(f"[{t.height * t.width} x {self.scalar}]")

    def micro(self, rows: int, columns: int, steps: Steps, goes_on: bool = False, awaited: int = 0) -> str:
        """The name of a micro-kernel, emitted once."""
        micro = MicroKernel(self.t, rows, columns, steps, goes_on, awaited)
        if micro.code.name not in self.micro_kernels:
            self.micro_kernels[micro.code.name] = micro.emit()
        return micro.code.name

    def start_of(self, o: Operand, registers: dict[Loop, Ref], within: Ref) -> Ref:
        """The address of an operand's element, in the batch where the loops stand."""
        steps = zip(self.batch, o.batch, strict=True)
        index = Index(0, tuple((loop, step) for loop, step in steps if step and loop.extent != 1))
        place = self.code.add(within, self.body(0, None, registers).scalar(index))
        return self.code.element(self.scalar, self.pointer(o.node, o.start), place)

    def packed_panel(self, number: Ref) -> Ref:
        """The address of a panel of the packed B."""
        place = self.code.mul(number, self.t.width * self.t.piece)
        return self.code.element(self.scalar, self.address(self.scratch["packed"]), place)

    def in_c(self, place: Place) -> Ref:
        """The address of a tile's place in C."""
        code, t = self.code, self.t
        row = code.add(code.mul(self.batch_number(place.registers), t.rows), code.mul(place.block, t.height))
        number = code.add(code.mul(row, t.columns), code.mul(place.panel, t.width))
        return code.element(self.scalar, self.pointer(self.node), number)

    def batch_number(self, registers: dict[Loop, Ref]) -> Ref:
        """Which product of the batch it is."""
        if math.prod(self.t.batch) == 1:
            return "0"
        return self.body(0, None, registers).scalar(flatten(at(self.batch), self.t.batch))

    def by_size(self, place: Place, inside: Callable[[int, int], None]) -> None:
        """Emit `inside(rows, columns)` for each size a tile can have here, under the test that tells which it is."""
        code, t = self.code, self.t
        for rows, at_row in cases(t.rows, t.height):
            for columns, at_column in cases(t.columns, t.width):
                tests = [
                    code.op(f"icmp {test} i64 {number}, {count - 1}")
                    for number, test, count in ((place.block, at_row, t.row_blocks), (place.panel, at_column, t.panels))
                    if test
                ]
                if not tests:
                    inside(rows, columns)
                    continue
                here = tests[0] if len(tests) == 1 else code.op(f"and i1 {tests[0]}, {tests[1]}")
                with code.when(here):
                    inside(rows, columns)

    def finish_tile(self, place: Place, rows: int, columns: int, tile: Ref) -> None:
        """Work out what is fused to the product, and store, row by row from the finished tile."""
        code, n, t = self.code, self.node, self.t
        m, across = Loop("m", t.rows), Loop("n", t.columns)
        in_c = (*at(self.batch), *(Index(0, ((loop, 1),)) for loop in (m, across)))
        index = unflatten(flatten(in_c, n.shape), n.shape)  # as others will ask for it
        m0, n0 = code.mul(place.block, t.height), code.mul(place.panel, t.width)
        with code.loop(0, rows) as r:
            row = code.add(m0, r)
            for v in range(-(-columns // t.lanes)):
                inside = min(t.lanes, columns - v * t.lanes)
                tail = self._tail(inside, t.lanes) if inside < t.lanes else None
                registers = place.registers | {m: row, across: code.add(n0, v * t.lanes)}
                body = self.body(t.lanes, across, registers, tail)
                address = code.element(self.scalar, tile, code.add(code.mul(r, t.width), v * t.lanes))
                value = code.op(f"load {self.vector}, ptr {address}, align {t.dtype.itemsize}")
                body.set(n, index, Value(body.kit, n.dtype, value))
                self.finish(body, flatten(index, n.shape))


class MatmulKernel(ProductKernel):
    """A product whose operands fit the caches: tile by tile, over the whole depth."""

    def emit(self) -> Code:
        code, t = self.code, self.t
        if 0 in self.node.shape:
            return code
        self.awaited = self._read_in_place()
        self.soon = code.variable(f"[{2 * len(self.awaited)} x i64]") if self.awaited else "null"
        first, end = self._units()
        with code.loop(first, end) as unit:
            block = code.op(f"urem i64 {unit}, {t.row_blocks}")
            rest = code.op(f"udiv i64 {unit}, {t.row_blocks}")
            registers = self._unravel(code.op(f"udiv i64 {rest}, {t.panels}"), self.batch)
            place = Place(registers, block, code.op(f"urem i64 {rest}, {t.panels}"))
            self.by_size(place, lambda rows, columns: self._tile(place, rows, columns))
        return code

    def _units(self) -> tuple[Ref, Ref]:
        """This thread's tiles: the first, and the last + 1."""
        if self.shared is not None and self.t.panels > 1:
            first, end = (self.code.mul(panel, self.t.row_blocks) for panel in self.share(self.t.panels))
            return first, end
        return self.share(math.prod(self.t.batch) * self.t.panels * self.t.row_blocks)

    def _tile(self, place: Place, rows: int, columns: int) -> None:
        code, t = self.code, self.t
        a = self.start_of(t.a, place.registers, code.mul(place.block, t.height * t.a.row))
        if t.packed:
            number = code.add(code.mul(self.batch_number(place.registers), t.panels), place.panel)
            b = self.packed_panel(number)
        else:
            b = self.start_of(t.b, place.registers, code.mul(place.panel, t.width * t.b.column))
        tile = self.in_c(place) if t.direct else self.tile
        if t.narrow:
            code.do(f"call void @{self._narrow(rows, columns)}(ptr {a}, ptr {b}, ptr {tile}, i64 {t.depth})")
        else:
            steps = Steps(t.a.row, t.a.column, t.width if t.packed else t.b.row, t.columns if t.direct else t.width)
            awaited = self.awaited[: t.depth // rows]
            soon = self._table(place, awaited)
            micro = self.micro(rows, columns, steps, awaited=len(awaited))
            code.do(f"call void @{micro}(ptr {a}, ptr {b}, ptr {tile}, i64 {t.depth}, ptr {soon})")
        if not t.direct:
            self.finish_tile(place, rows, columns, tile)

    def _read_in_place(self) -> list[Node]:
        """What is read to finish a tile, of others, at the tile's own places."""
        here = flatten(at(loops_over(self.node.shape)), self.node.shape)
        found = {r.node: None for n in self.kernel.maps for r in self.schedule.needs(n) if str(r.flat) == str(here)}
        others = (n for n in found if n not in self.kernel.nodes and n.dtype.itemsize == self.t.dtype.itemsize)
        return [n for n in others if self._from_row_to_row(n)]

    def _from_row_to_row(self, n: Node) -> int:
        """How many numbers it is from row to row of C in an array like it; 0 if that is not always the same."""
        piece = self.schedule.pieces.get(n)
        if n.batched or (piece is not None and not piece.in_one_stretch and piece.width != self.t.columns):
            return 0
        return self.t.columns if piece is None or piece.in_one_stretch else piece.pitch

    def _table(self, place: Place, awaited: list[Node]) -> Ref:
        """Where the rows of a tile lie in what is awaited (see `MicroKernel`)."""
        code, t = self.code, self.t
        row = code.add(code.mul(self.batch_number(place.registers), t.rows), code.mul(place.block, t.height))
        for i, n in enumerate(awaited):
            step, entry = self._from_row_to_row(n), code.element("i64", self.soon, 2 * i)
            start = code.add(code.mul(row, step), code.mul(place.panel, t.width))
            code.do(f"store ptr {code.element(self.scalar, self.pointer(n), start)}, ptr {entry}")
            code.do(f"store i64 {step * t.dtype.itemsize}, ptr {code.element('i64', entry, 1)}")
        return self.soon

    def _narrow(self, rows: int, columns: int) -> str:
        code = narrow_kernel(self.t, rows, columns)
        return self.micro_kernels.setdefault(code.name, code).name
