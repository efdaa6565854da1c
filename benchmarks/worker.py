"""A contestant's process: it waits for orders on a pipe, and does nothing else meanwhile.

Started as `python -m benchmarks.worker NAME DESCRIPTOR`; orders and answers are JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .contestants import BY_NAME, Contestant

ROOT = Path(__file__).parent.parent
NO_WARMING = 10  # a call that takes so many times as long as the measurement is one


class ContestantError(Exception):
    """A contestant could not do what it was told; the text says why."""


class Worker:
    """This side of a contestant's process.

    Args:
        contestant: whose process it is.
        patience: seconds to wait for an answer.
        tuned, cache: see `Contestant.full_environment`.
        root: the checkout that it runs.
    """

    def __init__(
        self,
        contestant: Contestant,
        patience: float,
        tuned: bool = True,
        cache: str | None = None,
        root: Path = ROOT,
    ) -> None:
        self.contestant, self.patience = contestant, patience
        self._pipe, theirs = Pipe()
        self.started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", contestant.name, str(theirs.fileno())],
            env=contestant.full_environment(tuned, cache) | {"PYTHONPATH": str(root / "src")},
            cwd=root,
            pass_fds=[theirs.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        theirs.close()

    def imported(self) -> float:
        """Wait until it is ready for orders: the seconds that took."""
        self._answer()
        return time.monotonic() - self.started

    def prepare(self, workload: str) -> dict[str, Any]:
        """Build and compile: `first`, seconds to the first result, and `values`, the first three."""
        return self._order("prepare", workload)

    def measure(self, seconds: float) -> float:
        """The time of one step, from as many as take so many seconds."""
        return float(self._order("measure", seconds)["step"])

    def peak(self) -> int:
        """The most bytes of memory that the process has held."""
        return int(self._order("peak", None)["bytes"])

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _order(self, what: str, argument: Any) -> dict[str, Any]:
        try:
            self._pipe.send_bytes(json.dumps([what, argument]).encode())
        except OSError:
            raise ContestantError("its process has ended") from None
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        if not self._pipe.poll(self.patience):
            raise ContestantError(f"no answer within {self.patience:.0f} s")
        try:
            answer: dict[str, Any] = json.loads(self._pipe.recv_bytes())
        except (EOFError, OSError):
            raise ContestantError(f"its process ended with status {self._process.wait()}") from None
        if "error" in answer:
            raise ContestantError(answer["error"])
        return answer


class Served:
    """The other side: the orders."""

    def __init__(self, contestant: Contestant) -> None:
        self.contestant = contestant
        self.module = contestant.load()

    def prepare(self, workload: str) -> dict[str, Any]:
        from .workloads import find

        start = time.perf_counter()
        w = find(workload)
        self.runner = getattr(self.module, w.kind)(w, **self.contestant.options)
        values = [float(v) for v in self.runner.values(self.runner.call())]
        first = time.perf_counter() - start
        while len(values) < 3:
            values += map(float, self.runner.values(self.runner.call()))
        return {"first": first, "values": values[:3]}

    def measure(self, seconds: float) -> dict[str, Any]:
        calls, taken = 1, self._seconds(1)
        if taken < NO_WARMING * seconds:
            calls, taken = 0, 0.0
        while taken < seconds:  # the shorter runs are for warming up
            calls = max(2 * calls, min(100 * calls, int(1.2 * calls * seconds / max(taken, 1e-9))), 1)
            taken = self._seconds(calls)
        return {"step": taken / calls / self.runner.steps}

    def _seconds(self, calls: int) -> float:
        """How long so many calls take."""
        start = time.perf_counter()
        for _ in range(calls):
            self.runner.call()
        return time.perf_counter() - start

    def peak(self, _: None) -> dict[str, Any]:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return {"bytes": int(line.split()[1]) * 1024}
        raise ContestantError("this system does not tell the peak of a process's memory")


def serve(name: str, descriptor: int) -> None:
    """Answer orders until the other side is closed."""
    pipe = Connection(descriptor)
    served = _guarded(lambda: Served(BY_NAME[name]))
    pipe.send_bytes(json.dumps(served if isinstance(served, dict) else {}).encode())
    while True:
        try:
            what, argument = json.loads(pipe.recv_bytes())
        except EOFError:
            return
        answer = _guarded(partial(getattr(served, what), argument))
        pipe.send_bytes(json.dumps(answer).encode())


def _guarded(do: Callable[[], Any]) -> Any:
    """What `do` returns, or its error as an answer."""
    try:
        return do()
    except Exception as error:  # whatever it is, the other contestants go on
        first = (str(error).splitlines() or [""])[0]
        return {"error": f"{type(error).__name__}: {first}"[:200]}


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
