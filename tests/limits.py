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
    """Raise where the block takes so many seconds of the processor, or twenty times as many of the clock.

    A machine may have other work. On systems without alarms, and outside the main thread, nothing is watched.

    >>> with at_most(5, "nothing"):
    ...     pass
    """
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong(f"{what} did not end in {seconds} seconds")

    timers = {signal.ITIMER_PROF: signal.SIGPROF, signal.ITIMER_REAL: signal.SIGALRM}
    before = {number: signal.signal(number, stop) for number in timers.values()}
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 20 * seconds)
    try:
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
