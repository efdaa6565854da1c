"""Which numbers there are, and where those that are not 0.

The result's shape depends on numbers, so that there must be numbers: compiled functions refuse.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ... import dtypes, interpret
from ...tensor import Tensor, as_tensor
from ..core.primitive import case, promote, public

__all__ = [
    "argwhere",
    "nonzero",
    "unique",
    "unique_all",
    "unique_consecutive",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


def looked_at(name: str, x: Tensor, why: str) -> np.ndarray:
    """The numbers on which a shape depends."""
    return interpret.current.get().concrete(x, f"{name}: {why}")


@public(case((3, 4), domain=(0, 2), dtype="int64"), gives="int64")
def nonzero(x: Any) -> tuple[Tensor, ...]:
    """Where the elements stand that are not 0: for each axis the places along it, as in NumPy, unlike in PyTorch.

    >>> nonzero([[0, 5], [7, 0]])
    (tensor([0, 1]), tensor([1, 0]))
    """
    x = promote(x)[0]
    found = looked_at("nonzero", x, "how many elements there are depends on them")
    return tuple(as_tensor(p) for p in np.nonzero(np.atleast_1d(found)))


@public(case((3, 4), domain=(0, 2), dtype="int64"), gives="int64")
def argwhere(x: Any) -> Tensor:
    """Where the elements stand that are not 0: a row of places (n, axes) for each of them.

    >>> argwhere([[0, 5], [7, 0]])
    tensor([[0, 1],
            [1, 0]])
    """
    x = promote(x)[0]
    return as_tensor(np.argwhere(looked_at("argwhere", x, "how many elements there are depends on them")))


@public(
    case((9,), domain=(0, 5), dtype="int64"),
    case((9,), domain=(0, 5), dtype="int64", return_inverse=True, return_counts=True),
)
def unique(
    x: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
) -> Any:
    """The different elements, sorted; with an axis, the different parts along it. No gradient.

    If asked for, also where each stands first, which one each element is, and how often there is each. All NaN are one
    unless `equal_nan` is False.

    >>> unique([3, 1, 3])
    tensor([1, 3])
    >>> unique([3, 1, 3], return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    x = promote(x)[0]
    found = looked_at("unique", x, "how many elements there are depends on them")
    wide = found.astype(dtypes.accumulator(x.dtype)) if dtypes.is_float(x.dtype) else found
    look: Any = np.unique  # whose types say nothing of options that are not known yet
    given = look(wide, return_index, return_inverse, return_counts, axis=axis, equal_nan=equal_nan)
    values, *others = given if isinstance(given, tuple) else (given,)
    tensors = (as_tensor(values.astype(x.dtype)), *(as_tensor(o.astype(dtypes.int64)) for o in others))
    return tensors if others else tensors[0]


def _runs(x: Any, return_inverse: bool = False, return_counts: bool = False) -> Any:
    """NumPy has none: by hand, for tests."""
    first = np.concatenate([[True], x[1:] != x[:-1]])
    return x[first], np.cumsum(first) - 1, np.diff([*np.nonzero(first)[0], len(x)])


@public(
    case((9,), domain=(0, 2), dtype="int64", return_inverse=True, return_counts=True),
    reference=_runs,
)
def unique_consecutive(
    x: Any, return_inverse: bool = False, return_counts: bool = False, axis: int | None = None
) -> Any:
    """The elements without those that equal the one before; with an axis, the parts along it. No gradient.

    If asked for, also which one each element is, and how often each is repeated.

    >>> unique_consecutive([1, 1, 2, 1])
    tensor([1, 2, 1])
    """
    x = promote(x)[0]
    found = looked_at("unique_consecutive", x, "how many elements there are depends on them")
    rows = found.reshape(-1) if axis is None else np.moveaxis(found, axis, 0)
    differs = (rows[1:] != rows[:-1]).any(tuple(range(1, rows.ndim)))
    first = np.concatenate([np.ones(min(len(rows), 1), bool), differs])
    values = rows[first] if axis is None else np.moveaxis(rows[first], 0, axis)
    number = np.cumsum(first) - 1
    inverse = number.reshape(found.shape) if axis is None else number
    counts = np.diff([*np.nonzero(first)[0], len(rows)])
    others = [o.astype(dtypes.int64) for o, wanted in ((inverse, return_inverse), (counts, return_counts)) if wanted]
    return tuple(map(as_tensor, (values, *others))) if others else as_tensor(values)


class UniqueAll(NamedTuple):
    """The numbers, where each stands first, which each element is, and how often each is there."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """The numbers, and how often each is there."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """The numbers, and which of them each element is."""

    values: Tensor
    inverse_indices: Tensor


def unique_all(x: Any) -> UniqueAll:
    """The numbers that are there, each once, and all about them; as in NumPy and the array API, each NaN by itself.

    >>> unique_all([3, 1, 3]).indices
    tensor([1, 0])
    """
    x = promote(x)[0]
    values, places, which, counts = unique(x, True, True, True, equal_nan=False)
    return UniqueAll(values, places, which.reshape(x.shape), counts)


def unique_counts(x: Any) -> UniqueCounts:
    """The numbers that are there, and how often.

    >>> unique_counts([3, 1, 3]).counts
    tensor([1, 2])
    """
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Any) -> UniqueInverse:
    """The numbers that are there, and which each element is.

    >>> unique_inverse([3, 1, 3]).inverse_indices
    tensor([1, 0, 1])
    """
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Any) -> Tensor:
    """The numbers that are there, each once.

    >>> unique_values([3, 1, 3])
    tensor([1, 3])
    """
    return unique_all(x).values
