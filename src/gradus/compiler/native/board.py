"""How threads wait, in LLVM's language: thread 0 posts a program on a board, at which the others look.

One that has looked often enough goes to sleep, and the next post wakes it. All of it is native: no Python code, and no
exception such as Ctrl-C, can come between a post and the work.
"""

from __future__ import annotations

import ctypes
import platform
from functools import cache

from ..trace.address import WRITEABLE
from . import cache as disk
from .target import Loaded, Target, default

PATIENCE = 200_000  # looks at the board before a waiting thread goes to sleep: some milliseconds

# The job board, in words of 8 bytes: what is posted is one cache line, what the threads of a program write are others.
GENERATION, FUNCTION, TABLE, THREADS = range(4)
SYNC, SLEEPERS, MUTEX, CONDITION, BOARD = 16, 32, 40, 56, 72
# A call: what is to be posted, and where; and where the flags stand of the arrays that it writes, and how many they are
CALL_FUNCTION, CALL_TABLE, CALL_THREADS, CALL_BOARD, CALL_FLAGS, CALL_WRITES, CALL = range(7)

PRELUDE = f"""
DECLARE
declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_broadcast(ptr)

define void @set_up(ptr %board) {{
  %mutex = getelementptr i64, ptr %board, i64 {MUTEX}
  %condition = getelementptr i64, ptr %board, i64 {CONDITION}
  %ignored = call i32 @pthread_mutex_init(ptr %mutex, ptr null)
  %ignored2 = call i32 @pthread_cond_init(ptr %condition, ptr null)
  ret void
}}
"""

_UNLESS_FROZEN = """start:
  %no = call i1 @frozen(ptr %call)
  br i1 %no, label %refused, label %go
refused:
  ret i32 1
go:
"""

# Thread 0's side. A generation is odd while the board is being written. The result is 1, and nothing was run, where an
# array that would be written may not be.
POST = f"""
define internal i1 @frozen(ptr %call) {{
start:
  %flags_at = getelementptr i64, ptr %call, i64 {CALL_FLAGS}
  %writes_at = getelementptr i64, ptr %call, i64 {CALL_WRITES}
  %flags = load ptr, ptr %flags_at
  %writes = load i64, ptr %writes_at
  br label %next
next:
  %i = phi i64 [ 0, %start ], [ %more, %look ]
  %all = icmp eq i64 %i, %writes
  br i1 %all, label %done, label %look
look:
  %flag_at = getelementptr ptr, ptr %flags, i64 %i
  %flag = load ptr, ptr %flag_at
  %word = load i32, ptr %flag
  %bit = and i32 %word, {WRITEABLE}
  %no = icmp eq i32 %bit, 0
  %more = add i64 %i, 1
  br i1 %no, label %done, label %next
done:
  %found = phi i1 [ 0, %next ], [ 1, %look ]
  ret i1 %found
}}

define i32 @alone(ptr %call) {{
start:
  %no = call i1 @frozen(ptr %call)
  br i1 %no, label %refused, label %go
refused:
  ret i32 1
go:
  %function = load ptr, ptr %call
  %table_at = getelementptr i64, ptr %call, i64 {CALL_TABLE}
  %table = load ptr, ptr %table_at
  call void %function(ptr %table, ptr null, i64 0, i64 1)
  ret i32 0
}}

define i32 @together(ptr %call) {{
start:
  %no = call i1 @frozen(ptr %call)
  br i1 %no, label %refused, label %go
refused:
  ret i32 1
go:
  %table_at = getelementptr i64, ptr %call, i64 {CALL_TABLE}
  %threads_at = getelementptr i64, ptr %call, i64 {CALL_THREADS}
  %board_at = getelementptr i64, ptr %call, i64 {CALL_BOARD}
  %function = load ptr, ptr %call
  %table = load ptr, ptr %table_at
  %threads = load i64, ptr %threads_at
  %board = load ptr, ptr %board_at
  %post_function = getelementptr i64, ptr %board, i64 {FUNCTION}
  %post_table = getelementptr i64, ptr %board, i64 {TABLE}
  %post_threads = getelementptr i64, ptr %board, i64 {THREADS}
  %before = load atomic i64, ptr %board monotonic, align 8
  %odd = add i64 %before, 1
  %after = add i64 %before, 2
  store atomic i64 %odd, ptr %board monotonic, align 8
  fence release
  store atomic ptr %function, ptr %post_function monotonic, align 8
  store atomic ptr %table, ptr %post_table monotonic, align 8
  store atomic i64 %threads, ptr %post_threads monotonic, align 8
  store atomic i64 %after, ptr %board seq_cst, align 8
  %sleepers_at = getelementptr i64, ptr %board, i64 {SLEEPERS}
  %sleepers = load atomic i64, ptr %sleepers_at seq_cst, align 8
  %awake = icmp eq i64 %sleepers, 0
  br i1 %awake, label %posted, label %wake
wake:
  %mutex = getelementptr i64, ptr %board, i64 {MUTEX}
  %condition = getelementptr i64, ptr %board, i64 {CONDITION}
  %ignored = call i32 @pthread_mutex_lock(ptr %mutex)
  %ignored2 = call i32 @pthread_cond_broadcast(ptr %condition)
  %ignored3 = call i32 @pthread_mutex_unlock(ptr %mutex)
  br label %posted
posted:
  %nothing = icmp eq i64 %threads, 0
  br i1 %nothing, label %done, label %run
run:
  %sync = getelementptr i64, ptr %board, i64 {SYNC}
  call void %function(ptr %table, ptr %sync, i64 0, i64 %threads)
  br label %done
done:
  ret i32 0
}}
"""

