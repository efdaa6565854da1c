"""Attention in one kernel, and its gradients in another: no weights are stored.

A thread takes a chunk of queries, some tens, and works out their scores for all keys in memory of its own, which stays
in the near caches: S = q k^T, then row by row P = softmax(scale S + bias), then P v. The gradients do that again, and
with dP = g v^T and dS = scale P (dP - the row's sum of P dP) give

    dq = dS k        dk += dS^T q        dv += P^T g        chunk by chunk, so that sums have an order

All products are made by the micro-kernel. k and v are packed for S and dP, once for each batch and head. Of a causal
attention the panels of keys after a chunk's last query are left out; the bias, as of a mask, is worked out in place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ...ops.core.places import Index, Loop, variable
from ..emit.accumulators import load, store
from ..emit.code import Code, Ref
from ..emit.folding import into_one
from ..emit.kit import Kit
from ..emit.value import Value
from ..graph.graph import Node
from ..graph.reads import at, loops_over
from ..plan.attention import Cut, Inside
from ..plan.kernel import Kernel
from ..plan.schedule import Schedule
from ..plan.tiling import Operand, Processor, operand
from .loop_kernels import LoopKernel
from .micro_kernel import MicroKernel, Steps
from .squares import Square, Squares

TERMS = 32  # vectors that are added up one after the other


class Lies(NamedTuple):
    """Where a matrix lies: its start, and the steps from row to row (in B from k to k), and from column to column (in B
    and C from panel to panel)."""

    start: Ref
    row: int
    column: int


class Chunk(NamedTuple):
    """Some queries: the registers of the batch loops, the first of them, how many, and how many keys they look at."""

    registers: dict[Loop, Ref]
    first: Ref
    rows: int
    keys: Ref


class AttentionKernel(LoopKernel):
    """`attention`: softmax(scale q k^T + bias) v."""

    def __init__(
        self,
        kernel: Kernel,
        schedule: Schedule,
        slots: Callable[[Node], int],
        target: Processor,
        scratch: tuple[int, int],
    ) -> None:
        self.node = kernel.main[0]
        self.cut = cut = Cut(self.node, target)
        super().__init__(kernel.kind, kernel, schedule, slots, cut.lanes)
        self.scratch, self.places_to_work = scratch
        given = self.node.inputs[cut.back :]
        self.q, self.k, self.v = (operand(x, schedule) for x in given[:3])
        self.bias = given[3:]
        self.masked = bool(self.bias) or cut.causal
        self.batch, self.row, self.column = loops_over(cut.batch, "b"), Loop("l", cut.queries), Loop("s", cut.keys)
        self.kit = Kit(self.code, cut.lanes)
        self.scalar = Kit(self.code, 0).type(self.node.dtype)

    def emit(self) -> Code:
        code, cut = self.code, self.cut
        first, end = self.share_by_places(math.prod(cut.batch) * cut.chunks, self.places_to_work)
        keys, scores = self._own("keys"), self._own("scores")
        with code.loop(first, end) as unit:
            number, chunk = (code.op(f"{what} i64 {unit}, {cut.chunks}") for what in ("udiv", "urem"))
            registers = self._unravel(number, self.batch)
            begins = (code.op(f"icmp eq i64 {what}") for what in (f"{chunk}, 0", f"{unit}, {first}"))
            with code.when(code.op(f"or i1 {next(begins)}, {next(begins)}")):
                self._pack(self.k, registers, keys, cut.features)

            def inside(rows: int) -> None:
                here = self._chunk(registers, chunk, rows)
                self._score(here, keys, scores)
                to = code.mul(code.add(code.mul(number, cut.queries), here.first), cut.values)
                result = Lies(self._place(self.pointer(self.node), to), cut.values, 1)
                self._from_keys(here, scores, self.v, result)

            self.each_size([cut.queries], [cut.rows], [chunk], inside)
        return code

    # -- its parts -----------------------------------------------------------------------------------------------------

    def _own(self, part: str) -> Ref:
        """Where a part of what this thread works in begins."""
        start = self._place(self.address(self.scratch), self.code.mul("%thread", sum(self.cut.parts.values())))
        names = list(self.cut.parts)
        before = names[: names.index(part)]
        return self._place(start, sum(self.cut.parts[name] for name in before))

    def _chunk(self, registers: dict[Loop, Ref], chunk: Ref, rows: int) -> Chunk:
        first, keys = self.code.mul(chunk, self.cut.rows), str(self.cut.keys)
        last = self.code.least(self.code.add(first, rows), keys) if self.cut.causal else keys
        return Chunk(registers, first, rows, last)

    def _place(self, start: Ref, number: Ref | int) -> Ref:
        return self.code.element(self.scalar, start, number)

    def _begin(self, o: Operand, registers: dict[Loop, Ref], row: Ref = "0") -> Ref:
        """Where a row of an operand begins, in the batch where the loops stand."""
        steps = zip(self.batch, o.batch, strict=True)
        index = Index(0, tuple((loop, step) for loop, step in steps if step and loop.extent != 1))
        here = self.body(0, None, registers).scalar(index)
        return self._place(self.pointer(o.node, o.start), self.code.add(self.code.mul(row, o.row), here))

    def _pack(self, o: Operand, registers: dict[Loop, Ref], to: Ref, depth: int) -> None:
        """Copy k or v, transposed, into panels [panel][feature][key], with zeros beyond the last key."""
        code, cut = self.code, self.cut
        squares = Squares(code, cut.dtype, cut.lanes, (o.column, o.row), cut.width)
        start, vectors = self._begin(o, registers), cut.width // cut.lanes
        with code.loop(0, cut.panels * vectors) as vector, code.loop(0, depth, cut.lanes) as feature:
            panel, within = (code.op(f"{what} i64 {vector}, {vectors}") for what in ("udiv", "urem"))
            key = code.mul(vector, cut.lanes)
            row = code.add(code.mul(panel, depth), feature)
            target = code.add(code.mul(row, cut.width), code.mul(within, cut.lanes))
            source = code.add(code.mul(key, o.row), code.mul(feature, o.column))
            left = (code.op(f"sub i64 {length}, {begun}") for length, begun in ((depth, feature), (cut.keys, key)))
            squares.copy(Square(self._place(start, source), self._place(to, target), *left))

    def _by_keys(self, here: Chunk, a: Operand, b: Ref, to: Ref, depth: int) -> None:
        """Rows of an operand, with each key's packed features: (rows, keys)."""
        cut, width = self.cut, self.cut.width
        t = cut.inside(a, a, (here.rows, cut.panels * width, depth), in_panels=True)
        rows = Lies(self._begin(a, here.registers, here.first), a.row, a.column)
        panels = self.code.op(f"udiv i64 {self.code.add(here.keys, width - 1)}, {width}")
        self._product(t, rows, Lies(b, width, width * depth), Lies(to, cut.stride, width), str(depth), panels=panels)

    def _from_keys(self, here: Chunk, scores: Ref, b: Operand, to: Lies) -> None:
        """What was worked out for each key, (rows, keys), by what lies at the keys."""
        t = self.cut.inside(b, b, (here.rows, self._columns(b), self.cut.keys))
        there = Lies(self._begin(b, here.registers), b.row, t.width)
        self._product(t, Lies(scores, self.cut.stride, 1), there, to._replace(column=t.width), here.keys)

    def _columns(self, o: Operand) -> int:
        return self.cut.features if o is self.q or o is self.k else self.cut.values

    def _product(
        self,
        t: Inside,
        a: Lies,
        b: Lies,
        c: Lies,
        depth: Ref,
        panels: Ref | None = None,
        blocks: Ref | None = None,
        goes_on: bool = False,
    ) -> None:
        """C = A B, or C + A B; of the panels of columns, and of the blocks of rows, so many, or all."""
        code = self.code

        def tile(panel: Ref, block: Ref, rows: int, columns: int) -> None:
            row = code.mul(block, t.height)
            at_a, at_b = self._place(a.start, code.mul(row, a.row)), self._place(b.start, code.mul(panel, b.column))
            at_c = self._place(c.start, code.add(code.mul(row, c.row), code.mul(panel, c.column)))
            micro = MicroKernel(t, rows, columns, Steps(a.row, a.column, b.row, c.row), goes_on)
            if micro.code.name not in self.micro_kernels:
                self.micro_kernels[micro.code.name] = micro.emit()
            code.do(f"call void @{micro.code.name}(ptr {at_a}, ptr {at_b}, ptr {at_c}, i64 {depth}, ptr null)")

        def column(panel: Ref, columns: int) -> None:
            self._pieces(t.rows, t.height, blocks, lambda block, rows: tile(panel, block, rows, columns))

        self._pieces(t.columns, t.width, panels, column)

    def _pieces(self, length: int, size: int, count: Ref | None, inside: Callable[[Ref, int], None]) -> None:
        """`inside(number, size)` for each piece of a length, or the first so many."""
        code, (whole, rest) = self.code, divmod(length, size)
        if whole:
            with code.loop(0, str(whole) if count is None else code.least(count, str(whole))) as i:
                inside(i, size)
        if rest and count is None:
            inside(str(whole), rest)
        elif rest:
            with code.when(code.op(f"icmp sgt i64 {count}, {whole}")):
                inside(str(whole), rest)

    # -- row by row ----------------------------------------------------------------------------------------------------

    def _score(self, here: Chunk, keys: Ref, scores: Ref) -> None:
        """The weights of a chunk, (rows, keys)."""
        code, kit = self.code, self.kit
        self._by_keys(here, self.q, keys, scores, self.cut.features)
        top = code.variable(kit.type(self.node.dtype))
        with code.loop(0, here.rows) as r:
            row = self._place(scores, code.mul(r, self.cut.stride))
            end, whole = self._until(here, r)
            store(kit.constant(-math.inf, self.node.dtype), top)

            def score(j: Ref, tail: Value | None) -> None:
                x = self._biased(here, r, j, tail, self._number(row, j))
                store(x, self._place(row, j))
                store(kit.maximum(self._number(top), x), top)

            self._vectors("0", end, self._rest(end), self.cut.lanes, score)
            largest = into_one(self._number(top), lambda kit, a, b: kit.maximum(a, b))
            self._soft(row, whole, kit.splat(largest.ref, self.node.dtype))
            self._empty(row, here, whole)

    def _until(self, here: Chunk, r: Ref) -> tuple[Ref, Ref]:
        """Up to which key a query may look, and up to where the vectors go that hold them."""
        code, lanes = self.code, self.cut.lanes
        if not self.cut.causal:
            return str(self.cut.keys), str(-(-self.cut.keys // lanes) * lanes)
        end = code.least(code.add(code.add(here.first, r), 1), str(self.cut.keys))
        return end, code.mul(code.op(f"udiv i64 {code.add(end, lanes - 1)}, {lanes}"), lanes)

    def _rest(self, end: Ref) -> Ref:
        lanes = self.cut.lanes
        return str(int(end) % lanes) if end.isdecimal() else self.code.op(f"urem i64 {end}, {lanes}")

    def _number(self, start: Ref, j: Ref = "0") -> Value:
        return load(self.kit, self.node.dtype, self._place(start, j))

    def _biased(self, here: Chunk, r: Ref, j: Ref, tail: Value | None, x: Value) -> Value:
        """scale x + bias; -inf beyond the last key."""
        x = x * float(self.node.params["scale"])
        if self.bias:
            registers = here.registers | {self.row: self.code.add(here.first, r), self.column: j}
            body = self.body(self.cut.lanes, self.column, registers, tail)
            x = x + body.value(self.bias[0], (*at(self.batch), variable(self.row), variable(self.column)))
        return x if tail is None else self.kit.where(tail, x, -math.inf)

    def _soft(self, row: Ref, end: Ref, top: Value) -> None:
        """e^(x - top) over their sum; 0 where x is -inf, if that says that a query may not look there."""
        kit, lanes = self.kit, self.cut.lanes

        def term(j: Ref) -> Value:
            x = self._number(row, j)
            e = kit.exp(x - top)
            e = kit.where(kit.equal(x, -math.inf), 0.0, e) if self.masked else e
            store(e, self._place(row, j))
            return e

        total = self._summed(end, term)
        scalars = total.kit
        factor = kit.splat((scalars.constant(1.0, total.dtype) / total).ref, total.dtype)
        with self.code.loop(0, end, lanes) as j:
            e = self._number(row, j)
            store(self._masked(e, e * factor), self._place(row, j))

    def _masked(self, weight: Value, x: Value) -> Value:
        """x, but 0 where the weight is 0 because a query may not look there: x may be NaN."""
        return self.kit.where(self.kit.equal(weight, 0.0), 0.0, x) if self.masked else x

    def _summed(self, end: Ref, term: Callable[[Ref], Value]) -> Value:
        """The sum of vectors and of their lanes, in pieces, so that no sum takes very many terms."""
        code, kit, dtype, step = self.code, self.kit, self.node.dtype, TERMS * self.cut.lanes
        total, piece = (code.variable(kit.type(dtype)) for _ in range(2))
        store(kit.constant(0, dtype), total)
        with code.loop(0, end, step) as start:
            store(kit.constant(0, dtype), piece)
            with code.loop(start, code.least(code.add(start, step), end), self.cut.lanes) as j:
                store(self._number(piece) + term(j), piece)
            store(self._number(total) + self._number(piece), total)
        return into_one(self._number(total), lambda kit, a, b: a + b)

    def _empty(self, row: Ref, here: Chunk, end: Ref) -> None:
        """Zeros for the keys after a causal query, as far as products of the chunk read."""
        if not self.cut.causal:
            return
        code, lanes = self.code, self.cut.lanes
        beyond = -(-self.cut.target.registers // lanes) * lanes + lanes  # a tile's rows, of which the last is a key's
        until = code.least(code.add(here.keys, beyond), str(self.cut.panels * self.cut.width))
        with code.loop(end, until, lanes) as j:
            store(self.kit.constant(0, self.node.dtype), self._place(row, j))


class AttentionGradients(AttentionKernel):
    """`attention_gradients`: those to q, k and v, one after the other for each batch."""

    def __init__(
        self,
        kernel: Kernel,
        schedule: Schedule,
        slots: Callable[[Node], int],
        target: Processor,
        scratch: tuple[int, int],
    ) -> None:
        super().__init__(kernel, schedule, slots, target, scratch)
        self.g = operand(self.node.inputs[0], schedule)

    def emit(self) -> Code:
        code, cut = self.code, self.cut
        sizes = [cut.queries * cut.features, cut.keys * cut.features, cut.keys * cut.values]
        first, end = self.share_by_places(math.prod(cut.batch), self.places_to_work)
        keys, values = self._own("keys"), self._own("values")
        with code.loop(first, end) as number:
            registers = self._unravel(number, self.batch)
            self._pack(self.k, registers, keys, cut.features)
            self._pack(self.v, registers, values, cut.values)
            dq = self._place(self.pointer(self.node), code.mul(number, sum(sizes)))
            dk, dv = self._place(dq, sizes[0]), self._place(dq, sizes[0] + sizes[1])
            bytes_ = (sizes[1] + sizes[2]) * self.node.dtype.itemsize
            code.call("void", "llvm.memset.p0.i64", f"ptr {dk}", "i8 0", f"i64 {bytes_}", "i1 false")
            with code.loop(0, cut.chunks) as chunk:
                self.each_size(
                    [cut.queries],
                    [cut.rows],
                    [chunk],
                    lambda rows: self._back(self._chunk(registers, chunk, rows), (keys, values), (dq, dk, dv)),
                )
        return code

    def _back(self, here: Chunk, packed: tuple[Ref, Ref], to: tuple[Ref, Ref, Ref]) -> None:
        """What a chunk gives to the gradients."""
        code, cut = self.code, self.cut
        scores, slopes = self._own("scores"), self._own("slopes")
        self._score(here, packed[0], scores)
        self._by_keys(here, self.g, packed[1], slopes, cut.values)
        self._slope(here, scores, slopes)
        dq = self._place(to[0], code.mul(here.first, cut.features))
        self._from_keys(here, slopes, self.k, Lies(dq, cut.features, 1))
        self._to_keys(here, slopes, self.q, Lies(to[1], cut.features, 1))
        self._to_keys(here, scores, self.g, Lies(to[2], cut.values, 1))

    def _slope(self, here: Chunk, scores: Ref, slopes: Ref) -> None:
        """dS = scale P (dP - the row's sum of P dP), in the place of dP."""
        code, scale = self.code, float(self.node.params["scale"])
        with code.loop(0, here.rows) as r:
            weights, row = (self._place(start, code.mul(r, self.cut.stride)) for start in (scores, slopes))
            _, end = self._until(here, r)

            def term(j: Ref) -> Value:
                p = self._number(weights, j)
                return self._masked(p, p * self._number(row, j))

            total = self._summed(end, term)
            mean = self.kit.splat(total.ref, total.dtype)
            with code.loop(0, end, self.cut.lanes) as j:
                p = self._number(weights, j)
                store(self._masked(p, p * (self._number(row, j) - mean) * scale), self._place(row, j))
            self._empty(row, here, end)

    def _to_keys(self, here: Chunk, scores: Ref, b: Operand, to: Lies) -> None:
        """What was worked out for each key, turned, by what lies at the queries, added to what is there."""
        code, cut = self.code, self.cut
        t = cut.inside(b, b, (cut.keys, self._columns(b), here.rows))
        there = Lies(self._begin(b, here.registers, here.first), b.row, t.width)
        blocks = code.op(f"udiv i64 {code.add(here.keys, t.height - 1)}, {t.height}") if cut.causal else None
        turned, to = Lies(scores, 1, cut.stride), to._replace(column=t.width)
        self._product(t, turned, there, to, str(here.rows), blocks=blocks, goes_on=True)
