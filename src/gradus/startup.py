"""Ctrl-C for the command `gradus`: while it is still being imported the process ends at once, without a traceback.

Importing takes some tenths of a second, in which Python would answer with a traceback through whatever it is
importing. This module comes first of all; the command takes over where it begins to run. Other programs that import
gradus are left alone.
"""

import signal
import sys
from pathlib import PurePath

COMMAND = PurePath(sys.argv[0] if sys.argv else "").stem == "gradus" or sys.orig_argv[1:3] == ["-m", "gradus"]

_OURS = COMMAND and signal.getsignal(signal.SIGINT) is signal.default_int_handler
if _OURS:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def done() -> None:
    """From now on Ctrl-C is a KeyboardInterrupt, which the command answers."""
    if _OURS:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def status(stopped: KeyboardInterrupt) -> int:
    """The usual status of a process that was stopped: 143 after SIGTERM (see `train.Terminated`), 130 after Ctrl-C."""
    return 128 + (signal.SIGTERM if isinstance(stopped, SystemExit) else signal.SIGINT)
