"""Opening files that may be gzipped, with errors that name the file."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import BinaryIO, cast

from ...bounded.contents import Unpacked, memory, most_unpacked
from ...errors import DataError
from ...functional.checks import at_least_one

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20


def as_path(path: str | PathLike[str], what: str) -> Path:
    """The path of what is to be read; refused if it is none."""
    if not isinstance(path, (str, PathLike)):
        raise DataError(f"{what} is given by its path, got {path!r:.80}")
    return Path(path)


@contextmanager
def open_binary(path: str | Path, what: str, most_bytes: int | None = None) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked if it is gzipped; what fails while it is open is told as a DataError.

    Args:
        path: the file.
        what: what was expected, for the message: "an idx file".
        most_bytes: how many a packed file may hold; None for 128 MiB, or 50 times its size where that is more.
    """
    path = as_path(path, what)
    if most_bytes is not None:
        at_least_one("reading a file", most_bytes=most_bytes)
    try:
        with path.open("rb") as raw:
            size = os.fstat(raw.fileno()).st_size
            if size > memory():
                raise DataError(f"{path} has {size:,} bytes, more than there is memory. Cut it into several files.")
            magic = raw.read(2)
            raw.seek(0)
            if not magic:
                raise DataError(f"{path} is empty; {what} was expected. Get the file anew.")
            if magic == _GZIP_MAGIC:
                most = most_unpacked(raw) if most_bytes is None else most_bytes
                with gzip.open(raw) as stream:
                    unpacked = Unpacked(stream, most, lambda: _bomb(path, size, most))
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


def _bomb(path: Path, size: int, most: int) -> DataError:
    return DataError(
        f"{path} has {size:,} bytes and holds, unpacked, more than {most:,}: nearly nothing, many times over. If it is "
        "meant to, say so: most_bytes=..."
    )


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
