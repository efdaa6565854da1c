"""The one-pixel attack: a search, without gradients, for the pixel whose colour changes what a classifier sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...functional.checks import at_least, at_least_one
from ...nn import Module
from .attacks import Attack, aims, finished
from .classifier import Classifier
from .evolution import Evolved, differential_evolution

GREY = 128 / 255, 127 / 255  # mean and standard deviation of the first colours
TRUE_BELOW, TARGET_ABOVE = 0.05, 0.9  # probabilities that end a search, without and with a target


@dataclass(frozen=True, kw_only=True)
class PixelAttack(Attack):
    """What an attack on single pixels came to.

    Attributes:
        places: (n, pixels, 2) row and column of the pixels that were changed.
        evaluations: (n,) how many changed pictures the model was asked about; 0 where it was wrong from the start.

    >>> from gradus.models import SoftmaxRegression
    >>> one_pixel(SoftmaxRegression(4, 2), np.ones((3, 1, 2, 2), "float32"), [0, 0, 0], steps=1).places.shape
    (3, 1, 2)
    """

    places: np.ndarray
    evaluations: np.ndarray


def one_pixel(
    model: Module,
    x: Any,
    y: Any,
    pixels: int = 1,
    population: int = 400,
    steps: int = 100,
    targets: Any = None,
    seed: int = 0,
) -> PixelAttack:
    """Change one pixel of each picture, chosen by differential evolution, so that the model sees another class.

    A candidate is a place and a colour. The search makes the probability of the true class small, or with targets that
    of the target large, and ends when the model is fooled, or after so many generations. The first places are drawn
    evenly, the first colours from N(128, 127) of 255. Pictures that the model gets wrong are left as they are.

    Args:
        model: gives scores (n, classes) before the softmax; only its probabilities are looked at.
        x: (n, channels, height, width) pictures, numbers in [0, 1].
        y: (n,) their classes.
        pixels: how many may change.
        population: candidates of a generation, at least 4.
        steps: generations after the first.
        targets: (n,) the classes that the model should see, each another than the true one.
        seed: picture i draws from (seed, i).

    Raises:
        ArgumentError: the model is no classifier, or an argument is out of range.
        DataError, ShapeError: x are no pictures in [0, 1], or labels that do not fit.

    Source: Su, Vargas and Sakurai, "One Pixel Attack for Fooling Deep Neural Networks" (2019), sections III and IV.

    >>> from gradus.models import SoftmaxRegression
    >>> found = one_pixel(SoftmaxRegression(4, 2), np.full((1, 1, 2, 2), 0.5, "float32"), [0], population=8, steps=2)
    >>> int((found.attacked != found.x).any(1).sum()) <= 1
    True
    """
    at_least_one("one_pixel", pixels=pixels)
    at_least(4, "one_pixel", population=population)
    at_least(0, "one_pixel", steps=steps, seed=seed)
    seer = Classifier("one_pixel", model, x, y)
    if seer.x.ndim != 4:
        raise ShapeError(f"one_pixel: pictures have shape {seer.x.shape}", "Give (n, channels, height, width).")
    t = aims(seer, targets)
    right = seer.probabilities(seer.x).argmax(1) == seer.y
    attacked, places = seer.x.copy(), np.zeros((len(seer.x), pixels, 2), np.int64)
    evaluations = np.zeros(len(seer.x), np.int64)
    for i in np.flatnonzero(right).tolist():
        search = Search(seer, i, pixels, population, None if t is None else int(t[i]))
        found = search.run(np.random.default_rng([seed, i]), steps)
        search.draw(found.best[None], attacked[i : i + 1])
        places[i], evaluations[i] = search.places(found.best[None])[0], found.evaluations
    return PixelAttack(**vars(finished(seer, attacked, t)), places=places, evaluations=evaluations)


class Search:
    """The search for the pixels of one picture; a candidate is (row, column, colour) for each, all in [0, 1]."""

    def __init__(self, seer: Classifier, i: int, pixels: int, population: int, target: int | None) -> None:
        self.seer, self.pixels = seer, pixels
        self.x, self.y, self.target = seer.x[i], int(seer.y[i]), target
        self.pictures = np.repeat(self.x[None], population, axis=0)  # written anew for each generation

    def run(self, rng: np.random.Generator, steps: int) -> Evolved:
        """Evolve from places drawn evenly and colours drawn from a normal distribution, until the model is fooled."""
        shape = (len(self.pictures), self.pixels)
        colours = np.clip(rng.normal(*GREY, (*shape, len(self.x))), 0, 1)
        first = np.concatenate([rng.random((*shape, 2)), colours], axis=2).reshape(shape[0], -1)
        low = min(TRUE_BELOW, 1 / self.seer.classes) if self.target is None else -TARGET_ABOVE
        return differential_evolution(self.values, first, rng, steps, enough=lambda values: bool(values.min() < low))

    def values(self, candidates: np.ndarray) -> np.ndarray:
        """(n,) what is to become small: the probability of the true class, or minus that of the target."""
        self.draw(candidates, self.pictures)
        p = self.seer.probabilities(self.pictures)
        return p[:, self.y] if self.target is None else -p[:, self.target]

    def draw(self, candidates: np.ndarray, pictures: np.ndarray) -> None:
        """Write the picture with each candidate's pixels into `pictures` (n, channels, height, width)."""
        pictures[:] = self.x
        rows, columns = np.moveaxis(self.places(candidates), 2, 0)
        colours = candidates.reshape(len(candidates), self.pixels, -1)[..., 2:]
        for k in range(self.pixels):
            pictures[np.arange(len(candidates)), :, rows[:, k], columns[:, k]] = colours[:, k]

    def places(self, candidates: np.ndarray) -> np.ndarray:
        """(n, pixels, 2) rows and columns as whole numbers."""
        sides = np.array(self.x.shape[1:])
        places = candidates.reshape(len(candidates), self.pixels, -1)[..., :2]
        return np.asarray(np.minimum((places * sides).astype(np.int64), sides - 1))
