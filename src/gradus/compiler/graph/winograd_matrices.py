"""The matrices of Winograd's algorithm (`rewrite/winograd.py`), and how many of its tiles cover an image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from .convolutions import Sizes

POINTS = (0, 1, -1, 2, -2)  # and infinity: with more, rounding errors grow above 1e-4
SIZE = len(POINTS) + 1  # n, pixels along a side of what a tile sees
Matrix = tuple[tuple[Fraction, ...], ...]


class Matrices(NamedTuple):
    """Of tiles of m results and kernels of r: A' is m x n, G is n x r, B' is n x n."""

    results: Matrix
    kernel: Matrix
    pixels: Matrix


@cache
def matrices(r: int) -> Matrices:
    """The matrices for kernels of r elements.

    >>> [len(m) for m in matrices(3)], [len(m) for m in matrices(5)]
    ([4, 6, 6], [2, 6, 6])
    """
    m = SIZE - r + 1
    at = [Fraction(p) for p in POINTS]
    scale = [math.prod((p - q for q in at if q is not p), start=Fraction(1)) for p in at]
    results = [[p**j for p in at] + [Fraction(j == m - 1)] for j in range(m)]
    kernel = [[p**k / s for k in range(r)] for p, s in zip(at, scale, strict=True)]
    kernel.append([Fraction(k == r - 1) for k in range(r)])
    pixels = [[*_with_roots([q for q in at if q is not p]), Fraction(0)] for p in at]
    pixels.append(_with_roots(at))
    return Matrices(*(tuple(map(tuple, rows)) for rows in (results, kernel, pixels)))


def _with_roots(roots: Sequence[Fraction]) -> list[Fraction]:
    """The coefficients of (x - root) (x - root) ..., the constant first."""
    coefficients = [Fraction(1)]
    for root in roots:
        shifted, scaled = [Fraction(0), *coefficients], [c * -root for c in coefficients] + [Fraction(0)]
        coefficients = [a + b for a, b in zip(shifted, scaled, strict=True)]
    return coefficients


def transposed(matrix: Matrix) -> Matrix:
    return tuple(zip(*matrix, strict=True))


def tiles(places: Sizes, r: int) -> tuple[int, int]:
    """How many tiles cover an image of results, down and across."""
    m = SIZE - r + 1
    return -(-places[0] // m), -(-places[1] // m)
