"""Taking turns with a model: while one thread trains it, another may predict with it, between two steps."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any, TypeVar

from ...nn import Module
from ...process.forks import Kept, Lock

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
        self.take(-1)

    def take(self, seconds: float) -> bool:
        """Take it, if that takes no longer; -1 waits for ever. Whether it was taken."""
        me = threading.get_ident()
        if self._owner != me:
            until = time.monotonic() + seconds
            if not self._next.acquire(timeout=seconds):
                return False
            try:  # whoever waits holds it, and who has just had a turn waits behind
                if not self._now.acquire(timeout=seconds if seconds < 0 else max(0.0, until - time.monotonic())):
                    return False
            finally:
                self._next.release()
            self._owner = me
        self._depth += 1
        return True

    def forget_others(self) -> None:
        """In a child process: those who waited for it have stayed with the parent."""
        self._next = threading.Lock()

    def __exit__(self, *exc: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._now.release()


class _Turns(Kept):
    """The turns of all models: a child process finds weights as they are between two steps."""

    def __init__(self) -> None:
        self.of: weakref.WeakKeyDictionary[Module, Turn] = weakref.WeakKeyDictionary()
        self._taken: list[Turn] = []
        super().__init__()

    def keep(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        for turn in list(self.of.values()):
            if not turn.take(max(0.0, until - time.monotonic())):
                self.let_go()
                return False
            self._taken.append(turn)
        return True

    def let_go(self) -> None:
        while self._taken:
            self._taken.pop().__exit__()

    def renew(self, taken: bool) -> None:
        for turn in self.of.values():
            turn.forget_others()
        self.let_go()
        if not taken:
            self.of.clear()


_turns = _Turns()
_making = Lock()


def turn_of(model: Module) -> Turn:
    """The turn of a model: the same for all that train it or predict with it."""
    with _making:
        return _turns.of.setdefault(model, Turn())


def in_turns(turn: Turn, parts: Iterator[T]) -> Iterator[T]:
    """The parts, each made in a turn."""
    none: Any = object()
    while True:
        with turn:
            part = next(parts, none)
        if part is none:
            return
        yield part

