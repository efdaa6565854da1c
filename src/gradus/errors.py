"""The errors a user may meet: each says where, what was got, what was expected, and how to mend it."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = str(Path(__file__).parent) + os.sep
_LIBRARY = str(Path(os.__file__).parent) + os.sep
_OTHERS = tuple(f"{os.sep}{where}-packages{os.sep}" for where in ("site", "dist"))
_NAMED, _LOOKED_AT = 100, 1000  # of many names: how many a message shows, and how many are compared with a wrong one
_WIDEST = 60  # characters of a name, or of a text from a file, in a message
_BELOW = {"numpy", "ml_dtypes", "llvmlite", "safetensors", "rich"}  # what gradus stands on, and a user does not write


class GradusError(Exception):
    """Base of every error that gradus raises for a user's mistake; the command line exits with 2 on it.

    `mistake` is the name of a mistake that is explained in docs/errors.md; the message ends with it.
    """

    mistake = ""

    def __init__(self, *said: Any, mistake: str = "") -> None:
        super().__init__(*said)
        if mistake:
            self.mistake = mistake

    def __str__(self) -> str:
        return named(super().__str__(), self.mistake)


def named(message: str, mistake: str) -> str:
    """A message that ends with the command that explains the mistake, where it is a known one.

    >>> named("Labels are integers.", "labels-with-a-point")
    'Labels are integers. (gradus help labels-with-a-point)'
    """
    return f"{message.rstrip()} (gradus help {mistake})" if mistake else message


class ShapeError(GradusError, ValueError):
    """Shapes that do not fit together.

    `remedy` says how to mend it; `path` is filled in by the modules the error passes through, innermost last.
    """

    def __init__(self, message: str, remedy: str = "", mistake: str = "") -> None:
        super().__init__(message, mistake=mistake)
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
        return named(f"{text}. {self.remedy}" if self.remedy else f"{text}.", self.mistake)


class DtypeError(GradusError, TypeError):
    """An array of a type that the operation is not defined for."""


class GradientError(GradusError, RuntimeError):
    """A gradient that was asked for and does not exist, or would be wrong."""


class ArgumentError(GradusError, ValueError):
    """An argument outside the values that make sense."""


class PlaceError(GradusError, IndexError):
    """A sample that is not there; an IndexError, by which loops over what has items by number end."""


class OptionError(GradusError, TypeError):
    """An option that a function does not have."""


class CallError(GradusError, TypeError):
    """Something that is called, or gone through, as what it is not."""


class UnknownNameError(GradusError, AttributeError):
    """A name that gradus does not have. What is said of it is worked out when it is shown: `hasattr` shows nothing."""

    def __init__(self, name: str, said: Callable[[], str]) -> None:
        super().__init__(name)
        self.name, self.obj = name, None  # of None, that Python looks for no resemblances of its own
        self.said = said

    def __str__(self) -> str:
        return self.said()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return AttributeError, (str(self),)


class DataError(GradusError, ValueError):
    """Data that cannot be read, or hold what they must not hold."""


class DivergedError(GradusError, ArithmeticError):
    """A training whose loss is no longer a finite number."""


class NonFiniteError(DivergedError):
    """A NaN or an infinity, and the operation that it comes from; `remedy` is what helps, where that is known."""

    def __init__(self, message: str, remedy: str = "", mistake: str = "") -> None:
        super().__init__(f"{message} {remedy}".rstrip(), mistake=mistake)
        self.remedy = remedy


class TraceError(GradusError, RuntimeError):
    """Something in a compiled function that cannot be compiled."""


class VerifyError(GradusError, ArithmeticError):
    """A compiled function that gives something else than the same function computed eagerly."""


class MissingError(GradusError, ImportError):
    """A package that is not installed, or not for this system, and what cannot be done without it."""


class EagerWarning(UserWarning):
    """A Trainer that was to compile its steps computes them eagerly, operation by operation; the reason is said."""


class SkippedWarning(UserWarning):
    """Files of a data set that cannot be read and are left out, as was asked for; some are named, with the reasons."""


class RetraceWarning(UserWarning):
    """A compiled function is traced again and again, as something that it reads is another each time; it is named."""


class DataWarning(UserWarning):
    """What was found out of data rather than told, or is unlike what a model was fitted to."""


class MistakeWarning(UserWarning):
    """Something that is probably a mistake, though it can be computed; docs/errors.md explains it."""


class CheckpointError(GradusError, ValueError):
    """A checkpoint or run folder that is missing, damaged, or belongs to another model."""


def caller() -> str:
    """The nearest frame outside gradus, NumPy and Python's own library, as `file.py:line`, or the empty string."""
    frame = sys._getframe(1)
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None or frame.f_code.co_filename.startswith("<frozen"):
        return ""
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


