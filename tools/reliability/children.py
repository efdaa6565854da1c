"""Programs that try a promise in processes of their own: those in `programs/`, which print a line for each try."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradus

from .promise import Outcome

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 300.0  # seconds for one try
SURROUNDINGS = os.environ | {"PYTHONPATH": str(Path(gradus.__file__).parents[1]), "PYTHONUNBUFFERED": "1"}


def outcomes(program: str, times: int, *words: object) -> Iterator[Outcome]:
    """What a program of that name finds, which is given the number of tries and these words.

    A line of it is what failed in a try, empty if nothing did, and after a tab a note. Where it ends too early, with
    an error, or takes too long, what is left has failed.
    """
    command = [sys.executable, str(PROGRAMS / f"{program}.py"), str(times), *map(str, words)]
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "text": True, "env": SURROUNDINGS}
    count = 0
    with subprocess.Popen(command, **options) as process:
        late = threading.Event()
        for line in _lines(process, late):
            failed, _, note = line.rstrip("\n").partition("\t")
            yield Outcome(failed, note)
            count += 1
    why = "took too long" if late.is_set() else f"ended with {process.returncode}"
    if count < times or process.returncode:
        yield from (Outcome(f"{program} {why} at try {count}") for _ in range(max(1, times - count)))


def _lines(process: subprocess.Popen[str], late: threading.Event) -> Iterator[str]:
    def end() -> None:
        late.set()
        process.kill()

    while True:
        timer = threading.Timer(PATIENCE, end)
        timer.daemon = True
        timer.start()
        line = process.stdout.readline()  # type: ignore[union-attr]
        timer.cancel()
        if not line:
            return
        yield line
