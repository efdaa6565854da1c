"""gradus lives well with others: forks, threads, other libraries, the end of the program."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec

from ..children import PROGRAMS, SURROUNDINGS, outcomes
from ..promise import HELD, Outcome, Promise, Trial

_KINDS = ("compiles", "trains", "reads", "interrupted")
_LATEST = 120.0


def _ends(times: int) -> Iterator[Outcome]:
    """A program ends while its threads are at work: soon, with the usual status, and nothing is printed."""
    for number in range(times):
        kind, seconds = _KINDS[number % len(_KINDS)], random.Random(number).uniform(0, 2)
        status, out, err = _program(kind, seconds)
        if kind == "interrupted":
            right = status == -signal.SIGINT and "ignored" not in err and err.rstrip().endswith("KeyboardInterrupt")
        else:
            right = (status, out, err) == (0, "", "")
        yield HELD if right else Outcome(f"{kind} for {seconds:.3f} s: status {status}, {out}{err[-2000:]}")


def _rests(times: int) -> Iterator[Outcome]:
    """Threads that have nothing to do take no time: no tick of the processors' clock, a hundredth of a second."""
    for number in range(times):
        _, out, err = _program("idle", 1.0)
        yield HELD if out.strip() == "0" else Outcome(f"rest {number}: {out.strip()} ticks; {err[-1000:]}")


def _program(kind: str, seconds: float) -> tuple[int, str, str]:
    command = [sys.executable, str(PROGRAMS / "ending.py"), kind, f"{seconds:.3f}"]
    with tempfile.TemporaryDirectory() as cache:
        surroundings = SURROUNDINGS | {"GRADUS_CACHE": cache}
        try:
            done = subprocess.run(command, capture_output=True, text=True, env=surroundings, timeout=_LATEST)
        except subprocess.TimeoutExpired:
            return -1, "", "it does not end"
    return done.returncode, done.stdout, done.stderr


def _beside_torch(times: int) -> Iterator[Outcome]:
    words = ["torch"] if find_spec("torch") else []
    yield from outcomes("together", times, *words)


OTHERS = Promise(
    "others",
    "It lives well with others",
    (
        Trial(
            "forks",
            "the process is forked while threads compile, train and read; the child compiles, predicts, reads",
            lambda times: outcomes("forking", times),
            short=4,
            long=300,
        ),
        Trial(
            "ends",
            "a program ends, by itself or by Ctrl-C, while threads compile, train or read",
            _ends,
            short=4,
            long=40,
        ),
        Trial("rests", "ticks of processor time that idle threads take in a second", _rests, short=1, long=10),
        Trial(
            "together",
            "two trainings in threads of an event loop, against the bits of each alone",
            lambda times: outcomes("together", times),
            short=2,
            long=200,
        ),
        Trial("beside PyTorch", "the same while PyTorch and NumPy compute beside", _beside_torch, short=1, long=50),
    ),
    tests=("test_forks.py", "test_compile_threads.py", "test_ctrl_c.py", "test_trainer_turns.py"),
    limits=(
        "Who forks while a thread compiles or trains for longer than a minute is not kept waiting: the child cannot "
        "compile then, and says so.",
        "A compiled function that is traced while another thread draws from Python's generator is refused as drawing "
        "itself.",
    ),
)
