"""Ending when the process that began this one has ended, however that was."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

GRACE = 5.0  # seconds in which what is asked to end may do so
ENDED = 128 + signal.SIGTERM  # the status of what did not


def end_after(gone: Callable[[], object], asked: bool = True) -> None:
    """Let this process end once `gone` returns, which it does when nobody waits for the process any more.

    It is asked to by SIGTERM, in the main thread, and if it has not within some seconds, or if it is not to be `asked`,
    it just ends.
    """

    def watch() -> None:
        gone()
        if asked:
            _ask()
            time.sleep(GRACE)
        os._exit(ENDED)

    threading.Thread(target=watch, name="gradus watches its parent", daemon=True).start()


def input_ends() -> None:
    """Return when standard input has ended: a pipe does so with the process that holds its other end."""
    while os.read(0, 1 << 10):
        pass


def _ask() -> None:
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGTERM)  # in this thread, as others do not wake it
    else:
        signal.raise_signal(signal.SIGINT)
