"""Data sets in memory, parts of data sets, and a look for numbers that are none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..errors import ArgumentError, DataError, ShapeError
from ..names.elsewhere import tell
from ..random import stream
from ..tensor import as_tensor
from .sequences import Sequences

if TYPE_CHECKING:
    from .tables.standardizer import Standardizer
    from .tables.transform import TableTransform

__all__ = [
    "Dataset",
    "Subset",
    "TensorDataset",
    "check_finite",
    "in_memory",
    "inputs_of",
    "padded_lengths",
    "random_split",
]

_SPLIT = 1 << 23  # the stream of random numbers that deals out parts
_ROWS_AT_ONCE = 4096  # bounds the memory that check_finite needs


class Dataset(Protocol):
    """Anything with a length and items by number; an item is a tuple (x, y) or one array."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...


tell(Dataset, "data.Dataset")


class TensorDataset:
    """Samples that lie side by side in arrays: sample i is row i of each.

    Args:
        arrays: NumPy arrays, Tensors or nested lists of the same length n, as x (n, ...) and y (n,) or (n, d).
            NumPy arrays and Tensors are not copied, and keep their dtype; float32 is twice as fast as float64.
        classes: the names of the classes, in the order of the labels; None where y is no label.
        name: what messages and reports call the data.
        target: how y was standardised, to turn predictions back.
        transform: how x was made from a table, to treat new rows alike.

    Raises:
        ShapeError: no array, an array without axes, or different lengths.

    >>> data = TensorDataset([[1.0], [2.0], [3.0]], [0, 1, 0], classes=("even", "odd"))
    >>> len(data), data[1]
    (3, (array([2.], dtype=float32), np.int64(1)))
    """

    def __init__(
        self,
        *arrays: Any,
        classes: Sequence[str] | None = None,
        name: str = "",
        target: Standardizer | None = None,
        transform: TableTransform | None = None,
    ) -> None:
        self.arrays = tuple(as_tensor(a).numpy() for a in arrays)
        shapes = [a.shape for a in self.arrays]
        if not shapes or () in shapes or len({shape[0] for shape in shapes}) > 1:
            raise ShapeError(
                f"TensorDataset: the arrays have shapes {', '.join(map(str, shapes)) or 'none'}",
                "Give one or more arrays whose first axes, the samples, are of one length.",
            )
        self.classes = None if classes is None else tuple(classes)
        self.name, self.target, self.transform = name, target, transform

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(a[index] for a in self.arrays)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{a.dtype.name}{a.shape}" for a in self.arrays)
        return f"TensorDataset({shapes}{f', name={self.name!r}' if self.name else ''})"


class Subset:
    """The samples of a data set at the given places, looked up when they are asked for; nothing is copied.

    Args:
        dataset: any data set.
        indices: the places of the samples, integers (n,).

    >>> part = Subset(TensorDataset([[1.0], [2.0], [3.0]]), [2, 0])
    >>> part[0], len(part)
    ((array([3.], dtype=float32),), 2)
    """

    def __init__(self, dataset: Dataset, indices: Any) -> None:
        self.dataset, self.indices = dataset, np.asarray(indices, dtype=np.int64)
        self.classes: tuple[str, ...] | None = getattr(dataset, "classes", None)
        self.name: str = getattr(dataset, "name", "")
        self.target: Standardizer | None = getattr(dataset, "target", None)
        self.transform: TableTransform | None = getattr(dataset, "transform", None)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> Any:
        if np.ndim(self.indices[index]) == 0:
            return self.dataset[int(self.indices[index])]
        return rows(self.dataset, self.indices[index])

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """The samples as arrays, copied together at each call."""
        return rows(self.dataset, self.indices)

    def __repr__(self) -> str:
        return f"Subset({len(self)} of {self.dataset!r})"


def in_memory(dataset: Any) -> tuple[tuple[np.ndarray, ...] | None, np.ndarray]:
    """The arrays that a data set's samples lie in, and in which rows of them; None for one that reads as it goes.

    >>> in_memory(Subset(TensorDataset([4, 5, 6]), [2, 0]))
    ((array([4, 5, 6]),), array([2, 0]))
    """
    places = np.arange(len(dataset))
    while isinstance(dataset, Subset):
        dataset, places = dataset.dataset, dataset.indices[places]
    plain = isinstance(dataset, TensorDataset) and type(dataset).__getitem__ is TensorDataset.__getitem__
    return (dataset.arrays if plain else None), places


def padded_lengths(dataset: Dataset) -> np.ndarray | None:
    """The length that each sample is padded to in a batch of its like, (n,); None where the samples are of one shape.

    >>> padded_lengths(Subset(Sequences([[1], [1, 2, 3], [1, 2]], buckets=2), [2, 0]))
    array([3, 1])
    """
    if isinstance(dataset, Subset):
        padded = padded_lengths(dataset.dataset)
        return None if padded is None else padded[dataset.indices]
    return dataset.padded if isinstance(dataset, Sequences) else None


