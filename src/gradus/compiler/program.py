"""The whole step as one native module: its kernels in order, barriers where one needs what another thread wrote."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from .blocked_kernel import BlockedKernel
from .code import Code
from .graph import Graph, Node, number
from .loop_kernels import LoopKernel
from .matmul_kernel import MatmulKernel
from .memory import Plan, Scratch, plan
from .packing import PackingKernel
from .passes import simplify
from .random_kernel import RandomKernel
from .runtime import num_threads
from .schedule import Kernel, Schedule
from .target import Target
from .tiling import Tiling, tiling

WORTH_SHARING = 60_000  # operations; below, waiting for each other would take longer than the work
FIRST_SLICE = 20_000_000  # operations that surely take less than a tenth of a second
SIGNATURE = "ptr noalias %table, ptr %sync, i64 %thread, i64 %threads"

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
    """A call of a function: which kernel it is for, its arguments as (slot, bytes), the slots it reads and writes."""

    function: str
    kernel: Kernel | None
    arguments: tuple[tuple[int, int], ...]
    reads: set[int]
    writes: set[int]


def _scratch(k: Kernel, t: Tiling) -> list[Scratch]:
    """The memory a product works in: its packed operand, which others may share, and sums that wait."""
    size = t.dtype.itemsize
    packed = [Scratch("packed", (t.b, t.batch, t.columns, t.depth), t.packed_size * size)] if t.packed else []
    return packed + ([Scratch("sums", k, t.sums_size * size)] if t.blocked else [])


class Program:
    """A graph compiled to the text of a native module, with the plan of its memory."""

    def __init__(self, graph: Graph, target: Target, arguments: int = 0) -> None:
        self.arguments = arguments  # how many of the inputs are the function's own
        self.traced = graph
        self.graph = simplify(graph)
        number(self.graph)
        self.target = target
        self.schedule = Schedule(self.graph)
        self.tilings = {k: tiling(k, self.schedule, target) for k in self.schedule.order if k.kind == "matmul"}
        self.scratch = {k: _scratch(k, t) for k, t in self.tilings.items()}
        self.plan: Plan = plan(self.schedule, self.scratch)
        self.stages: list[Stage] = []
        self.functions: dict[str, Code] = {}  # by their text
        self._packed: set[int] = set()  # the slots of operands that are packed already
        self._worth_sharing = self.work() >= WORTH_SHARING
        self.job_slot = self.plan.count
        self.plan.count += 1
        self._emit()

    @property
    def threads(self) -> int:
        """How many threads to run on: a small program finishes sooner alone."""
        return num_threads() if self._worth_sharing else 1

    @property
    def steps_at_once(self) -> int:
        """How many steps of an epoch surely take less than the time between two looks at the clock."""
        return max(1, FIRST_SLICE // max(self.work(), 1))

    def work(self) -> int:
        """About how many operations a step takes."""
        total = 0
        for k in self.schedule.order:
            total += math.prod(k.shape) * len(k.maps)
            for n in k.main:
                total += n.inputs[0].size * n.shape[-1] // 8 if k.kind == "matmul" else n.inputs[0].size
        return total

    def slot(self, n: Node) -> int:
        return self.plan.slots[n]

    def _emit(self) -> None:
        for k in self.schedule.order:
            touched = {self.slot(n) for n in self.schedule.inputs_of(k) if n in self.plan.slots}
            written = {self.slot(n) for n in k.stored}
            if k.kind == "matmul":
                self._emit_matmul(k, touched, written)
                continue
            family = RandomKernel if k.kind == "random_bits" else LoopKernel
            kernel = family(k.kind, k, self.schedule, self.slot, self.target.lanes)
            kernel.emit()
            self._add(k, kernel, touched, written)
        for target, value in self.plan.copies:
            self._emit_copy(target, value)

    def _emit_matmul(self, k: Kernel, touched: set[int], written: set[int]) -> None:
        t, slots = self.tilings[k], {s.use: self.plan.scratch[s] for s in self.scratch[k]}
        if t.packed and slots["packed"] not in self._packed:
            self._packed.add(slots["packed"])
            packing = PackingKernel(k, self.schedule, self.slot, t, slots)
            packing.emit()
            self._add(k, packing, {self.slot(t.b.node)}, {slots["packed"]})
        product = (BlockedKernel if t.blocked else MatmulKernel)(k, self.schedule, self.slot, t, slots)
        product.emit()
        for code in product.micro_kernels.values():
            self.functions.setdefault(code.text(), code)
        self._add(k, product, touched | set(slots.values()), written)

    def _add(self, k: Kernel | None, kernel: LoopKernel, reads: set[int], writes: set[int]) -> None:
        """Append a stage; kernels whose text is the same are one function."""
        code = kernel.code
        code.arguments = ", ".join([f"ptr {a}" for a in kernel.arguments.values()] + ["i64 %thread, i64 %threads"])
        known = self.functions.setdefault(code.text(), code)
        if known is code:
            code.name = f"{code.name}_{len(self.functions)}"
        self.stages.append(Stage(known.name, k, tuple(kernel.arguments), reads, writes))

    def _emit_copy(self, target: Node, value: Node) -> None:
        copy = LoopKernel("copy", Kernel("copy", ()), self.schedule, self.slot, 0)
        code, size = copy.code, value.size * value.dtype.itemsize
        to, of = copy.pointer(target), copy.pointer(value)
        with code.when(code.op("icmp eq i64 %thread, 0")):
            code.call("void", "llvm.memcpy.p0.p0.i64", f"ptr {to}", f"ptr {of}", f"i64 {size}", "i1 false")
        self._add(None, copy, {self.slot(value)}, {self.slot(target)})

    def needs_barrier(self) -> list[bool]:
        """Before which stages all threads must wait for each other."""
        flags = []
        reads: set[tuple[int, int]] = set()
        writes: set[tuple[int, int]] = set()
        for stage in self.stages:
            mine_r, mine_w = {self._range(s) for s in stage.reads}, {self._range(s) for s in stage.writes}
            clash = _overlap(mine_r, writes) or _overlap(mine_w, writes) or _overlap(mine_w, reads)
            flags.append(clash)
            if clash:
                reads, writes = set(), set()
            reads |= mine_r
            writes |= mine_w
        return flags

    def _range(self, slot: int) -> tuple[int, int]:
        """A slot as a stretch of memory: in the arena, or an array by itself."""
        if slot in self.plan.offsets:
            start = self.plan.offsets[slot]
            return start, start + max(self._sizes().get(slot, 1), 1)
        return -slot - 2, -slot - 1

    def _sizes(self) -> dict[int, int]:
        if not hasattr(self, "_slot_sizes"):
            sizes = {s: n.size * n.dtype.itemsize for n, s in self.plan.slots.items()}
            sizes |= {slot: scratch.size for scratch, slot in self.plan.scratch.items()}
            self._slot_sizes = sizes
        return self._slot_sizes

    def text(self) -> str:
        """The module in LLVM's language."""
        return module([*self.functions.values(), self.step(), self._epoch()])

    def step(self, name: str = "step", after: Callable[[Code], None] | None = None) -> Code:
        """All stages in order; addresses are read from the table once.

        `after` emits what follows each stage, among it a barrier: then none is needed before the next.
        """
        code = Code(name, SIGNATURE, linkage="")
        addresses: dict[tuple[int, int], str] = {}
        for stage, wait in zip(self.stages, self.needs_barrier(), strict=True):
            if wait and after is None:
                code.do("call void @barrier(ptr %sync, i64 %threads)")
            for slot, offset in stage.arguments:
                if (slot, 0) not in addresses:
                    addresses[slot, 0] = code.op(f"load ptr, ptr {code.element('ptr', '%table', slot)}")
                if (slot, offset) not in addresses:
                    addresses[slot, offset] = code.op(f"getelementptr i8, ptr {addresses[slot, 0]}, i64 {offset}")
            passed = ", ".join(f"ptr {addresses[a]}" for a in stage.arguments)
            code.do(f"call void @{stage.function}({passed}{', ' if passed else ''}i64 %thread, i64 %threads)")
            if after is not None:
                after(code)
        code.do("call void @barrier(ptr %sync, i64 %threads)")
        return code

    def _epoch(self) -> Code:
        """Steps over mini-batches: rows are gathered into the arguments, the step runs, its results are kept.

        The job says: how many steps; where the row numbers are; how many results; then for each argument where its data
        are, and for each result where it is, where it goes, and its size.
        """
        code = Code("epoch", SIGNATURE, linkage="")
        given = self.graph.inputs[: self.arguments]
        batch = given[0].shape[0] if given and given[0].shape else 0

        def job(place: int | str) -> str:
            return code.op(f"load i64, ptr {code.element('i64', '%job', place)}")

        def pointer(place: int | str) -> str:
            return code.op(f"load ptr, ptr {code.element('i64', '%job', place)}")

        code.entry.append(f"  %job_at = getelementptr ptr, ptr %table, i64 {self.job_slot}")
        code.entry.append("  %job = load ptr, ptr %job_at")
        steps, rows, results = job(0), pointer(1), job(2)
        first = code.op(f"udiv i64 {code.op(f'mul i64 %thread, {batch}')}, %threads")
        after = code.op("add i64 %thread, 1")
        end = code.op(f"udiv i64 {code.op(f'mul i64 {after}, {batch}')}, %threads")
        with code.loop(0, steps) as s:
            here = code.element("i64", rows, code.mul(s, batch))
            for i, n in enumerate(given):
                size = n.size // max(batch, 1) * n.dtype.itemsize
                source, target = pointer(3 + i), code.op(f"load ptr, ptr {code.element('ptr', '%table', self.slot(n))}")
                with code.loop(first, end) as r:
                    row = code.op(f"load i64, ptr {code.element('i64', here, r)}")
                    to, of = (
                        code.element("i8", target, code.mul(r, size)),
                        code.element("i8", source, code.mul(row, size)),
                    )
                    code.call("void", "llvm.memcpy.p0.p0.i64", f"ptr {to}", f"ptr {of}", f"i64 {size}", "i1 false")
            code.do("call void @barrier(ptr %sync, i64 %threads)")
            code.do("call void @step(ptr %table, ptr %sync, i64 %thread, i64 %threads)")
            with code.when(code.op("icmp eq i64 %thread, 0")), code.loop(0, results) as j:
                place = code.add(code.mul(j, 3), 3 + len(given))
                of, kept, bytes_each = pointer(place), pointer(code.add(place, 1)), job(code.add(place, 2))
                to = code.element("i8", kept, code.op(f"mul i64 {s}, {bytes_each}"))
                code.call("void", "llvm.memcpy.p0.p0.i64", f"ptr {to}", f"ptr {of}", f"i64 {bytes_each}", "i1 false")
        return code


def module(codes: list[Code]) -> str:
    """Functions as the text of a module."""
    declared: dict[str, str] = {}
    for code in codes:
        declared |= code.declared
    parts = [BARRIER, *(c.text() for c in codes), *declared.values()]
    parts.append('attributes #0 = { nounwind "no-trapping-math"="true" }')
    return "\n\n".join(parts) + "\n"


def _overlap(a: set[tuple[int, int]], b: set[tuple[int, int]]) -> bool:
    return any(x[0] < y[1] and y[0] < x[1] for x in a for y in b)
