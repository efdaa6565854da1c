"""A step over the mini-batches of an epoch: the job that native code is given, a slice of the epoch at a time."""

from __future__ import annotations

import ctypes
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ...errors import DtypeError, ShapeError
from ...tensor import Tensor
from ..trace.address import address
from ..trace.tree import flatten
from .checks import Refusal
from .entry import Epoch
from .step import SMALL, Step

SLICE = 0.1  # seconds of an epoch between two looks at the clock, the progress and Ctrl-C
SLICE_BYTES = 1 << 25  # what the results kept in that time may take
_ROWS = np.dtype(np.int64)


class Job:
    """A step bound to the arrays that its mini-batches are taken from.

    It is kept from epoch to epoch: where the same arrays come again, only the row numbers are new.

    Attributes:
        step: the step.
        left: how many steps of the epoch are still to be made.
    """

    def __init__(self, step: Step, data: Sequence[np.ndarray]) -> None:
        self.step = step
        self._data = [weakref.ref(a) for a in data]  # they must not live on here
        inputs, self._results = step.version.graph.inputs[: len(data)], step.version.graph.results
        self._size = inputs[0].shape[0] if inputs else 0
        self._batch = [step.room.batch(n.shape, n.dtype) for n in inputs]
        self._bytes = sum(n.size * n.dtype.itemsize for n in self._results)
        self._most = max(1, SLICE_BYTES // max(self._bytes, 1))
        self._words = (ctypes.c_uint64 * (Epoch.HEAD + len(inputs) + len(self._results)))()
        self._words[Epoch.LIMIT] = min((len(a) for a in data), default=0)
        self._words[Epoch.HEAD : Epoch.HEAD + len(data)] = [address(a) for a in data]
        self._at_once = min(step.outline.steps_at_once, self._most)
        self._last_rows: Callable[[], np.ndarray | None] = lambda: None
        self._last_address = 0
        self._kept: list[np.ndarray] = []  # results of the steps of a slice
        self._room = 0  # for how many steps these are
        self._held: Any = None  # the arrays and the row numbers, while they are in use
        self._rows: Any = None
        self.left, self._made, self._started = 0, 0, 0.0  # made: in the slice before

    def again(self, data: Sequence[Any], batches: Any) -> bool:
        """Begin anew, if these are the same arrays and all else is still so; False if another job is needed."""
        if len(data) != len(self._data):
            return False
        for given, before in zip(data, self._data):  # noqa: B905 - lengths were compared
            if (given.data if isinstance(given, Tensor) else given) is not before():
                return False
        last = self._last_rows()
        same = last is not None and last is batches and last.shape[1] == self._size
        if not (same or self._suits(batches)) or not self.step.holds():
            return False
        self.begin(data, batches)
        return True

    def _suits(self, batches: Any) -> bool:
        """Whether native code can read these row numbers as they lie."""
        if type(batches) is not np.ndarray or batches.dtype is not _ROWS or not batches.flags.c_contiguous:
            return False
        return batches.ndim == 2 and batches.shape[1] == self._size and batches.size > 0

    def begin(self, data: Sequence[Any], rows: np.ndarray) -> None:
        """Begin an epoch over these rows: (steps, batch size), of int64 and contiguous."""
        if rows is not self._last_rows():
            self._last_rows, self._last_address = weakref.ref(rows), address(rows)
        self._held, self._rows, self.left, self._made = data, rows, len(rows), 0
        self._words[Epoch.ROWS], self._words[Epoch.TO_CHECK] = self._last_address, rows.size

    def slice(self) -> list[np.ndarray]:
        """Make steps for about `SLICE` seconds: for each result an array of its values (steps, *its shape)."""
        now = time.perf_counter()
        if self._made:
            self._go_on(now - self._started)
        self._started, words = now, self._words
        count = min(self._at_once, self.left)
        if count != self._room:
            self._make_room(count)
        refused = self.step.run_epoch(self._batch, words)
        if refused is not None:
            raise refused.error(self._where(words[Epoch.STEPS], refused))
        if words[Epoch.REFUSED]:
            check_rows(self._rows, self._held)
        self.left -= count
        self._made = count
        if not self.left:
            self._held = self._rows = None
        if self._room * self._bytes <= SMALL:
            return [kept.copy() for kept in self._kept]
        self._room = 0  # these are the caller's
        return self._kept

    def _where(self, steps: int, refused: Refusal) -> str:
        """Which step of the epoch it was, after so many of this slice, and which row of the data."""
        rows = self._rows[len(self._rows) - self.left + steps]
        step = f"step {len(self._rows) - self.left + steps + 1} of {len(self._rows)}"
        named = refused.row is not None and refused.argument is not None and refused.argument < len(self._batch)
        return f"{step}, row {rows[refused.row]} of the data" if named else step

    def _go_on(self, taken: float) -> None:
        """Let the next slice begin where this one ended; it took so long, its results' use included."""
        self._words[Epoch.ROWS] += self._made * self._rows.strides[0]
        self._words[Epoch.TO_CHECK] = 0
        fitting = int(self._made * SLICE / max(taken, 1e-6))
        self._at_once = max(1, min(2 * self._made, fitting, self._most))

    def _make_room(self, count: int) -> None:
        self._kept = [self.step.room.result((count, *n.shape), n.dtype) for n in self._results]
        self._words[Epoch.HEAD + len(self._batch) :] = [address(kept) for kept in self._kept]
        self._words[Epoch.STEPS] = self._room = count


def one_by_one(function: Callable[..., Any], data: Sequence[Any], batches: Any) -> Iterator[list[np.ndarray]]:
    """What a job's slices give, by calling the function for each mini-batch.

    >>> [part.tolist() for (part,) in one_by_one(lambda x: x * 2, (np.arange(4.0),), [[0, 1], [2, 3]])]
    [[[0.0, 2.0]], [[4.0, 6.0]]]
    """
    arrays = [a.numpy() if isinstance(a, Tensor) else np.asarray(a) for a in data]
    numbers = rows_of(batches)
    check_rows(numbers, arrays)
    for rows in numbers:
        results: list[Tensor] = []
        flatten(function(*(Tensor(np.ascontiguousarray(a[rows])) for a in arrays)), results)
        yield [np.array(t.numpy())[None] for t in results]


def first_of(slices: Iterable[list[np.ndarray]]) -> np.ndarray:
    """The first result of each step."""
    return np.concatenate([results[0] for results in slices] or [np.empty(0, np.float32)])


def rows_of(batches: Any) -> np.ndarray:
    """The row numbers that batches are: (steps, batch size), of int64 and contiguous."""
    rows = np.asarray(batches)
    if rows.size and rows.dtype.kind not in "iu":
        raise DtypeError(f"batches are row numbers, integers, got {rows.dtype}. Use astype(int).")
    if rows.ndim != 2:
        raise ShapeError(f"batches have the shape (steps, batch size), got {rows.shape}", "Give each step a row.")
    return np.ascontiguousarray(rows, np.int64)


def check_rows(rows: np.ndarray, data: Sequence[Any]) -> None:
    """Refuse batches that name rows which an array does not have."""
    highest = int(rows.view(np.uint64).max()) if rows.size else -1  # a negative number is a very high one
    for i, a in enumerate(data):
        if a.ndim == 0 or highest >= len(a):
            named = f"rows {rows.min()} to {rows.max()}" if rows.size else "rows"
            raise ShapeError(f"batches name {named}, array {i} has shape {a.shape}")
