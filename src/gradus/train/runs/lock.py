"""A folder for one process at a time.

The lock is the operating system's, on an open file, and ends with the process that holds it, however that ends; so no
lock is ever left over. The file holds the number of the process, for the message to others.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ...errors import CheckpointError

_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Within this block no other process, and no other such block, has the lock that this file stands for.

    Raises:
        CheckpointError: somebody else has it; with the number of the process.
    """
    stream = _taken(file)
    try:
        yield
    finally:
        with stream, suppress(OSError):  # Windows removes no open file: it stays, and nobody has it
            file.unlink()  # before others can have the lock


def _taken(file: Path) -> IO[str]:
    """The open file with its lock, and this process' number in it; a file system without locks is no obstacle."""
    while True:
        try:
            stream = file.open("a+", encoding="ascii")
        except OSError as problem:
            raise CheckpointError(f"{file} cannot be written: {problem.strerror}") from None
        try:
            _lock(stream)
        except OSError as problem:
            if problem.errno in _TAKEN:
                raise _in_use(file, stream) from None
        if _still_there(file, stream):
            with suppress(OSError):  # on a full disk the lock holds all the same
                stream.truncate(0)
                stream.write(str(os.getpid()))
                stream.flush()
            return stream
        stream.close()  # its holder removed it in the meantime: the next one is another file


def _in_use(file: Path, stream: IO[str]) -> CheckpointError:
    with stream:
        stream.seek(0)
        holder = stream.read().strip()
    return CheckpointError(
        f"{file.parent} is being trained in by another process{f', number {holder}' if holder else ''}. Wait for it, "
        "end it, or take another folder."
    )


def _lock(stream: IO[str]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        stream.seek(1 << 20)  # beyond what is in it, for a locked part cannot be read
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _still_there(file: Path, stream: IO[str]) -> bool:
    try:
        return os.path.samestat(os.stat(file), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False
