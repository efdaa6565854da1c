"""Trainings and the files that they write, killed, stopped and without room."""

from __future__ import annotations

import atexit
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from ..promise import Outcome, Trial

ROOT = Path(__file__).parent.parent.parent.parent


def _tries(trial: str) -> Callable[[int], Iterator[Outcome]]:
    """Those of programs/killed.py, which forks for each life, and so is a process of its own, with one thread."""

    def run(times: int) -> Iterator[Outcome]:
        ended, waited = 0, list[float]()
        for line in _lines(trial, times):
            found = json.loads(line)
            ended += found["ended"]
            waited += found["waited"]
            note = f"{ended} ended"
            if waited and trial in ("sigterm", "ctrl-c"):
                note += f", after {statistics.median(waited):.2f} s in the median, {max(waited):.2f} s at most"
            yield Outcome(found["failed"] and f"try {found['number']}: {found['failed']}", note)

    return run


def _lines(trial: str, times: int) -> Iterator[str]:
    process, whole = _process(), False
    assert process.stdin is not None and process.stdout is not None
    try:
        print(trial, times, file=process.stdin, flush=True)
        for line in process.stdout:
            if line == "\n":
                whole = True
                return
            yield line
        raise RuntimeError("the process that tries has ended")
    finally:
        if not whole:
            _end()


@cache
def _process() -> subprocess.Popen[str]:
    """One for all trials, since it takes a while to begin."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    one = {"GRADUS_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": path}
    command = [sys.executable, "-m", "tools.reliability.programs.killed"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=os.environ | one, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
    atexit.register(_end)
    return process


def _end() -> None:
    """End it."""
    if _process.cache_info().currsize:
        with _process() as process:
            process.kill()
        _process.cache_clear()


def _trial(name: str, what: str, long: int) -> Trial:
    return Trial(name, what, _tries(name), short=1, long=long)


TRAINING = (
    _trial("compiled", "trainings in native code, killed up to three times and gone on with: the same bits", 50),
    _trial("eager", "the same, computed eagerly", 50),
    _trial("pretraining", "machines and autoencoders learning layer by layer, killed and gone on with", 20),
    _trial("checkpoints", "the writing of checkpoints, killed: the one that is there is whole", 100),
    _trial("cache", "the compiler's files, killed while they are written: what is found is whole", 20),
    _trial("sigterm", "trainings stopped by SIGTERM, and gone on with", 20),
    _trial("ctrl-c", "trainings stopped by Ctrl-C, and gone on with", 20),
    _trial("full", "a disk that is full from some write on: told, and gone on with once there is room", 30),
)
