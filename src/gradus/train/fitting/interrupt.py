"""Ctrl-C that waits for the end of the batch, so that what is saved is whole."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """The user asked training to stop, and it stopped between two batches."""


class Interrupt:
    """Within this block the first Ctrl-C is noted, for `check` to raise at a good place; a second acts at once.

    Only where Ctrl-C would raise KeyboardInterrupt in the first place: another handler, as of a notebook server, or
    another thread is left alone.
    """

    def __init__(self) -> None:
        self.asked = self.safe = False

    def __enter__(self) -> Interrupt:
        self.before = signal.getsignal(signal.SIGINT)
        self.ours = self.before is signal.default_int_handler and _in_main_thread()
        if self.ours:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *exc: object) -> None:
        if self.ours:
            signal.signal(signal.SIGINT, self.before)

    def check(self) -> None:
        """Raise Interrupted if Ctrl-C came."""
        if self.asked:
            raise Interrupted

    @contextmanager
    def between_batches(self) -> Iterator[None]:
        """Within this block nothing changes that is saved, so that Ctrl-C acts at once, as far as Python is asked."""
        self.check()
        self.safe = True
        try:
            yield
        finally:
            self.safe = False
        self.check()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        if self.safe:
            raise Interrupted


def _in_main_thread() -> bool:
    import threading

    return threading.current_thread() is threading.main_thread()
