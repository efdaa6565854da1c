"""The sanitizer: runs compiled operations in memory against unreadable pages (`guarded.py`), in a process of their own.

    python tests/sanitizer.py            # a sample, as in the default run of the tests
    python tests/sanitizer.py --long     # every operation, dtype, length and processor; prints its count

A process that is ended by a signal is a failure of the case that it had begun: the operations it ran together are then
run one by one, to name the one. Where nothing is touched that should not be, values are compared with eager mode's.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import guarded
import numpy as np
from loop_operations import LOOPS
from operations import DTYPES, FAULTS, OPERATIONS, Given, accepted

import gradus
from gradus import dtypes
from gradus.compiler.native import stages, target
from gradus.compiler.native.step import Step
from gradus.tensor import Tensor

EPOCH = "epoch"  # an operation that is no function of arrays
BF16 = "bf16"  # not a processor: this one, with products of operands rounded to bfloat16
PRODUCTS = ("products", "wide_products", "layers", "convolution_channels", "convolution_strided")
LENGTHS = (*range(1, 68), *range(127, 131))
TARGETS = ("sse2", "avx2", "avx512")
SECONDS = 120  # for a group; longer is taken for ever
TOLERANCE = {"float64": 1e-10, "float32": 3e-5, "float16": 1e-2, "bfloat16": 6e-2}  # of the largest number
SOURCE = str(Path(gradus.__file__).parent.parent)
ENVIRONMENT = {**os.environ, "PYTHONPATH": SOURCE, "GRADUS_CACHE": os.devnull}  # this gradus; nothing is kept on disk


class Group(NamedTuple):
    """Operations that are compiled together."""

    operations: tuple[str, ...]
    dtype: str
    n: int
    target: str
    threads: int

    def __str__(self) -> str:
        what = self.operations[0] if len(self.operations) == 1 else f"one of {len(self.operations)} operations"
        return f"{what} of {self.dtype}, length {self.n}, {self.target}, {self.threads} thread(s)"


class Report(NamedTuple):
    """How many cases were run (an operation, a dtype, a length, a processor, a side), and what failed."""

    cases: int
    failures: list[str]


@cache
def _accepted(dtype: str) -> tuple[str, ...]:
    return tuple(name for name in OPERATIONS if accepted(name, dtype))


def runnable() -> tuple[str, ...]:
    """The processors whose code this one runs."""
    return tuple(t for t in TARGETS if getattr(target, t)().vector_bytes <= target.host().vector_bytes)


def every_group(together: int = 12) -> Iterator[Group]:
    """The whole product; every other group for three threads."""
    for number, n in enumerate(LENGTHS):
        for d, dtype in enumerate(DTYPES):
            names = _accepted(dtype)
            for t, name in enumerate(runnable()):
                for start in range(0, len(names), together):
                    yield Group(names[start : start + together], dtype, n, name, 1 + (number + d + t) % 2 * 2)
                yield Group((EPOCH,), dtype, n, name, 1 + (number + d + t) % 2 * 2)
        yield Group(PRODUCTS, "float32", n, BF16, 1 + number % 2 * 2)


def sample(groups: int = 25, together: int = 4) -> Iterator[Group]:
    """Some of them: every operation and dtype, lengths near the vectors' widths, by steps that share no divisor."""
    lengths = (17, 33, 1, 65, 16, 9, 31, 5, 130, 15, 3, 49)
    for i in range(groups):
        dtype = DTYPES[i * 5 % len(DTYPES)]
        names = _accepted(dtype)
        some = tuple(names[(i * 7 + j * 17) % len(names)] for j in range(together))
        where = runnable()
        yield Group(some, dtype, lengths[i * 7 % len(lengths)], where[-1 - i % len(where)], 1 + i % 2 * 2)
    yield from (Group((EPOCH,), dtype, 17, where[-1], 1) for dtype in ("float32", "uint8"))
    for n, dtype in ((17, "float32"), (7, "float64"), (33, "float16")):
        yield Group(LOOPS, dtype, n, where[-1], 3)
    yield Group(PRODUCTS[:1], "float32", 17, BF16, 1)


# -- in the process that may end --------------------------------------------------------------------------------------


def run(group: Group) -> list[str]:
    """Compile a group and run it on either side; what differs from eager mode."""
    stages.WORTH_SHARING = 0 if group.threads > 1 else 1 << 62
    gradus.set_num_threads(group.threads, force=True)
    if group.operations == (EPOCH,):
        return _epoch(group)
    xs, function = _all_of(group)
    expected = [[x.numpy().copy() for x in of_one] for of_one in function(*xs)]
    xs, function = _all_of(group)
    _, step = _compiled(function, group)._step_for(tuple(xs), {})
    given, read = [x.numpy() for x in xs], [(t, t.numpy().copy()) for t, *_ in step.version.read]
    failures = []
    for side in guarded.SIDES:
        _move(step, read, side)
        found = step.run([Tensor(guarded.copied(a, side)) for a in given])
        for name, ours, theirs in zip(group.operations, found, expected, strict=True):
            wrong = [i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if not _same(a.numpy(), b, group)]
            if wrong:
                failures.append(
                    f"{group._replace(operations=(name,))}, {side}: results {wrong} differ from eager mode's"
                )
    return failures


def _compiled(function: Any, group: Group) -> Any:
    if group.target == BF16:
        return gradus.compile(function, precision="bf16")
    return gradus.compile(function, target=getattr(target, group.target)())


