"""History: what each epoch brought, in memory and as JSON lines."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any

from ...bounded.contents import read_utf8
from ...bounded.saved import parsed
from ...errors import CheckpointError, nearest, short
from .checkpoint import append, write_atomically

Record = dict[str, Any]
_LARGEST = 1 << 28  # bytes, of a million epochs
_NUMBERS = ("epoch", "loss", "val_loss", "lr", "seconds", "samples_per_second")  # callbacks may add what they like


class History:
    """One record for each epoch: epoch (from 1), loss, metrics, the same with `val_`, lr, seconds, samples_per_second.

    Attributes:
        records: the records, dicts of numbers.
        interrupted: whether the training was stopped by the user.
        eager: why the training went on eagerly, operation by operation, though it was to be compiled; else empty.

    >>> history = History([{"epoch": 1, "loss": 0.7}, {"epoch": 2, "loss": 0.5}])
    >>> history["loss"], history.last["epoch"]
    ([0.7, 0.5], 2)
    """

    def __init__(self, records: list[Record] | None = None) -> None:
        self.records = list(records or [])
        self.interrupted = False
        self.eager = ""

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        numbers = ", ".join(f"{k}={v:.4g}" for k, v in self.last.items() if "loss" in k)
        return f"History({len(self)} epochs{f', last: {numbers}' if numbers else ''})"

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __getitem__(self, name: str) -> list[Any]:
        """One column: the values of all epochs; nan where an epoch has none."""
        known = dict.fromkeys(key for record in self.records for key in record)
        if name not in known:
            raise KeyError(f"the history has no {name!r}. {nearest(name, known)}")
        return [record.get(name, float("nan")) for record in self.records]

    @property
    def last(self) -> Record:
        """The last epoch's record; empty before the first."""
        return self.records[-1] if self.records else {}

    def append(self, record: Record) -> None:
        """Add an epoch's record."""
        self.records.append(record)

    def best(self, name: str, better: str = "lower") -> Record:
        """The record of the epoch with the "lower"est or "higher"est value; of equal ones the first."""
        self[name]  # refuses an unknown name
        sign = 1 if better == "lower" else -1
        return min(self.records, key=lambda record: sign * record.get(name, math.inf * sign))

    @classmethod
    def read(cls, path: str | Path) -> History:
        """The history in a file of JSON lines, or in a run's folder; a last line cut off by a crash is left out.

        Raises:
            CheckpointError: the file cannot be read, or a line is no record.
        """
        path = Path(path)
        path = path / "history.jsonl" if path.is_dir() else path
        lines = read_utf8(path, CheckpointError, "a history", _LARGEST).split("\n")
        return cls([_parse(line, path, i) for i, line in enumerate(lines[:-1], 1)])


class HistoryFile:
    """The file a history is appended to, line by line, each one flushed to disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, history: History) -> None:
        """Make the file hold exactly this history: after an interruption it may be ahead of the checkpoint."""
        write_atomically(self.path, "".join(_line(record) for record in history))

    def append(self, record: Record) -> None:
        """Add a line: it is on the disk before a checkpoint that counts it.

        Raises:
            CheckpointError: it cannot be written.
        """
        append(self.path, _line(record).encode())


def _line(record: Record) -> str:
    """A record as JSON, which has no nan."""
    finite = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
    return json.dumps(finite) + "\n"


def _parse(line: str, path: Path, number: int) -> Record:
    try:
        record = parsed(line)
        if not all(isinstance(record.get(name), (int, float, NoneType)) for name in _NUMBERS):
            raise ValueError
        return {k: float("nan") if v is None else v for k, v in record.items()}
    except (ValueError, AttributeError):
        raise CheckpointError(
            f"{path}, line {number}: this is no record of an epoch, of numbers by name: {short(repr(line))}. "
            "Restore the file, or train into a new folder."
        ) from None
