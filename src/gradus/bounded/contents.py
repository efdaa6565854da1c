"""The bytes of files: all of them, what is packed in them, and what is told where a library makes nothing of them."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import GradusError, short

UNPACKED = 1 << 27  # bytes that any packed file may hold
TIMES = 50  # of its own size what a packed file may hold beyond that: texts and tables of numbers are packed to a tenth
_CHUNK = 1 << 20


def memory() -> int:
    """The bytes of this machine's memory; where nobody tells, as many as there may ever be.

    >>> memory() > 2**20
    True
    """
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 2**62


def read_whole(path: str | Path, error: type[GradusError], what: str, most: int | None = None) -> bytes:
    """All of a file of a run or a study, which is no pipe that keeps one waiting, and no larger than `most` bytes.

    Args:
        path: the file.
        error: what is raised.
        what: what was expected, for messages: "a run's settings".
        most: the largest size in bytes; None for that of the machine's memory.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     read_whole(file.name, GradusError, "a text")
    b''
    """
    most = memory() if most is None else most
    try:
        with open(path, "rb", opener=_at_once) as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise error(f"{path} cannot be read: it is no file, but a pipe, a device or the like; expected {what}")
            if about.st_size > most:
                raise error(f"{path} cannot be read: it has {about.st_size:,} bytes; {what} has at most {most:,}")
            return file.read(about.st_size)
    except OSError as problem:
        mistake = "no-such-file" if isinstance(problem, FileNotFoundError) else ""
        raise error(f"{path} cannot be read: {problem.strerror or problem}", mistake=mistake) from None
    except MemoryError:
        raise error(f"{path} cannot be read: there is no room in memory for its {about.st_size:,} bytes") from None


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_utf8(path: str | Path, error: type[GradusError], what: str, most: int | None = None) -> str:
    """The same as text, which must be UTF-8."""
    found = read_whole(path, error, what, most)
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = found.count(b"\n", 0, problem.start) + 1
        raise error(
            f"{path} cannot be read: byte {found[problem.start]:#04x} in line {line} is no UTF-8; expected {what}"
        ) from None


class Unpacked:
    """What a packed file holds, no more of it than `most` bytes.

    Args:
        stream: it.
        most: so many bytes.
        error: is called where there are more, and gives what is raised.

    >>> Unpacked(io.BytesIO(b"abc"), 3).read()
    b'abc'
    """

    def __init__(self, stream: Any, most: int, error: Any = GradusError) -> None:
        self._stream, self._left, self._error = stream, most, error

    def read(self, count: int | None = -1) -> bytes:
        """The next `count` bytes, or all that are left."""
        wanted = self._left + 1 if count is None or count < 0 else count
        if wanted > _CHUNK:
            return self._pieces(wanted)
        found: bytes = self._stream.read(min(wanted, self._left + 1))
        self._left -= len(found)
        if self._left < 0:
            raise self._error()
        return found

    def _pieces(self, wanted: int) -> bytes:
        pieces = io.BytesIO()
        while wanted > 0 and (piece := self.read(min(_CHUNK, wanted))):
            pieces.write(piece)
            wanted -= len(piece)
        return pieces.getvalue()


def most_unpacked(packed: BinaryIO) -> int:
    """What an open packed file may hold where nobody says more: bombs pack a thousand bytes into one."""
    return max(UNPACKED, TIMES * os.fstat(packed.fileno()).st_size)


@contextmanager
def as_errors(error: type[GradusError], beginning: str, remedy: str = "") -> Iterator[None]:
    """Whatever a library raises in this block, that parses a file's bytes, is told as an error of gradus.

    Of damaged bytes libraries make errors of all kinds; the ones of gradus pass.

    >>> with as_errors(GradusError, "x.tar is no archive"):
    ...     [][1]
    Traceback (most recent call last):
    gradus.errors.GradusError: x.tar is no archive: list index out of range
    """
    try:
        yield
    except GradusError:
        raise
    except Exception as problem:
        reason = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        raise error(f"{beginning}: {short(reason)}{'.' * bool(remedy)} {remedy}".rstrip()) from None
