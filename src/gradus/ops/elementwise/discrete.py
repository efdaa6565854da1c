"""Floating-point numbers as what they are: some of many."""

from __future__ import annotations

from ..core.elementwise import binary

__all__ = ["nextafter"]

nextafter = binary(
    "nextafter",
    lambda xp, x1, x2: xp.nextafter(x1, x2),
    (lambda g, y, x1, x2: g, lambda g, y, x1, x2: g.full_like(0)),
    "The number of this type that comes after x1 on the way to x2. Gradients: g, 0.",
    "nextafter([1.0], 2.0) > 1 -> tensor([ True])",
    floats=True,
)
