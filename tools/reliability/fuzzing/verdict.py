"""Whether a reader made of a file what it may: a value, or an error that is documented."""

from __future__ import annotations

import os
import time
import traceback
import warnings
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradus.errors import GradusError

from .readers import Reader

PATIENCE = 5.0  # seconds for a file
_LONGEST = 3000  # characters of a message


class TooLongError(BaseException):
    """A reader has not come to its end in time."""


class Tried:
    """A reader, its files as they were written, and a place for what chance makes of them.

    Attributes:
        seeds: those files.
    """

    def __init__(self, reader: Reader, folder: Path) -> None:
        self.reader = reader
        self.seeds = reader.seeds(folder)
        self.path = folder / reader.file
        self._known: set[Any] = set()
        for seed in self.seeds:
            self.path.write_bytes(seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._known.add(_plain(reader.read(self.path)))

    def failed(self, data: bytes) -> str:
        """What is wrong with how it is read; empty if nothing is."""
        self.path.write_bytes(data)
        start = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = self.reader.read(self.path)
        except GradusError as problem:
            said = self._said(problem)
        except (Exception, TooLongError) as problem:
            at = traceback.extract_tb(problem.__traceback__)[-1]
            said = f"{type(problem).__name__} in {Path(at.filename).name}:{at.lineno}: {problem}"
        else:
            other = self.reader.checked(data) and _plain(found) not in self._known
            said = "read as other numbers, though a checksum tells" if other else ""
        if not said and time.perf_counter() - start > PATIENCE:
            said = f"took {time.perf_counter() - start:.1f} seconds"
        return f"{self.reader.name}: {said[:300]!r} of {data[:200]!r}" if said else ""

    def _said(self, problem: GradusError) -> str:
        said = str(problem)
        if isinstance(problem.__context__, MemoryError):
            return "all memory was asked for"
        if self.reader.names and self.path.name not in said:
            return f"an error that names no file: {said}"
        return f"a message of {len(said)} characters" if len(said) > _LONGEST else ""


def in_memory() -> str | None:
    """A folder whose files lie in memory, where there is one."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


def _plain(value: Any) -> Any:
    """A value that can be compared, and put into a set."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, tuple(value) if value.dtype == object else value.tobytes()
    if isinstance(value, dict):
        return tuple((name, _plain(one)) for name, one in sorted(value.items()))
    if isinstance(value, (list, tuple)):
        return tuple(map(_plain, value))
    if is_dataclass(value):
        return tuple(_plain(getattr(value, field.name)) for field in fields(value))
    return value if isinstance(value, (str, bytes, int, float, type(None))) else repr(value)
