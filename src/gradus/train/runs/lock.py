"""A folder for one process at a time.

The lock is the operating system's, on an open file, and ends with the process that holds it, however that ends; so no
lock is ever left over. The file holds the number of the process, for the message to others. What has its name and is
something else, a link to a file elsewhere or a file with a text of its own, is neither followed nor written.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ...errors import CheckpointError

_LONGEST = 20  # digits of a number of a process
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


@contextmanager
def alone(file: Path, wait: bool = False) -> Iterator[None]:
    """Within this block no other process, and no other such block, has the lock that this file stands for.

    Args:
        file: it is there during the block.
        wait: until nobody else has it.

    Raises:
        CheckpointError: somebody else has it, and is not waited for; with the number of the process.
    """
    stream = _taken(file, wait)
    try:
        yield
    finally:
        with stream, suppress(OSError):  # Windows removes no open file: it stays, and nobody has it
            file.unlink()  # before others can have the lock


def _taken(file: Path, wait: bool) -> IO[str]:
    """The open file with its lock, and this process' number in it; a file system without locks is no obstacle."""
    while True:
        stream = _opened(file)
        try:
            _lock(stream, wait)
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


def _opened(file: Path) -> IO[str]:
    """The lock's own file, and no other."""
    follow = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # nor does a pipe hold it up
    try:
        number = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | follow, 0o666)
    except OSError as problem:
        link = ", as it is a link to something else. Remove it" if file.is_symlink() else f": {problem.strerror}"
        raise CheckpointError(f"{file} cannot be written{link}.") from None
    other = CheckpointError(f"{file} is no lock of gradus: it is left as it is. Remove it, or take another folder.")
    about = os.fstat(number)
    if not stat.S_ISREG(about.st_mode) or about.st_nlink > 1:
        os.close(number)
        raise other
    stream = os.fdopen(number, "a+", encoding="ascii", errors="replace")
    stream.seek(0)
    held = stream.read(_LONGEST + 1)
    if held.strip("0123456789") or len(held) > _LONGEST:
        stream.close()
        raise other
    return stream


def _in_use(file: Path, stream: IO[str]) -> CheckpointError:
    with stream:
        stream.seek(0)
        holder = stream.read(_LONGEST).strip()
    return CheckpointError(
        f"{file.parent} is being trained in by another process{f', number {holder}' if holder else ''}. Wait for it, "
        "end it, or take another folder."
    )


def _lock(stream: IO[str], wait: bool) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        stream.seek(1 << 20)  # beyond what is in it, for a locked part cannot be read
        msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _still_there(file: Path, stream: IO[str]) -> bool:
    try:
        return os.path.samestat(os.stat(file), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False
