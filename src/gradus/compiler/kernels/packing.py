"""Copying an operand of a product into panels, so that the micro-kernel reads it from one end to the other.

A panel of B is [k][column], one of A [k][row]. Both are copied in squares (`squares.py`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ...dtypes import Dtype
from ..emit import half
from ..emit.accumulators import load
from ..emit.code import Code, Ref
from ..emit.dot_products import PAIRS, paired, rounded
from ..emit.kit import Kit
from ..plan.tiling import Tiling
from .matmul_kernel import ProductKernel
from .squares import Square, Squares


class Part(NamedTuple):
    """A part of B: from which k, panel and product of the batch, and how many."""

    k: Ref
    depth: Ref
    panel: Ref
    panels: Ref
    product: Ref
    products: Ref


class PairSquares(Squares):
    """Squares of words: each k is a pair of float32 numbers in the source, which are rounded to bfloat16."""

    def __init__(self, code: Code, dtype: Dtype, lanes: int, source: tuple[int, int], step: int) -> None:
        super().__init__(code, dtype, lanes, source, step)
        self.second = self.step_k // 2  # in the source, from the first number of a pair
        self.in_pieces = 1 in (self.second, self.step_lane)

    def _load(self, address: Ref) -> Ref:
        """The pairs at neighbouring lanes, or, if these do not lie in one piece, at the k that follow."""
        along_k = self.step_lane != 1
        there = self.code.element(self.scalar, address, self.lanes if along_k else self.second)
        first, second = (load(Kit(self.code, self.lanes), self.dtype, place) for place in (address, there))
        pairs = rounded(first, second) if along_k else paired(first, second)
        return self.code.op(f"bitcast {PAIRS} {pairs} to {self.vector}")

    def _number(self, address: Ref) -> Ref:
        there = self.code.element(self.scalar, address, self.second)
        kit = Kit(self.code, 0)
        first, second = (load(kit, self.dtype, place) for place in (address, there))
        return kit.bitcast(half.pair(kit, first, second), self.dtype).ref


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
    steps = t.b.row, t.b.column
    whole = Squares(code, t.dtype, t.lanes, steps, t.width)
    packer = PairSquares(code, t.dtype, t.lanes, steps, t.width) if t.pair_step else whole
    squares = code.op(f"udiv i64 {code.add(part.depth, t.lanes - 1)}, {t.lanes}")
    pieces = code.mul(part.panels, t.vectors)
    outer, inner = (squares, pieces) if t.b.column == 1 else (pieces, squares)
    first, end = kernel.share(code.mul(part.products, code.mul(squares, pieces)))
    with code.loop(first, end) as unit:
        rest, low = code.op(f"udiv i64 {unit}, {inner}"), code.op(f"urem i64 {unit}, {inner}")
        product, high = code.op(f"udiv i64 {rest}, {outer}"), code.op(f"urem i64 {rest}, {outer}")
        square, piece = (high, low) if t.b.column == 1 else (low, high)
        panel, vector = code.op(f"udiv i64 {piece}, {t.vectors}"), code.op(f"urem i64 {piece}, {t.vectors}")
        k = code.mul(square, t.lanes)
        target = kernel.packed_panel(code.add(code.mul(product, part.panels), panel))
        column = code.add(code.mul(code.add(part.panel, panel), t.stretch), code.mul(vector, t.apart))
        registers = kernel._unravel(code.add(part.product, product), kernel.batch)
        in_b = code.add(code.mul(column, t.b.column), code.mul(code.add(part.k, k), t.b.row))
        left = (code.op(f"sub i64 {length}, {start}") for length, start in ((part.depth, k), (t.columns, column)))
        to = code.element(kernel.scalar, target, code.add(code.mul(k, t.width), code.mul(vector, t.lanes)))
        packer.copy(Square(kernel.start_of(t.b, registers, in_b), to, *left))


def stride_of_a(t: Tiling) -> int:
    """From k to k in a packed panel of A: whole vectors, so that squares can be stored."""
    return -(-t.height // t.lanes) * t.lanes
