"""Samplers: in which order, and in which batches, an epoch takes the samples: functions of the seed and the epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from itertools import groupby
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError
from ..functional.checks import at_least_one, integers
from ..random import Generator, stream
from ..tensor import Tensor

__all__ = [
    "BatchSampler",
    "LengthBatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StratifiedBatchSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]


class Sampler:
    """The base of samplers. One of your own derives from it and gives each epoch's order, or is anything with a length
    that can be iterated, as in PyTorch; only with `order` does training that goes on meet the same samples again.

    Iterating gives the numbers of the samples, of another epoch each time.

    Attributes:
        epoch: how many epochs were begun.

    >>> class EveryOther(Sampler):
    ...     def __len__(self):
    ...         return 3
    ...     def order(self, epoch):
    ...         return np.arange(epoch % 2, 6, 2)
    >>> sampler = EveryOther()
    >>> list(sampler), list(sampler)
    ([0, 2, 4], [1, 3, 5])
    """

    epoch = 0

    def __len__(self) -> int:
        raise ArgumentError(f"{type(self).__name__} has no __len__, the number of samples that an epoch takes")

    def order(self, epoch: int) -> np.ndarray:
        """The numbers of the samples that an epoch takes, (n,); the first epoch is 0."""
        raise ArgumentError(f"{type(self).__name__} has neither order(epoch) nor __iter__")

    def __iter__(self) -> Iterator[int]:
        self.epoch += 1
        numbers: list[int] = self.order(self.epoch - 1).tolist()
        return iter(numbers)


class SequentialSampler(Sampler):
    """The samples one after the other: 0, ..., n - 1.

    Args:
        data_source: what they are numbers of, anything with a length.

    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __len__(self) -> int:
        return len(self.data_source)

    def order(self, epoch: int) -> np.ndarray:
        """0, ..., n - 1."""
        return np.arange(len(self.data_source))


