"""Running a native program on all threads at once.

The caller's thread is thread 0. The others are Python threads that wait inside native code, without the interpreter's
lock, for the next program; after a while without work they go to sleep in Python and are woken by an event.
"""

from __future__ import annotations

import ctypes
import os
import platform
import threading
from functools import cache
from typing import Any

import numpy as np

from .target import Loaded, Target, compile_object, host

PATIENCE = 200_000  # looks at the job board before a waiting thread goes to sleep: some milliseconds
GENERATION, FUNCTION, TABLE, SYNC, THREADS = range(0, 40, 8)  # places on the job board, a cache line apart

SERVE = """
DECLARE

define i64 @serve(ptr %board, i64 %who, i64 %seen, i64 %patience) {
start:
  br label %look
look:
  %done = phi i64 [ %seen, %start ], [ %done, %wait ], [ %now, %ran ]
  %spins = phi i64 [ 0, %start ], [ %more, %wait ], [ 0, %ran ]
  %now = load atomic i64, ptr %board acquire, align 8
  %same = icmp eq i64 %now, %done
  %odd = trunc i64 %now to i1
  %idle = or i1 %same, %odd
  br i1 %idle, label %wait, label %work
wait:
  PAUSE
  %more = add i64 %spins, 1
  %tired = icmp sgt i64 %more, %patience
  br i1 %tired, label %sleep, label %look
work:
  %function_at = getelementptr i64, ptr %board, i64 8
  %table_at = getelementptr i64, ptr %board, i64 16
  %sync_at = getelementptr i64, ptr %board, i64 24
  %threads_at = getelementptr i64, ptr %board, i64 32
  %function = load ptr, ptr %function_at
  %table = load ptr, ptr %table_at
  %sync = load ptr, ptr %sync_at
  %threads = load i64, ptr %threads_at
  fence acquire
  %still = load atomic i64, ptr %board acquire, align 8
  %whole = icmp eq i64 %still, %now
  br i1 %whole, label %choose, label %wait
choose:
  %mine = icmp slt i64 %who, %threads
  br i1 %mine, label %run, label %ran
run:
  call void %function(ptr %table, ptr %sync, i64 %who, i64 %threads)
  br label %ran
ran:
  br label %look
sleep:
  ret i64 %done
}
"""


def pause(target: Target) -> tuple[str, str]:
    """The declaration and the call of what tells a processor that it is waiting."""
    if target.triple.startswith("aarch64") or platform.machine() in ("aarch64", "arm64"):
        return "declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"
    return "declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"


@cache
def _serve() -> Any:
    declaration, call = pause(host())
    text = SERVE.replace("DECLARE", declaration).replace("PAUSE", call)
    loaded = Loaded(compile_object(text, host()), host())
    integer = ctypes.c_int64
    return loaded, loaded.function("serve", ctypes.c_void_p, integer, integer, integer, result=integer)


class Pool:
    """The waiting threads, and the board on which they find their work."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.process = os.getpid()
        self._lock = threading.Lock()
        self._memory = np.zeros(64, np.int64)
        offset = -self._memory.ctypes.data % 64 // 8
        self.board = self._memory[offset : offset + 40]
        self._address = self.board.ctypes.data
        self._sync = np.zeros(32, np.int64)
        self._asleep = [False] * threads
        self._left_by: list[Loaded | None] = [None] * threads  # a thread may still be leaving its last program
        self._wake = [threading.Event() for _ in range(threads)]
        self._workers = [threading.Thread(target=self._work, args=(i,), daemon=True) for i in range(1, threads)]
        for w in self._workers:
            w.start()

    def _work(self, who: int) -> None:
        serve = _serve()[1]
        seen = 0
        while True:
            seen = serve(self._address, who, seen, PATIENCE)
            self._asleep[who] = True
            if int(self.board[GENERATION]) | 1 == seen | 1:
                self._wake[who].wait()
            self._wake[who].clear()
            self._asleep[who] = False

    def run(self, loaded: Loaded, name: str, table: int, threads: int) -> None:
        """Run a program on some of the threads, this one among them; it returns when all have finished."""
        with self._lock:
            self.board[GENERATION] += 1  # odd: the board is being written
            self.board[FUNCTION], self.board[TABLE] = loaded.address(name), table
            self.board[SYNC], self.board[THREADS] = self._sync.ctypes.data, threads
            self.board[GENERATION] += 1
            for who in range(1, threads):
                if self._asleep[who]:
                    self._wake[who].set()
            loaded.entry(name)(table, self._sync.ctypes.data, 0, threads)
            self._left_by[1:threads] = [loaded] * (threads - 1)


_pool: Pool | None = None
_threads = 0


def num_threads() -> int:
    """How many threads compiled programs use: the processors this process may run on, unless set.

    >>> num_threads() >= 1
    True
    """
    return _threads or _processors()


@cache
def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_num_threads(threads: int) -> None:
    """Use so many threads for compiled programs; 0 for as many as there are processors.

    The results do not depend on it, to the last bit.

    >>> set_num_threads(1)
    >>> num_threads()
    1
    >>> set_num_threads(0)
    """
    global _threads
    _threads = threads


def run_threads(loaded: Loaded, name: str, threads: int, table: Any) -> None:
    """Run a function of a loaded program on so many threads."""
    if threads == 1:
        loaded.entry(name)(table, None, 0, 1)
    else:
        pool(threads).run(loaded, name, ctypes.addressof(table), threads)


def pool(wanted: int) -> Pool:
    """The threads of this process, started when first needed."""
    global _pool
    if _pool is None or _pool.threads < wanted or _pool.process != os.getpid():
        _pool = Pool(wanted)
    return _pool
