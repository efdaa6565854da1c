"""Object code kept on disk, so that the second run starts at once.

A file is only used if it is this user's own, whole (its checksum agrees), and made for exactly this program,
processor and version. Nothing that goes wrong here is ever an error: the program is compiled again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from pathlib import Path

from .target import Target, compile_object, versions

_MAGIC = b"gradus object 1\n"
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


def compiled(text: str, target: Target) -> tuple[bytes, bool]:
    """LLVM's text as object code, and whether it was at hand."""
    name = key(text, target)
    if (known := load(name)) is not None:
        return known, True
    return _aside(lambda: _compiled(name, text, target)), False


def _compiled(name: str, text: str, target: Target) -> bytes:
    code = compile_object(text, target)
    save(name, code)
    return code


def _aside(function: Callable[[], bytes]) -> bytes:
    """What a function gives, run in another thread: LLVM hears no Ctrl-C, but who waits for it does.

    The thread goes on to its end then, so that its work is in the cache at the next start.
    """
    found: Future[bytes] = Future()

    def run() -> None:
        try:
            found.set_result(function())
        except BaseException as problem:
            found.set_exception(problem)

    threading.Thread(target=run, name="gradus compiles").start()
    return found.result()


def load(name: str) -> bytes | None:
    """The object code filed under a name, or None."""
    try:
        path = folder() / f"{name}.o"
        if hasattr(os, "getuid") and os.stat(path).st_uid != os.getuid():
            return None
        content = path.read_bytes()
    except _TROUBLE:
        return None
    head = _MAGIC + name.encode()
    body, digest = content[len(head) + 32 :], content[len(head) : len(head) + 32]
    if not content.startswith(head) or hashlib.sha256(body).digest() != digest:
        return None
    return body


def save(name: str, code: bytes) -> None:
    """File object code, whole or not at all."""
    content = _MAGIC + name.encode() + hashlib.sha256(code).digest() + code
    temporary = None
    try:
        folder().mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder(), suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, folder() / f"{name}.o")
    except _TROUBLE:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