def inputs_of(dataset: Dataset, batch: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arrays of a batch that a model is called with: all but the last, the targets; all where there are none.

    >>> texts = Sequences([[4, 2], [7]])
    >>> len(inputs_of(texts, texts[:])), len(inputs_of(TensorDataset([1.0], [2.0]), (1.0, 2.0)))
    (2, 1)
    """
    while isinstance(dataset, Subset):
        dataset = dataset.dataset
    if isinstance(dataset, Sequences) and not dataset.others:
        return batch
    return batch[:-1] or batch


def rows(dataset: Dataset, index: Any) -> tuple[np.ndarray, ...]:
    """The samples at a slice or an array of places, stacked along a new first axis: one array for each part."""
    if isinstance(dataset, (TensorDataset, Sequences)):
        return dataset[index]
    if isinstance(dataset, Subset):
        return rows(dataset.dataset, dataset.indices[index])
    places = range(len(dataset))[index] if isinstance(index, slice) else index
    items = [dataset[int(i)] for i in places]
    return _stacked([item if isinstance(item, (tuple, list)) else (item,) for item in items], places)


def _stacked(items: list[Any], places: Sequence[int]) -> tuple[np.ndarray, ...]:
    for item, place in zip(items, places, strict=True):
        if len(item) != len(items[0]) or any(np.shape(a) != np.shape(b) for a, b in zip(item, items[0], strict=True)):
            raise DataError(
                f"sample {place} has shapes {[np.shape(a) for a in item]}, sample {places[0]} "
                f"{[np.shape(a) for a in items[0]]}: they make no batch. Bring all samples to one shape, "
                "or make Sequences of those that differ in length alone."
            )
    return tuple(_column(part) for part in zip(*items, strict=True))


def _column(values: Sequence[Any]) -> np.ndarray:
    if isinstance(values[0], (bool, int, float)):
        return as_tensor(list(values)).numpy()
    return np.stack([as_tensor(v).numpy() for v in values])


def random_split(dataset: Dataset, lengths: Sequence[float], seed: int = 0) -> list[Subset]:
    """Deal the samples out to parts at random: a function of the seed.

    Args:
        dataset: any data set.
        lengths: numbers of samples that add up to len(dataset), or fractions that add up to 1.
        seed: what the order depends on.

    Returns:
        For each length one Subset; it keeps the classes, the target and the transform of the data set.

    >>> [len(part) for part in random_split(TensorDataset([1, 2, 3, 4, 5]), [0.6, 0.4])]
    [3, 2]
    """
    if not isinstance(lengths, (Sequence, np.ndarray)) or isinstance(lengths, str):
        raise ArgumentError(f"random_split: the lengths are several numbers, as [0.8, 0.2], got {lengths!r}")
    n = len(dataset)
    fractions = any(isinstance(length, float) for length in lengths)
    if any(length < 0 for length in lengths) or not math.isclose(sum(lengths), 1 if fractions else n):
        raise ArgumentError(
            f"random_split: the lengths {list(lengths)} add up to {sum(lengths):g}; "
            f"they must be fractions that make 1, or counts that make {n}"
        )
    order = stream(seed, _SPLIT).permutation(n)
    ends = np.cumsum(lengths) * (n if fractions else 1)
    return [Subset(dataset, part) for part in np.split(order, np.rint(ends[:-1]).astype(int))]


def check_finite(dataset: Dataset) -> None:
    """Refuse NaN and infinity in the arrays of a data set; data sets that read as they go are not looked through.

    Raises:
        DataError: with the array (x is the first, y the second) and the place of the first bad number.

    >>> check_finite(TensorDataset([[1.0, float("nan")]], name="sketch"))
    Traceback (most recent call last):
    gradus.errors.DataError: sketch: x[0, 1] is nan. Training needs finite numbers: fill or leave out what is missing.
    """
    if isinstance(dataset, Subset):
        return check_finite(dataset.dataset)
    arrays: tuple[np.ndarray, ...] = ()
    if isinstance(dataset, (TensorDataset, Sequences)):
        arrays = dataset.arrays if isinstance(dataset, TensorDataset) else (dataset.values, *dataset.others)
    for i, array in enumerate(arrays):
        bad = _first_bad(array)
        if bad is not None:
            value, name = array[bad], "xy"[i] if i < 2 else f"arrays[{i}]"
            if i == 0 and isinstance(dataset, Sequences):
                bad = (*dataset.place(bad[0]), *bad[1:])
            raise DataError(
                f"{getattr(dataset, 'name', '') or 'the data'}: {name}[{', '.join(map(str, bad))}] is {value}. "
                "Training needs finite numbers: fill or leave out what is missing."
            )
    return None


def _first_bad(array: np.ndarray) -> tuple[int, ...] | None:
    """The place of the first number that is not finite."""
    for start in range(0, len(array), _ROWS_AT_ONCE):
        finite = np.isfinite(array[start : start + _ROWS_AT_ONCE])
        if not finite.all():
            place = np.argwhere(~finite)[0]
            return (int(place[0]) + start, *map(int, place[1:]))
    return None
