"""Measuring: the time of each kernel within a step, and the most that the machine can do."""

from __future__ import annotations

import ctypes
import itertools
import platform
import time
from functools import cache
from typing import NamedTuple

import numpy as np

from ... import dtypes
from ..emit.code import Code
from ..emit.kit import Kit
from ..emit.value import Value
from ..native.entry import SIGNATURE, module
from ..native.program import Program
from ..native.runtime import Call
from ..native.step import Step
from ..native.target import Loaded, compile_object, default

LONG = 0.4  # seconds that a profile takes, about
FEWEST, MOST = 5, 300  # runs
EMPTY = 8  # looks at the clock with nothing between
FREE_REGISTERS = 4  # of the vector registers, while the sums of the peak fill the others
MEMORY, SMALLEST = 1 << 27, 1 << 12  # bytes moved by a copy: more than a cache holds; so few that a call costs little

Table = ctypes.Array[ctypes.c_uint64]


class Profile(NamedTuple):
    """Seconds, the mean of the faster half of several runs.

    Attributes:
        stages: of each stage, until all threads have finished it.
        barrier: of all threads' waiting for each other, and a look at the clock.
        step: of one whole call, without clocks.
    """

    stages: list[float]
    barrier: float
    step: float


def profile(step: Step) -> Profile:
    """Time a step's stages, on copies of all that it reads and writes: nothing of the user's is changed."""
    program = step.program
    codes = [*program.functions.all(), _mark(program), program.step(), _clocked(program)]
    loaded = Loaded([compile_object(module(codes), program.target)], program.target)
    memory = _Copies(step)
    whole, clocked = Call(loaded, "step", memory.table), Call(loaded, "clocked", memory.table)
    marks: list[np.ndarray] = []
    times: list[float] = []
    clock: list[float] = []
    began = time.perf_counter()
    while len(marks) < FEWEST or (len(marks) < MOST and time.perf_counter() - began < LONG):
        memory.restore()
        started = time.perf_counter()
        whole.run(program.threads)
        times.append(time.perf_counter() - started)
        memory.restore()
        clocked.run(program.threads)
        clock.append(time.perf_counter())
        marks.append(memory.clock.copy())
    tick = (clock[-1] - clock[0]) / float(marks[-1][-1] - marks[0][-1])
    between = _typical(np.diff(np.array(marks[1:]))) * tick
    stages, barrier = between[: len(program.stages)], float(np.median(between[len(program.stages) :]))
    return Profile([max(float(s) - barrier, 0.0) for s in stages], barrier, float(_typical(np.array(times[1:]))))


