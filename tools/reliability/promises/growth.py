"""What is done again and again takes no more memory, files and threads than it took at first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

from ..programs.growing import Held, watched
from ..promise import HELD, Outcome, Promise, Trial

_APART = 200  # times from which it is done in a process of its own, whose resident memory counts
_MOST = 0.01  # by what part resident memory may grow between the first tenth and the end
_LOOKS = 4  # where it is done here
_NOISE = 50  # objects by which caches of Python and NumPy may fill up between two looks


def _grows(times: int, name: str, kept: int = 0, native: int = 0) -> Iterator[Outcome]:
    """Do it so many times; the last outcome says whether more is held than after the first part of the way.

    `kept`: how many of Python's objects each time is to leave, as a record of an epoch; `native`: how many bytes.
    """
    if times < _APART:
        looks = watched(name, times, _LOOKS)
        yield from [HELD] * (times - 1)
    else:
        looks = yield from _in_a_process(name, times)
    failed = _failed(name, times, looks, kept)
    first, last = looks[0].resident, looks[-1].resident
    if times >= _APART and last > first * (1 + _MOST) + times * native:
        failed = failed or f"{name}: resident memory grows from {first:,} to {last:,} bytes in {times:,} times"
    yield Outcome(failed, f"{100 * (last / first - 1):+.1f} % of {first / 2**20:.0f} MiB" if first else "")


def _in_a_process(name: str, times: int) -> Iterator[Outcome]:
    """The same in a process that does nothing else, with a cache of its own for native code."""
    program = [sys.executable, "-m", "tools.reliability.programs.growing", name, str(times)]
    told = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            program, stdout=subprocess.PIPE, stderr=said, text=True, env=os.environ | {"GRADUS_CACHE": folder}
        ) as process,
    ):
        line = "[]"
        for line in process.stdout or ():
            if line.strip().isdecimal() and int(line) < times:
                yield from [HELD] * (int(line) - told)
                told = int(line)
        if process.wait():
            said.seek(0)
            raise RuntimeError(f"{name} ended with {process.returncode}: {said.read()[-2000:]}")
    yield from [HELD] * (times - 1 - told)
    return [Held(*look) for look in json.loads(line)]


def _failed(name: str, times: int, looks: Sequence[Held], kept: int) -> str:
    """What grows, besides resident memory: it is counted, to the last one.

    What grows a little, or not from each look to the next, are caches of Python and NumPy that fill up, and threads
    that are started at the first need.
    """
    each = times // len(looks)
    if all(after.blocks - before.blocks >= each * (1 + kept) + _NOISE for before, after in pairwise(looks)):
        return f"{name}: Python's objects become more and more: {[look.blocks for look in looks]}"
    for what in ("files", "threads", "code"):
        found = [getattr(look, what) for look in looks]
        if all(after > before for before, after in pairwise(found)):
            return f"{name}: {what} become more and more: {found}"
    return ""


def _trial(name: str, what: str, short: int, long: int, kept: int = 0, native: int = 0) -> Trial:
    return Trial(name, what, partial(_grows, name=name, kept=kept, native=native), short, long)


GROWTH = Promise(
    "growth",
    "What is done again and again takes no more memory than at first",
    (
        _trial("steps", "compiled steps of training", 100, 100_000),
        _trial("eager-steps", "eager steps of training", 100, 100_000),
        _trial("epochs", "epochs, validated, with a run's folder", 20, 1_000, kept=20),
        _trial("epochs-shown", "epochs that show their progress", 20, 1_000, kept=20),
        _trial("epochs-eager", "eager epochs with a run's folder", 20, 1_000, kept=20),
        _trial("shapes", "shapes given to one compiled function, their code from disk", 15, 1_000),
        _trial("shapes-anew", "shapes given to one compiled function, compiled anew", 15, 1_000, native=10_000),
        _trial("samples", "predictions of one sample", 100, 10_000),
        _trial("batches", "predictions of a batch", 100, 10_000),
        _trial("models", "models made, compiled, trained a step and dropped", 8, 1_000),
        _trial("models-eager", "the same without compiling", 12, 1_000),
        _trial("functions", "functions compiled and dropped", 20, 1_000),
        _trial("classes", "classes of models made, used and dropped", 60, 1_000),
        _trial("transforms", "derivatives, checkpoints and functions with gradients of their own", 40, 1_000),
        _trial("loaders", "DataLoaders that threads read for", 100, 1_000),
        _trial("loaders-processes", "DataLoaders that processes read for", 4, 1_000),
        _trial("guards", "steps in `guard`", 20, 1_000),
        _trial("guards-compiled", "compiled steps in `guard`", 20, 1_000),
        _trial("errors", "mistakes of a user's, told and caught", 48, 10_000),
        _trial("checkpoints", "weights saved and loaded", 100, 1_000),
        _trial("histories", "gradients walked back through two thousand operations", 4, 1_000),
    ),
    tests=("test_growth.py",),
    limits=(
        "Resident memory is what the system says after the garbage was collected and, where glibc has `malloc_trim`, "
        "free memory given back; between, Python's collector comes when it likes. The note is by how much it grew from "
        "the first tenth to the end; the limit is 1 %.",
        "LLVM, as llvmlite hands it on, keeps some kilobytes of each program that is compiled and not found on disk.",
    ),
)