# The others' side: it ends when something is posted for no threads at all.
SERVE = f"""
define void @serve(ptr %board, i64 %who, i64 %seen) {{
start:
  %function_at = getelementptr i64, ptr %board, i64 {FUNCTION}
  %table_at = getelementptr i64, ptr %board, i64 {TABLE}
  %threads_at = getelementptr i64, ptr %board, i64 {THREADS}
  %sync = getelementptr i64, ptr %board, i64 {SYNC}
  %sleepers = getelementptr i64, ptr %board, i64 {SLEEPERS}
  %mutex = getelementptr i64, ptr %board, i64 {MUTEX}
  %condition = getelementptr i64, ptr %board, i64 {CONDITION}
  br label %look
look:
  %done = phi i64 [ %seen, %start ], [ %done, %wait ], [ %done, %woken ], [ %now, %ran ]
  %spins = phi i64 [ 0, %start ], [ %more, %wait ], [ 0, %woken ], [ 0, %ran ]
  %now = load atomic i64, ptr %board acquire, align 8
  %same = icmp eq i64 %now, %done
  %odd = trunc i64 %now to i1
  %idle = or i1 %same, %odd
  br i1 %idle, label %wait, label %work
wait:
  PAUSE
  %more = add i64 %spins, 1
  %tired = icmp sgt i64 %more, {PATIENCE}
  br i1 %tired, label %sleep, label %look
work:
  %function = load atomic ptr, ptr %function_at monotonic, align 8
  %table = load atomic ptr, ptr %table_at monotonic, align 8
  %threads = load atomic i64, ptr %threads_at monotonic, align 8
  fence acquire
  %still = load atomic i64, ptr %board monotonic, align 8
  %whole = icmp eq i64 %still, %now
  br i1 %whole, label %choose, label %wait
choose:
  %end = icmp eq i64 %threads, 0
  br i1 %end, label %leave, label %mine
mine:
  %wanted = icmp slt i64 %who, %threads
  br i1 %wanted, label %run, label %ran
run:
  call void %function(ptr %table, ptr %sync, i64 %who, i64 %threads)
  br label %ran
ran:
  br label %look
sleep:
  %ignored = call i32 @pthread_mutex_lock(ptr %mutex)
  %ignored2 = atomicrmw add ptr %sleepers, i64 1 seq_cst
  br label %asleep
asleep:
  %then = load atomic i64, ptr %board seq_cst, align 8
  %quiet = icmp eq i64 %then, %done
  br i1 %quiet, label %doze, label %woken
doze:
  %ignored3 = call i32 @pthread_cond_wait(ptr %condition, ptr %mutex)
  br label %asleep
woken:
  %ignored4 = atomicrmw sub ptr %sleepers, i64 1 seq_cst
  %ignored5 = call i32 @pthread_mutex_unlock(ptr %mutex)
  br label %look
leave:
  ret void
}}
"""


def pause(target: Target) -> tuple[str, str]:
    """The declaration and the call of what tells a processor that it is waiting."""
    if target.triple.startswith("aarch64") or platform.machine() in ("aarch64", "arm64"):
        return "declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"
    return "declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"


class Native:
    """The functions above, as native code."""

    def __init__(self) -> None:
        declaration, call = pause(default())
        text = (PRELUDE + POST + SERVE).replace("DECLARE", declaration).replace("PAUSE", call)
        loaded = Loaded([disk.compiled(text, default())], default())
        pointer, integer = ctypes.c_void_p, ctypes.c_int64
        self.set_up = loaded.function("set_up", pointer)
        self.alone = loaded.function("alone", pointer, result=ctypes.c_int32)
        self.together = loaded.function("together", pointer, result=ctypes.c_int32)
        self.serve = loaded.function("serve", pointer, integer, integer)


native = cache(Native)
