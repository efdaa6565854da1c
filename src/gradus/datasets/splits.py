"""Dividing a data set into a training part and a test part, the same for everyone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..data import TensorDataset
from ..random import Generator

TEST_SHARE = 0.2


class Splits(NamedTuple):
    """The two parts of a data set."""

    train: TensorDataset
    test: TensorDataset


def random_rows(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the training part and of the test part, each in ascending order.

    The test part is a random fifth (seed 0), at least one row where there are two.
    """
    order = Generator(0).permutation(n)
    count = max(round(TEST_SHARE * n), min(1, n - 1))
    return np.sort(order[count:]), np.sort(order[:count])


def stratified_rows(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same, with a fifth of each class in the test part."""
    parts = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        parts.append([rows[part] for part in random_rows(len(rows))])
    train, test = zip(*parts, strict=True)
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(test))