def _typical(runs: np.ndarray) -> np.ndarray:
    """The mean of the faster half of the runs: what other programs disturbed is left out."""
    faster: np.ndarray = np.sort(runs, axis=0)[: -(-len(runs) // 2)]
    return np.asarray(faster.mean(axis=0))


def _clocked(program: Program) -> Code:
    """The step, with a look at the clock after each stage, and some more at the end to find what a look costs."""
    place = itertools.count(1)

    def look(code: Code) -> None:
        code.do("call void @barrier(ptr %sync, i64 %threads)")
        code.do(f"call void @mark(ptr %table, i64 %thread, i64 {next(place)})")

    code = program.step("clocked", look)
    for _ in range(EMPTY):  # at the first a thread may still have to wake up
        look(code)
    first = ["call void @barrier(ptr %sync, i64 %threads)", "call void @mark(ptr %table, i64 %thread, i64 0)"]
    code.entry += [f"  {line}" for line in first]
    return code


def _mark(program: Program) -> Code:
    """A function by which thread 0 keeps the clock's reading."""
    code = Code("mark", "ptr %table, i64 %thread, i64 %place")
    arm = platform.machine() in ("aarch64", "arm64")
    now = code.call("i64", "llvm.readsteadycounter" if arm else "llvm.readcyclecounter")
    with code.when(code.op("icmp eq i64 %thread, 0")):
        clock = code.op(f"load ptr, ptr {code.element('ptr', '%table', program.job_slot)}")
        code.do(f"store i64 {now}, ptr {code.element('i64', clock, '%place')}")
    return code


class _Copies:
    """A step's memory a second time."""

    def __init__(self, step: Step) -> None:
        program, plan = step.program, step.program.plan
        self._originals = step.given()
        self._given = [a.copy() for a in self._originals]
        self._results = [np.empty(n.shape, n.dtype) for n in plan.results.values()]
        self._arena = np.empty(plan.arena + 64, np.uint8)
        self.clock = np.zeros(len(program.stages) + 1 + EMPTY, np.int64)
        base = -(-self._arena.ctypes.data // 64) * 64
        self.table: Table = (ctypes.c_uint64 * plan.count)()
        for slot, offset in plan.offsets.items():
            self.table[slot] = base + offset
        slots = [plan.slots[n] for n in program.graph.inputs]
        for slot, array in [*zip(slots, self._given, strict=True), *zip(plan.results, self._results, strict=True)]:
            self.table[slot] = array.ctypes.data
        self.table[program.job_slot] = self.clock.ctypes.data
        self._refused = np.zeros(1, np.int64)
        if program.refusal is not None:
            self.table[program.refusal.slot] = self._refused.ctypes.data

    def restore(self) -> None:
        """Every run starts from the same numbers."""
        for copy, original in zip(self._given, self._originals, strict=True):
            np.copyto(copy, original)


# -- what the machine can do -------------------------------------------------------------------------------------------


@cache
def peak(threads: int) -> float:
    """Operations a second: float32 multiply-adds on registers alone, on so many threads at once."""
    loops = 200_000
    code = Code("peak", SIGNATURE, linkage="")
    kit = Kit(code, default().lanes)
    type_ = kit.type(dtypes.float32)
    out = code.element("i8", code.op("load ptr, ptr %table"), code.op("mul i64 %thread, 4096"))
    factor = Value(kit, dtypes.float32, code.op(f"load {type_}, ptr {out}, align 4"))
    sums = [code.variable(type_) for _ in range(default().registers - FREE_REGISTERS)]
    for memory in sums:
        code.do(f"store {type_} {factor.ref}, ptr {memory}")
    with code.loop(0, loops):
        for memory in sums:
            so_far = Value(kit, dtypes.float32, code.op(f"load {type_}, ptr {memory}"))
            code.do(f"store {type_} {kit.fma(factor, factor, so_far).ref}, ptr {memory}")
    for i, memory in enumerate(sums):
        last = code.op(f"load {type_}, ptr {memory}")
        code.do(f"store {type_} {last}, ptr {code.element('i8', out, 64 * i)}, align 4")
    code.do("call void @barrier(ptr %sync, i64 %threads)")
    room = np.zeros(4096 * threads, np.uint8)
    return 2 * len(sums) * default().lanes * loops * threads / _fastest(code, threads, room)


def bandwidth(threads: int, size: int = MEMORY) -> float:
    """Bytes a second, read and written, of a copy on so many threads that moves about `size` bytes again and again."""
    return _copying(threads, 1 << max(SMALLEST, min(size, MEMORY)).bit_length() - 1)


@cache
def _copying(threads: int, size: int) -> float:
    code = Code("transfer", SIGNATURE, linkage="")
    part, again = size // 2 // threads // 64 * 64, max(1, MEMORY // 8 // size)
    source, target = (code.op(f"load ptr, ptr {code.element('ptr', '%table', i)}") for i in range(2))
    start = code.op(f"mul i64 %thread, {part}")
    to, of = code.element("i8", target, start), code.element("i8", source, start)
    with code.loop(0, again):
        code.call("void", "llvm.memcpy.p0.p0.i64", f"ptr {to}", f"ptr {of}", f"i64 {part}", "i1 false")
    code.do("call void @barrier(ptr %sync, i64 %threads)")
    arrays = np.ones(size // 2, np.uint8), np.ones(size // 2, np.uint8)
    return 2 * part * threads * again / _fastest(code, threads, *arrays)


def _fastest(code: Code, threads: int, *arrays: np.ndarray) -> float:
    """The least time of several runs."""
    loaded = Loaded([compile_object(module([code]), default())], default())
    table: Table = (ctypes.c_uint64 * len(arrays))(*(a.ctypes.data for a in arrays))
    call = Call(loaded, code.name, table)
    times: list[float] = []
    while len(times) < FEWEST or (len(times) < MOST and sum(times) < LONG / 4):
        started = time.perf_counter()
        call.run(threads)
        times.append(time.perf_counter() - started)
    return min(times)
