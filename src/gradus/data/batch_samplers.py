"""Batch samplers: which samples make which batch of an epoch, functions of the seed and of the epoch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np

from ..functional.checks import at_least_one, integers
from ..random import Generator, stream
from .samplers import SequentialSampler, as_sampler, require_iterable, tell_epoch
from .shares import by_class, codes, evenly

__all__ = ["BatchSampler", "LengthBatchSampler", "StratifiedBatchSampler"]


class BatchSampler:
    """Batches of what a sampler gives: so many numbers at a time.

    Iterating gives a list of numbers for each batch, of another epoch each time. One of your own is given to a
    DataLoader as `batch_sampler`; it derives from this and has `rows` and a length, or is anything with a length that
    can be iterated.

    Args:
        sampler: a Sampler, or anything with a length that gives numbers.
        batch_size: how many make a batch.
        drop_last: leave out a last batch that is smaller.

    >>> list(BatchSampler(SequentialSampler("abcde"), 2))
    [[0, 1], [2, 3], [4]]
    """

    epoch = 0

    def __init__(self, sampler: Any, batch_size: int, drop_last: bool = False) -> None:
        at_least_one(type(self).__name__, batch_size=batch_size)
        self.sampler, self.batch_size, self.drop_last = as_sampler(sampler), batch_size, drop_last

    def __len__(self) -> int:
        n = len(self.sampler)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def rows(self, epoch: int) -> list[np.ndarray]:
        """The batches of an epoch in their order, in arrays (batches, batch size): those of one size together."""
        return cut(self.sampler.order(epoch), self.batch_size, self.drop_last)

    def __iter__(self) -> Iterator[list[int]]:
        self.epoch += 1
        return (batch for part in self.rows(self.epoch - 1) for batch in part.tolist())


class LengthBatchSampler(BatchSampler):
    """Batches of samples of alike lengths, in a random order, so that little is padded; drawn anew each epoch.

    The samples are put in a random order and then by length, which keeps the order of equal ones; they are cut into
    batches, and these shuffled. A DataLoader that shuffles `Sequences` does that by itself.

    Args:
        lengths: (n,) whole numbers, for each sample.
        batch_size: samples in a batch.
        drop_last: leave out a last batch that is smaller; its samples are drawn at random, not the longest.
        seed: what the batches depend on.

    >>> [[len("a bee is too big".split()[i]) for i in batch]
    ...  for batch in LengthBatchSampler([1, 3, 2, 3, 3], batch_size=2)]
    [[3, 3], [1, 2], [3]]
    """

    def __init__(self, lengths: Any, batch_size: int, drop_last: bool = False, seed: int = 0) -> None:
        Generator(seed)
        self.lengths = integers("LengthBatchSampler", "lengths", lengths)
        super().__init__(SequentialSampler(self.lengths), batch_size, drop_last)
        self.seed = seed

    def rows(self, epoch: int) -> list[np.ndarray]:
        """The batches of an epoch; the first is 0."""
        draws, n, size = stream(self.seed, epoch + 1), len(self.lengths), self.batch_size
        order = draws.permutation(n)
        order = order[: n // size * size] if self.drop_last else order
        whole, *smaller = cut(order[np.argsort(self.lengths[order], kind="stable")], size) or [np.empty((0, size), int)]
        if whole.shape[1] == size:
            whole = whole[draws.permutation(len(whole))]
        return [part for part in (whole, *smaller) if len(part)]


class StratifiedBatchSampler(BatchSampler):
    """Batches in which each class has its share, in a random order, drawn anew each epoch.

    Of n_c samples of a class, a batch of b out of n has n_c b / n, rounded up or down. The last batch, where it is
    smaller, is drawn first, at even distances from all samples in the order of their classes; the others are dealt
    the rest in that order, as cards are.

    Args:
        labels: (n,), the class of each sample: numbers or texts.
        batch_size: samples in a batch.
        drop_last: leave out a last batch that is smaller.
        seed: what the batches depend on.

    >>> [sorted("aabbbb"[i] for i in batch) for batch in StratifiedBatchSampler(list("aabbbb"), batch_size=3)]
    [['a', 'b', 'b'], ['a', 'b', 'b']]
    """

    def __init__(self, labels: Any, batch_size: int, drop_last: bool = False, seed: int = 0) -> None:
        Generator(seed)
        self.classes = codes("StratifiedBatchSampler", labels)
        super().__init__(SequentialSampler(self.classes), batch_size, drop_last)
        self.seed = seed

    def rows(self, epoch: int) -> list[np.ndarray]:
        """The batches of an epoch; the first is 0."""
        draws, n = stream(self.seed, epoch + 1), len(self.classes)
        full = n // self.batch_size
        smaller, order = evenly(by_class(self.classes, draws), n - full * self.batch_size, draws)
        parts = [order.reshape(self.batch_size, full).T[draws.permutation(full)]]
        parts += [] if self.drop_last else [smaller[None, draws.permutation(len(smaller))]]
        return [part for part in parts if part.size]


def cut(order: np.ndarray, size: int, drop_last: bool = False) -> list[np.ndarray]:
    """An order in batches (batches, size), and a smaller last one by itself.

    >>> [part.tolist() for part in cut(np.arange(5), 2)]
    [[[0, 1], [2, 3]], [[4]]]
    """
    full = len(order) // size
    parts = [order[: full * size].reshape(full, size)]
    parts += [] if drop_last else [order[None, full * size :]]
    return [part for part in parts if part.size]


class _BatchesAsIterated(BatchSampler):
    """The same for a batch sampler."""

    def __init__(self, batch_sampler: Any) -> None:
        self.given, self._last = batch_sampler, (-1, list[np.ndarray]())
        self.batch_size: Any = getattr(batch_sampler, "batch_size", None)

    def __len__(self) -> int:
        return len(self.given)

    def rows(self, epoch: int) -> list[np.ndarray]:
        if self._last[0] != epoch:
            tell_epoch(self.given, epoch)
            name = type(self.given).__name__
            batches = [integers(name, "a batch", batch) for batch in self.given]
            self._last = epoch, [np.stack(list(alike)) for size, alike in groupby(batches, len) if size]
        return self._last[1]


def as_batch_sampler(batch_sampler: Any) -> BatchSampler:
    """Anything that gives lists of numbers and has a length as a BatchSampler."""
    if isinstance(batch_sampler, BatchSampler) and type(batch_sampler).__iter__ is BatchSampler.__iter__:
        return batch_sampler
    return _BatchesAsIterated(require_iterable("batch_sampler", "lists of numbers of samples", batch_sampler))
