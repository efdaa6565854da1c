"""A limit of time: what does not end is a failure that says so, not a test run that hangs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooLong(BaseException):
    """No Exception: nothing on the way catches it by accident."""


@contextmanager
def at_most(seconds: int, what: str) -> Iterator[None]:
    """Raise where the block takes longer; on systems without alarms, and outside the main thread, nothing is watched.

    >>> with at_most(5, "nothing"):
    ...     pass
    """
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong(f"{what} did not end in {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
