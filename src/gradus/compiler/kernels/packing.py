"""Copying an operand of a product into panels, so that the micro-kernel reads it from one end to the other.

A panel of B is [k][column], one of A [k][row]. Both are copied in squares (`squares.py`).
"""

from __future__ import annotations

from typing import NamedTuple

from ...dtypes import Dtype
from ..emit import half
from ..emit.accumulators import load
from ..emit.code import Code, Ref
from ..emit.dot_products import PAIRS, paired, rounded
from ..emit.kit import Kit
from ..plan.tiling import Tiling
from .squares import Squares


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


def stride_of_a(t: Tiling) -> int:
    """From k to k in a packed panel of A: whole vectors, so that squares can be stored."""
    return -(-t.height // t.lanes) * t.lanes
