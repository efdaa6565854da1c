"""The functions by which a program is entered: one step, an epoch of them, and the barrier between their stages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import NamedTuple

from ..emit import some_lanes
from ..emit.code import THREAD, WAIT, Code, Ref
from ..plan.kernel import Kernel
from ..plan.shares import Share

SIGNATURE = f"ptr noalias %table, {THREAD}"

FEW = 8  # arguments whose rows are gathered in the loop of steps itself
SPINS = 1 << 16  # looks at the barrier before a waiting thread lets others use its processor
CALLED = re.compile(r"call (?:void|i1) @(\w+)\(")
BARRIER_HEAD = "void @barrier(ptr %state, i64 %threads)"
BARRIER = f"""
declare i32 @sched_yield()

define internal {BARRIER_HEAD} #0 {{
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


GIVEN, FOUND = 1, 2  # why a step is refused: what it was given is wrong, or what it worked out


class Refusal(NamedTuple):
    """How a step is refused: a word in memory becomes GIVEN or FOUND, and all threads end the step. Else it is 0.

    Attributes:
        slot: of the word.
        stages: functions that look at what is given, and say whether it is refused.
        wait: whether each thread looks at a part of it only, or at what the step may write; the word must be 0 before.
        flags: slots of booleans that the step works out, true where it is to be refused.
        look_after: the stage by which these are there.
    """

    slot: int
    stages: Sequence[Stage]
    wait: bool
    flags: Sequence[int]
    look_after: int = -1


class Argument(NamedTuple):
    """An argument of the compiled function: the slot of its memory, how many rows it has, and the bytes of one."""

    slot: int
    rows: int
    row_bytes: int


ENDING = (
    "!0 = !{i32 1}",  # what `!nontemporal` asks for
    'attributes #0 = { nounwind "no-trapping-math"="true" }',
)


def module(codes: Sequence[Code]) -> str:
    """Functions as the text of a module, with the barrier."""
    declared = _declared(codes)
    return "\n\n".join([BARRIER, *(c.text() for c in codes), *declared.values(), *ENDING]) + "\n"


def part_of_module(codes: Sequence[Code], heads: Mapping[str, str], barrier: bool) -> str:
    """Some of a program's functions as a module of their own: others may call them, and they others.

    `heads`: the arguments of all functions so far, by name; `barrier`: whether the barrier is in this module.
    """
    texts = [BARRIER] * barrier + [c.text() for c in codes]
    own = {c.name for c in codes} | ({"barrier"} if barrier else set())
    called = dict.fromkeys(name for text in texts for name in CALLED.findall(text) if name in heads and name not in own)
    others = [f"declare {heads[name]}" for name in called]
    text = "\n\n".join([*texts, *others, *_declared(codes).values(), *ENDING]) + "\n"
    return text.replace("define internal ", "define ")


def _declared(codes: Sequence[Code]) -> dict[str, str]:
    return {name: line for code in codes for name, line in code.declared.items()}


def step(
    stages: Sequence[Stage],
    waits: Sequence[bool],
    alone: bool,
    name: str = "step",
    after: Callable[[Code], None] | None = None,
    refusal: Refusal | None = None,
) -> Code:
    """All stages in order, with a barrier before those that wait, and one at the end, if there is more than one thread;
    addresses are read from the table once.

    `after` emits what follows each stage, among it a barrier: then none is needed before the next.
    """
    code = Code(name, SIGNATURE, linkage="")
    addresses: dict[tuple[int, int], Ref] = {}

    def passed(stage: Stage) -> str:
        for slot, offset in stage.arguments:
            if (slot, 0) not in addresses:
                addresses[slot, 0] = code.op(f"load ptr, ptr {code.element('ptr', '%table', slot)}")
            if (slot, offset) not in addresses:
                addresses[slot, offset] = code.op(f"getelementptr i8, ptr {addresses[slot, 0]}, i64 {offset}")
        return ", ".join([f"ptr {addresses[a]}" for a in stage.arguments] + [THREAD])

    if refusal is not None and after is None:
        found = [code.op(f"call i1 @{stage.function}({passed(stage)})") for stage in refusal.stages]
        _refuse_if(code, refusal, found, GIVEN, alone)
    for place, (stage, wait) in enumerate(zip(stages, waits, strict=True)):
        if wait and after is None:
            code.do(WAIT)
        code.do(f"call void @{stage.function}({passed(stage)})")
        if after is not None:
            after(code)
        elif refusal is not None and place == refusal.look_after:
            if not alone:
                code.do(WAIT)
            _refuse_if(code, refusal, [_flag(code, slot) for slot in refusal.flags], FOUND, alone)
    if refusal is not None and after is None:
        code.do("br label %end")
        code.label("end")
    if not alone:
        code.do(WAIT)
    return code


