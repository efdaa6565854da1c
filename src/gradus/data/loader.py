"""DataLoader: the samples of a data set in batches, epoch after epoch."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError, DataError, one_of
from ..functional.checks import at_least, at_least_one, in_range, require_function
from ..names.elsewhere import missing_from
from ..random import Generator
from .batch_samplers import BatchSampler, LengthBatchSampler, as_batch_sampler
from .dataset import Dataset, in_memory, padded_lengths, require_dataset
from .iterable import NoLengthError, is_stream, known_length, numbered
from .reading import Numbers, Reader, put_together
from .samplers import RandomSampler, SequentialSampler
from .workers import END, METHODS, Workers, in_order, processes, threads

__all__ = ["DataLoader"]

_USUAL = 32  # samples in a batch
_AHEAD = 2  # batches read ahead for each worker, unless it is said


class DataLoader:
    """Batches of a data set, in order or shuffled anew each epoch.

    Args:
        dataset: a TensorDataset, anything with `__len__` and `__getitem__`, or an IterableDataset.
        batch_size: samples in a batch; the last batch of an epoch may be smaller.
        shuffle: draw a new order each epoch, a function of the seed and the number of the epoch. Of Sequences, those
            that are padded to one length come together, in batches that are drawn and ordered at random.
        drop_last: leave out a last batch that is smaller.
        seed: what the orders depend on, and `sample_generator`: an integer from 0 to 2^64 - 1.
        prefetch: how many batches are read ahead, by a thread if there are no workers; by default two for each worker,
            and none without.
        sampler: in which order the samples come, in place of `shuffle`: one of the samplers, a list of numbers.
        batch_sampler: which samples make which batch, in place of `batch_size`, `shuffle`, `sampler`, `drop_last`.
        collate_fn: makes a batch of a list of samples; `collate` if it is not said. Arrays in it become Tensors.
        num_workers: how many threads read, each a batch; the batches and their order are the same. The data set's
            `__getitem__` is called by several at once. A Trainer needs none for data in memory.
        multiprocessing_context: "spawn", "forkserver" or "fork" has processes read instead, for a `__getitem__` that is
            busy in Python itself. The data set is sent to each, the batches are sent back.
        worker_init_fn: called in each worker with its number before it reads.
        timeout: seconds to wait for a batch of the workers before it is an error; 0 waits. A thread that hangs stays.
        persistent_workers: keep processes from epoch to epoch.

    Attributes:
        epoch: how many epochs were begun.
        sampler_name: the kind and seed of the sampler that was given, None without: training that goes on needs it.

    Iterating gives batches as `collate` makes them: tuples of Tensors, (x, y) for a set of pairs, dicts for one of
    dicts. A batch is a copy, so what is done to it leaves the data set as it is. When the loop over them is left, by
    an error or Ctrl-C too, the workers end. What a sample raises is the cause of a DataError that names the sample.

    >>> from gradus.data import TensorDataset
    >>> loader = DataLoader(TensorDataset([1.0, 2.0, 3.0]), batch_size=2)
    >>> [x.tolist() for (x,) in loader]
    [[1.0, 2.0], [3.0]]
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = _USUAL,
        shuffle: bool | None = None,
        drop_last: bool = False,
        seed: int = 0,
        prefetch: int | None = None,
        *,
        sampler: Any = None,
        batch_sampler: Any = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        num_workers: int = 0,
        multiprocessing_context: Any = None,
        worker_init_fn: Callable[[int], Any] | None = None,
        timeout: float = 0,
        persistent_workers: bool = False,
    ) -> None:
        self.dataset, self.stream = dataset, _require_readable(dataset)
        _check_choices(shuffle=shuffle, drop_last=drop_last)
        Generator(seed)  # refuses a seed out of range now, not when the first epoch begins
        self.batch_size: Any = batch_size
        self.shuffle, self.drop_last, self.seed = bool(shuffle), drop_last, seed
        self.sampler_name = _named(batch_sampler if sampler is None else sampler)
        self.batch_sampler = self._batches_of(sampler, batch_sampler)
        self.sampler = getattr(self.batch_sampler, "sampler", None)
        at_least(0, "DataLoader", num_workers=num_workers, prefetch=0 if prefetch is None else prefetch)
        in_range("DataLoader", "timeout", timeout, "[0, inf]")
        for name, function in (("collate_fn", collate_fn), ("worker_init_fn", worker_init_fn)):
            if function is not None:
                require_function("DataLoader", **{name: function})
        self.collate_fn, self.num_workers, self.worker_init_fn = collate_fn, num_workers, worker_init_fn
        self.prefetch = max(_AHEAD * num_workers if prefetch is None else prefetch, num_workers)
        self.multiprocessing_context, self.timeout = multiprocessing_context, timeout
        self._check_processes()
        self.persistent_workers = persistent_workers
        self._kept: Workers | None = None
        self.epoch = 0

    def _batches_of(self, sampler: Any, batch_sampler: Any) -> BatchSampler | None:
        """Which samples make which batch; None where they are found one after the other."""
        given = {"shuffle": self.shuffle, "sampler": sampler is not None}
        if self.stream:
            given["batch_sampler"] = batch_sampler is not None
        elif batch_sampler is not None:
            given |= {"batch_size": self.batch_size != _USUAL, "drop_last": self.drop_last}
        too_many = [name for name, is_given in given.items() if is_given]
        if self.stream and too_many:
            raise ArgumentError(
                f"DataLoader: {too_many[0]} takes samples by their numbers, and those of a "
                f"{type(self.dataset).__name__} come one after the other. Order them in its __iter__."
            )
        if batch_sampler is not None and too_many:
            raise ArgumentError(f"DataLoader: a batch_sampler makes the batches; leave out {' and '.join(too_many)}")
        if batch_sampler is not None:
            made = as_batch_sampler(batch_sampler)
            self.batch_size = getattr(made, "batch_size", None)
            return made
        at_least_one("DataLoader", batch_size=self.batch_size)
        if self.stream:
            return None
        if sampler is not None and self.shuffle:
            raise ArgumentError(
                "DataLoader: a sampler gives the order; leave out shuffle. See RandomSampler.",
                mistake="sampler-and-shuffle",
            )
        if sampler is not None:
            return BatchSampler(sampler, self.batch_size, self.drop_last)
        padded = padded_lengths(self.dataset) if self.shuffle else None
        if padded is not None:
            return LengthBatchSampler(padded, self.batch_size, self.drop_last, self.seed)
        order = RandomSampler(self.dataset, seed=self.seed) if self.shuffle else SequentialSampler(self.dataset)
        return BatchSampler(order, self.batch_size, self.drop_last)

    def _check_processes(self) -> None:
        context = self.multiprocessing_context
        if context is None:
            return
        if isinstance(context, str):
            one_of("DataLoader", "multiprocessing_context", context, METHODS)
        elif not hasattr(context, "SimpleQueue"):
            raise ArgumentError(
                f"DataLoader: multiprocessing_context is one of {', '.join(METHODS)}, or what "
                f"multiprocessing.get_context gives, got {context!r:.80}"
            )
        if not self.num_workers:
            raise ArgumentError("DataLoader: multiprocessing_context needs num_workers=, how many processes read")
        if self.stream:
            raise ArgumentError(
                f"DataLoader: a {type(self.dataset).__name__} is read by one thread, since its samples come one after "
                "the other. Leave out multiprocessing_context."
            )

    if not TYPE_CHECKING:  # type checkers know the attributes, and find misspelt ones

        def __getattr__(self, name: str) -> Any:
            raise missing_from(self, "DataLoader", name)

    def __len__(self) -> int:
        if self.batch_sampler is not None:
            return len(self.batch_sampler)
        n = known_length(self.dataset)
        if n is None:
            name = type(self.dataset).__name__
            raise NoLengthError(f"nobody knows how many batches a {name} makes: it has no length")
        size: int = self.batch_size
        return n // size if self.drop_last else -(-n // size)

    def __repr__(self) -> str:
        options = ", ".join(f"{n}={getattr(self, n)!r}" for n in ("batch_size", "shuffle", "drop_last", "seed"))
        count = known_length(self)
        return f"DataLoader({self.dataset!r}, {options}{'' if count is None else f': {count} batches'})"

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_kept": None}  # a copy starts processes of its own

    def __iter__(self) -> Iterator[Any]:
        self.epoch += 1
        return self.batches(self.epoch - 1)

    # -- an epoch ------------------------------------------------------------------------------------------------------

    def rows(self, epoch: int, start: int = 0) -> list[np.ndarray]:
        """The batches of an epoch as row numbers, from batch number `start` on: arrays (batches, batch size), those of
        one size that follow each other together."""
        if self.batch_sampler is None:
            raise DataError(f"the samples of a {type(self.dataset).__name__} have no numbers")
        n, left = len(self.dataset), []
        for part in self.batch_sampler.rows(epoch):
            if part.size and not 0 <= part.min() <= part.max() < n:
                wrong = part[(part < 0) | (part >= n)][0]
                raise ArgumentError(f"the sampler gives sample {wrong}, and there are 0 to {n - 1}")
            left += [part[start:]] if start < len(part) else []
            start = max(start - len(part), 0)
        return left

    def batches(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """The batches of one epoch (the first is 0) from batch number `start` on: to go on where training stopped."""
        count = known_length(self)
        if start < 0 or (count is not None and start > count):
            raise ArgumentError(f"batch {start} is not in an epoch of {count} batches")
        if self.stream:
            return self._stream(epoch, start)
        return self._by_number(epoch, start)

    def first(self) -> Any:
        """The first batch of the first epoch, read without workers; None if there is none.

        >>> DataLoader([1.0, 2.0]).first()
        tensor([1., 2.])
        """
        if self.stream:
            return next(self._read_stream(0, 0), None)
        rows = self.rows(0)
        return Reader(self.dataset, self.collate_fn, self.seed)(0, 0, rows[0][0]) if rows else None

    def in_memory(self) -> tuple[tuple[np.ndarray, ...] | None, np.ndarray]:
        """The arrays whose rows are the batches, and in which rows the samples are; None where they must be read.

        >>> from gradus.data import TensorDataset
        >>> DataLoader(TensorDataset([4, 5])).in_memory()
        ((array([4, 5]),), array([0, 1]))
        """
        read = self.collate_fn is not None or (self.prefetch > 0 and not self.num_workers)  # asked for nothing else
        return (None, np.arange(0)) if read else in_memory(self.dataset)

    def _by_number(self, epoch: int, start: int) -> Iterator[Any]:
        batches = (batch for part in self.rows(epoch, start) for batch in part)
        jobs = ((epoch, number, batch) for number, batch in enumerate(batches, start))
        reader = Reader(self.dataset, self.collate_fn, self.seed)
        if not self.prefetch:
            yield from (reader(*job) for job in jobs)
            return
        if self.multiprocessing_context is not None:
            yield from in_order(self._processes(reader), jobs, self.prefetch, self.timeout, self.persistent_workers)
            return
        left = threading.Event()
        reader.wanted = lambda: not left.is_set()
        workers = threads(max(self.num_workers, 1), reader, self.worker_init_fn, left.set)
        yield from in_order(workers, jobs, self.prefetch, self.timeout)

    def _processes(self, reader: Reader) -> Workers:
        if self._kept is not None and not self._kept.ended and self._kept.here():
            return self._kept
        made = processes(self.multiprocessing_context, self.num_workers, reader, self.worker_init_fn)
        if self.persistent_workers:
            self._kept = made
            weakref.finalize(self, made.end)
        return made

    def _stream(self, epoch: int, start: int) -> Iterator[Any]:
        batches = self._read_stream(epoch, start)
        if not self.prefetch:
            yield from batches
            return
        workers = threads(1, lambda: next(batches, END), self.worker_init_fn, lambda: None)
        yield from in_order(workers, repeat(()), self.prefetch, self.timeout)

    def _read_stream(self, epoch: int, start: int) -> Iterator[Any]:
        draws = Numbers(self.seed, epoch)
        pieces = numbered(self.dataset, epoch, self.batch_size)
        number = 0
        while True:
            with draws:
                numbers, samples = next(pieces, (range(0), []))
            if not samples or (self.drop_last and len(samples) < self.batch_size):
                return
            if number >= start:
                yield put_together(self.collate_fn, samples, numbers)
            number += 1


def _require_readable(dataset: Any) -> bool:
    """Refuse what cannot be read each epoch; whether its samples come one after the other."""
    if not is_stream(dataset):
        require_dataset("DataLoader", dataset)
        return False
    if hasattr(dataset, "__next__"):
        raise DataError(
            f"DataLoader: {dataset!r:.80} can be gone through only once, and each epoch goes through the data. "
            "Write a class with the __iter__ that makes it: see IterableDataset.",
            mistake="generator-as-data",
        )
    return True


def _check_choices(**choices: Any) -> None:
    for name, value in choices.items():
        if value is not None and not isinstance(value, (bool, np.bool_)):
            raise ArgumentError(
                f"DataLoader: {name} is True or False, got {value!r:.80}. What comes after shuffle is given by name: "
                "sampler=..., batch_sampler=..., num_workers=..., collate_fn=...."
            )


def _named(sampler: Any) -> str | None:
    """What a sampler is: the same order is another's only by accident."""
    if sampler is None:
        return None
    seed = getattr(sampler, "seed", None)
    inner = getattr(sampler, "sampler", None) if isinstance(sampler, BatchSampler) else None
    parts = [type(sampler).__name__, "" if seed is None else f"seed {seed}", _named(inner)]
    return ", ".join(filter(None, parts))