class RandomSampler(Sampler):
    """The samples in a random order, another each epoch: that of `DataLoader(..., shuffle=True, seed=seed)`.

    Args:
        data_source: what they are numbers of, anything with a length.
        replacement: draw each number of all samples, so that some come twice and others not at all.
        num_samples: how many an epoch takes; n if it is not said. More than n without replacement are several orders
            one after the other.
        seed: what the orders depend on.

    >>> sampler = RandomSampler("abcd", seed=1)
    >>> list(sampler), list(sampler), RandomSampler("abcd", seed=1).order(1).tolist()
    ([1, 0, 3, 2], [1, 2, 0, 3], [1, 2, 0, 3])
    """

    def __init__(
        self, data_source: Sized, replacement: bool = False, num_samples: int | None = None, seed: int = 0
    ) -> None:
        if num_samples is not None:
            at_least_one("RandomSampler", num_samples=num_samples)
        Generator(seed)  # refuses a seed out of range now, not when the first epoch begins
        self.data_source, self.replacement, self.num_samples, self.seed = data_source, replacement, num_samples, seed

    def __len__(self) -> int:
        return len(self.data_source) if self.num_samples is None else self.num_samples

    def order(self, epoch: int) -> np.ndarray:
        """The order of an epoch; the first is 0."""
        n, count, draws = len(self.data_source), len(self), stream(self.seed, epoch + 1)
        if not n or not count:
            return np.arange(0)
        if self.replacement:
            return draws.randint(0, n, (count,)).numpy()
        return np.concatenate([draws.permutation(n) for _ in range(-(-count // n))])[:count]


class SubsetRandomSampler(Sampler):
    """Some of the samples in a random order, another each epoch.

    Args:
        indices: their numbers.
        seed: what the orders depend on.

    >>> list(SubsetRandomSampler([10, 20, 30], seed=1))
    [20, 10, 30]
    """

    def __init__(self, indices: Any, seed: int = 0) -> None:
        Generator(seed)
        self.indices, self.seed = integers("SubsetRandomSampler", "indices", indices), seed

    def __len__(self) -> int:
        return len(self.indices)

    def order(self, epoch: int) -> np.ndarray:
        """The order of an epoch; the first is 0."""
        order: np.ndarray = self.indices[stream(self.seed, epoch + 1).permutation(len(self.indices))]
        return order


class WeightedRandomSampler(Sampler):
    """Samples drawn with given weights, as where rare classes shall be seen as often as others: weights 1 / n_class.

    Sample i is drawn with probability w_i / sum_j w_j; without replacement, of those that are left.

    Args:
        weights: (n,), 0 or more, for each sample.
        num_samples: how many an epoch draws.
        replacement: whether a sample may come more than once.
        seed: what is drawn depends on it.

    Raises:
        ArgumentError: a weight that is none, or fewer weights above 0 than are to be drawn without replacement.

    >>> WeightedRandomSampler([0, 1, 0, 3], 5).order(0).tolist()
    [1, 3, 3, 3, 1]
    """

    def __init__(self, weights: Any, num_samples: int, replacement: bool = True, seed: int = 0) -> None:
        at_least_one("WeightedRandomSampler", num_samples=num_samples)
        Generator(seed)
        w = np.asarray(weights.numpy() if isinstance(weights, Tensor) else weights, np.float64)
        if w.ndim != 1 or not np.isfinite(w).all() or (w < 0).any() or not w.any():
            raise ArgumentError(
                "WeightedRandomSampler: weights are a number of 0 or more for each sample, (n,), not all of them 0; "
                f"got {weights!r:.80}"
            )
        if not replacement and num_samples > (w > 0).sum():
            raise ArgumentError(
                f"WeightedRandomSampler: {num_samples} samples cannot be drawn without replacement, as "
                f"{(w > 0).sum()} have a weight above 0"
            )
        self.weights, self.num_samples, self.replacement, self.seed = w, num_samples, replacement, seed

    def __len__(self) -> int:
        return self.num_samples

    def order(self, epoch: int) -> np.ndarray:
        """What an epoch draws; the first is 0."""
        drawn: Tensor = stream(self.seed, epoch + 1).multinomial(self.weights, self.num_samples, self.replacement)
        return drawn.numpy()


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


# -- what is common to them --------------------------------------------------------------------------------------------


def cut(order: np.ndarray, size: int, drop_last: bool = False) -> list[np.ndarray]:
    """An order in batches (batches, size), and a smaller last one by itself.

    >>> [part.tolist() for part in cut(np.arange(5), 2)]
    [[[0, 1], [2, 3]], [[4]]]
    """
    full = len(order) // size
    parts = [order[: full * size].reshape(full, size)]
    parts += [] if drop_last else [order[None, full * size :]]
    return [part for part in parts if part.size]


class _AsIterated(Sampler):
    """A sampler of another kind: for an epoch what it gave when it was iterated, however often that is asked."""

    def __init__(self, sampler: Any) -> None:
        self.given, self._last = sampler, (-1, np.arange(0))

    def __len__(self) -> int:
        return len(self.given)

    def order(self, epoch: int) -> np.ndarray:
        if self._last[0] != epoch:
            _tell(self.given, epoch)
            self._last = epoch, integers(type(self.given).__name__, "the numbers", list(self.given))
        return self._last[1]


class _BatchesAsIterated(BatchSampler):
    """The same for a batch sampler."""

    def __init__(self, batch_sampler: Any) -> None:
        self.given, self._last = batch_sampler, (-1, list[np.ndarray]())
        self.batch_size: Any = getattr(batch_sampler, "batch_size", None)

    def __len__(self) -> int:
        return len(self.given)

    def rows(self, epoch: int) -> list[np.ndarray]:
        if self._last[0] != epoch:
            _tell(self.given, epoch)
            name = type(self.given).__name__
            batches = [integers(name, "a batch", batch) for batch in self.given]
            self._last = epoch, [np.stack(list(alike)) for size, alike in groupby(batches, len) if size]
        return self._last[1]


def _tell(sampler: Any, epoch: int) -> None:
    if hasattr(sampler, "set_epoch"):
        sampler.set_epoch(epoch)


def as_sampler(sampler: Any) -> Sampler:
    """Anything that gives numbers and has a length as a Sampler.

    >>> as_sampler([2, 0]).order(epoch=3).tolist()
    [2, 0]
    """
    if isinstance(sampler, Sampler) and type(sampler).order is not Sampler.order:
        return sampler
    return _AsIterated(_iterable("sampler", "numbers of samples", sampler))


def as_batch_sampler(batch_sampler: Any) -> BatchSampler:
    """Anything that gives lists of numbers and has a length as a BatchSampler."""
    if isinstance(batch_sampler, BatchSampler) and type(batch_sampler).__iter__ is BatchSampler.__iter__:
        return batch_sampler
    return _BatchesAsIterated(_iterable("batch_sampler", "lists of numbers of samples", batch_sampler))


def _iterable(name: str, what: str, given: Any) -> Any:
    if isinstance(given, type) or not (hasattr(given, "__iter__") and hasattr(given, "__len__")):
        raise ArgumentError(
            f"{name} must have a length and give {what} when iterated, each epoch anew; got {given!r:.80}. See "
            "RandomSampler and BatchSampler."
        )
    return given


def by_class(classes: np.ndarray, draws: Generator) -> np.ndarray:
    """The samples class by class, those of one class in a random order."""
    order = draws.permutation(len(classes))
    return order[np.argsort(classes[order], kind="stable")]


def evenly(order: np.ndarray, count: int, draws: Generator) -> tuple[np.ndarray, np.ndarray]:
    """So many elements at even distances, and the others: of each run of r, r count / n, rounded up or down.

    Source: systematic sampling; Madow and Madow, "On the Theory of Systematic Sampling, I" (1944).

    >>> one, others = evenly(np.array([0, 0, 0, 0, 1, 1]), 3, stream(0, 1))
    >>> one.tolist(), others.tolist()
    ([0, 0, 1], [0, 0, 1])
    """
    n = len(order)
    first = int(draws.randint(0, max(n, 1), ()).item())
    chosen = np.zeros(n, bool)
    chosen[(np.arange(count) * n + first) // max(count, 1)] = True
    return order[chosen], order[~chosen]


def codes(where: str, labels: Any) -> np.ndarray:
    """The class of each sample as a number from 0 on."""
    array = np.asarray(labels.numpy() if isinstance(labels, Tensor) else labels)
    if array.ndim != 1 or array.dtype.kind not in "biuUSO":
        raise DataError(
            f"{where}: labels are a whole number or a text for each sample, (n,), got {array.dtype} of shape "
            f"{array.shape}"
        )
    try:
        return np.unique(array, return_inverse=True)[1]
    except TypeError:
        kinds = sorted({type(label).__name__ for label in array})
        raise DataError(f"{where}: labels are all numbers or all texts, got {', '.join(kinds)}") from None
