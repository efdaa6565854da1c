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


class PackingKernel(ProductKernel):
    """The copying of B, [panel][k][column], shared between the threads; zeros beyond the last column."""

    def emit(self) -> Code:
        code, t = self.code, self.t
        code.name = "pack"
        blocks, pieces = -(-t.depth // t.lanes), t.panels * t.vectors
        packer = Packer(self, t.b.row, t.b.column, t.width)
        first, end = self.share(math.prod(t.batch) * pieces * blocks)
        with code.loop(first, end) as unit:
            block = code.op(f"urem i64 {unit}, {blocks}")
            rest = code.op(f"udiv i64 {unit}, {blocks}")
            piece = code.op(f"urem i64 {rest}, {pieces}")
            registers = self._unravel(code.op(f"udiv i64 {rest}, {pieces}"), self.batch)
            k0, n0 = code.mul(block, t.lanes), code.mul(piece, t.lanes)
            panel = self.packed_panel(registers, code.op(f"udiv i64 {piece}, {t.vectors}"))
            within = code.mul(code.op(f"urem i64 {piece}, {t.vectors}"), t.lanes)
            target = code.element(self.scalar, panel, code.add(code.mul(k0, t.width), within))
            source = self.start_of(t.b, registers, code.add(code.mul(n0, t.b.column), code.mul(k0, t.b.row)))
            left = [code.op(f"sub i64 {length}, {start}") for length, start in ((t.depth, k0), (t.columns, n0))]
            packer.copy(Square(source, target, *left))
        return code


def stride_of_a(t: Tiling) -> int:
    """From k to k in a packed panel of A: whole vectors, so that squares can be stored."""
    return -(-t.height // t.lanes) * t.lanes
