"""Sequences of unlike lengths as samples, such as texts: in a batch they are padded to one of a few lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, DtypeError, ShapeError
from ..functional.checks import at_least_one, floats, samples_at, sizes_of
from ..ops import concatenate
from ..tensor import Tensor, as_tensor

__all__ = ["Sequences"]

_TOLD_APART = 1000  # lengths that are looked at to choose among them; of more, some neighbours count as one


class Sequences:
    """Samples whose first array is a sequence, each of a length of its own: words of a text, or a series in time.

    A batch is (x (n, t, ...), lengths (n,), and the rows of the other arrays), x padded to t, the least of `buckets`
    that holds its longest. A few lengths mean a few programs of a compiled step, where each length would have one. A
    DataLoader that shuffles puts sequences of one bucket together, so that little is padded.

    Args:
        sequences: n lists, arrays or Tensors (t_i, ...), t_i of 1 or more, that differ in t_i alone.
        arrays: of length n, as the labels (n,).
        buckets: how many lengths to pad to, at most: those with the least padding in all. Or these lengths themselves.
            Nine, and an epoch's last batch, which may be smaller, make ten programs of a step.
        fill: what stands after a sequence's end.
        classes, name: see TensorDataset.

    Attributes:
        lengths: of the sequences, (n,).
        buckets: the lengths to pad to, ascending.
        padded: which of them each sequence needs, (n,).

    Raises:
        DataError: no sequences, an empty one, or one that is unlike the others.
        ShapeError: other arrays of another length.

    >>> texts = Sequences([[7, 4, 9], [5], [3, 8]], [1, 0, 1], buckets=2)
    >>> texts.buckets, texts[1]
    ((1, 3), (array([5]), np.int64(1), np.int64(0)))
    >>> x, lengths, labels = texts[[1, 2]]
    >>> x.tolist(), lengths.tolist(), labels.tolist()
    ([[5, 0, 0], [3, 8, 0]], [1, 2], [0, 1])
    """

    def __init__(
        self,
        sequences: Sequence[Any],
        *arrays: Any,
        buckets: int | Sequence[int] = 9,
        fill: float = 0,
        classes: Sequence[str] | None = None,
        name: str = "",
    ) -> None:
        parts = _alike(sequences)
        self.values = concatenate(parts).numpy()  # one after the other
        self.lengths = np.array([len(p) for p in parts])
        self._starts = np.cumsum(self.lengths) - self.lengths
        self.others = tuple(as_tensor(a).numpy() for a in arrays)
        shapes = [a.shape for a in self.others]
        if any(shape[:1] != (len(parts),) for shape in shapes):
            raise ShapeError(
                f"Sequences: there are {len(parts)} sequences, and the other arrays have shapes "
                f"{', '.join(map(str, shapes))}",
                "Give arrays whose first axis is of that length.",
            )
        self._check_fill(fill)
        self.buckets = _chosen(buckets, self.lengths)
        self.padded = np.array(self.buckets)[np.searchsorted(self.buckets, self.lengths)]
        self.fill, self.classes, self.name = fill, None if classes is None else tuple(classes), name

    def _check_fill(self, fill: float) -> None:
        value, dtype = floats("Sequences", "fill", fill), self.values.dtype
        if value.ndim or (dtype.kind in "iub" and value != value.astype(dtype).astype(np.float64)):
            raise ArgumentError(f"Sequences: fill is a number of {dtype}, as the sequences are; got {fill!r:.80}")

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        """One sample, its sequence as long as it is; of a slice or an array of places the padded batch."""
        places = samples_at("Sequences", index, len(self))
        lengths = self.lengths[places]
        if np.ndim(lengths) == 0:
            x = self.values[self._starts[places] :][:lengths]
        else:
            x = self._batch(self._starts[places], lengths, self.padded[places].max(initial=self.buckets[0]))
        return x, lengths, *(a[places] for a in self.others)

    def _batch(self, starts: np.ndarray, lengths: np.ndarray, t: int) -> np.ndarray:
        x = np.full((len(starts), t, *self.values.shape[1:]), self.fill, self.values.dtype)
        real = np.arange(t) < lengths[:, None]
        x[real] = self.values[(starts[:, None] + np.arange(t))[real]]
        return x

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """All samples as one batch, made at each call."""
        return self[:]

    def place(self, row: int) -> tuple[int, int]:
        """Which sequence a row of `values` belongs to, and which of its steps it is."""
        i = int(np.searchsorted(self._starts, row, side="right")) - 1
        return i, row - int(self._starts[i])

    def __repr__(self) -> str:
        kind = f"{self.values.dtype.name}(t, {', '.join(map(str, self.values.shape[1:]))})".replace(", )", ",)")
        name = f", name={self.name!r}" if self.name else ""
        return f"Sequences({len(self)} of {kind}, t from {self.lengths.min()} to {self.lengths.max()}{name})"


def _tensor(i: int, sequence: Any) -> Tensor:
    try:
        return as_tensor(sequence)
    except (DtypeError, ShapeError) as problem:
        raise DataError(
            f"Sequences: sequence {i}, {sequence!r:.40}, is none of numbers: {problem} Words are given as numbers: "
            "vocabulary.encode(words(text)), with vocabulary = Vocabulary(map(words, texts))."
        ) from None


def _alike(sequences: Any) -> list[Tensor]:
    """The sequences as Tensors that can be put one after the other."""
    parts = [_tensor(i, s) for i, s in enumerate(sequences)]
    if not parts:
        raise DataError("Sequences: there is no sequence")
    for i, part in enumerate(parts):
        if part.ndim == 0 or part.shape[1:] != parts[0].shape[1:]:
            raise DataError(
                f"Sequences: sequence {i} has shape {part.shape}, sequence 0 {parts[0].shape}: each is (t, ...), and "
                "they differ in t alone."
            )
        if not len(part):
            raise DataError(f"Sequences: sequence {i} is empty. Leave it out, or give it one step, as an unknown word.")
    return parts


def _chosen(buckets: int | Sequence[int], lengths: np.ndarray) -> tuple[int, ...]:
    """The lengths to pad to: as they are given, or so many."""
    if isinstance(buckets, (int, np.integer)):
        at_least_one("Sequences", buckets=int(buckets))
        return least_padding(lengths, int(buckets))
    given = sorted(set(sizes_of("Sequences", "buckets", buckets)))
    if given[-1] < lengths.max():
        raise ArgumentError(
            f"Sequences: the longest sequence has {lengths.max()} steps, the largest of buckets is {given[-1]}. "
            "Add a larger one, or cut the sequence."
        )
    return tuple(int(b) for b in given)


def least_padding(lengths: np.ndarray, count: int) -> tuple[int, ...]:
    """Of all choices of so many lengths to pad to, the one with the least padding, by dynamic programming.

    With u_1 < u_2 < ... the lengths that occur and c_j how many are at most u_j, the least number of places with k of
    them, up to u_j, is p_k(j) = min over i < j of p_(k-1)(i) + u_j (c_j - c_i).

    >>> least_padding(np.array([1, 2, 2, 3, 9, 10]), 2)
    (3, 10)
    """
    grain = -(-int(lengths.max()) // _TOLD_APART)
    u, many = np.unique(-(-lengths // grain) * grain, return_counts=True)
    c = np.concatenate([[0], np.cumsum(many)])
    places = np.full(len(c), np.inf)  # p_0: nothing can be held
    places[0] = 0
    came: list[np.ndarray] = []
    for _ in range(min(count, len(u))):
        ways = [places[:j] + u[j - 1] * (c[j] - c[:j]) for j in range(1, len(c))]
        came.append(np.array([0, *(int(np.argmin(w)) for w in ways)]))
        places = np.array([np.inf, *(w.min() for w in ways)])
    chosen, j = [], len(u)
    for before in reversed(came):
        chosen.append(int(u[j - 1]))
        j = before[j]
    return tuple(reversed(chosen))
