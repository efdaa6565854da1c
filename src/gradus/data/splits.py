"""A data set in parts: at random, with each class's share, or to be held out one after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, DataWarning, warn
from ..functional.checks import at_least
from ..random import stream
from .dataset import Dataset, Subset, in_memory, require_dataset
from .shares import by_class, codes, evenly

__all__ = ["k_fold", "random_split", "stratified_split"]

_SPLIT = 1 << 23  # the stream of random numbers that deals out parts


def random_split(dataset: Dataset, lengths: Sequence[float], seed: int = 0) -> list[Subset]:
    """Deal the samples out to parts at random: a function of the seed.

    Args:
        dataset: any data set.
        lengths: numbers of samples that add up to len(dataset), or fractions that add up to 1, of which each part has
            its whole samples, and those left over go to the first parts, one each, as in PyTorch. A fraction that
            comes to no sample is told (DataWarning).
        seed: what the order depends on.

    Returns:
        For each length one Subset; it keeps the classes, the target and the transform of the data set.

    >>> from gradus.data import TensorDataset
    >>> [len(part) for part in random_split(TensorDataset([1, 2, 3, 4, 5]), [0.6, 0.4])]
    [3, 2]
    """
    ends = _ends("random_split", dataset, lengths)
    return [Subset(dataset, part) for part in np.split(stream(seed, _SPLIT).permutation(len(dataset)), ends)]


def stratified_split(dataset: Dataset, lengths: Sequence[float], labels: Any = None, seed: int = 0) -> list[Subset]:
    """Deal the samples out at random so that each part has each class's share: a function of the seed.

    Of n_c samples of a class, a part of m out of n has n_c m / n, rounded up or down; of more than two parts the later
    ones have so of what the earlier ones left.

    Args:
        dataset: any data set.
        lengths: as of `random_split`.
        labels: (n,), the class of each sample, numbers or texts; by default the data set's last array, if it lies in
            memory.
        seed: what the order depends on.

    Returns:
        For each length one Subset.

    >>> from gradus.data import TensorDataset
    >>> data = TensorDataset(np.zeros(10), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
    >>> [part.arrays[1].sum().item() for part in stratified_split(data, [0.5, 0.5])]
    [2, 2]
    """
    ends, draws = _ends("stratified_split", dataset, lengths), stream(seed, _SPLIT)
    left, parts = by_class(_classes("stratified_split", dataset, labels), draws), []
    for length in np.diff([0, *ends, len(dataset)]):
        part, left = evenly(left, int(length), draws)
        parts.append(Subset(dataset, part[draws.permutation(len(part))]))
    return parts


def k_fold(
    dataset: Dataset, k: int = 5, shuffle: bool = True, labels: Any = None, seed: int = 0
) -> list[tuple[Subset, Subset]]:
    """Each of k parts held out once: k pairs, the samples to learn from and those to measure on.

    The parts differ in length by one sample at most; with labels, in the number of samples of each class, too.
    `train.cross_validate` trains on them.

    Args:
        dataset: any data set.
        k: how many parts, 2 or more.
        shuffle: deal the samples out at random; otherwise each part is a stretch, as for a series in time.
        labels: (n,), the class of each sample, where each part shall have each class's share.
        seed: what the parts depend on.

    >>> [(len(train), held_out.indices.tolist()) for train, held_out in k_fold(list("abcde"), k=2, shuffle=False)]
    [(2, [0, 1, 2]), (3, [3, 4])]
    """
    at_least(2, "k_fold", k=k)
    require_dataset("k_fold", dataset)
    n, draws = len(dataset), stream(seed, _SPLIT)
    if n < k:
        raise ArgumentError(f"k_fold: {n} samples cannot be held out in k={k} parts")
    if labels is not None:
        if not shuffle:
            raise ArgumentError("k_fold: with labels each part is drawn from all samples; leave out shuffle=False")
        order = by_class(_classes("k_fold", dataset, labels), draws)
    else:
        order = draws.permutation(n) if shuffle else np.arange(n)
    parts = [order[i::k] for i in range(k)] if labels is not None else np.array_split(order, k)
    held_out = [np.isin(np.arange(n), part) for part in parts]
    return [(Subset(dataset, np.flatnonzero(~held)), Subset(dataset, np.flatnonzero(held))) for held in held_out]


def _ends(where: str, dataset: Dataset, lengths: Any) -> np.ndarray:
    """Where the parts but the last end, as they are dealt one after the other."""
    require_dataset(where, dataset)
    several = isinstance(lengths, (Sequence, np.ndarray)) and not isinstance(lengths, str)
    if not several or not all(isinstance(length, (int, float, np.number)) for length in lengths):
        raise ArgumentError(f"{where}: the lengths are several numbers, as [0.8, 0.2], got {lengths!r}")
    n = len(dataset)
    fractions = any(isinstance(length, (float, np.floating)) for length in lengths)
    if any(length < 0 for length in lengths) or not math.isclose(sum(lengths), 1 if fractions else n):
        raise ArgumentError(
            f"{where}: the lengths {list(lengths)} add up to {sum(lengths):g}; "
            f"they must be fractions that make 1, or counts that make {n}",
            mistake="parts-do-not-add-up",
        )
    counts = np.array(_counts(where, n, lengths) if fractions else lengths, int)
    ends: np.ndarray = np.cumsum(counts)[:-1]
    return ends


def _counts(where: str, n: int, fractions: Any) -> list[int]:
    """How many of n samples each fraction comes to; 0 of a fraction of 0."""
    counts = [math.floor(round(n * f, 6)) for f in fractions]  # 100 * 0.29 is less than 29 by rounding
    wanted = [i for i, f in enumerate(fractions) if f > 0]
    for i in wanted[: n - sum(counts)]:
        counts[i] += 1
    if empty := [f for f, count in zip(fractions, counts, strict=True) if f > 0 and not count]:
        warn(f"{where}: of {n} samples, a part of {empty[0]:g} is empty", DataWarning)
    return counts


def _classes(where: str, dataset: Dataset, labels: Any) -> np.ndarray:
    """The class of each sample as a number."""
    if labels is None:
        arrays, places = in_memory(dataset)
        if arrays is None:
            raise DataError(
                f"{where}: the samples of a {type(dataset).__name__} are not in memory. Give the class of each: "
                "labels=[...]."
            )
        labels = arrays[-1][places]
    found = codes(where, labels)
    if len(found) != len(dataset):
        raise DataError(f"{where}: there are {len(found)} labels for {len(dataset)} samples")
    return found
