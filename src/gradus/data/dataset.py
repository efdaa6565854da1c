"""Data sets in memory, parts of data sets, and a look for numbers that are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..errors import ArgumentError, DataError, ShapeError
from ..functional.checks import samples_at
from ..names.elsewhere import tell
from ..tensor import Tensor, as_tensor
from .collate import together
from .iterable import is_stream, unreadable
from .sequences import Sequences

if TYPE_CHECKING:
    from .tables.standardizer import Standardizer
    from .tables.transform import TableTransform

__all__ = ["Dataset", "Subset", "TensorDataset", "check_finite", "in_memory", "inputs_of", "padded_lengths"]

_ROWS_AT_ONCE = 4096  # bounds the memory that check_finite needs


class Dataset(Protocol):
    """Anything with a length and items by number.

    An item is one sample: mostly a tuple (x, y), the inputs and last the target; or anything of which `collate` makes
    a batch. In a class of yours, `data.sample_generator()` gives `__getitem__` its random numbers.
    """

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
                mistake="unlike-lengths",
            )
        self.classes = None if classes is None else tuple(classes)
        self.name, self.target, self.transform = name, target, transform

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        places = samples_at("TensorDataset", index, len(self))
        return tuple(a[places] for a in self.arrays)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{a.dtype.name}{a.shape}" for a in self.arrays)
        return f"TensorDataset({shapes}{f', name={self.name!r}' if self.name else ''})"


class Subset:
    """The samples of a data set at the given places, looked up when they are asked for; nothing is copied.

    Args:
        dataset: any data set.
        indices: the places of the samples, integers (n,), below 0 counted from the end; or a mask, True for each sample
            that is taken.

    Raises:
        ArgumentError: other indices.
        PlaceError: a sample that is not there.

    >>> part = Subset(TensorDataset([[1.0], [2.0], [3.0]]), [2, 0])
    >>> part[0], len(part)
    ((array([3.], dtype=float32),), 2)
    """

    def __init__(self, dataset: Dataset, indices: Any) -> None:
        self.dataset, self.indices = dataset, np.arange(len(dataset))[_several(indices, len(dataset))]
        self.classes: tuple[str, ...] | None = getattr(dataset, "classes", None)
        self.name: str = getattr(dataset, "name", "")
        self.target: Standardizer | None = getattr(dataset, "target", None)
        self.transform: TableTransform | None = getattr(dataset, "transform", None)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> Any:
        found = self.indices[samples_at("Subset", index, len(self))]
        return rows(self.dataset, found) if found.ndim else self.dataset[int(found)]

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """The samples as arrays, copied together at each call."""
        return rows(self, slice(None))

    def __repr__(self) -> str:
        return f"Subset({len(self)} of {self.dataset!r})"


def _several(indices: Any, n: int) -> Any:
    """Places of samples, of n, from 0 on."""
    given = list(indices) if isinstance(indices, (tuple, range)) else indices
    places = samples_at("Subset", given, n)
    if isinstance(places, int):
        raise ArgumentError(f"Subset: indices are several places, as [{indices!r}], got {indices!r}")
    return places


def found_in(dataset: Any, places: Any) -> tuple[Any, Any]:
    """The data set that a part is a part of, and where in it the samples at these places are."""
    while isinstance(dataset, Subset) and type(dataset).__getitem__ is Subset.__getitem__:
        dataset, places = dataset.dataset, dataset.indices[places]
    return dataset, places


def in_memory(dataset: Any) -> tuple[tuple[np.ndarray, ...] | None, np.ndarray]:
    """The arrays that a data set's samples lie in, and in which rows of them; None for one that reads as it goes.

    >>> in_memory(Subset(TensorDataset([4, 5, 6]), [2, 0]))
    ((array([4, 5, 6]),), array([2, 0]))
    """
    if is_stream(dataset):
        return None, np.arange(0)
    dataset, places = found_in(dataset, np.arange(len(dataset)))
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
    """The samples at a slice or an array of places, stacked along a new first axis: one array for each part.

    Raises:
        DataError: a sample cannot be read, is unlike the others, or has parts that are no arrays.
    """
    whole, places = found_in(dataset, range(len(dataset))[index] if isinstance(index, slice) else index)
    if isinstance(whole, (TensorDataset, Sequences)):
        return whole[np.asarray(places, int)]
    batch = together([sample(whole, int(i)) for i in places], places)
    parts = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
    if not all(isinstance(part, Tensor) for part in parts):
        raise DataError(
            f"the samples of a {type(whole).__name__} are not made of arrays alone: {whole[0]!r:.80}. Several of them "
            "come one by one, or in a DataLoader's batches; a part of them is Subset(dataset, places)."
        )
    return tuple(part.numpy() for part in parts)


def sample(dataset: Any, i: int) -> Any:
    """One sample; where reading it fails, it is told which."""
    try:
        return dataset[i]
    except Exception as problem:
        raise unreadable(dataset, i, problem) from problem


def require_dataset(where: str, dataset: Any) -> None:
    """Refuse what has no length, or no items by number."""
    by_number = hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__") and not is_stream(dataset)
    if isinstance(dataset, (str, bytes, type)) or not by_number:
        raise DataError(
            f"{where}: expects a data set, got {dataset!r:.200}. Make one: TensorDataset(x, y), a class with __len__ "
            "and __getitem__, or take one of gradus.datasets.",
            mistake="no-data-set",
        )
    for name in ("__len__", "__getitem__"):
        if getattr(type(dataset), name, None) is getattr(Dataset, name):
            raise DataError(f"{where}: {type(dataset).__name__} derives from Dataset and has no {name} of its own")


def check_finite(dataset: Dataset) -> None:
    """Refuse NaN and infinity in the arrays of a data set; data sets that read as they go are not looked through.

    Raises:
        DataError: with the array (x is the first, y the second) and the place of the first bad number.

    >>> check_finite(TensorDataset([[1.0, float("nan")]], name="sketch"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    gradus.errors.DataError: sketch: x[0, 1] is nan. Training needs finite numbers: fill or leave out what is ...
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
                "Training needs finite numbers: fill or leave out what is missing.",
                mistake="nan-in-the-data",
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
