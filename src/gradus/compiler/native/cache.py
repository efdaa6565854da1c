"""Object code kept on disk, so that the second run starts at once.

A file is only used if it is this user's own, not to be written by others, whole (its checksum agrees), and made for
exactly this program, processor and version. Nothing that goes wrong here is ever an error: the program is compiled
again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path

from .processors import processors
from .target import Target, compile_object, versions

MOST_COMPILERS = 8  # threads
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
        self._compilers: ThreadPoolExecutor | None = None

    def add(self, text: str) -> None:
        """One more, as LLVM's text."""
        name = key(text, self.target)
        known = load(name)
        self.names.append(name)
        self.found &= known is not None
        self._codes.append(known if known is not None else self._aside(name, text))

    def codes(self) -> list[bytes]:
        """The object code of each."""
        codes = [code if isinstance(code, bytes) else code.result() for code in self._codes]
        if self._compilers is not None:
            self._compilers.shutdown(wait=False)
        return codes

    def _aside(self, name: str, text: str) -> bytes | Future[bytes]:
        """Compiled in another thread: LLVM hears no Ctrl-C, but who waits for it does.

        The thread goes on to its end then, so that its work is in the cache at the next start.
        """
        if self._compilers is None:
            self._compilers = ThreadPoolExecutor(min(processors(), MOST_COMPILERS), "gradus compiles")
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
    return code


def load(name: str, kind: str = "o") -> bytes | None:
    """What is filed under a name, object code or another kind of thing, or None."""
    try:
        with open(folder() / f"{name}.{kind}", "rb", opener=_opened) as file:
            if not _is_own(os.fstat(file.fileno())):
                return None
            content = file.read()
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
    temporary = None
    try:
        folder().mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder(), suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, folder() / f"{name}.{kind}")
    except _TROUBLE:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
