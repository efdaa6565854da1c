"""The functions by which a program is entered: one step, an epoch of them, and the barrier between their stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .code import Code, Ref
from .schedule import Kernel
from .shares import Share

SIGNATURE = "ptr noalias %table, ptr %sync, i64 %thread, i64 %threads"
WAIT = "call void @barrier(ptr %sync, i64 %threads)"

SPINS = 1 << 16  # looks at the barrier before a waiting thread lets others use its processor
BARRIER = f"""
declare i32 @sched_yield()

define internal void @barrier(ptr %state, i64 %threads) #0 {{
start:
  %alone = icmp eq i64 %threads, 1
  br i1 %alone, label %done, label %arrive
arrive:
  %turn_at = getelementptr i64, ptr %state, i64 8
  %turn = load atomic i64, ptr %turn_at monotonic, align 8
  %before = atomicrmw add ptr %state, i64 1 acq_rel
  %here = add i64 %before, 1
  %last = icmp eq i64 %here, %threads
  br i1 %last, label %release, label %wait
release:
  store atomic i64 0, ptr %state monotonic, align 8
  %next = add i64 %turn, 1
  store atomic i64 %next, ptr %turn_at release, align 8
  br label %done
wait:
  %spins = phi i64 [ 0, %arrive ], [ %more, %again ]
  %now = load atomic i64, ptr %turn_at acquire, align 8
  %same = icmp eq i64 %now, %turn
  br i1 %same, label %patient, label %done
patient:
  %more = add i64 %spins, 1
  %tired = icmp sgt i64 %more, {SPINS}
  br i1 %tired, label %give_way, label %again
give_way:
  %ignored = call i32 @sched_yield()
  br label %again
again:
  br label %wait
done:
  ret void
}}
"""


class Stage(NamedTuple):
    """A call of a function: which kernel it is for, its arguments as (slot, bytes), the slots it reads and writes.

    Of the slots in `own`, each thread touches its own part only.
    """

    function: str
    kernel: Kernel | None
    arguments: tuple[tuple[int, int], ...]
    reads: set[int]
    writes: set[int]
    own: dict[int, Share]


class Argument(NamedTuple):
    """An argument of the compiled function: the slot of its memory, how many rows it has, and the bytes of one."""

    slot: int
    rows: int
    row_bytes: int


def module(codes: list[Code]) -> str:
    """Functions as the text of a module."""
    declared: dict[str, str] = {}
    for code in codes:
        declared |= code.declared
    parts = [BARRIER, *(c.text() for c in codes), *declared.values()]
    parts.append('attributes #0 = { nounwind "no-trapping-math"="true" }')
    return "\n\n".join(parts) + "\n"


def step(
    stages: Sequence[Stage], waits: Sequence[bool], name: str = "step", after: Callable[[Code], None] | None = None
) -> Code:
    """All stages in order, with a barrier before those that wait; addresses are read from the table once.

    `after` emits what follows each stage, among it a barrier: then none is needed before the next.
    """
    code = Code(name, SIGNATURE, linkage="")
    addresses: dict[tuple[int, int], Ref] = {}
    for stage, wait in zip(stages, waits, strict=True):
        if wait and after is None:
            code.do(WAIT)
        for slot, offset in stage.arguments:
            if (slot, 0) not in addresses:
                addresses[slot, 0] = code.op(f"load ptr, ptr {code.element('ptr', '%table', slot)}")
            if (slot, offset) not in addresses:
                addresses[slot, offset] = code.op(f"getelementptr i8, ptr {addresses[slot, 0]}, i64 {offset}")
        passed = ", ".join([f"ptr {addresses[a]}" for a in stage.arguments] + ["i64 %thread, i64 %threads"])
        code.do(f"call void @{stage.function}({passed})")
        if after is not None:
            after(code)
    code.do(WAIT)
    return code


class Epoch:
    """Steps over mini-batches: rows are gathered into the arguments, the step runs, its results are kept.

    The job, to which a slot of the table points, says: how many steps; where the row numbers are; how many results;
    then for each argument where its data are, and for each result where it is, where it goes, and its bytes.
    """

    def __init__(self, arguments: Sequence[Argument], job_slot: int) -> None:
        self.arguments = arguments
        self.code = Code("epoch", SIGNATURE, linkage="")
        self.code.entry.append(f"  %job_at = getelementptr ptr, ptr %table, i64 {job_slot}")
        self.code.entry.append("  %job = load ptr, ptr %job_at")

    def _job(self, place: int | Ref, type_: str = "i64") -> Ref:
        return self.code.op(f"load {type_}, ptr {self.code.element('i64', '%job', place)}")

    def emit(self) -> Code:
        code = self.code
        steps, rows, results = self._job(0), self._job(1, "ptr"), self._job(2)
        batch = self.arguments[0].rows if self.arguments else 0
        with code.loop(0, steps) as number:
            batch_rows = code.element("i64", rows, code.mul(number, batch))
            for i, argument in enumerate(self.arguments):
                self._gather(argument, self._job(3 + i, "ptr"), batch_rows)
            code.do(WAIT)
            code.do("call void @step(ptr %table, ptr %sync, i64 %thread, i64 %threads)")
            with code.when(code.op("icmp eq i64 %thread, 0")), code.loop(0, results) as j:
                self._keep(number, code.add(code.mul(j, 3), 3 + len(self.arguments)))
        return code

    def _gather(self, argument: Argument, data: Ref, rows: Ref) -> None:
        """This thread's part of an argument's rows."""
        code, size = self.code, argument.row_bytes
        target = code.op(f"load ptr, ptr {code.element('ptr', '%table', argument.slot)}")
        following = code.op("add i64 %thread, 1")
        first, end = (
            code.op(f"udiv i64 {code.op(f'mul i64 {who}, {argument.rows}')}, %threads")
            for who in ("%thread", following)
        )
        with code.loop(first, end) as r:
            row = code.op(f"load i64, ptr {code.element('i64', rows, r)}")
            self._copy(
                code.element("i8", target, code.mul(r, size)), code.element("i8", data, code.mul(row, size)), size
            )

    def _keep(self, number: Ref, place: Ref) -> None:
        """Copy a result to where those of this step go."""
        code = self.code
        of, kept, size = self._job(place, "ptr"), self._job(code.add(place, 1), "ptr"), self._job(code.add(place, 2))
        self._copy(code.element("i8", kept, code.op(f"mul i64 {number}, {size}")), of, size)

    def _copy(self, to: Ref, of: Ref, size: int | Ref) -> None:
        self.code.call("void", "llvm.memcpy.p0.p0.i64", f"ptr {to}", f"ptr {of}", f"i64 {size}", "i1 false")
