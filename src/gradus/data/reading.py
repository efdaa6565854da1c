"""One batch read: its samples by number, with random numbers of their own, and put together."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import random as gradus_random
from ..errors import DataError
from ..tensor import Tensor
from .collate import tensors_of, together
from .dataset import TensorDataset, found_in, rows, sample
from .sequences import Sequences

__all__ = ["sample_generator"]


def sample_generator() -> np.random.Generator:
    """NumPy's generator for the sample that is being read: a function of the loader's seed, the epoch and the place.

    For what is random in the `__getitem__` of a data set, as a cut of a picture: whatever thread or process reads, and
    where training goes on in the middle of an epoch, the same sample gets the same numbers, and others in the next
    epoch. So it is with `gradus.rand` and its like. `np.random` itself is shared by all threads, and its numbers go to
    whichever comes first; where processes read, it is started anew for each sample, and so is Python's `random`.
    Where no DataLoader reads, the generator starts from gradus' own, which `gradus.seed` sets.

    >>> from gradus.data import DataLoader
    >>> class Noisy:
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, i):
    ...         return i + sample_generator().uniform()
    >>> loader = DataLoader(Noisy(), batch_size=2)
    >>> bool((next(loader.batches(0)) == next(loader.batches(0))).all())
    True
    >>> bool((next(loader.batches(0)) == next(loader.batches(1))).any())
    False
    """
    numbers = gradus_random.instead.get()
    if isinstance(numbers, Numbers):
        return numbers.numpy
    return np.random.default_rng(gradus_random.default.bits((4,)).numpy())


class Numbers:
    """The random numbers that belong to a place in an epoch; in its block, and this thread, they are drawn from.

    Called it gives gradus' generator, `numpy` is NumPy's; each is made when it is first asked for.

    >>> with Numbers(0, 3):
    ...     first = gradus_random.rand(2)
    >>> with Numbers(0, 3):
    ...     print(bool((gradus_random.rand(2) == first).all()))
    True
    """

    def __init__(self, *key: int) -> None:
        self.key = key
        self._own: gradus_random.Generator | None = None
        self._numpy: np.random.Generator | None = None
        self._before: Any = None

    def __enter__(self) -> None:
        self._before = gradus_random.instead.set(self)

    def __exit__(self, *exc: object) -> None:
        gradus_random.instead.reset(self._before)

    def __call__(self) -> gradus_random.Generator:
        if self._own is None:
            self._own = gradus_random.Generator(int(np.random.SeedSequence(self.key).generate_state(1, np.uint64)[0]))
        return self._own

    @property
    def numpy(self) -> np.random.Generator:
        if self._numpy is None:
            self._numpy = np.random.default_rng(self.key)
        return self._numpy


class LeftError(Exception):
    """Nobody waits any more for what is being read."""


def _wanted() -> bool:
    return True


class Reader:
    """Reads the batches of a data set whose samples are found by number.

    Args:
        dataset: it.
        collate_fn: makes a batch of a list of samples; None for what is usual.
        seed: on which `sample_generator` depends.

    Attributes:
        alone: in a process of its own, where NumPy's and Python's global random numbers can be set for each sample.
        wanted: says whether the batch is still waited for.
    """

    def __init__(self, dataset: Any, collate_fn: Callable[[list[Any]], Any] | None, seed: int) -> None:
        self.dataset, self.collate_fn, self.seed = dataset, collate_fn, seed
        self.alone, self.wanted = False, _wanted

    def __call__(self, epoch: int, number: int, places: np.ndarray) -> Any:
        """Batch `number` of an epoch: the samples at these places; given up where it is wanted no more."""
        whole, inner = found_in(self.dataset, places)
        if self.collate_fn is None and isinstance(whole, (TensorDataset, Sequences)):
            with Numbers(self.seed, epoch, number):
                arrays = rows(whole, inner)
            return tuple(Tensor(a.copy() if a.base is not None else np.ascontiguousarray(a)) for a in arrays)
        places = inner.tolist()
        samples = []
        for i, place in enumerate(places):
            if not self.wanted():
                raise LeftError
            with Numbers(self.seed, epoch, number, i):
                if self.alone:
                    _start_global_numbers(self.seed, epoch, number, i)
                samples.append(sample(whole, place))
        return put_together(self.collate_fn, samples, places)


def put_together(collate_fn: Callable[[list[Any]], Any] | None, samples: list[Any], numbers: Any) -> Any:
    """The batch of these samples."""
    if collate_fn is None:
        return together(samples, numbers)
    batch = collate_fn(samples)
    if batch is None:
        raise DataError("DataLoader: collate_fn gave None for a list of samples. Does it return the batch?")
    return tensors_of(batch)


def _start_global_numbers(*key: int) -> None:
    """Start np.random and random anew: otherwise processes that are forked would draw the same numbers."""
    words = np.random.SeedSequence(key).generate_state(4)
    np.random.seed(words)
    random.seed(words.tobytes())
