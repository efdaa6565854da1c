"""The whole step as one native module: its kernels in order, barriers where one needs what another thread wrote."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext

from ..emit.code import THREAD, Code
from ..kernels.blocked_kernel import BlockedKernel
from ..kernels.convolution_kernel import ConvolutionKernel
from ..kernels.loop_kernels import LoopKernel
from ..kernels.matmul_kernel import MatmulKernel
from ..kernels.order_kernel import OrderKernel, only_copies
from ..kernels.packing import PackingKernel
from ..kernels.random_kernel import RandomKernel
from ..kernels.row_convolution_kernel import RowConvolutionKernel
from ..kernels.row_kernel import RowKernel
from ..kernels.weight_kernel import WeightKernel
from ..kernels.winograd_kernel import KernelTransform, TileTransform, WinogradKernel, scratch_size
from ..plan.barriers import Access, Touches, waits
from ..plan.memory import Plan, Scratch, plan
from ..plan.schedule import Kernel, Schedule
from ..plan.shares import Share, Shares
from ..plan.tiling import Tiling, tiling
from ..rewrite.bfloat16 import Rounding
from ..rewrite.convolution import PRODUCTS, multiplications
from ..rewrite.passes import simplify
from ..trace.graph import Graph, Node, number
from . import entry
from .checks import Parted, parted
from .entry import Argument, Stage
from .runtime import num_threads
from .target import Target

WORTH_SHARING = 60_000  # operations; below, waiting for each other would take longer than the work
FAMILIES: dict[str, type[LoopKernel]] = {
    "random_bits": RandomKernel,
    "reduce": RowKernel,
    "winograd_weight": KernelTransform,
    "winograd_back": KernelTransform,
    "winograd_tiles": TileTransform,
}
SLIDING = {
    "convolution": ConvolutionKernel,
    "convolution_input": ConvolutionKernel,
    "convolution_weight": WeightKernel,
    "row_convolution": RowConvolutionKernel,
    "row_convolution_input": RowConvolutionKernel,
}
FIRST_SLICE = 20_000_000  # operations that surely take less than a tenth of a second
MOST_AT_FIRST = 2048  # steps


def _scratch(k: Kernel, t: Tiling) -> list[Scratch]:
    """The memory a product works in: its packed operand, which others may share, and sums that wait."""
    size = t.dtype.itemsize
    owner = (t.b, k) if t.blocked else (t.b, t.batch, t.columns, t.depth)
    packed = [Scratch("packed", owner, t.packed_size * size)] if t.padded else []
    return packed + ([Scratch("sums", k, t.sums_size * size)] if t.sums_size else [])


class Program:
    """A graph compiled to the text of a native module, with the plan of its memory."""

    def __init__(
        self,
        graph: Graph,
        target: Target,
        arguments: int = 0,
        precision: str = "float32",
        winograd: bool = True,
    ) -> None:
        self.arguments = arguments  # how many of the inputs are the function's own
        self.traced = graph
        self.target, self.precision, self.winograd = target, precision, winograd
        self.checks: Parted = parted(graph, target)
        self.graph = simplify(self.checks.graph, target.lanes, self.rounding(), winograd)
        number(self.graph)
        self.returned = len(graph.results)  # of the results; flags of checks and what they look at come after them
        self.flags = self.graph.results[self.returned :][: len(self.checks.within)]
        self.schedule = Schedule(self.graph, target.lanes, target.registers, self.flags)
        self.tilings = {k: tiling(k, self.schedule, target) for k in self.schedule.order if k.kind == "matmul"}
        self.scratch = {k: _scratch(k, t) for k, t in self.tilings.items()}
        self.scratch |= {k: [self._winograd_scratch(k)] for k in self.schedule.order if k.kind == "winograd"}
        self.worth_sharing = self.work() >= WORTH_SHARING
        self.shares = Shares(self.schedule, self.tilings, self.threads)
        self.plan: Plan = plan(self.schedule, self.scratch, self.shares.group)
        self.stages: list[Stage] = []
        self.functions: dict[str, Code] = {}  # by their text
        self.micro_kernels: dict[str, Code] = {}  # by their names
        self._packed: set[int] = set()  # the slots of operands that are packed already
        self.job_slot = self.plan.count
        self.plan.count += 1
        self.refusal: entry.Refusal | None = None
        if graph.checks:
            self.refusal = self._refusal()
        self._emit()

    def rounding(self) -> Rounding | None:
        """How operands are rounded, if they are."""
        return Rounding(self.target.dot_lanes, self.winograd) if self.precision == "bf16" else None

    @property
    def alone(self) -> bool:
        """Whether one thread does all."""
        return not self.worth_sharing

    @property
    def threads(self) -> int:
        """How many threads to run on: a small program finishes sooner alone."""
        return num_threads() if self.worth_sharing else 1

    @property
    def steps_at_once(self) -> int:
        """How many steps of an epoch surely take less than the time between two looks at the clock.

        No more than `MOST_AT_FIRST`: what is done with their results may take longer than they.
        """
        return max(1, min(FIRST_SLICE // max(self.work(), 1), MOST_AT_FIRST))

    def work(self) -> int:
        """About how many operations a step takes."""
        total = 0
        for k in self.schedule.order:
            total += math.prod(k.shape) * len(k.maps)
            for n in k.main:
                total += multiplications(n) // 8 if k.kind in PRODUCTS else n.inputs[0].size
        return total

    def slot(self, n: Node) -> int:
        return self.plan.slots[n]

    def _emit(self) -> None:
        for k in self.schedule.order:
            touched = {self.slot(n) for n in self.schedule.inputs_of(k) if n in self.plan.slots}
            written = {self.slot(n) for n in k.stored}
            if k.kind == "joined":  # its pieces are written in their places
                continue
            if k.kind == "matmul":
                self._emit_matmul(k, touched, written)
                continue
            kernel = self._kernel(k)
            self._prepare(kernel, k).emit()
            worked_in = {self.plan.scratch[s] for s in self.scratch.get(k, ())}
            self._add(k, kernel, touched | worked_in, written | worked_in)
        for target, value in self.plan.copies:
            self._emit_copy(target, value)
        self.functions |= {code.text(): code for code in self.micro_kernels.values()}

    def _prepare(self, kernel: LoopKernel, k: Kernel | None = None) -> LoopKernel:
        """Tell a kernel who does its work, and which functions are there already."""
        kernel.shared, kernel.alone = self.shares.of.get(k) if k is not None else None, self.alone
        kernel.micro_kernels = self.micro_kernels
        return kernel

    def _kernel(self, k: Kernel) -> LoopKernel:
        if k.kind == "winograd":
            scratch = self.plan.scratch[self.scratch[k][0]], num_threads()
            return WinogradKernel(k, self.schedule, self.slot, self.target.registers, scratch)
        if k.kind in SLIDING:
            return SLIDING[k.kind](k, self.schedule, self.slot, self.target.registers)
        family = FAMILIES.get(k.kind, LoopKernel)
        if only_copies(k, self.schedule) and k not in self.shares.of:
            family = OrderKernel
        return family(k.kind, k, self.schedule, self.slot, self.target.lanes)

    def _winograd_scratch(self, k: Kernel) -> Scratch:
        """What the threads work in, each in a part of its own."""
        size = scratch_size(k.main[0], self.target.registers, self.target.lanes)
        return Scratch("tiles", k, size * num_threads() * k.main[0].dtype.itemsize)

    def _emit_matmul(self, k: Kernel, touched: set[int], written: set[int]) -> None:
        t, slots = self.tilings[k], {s.use: self.plan.scratch[s] for s in self.scratch[k]}
        if t.packed and slots["packed"] not in self._packed:
            self._packed.add(slots["packed"])
            packing = PackingKernel(k, self.schedule, self.slot, t, slots)
            self._prepare(packing).emit()
            self._add(k, packing, {self.slot(t.b.node)}, {slots["packed"]})
        product = (BlockedKernel if t.blocked else MatmulKernel)(k, self.schedule, self.slot, t, slots)
        self._prepare(product, k).emit()
        worked_in = set(slots.values())
        self._add(k, product, touched | worked_in, written | (worked_in if t.blocked else set()))

    def _add(self, k: Kernel | None, kernel: LoopKernel, reads: set[int], writes: set[int]) -> None:
        """Append a stage."""
        own = self._own_slots(k, reads | writes) if k is not None and kernel.shared else {}
        self.stages.append(Stage(self._function(kernel), k, tuple(kernel.arguments), reads, writes, own))

    def _function(self, kernel: LoopKernel) -> str:
        """The name of a kernel's function; kernels whose text is the same are one function."""
        code = kernel.code
        code.arguments = ", ".join([f"ptr {a}" for a in kernel.arguments.values()] + [THREAD])
        known = self.functions.setdefault(code.text(), code)
        if known is code:
            code.name = f"{code.name}_{len(self.functions)}"
        return known.name

    def _refusal(self) -> entry.Refusal:
        """The checks before the step, and where in it flags are looked at."""
        written = {target for target, _ in self.graph.writes}
        stages, together = [], False
        for _, kernel in self.checks.before:
            together |= not kernel.alone or not written.isdisjoint(kernel.schedule.inputs_of(kernel.kernel))
            kernel.alone |= self.alone
            kernel.emit()
            stages.append(Stage(self._function(kernel), kernel.kernel, tuple(kernel.arguments), set(), set(), {}))
        self.plan.count += 1
        return entry.Refusal(
            self.plan.count - 1, stages, together and not self.alone, [self.slot(n) for n in self.flags]
        )

    def _own_slots(self, k: Kernel, touched: set[int]) -> dict[int, Share]:
        """The slots of which each thread touches only its own part."""
        parts: dict[int, set[Share | None]] = {}
        for n in (*self.schedule.inputs_of(k), *k.stored):
            if n in self.plan.slots:
                parts.setdefault(self.slot(n), set()).add(self.shares.own[k].get(n))
        agreed = {slot: next(iter(found)) for slot, found in parts.items() if len(found) == 1}
        return {slot: own for slot, own in agreed.items() if own is not None and slot in touched}

    def _emit_copy(self, target: Node, value: Node) -> None:
        copy = LoopKernel("copy", Kernel("copy", ()), self.schedule, self.slot, 0)
        code, size = copy.code, value.size * value.dtype.itemsize
        to, of = copy.pointer(target), copy.pointer(value)
        with nullcontext() if self.alone else code.when(code.op("icmp eq i64 %thread, 0")):
            code.call("void", "llvm.memcpy.p0.p0.i64", f"ptr {to}", f"ptr {of}", f"i64 {size}", "i1 false")
        self._add(None, copy, {self.slot(value)}, {self.slot(target)})

    def needs_barrier(self) -> list[bool]:
        """Before which stages all threads must wait for each other."""
        if self.alone:
            return [False] * len(self.stages)
        return waits([Touches(self._accesses(s, s.reads), self._accesses(s, s.writes)) for s in self.stages])

    def _accesses(self, stage: Stage, slots: set[int]) -> list[Access]:
        return [Access(*self._range(slot), slot, stage.own.get(slot)) for slot in slots]

    def _range(self, slot: int) -> tuple[int, int]:
        """A slot as a stretch of memory: in the arena, or an array by itself."""
        if slot in self.plan.offsets:
            start = self.plan.offsets[slot]
            return start, start + max(self._sizes().get(slot, 1), 1)
        return -slot - 2, -slot - 1

    def _sizes(self) -> dict[int, int]:
        if not hasattr(self, "_slot_sizes"):
            sizes = {s: self.schedule.span(n) * n.dtype.itemsize for n, s in self.plan.slots.items()}
            sizes |= {slot: scratch.size for scratch, slot in self.plan.scratch.items()}
            self._slot_sizes = sizes
        return self._slot_sizes

    def step(self, name: str = "step", after: Callable[[Code], None] | None = None) -> Code:
        """The function that runs all stages; see `entry.step`."""
        refusal = self.refusal
        if refusal is not None and self.flags:
            last = max(i for i, s in enumerate(self.stages) if not s.writes.isdisjoint(refusal.flags))
            refusal = refusal._replace(look_after=last)
        return entry.step(self.stages, self.needs_barrier(), self.alone, name, after, refusal)

    def text(self) -> str:
        """The module in LLVM's language."""
        given = self.graph.inputs[: self.arguments]
        arguments = [Argument(self.slot(n), *_rows(n)) for n in given]
        results = [(self.slot(n), n.size * n.dtype.itemsize) for n in self.graph.results[: self.returned]]
        word = None if self.refusal is None else self.refusal.slot
        epoch = entry.Epoch(arguments, results, self.job_slot, self.alone, word).emit()
        return entry.module([*self.functions.values(), self.step(), *epoch])


def _rows(n: Node) -> tuple[int, int]:
    """How many rows an argument has, and the bytes of one; without axes it has none."""
    rows = n.shape[0] if n.shape else 0
    return rows, n.size // rows * n.dtype.itemsize if rows else 0
