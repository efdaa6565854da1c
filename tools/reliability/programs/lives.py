"""Processes that are ended on purpose: forked from this one, which has imported everything, so that a life is cheap."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CALLS = ("write", "fsync", "replace", "ftruncate", "unlink")  # by which files change
WAIT = 120.0  # seconds for a life to end


@dataclass
class Moment:
    """When a life ends, and how.

    Attributes:
        call: at which of the calls that change files; 0 for none.
        seconds: after how many, if at no call.
        press: the signal that ends it; None fills the disk: that call and all after it fail.
        half: of that call, if it writes, half is done.
    """

    call: int = 0
    seconds: float = 0.0
    press: signal.Signals | None = signal.SIGKILL
    half: bool = False


@dataclass
class Life:
    """How a life ended.

    Attributes:
        status: as a shell has it: 137 after SIGKILL.
        said: what it wrote to stderr.
        calls: how many calls changed files, of a life that came to its end.
        seconds: how long it was.
        waited: seconds from the signal to the end.
    """

    status: int
    said: str
    calls: int = 0
    seconds: float = 0.0
    waited: float = 0.0


def live(work: Callable[[], Any], notes: Path, moment: Moment | None = None) -> Life:
    """Do some work in a process of its own, which ends at a moment, if it does not before."""
    moment = moment or Moment(seconds=WAIT)
    for name in ("said", "calls", "pressed"):
        (notes / name).unlink(missing_ok=True)
    started = time.perf_counter()
    number = os.fork()
    if not number:
        os._exit(_child(work, notes, moment))
    pressed = 0.0
    while not (ended := os.waitpid(number, os.WNOHANG))[0]:
        if not moment.call and not pressed and time.perf_counter() - started > moment.seconds and moment.press:
            os.kill(number, moment.press)
            pressed = time.time()
        time.sleep(0.001)
    now = time.time()
    status = os.waitstatus_to_exitcode(ended[1])
    with contextlib.suppress(FileNotFoundError):
        pressed = float((notes / "pressed").read_text())
    said = (notes / "said").read_text() if (notes / "said").exists() else ""  # it may have ended before
    calls = int((notes / "calls").read_text()) if (notes / "calls").exists() else 0
    seconds, waited = time.perf_counter() - started, now - pressed if pressed else 0.0
    return Life(128 - status if status < 0 else status, said, calls, seconds, waited)


def _child(work: Callable[[], Any], notes: Path, moment: Moment) -> int:
    """The status of the child."""
    with (notes / "said").open("w") as said:
        os.dup2(said.fileno(), 2)
        sys.stderr = said
        try:
            with _ending(notes, moment) as counted:
                work()
            (notes / "calls").write_text(str(len(counted)))
            return 0
        except KeyboardInterrupt as stopped:
            return 143 if isinstance(stopped, SystemExit) else 130
        except BaseException:
            traceback.print_exc()
            return 1


@contextlib.contextmanager
def _ending(notes: Path, moment: Moment) -> Iterator[list[str]]:
    """Count the calls that change files, and end at one of them."""
    counted: list[str] = []
    real = {name: getattr(os, name) for name in CALLS}

    def counting(name: str) -> Callable[..., Any]:
        def call(*given: Any, **options: Any) -> Any:
            counted.append(name)
            if moment.call and len(counted) >= moment.call:
                _end(name, given)
            return real[name](*given, **options)

        return call

    def _end(name: str, given: tuple[Any, ...]) -> None:
        if moment.press is None:
            if name in ("write", "fsync", "replace"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        elif len(counted) == moment.call:
            if moment.half and name == "write":
                real["write"](given[0], given[1][: len(given[1]) // 2])
            handle = os.open(notes / "pressed", os.O_WRONLY | os.O_CREAT)
            real["write"](handle, repr(time.time()).encode())
            os.close(handle)
            os.kill(os.getpid(), moment.press)

    try:
        for name in CALLS:
            setattr(os, name, counting(name))
        yield counted
    finally:
        for name in CALLS:
            setattr(os, name, real[name])
