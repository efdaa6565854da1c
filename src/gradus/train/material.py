"""What a recipe's data come to: three parts, ready for a model, and how they were made so."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import datasets
from ..data import (
    Preprocessing,
    Subset,
    TensorDataset,
    preprocessing_for,
    preprocessing_of,
    random_split,
)
from ..errors import ArgumentError, DataError
from .recipe import Recipe, require_data

SERIES = ("daily_views",)  # named data sets whose samples are in order of time
TEST_SHARE = 0.2  # of data of one's own
_LEAST = 5  # samples that can be parted


class Material(NamedTuple):
    """The parts of the data that a recipe names, and the preprocessing, which is fitted to the training part alone.

    The validation part comes out of the training data: drawn by the seed, or the last ones of a series in time, whose
    neighbours overlap. Of data of one's own a fifth is kept for the test.
    """

    train: TensorDataset | Subset
    validation: TensorDataset | Subset
    test: TensorDataset
    preprocessing: Preprocessing


def material(recipe: Recipe) -> Material:
    """Read the data of a recipe, and part them.

    >>> [len(part) for part in material(Recipe(limit=100))[:2]]
    [90, 10]
    """
    require_data(recipe.data)
    return _named(recipe) if recipe.data in datasets.NAMES else _own(recipe)


def _named(recipe: Recipe) -> Material:
    whole, test = datasets.load(recipe.data)
    train, validation = parts(whole, recipe)
    return Material(train, validation, test, preprocessing_of(whole))


def _own(recipe: Recipe) -> Material:
    preprocessing = preprocessing_for(recipe.data, **recipe.reading)
    raw = preprocessing.read(recipe.data)
    if len(raw) < _LEAST:
        raise DataError(f"{recipe.data} holds {len(raw)} samples; {_LEAST} are the least that can be parted in three")
    learn, held = preprocessing.split(raw, [1 - TEST_SHARE, TEST_SHARE], recipe.seed)
    if recipe.limit is not None and recipe.limit < len(learn):
        learn, _ = preprocessing.split(learn, [recipe.limit, len(learn) - recipe.limit], recipe.seed)
    kept = max(1, round(recipe.validation * len(learn)))
    train, validation = preprocessing.split(learn, [len(learn) - kept, kept], recipe.seed)
    preprocessing.fit(train)
    name = Path(recipe.data).name
    made = [preprocessing.dataset(part, name) for part in (train, validation, held)]
    return Material(made[0], made[1], made[2], preprocessing)


def parts(whole: TensorDataset, recipe: Recipe) -> tuple[Subset, Subset]:
    """The samples to learn from, as many as the recipe's limit allows, and those kept for validation."""
    n = len(whole) if recipe.limit is None else min(recipe.limit, len(whole))
    if n < 2:
        have = f"limit must be 2 or more, got {n}" if len(whole) > n else f"{recipe.data} has {n} for training"
        raise ArgumentError(f"{have}: one sample is needed to learn from and one for validation")
    kept = max(1, round(recipe.validation * n))
    if recipe.data in SERIES:
        latest = np.arange(len(whole) - n, len(whole))
        return Subset(whole, latest[:-kept]), Subset(whole, latest[-kept:])
    train, validation, _ = random_split(whole, [n - kept, kept, len(whole) - n], seed=recipe.seed)
    return train, validation