@cache
def is_users(file: str) -> bool:
    """Whether a file is neither gradus's own nor of a library that it stands on."""
    return not is_ours(file) and not is_library(file)


def is_ours(file: str) -> bool:
    """Whether a file is gradus's own."""
    return file.startswith(_PACKAGE)


def is_library(file: str) -> bool:
    """Whether a file is of Python's own library, or of one that gradus stands on, as NumPy."""
    for packages in _OTHERS:
        if packages in file:
            return file.split(packages)[-1].split(os.sep)[0] in _BELOW
    return file.startswith(("<frozen ", "<__array_function__", _LIBRARY))


def warn(message: str, category: type[Warning] = UserWarning, mistake: str = "") -> None:
    """Warn at the user's own line, the nearest that is neither of gradus nor of what it stands on.

    `mistake` is the name of a mistake, as of an error.
    """
    level, frame = 2, sys._getframe(1)
    while not is_users(frame.f_code.co_filename) and frame.f_back is not None:
        level, frame = level + 1, frame.f_back
    warnings.warn(named(message, mistake), category, stacklevel=level)


def short(text: object) -> str:
    """A text for a message, cut where it is long.

    >>> short("a" * 1000)[-5:], len(short("a" * 1000))
    ('aa...', 60)
    """
    shown = str(text)
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 3] + "..."


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: ` Did you mean 'lenet'?` or a list of what there is.

    >>> nearest("lennet", ["lenet", "mlp"])
    "Did you mean 'lenet'? Known: lenet, mlp."
    """
    names = list(known)
    more = f", and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    hint = did_you_mean(short(word), map(short, names[:_LOOKED_AT]))
    return f"{hint} Known: {', '.join(map(short, names[:_NAMED]))}{more}.".lstrip()


def one_of(where: str, name: str, value: str, known: Iterable[str]) -> str:
    """The value of an argument that must be one of the known words.

    >>> one_of("pad", "mode", "reflekt", ("constant", "reflect"))
    Traceback (most recent call last):
    gradus.errors.ArgumentError: pad: unknown mode 'reflekt'. Did you mean 'reflect'? Known: constant, reflect.
    """
    names = list(known)
    if value not in names:
        raise ArgumentError(f"{where}: unknown {name} {value!r:.80}. {nearest(str(value), names)}")
    return value


def did_you_mean(word: str, known: Iterable[str], most: int = 2) -> str:
    """The same without the list, where it would be long; empty where no name is so near that the word is a slip of it.

    `most` letters may be wrong; among very many names, of which some are alike, one.

    >>> did_you_mean("RelU", ["ReLU", "Tanh"]), did_you_mean("resnet50", ["lenet", "alexnet"])
    ("Did you mean 'ReLU'?", '')
    """
    word = str(word)
    slips = [(slip, word[:1] != name[:1], name) for name in known if (slip := _slip(word, name, most)) is not None]
    return f"Did you mean {min(slips)[-1]!r}?" if slips else ""


def _slip(word: str, name: str, most: int) -> int | None:
    """By how many letters a word misses a name, if so few that it is likely meant; the beginning of a name is near."""
    a, b = (text.casefold().replace("_", "") for text in (word, name))
    if a == b:
        return 0
    if [c for c in a if c.isdigit()] != [c for c in b if c.isdigit()]:
        return None  # a number is not mistyped: conv1d is another thing than conv2d
    allowed = min(most, 1 if max(len(a), len(b)) < 5 else 2)
    alike = abs(len(a) - len(b)) <= allowed and len(set(a) ^ set(b)) <= 2 * allowed  # an edit changes two letters
    distance = edits(a, b) if alike else allowed + 1
    return distance if distance <= allowed else 3 if len(a) > 3 and most > 1 and b.startswith(a) else None


def edits(a: str, b: str) -> int:
    """How many letters are to be put in, left out, changed or exchanged with their neighbour to come from a to b.

    >>> edits("axsi", "axis"), edits("alfa", "alpha")
    (1, 2)
    """
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != other)))
            if i > 1 < j and letter == b[j - 2] and a[i - 2] == other:
                row[j] = min(row[j], earlier[j - 2] + 1)
    return row[-1]
