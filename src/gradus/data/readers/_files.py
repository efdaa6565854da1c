"""Opening files that may be gzipped, with errors that name the file."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import BinaryIO, cast

from ...errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20


def as_path(path: str | PathLike[str], what: str) -> Path:
    """The path of what is to be read; refused if it is none."""
    if not isinstance(path, (str, PathLike)):
        raise DataError(f"{what} is given by its path, got {path!r:.80}")
    return Path(path)


@contextmanager
def open_binary(path: str | Path, what: str) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked if it is gzipped; what fails while it is open is told as a DataError.

    Args:
        what: what was expected, for the message: "an idx file".
    """
    path = as_path(path, what)
    try:
        with path.open("rb") as raw:
            magic = raw.read(2)
            raw.seek(0)
            if not magic:
                raise DataError(f"{path} is empty; {what} was expected. Get the file anew.")
            if magic == _GZIP_MAGIC:
                with gzip.open(raw) as unpacked:
                    yield cast(BinaryIO, unpacked)
                    while unpacked.read(_CHUNK):  # to the end, where the checksum stands
                        pass
            elif path.suffix == ".gz":
                raise DataError(
                    f"{path} is not gzip (it begins with bytes {magic.hex(' ')}, not 1f 8b); {what} was expected. "
                    "Is it an error page, or unpacked already (then take .gz off its name)?"
                )
            else:
                yield raw
    except EOFError:
        raise DataError(f"{path} is truncated: the gzip stream ends too early. Get the file anew.") from None
    except (gzip.BadGzipFile, zlib.error) as problem:
        raise DataError(f"{path} is damaged: {problem}. Get the file anew.") from None
    except OSError as problem:
        raise DataError(f"{path} cannot be read: {problem.strerror or problem}; {what} was expected") from None


def read_exactly(stream: BinaryIO, count: int, path: str | Path, what: str) -> bytearray:
    """The next `count` bytes and no more must follow; memory grows with what is there, not with what is promised."""
    found = bytearray()
    while len(found) <= count and (chunk := stream.read(min(_CHUNK, count + 1 - len(found)))):
        found += chunk
    if len(found) != count:
        fault = "is truncated" if len(found) < count else "is too long"
        there = len(found) if len(found) < count else f"more than {count}"
        raise DataError(f"{path} {fault}: {what} takes {count} bytes, {there} are there. Get the file anew.")
    return found
