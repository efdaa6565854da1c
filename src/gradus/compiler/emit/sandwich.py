"""Products of a tile of numbers with constant matrices on both sides, in instructions: Winograd's transforms."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ..rewrite.winograd import Matrix
from .kit import Kit
from .value import Value


def sandwich(kit: Kit, matrix: Matrix, x: Sequence[Sequence[Value]]) -> list[list[Value]]:
    """M x M', in instructions."""
    half = [_combined(kit, matrix, [row[j] for row in x]) for j in range(len(x[0]))]  # the columns of M x
    return [_combined(kit, matrix, [column[i] for column in half]) for i in range(len(matrix))]


def _combined(kit: Kit, matrix: Matrix, values: Sequence[Value]) -> list[Value]:
    """M times a column of values."""
    return [_sum(kit, row, values) for row in matrix]


def _sum(kit: Kit, factors: Sequence[Fraction], values: Sequence[Value]) -> Value:
    total: Value | None = None
    for factor, value in zip(factors, values, strict=True):
        if not factor:
            continue
        if total is None:
            total = value if factor == 1 else value * float(factor)
        elif abs(factor) == 1:
            total = total + value if factor == 1 else total - value
        else:
            total = kit.fma(value, float(factor), total)
    return kit.constant(0, values[0].dtype) if total is None else total
