"""Samplers: in which order an epoch takes the samples, a function of the seed and of the epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..functional.checks import at_least_one, floats, integers
from ..random import Generator, stream
from ..tensor import Tensor

__all__ = ["RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler"]


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


def _sized(where: str, data_source: Any) -> Any:
    if not hasattr(data_source, "__len__"):
        raise ArgumentError(
            f"{where}: data_source is anything with a length, got {data_source!r:.80}. Of n samples: range(n)."
        )
    return data_source


class SequentialSampler(Sampler):
    """The samples one after the other: 0, ..., n - 1.

    Args:
        data_source: what they are numbers of, anything with a length.

    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = _sized("SequentialSampler", data_source)

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
        if not isinstance(replacement, (bool, np.bool_)):
            raise ArgumentError(
                f"RandomSampler: replacement is True or False, got {replacement!r:.80}. How many: num_samples=..."
            )
        self.data_source, self.replacement = _sized("RandomSampler", data_source), replacement
        self.num_samples, self.seed = num_samples, seed

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
        w = floats("WeightedRandomSampler", "weights", weights)
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
        self.weights = np.ldexp(w, -np.frexp(w.max())[1])  # so that their sum is a number, however large they are
        self.num_samples, self.replacement, self.seed = num_samples, replacement, seed

    def __len__(self) -> int:
        return self.num_samples

    def order(self, epoch: int) -> np.ndarray:
        """What an epoch draws; the first is 0."""
        drawn: Tensor = stream(self.seed, epoch + 1).multinomial(self.weights, self.num_samples, self.replacement)
        return drawn.numpy()


# -- samplers of another kind ------------------------------------------------------------------------------------------


class _AsIterated(Sampler):
    """A sampler of another kind: for an epoch what it gave when it was iterated, however often that is asked."""

    def __init__(self, sampler: Any) -> None:
        self.given, self._last = sampler, (-1, np.arange(0))

    def __len__(self) -> int:
        return len(self.given)

    def order(self, epoch: int) -> np.ndarray:
        if self._last[0] != epoch:
            tell_epoch(self.given, epoch)
            self._last = epoch, integers(type(self.given).__name__, "the numbers", list(self.given))
        return self._last[1]


def as_sampler(sampler: Any) -> Sampler:
    """Anything that gives numbers and has a length as a Sampler.

    >>> as_sampler([2, 0]).order(epoch=3).tolist()
    [2, 0]
    """
    if isinstance(sampler, Sampler) and type(sampler).order is not Sampler.order:
        return sampler
    return _AsIterated(require_iterable("sampler", "numbers of samples", sampler))


def tell_epoch(sampler: Any, epoch: int) -> None:
    """Tell a sampler that asks for it which epoch begins."""
    if hasattr(sampler, "set_epoch"):
        sampler.set_epoch(epoch)


def require_iterable(name: str, what: str, given: Any) -> Any:
    """Refuse what has no length or cannot be gone through again and again."""
    if isinstance(given, type) or not (hasattr(given, "__iter__") and hasattr(given, "__len__")):
        raise ArgumentError(
            f"{name} must have a length and give {what} when iterated, each epoch anew; got {given!r:.80}. See "
            "RandomSampler and BatchSampler."
        )
    return given
