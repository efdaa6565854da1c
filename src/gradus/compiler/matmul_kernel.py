"""Matrix products: a block of the result held in registers, and everything that follows done before it leaves the cache.

The product C = A B is cut into tiles of a few rows by two vectors. The *micro-kernel* keeps a tile of C in registers and
runs over k, at each step multiplying one column piece of A (each number spread over a vector) with one row piece of B.
A is read where it lies. B's rows must be contiguous in memory; where they are not, B is first *packed*: copied into
panels as wide as a tile. The fused elementwise nodes (bias, activation, the weight's update) are worked out from the
finished tile.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ..errors import TraceError
from .code import Code, Ref
from .graph import Node
from .index import Index, Loop, flatten, unflatten
from .kit import Kit, Value
from .loop_kernels import LoopKernel
from .reads import Piece, at, loops_over, strides
from .schedule import Kernel, Schedule

SPARE = 4  # vector registers that hold no sums, but a row piece of B and a number of A


class Operand(NamedTuple):
    """A matrix in memory: its buffer, and the steps from row to row, from column to column, and over the batch axes."""

    node: Node
    start: int
    row: int
    column: int
    batch: tuple[int, ...]


def operand(n: Node, schedule: Schedule) -> Operand:
    """Where a product's operand lies."""
    loops = loops_over(n.shape)
    found = strides([Piece(n, at(loops))], loops, schedule.is_buffer)
    if found is None:
        raise TraceError(f"{n.kind} as an operand of a matrix product does not lie in memory")
    buffer, flat = found
    steps = [flat.coefficient(loop) for loop in loops]
    return Operand(buffer, flat.constant, steps[-2], steps[-1], tuple(steps[:-2]))


def _cases(length: int, size: int) -> list[tuple[int, str]]:
    """The sizes of the blocks that `length` is cut into, each with the test of its number against the last one."""
    rest = length % size
    if not rest:
        return [(size, "")]
    return [(rest, "")] if length < size else [(size, "ne"), (rest, "eq")]


