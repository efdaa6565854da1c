"""Copying an operand of a product into panels, so that the micro-kernel reads it from one end to the other.

A panel of B is [k][column], one of A [k][row]. Both are copied in squares of `lanes` by `lanes` numbers; where it is k
that lies in one piece in memory, a square is transposed in registers.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from .code import Code, Ref
from .matmul_kernel import ProductKernel
from .tiling import Tiling


class Square(NamedTuple):
    """A square to be copied: from where, to where, and how many k and lanes of it there are (more counts as all)."""

    source: Ref
    target: Ref
    left_k: Ref
    left_lanes: Ref


class Packer:
    """Copies squares.

    Args:
        kernel: the function it is for.
        step_k, step_lane: in the source, from k to k, and along the rows (of A) or columns (of B).
        step: in the target, from k to k.
    """

    def __init__(self, kernel: ProductKernel, step_k: int, step_lane: int, step: int) -> None:
        self.code, self.t = kernel.code, kernel.t
        self.scalar, self.vector = kernel.scalar, kernel.vector
        self.step_k, self.step_lane, self.step = step_k, step_lane, step

    def copy(self, square: Square) -> None:
        """One square: in vectors where it is whole and lies in pieces, else number by number."""
        code, lanes = self.code, self.t.lanes
        whole = "false"
        if 1 in (self.step_k, self.step_lane):
            tests = [code.op(f"icmp sge i64 {left}, {lanes}") for left in (square.left_k, square.left_lanes)]
            whole = code.op(f"and i1 {tests[0]}, {tests[1]}")
            with code.when(whole):
                self._in_vectors(square)
        with code.when(code.op(f"xor i1 {whole}, true")):
            self._number_by_number(square)

    def _in_vectors(self, square: Square) -> None:
        code = self.code
        between = self.step_k if self.step_lane == 1 else self.step_lane
        rows = [self._load(code.element(self.scalar, square.source, i * between)) for i in range(self.t.lanes)]
        if self.step_lane != 1:
            self._transpose(rows)
        for i, row in enumerate(rows):
            self._store(row, code.element(self.scalar, square.target, i * self.step))

    def _number_by_number(self, square: Square) -> None:
        code, lanes = self.code, str(self.t.lanes)
        with code.loop(0, code.least(square.left_k, lanes)) as k:
            row = code.element(self.scalar, square.target, code.mul(k, self.step))
            self._store("zeroinitializer", row)
            with code.loop(0, code.least(square.left_lanes, lanes)) as j:
                place = code.add(code.mul(k, self.step_k), code.mul(j, self.step_lane))
                value = code.op(f"load {self.scalar}, ptr {code.element(self.scalar, square.source, place)}")
                code.do(f"store {self.scalar} {value}, ptr {code.element(self.scalar, row, j)}")

    def _load(self, address: Ref) -> Ref:
        return self.code.op(f"load {self.vector}, ptr {address}, align {self.t.dtype.itemsize}")

    def _store(self, value: Ref, address: Ref) -> None:
        self.code.do(f"store {self.vector} {value}, ptr {address}, align {self.t.dtype.itemsize}")

    def _transpose(self, rows: list[Ref]) -> None:
        """log2(lanes) rounds; round d exchanges, between vectors d apart, the parts that stand d apart."""
        lanes = self.t.lanes
        d = 1
        while d < lanes:
            low = [j if not j & d else lanes + j - d for j in range(lanes)]
            high = [j + d if not j & d else lanes + j for j in range(lanes)]
            for i in range(lanes):
                if not i & d:
                    rows[i], rows[i + d] = (self._shuffle(rows[i], rows[i + d], order) for order in (low, high))
            d *= 2

    def _shuffle(self, a: Ref, b: Ref, order: list[int]) -> Ref:
        places = ", ".join(f"i32 {i}" for i in order)
        return self.code.op(f"shufflevector {self.vector} {a}, {self.vector} {b}, <{self.t.lanes} x i32> <{places}>")


class Part(NamedTuple):
    """A part of B: from which k, panel and product of the batch, and how many."""

    k: Ref
    depth: Ref
    panel: Ref
    panels: Ref
    product: Ref
    products: Ref


class PackingKernel(ProductKernel):
    """The copying of a whole B."""

    def emit(self) -> Code:
        self.code.name = "pack"
        pack_b(self, Part("0", str(self.t.depth), "0", str(self.t.panels), "0", str(math.prod(self.t.batch))))
        return self.code


def pack_b(kernel: ProductKernel, part: Part) -> None:
    """Copy a part of B, [product][panel][k][column], shared between the threads; zeros beyond the last column.

    The squares go by in the order in which they lie in memory.
    """
    code, t = kernel.code, kernel.t
    packer = Packer(kernel, t.b.row, t.b.column, t.width)
    squares = code.op(f"udiv i64 {code.add(part.depth, t.lanes - 1)}, {t.lanes}")
    pieces = code.mul(part.panels, t.vectors)
    outer, inner = (squares, pieces) if t.b.column == 1 else (pieces, squares)
    first, end = kernel.share(code.mul(part.products, code.mul(squares, pieces)))
    with code.loop(first, end) as unit:
        rest, low = code.op(f"udiv i64 {unit}, {inner}"), code.op(f"urem i64 {unit}, {inner}")
        product, high = code.op(f"udiv i64 {rest}, {outer}"), code.op(f"urem i64 {rest}, {outer}")
        square, piece = (high, low) if t.b.column == 1 else (low, high)
        panel, vector = code.op(f"udiv i64 {piece}, {t.vectors}"), code.op(f"urem i64 {piece}, {t.vectors}")
        k, within = code.mul(square, t.lanes), code.mul(vector, t.lanes)
        target = kernel.packed_panel(code.add(code.mul(product, part.panels), panel))
        column = code.add(code.mul(code.add(part.panel, panel), t.width), within)
        registers = kernel._unravel(code.add(part.product, product), kernel.batch)
        in_b = code.add(code.mul(column, t.b.column), code.mul(code.add(part.k, k), t.b.row))
        left = (code.op(f"sub i64 {length}, {start}") for length, start in ((part.depth, k), (t.columns, column)))
        to = code.element(kernel.scalar, target, code.add(code.mul(k, t.width), within))
        packer.copy(Square(kernel.start_of(t.b, registers, in_b), to, *left))


def stride_of_a(t: Tiling) -> int:
    """From k to k in a packed panel of A: whole vectors, so that squares can be stored."""
    return -(-t.height // t.lanes) * t.lanes