def _refuse_if(code: Code, refusal: Refusal, found: Sequence[Ref], why: int, alone: bool) -> None:
    """Go to the end, and let the word say why, if anything was found."""
    if not found:
        return
    anything = found[0]
    for flag in found[1:]:
        anything = code.op(f"or i1 {anything}, {flag}")
    word = code.op(f"load ptr, ptr {code.element('ptr', '%table', refusal.slot)}")
    if why == GIVEN and refusal.wait:
        with code.when(anything):
            code.do(f"store atomic i64 {why}, ptr {word} monotonic, align 8")
        code.do(WAIT)
        anything = is_refused(code, word)
    else:  # all threads know the same
        with nullcontext() if alone else code.when(code.op("icmp eq i64 %thread, 0")):
            said = code.op(f"select i1 {anything}, i64 {why}, i64 0")
            code.do(f"store atomic i64 {said}, ptr {word} monotonic, align 8")
    go_on = code.fresh("go_on")
    code.branch(anything, "end", go_on)
    code.label(go_on)


def is_refused(code: Code, word: Ref) -> Ref:
    """Whether the word is set."""
    return code.op(f"icmp ne i64 {code.op(f'load atomic i64, ptr {word} monotonic, align 8')}, 0")


def _flag(code: Code, slot: int) -> Ref:
    flag = code.op(f"load ptr, ptr {code.element('ptr', '%table', slot)}")
    return code.op(f"icmp ne i8 {code.op(f'load i8, ptr {flag}')}, 0")


