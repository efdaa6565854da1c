"""What the machine can do at most: fused multiply-adds in registers, and copying in memory; measured, not looked up."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gradus.compiler.native.target import Loaded, compile_object, host

from .contestants import CORES
from .records import Workload

TURNS = 2_000_000  # of the loop of multiply-adds: some tens of milliseconds
COPIED = 2**28  # bytes, over all threads; far more than any cache holds


@dataclass(frozen=True)
class Limits:
    """Operations per second of all cores together, and bytes per second read and written."""

    operations: float = 0.0
    bandwidth: float = 0.0

    def or_better(self, other: Limits) -> Limits:
        """The higher of each."""
        return Limits(max(self.operations, other.operations), max(self.bandwidth, other.bandwidth))

    def floor(self, w: Workload) -> float:
        """The shortest time that a step could take, in seconds."""
        return max(w.operations / self.operations, w.bytes_moved / self.bandwidth)


def measure() -> Limits:
    """The limits now."""
    return Limits(_multiply_adds() * CORES, _copies())


def _multiply_adds() -> float:
    """Operations per second of one core, in a loop that touches registers only."""
    loop, per_turn = _loop()
    return TURNS * per_turn / min(_timed(lambda: loop(TURNS, 1.0)) for _ in range(5))


@cache
def _loop() -> tuple[Any, int]:
    """A loop of independent multiply-adds on three quarters of the vector registers, and the operations of a turn."""
    target = host()
    count = 24 if target.vector_bytes == 64 else 12
    vector = f"<{target.lanes} x float>"
    phis = [f"  %a{i} = phi {vector} [ %s{i}, %start ], [ %b{i}, %loop ]" for i in range(count)]
    adds = [f"  %b{i} = call {vector} @llvm.fma({vector} %x, {vector} %x, {vector} %a{i})" for i in range(count)]
    starts = [f"  %s{i} = fmul {vector} %x, splat (float {i + 2}.0)" for i in range(count)]
    sums = [f"  %t{i} = fadd {vector} {'%x' if not i else f'%t{i - 1}'}, %b{i}" for i in range(count)]
    text = "\n".join(
        [
            f"declare {vector} @llvm.fma({vector}, {vector}, {vector})",
            "define float @spin(i64 %turns, float %value) {",
            "start:",
            f"  %x0 = insertelement {vector} poison, float %value, i64 0",
            f"  %x = shufflevector {vector} %x0, {vector} poison, <{target.lanes} x i32> zeroinitializer",
            *starts,
            "  br label %loop",
            "loop:",
            "  %n = phi i64 [ %turns, %start ], [ %m, %loop ]",
            *phis,
            *adds,
            "  %m = sub i64 %n, 1",
            "  %more = icmp ne i64 %m, 0",
            "  br i1 %more, label %loop, label %end",
            "end:",
            *sums,
            f"  %r = extractelement {vector} %t{count - 1}, i64 0",
            "  ret float %r",
            "}",
        ]
    )
    loaded = Loaded([compile_object(text, target)], target)
    function = loaded.function("spin", ctypes.c_int64, ctypes.c_float, result=ctypes.c_float)
    _KEPT.append(loaded)
    return function, 2 * count * target.lanes


_KEPT: list[Loaded] = []  # the code must outlive the function


def _copies() -> float:
    """Bytes read and written per second, all cores copying at once."""
    parts = [(np.ones(COPIED // CORES, np.uint8), np.empty(COPIED // CORES, np.uint8)) for _ in range(CORES)]
    with ThreadPoolExecutor(CORES) as threads:

        def copy() -> None:
            list(threads.map(lambda p: np.copyto(p[1], p[0]), parts))

        return 2 * COPIED / min(_timed(copy) for _ in range(5))


def _timed(do: Callable[[], Any]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start
