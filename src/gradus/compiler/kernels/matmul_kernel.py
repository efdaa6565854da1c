"""Matrix products: tiles made by the micro-kernel, and all that follows done before a tile leaves the cache.

A is read where it lies, and B too if its rows lie in one piece; else B is packed first (`packing.py`). The fused
elementwise nodes (bias, activation, the weight's update) are worked out from the finished tile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from ...ops.core.places import Index, Loop, flatten, unflatten
from ..emit.accumulators import load, store
from ..emit.code import Code, Ref
from ..emit.kit import Kit
from ..emit.value import Value
from ..graph.graph import Node
from ..graph.reads import at, loops_over
from ..plan.kernel import Kernel
from ..plan.parts import part_places
from ..plan.schedule import Schedule
from ..plan.shares import Share
from ..plan.tiling import Operand, Tiling, cases
from .loop_kernels import LoopKernel
from .micro_kernel import MicroKernel, Steps
from .narrow_kernel import narrow_kernel
from .packing import PairSquares, Part
from .squares import Square, Squares


class Place(NamedTuple):
    """Where a tile stands: the registers of the batch loops, its block of rows and its panel."""

    registers: dict[Loop, Ref]
    block: Ref
    panel: Ref


class ProductKernel(LoopKernel):
    """What all functions of a product share: operands, batch axes, and what is done with a finished tile."""

    packs = False  # whether each thread packs each panel of B as it comes to it

    def __init__(
        self, kernel: Kernel, schedule: Schedule, slots: Callable[[Node], int], t: Tiling, scratch: dict[str, int]
    ) -> None:
        super().__init__("matmul", kernel, schedule, slots, t.lanes)
        self.t, self.scratch = t, scratch
        self.node = kernel.main[0]
        self.batch = loops_over(t.batch, "b")
        self.scalar, self.vector = (Kit(self.code, lanes).type(t.dtype) for lanes in (0, t.lanes))
        self.row, self.column = Loop("m", t.rows), Loop("n", t.columns // t.parts)
        loops = (*self.batch, self.row, self.column)
        self.flat = flatten(at(loops), [loop.extent for loop in loops])  # a place of the domain
        self.tile = "" if t.direct else self.code.variable(f"[{t.height * t.width} x {self.scalar}]")

    def micro(self, rows: int, columns: int, steps: Steps, goes_on: bool = False, **soon: int) -> str:
        """The name of a micro-kernel, emitted once."""
        micro = MicroKernel(self.t, rows, columns, steps, goes_on, **soon)
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
        number = code.add(code.mul(row, t.columns), code.mul(place.panel, t.stretch))
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
        with self.code.loop(0, rows) as r:
            for first in range(0, -(-columns // self.t.lanes), self.t.parts):
                inside = min(self.t.lanes, columns - first * self.t.lanes)
                tail = self._tail(inside, self.t.lanes) if inside < self.t.lanes else None
                body = self.body(self.t.lanes, self.column, self.in_domain(place, r, first * self.t.lanes), tail)
                for part, index in enumerate(self.at_place(self.node, self.flat)):
                    body.set(self.node, index, self._of_tile(body.kit, tile, r, first + part))
                self.finish(body, self.flat)

    def in_domain(self, place: Place, row: Ref, column: int) -> dict[Loop, Ref]:
        """The registers of a place of the domain, given where it is in a tile."""
        m0, n0 = self.code.mul(place.block, self.t.height), self.code.mul(place.panel, self.t.stretch)
        return place.registers | {self.row: self.code.add(m0, row), self.column: self.code.add(n0, column)}

    def _of_tile(self, kit: Kit, tile: Ref, row: Ref, vector: int) -> Value:
        within = self.code.add(self.code.mul(row, self.t.width), vector * self.t.lanes)
        return load(kit, self.t.dtype, self.code.element(self.scalar, tile, within))

    def at_place(self, n: Node, flat: Index) -> list[tuple[Index, ...]]:
        if n is not self.node:
            return super().at_place(n, flat)
        return [unflatten(place, n.shape) for place in part_places(n, self.t.parts, flat)]


    def pack_b(self, part: Part, shared: bool = True) -> None:
        """Copy a part of B, [product][panel][k][column]; zeros beyond the last column. `shared`: between the threads.

        The squares go by in the order in which they lie in memory.
        """
        code, t = self.code, self.t
        steps = t.b.row, t.b.column
        whole = Squares(code, t.dtype, t.lanes, steps, t.width)
        packer = PairSquares(code, t.dtype, t.lanes, steps, t.width) if t.pair_step else whole
        squares = code.op(f"udiv i64 {code.add(part.depth, t.lanes - 1)}, {t.lanes}")
        pieces = code.mul(part.panels, t.vectors)
        outer, inner = (squares, pieces) if t.b.column == 1 else (pieces, squares)
        total = code.mul(part.products, code.mul(squares, pieces))
        first, end = self.share(total) if shared else ("0", total)
        with code.loop(first, end) as unit:
            rest, low = code.op(f"udiv i64 {unit}, {inner}"), code.op(f"urem i64 {unit}, {inner}")
            product, high = code.op(f"udiv i64 {rest}, {outer}"), code.op(f"urem i64 {rest}, {outer}")
            square, piece = (high, low) if t.b.column == 1 else (low, high)
            panel, vector = code.op(f"udiv i64 {piece}, {t.vectors}"), code.op(f"urem i64 {piece}, {t.vectors}")
            k = code.mul(square, t.lanes)
            target = self.packed_panel(code.add(code.mul(product, part.panels), panel))
            column = code.add(code.mul(code.add(part.panel, panel), t.stretch), code.mul(vector, t.apart))
            registers = self._unravel(code.add(part.product, product), self.batch)
            in_b = code.add(code.mul(column, t.b.column), code.mul(code.add(part.k, k), t.b.row))
            left = (code.op(f"sub i64 {length}, {start}") for length, start in ((part.depth, k), (t.columns, column)))
            to = code.element(self.scalar, target, code.add(code.mul(k, t.width), code.mul(vector, t.lanes)))
            packer.copy(Square(self.start_of(t.b, registers, in_b), to, *left))


class PackingKernel(ProductKernel):
    """The copying of a whole B."""

    def emit(self) -> Code:
        self.code.name = "pack"
        self.pack_b(Part("0", str(self.t.depth), "0", str(self.t.panels), "0", str(math.prod(self.t.batch))))
        return self.code


class MatmulKernel(ProductKernel):
    """A product whose operands fit the caches: tile by tile, over the whole depth."""

    copy = ""  # where a panel is copied to

    def emit(self) -> Code:
        code, t = self.code, self.t
        if 0 in self.node.shape:
            return code
        self.awaited = self._touched_in_place()
        self.fetches = self.packs and t.b.row == 1 and t.b.column == t.depth  # what is packed next lies in one piece
        entries = 2 * len(self.awaited) + self.fetches
        self.soon = code.variable(f"[{entries} x i64]") if entries else "null"
        copied = self.packs or (self.shared and t.copied)
        self.copy = code.variable(f"[{t.depth * t.width} x {self.scalar}]") if copied else ""
        for place in self._own_tiles(self.shared) if self.shared else self._units():
            self.by_size(place, partial(self._tile, place))
        return code

    def _own_tiles(self, share: Share) -> Iterator[Place]:
        """This thread's panels or rows of tiles: all tiles of a panel that stays near, else row by row.

        So each panel's piece of B is fetched once, or else the rows of A are, of which the next can be awaited.
        """
        code, t = self.code, self.t
        by_rows = share.step > 1 or t.panels == 1
        panels = code.loop(*((0, t.panels) if by_rows else self.share(t.panels)))
        blocks = code.loop(*(self.share(t.row_blocks) if by_rows else (0, t.row_blocks)))
        by_panel = t.stays or self.packs
        with panels if by_panel else blocks as outer:
            if self.copy:
                self._copy_panel(outer)
            with blocks if by_panel else panels as inner:
                panel, block = (outer, inner) if by_panel else (inner, outer)
                yield Place({}, block, panel)

    def packed_panel(self, number: Ref) -> Ref:
        return self.copy if self.packs else super().packed_panel(number)

    def _copy_panel(self, panel: Ref, product: Ref = "0") -> None:
        """Bring the rows of a panel of B together."""
        code, t, kit = self.code, self.t, Kit(self.code, self.t.lanes)
        if self.packs:
            self.pack_b(Part("0", str(t.depth), panel, "1", product, "1"), shared=False)
            return
        panel_of_b = self.start_of(t.b, {}, code.mul(panel, t.width))
        with code.loop(0, t.depth) as k:
            for v in range(0, t.width, t.lanes):
                here, there = (code.add(code.mul(k, step), v) for step in (t.b.row, t.width))
                value = load(kit, t.dtype, code.element(self.scalar, panel_of_b, here))
                store(value, code.element(self.scalar, self.copy, there))

    def _units(self) -> Iterator[Place]:
        """This thread's tiles, if any can be any thread's."""
        code, t = self.code, self.t
        first, end = self.share(math.prod(t.batch) * t.panels * t.row_blocks)
        with code.loop(first, end) as unit:
            block, rest = (code.op(f"{what} i64 {unit}, {t.row_blocks}") for what in ("urem", "udiv"))
            product, panel = (code.op(f"{what} i64 {rest}, {t.panels}") for what in ("udiv", "urem"))
            if self.copy:
                begins = code.op(f"icmp eq i64 {block}, 0"), code.op(f"icmp eq i64 {unit}, {first}")
                with code.when(code.op(f"or i1 {begins[0]}, {begins[1]}")):
                    self._copy_panel(panel, product)
            yield Place(self._unravel(product, self.batch), block, panel)

    def _tile(self, place: Place, rows: int, columns: int) -> None:
        code, t = self.code, self.t
        a = self.start_of(t.a, place.registers, code.mul(place.block, t.height * t.a.row))
        if self.copy:
            b = self.copy
        elif t.packed:
            number = code.add(code.mul(self.batch_number(place.registers), t.panels), place.panel)
            b = self.packed_panel(number)
        else:
            b = self.start_of(t.b, place.registers, code.mul(place.panel, t.stretch * t.b.column))
        tile = self.in_c(place) if t.direct else self.tile
        if t.narrow:
            code.do(f"call void @{self._narrow(rows, columns)}(ptr {a}, ptr {b}, ptr {tile}, i64 {t.depth})")
        else:
            from_k_to_k = t.width if t.packed or self.copy else t.b.row
            steps = Steps(t.a.row, t.a.column, from_k_to_k, t.columns if t.direct else t.width)
            awaited = self.awaited[: t.depth // rows]
            soon = self._table(place, awaited)
            micro = self.micro(rows, columns, steps, awaited=len(awaited), fetches=self.fetches)
            code.do(f"call void @{micro}(ptr {a}, ptr {b}, ptr {tile}, i64 {t.depth}, ptr {soon})")
        if not t.direct:
            self.finish_tile(place, rows, columns, tile)

    def _touched_in_place(self) -> list[tuple[Node, Index]]:
        """What is read or written to finish a tile, and lies in memory as C does: arrays, and where in them."""
        maps = self.kernel.maps
        read = [(r.node, r.flat) for n in maps for r in self.reads_of(n, self.flat) if r.node not in self.kernel.nodes]
        written = [(n, self.schedule.place(n, unflatten(self.flat, n.shape))) for n in self.kernel.stored if n in maps]
        return [(n, place) for n, place in dict.fromkeys(read + written) if self._row_by_row(n, place)]

    def _row_by_row(self, n: Node, place: Index) -> bool:
        """Whether a row of a tile lies in one piece in an array of numbers of the same size."""
        in_one_piece = place.is_linear() and place.coefficient(self.column) == 1 and place.coefficient(self.row) != 0
        return in_one_piece and n.dtype.itemsize == self.t.dtype.itemsize

    def _table(self, place: Place, awaited: list[tuple[Node, Index]]) -> Ref:
        """Where the rows of a tile lie in what is awaited (see `MicroKernel`)."""
        code, body = self.code, self.body(0, None, self.in_domain(place, "0", 0))
        for i, (n, flat) in enumerate(awaited):
            entry, step = code.element("i64", self.soon, 2 * i), flat.coefficient(self.row)
            start = self.pointer(n, flat.constant)
            first = code.element(self.scalar, start, body.scalar(flat - flat.constant))
            code.do(f"store ptr {first}, ptr {entry}")
            code.do(f"store i64 {step * self.t.dtype.itemsize}, ptr {code.element('i64', entry, 1)}")
        if self.fetches:
            code.do(f"store ptr {self._next_of_b(place)}, ptr {code.element('i64', self.soon, 2 * len(awaited))}")
        return self.soon

    def _next_of_b(self, place: Place) -> Ref:
        """What of the next panel of B this tile brings nearer: the rows that become one of its vectors."""
        code, t = self.code, self.t
        vector = code.op(f"urem i64 {place.block}, {t.vectors}")
        column = code.add(code.mul(code.add(place.panel, 1), t.stretch), code.mul(vector, t.apart))
        return self.start_of(t.b, place.registers, code.mul(column, t.b.column))

    def _narrow(self, rows: int, columns: int) -> str:
        code = narrow_kernel(self.t, rows, columns)
        return self.micro_kernels.setdefault(code.name, code).name