class Epoch:
    """Steps over mini-batches: rows are gathered into the arguments, the step runs, its results are kept.

    The job, to which a slot of the table points, holds `HEAD` numbers, then for each argument where its data are, and
    for each result where those of the steps go. The rows to check are those of this slice and of all that follow.
    """

    HEAD = 5
    STEPS, ROWS, LIMIT, TO_CHECK, REFUSED = range(HEAD)

    def __init__(
        self,
        arguments: Sequence[Argument],
        results: Sequence[tuple[int, int]],
        job_slot: int,
        alone: bool,
        word: int | None = None,
    ) -> None:
        self.arguments, self.results = arguments, results  # of a result the slot of its memory, and its bytes
        self.alone = alone  # whether there is one thread only
        self._known: dict[tuple[int, int], tuple[Ref, Ref]] = {}
        self.word = word  # the slot of the word that says whether a step was refused
        self.code = Code("epoch", SIGNATURE, linkage="")
        self.code.entry.append(f"  %job_at = getelementptr ptr, ptr %table, i64 {job_slot}")
        self.code.entry.append("  %job = load ptr, ptr %job_at")

    def _job(self, place: int, type_: str = "i64") -> Ref:
        return self.code.op(f"load {type_}, ptr {self.code.element('i64', '%job', place)}")

    def emit(self) -> list[Code]:
        """The function, and those that it calls."""
        sizes = dict.fromkeys(a.row_bytes for a in self.arguments) if self._many else ()
        return [*map(self._rows_of, sizes), self._steps()]

    @property
    def _many(self) -> bool:
        """Whether there are so many arguments that they share the functions that gather rows."""
        return len(self.arguments) + len(self.results) > FEW

    def _steps(self) -> Code:
        code = self.code
        rows = self._job(self.ROWS, "ptr")
        fits = self._rows_fit(rows)
        steps = code.op(f"select i1 {fits}, i64 {self._job(self.STEPS)}, i64 0")
        refused = code.op(f"select i1 {fits}, i64 0, i64 1")
        with code.when(code.op("icmp eq i64 %thread, 0")):
            code.do(f"store i64 {refused}, ptr {code.element('i64', '%job', self.REFUSED)}")
        parts = {n: self._part(n) for n in {a.rows for a in self.arguments}}
        batch = self.arguments[0].rows if self.arguments else 0
        if not self._many:
            slots = [*(a.slot for a in self.arguments), *(slot for slot, _ in self.results)]
            self._known = {(i, slot): self._read(i, slot) for i, slot in enumerate(slots)}
        with code.loop(0, steps) as number:
            batch_rows = code.element("i64", rows, code.mul(number, batch))
            for i, argument in enumerate(self.arguments):
                self._gather(argument, parts[argument.rows], self._memory(i, argument.slot), batch_rows)
            if not self.alone:
                code.do(WAIT)
            code.do(f"call void @step(ptr %table, {THREAD})")
            self._end_if_refused(number)
            with code.when(code.op("icmp eq i64 %thread, 0")):
                for i, (slot, size) in enumerate(self.results, len(self.arguments)):
                    of, to = self._memory(i, slot)
                    self._copy(code, code.element("i8", to, code.mul(number, size)), of, size)
        if self.word is not None:
            code.do("br label %end")
            code.label("end")
        if not self.alone:
            code.do(WAIT)  # the caller may free, or use again, what others still read after the last step
        return code

    def _end_if_refused(self, number: Ref) -> None:
        """End it where a step was refused: all threads see that before one of them begins or leaves anything."""
        code = self.code
        if self.word is None:
            return
        word = code.op(f"load ptr, ptr {code.element('ptr', '%table', self.word)}")
        refused, go_on = is_refused(code, word), code.fresh("go_on")
        with code.when(code.op(f"and i1 {refused}, {code.op('icmp eq i64 %thread, 0')}")):
            code.do(f"store i64 {number}, ptr {code.element('i64', '%job', self.STEPS)}")
        code.branch(refused, "end", go_on)
        code.label(go_on)

    def _memory(self, number: int, slot: int) -> tuple[Ref, Ref]:
        """Where an argument or a result lies in a step, and in the job; read where needed if there are many."""
        return self._known.get((number, slot)) or self._read(number, slot)

    def _read(self, number: int, slot: int) -> tuple[Ref, Ref]:
        here = self.code.op(f"load ptr, ptr {self.code.element('ptr', '%table', slot)}")
        return here, self._job(self.HEAD + number, "ptr")

    def _rows_fit(self, rows: Ref) -> Ref:
        """Whether all rows to check are below the limit; a negative one is, without its sign, a very high one."""
        code, vector, count = self.code, "<8 x i64>", self._job(self.TO_CHECK)
        highest = code.variable(vector)
        code.do(f"store {vector} zeroinitializer, ptr {highest}")
        with code.loop(0, count, 8) as i:
            left = code.op(f"insertelement {vector} poison, i64 {code.op(f'sub i64 {count}, {i}')}, i64 0")
            left = code.op(f"shufflevector {vector} {left}, {vector} poison, <8 x i32> zeroinitializer")
            lanes = ", ".join(f"i64 {lane}" for lane in range(8))
            there = f"<8 x i1> {code.op(f'icmp ugt {vector} {left}, <{lanes}>')}"
            found = some_lanes.load(code, some_lanes.Vector(8, "i64"), code.element("i64", rows, i), there)
            so_far = code.op(f"load {vector}, ptr {highest}")
            higher = code.call(vector, "llvm.umax.v8i64", f"{vector} {so_far}", f"{vector} {found}")
            code.do(f"store {vector} {higher}, ptr {highest}")
        most = code.op(f"load {vector}, ptr {highest}")
        most = code.call("i64", "llvm.vector.reduce.umax.v8i64", f"{vector} {most}")
        below, none = code.op(f"icmp ult i64 {most}, {self._job(self.LIMIT)}"), code.op(f"icmp eq i64 {count}, 0")
        return code.op(f"or i1 {below}, {none}")

    def _part(self, rows: int) -> tuple[Ref, Ref]:
        """The first of this thread's rows, and the end of them."""
        code = self.code
        if self.alone:
            return "0", str(rows)
        first, end = (
            code.op(f"udiv i64 {code.op(f'mul i64 {who}, {rows}')}, %threads")
            for who in ("%thread", code.op("add i64 %thread, 1"))
        )
        return first, end

    def _gather(self, argument: Argument, part: tuple[Ref, Ref], memory: tuple[Ref, Ref], rows: Ref) -> None:
        """This thread's part of an argument's rows."""
        (target, data), (first, end) = memory, part
        if not self._many:
            self._rows(self.code, (target, data, rows), part, argument.row_bytes)
            return
        given = f"ptr {target}, ptr {data}, ptr {rows}, i64 {first}, i64 {end}"
        self.code.do(f"call void @rows_of_{argument.row_bytes}({given})")

    def _rows_of(self, size: int) -> Code:
        """A function that gathers rows of so many bytes."""
        code = Code(f"rows_of_{size}", "ptr %to, ptr %of, ptr %rows, i64 %first, i64 %end")
        self._rows(code, ("%to", "%of", "%rows"), ("%first", "%end"), size)
        return code

    def _rows(self, code: Code, places: tuple[Ref, Ref, Ref], part: tuple[Ref, Ref], size: int) -> None:
        """Gather some rows of so many bytes: to where, of what, and which."""
        target, data, rows = places
        with code.loop(*part) as r:
            row = code.op(f"load i64, ptr {code.element('i64', rows, r)}")
            to, of = code.element("i8", target, code.mul(r, size)), code.element("i8", data, code.mul(row, size))
            self._copy(code, to, of, size)

    def _copy(self, code: Code, to: Ref, of: Ref, size: int) -> None:
        code.call("void", "llvm.memcpy.p0.p0.i64", f"ptr {to}", f"ptr {of}", f"i64 {size}", "i1 false")
