"""Files that appear whole or not at all: they are written aside, then renamed.

A process that is killed meanwhile leaves what it wrote aside, `.NAME.*.gradus-part`. It is swept by the next one that
writes in the folder, once it is so old that nobody can be writing it.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

SUFFIX = ".gradus-part"
OLD = 3600  # seconds after the last byte was written
_LONGEST = 100  # of the name that is told
_swept: set[Path] = set()


def write(path: Path, content: bytes, cache: bool = False) -> None:
    """Write a file so that whoever reads it finds the old content or the new, never a part.

    Args:
        cache: what can be made again: it need not outlast a power failure, and is for this user alone.

    Raises:
        OSError: the folder is missing or not writable, or the disk is full; the old file is untouched.
    """
    handle, aside = tempfile.mkstemp(SUFFIX, f".{path.name[:_LONGEST]}.", path.parent)
    try:
        try:
            _all(handle, content)
            if not cache:
                os.fsync(handle)
        finally:
            os.close(handle)
        if not cache:
            os.chmod(aside, 0o666 & ~_umask())
        os.replace(aside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(aside)
        raise
    if path.parent not in _swept:
        _swept.add(path.parent)
        sweep(path.parent)


def append(path: Path, content: bytes) -> None:
    """Write at the end of a file, which is made if it is not there: all, or where that cannot be, nothing.

    Raises:
        OSError: the folder is missing or not writable, or the disk is full.
    """
    with path.open("ab", buffering=0) as file:  # so that nothing is left to write when it is closed
        before = os.fstat(file.fileno()).st_size
        try:
            _all(file.fileno(), content)
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                os.ftruncate(file.fileno(), before)
            raise


def _all(handle: int, content: bytes) -> None:
    left = memoryview(content)
    while left:  # a disk that is nearly full takes a part
        left = left[os.write(handle, left) :]


def sweep(folder: Path, age: float = OLD) -> None:
    """Remove what killed processes have left in a folder and was last written so many seconds ago, or before that."""
    for left in left_in(folder):
        with suppress(OSError):
            if time.time() - left.lstat().st_mtime >= age:
                left.unlink()


def left_in(folder: Path) -> list[Path]:
    """What processes are writing aside in a folder, or have left there."""
    with suppress(OSError), os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.name.startswith(".") and entry.name.endswith(SUFFIX)]
    return []


def _umask() -> int:
    """The process' mask for new files; a temporary file is readable by its owner alone."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
