"""Object code kept on disk, so that the second run starts at once.

A file is only used if it is this user's own, not to be written by others, whole (its checksum agrees), and made for
exactly this program, processor and version. Nothing that goes wrong here is ever an error: the program is compiled
again. Of more than MOST_BYTES those are deleted that were used longest ago.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from concurrent.futures import Future
from functools import cache
from pathlib import Path

from ...process import atomic
from ...process.aside import Aside
from .processors import processors
from .target import Target, compile_object, versions

MOST_COMPILERS = 8  # threads
MOST_BYTES = 1 << 30  # of files, of which the older quarter goes when there are more
UNNOTED = 24 * 3600  # seconds for which a file that is used again is not marked as used
_LARGEST = 1 << 28  # bytes of a file: no program is as large
_MAGIC = b"gradus object 1\n"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_TROUBLE = (OSError, RuntimeError)  # RuntimeError: a user without a home


def folder() -> Path:
    """`$GRADUS_CACHE`, or `gradus/compiled` in the user's cache folder."""
    if os.environ.get("GRADUS_CACHE"):
        return Path(os.environ["GRADUS_CACHE"]) / "compiled"
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path.home() / ".cache")
    return Path(base) / "gradus" / "compiled"


@cache
def _surroundings() -> str:
    return versions()


def key(text: str, target: Target) -> str:
    """What a program's object code is filed under."""
    parts = (text, target.triple, target.cpu, target.features, _surroundings())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Modules:
    """The modules of a program: each is compiled as soon as it is written, while those after it still are.

    Attributes:
        names: what each is filed under.
        found: whether the code of all so far was at hand.
    """

    def __init__(self, target: Target) -> None:
        self.target, self.found = target, True
        self.names: list[str] = []
        self._codes: list[bytes | Future[bytes]] = []
        self._compilers = Aside(min(processors(), MOST_COMPILERS), "gradus compiles")

    def add(self, text: str) -> None:
        """One more, as LLVM's text."""
        name = key(text, self.target)
        known = load(name)
        self.names.append(name)
        self.found &= known is not None
        self._codes.append(known if known is not None else self._aside(name, text))

    def codes(self) -> list[bytes]:
        """The object code of each."""
        return [code if isinstance(code, bytes) else code.result() for code in self._codes]

    def drop(self) -> None:
        """Compile no more of them: somebody was interrupted, or the rest cannot be written."""
        self._compilers.drop()

    def _aside(self, name: str, text: str) -> bytes | Future[bytes]:
        """Compiled in another thread: LLVM hears no Ctrl-C, but who waits for it does."""
        try:
            return self._compilers.submit(_compiled, name, text, self.target)
        except RuntimeError:  # the process may have no more threads, or is ending
            return _compiled(name, text, self.target)


def compiled(text: str, target: Target) -> bytes:
    """One module's object code."""
    modules = Modules(target)
    modules.add(text)
    return modules.codes()[0]


def _compiled(name: str, text: str, target: Target) -> bytes:
    code = compile_object(text, target)
    save(name, code)
    _tidy_at_times(len(code))
    return code


def load(name: str, kind: str = "o") -> bytes | None:
    """What is filed under a name, object code or another kind of thing, or None."""
    try:
        with open(folder() / f"{name}.{kind}", "rb", opener=_opened) as file:
            about = os.fstat(file.fileno())
            if not _is_own(about) or about.st_size > _LARGEST:
                return None
            content = file.read()
            _note_use(file.fileno(), about)
    except _TROUBLE:
        return None
    head = _MAGIC + name.encode()
    body, digest = content[len(head) + 32 :], content[len(head) : len(head) + 32]
    if not content.startswith(head) or hashlib.sha256(body).digest() != digest:
        return None
    return body


def _opened(path: str, flags: int) -> int:
    """Open a file itself, and not what a link leads to."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _is_own(about: os.stat_result) -> bool:
    """Whether what is open is a file that only this user can have written."""
    if not hasattr(os, "getuid"):
        return True
    return stat.S_ISREG(about.st_mode) and about.st_uid == os.getuid() and not about.st_mode & _OTHERS_WRITE


def save(name: str, code: bytes, kind: str = "o") -> None:
    """File object code, or another kind of thing, whole or not at all."""
    content = _MAGIC + name.encode() + hashlib.sha256(code).digest() + code
    with contextlib.suppress(*_TROUBLE):
        folder().mkdir(parents=True, exist_ok=True)
        atomic.write(folder() / f"{name}.{kind}", content, cache=True)


def _note_use(file: int, about: os.stat_result) -> None:
    """Let its time say that an open file was used, to the day."""
    if time.time() - about.st_mtime > UNNOTED and os.utime in os.supports_fd:
        with contextlib.suppress(OSError):
            os.utime(file)


_unseen = MOST_BYTES  # bytes that this process has filed since it looked how many there are; it never has


def _tidy_at_times(more: int) -> None:
    """Tidy up at the first file, and whenever many have come."""
    global _unseen
    _unseen += more
    if _unseen > MOST_BYTES // 8:
        _unseen = 0
        with contextlib.suppress(*_TROUBLE):
            tidy()


def tidy() -> None:
    """Delete what was used longest ago, where there is too much, and what someone who was stopped left half written."""
    atomic.sweep(folder())
    files = []
    for entry in os.scandir(folder()):
        about = entry.stat(follow_symlinks=False)
        if entry.name.endswith((".o", ".plan")):
            files.append((about.st_mtime, about.st_size, entry.path))
    size = sum(size for _, size, _ in files)
    if size <= MOST_BYTES:
        return
    for _, freed, path in sorted(files):
        if size <= MOST_BYTES * 3 // 4:
            return
        _delete(path)
        size -= freed


def _delete(path: str) -> None:
    with contextlib.suppress(OSError):  # another process may have done so
        os.unlink(path)