def _epoch(group: Group) -> list[str]:
    """A native epoch: rows gathered from the data, results kept, a tensor written; against the same, step by step."""
    x, y, weight, rows = _epoch_data(group.dtype, group.n)
    failures = []
    eager = _epoch_step(Tensor(weight.copy()))
    expected = [[t.numpy().copy() for t in eager(Tensor(x[some]), Tensor(y[some]))] for some in rows]
    for side in guarded.SIDES:
        Step.room = guarded.GuardedRoom(side)
        step = _compiled(_epoch_step(Tensor(guarded.copied(weight, side))), group)
        data = [guarded.copied(a, side) for a in (x, y)]
        parts = list(step.slices(data, guarded.copied(rows, side)))
        for number, one in enumerate(zip(*(np.concatenate(p) for p in zip(*parts, strict=True)), strict=True)):
            if not all(_same(np.asarray(a), b, group) for a, b in zip(one, expected[number], strict=True)):
                failures.append(f"{group}, {side}: step {number} differs from eager mode's")
    return failures


def _epoch_data(dtype: str, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows of data, numbers that go with them, a tensor that steps write, and which rows each step takes."""
    g = Given(EPOCH, dtype, n)
    rows = np.random.default_rng(n).integers(0, 9, (5, 3))
    return g(9, n).numpy(), g(9).numpy(), g(n).numpy(), rows


def _epoch_step(w: Tensor) -> Any:
    def step(x: Tensor, y: Tensor) -> list[Tensor]:
        return [(x * y.reshape(-1, 1) * w).sum(), w.assign_(x.max(0)), x.astype("uint8")[:, ::-1]]

    return step


def _all_of(group: Group) -> tuple[list[Tensor], Any]:
    """The arguments of all operations of a group, and a function that carries them all out."""
    known = OPERATIONS | FAULTS
    gradus.seed(0)  # what layers begin with
    made = [known[name](Given(name, group.dtype, group.n)) for name in group.operations]

    def function(*xs: Tensor) -> list[list[Tensor]]:
        left = iter(xs)
        return [of_one(*(next(left) for _ in given)) for given, of_one in made]

    return [x for given, _ in made for x in given], function


def _move(step: Step, read: list[tuple[Tensor, np.ndarray]], side: str) -> None:
    """Let all of a step's memory, and the tensors that it reads besides its arguments, begin anew on a side."""
    for t, numbers in read:
        t.data = guarded.copied(numbers, side)
    step.version.read = [(t, t.data, *rest) for t, _, *rest in step.version.read]
    Step.room = guarded.GuardedRoom(side)
    step._bind_memory()


def _same(a: np.ndarray, b: np.ndarray, group: Group) -> bool:
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return False
    if not dtypes.is_float(a.dtype):
        return bool(np.array_equal(a, b))
    allowed = TOLERANCE["bfloat16" if group.target == BF16 else a.dtype.name]
    a, b = a.astype("float64"), b.astype("float64")
    largest = np.abs(b[np.isfinite(b)]).max(initial=1)
    return bool(np.allclose(a, b, rtol=0, atol=allowed * largest, equal_nan=True))


def child() -> None:
    """Run the groups that come in, a line each; say of each when it begins and what it found."""
    for line in sys.stdin:
        names, *rest = json.loads(line)
        signal.alarm(SECONDS)
        print(json.dumps(run(Group(tuple(names), *rest))), flush=True)


# -- in the process that looks on -------------------------------------------------------------------------------------


class Watched:
    """A process that runs groups; a new one where it has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, group: Group) -> list[str] | int:
        """What a group found, or the number of the signal that ended it."""
        if self._process is None:
            command, pipe = [sys.executable, __file__, "--child"], subprocess.PIPE
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=ENVIRONMENT)
        process = self._process
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(group) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if answer:
            return list(json.loads(answer))
        self.end()
        return process.wait()

    def end(self) -> None:
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process.wait()
            self._process = None


def survey(groups: Iterable[Group], workers: int = 1, progress: bool = False) -> Report:
    """Run groups in processes of their own."""
    mine, started, cases, failures = threading.local(), time.perf_counter(), 0, []
    every: list[Watched] = []

    def watch(group: Group) -> list[str]:
        if not hasattr(mine, "watched"):
            mine.watched = Watched()
            every.append(mine.watched)
        return _watch(mine.watched, group)

    with ThreadPoolExecutor(workers) as pool:
        for some in _in_hundreds(groups):
            for group, found in zip(some, pool.map(watch, some), strict=True):
                failures += found
                cases += len(group.operations) * len(guarded.SIDES)
            if progress:
                said = f"{cases} cases, {len(failures)} failures, {time.perf_counter() - started:.0f} s"
                print(said, *failures[-10:], sep="\n", flush=True)
    for watched in every:
        watched.end()
    return Report(cases, failures)


def _in_hundreds(groups: Iterable[Group]) -> Iterator[list[Group]]:
    left = iter(groups)
    while some := list(itertools.islice(left, 100)):
        yield some


def _watch(watched: Watched, group: Group) -> list[str]:
    """What fails of a group; of one that ends its process, each operation is run by itself."""
    found = watched.run(group)
    if not isinstance(found, int):
        return found
    alone = [group._replace(operations=(name,)) for name in group.operations]
    ended = [(one, code) for one in alone if isinstance(code := watched.run(one), int)]
    return [f"{one}: ended by {_signal(code)}" for one, code in ended or [(group, found)]]


def _signal(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"


if __name__ == "__main__":
    if "--child" in sys.argv:
        child()
    else:
        long = "--long" in sys.argv
        report = survey(every_group() if long else sample(), os.cpu_count() or 1 if long else 1, progress=True)
        print(*report.failures, f"{report.cases} cases, {len(report.failures)} failures", sep="\n")
        sys.exit(bool(report.failures))
