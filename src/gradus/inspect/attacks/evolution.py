"""Differential evolution: the lowest value of a function of which nothing is known but its values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...errors import ArgumentError, ShapeError
from ...functional.checks import at_least, floats, in_range, require_function

Values = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Evolved:
    """The population that differential evolution ended with.

    Attributes:
        best: (d,) the place of the lowest value found.
        value: that value.
        history: (steps + 1,) the lowest value of each generation, the first included.
        evaluations: how often the function was computed.

    >>> Evolved(np.zeros(2), 0.5, np.array([2.0, 0.5]), 20).value
    0.5
    """

    best: np.ndarray
    value: float
    history: np.ndarray
    evaluations: int


def differential_evolution(
    f: Values,
    first: np.ndarray,
    rng: np.random.Generator,
    steps: int = 100,
    scale: float = 0.5,
    enough: Callable[[np.ndarray], bool] = lambda values: False,
) -> Evolved:
    """Minimise f over the unit cube [0, 1]^d, all places of a generation at once; there is no crossover.

    Each place has a child, a + scale (b - c), of three others drawn at random, cut off at 0 and 1; where the child's
    value is not higher, it takes its place.

    Args:
        f: the values (n,) at the places (n, d).
        first: (n, d) the places of the first generation, at least 4.
        rng: draws the parents.
        steps: generations after the first.
        scale: F, how far a child goes, in (0, 2].
        enough: called with the values (n,) of a generation; True ends the search.

    Raises:
        ArgumentError, ShapeError: an argument out of range, or fewer than 4 places.

    Source: Storn and Price, "Differential Evolution" (1997), DE/rand/1, without crossover as in Su et al. (2019).

    >>> rng = np.random.default_rng(0)
    >>> found = differential_evolution(lambda p: ((p - 0.3) ** 2).sum(1), rng.random((40, 2)), rng)
    >>> found.best.round(3).tolist()
    [0.3, 0.3]
    """
    require_function("differential_evolution", f=f)
    places = floats("differential_evolution", "first", first).copy()
    if places.ndim != 2 or len(places) < 4:
        raise ShapeError(
            f"differential_evolution: the first places have shape {places.shape}",
            "A child needs three parents beside its rival: give (n, d) with n of 4 or more.",
        )
    at_least(0, "differential_evolution", steps=steps)
    in_range("differential_evolution", "scale", scale, "(0, 2]")
    if not (places.min() >= 0 and places.max() <= 1):
        raise ArgumentError("differential_evolution: the first places must lie in [0, 1]. Scale what f takes.")
    values = np.asarray(f(places))
    history = [values.min()]
    while len(history) <= steps and not enough(values):
        children = _children(places, scale, rng)
        theirs = np.asarray(f(children))
        better = theirs <= values
        places, values = np.where(better[:, None], children, places), np.where(better, theirs, values)
        history.append(values.min())
    best = int(values.argmin())
    return Evolved(places[best], float(values[best]), np.array(history), len(history) * len(places))


def _children(places: np.ndarray, scale: float, rng: np.random.Generator) -> np.ndarray:
    """a + scale (b - c) for each place, with three parents that are others than it and than each other."""
    n = len(places)
    order = rng.permutation(n)
    a, b, c = (np.roll(order, int(shift)) for shift in rng.choice(np.arange(1, n), 3, replace=False))
    children = np.empty_like(places)
    children[order] = places[a] + scale * (places[b] - places[c])
    return np.asarray(np.clip(children, 0, 1))
