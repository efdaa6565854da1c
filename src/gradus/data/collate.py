"""Samples put together to a batch, whatever they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, ShapeError, one_of
from ..ops import pad, stack
from ..tensor import Tensor, as_tensor

__all__ = ["collate", "pad_sequence"]

_PLAIN = (np.ndarray, np.generic, Tensor, bool, int, float, str, bytes)  # what has no parts that may differ
_DTYPES = frozenset(map(np.dtype, "?bhilBHILefd")) | {np.dtype(np.int64), np.dtype(np.uint64)}
_LARGE = 2**63  # whole numbers from here on are looked at one by one: no dtype may hold them
_ALLOWED = "arrays, numbers, texts, and tuples, lists and dicts of them"


def collate(samples: Iterable[Any]) -> Any:
    """The batch of some samples: what each is, with an axis more in front, n for the n samples.

    Arrays and Tensors of one shape become a Tensor (n, ...); Python's numbers a Tensor (n,), float32, int64 or bool;
    texts and bytes a list of n. Tuples, lists, named tuples and dicts stay what they are, each part a batch of its
    own. It is what a DataLoader does unless it is given a `collate_fn`.

    Args:
        samples: as a data set gives them, one or more, all alike.

    Raises:
        DataError: a sample is None or something else that makes no batch, or is unlike the first: another shape,
            other keys, more parts.

    >>> batch = collate([{"x": [1.0, 2.0], "name": "a"}, {"x": [3.0, 4.0], "name": "b"}])
    >>> batch["name"], [part.tolist() for part in batch["x"]]
    (['a', 'b'], [[1.0, 3.0], [2.0, 4.0]])
    >>> collate([(np.array([1.0, 2.0]), 0), (np.array([3.0, 4.0]), 1)])[1]
    tensor([0, 1])
    """
    listed = list(samples)
    return together(listed, range(len(listed)))


def together(samples: Sequence[Any], numbers: Sequence[int] | np.ndarray) -> Any:
    """The same of samples whose numbers in their data set are known, for messages."""
    if not len(samples):
        raise ArgumentError("collate: there is no sample to make a batch of")
    return _batch(samples, [int(n) for n in numbers], "")


def _batch(values: Sequence[Any], numbers: list[int], where: str) -> Any:
    """The batch of one part of the samples, which stands at `where` in each."""
    first = values[0]
    if not (isinstance(first, _PLAIN) and all(type(value) is type(first) for value in values)):
        _check_alike(values, numbers, where)
    if isinstance(first, (str, bytes)):
        return list(values)
    if isinstance(first, Mapping):
        return {key: _batch([v[key] for v in values], numbers, f"{where}[{key!r}]") for key in first}
    if isinstance(first, (tuple, list)):
        return like(first, [_batch(part, numbers, f"{where}[{i}]") for i, part in enumerate(zip(*values, strict=True))])
    return _stacked(values, numbers, where)


def _check_alike(values: Sequence[Any], numbers: list[int], where: str) -> None:
    kind = _kind(values[0])
    for value, number in zip(values, numbers, strict=True):
        if value is None:
            raise DataError(
                f"sample {number}{where} is None, of which no batch is made. Does __getitem__ return a value whatever "
                "happens in it?"
            )
        if _kind(value) != kind:
            raise DataError(
                f"sample {number}{where} is {_kind(value)}, sample {numbers[0]}{where} {kind}: they make no batch. "
                "Bring all samples to one form, make Sequences of those that differ in length alone, or give the "
                "DataLoader a collate_fn that makes a batch of a list of samples."
            )


def like(first: tuple[Any, ...] | list[Any], parts: list[Any]) -> Any:
    """These parts as a tuple, a list or a named tuple, as the first is."""
    if hasattr(first, "_fields"):
        return type(first)(*parts)
    return parts if isinstance(first, list) else tuple(parts)


def tensors_of(batch: Any) -> Any:
    """A batch whose NumPy arrays are Tensors; what else is in it stays.

    >>> tensors_of((np.array([1]), "a"))
    (tensor([1]), 'a')
    """
    if isinstance(batch, dict):
        return {key: tensors_of(part) for key, part in batch.items()}
    if isinstance(batch, (tuple, list)):
        return like(batch, [tensors_of(part) for part in batch])
    return as_tensor(batch) if isinstance(batch, np.ndarray) and batch.dtype.kind in "biuf" else batch


def _kind(value: Any) -> str:
    """What a value is, in words: values of one kind make a batch, if their shapes are alike, too."""
    if isinstance(value, (str, bytes)):
        return "a text" if isinstance(value, str) else "bytes"
    if isinstance(value, Mapping):
        return f"a dict with the keys {', '.join(sorted(map(repr, value)))}"
    if isinstance(value, (tuple, list)):
        return f"a {'list' if isinstance(value, list) else 'tuple'} of {len(value)}"
    return "an array or a number"


def _stacked(values: Sequence[Any], numbers: list[int], where: str) -> Tensor:
    plain = all(type(v) in (bool, int, float) for v in values)
    if plain and not any(type(v) is int and abs(v) >= _LARGE for v in values):
        return as_tensor(list(values))
    arrays = [_array(v, n, where) for v, n in zip(values, numbers, strict=True)]
    for array, number in zip(arrays, numbers, strict=True):
        if array.shape != arrays[0].shape:
            raise DataError(
                f"sample {number}{where} has shape {array.shape}, sample {numbers[0]}{where} {arrays[0].shape}: they "
                "make no batch. Bring all samples to one shape, make Sequences of those that differ in length alone, "
                "or give the DataLoader a collate_fn, which may use pad_sequence.",
                mistake="samples-of-unlike-shapes",
            )
    return Tensor(np.stack(arrays))


def _array(value: Any, number: int, where: str) -> np.ndarray:
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.isnative and value.dtype in _DTYPES:
        return np.asarray(value)
    try:
        return as_tensor(value).numpy()
    except Exception as problem:  # what is no array fails in ways of its own
        raise DataError(
            f"sample {number}{where} is of the type {type(value).__name__}, of which no batch is made: {problem} A "
            f"sample is made of {_ALLOWED}; for others give the DataLoader a collate_fn, which makes a batch of a list "
            "of samples."
        ) from problem


def pad_sequence(
    sequences: Iterable[Any], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences of several lengths as one Tensor, (t, n, ...), or (n, t, ...) with `batch_first`; t is the longest's.

    For a `collate_fn`, or a step of one's own; a data set of sequences is better made with `Sequences`, which pads
    to few lengths. Recurrent layers take the lengths, so that padding counts for nothing; nothing needs to be packed.

    Args:
        sequences: arrays or Tensors (t_i, ...) that differ in t_i alone; gradients pass through.
        batch_first: whether the samples' axis comes first.
        padding_value: what stands where a sequence has nothing.
        padding_side: "right", after a sequence's end, or "left", before its beginning.

    Raises:
        ShapeError: there is no sequence, or they differ in other axes.

    >>> pad_sequence([[1, 2, 3], [4]], batch_first=True)
    tensor([[1, 2, 3],
            [4, 0, 0]])
    """
    one_of("pad_sequence", "padding_side", padding_side, ("left", "right"))
    parts = [as_tensor(s) for s in sequences]
    if not parts or any(not p.ndim or p.shape[1:] != parts[0].shape[1:] for p in parts):
        raise ShapeError(
            f"pad_sequence: the sequences have shapes {', '.join(str(p.shape) for p in parts) or 'none'}",
            "Give one or more of shape (t, ...) that differ in t alone.",
        )
    longest = max(len(p) for p in parts)
    padded = [_padded(p, longest - len(p), padding_value, padding_side) for p in parts]
    return stack(padded, axis=0 if batch_first else 1)


def _padded(x: Tensor, missing: int, value: float, side: str) -> Tensor:
    ends = (missing, 0) if side == "left" else (0, missing)
    return pad(x, [ends, *[(0, 0)] * (x.ndim - 1)], value=value)