class MatmulKernel(LoopKernel):
    """Emits the functions of one product: the packing of B, where needed, and the product itself."""

    def __init__(
        self,
        name: str,
        kernel: Kernel,
        schedule: Schedule,
        slots: Callable[[Node], int],
        lanes: int,
        registers: int,
        scratch: int | None = None,
    ) -> None:
        super().__init__(name, kernel, schedule, slots, lanes)
        self.scratch_slot = scratch
        n = kernel.main[0]
        self.node = n
        self.a, self.b = (operand(x, schedule) for x in n.inputs)
        *self.batch, self.rows, self.columns = n.shape
        self.depth = n.inputs[0].shape[-1]
        self.vectors = 1 if self.columns <= lanes else 2
        self.width = self.vectors * lanes
        self.height = min((registers - SPARE) // self.vectors, self.rows)
        self.panels = -(-self.columns // self.width)
        self.packed = self.b.column != 1
        self.codes: list[Code] = []

    @staticmethod
    def scratch_size(kernel: Kernel, schedule: Schedule, lanes: int) -> int:
        """How many numbers the packed B takes; 0 if it is used as it lies."""
        n = kernel.main[0]
        if operand(n.inputs[1], schedule).column == 1:
            return 0
        *batch, depth, columns = n.inputs[1].shape
        width = lanes if columns <= lanes else 2 * lanes
        return math.prod(batch) * -(-columns // width) * width * depth

    # -- the product --------------------------------------------------------------------------------------------------------

    def emit(self) -> Code:
        n, code = self.node, self.code
        if 0 in n.shape:
            return code
        tile = code.variable(f"[{self.height * self.width} x {self._scalar()}]")
        row_blocks = -(-self.rows // self.height)
        batch = loops_over(self.batch, "b")
        batches = math.prod(self.batch)
        first, end = self.share(batches * self.panels * row_blocks)
        with code.loop(first, end) as unit:
            block = code.op(f"urem i64 {unit}, {row_blocks}")
            rest = code.op(f"udiv i64 {unit}, {row_blocks}")
            panel = code.op(f"urem i64 {rest}, {self.panels}")
            registers = self._unravel(code.op(f"udiv i64 {rest}, {self.panels}"), batch)
            m0 = code.mul(block, self.height)
            n0 = code.mul(panel, self.width)
            self._tiles(registers, batch, block, row_blocks, panel, m0, n0, tile)
        return code

    def _tiles(
        self, registers: dict[Loop, Ref], batch: list[Loop], block: Ref, row_blocks: int, panel: Ref, m0: Ref, n0: Ref, tile: Ref
    ) -> None:
        """The tile at block and panel: whole, or cut off at the lower or the right edge."""
        code = self.code
        for rows, at_row in _cases(self.rows, self.height):
            for columns, at_column in _cases(self.columns, self.width):
                tests = [
                    code.op(f"icmp {test} i64 {place}, {count - 1}")
                    for place, test, count in ((block, at_row, row_blocks), (panel, at_column, self.panels))
                    if test
                ]
                if not tests:
                    self._tile(registers, batch, rows, columns, panel, m0, n0, tile)
                    continue
                here = tests[0] if len(tests) == 1 else code.op(f"and i1 {tests[0]}, {tests[1]}")
                with code.when(here):
                    self._tile(registers, batch, rows, columns, panel, m0, n0, tile)

    def _tile(
        self, registers: dict[Loop, Ref], batch: list[Loop], rows: int, columns: int, panel: Ref, m0: Ref, n0: Ref, tile: Ref
    ) -> None:
        code = self.code
        offset_a = self._offset(self.a, registers, batch, code.mul(m0, self.a.row))
        address_a = code.element(self._scalar(), self.pointer(self.a.node, self.a.start), offset_a)
        if self.packed:
            places = [self.panels * self.width * self.depth] if batch else []
            flat = flatten(at(batch), [loop.extent for loop in batch])
            start = code.mul(panel, self.width * self.depth)
            if places and flat.terms:
                body = self.body(0, None, registers)
                start = code.add(start, code.mul(body.scalar(flat), places[0]))
            address_b = code.element(self._scalar(), self._scratch(), start)
            step_b = self.width
        else:
            address_b = code.element(
                self._scalar(), self.pointer(self.b.node, self.b.start), self._offset(self.b, registers, batch, n0)
            )
            step_b = self.b.row
        micro = self._micro(rows, columns, step_b)
        code.do(f"call void @{micro}(ptr {address_a}, ptr {address_b}, ptr {tile})")
        self._epilogue(registers, batch, rows, columns, m0, n0, tile)

    def _offset(self, o: Operand, registers: dict[Loop, Ref], batch: list[Loop], within: Ref) -> Ref:
        index = Index(0, tuple((loop, s) for loop, s in zip(batch, o.batch, strict=True) if s and loop.extent != 1))
        return self.code.add(within, self.body(0, None, registers).scalar(index))

    def _scratch(self) -> Ref:
        return self.address(self.scratch_slot or 0)

    def _epilogue(
        self, registers: dict[Loop, Ref], batch: list[Loop], rows: int, columns: int, m0: Ref, n0: Ref, tile: Ref
    ) -> None:
        """Work out what is fused to the product, and store, row by row from the finished tile."""
        code, n = self.code, self.node
        m, across = Loop("m", self.rows), Loop("n", self.columns)
        place_in_c = (*at(batch), *(Index(0, ((loop, 1),)) for loop in (m, across)))
        index = unflatten(flatten(place_in_c, n.shape), n.shape)  # as others will ask for it
        with code.loop(0, rows) as r:
            row = code.add(m0, r)
            for v in range(-(-columns // self.lanes)):
                inside = min(self.lanes, columns - v * self.lanes)
                tail = self._tail(inside, self.lanes) if inside < self.lanes else None
                place = {m: row, across: code.add(n0, v * self.lanes)}
                body = self.body(self.lanes, across, registers | place, tail)
                address = code.element(self._scalar(), tile, code.add(code.mul(r, self.width), v * self.lanes))
                value = code.op(f"load {self._vector()}, ptr {address}")
                body.set(n, index, Value(body.kit, n.dtype, value))
                self.finish(body, flatten(index, n.shape))

    def _scalar(self) -> str:
        return Kit(self.code, 0).type(self.node.dtype)

    def _vector(self) -> str:
        return Kit(self.code, self.lanes).type(self.node.dtype)

    # -- the micro-kernel -----------------------------------------------------------------------------------------------------

    def _micro(self, rows: int, columns: int, step_b: int) -> str:
        """A function that fills a tile: rows by columns, over the whole depth."""
        steps = f"{self.a.row}_{self.a.column}_{step_b}".replace("-", "m")
        packed = "p" if self.packed else ""
        name = f"micro_{self.node.dtype.name}_{rows}x{columns}{packed}_{self.depth}_{steps}"
        if any(c.name == name for c in self.codes):
            return name
        code = Code(name, "ptr noalias %a, ptr noalias %b, ptr noalias %tile")
        self.codes.append(code)
        kit = Kit(code, self.lanes)
        vectors = -(-columns // self.lanes)
        zero = kit.constant(0, self.node.dtype)
        sums = [[code.variable(self._vector()) for _ in range(vectors)] for _ in range(rows)]
        for row in sums:
            for memory in row:
                code.do(f"store {zero.type} {zero.ref}, ptr {memory}")
        with code.loop(0, self.depth) as k:
            pieces = [self._piece_of_b(code, kit, k, step_b, v, columns) for v in range(vectors)]
            at_k = code.element(self._scalar(), "%a", code.mul(k, self.a.column))
            for r, row in enumerate(sums):
                address = code.element(self._scalar(), at_k, r * self.a.row)
                number = kit.splat(code.op(f"load {self._scalar()}, ptr {address}"), self.node.dtype)
                for memory, piece in zip(row, pieces, strict=True):
                    so_far = Value(kit, self.node.dtype, code.op(f"load {self._vector()}, ptr {memory}"))
                    total = kit.fma(number, piece, so_far)
                    code.do(f"store {total.type} {total.ref}, ptr {memory}")
        for r, row in enumerate(sums):
            for v, memory in enumerate(row):
                value = code.op(f"load {self._vector()}, ptr {memory}")
                address = code.element(self._scalar(), "%tile", r * self.width + v * self.lanes)
                code.do(f"store {self._vector()} {value}, ptr {address}, align {self.node.dtype.itemsize}")
        return name

    def _piece_of_b(self, code: Code, kit: Kit, k: Ref, step: int, v: int, columns: int) -> Value:
        address = code.element(self._scalar(), "%b", code.add(code.mul(k, step), v * self.lanes))
        inside = min(self.lanes, columns - v * self.lanes)
        size = self.node.dtype.itemsize
        if inside == self.lanes or self.packed:
            return Value(kit, self.node.dtype, code.op(f"load {self._vector()}, ptr {address}, align {size}"))
        mask = self._tail(inside, self.lanes)
        loaded = code.call(
            self._vector(),
            f"llvm.masked.load.{kit.suffix(self.node.dtype)}.p0",
            f"ptr {address}",
            f"i32 {size}",
            f"<{self.lanes} x i1> {mask.ref}",
            f"{self._vector()} zeroinitializer",
        )
        return Value(kit, self.node.dtype, loaded)

    # -- packing ----------------------------------------------------------------------------------------------------------------

    def emit_packing(self) -> Code:
        """Copy B into panels [panel][k][column], with zeros beyond the last column; shared between the threads."""
        code = self.code = Code("pack")
        self.arguments = {}
        batch = loops_over(self.batch, "b")
        blocks = -(-self.depth // self.lanes)
        pieces = self.panels * self.vectors
        first, end = self.share(math.prod(self.batch) * pieces * blocks)
        source = self.b
        with code.loop(first, end) as unit:
            block = code.op(f"urem i64 {unit}, {blocks}")
            rest = code.op(f"udiv i64 {unit}, {blocks}")
            piece = code.op(f"urem i64 {rest}, {pieces}")
            outer = code.op(f"udiv i64 {rest}, {pieces}")
            registers = self._unravel(outer, batch)
            k0, n0 = code.mul(block, self.lanes), code.mul(piece, self.lanes)
            panel = code.op(f"udiv i64 {piece}, {self.vectors}")
            within = code.mul(code.op(f"urem i64 {piece}, {self.vectors}"), self.lanes)
            target = code.add(
                code.mul(code.add(code.mul(outer, self.panels), panel), self.depth * self.width),
                code.add(code.mul(k0, self.width), within),
            )
            target_address = code.element(self._scalar(), self._scratch(), target)
            start = self._offset(source, registers, batch, code.add(code.mul(n0, source.column), code.mul(k0, source.row)))
            source_address = code.element(self._scalar(), self.pointer(source.node, source.start), start)
            self._pack_block(source_address, target_address, k0, n0)
        return code

    def _pack_block(self, source: Ref, target: Ref, k0: Ref, n0: Ref) -> None:
        """A square of `lanes` by `lanes` numbers, transposed where B's columns are contiguous."""
        code = self.code
        whole_k = code.op(f"icmp sle i64 {k0}, {self.depth - self.lanes}")
        whole_n = code.op(f"icmp sle i64 {n0}, {self.columns - self.lanes}")
        whole = code.op(f"and i1 {whole_k}, {whole_n}")
        if self.b.row == 1:
            with code.when(whole):
                self._transpose(source, target)
        else:
            whole = "false"
        with code.when(code.op(f"xor i1 {whole}, true")):
            left_k = code.op(f"sub i64 {self.depth}, {k0}")
            left_n = code.op(f"sub i64 {self.columns}, {n0}")
            for name, left in (("k", left_k), ("n", left_n)):
                bounded = code.op(f"icmp slt i64 {left}, {self.lanes}")
                chosen = code.op(f"select i1 {bounded}, i64 {left}, i64 {self.lanes}")
                if name == "k":
                    count_k = chosen
                else:
                    count_n = chosen
            with code.loop(0, count_k) as i:
                row = code.element(self._scalar(), target, code.mul(i, self.width))
                code.do(f"store {self._vector()} zeroinitializer, ptr {row}, align {self.node.dtype.itemsize}")
                with code.loop(0, count_n) as j:
                    place = code.add(code.mul(i, self.b.row), code.mul(j, self.b.column))
                    value = code.op(f"load {self._scalar()}, ptr {code.element(self._scalar(), source, place)}")
                    code.do(f"store {self._scalar()} {value}, ptr {code.element(self._scalar(), row, j)}")

    def _transpose(self, source: Ref, target: Ref) -> None:
        """log2(lanes) rounds; round d exchanges, between vectors d apart, the parts that stand d apart."""
        code, type_ = self.code, self._vector()
        rows = []
        for j in range(self.lanes):
            address = code.element(self._scalar(), source, j * self.b.column)
            rows.append(code.op(f"load {type_}, ptr {address}, align {self.node.dtype.itemsize}"))
        d = 1
        while d < self.lanes:
            for i in range(self.lanes):
                if not i & d:
                    low, high = [], []
                    for j in range(self.lanes):
                        low.append(j if not j & d else self.lanes + j - d)
                        high.append(j + d if not j & d else self.lanes + j)
                    rows[i], rows[i + d] = (self._shuffle(rows[i], rows[i + d], order) for order in (low, high))
            d *= 2
        for i, row in enumerate(rows):
            address = code.element(self._scalar(), target, i * self.width)
            code.do(f"store {type_} {row}, ptr {address}, align {self.node.dtype.itemsize}")

    def _shuffle(self, a: Ref, b: Ref, order: list[int]) -> Ref:
        places = ", ".join(f"i32 {i}" for i in order)
        type_ = self._vector()
        return self.code.op(f"shufflevector {type_} {a}, {type_} {b}, <{self.lanes} x i32> <{places}>")
