"""The inside of a product with few columns or few rows, of operands that both have k in one piece: A and B^T.

Vectors lie along k, so that no lane is idle though there are fewer columns than lanes, and nothing is packed, which for
a few rows would take longer than the product:
sums[row][column] += A[row, k ...] B[k ..., column], lane by lane; at the end the lanes of each sum are added.
"""

from __future__ import annotations

import itertools

from ..emit.accumulators import load
from ..emit.code import Code, Ref
from ..emit.dot_products import add_product
from ..emit.folding import folded
from ..emit.kit import Kit
from ..emit.value import Value
from ..plan.tiling import SPARE, Tiling, emptied_after


def narrow_kernel(t: Tiling, rows: int, columns: int) -> Code:
    """A function (a, b, tile, depth) that fills a tile, some rows at a time."""
    steps = "_".join(str(s).replace("-", "m") for s in (t.a.row, t.b.column, t.depth))
    code = Code(f"narrow_{t.numbers}_{rows}x{columns}_{t.width}_{steps}", "ptr %a, ptr %b, ptr %tile, i64 %depth")
    inside = _Rows(code, t, columns)
    at_once = min(rows, t.lanes, (t.target.registers - SPARE) // columns)
    whole = rows // at_once * at_once
    with code.loop(0, whole, at_once) as row:
        inside.fill(row, at_once)
    if whole < rows:
        inside.fill(str(whole), rows - whole)
    return code


class _Rows:
    """Some rows of a tile, their sums held in registers."""

    def __init__(self, code: Code, t: Tiling, columns: int) -> None:
        self.code, self.t, self.columns = code, t, columns
        self.kit = Kit(code, t.lanes)
        self.scalar, self.vector = (Kit(code, lanes).type(t.dtype) for lanes in (0, t.lanes))

    def fill(self, row: Ref, rows: int) -> None:
        code, t = self.code, self.t
        sums = self._new(rows)
        a = code.element(self.scalar, "%a", code.mul(row, t.a.row))
        whole = t.depth // t.lanes * t.lanes
        run = emptied_after(whole // t.lanes) * t.lanes
        if whole == run > 0:
            with code.loop(0, whole, t.lanes) as k:
                self._add(sums, a, k)
        elif whole:
            with code.loop(0, whole, run) as start:
                piece = self._new(rows)
                with code.loop(start, code.least(code.add(start, run), str(whole)), t.lanes) as k:
                    self._add(piece, a, k)
                for into, of_piece in zip(itertools.chain(*sums), itertools.chain(*piece), strict=True):
                    code.do(f"store {self.vector} {(self._sum(into) + self._sum(of_piece)).ref}, ptr {into}")
        if whole < t.depth:
            self._add(sums, a, str(whole), t.depth - whole)
        for r, of_row in enumerate(sums):
            total = folded([self._sum(memory) for memory in of_row], lambda x, y: x + y)
            place = code.element(self.scalar, "%tile", code.mul(code.add(row, r), t.width))
            code.do(f"store {self.vector} {total.ref}, ptr {place}, align {t.dtype.itemsize}")

    def _new(self, rows: int) -> list[list[Ref]]:
        """Sums of so many rows, zeros so far."""
        sums = [[self.code.variable(self.vector) for _ in range(self.columns)] for _ in range(rows)]
        for memory in itertools.chain(*sums):
            self.code.do(f"store {self.vector} zeroinitializer, ptr {memory}")
        return sums

    def _add(self, sums: list[list[Ref]], a: Ref, k: Ref, left: int = 0) -> None:
        """A vector of k, of which so many are left; 0 for all."""
        rows = [self._load(a, k, r * self.t.a.row, left) for r in range(len(sums))]
        for j in range(self.columns):
            column = self._load("%b", k, j * self.t.b.column, left)
            for number, of_row in zip(rows, sums, strict=True):
                total = add_product(self._sum(of_row[j]), number, column, self.t.of_pairs)
                self.code.do(f"store {self.vector} {total.ref}, ptr {of_row[j]}")

    def _sum(self, memory: Ref) -> Value:
        return Value(self.kit, self.t.dtype, self.code.op(f"load {self.vector}, ptr {memory}"))

    def _load(self, start: Ref, k: Ref, within: int, left: int) -> Value:
        code, kit, t = self.code, self.kit, self.t
        address = code.element(self.scalar, code.element(self.scalar, start, within), k)
        return load(kit, t.dtype, address, left)
