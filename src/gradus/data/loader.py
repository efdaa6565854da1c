"""DataLoader: the samples of a data set in batches, epoch after epoch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError, DataError
from ..functional.checks import at_least, at_least_one
from ..names.elsewhere import missing_from
from ..random import Generator, stream
from ..tensor import Tensor
from .dataset import Dataset, padded_lengths, rows

__all__ = ["DataLoader"]

Batch = tuple[Tensor, ...]


class DataLoader:
    """Batches of a data set, in order or shuffled anew each epoch.

    Args:
        dataset: a TensorDataset, or anything with `__len__` and `__getitem__`, whose items are tuples.
        batch_size: samples in a batch; the last batch of an epoch may be smaller.
        shuffle: draw a new order each epoch, a function of the seed and the number of the epoch. Of Sequences, those
            that are padded to one length come together, in batches that are drawn and ordered at random.
        drop_last: leave out a last batch that is smaller.
        seed: what the orders depend on, an integer from 0 to 2^64 - 1.
        prefetch: how many batches a thread reads ahead; 0 reads each when it is asked for.

    Attributes:
        epoch: how many epochs were begun.

    Iterating gives tuples of Tensors, (x, y) for a set of pairs; a batch is a copy, so what is done to it leaves the
    data set as it is.

    >>> from gradus.data import TensorDataset
    >>> loader = DataLoader(TensorDataset([1.0, 2.0, 3.0]), batch_size=2)
    >>> [x.tolist() for (x,) in loader]
    [[1.0, 2.0], [3.0]]
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 32,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int = 0,
        prefetch: int = 0,
    ) -> None:
        if isinstance(dataset, str) or not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
            raise DataError(
                f"DataLoader: expects a data set, got {dataset!r}. Make one: TensorDataset(x, y), or take one of "
                "gradus.datasets."
            )
        at_least_one("DataLoader", batch_size=batch_size)
        at_least(0, "DataLoader", prefetch=prefetch)
        Generator(seed)  # refuses a seed out of range now, not when the first epoch begins
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last
        self.seed, self.prefetch, self.epoch = seed, prefetch, 0

    if not TYPE_CHECKING:  # type checkers know the attributes, and find misspelt ones

        def __getattr__(self, name: str) -> Any:
            raise missing_from(self, "DataLoader", name)

    def __len__(self) -> int:
        n = len(self.dataset)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __repr__(self) -> str:
        options = ", ".join(f"{n}={getattr(self, n)!r}" for n in ("batch_size", "shuffle", "drop_last", "seed"))
        return f"DataLoader({self.dataset!r}, {options}: {len(self)} batches)"

    def __iter__(self) -> Iterator[Batch]:
        self.epoch += 1
        return self.batches(self.epoch - 1)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of one epoch (the first is 0) from batch number `start` on: to go on where training stopped."""
        if not 0 <= start <= len(self):
            raise ArgumentError(f"batch {start} is not in an epoch of {len(self)} batches")
        plain = self._read(epoch, start)
        return _ahead(plain, self.prefetch) if self.prefetch else plain

    def rows(self, epoch: int, start: int = 0) -> list[np.ndarray]:
        """The same batches as row numbers: (batches, batch size); a smaller last one by itself."""
        n, size = len(self.dataset), self.batch_size
        order = self._order(epoch) if self.shuffle else np.arange(n)
        full = n // size
        whole, rest = order[: full * size].reshape(full, size)[start:], order[full * size :]
        smaller = [rest[None]] if rest.size and not self.drop_last and start <= full else []
        return [whole, *smaller] if len(whole) else smaller

    def _read(self, epoch: int, start: int) -> Iterator[Batch]:
        order = self._order(epoch) if self.shuffle else None
        for number in range(start, len(self)):
            here = slice(number * self.batch_size, (number + 1) * self.batch_size)
            arrays = rows(self.dataset, here if order is None else order[here])
            yield tuple(Tensor(a.copy() if a.base is not None else np.ascontiguousarray(a)) for a in arrays)

    def _order(self, epoch: int) -> np.ndarray:
        """The samples as the epoch's batches take them, one batch after the other."""
        draws, n, size = stream(self.seed, epoch + 1), len(self.dataset), self.batch_size
        order, padded = draws.permutation(n), padded_lengths(self.dataset)
        if padded is None:
            return order
        full = n // size
        order = order[: full * size] if self.drop_last else order  # what is left out is any, not the longest
        order = order[np.argsort(padded[order], kind="stable")]
        batches = order[: full * size].reshape(full, size)
        return np.concatenate([batches[draws.permutation(full)].ravel(), order[full * size :]])


def _ahead(batches: Iterator[Any], count: int) -> Iterator[Any]:
    """The same batches, up to `count` of them read before they are asked for.

    An error of the reading thread is raised here at its turn; when the loop is left, so is the thread.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="gradus-prefetch") as pool:
        waiting = deque(pool.submit(next, batches, None) for _ in range(count))
        try:
            while (batch := waiting.popleft().result()) is not None:
                waiting.append(pool.submit(next, batches, None))
                yield batch
        finally:
            for future in waiting:
                future.cancel()
