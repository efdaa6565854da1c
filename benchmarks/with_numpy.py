"""The workloads in NumPy: matrix products."""

from __future__ import annotations

from .records import Product
from .runner import Runner


def product(w: Product) -> Runner:
    """By whatever library NumPy was built with."""
    a, b = w.data()
    return Runner(lambda: a @ b, values=lambda c: [c.mean(), c[1, 2]])
