"""Copying an operand of a product into panels, so that the micro-kernel reads it from one end to the other.

A panel of B is [k][column], one of A [k][row]. Both are copied in squares (`squares.py`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from .code import Code, Ref
from .matmul_kernel import ProductKernel
from .squares import Square, Squares
from .tiling import Tiling


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
    packer = Squares(code, t.dtype, t.lanes, (t.b.row, t.b.column), t.width)
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
