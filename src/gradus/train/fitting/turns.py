"""Taking turns with a model: while one thread trains it, another may predict with it, between two steps."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from typing import Any, TypeVar

from ...nn import Module

T = TypeVar("T")


class Turn:
    """A lock that threads get in the order in which they ask, so that one that asks again and again lets others in.

    A thread may take it while it has it.

    >>> turn = Turn()
    >>> with turn, turn:
    ...     pass
    """

    def __init__(self) -> None:
        self._next, self._now = threading.Lock(), threading.Lock()
        self._owner: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        me = threading.get_ident()
        if self._owner != me:
            with self._next:  # whoever waits holds it, and who has just had a turn waits behind
                self._now.acquire()
            self._owner = me
        self._depth += 1

    def __exit__(self, *exc: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._now.release()


_turns: weakref.WeakKeyDictionary[Module, Turn] = weakref.WeakKeyDictionary()
_making = threading.Lock()


def turn_of(model: Module) -> Turn:
    """The turn of a model: the same for all that train it or predict with it."""
    with _making:
        return _turns.setdefault(model, Turn())


def in_turns(turn: Turn, parts: Iterator[T]) -> Iterator[T]:
    """The parts, each made in a turn."""
    none: Any = object()
    while True:
        with turn:
            part = next(parts, none)
        if part is none:
            return
        yield part


def _after_fork() -> None:
    """In a child process: the thread whose turn it was has stayed with the parent."""
    global _making
    _making = threading.Lock()
    _turns.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
