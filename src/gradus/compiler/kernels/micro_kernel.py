"""The innermost loop of a matrix product: a tile of C in registers, summed over k.

At each k it takes a row piece of B (one or two vectors) and, for each row of the tile, one number of A spread over a
vector: sums[row][vector] += A[row, k] B[k, vector].
"""

from __future__ import annotations

from typing import NamedTuple

from ...aligned import LINE
from ..emit.accumulators import load, store
from ..emit.code import Code, Ref
from ..emit.dot_products import add_product
from ..emit.kit import Kit
from ..emit.value import Value
from ..plan.tiling import Tiling


class Steps(NamedTuple):
    """In memory: from row to row and from k to k of A, from k to k of B, from row to row of the tile."""

    a_row: int
    a_k: int
    b: int
    tile: int


class MicroKernel:
    """A function (a, b, tile, depth, soon) that fills a tile, or adds to the sums in it.

    Meanwhile it has brought nearer what is needed next, a line of the caches at each k. In a blocked product that is
    what lies at `soon`; else the rows of A after its own, and what the work on the finished tile will touch, a row
    at each k: `soon` holds, for each array, the address and the bytes from row to row.

    Args:
        t: the product's tiling.
        rows, columns: of the tile; fewer than `t.height` and `t.width` at C's edges.
        steps: in memory.
        goes_on: whether the tile holds sums already.
        awaited: how many arrays `soon` holds.
        fetches: whether it holds the address of what is packed next, too, at its end.
    """

    def __init__(
        self,
        t: Tiling,
        rows: int,
        columns: int,
        steps: Steps,
        goes_on: bool,
        awaited: int = 0,
        fetches: int = False,
    ) -> None:
        self.t, self.rows, self.columns, self.steps, self.goes_on = t, rows, columns, steps, goes_on
        self.awaited, self.fetches = awaited, fetches
        how = (f"{t.parts}x{t.apart}" if t.parts > 1 else "") + ("d" if t.direct else "")
        how += f"r{t.run}" if self._emptied else ""
        how += ("b" if t.blocked else "p" if t.packed else "") + ("s" if goes_on else "")
        how += (f"a{awaited}" if awaited else "") + ("f" if fetches else "") + ("n" if self._rows_follow() else "")
        numbers = "_".join(str(s).replace("-", "m") for s in steps)
        name = f"micro_{t.numbers}_{rows}x{columns}{how}_{numbers}"
        self.code = Code(name, "ptr noalias %a, ptr noalias %b, ptr noalias %tile, i64 %depth, ptr %soon")
        self.kit = Kit(self.code, t.lanes)
        self.scalar, self.vector = Kit(self.code, 0).type(t.dtype), self.kit.type(t.dtype)
        self.vectors = range(-(-columns // t.lanes))
        self.places = [(r, v) for r in range(rows) for v in self.vectors]

    @property
    def _emptied(self) -> bool:
        """Whether the sums are emptied into the tile on the way."""
        return self.t.run < self.t.piece

    def emit(self) -> Code:
        code = self.code
        sums = {place: code.variable(self.vector) for place in self.places}
        if self._emptied and not self.goes_on:
            self._leave({}, goes_on=False)
        self.next_packed = self._entry(2 * self.awaited) if self.fetches else "%soon"
        self._begin(sums)
        if self.awaited:
            with code.loop(0, self.awaited) as n, code.loop(0, self.rows) as r:
                k = code.add(code.mul(n, self.rows), r)
                self._bring_row(n, r)
                self._bring_next(k)
                self._add(k, sums)
        if not self._emptied:
            self._stretch(self.awaited * self.rows, "%depth", sums)
            self._leave(sums, self.goes_on)
            return code
        with code.loop(self.awaited * self.rows, "%depth", self.t.run) as k:
            self._stretch(k, code.least(code.add(k, self.t.run), "%depth"), sums)
            self._leave(sums, goes_on=True)
            self._begin(sums)
        return code

    def _begin(self, sums: dict[tuple[int, int], Ref]) -> None:
        for memory in sums.values():
            self.code.do(f"store {self.vector} zeroinitializer, ptr {memory}")

    def _stretch(self, start: Ref | int, end: Ref, sums: dict[tuple[int, int], Ref]) -> None:
        """Add the products from one k to another."""
        with self.code.loop(start, end) as k:
            self._bring_next(k)
            self._add(k, sums)

    def _leave(self, sums: dict[tuple[int, int], Ref], goes_on: bool) -> None:
        """Write the sums, or zeros, to the tile, or add them to what is there."""
        for place in self.places:
            total = self._value(sums[place]) if sums else self.kit.constant(0, self.t.dtype)
            address = self._in_tile(place)
            self._store(total + self._load(address, place[1]) if goes_on else total, address, place[1])

    def _add(self, k: Ref, sums: dict[tuple[int, int], Ref]) -> None:
        """Add the products at k."""
        code, t = self.code, self.t
        pieces = [self._piece_of_b(code.mul(k, self.steps.b), v) for v in self.vectors]
        at_k = code.element(self.scalar, "%a", code.mul(k, self.steps.a_k))
        for r in range(self.rows):
            number = code.op(f"load {self.scalar}, ptr {code.element(self.scalar, at_k, r * self.steps.a_row)}")
            spread = self.kit.splat(number, t.dtype)
            for v, piece in enumerate(pieces):
                total = add_product(self._value(sums[r, v]), spread, piece, t.of_pairs)
                code.do(f"store {self.vector} {total.ref}, ptr {sums[r, v]}")

    def _rows_follow(self) -> bool:
        """Whether the rows of A that come next lie right after the tile's own."""
        return self.steps.a_k == 1 and self.steps.a_row == self.t.depth

    def _bring_next(self, k: Ref) -> None:
        """Have a line of what is needed after this tile brought nearer: of the rows of A that follow, if they do."""
        if self.t.blocked or self.fetches:
            self._bring(self.code.element("i8", self.next_packed, self.code.mul(k, LINE)), far=True)
        if not self.t.blocked and self._rows_follow():
            start = self.code.element(self.scalar, "%a", self.rows * self.t.depth)
            self._bring(self.code.element("i8", start, self.code.mul(k, LINE)))

    def _bring_row(self, n: Ref, row: Ref) -> None:
        """Have a tile's row of array number n brought nearer."""
        code = self.code
        entry = code.element("i64", "%soon", code.mul(n, 2))
        base, step = code.op(f"load ptr, ptr {entry}"), code.op(f"load i64, ptr {code.element('i64', entry, 1)}")
        start = code.element("i8", base, code.op(f"mul i64 {row}, {step}"))
        for byte in range(0, min(self.columns, self.t.stretch) * self.t.dtype.itemsize, LINE):
            self._bring(code.element("i8", start, byte))

    def _entry(self, number: Ref | int) -> Ref:
        return self.code.op(f"load ptr, ptr {self.code.element('i64', '%soon', number)}")

    def _bring(self, line: Ref, far: bool = False) -> None:
        """Have a line brought to the first cache, or, of what is large, to the second."""
        how_near = "i32 2" if far else "i32 3"
        self.code.call("void", "llvm.prefetch.p0", f"ptr {line}", "i32 0", how_near, "i32 1")

    def _value(self, memory: Ref) -> Value:
        return Value(self.kit, self.t.dtype, self.code.op(f"load {self.vector}, ptr {memory}"))

    def _in_tile(self, place: tuple[int, int]) -> Ref:
        apart = self.t.apart if self.t.direct else self.t.lanes
        return self.code.element(self.scalar, "%tile", place[0] * self.steps.tile + place[1] * apart)

    def _piece_of_b(self, at_k: Ref, v: int) -> Value:
        """Vector v of a row of B; beyond its last column, where it was not packed, zeros."""
        apart = self.t.lanes if self.t.padded else self.t.apart
        address = self.code.element(self.scalar, "%b", self.code.add(at_k, v * apart))
        return self._load(address, None if self.t.padded else v)

    def _inside(self, v: int | None) -> int:
        """How many lanes of vector number v lie inside the tile."""
        return self.t.lanes if v is None else min(self.t.lanes, self.columns - v * self.t.lanes)

    def _load(self, address: Ref, v: int | None) -> Value:
        """A vector from memory; of vector number v only what lies inside the tile."""
        return load(self.kit, self.t.dtype, address, self._inside(v))

    def _store(self, value: Value, address: Ref, v: int) -> None:
        store(value, address, self._inside(v))
