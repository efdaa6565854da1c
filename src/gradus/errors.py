"""The errors a user may meet: each says where, what was got, what was expected, and how to mend it."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_PACKAGE = str(Path(__file__).parent) + os.sep
_LIBRARY = str(Path(difflib.__file__).parent) + os.sep
_OTHERS = tuple(f"{os.sep}{where}-packages{os.sep}" for where in ("site", "dist"))
_BELOW = {"numpy", "ml_dtypes", "llvmlite", "safetensors", "rich"}  # what gradus stands on, and a user does not write


class GradusError(Exception):
    """Base of every error that gradus raises for a user's mistake; the command line exits with 2 on it."""


class ShapeError(GradusError, ValueError):
    """Shapes that do not fit together.

    `remedy` says how to mend it; `path` is filled in by the modules the error passes through, innermost last.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.path: list[tuple[str, str]] = []
        self.raised_in: Any = None  # the outermost module of the path so far
        self.called_at = caller()

    def __str__(self) -> str:
        text = self.message
        if self.path:
            names = ".".join(name for name, _ in self.path).replace(".[", "[")
            kinds = " > ".join(kind for _, kind in self.path)
            text += f", in {names} ({kinds})"
        if self.called_at:
            text += f", called at {self.called_at}"
        return f"{text}. {self.remedy}" if self.remedy else f"{text}."


class DtypeError(GradusError, TypeError):
    """An array of a type that the operation is not defined for."""


class GradientError(GradusError, RuntimeError):
    """A gradient that was asked for and does not exist, or would be wrong."""


class ArgumentError(GradusError, ValueError):
    """An argument outside the values that make sense."""


class OptionError(GradusError, TypeError):
    """An option that a function does not have."""


class DataError(GradusError, ValueError):
    """Data that cannot be read, or hold what they must not hold."""


class DivergedError(GradusError, ArithmeticError):
    """A training whose loss is no longer a finite number."""


class TraceError(GradusError, RuntimeError):
    """Something in a compiled function that cannot be compiled."""


class VerifyError(GradusError, ArithmeticError):
    """A compiled function that gives something else than the same function computed eagerly."""


class MissingError(GradusError, ImportError):
    """A package that is not installed, or not for this system, and what cannot be done without it."""


class EagerWarning(UserWarning):
    """A Trainer that was to compile its steps computes them eagerly, operation by operation; the reason is said."""


class RetraceWarning(UserWarning):
    """A compiled function is traced again and again, as something that it reads is another each time; it is named."""


class CheckpointError(GradusError, ValueError):
    """A checkpoint or run folder that is missing, damaged, or belongs to another model."""


def caller() -> str:
    """The nearest frame outside gradus, NumPy and Python's own library, as `file.py:line`, or the empty string."""
    frame = sys._getframe(1)
    while frame is not None and (is_ours(frame.f_code.co_filename) or is_library(frame.f_code.co_filename)):
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None or frame.f_code.co_filename.startswith("<frozen"):
        return ""
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


def is_ours(file: str) -> bool:
    """Whether a file is gradus's own."""
    return file.startswith(_PACKAGE)


def is_library(file: str) -> bool:
    """Whether a file is of Python's own library, or of one that gradus stands on, as NumPy."""
    for packages in _OTHERS:
        if packages in file:
            return file.split(packages)[-1].split(os.sep)[0] in _BELOW
    return file.startswith(("<frozen ", "<__array_function__", _LIBRARY))


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: ` Did you mean 'lenet'?` or a list of what there is.

    >>> nearest("lennet", ["lenet", "mlp"])
    "Did you mean 'lenet'? Known: lenet, mlp."
    """
    names = list(known)
    return f"{did_you_mean(word, names)} Known: {', '.join(names)}.".lstrip()


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The same without the list, where it would be long; empty where no name is near.

    >>> did_you_mean("RelU", ["ReLU", "Tanh"])
    "Did you mean 'ReLU'?"
    """
    close = difflib.get_close_matches(str(word), known, n=1)
    return f"Did you mean {close[0]!r}?" if close else ""
