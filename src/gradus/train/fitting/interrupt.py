"""Ctrl-C and SIGTERM that wait for the end of the batch, so that what is saved is whole."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any


class Terminated(KeyboardInterrupt, SystemExit):
    """SIGTERM, as a scheduler sends it, has ended a training.

    It is a KeyboardInterrupt, so that what answers Ctrl-C answers it, too, and a SystemExit of the usual status, 143,
    which it ends the process with where nobody does.

    >>> isinstance(Terminated(), KeyboardInterrupt), Terminated().code
    (True, 143)
    """

    def __init__(self) -> None:
        super().__init__("SIGTERM")
        self.code = 128 + signal.SIGTERM


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


_USUAL: dict[signal.Signals, tuple[Any, ...]] = {
    signal.SIGINT: (signal.default_int_handler,),
    signal.SIGTERM: (signal.SIG_DFL, _terminate),
}


@contextmanager
def terminable() -> Iterator[None]:
    """Within this block SIGTERM raises Terminated, where it would end the process otherwise; trainings in it are not
    concerned, which end as ever."""
    ours = _in_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


class Interrupted(BaseException):
    """A signal asked training to stop, and it stopped between two batches; `Interrupt` makes it what it stands for."""


class Interrupt:
    """Within this block the first Ctrl-C or SIGTERM is noted, for `check` to raise at a good place; a second acts at
    once. What leaves the block is KeyboardInterrupt, or Terminated.

    Only where they would do as usual in the first place: another handler, as of a notebook server, or another thread
    is left alone.
    """

    def __init__(self) -> None:
        self.asked: KeyboardInterrupt | None = None
        self.safe = False

    def __enter__(self) -> Interrupt:
        before = {number: signal.getsignal(number) for number in _USUAL} if _in_main_thread() else {}
        self._ours = {number: handler for number, handler in before.items() if handler in _USUAL[number]}
        self._token = _current.set(self)
        for number in self._ours:
            signal.signal(number, self._note)
        return self

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        for number, handler in self._ours.items():
            signal.signal(number, handler)
        _current.reset(self._token)
        if isinstance(problem, Interrupted) and self.asked:
            raise self.asked from None

    def check(self) -> None:
        """Raise Interrupted if a signal came."""
        if self.asked:
            raise Interrupted

    @contextmanager
    def between_batches(self) -> Iterator[None]:
        """Within this block nothing changes that is saved, so that a signal acts at once, as far as Python is asked."""
        self.check()
        before, self.safe = self.safe, True
        try:
            yield
        finally:
            self.safe = before
        self.check()

    def _note(self, number: int, frame: FrameType | None) -> None:
        problem = Terminated() if number == signal.SIGTERM else KeyboardInterrupt()
        if self.asked:
            raise problem
        self.asked = problem
        if self.safe:
            raise Interrupted


_current: ContextVar[Interrupt | None] = ContextVar("_current", default=None)


@contextmanager
def compiling() -> Iterator[None]:
    """Within this block a program is made, which changes nothing: a training that runs may stop there at once."""
    interrupt = _current.get()
    if interrupt is None:
        yield
    else:
        with interrupt.between_batches():
            yield


def _in_main_thread() -> bool:
    import threading

    return threading.current_thread() is threading.main_thread()
