"""What a forked child process finds: locks that are free, and whole what they guard.

In the child only the thread that forked goes on. What the others were in the middle of is never finished there, and
locks that they held would be held for ever. So whoever forks waits until no other thread has anything of what is kept
here; but not for ever, since that thread may wait for the one that forks. What it still has after `PATIENCE` seconds is
made anew in the child, and `torn`: what it guards may be half done.

Other locks, as those of a step's memory or of a pool of threads, are made anew in the child: see `in_child`.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - its locks and logging's are taken at a fork, too: after those here,
import logging  # noqa: F401 - for a hook that comes later is called earlier, and who traces may log or start threads
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

PATIENCE = 60.0  # seconds: longer than a large program is compiled
_AFTERWARDS = 0.05  # seconds after a fork: its hooks, in which nothing may be raised, are over


class Kept:
    """What no other thread has while this one forks.

    Attributes:
        torn: whether another had it all the same when this process was forked.
    """

    def __init__(self) -> None:
        self.torn = False
        _all.append(self)

    def keep(self, seconds: float) -> bool:
        """Before a fork: take it, if that takes no longer; whether it was taken."""
        raise NotImplementedError

    def let_go(self) -> None:
        """After the fork: it was taken, and is free again."""
        raise NotImplementedError

    def renew(self, taken: bool) -> None:
        """The same in the child; if it was not taken, a thread has it that has stayed with the parent."""
        raise NotImplementedError


class Lock(Kept):
    """A lock for one thread at a time, which may take it several times, free in a child process.

    >>> lock = Lock()
    >>> with lock, lock:
    ...     lock.torn
    False
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        super().__init__()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *exc: object) -> None:
        self._lock.release()

    def keep(self, seconds: float) -> bool:
        return self._lock.acquire(timeout=seconds)

    def let_go(self) -> None:
        self._lock.release()

    def renew(self, taken: bool) -> None:
        if taken:
            self._lock.release()
        else:
            self._lock = threading.RLock()


class Gate(Kept):
    """What any number of threads may be inside of, but nobody while the process is forked.

    >>> gate = Gate()
    >>> with gate, gate:
    ...     gate.torn
    False
    """

    def __init__(self) -> None:
        self._changed, self._inside, self._closed = threading.Condition(), 0, 0
        super().__init__()

    def __enter__(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._inside += 1

    def __exit__(self, *exc: object) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def keep(self, seconds: float) -> bool:
        with self._changed:
            self._closed += 1  # several threads may be about to fork
            left = False
            try:
                left = self._changed.wait_for(lambda: not self._inside, seconds)
            finally:
                self._closed -= not left
            return left

    def let_go(self) -> None:
        with self._changed:
            self._closed = max(0, self._closed - 1)
            self._changed.notify_all()

    def renew(self, taken: bool) -> None:
        self._changed, self._inside, self._closed = threading.Condition(), 0, 0


class _Fork(threading.local):
    """The fork that a thread is at: what it has taken, and which signal came meanwhile.

    Nothing may be raised in a fork's hooks, as a signal's handler does: Python would print it, and go on all the same.
    What was to be done is done then, and the signal comes once more when the hooks are over.
    """

    taken: tuple[Kept, ...] = ()
    signal: int = 0

    def surely(self, do: Callable[[], object], otherwise: Callable[[], object]) -> None:
        """Do it, or if a signal comes meanwhile, the other."""
        try:
            do()
        except KeyboardInterrupt as stop:
            self.signal = signal.SIGTERM if isinstance(stop, SystemExit) else signal.SIGINT
            otherwise()

    def over(self) -> None:
        """The hooks are over."""
        number, self.taken, self.signal = self.signal, (), 0
        if number:
            threading.Timer(_AFTERWARDS, signal.pthread_kill, (threading.main_thread().ident, number)).start()


def in_child(function: Callable[[], object]) -> Callable[[], object]:
    """Have a function called in each forked child, once more if a signal comes meanwhile."""
    _renewals.append(function)
    return function


_all: list[Kept] = []
_renewals: list[Callable[[], object]] = []
_here = _Fork()


def _before() -> None:
    """Wait for the others; after a signal no longer."""
    until = time.monotonic() + PATIENCE

    def take(one: Kept) -> None:
        if one.keep(0.0 if _here.signal else max(0.0, until - time.monotonic())):
            _here.taken += (one,)

    for one in reversed(_all):  # those made last are built on the others
        _here.surely(partial(take, one), lambda: None)


def _in_parent() -> None:
    for one in _here.taken:
        _here.surely(one.let_go, partial(_if_had, one.let_go))
    _here.over()


def _in_child() -> None:
    for one in _all:
        taken = one in _here.taken
        one.torn |= not taken
        _here.surely(partial(one.renew, taken), partial(one.renew, False))
    for function in _renewals:
        _here.surely(function, function)
    _here.over()


def _if_had(let_go: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # it was let go of before the signal came
        let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
