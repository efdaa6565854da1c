"""Data sets whose samples come one after the other, and whose length nobody may know."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..errors import DataError

__all__ = ["IterableDataset"]


class IterableDataset:
    """Samples that come one after the other, from a file that is read line by line, a database, a formula.

    Yours derives from it and has `__iter__`, which begins anew at each call; any object is taken for one that has
    `__iter__`, but no `__len__` and `__getitem__`. A DataLoader makes batches of them in the order in which they come;
    what is to be shuffled is shuffled in `__iter__`. Where an order depends on the epoch, it is told: before each one
    `set_epoch(epoch)` is called, if there is such a method; then training that goes on meets the same samples again.

    `Trainer.fit` takes all samples there are for an epoch, and begins once more for a look at the first batch;
    what never ends is cut, `itertools.islice(samples, n)`. With a `__len__` the progress shows how much is left.

    >>> from gradus.data import DataLoader
    >>> class Squares(IterableDataset):
    ...     def __iter__(self):
    ...         return (i * i for i in range(5))
    >>> [batch.tolist() for batch in DataLoader(Squares(), batch_size=2)]
    [[0, 1], [4, 9], [16]]
    """

    def __iter__(self) -> Iterator[Any]:
        raise DataError(f"{type(self).__name__} has no __iter__, which gives the samples one after the other")


class NoLengthError(DataError, TypeError):
    """The length of what has none; `list`, which asks, goes on without."""


def is_stream(dataset: Any) -> bool:
    """Whether samples are not found by number, but come one after the other."""
    by_number = hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")
    named = any(kind.__name__ == "IterableDataset" for kind in type(dataset).__mro__)  # PyTorch's has __getitem__, too
    return hasattr(dataset, "__iter__") and (named or not by_number)


def _begun(dataset: Any) -> Iterator[Any]:
    try:
        return iter(dataset)
    except Exception as problem:
        raise DataError(
            f"{type(dataset).__name__} could not be begun: {type(problem).__name__}: {problem}. Its __iter__ gives an "
            "iterator, as one does that has `yield`, or returns iter(...)."
        ) from problem


def known_length(thing: Any) -> int | None:
    """The length of a data set or a loader; None where nobody knows it."""
    try:
        return len(thing)
    except TypeError:
        return None


def unreadable(dataset: Any, number: int, problem: Exception) -> DataError:
    """The error for a sample whose reading failed: which it is."""
    told = f"{type(problem).__name__}: {problem}"
    return DataError(f"sample {number} of {type(dataset).__name__} could not be read: {told}", mistake="sample-fails")


def numbered(dataset: Any, epoch: int, size: int) -> Iterator[tuple[range, list[Any]]]:
    """The samples of an epoch, so many at a time, with the numbers under which messages name them."""
    if hasattr(dataset, "set_epoch"):
        dataset.set_epoch(epoch)
    done, samples = 0, _begun(dataset)
    while True:
        found: list[Any] = []
        try:
            found += islice(samples, size)
        except Exception as problem:
            raise unreadable(dataset, done + len(found), problem) from problem
        if not found:
            return
        yield range(done, done + len(found)), found
        done += len(found)
