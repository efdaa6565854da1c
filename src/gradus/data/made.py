"""Data made by a formula: points of the plane in shapes that no straight line separates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import ArgumentError
from .dataset import TensorDataset

__all__ = ["moons", "rings", "spirals"]

Shape = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def moons(n: int = 400, noise: float = 0.1, seed: int = 0) -> TensorDataset:
    """Two half circles that reach into each other: x float32 (n, 2), y int64 (n,), 0 for the upper, 1 for the lower.

    Args:
        n: points, half of them of each class.
        noise: the standard deviation of what is added to each coordinate.
        seed: of the points.

    >>> moons(100).arrays[0].shape
    (100, 2)
    """
    return _two(n, noise, seed, "moons", _moons)


def rings(n: int = 400, noise: float = 0.08, seed: int = 0) -> TensorDataset:
    """A disc, and a ring around it: x float32 (n, 2), y int64 (n,), 0 for the disc (radius 0.6), 1 for the ring (1.5).

    Args:
        n: points, half of them of each class.
        noise: the standard deviation of what is added to each coordinate.
        seed: of the points.

    >>> rings(100).classes
    ('inner', 'outer')
    """
    return _two(n, noise, seed, "rings", _rings, ("inner", "outer"))


def spirals(n: int = 400, noise: float = 0.05, seed: int = 0, turns: float = 1.25) -> TensorDataset:
    """Two spirals around each other: x float32 (n, 2), y int64 (n,), 0 and 1.

    Args:
        n: points, half of them of each class.
        noise: the standard deviation of what is added to each coordinate.
        seed: of the points.
        turns: how often they go around.

    >>> x, y = spirals(100).arrays
    >>> int(y.sum())
    50
    """

    def shape(t: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
        radius, angle = 0.25 + 1.75 * t, 2 * np.pi * turns * t + np.pi * label
        return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])

    return _two(n, noise, seed, "spirals", shape)


def _moons(t: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    arc = np.column_stack([np.cos(np.pi * t), np.sin(np.pi * t)]) - [0.5, 0.25]
    return arc if label == 0 else -arc


def _rings(t: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    radius = 0.6 * np.sqrt(rng.uniform(size=len(t))) if label == 0 else np.full(len(t), 1.5)
    return np.asarray(radius[:, None] * np.column_stack([np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)]))


def _two(
    n: int, noise: float, seed: int, name: str, shape: Shape, classes: tuple[str, str] = ("0", "1")
) -> TensorDataset:
    """n points, the classes in turn; `shape` bends a number in [0, 1] for each into the plane."""
    if n < 2 or noise < 0:
        raise ArgumentError(f"{name}: n must be 2 or more and noise not below 0, got n={n}, noise={noise}")
    rng = np.random.default_rng(seed)
    x, y = np.zeros((n, 2)), np.arange(n) % 2
    for label in (0, 1):
        mine = y == label
        x[mine] = shape(rng.uniform(size=mine.sum()), label, rng)
    x += rng.normal(0, noise, x.shape)
    return TensorDataset(x.astype(np.float32), y, classes=classes, name=name)
