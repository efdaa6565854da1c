"""Where to look next, in the unit cube: at random, in narrowed ranges, or where a Gaussian process promises most."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..errors import ArgumentError
from .gaussian_process import GaussianProcess, expected_improvement

FIRST = 10  # trials at random, before anything is learned from their scores
QUARTER = 0.25

Propose = Callable[[np.random.Generator, np.ndarray, np.ndarray, Sequence[int]], np.ndarray]


def uniform(g: np.random.Generator, points: np.ndarray, scores: np.ndarray, widths: Sequence[int]) -> np.ndarray:
    """Random search: each place is as likely as any other, whatever was found.

    Args:
        g: where the random numbers come from.
        points, scores: (n, d) and (n,), the places tried and what was found there, higher is better.
        widths: how many coordinates each hyper-parameter has, d in all: 1 for a range, one an option for a choice.

    >>> uniform(np.random.default_rng(0), np.empty((0, 2)), np.empty(0), [1, 1]).shape
    (2,)
    """
    return g.random(sum(widths))


def narrowed(points: np.ndarray, scores: np.ndarray, share: float = QUARTER) -> tuple[np.ndarray, np.ndarray]:
    """The ranges in which the best share of the trials lie, as one reads them off a list of the best by eye.

    Args:
        points: (n, d) places in the unit cube.
        scores: (n,), higher is better.
        share: of the trials.

    Returns:
        The lower and the upper ends, (d,) each.

    >>> narrowed(np.array([[0.1], [0.5], [0.6], [0.9]]), np.array([1.0, 9.0, 8.0, 2.0]), share=0.5)
    (array([0.5]), array([0.6]))
    """
    if not len(points) or len(points) != len(scores):
        raise ArgumentError(f"narrowed: needs as many scores as places, one or more; got {len(scores)}, {len(points)}")
    best = points[np.argsort(-scores, kind="stable")[: max(2, round(share * len(scores)))]]
    return best.min(axis=0), best.max(axis=0)


def narrowing(
    g: np.random.Generator, points: np.ndarray, scores: np.ndarray, widths: Sequence[int], every: int = 20
) -> np.ndarray:
    """Random search in ranges that are narrowed to the best quarter after so many trials, again and again.

    ("Deep Learning from Scratch", section 6.5.2, where it is done by hand.)

    >>> tried = np.linspace(0, 1, 20)[:, None]
    >>> bool(0.3 < narrowing(np.random.default_rng(0), tried, -abs(tried[:, 0] - 0.5), [1])[0] < 0.7)
    True
    """
    rounds = len(points) // every
    if not rounds:
        return g.random(sum(widths))
    low, high = narrowed(points[: rounds * every], scores[: rounds * every])
    place: np.ndarray = low + (high - low) * g.random(sum(widths))
    return place


def gaussian_process(
    g: np.random.Generator, points: np.ndarray, scores: np.ndarray, widths: Sequence[int]
) -> np.ndarray:
    """Bayesian optimisation: of many places the one where a Gaussian process expects the largest improvement.

    The candidates are drawn in the whole cube and around the best place so far. The first trials are at random.

    >>> tried = np.linspace(0, 1, 11)[:, None]
    >>> x = gaussian_process(np.random.default_rng(0), tried, -((tried[:, 0] - 0.43) ** 2), [1])
    >>> bool(abs(x[0] - 0.43) < 0.1)
    True
    """
    d = sum(widths)
    if len(points) < FIRST or np.ptp(scores) == 0:
        return g.random(d)
    model = GaussianProcess.fitted(points, scores)
    near = points[np.argmax(scores)] + 0.1 * g.standard_normal((500, d))
    candidates = _snapped(np.concatenate([g.random((1500, d)), np.clip(near, 0, 1)]), widths)
    mean, std = model(candidates)
    best = model(points)[0].max()
    place: np.ndarray = candidates[np.argmax(expected_improvement(mean, std, best))]
    return place


def _snapped(u: np.ndarray, widths: Sequence[int]) -> np.ndarray:
    """Places where a choice is made: of its coordinates the largest becomes 1, the others 0."""
    blocks = np.split(u, np.cumsum(widths)[:-1], axis=1)
    return np.concatenate([b if b.shape[1] == 1 else np.eye(b.shape[1])[b.argmax(axis=1)] for b in blocks], axis=1)


PROPOSALS: dict[str, Propose] = {"random": uniform, "narrow": narrowing, "gp": gaussian_process}
