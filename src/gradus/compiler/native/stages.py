"""The stages of a graph: its kernels in order, each a call of a function, and where what they work on lies."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import NamedTuple

from ..convolutions.convolution_kernel import ConvolutionKernel
from ..convolutions.row_convolution_kernel import RowConvolutionKernel
from ..convolutions.weight_kernel import WeightKernel
from ..convolutions.winograd_kernel import KernelTransform, TileTransform, WinogradKernel, scratch_size
from ..emit.code import THREAD, Code
from ..graph.convolutions import ATTENTION, PRODUCTS, multiplications
from ..graph.graph import Graph, Node, number
from ..graph.regions import Region
from ..kernels.attention_kernel import AttentionGradients, AttentionKernel
from ..kernels.blocked_kernel import BlockedKernel
from ..kernels.loop_kernels import LoopKernel
from ..kernels.matmul_kernel import MatmulKernel, PackingKernel
from ..kernels.order_kernel import CutKernel, JoinKernel, OrderKernel, only_copies
from ..kernels.random_kernel import RandomKernel
from ..kernels.reduction_kernels import RowKernel, ScatterKernel, lists_size
from ..kernels.sort_kernel import SortKernel
from ..plan.attention import Cut
from ..plan.barriers import Access, Touches, waits
from ..plan.kernel import Kernel
from ..plan.memory import Plan, Scratch, plan
from ..plan.schedule import Schedule
from ..plan.shares import Share, Shares
from ..plan.tiling import Tiling, tiling
from ..rewrite.bfloat16 import Rounding
from ..rewrite.passes import simplify
from .entry import BARRIER_HEAD, Stage, part_of_module
from .repeated import Iteration, Repeated, has_history, region_of, scratch_of
from .runtime import num_threads
from .target import Target

TURNS = 3  # iterations after which every further one is as the last
LINES = 1500  # of the functions that are compiled together
WORTH_SHARING = 60_000  # operations; below, waiting for each other would take longer than the work
FAMILIES: dict[str, type[LoopKernel]] = {
    "random_bits": RandomKernel,
    "argsort": SortKernel,
    "reduce": RowKernel,
    "winograd_weight": KernelTransform,
    "winograd_back": KernelTransform,
    "winograd_tiles": TileTransform,
    "cut_images": CutKernel,
    "join_images": JoinKernel,
}
ATTENDING = {"attention": AttentionKernel, "attention_gradients": AttentionGradients}
SLIDING = {
    "convolution": ConvolutionKernel,
    "convolution_input": ConvolutionKernel,
    "convolution_weight": WeightKernel,
    "row_convolution": RowConvolutionKernel,
    "row_convolution_input": RowConvolutionKernel,
}


def worth_sharing(work: int) -> bool:
    """Whether so many operations, or those of one iteration of a loop, are enough to do for several threads."""
    return work >= WORTH_SHARING


class Manner(NamedTuple):
    """How a program is made: for which processor, with which precision, and whether by Winograd's algorithm."""

    target: Target
    precision: str = "float32"
    winograd: bool = True

    def rounding(self) -> Rounding | None:
        """How operands are rounded, if they are."""
        return Rounding(self.target.dot_lanes, self.winograd) if self.precision == "bf16" else None


class Functions:
    """The functions of a module: those that kernels are, by their text, and those that they call, by their names.

    Args:
        ready: told the text of each part of them, a module by itself, as soon as there are enough for one.
    """

    def __init__(self, ready: Callable[[str], None] | None = None) -> None:
        self.by_text: dict[str, Code] = {}
        self.micro_kernels: dict[str, Code] = {}
        self._ready = ready
        self._heads = {"barrier": BARRIER_HEAD}
        self._waiting: list[Code] = []  # for the others of their module
        self._lines = 0  # of these

    def name(self, kernel: LoopKernel | Repeated) -> str:
        """The name of a kernel's function; kernels whose text is the same are one function."""
        code = kernel.code
        code.arguments = ", ".join([f"ptr {a}" for a in kernel.arguments.values()] + [THREAD])
        known = self.by_text.setdefault(code.text(), code)
        if known is code:
            code.name = f"{code.name}_{len(self.by_text)}"
            if self._ready is not None:
                self._take([*(c for name, c in self.micro_kernels.items() if name not in self._heads), code])
        return known.name

    def _take(self, codes: Sequence[Code]) -> None:
        """Put functions into the next module, which is handed over as soon as it is large enough."""
        self._waiting += codes
        self._lines += sum(len(c.lines) for c in codes)
        self._heads |= {c.name: c.head for c in codes}
        if self._lines >= LINES:
            self.hand_over()

    def hand_over(self, last: Sequence[Code] = ()) -> None:
        """Hand over what waits; with the last functions goes the barrier."""
        if self._ready is not None:
            self._ready(part_of_module([*self._waiting, *last], self._heads, bool(last)))
            self._waiting, self._lines = [], 0

    def all(self) -> list[Code]:
        """Each of them once."""
        return [*self.by_text.values(), *self.micro_kernels.values()]


def _scratch(k: Kernel, t: Tiling, packed_before: bool) -> list[Scratch]:
    """The memory a product works in: its packed operand, which others may share, and sums that wait."""
    size = t.dtype.itemsize
    owner = (t.b, k) if t.blocked else (t.b, t.batch, t.columns, t.depth)
    packed = [Scratch("packed", owner, t.packed_size * size)] if t.blocked or packed_before else []
    return packed + ([Scratch("sums", k, t.sums_size * size)] if t.sums_size else [])


def _body(region: Region, manner: Manner) -> Stages:
    return Stages(region.graph, manner, constants=len(region.constants))


class Stages:
    """A graph's kernels, the plan of its memory, and the functions that are called one after the other.

    Attributes:
        graph: after all rewrites.
        flags: those of its results that refuse a call.
        decided: the flags, and what a refusal is explained by: all there before anything that is given is written.
        inner: the stages of each loop's body.
        stages: the calls, in order.
    """

    def __init__(self, graph: Graph, manner: Manner, returned: int = 0, flags: int = 0, constants: int = 0) -> None:
        """`flags`: how many of the results are flags, after those that are `returned`; `constants`: how many of the
        inputs stay as they are while the stages run again and again."""
        self.constants = constants
        self.manner, self.target = manner, manner.target
        self.graph = simplify(graph, manner.target.lanes, manner.rounding(), manner.winograd)
        number(self.graph)
        self.flags = self.graph.results[returned : returned + flags]
        self.decided = self.graph.results[returned:] if flags else []
        self.schedule = Schedule(self.graph, self.target.lanes, self.target.registers, self.decided)
        self.tilings = {k: tiling(k, self.schedule, self.target) for k in self.schedule.order if k.kind == "matmul"}
        self.inner = {k: _body(region_of(k), manner) for k in self.schedule.order if k.kind == "loop"}

    def arrange(self, functions: Functions, alone: bool) -> None:
        """Say who does what and where everything lies; `alone`: whether one thread does all."""
        self.functions, self.alone = functions, alone
        for inner in self.inner.values():
            inner.arrange(functions, alone or not worth_sharing(inner.work()))
        given = set(self.graph.inputs[: self.constants])
        self.shares = Shares(self.schedule, self.tilings, self.threads, given)
        self.scratch = {k: _scratch(k, t, self.shares.packed_before(k)) for k, t in self.tilings.items()}
        self.scratch |= {k: [self._winograd_scratch(k)] for k in self.schedule.order if k.kind == "winograd"}
        self.scratch |= {k: [self._attention_scratch(k)] for k in self.schedule.order if k.kind in ATTENTION}
        adding = [k for k in self.schedule.order if k.kind == "scatter_add"]
        self.scratch |= {k: [Scratch("lists", k, lists_size(k.main[0]))] for k in adding}
        self.scratch |= {k: scratch_of(k, inner.plan) for k, inner in self.inner.items()}
        packed = [s for k, found in self.scratch.items() for s in found if s.use == "packed"]
        lasting = dict.fromkeys(s for s in packed if s.owner[0].node in given)
        self.plan: Plan = plan(self.schedule, self.scratch, self.shares.group, lasting)
        self._lasting = {self.plan.scratch[s] for s in lasting}
        self.stages: list[Stage] = []
        self._packed: set[int] = set()  # the slots of operands that are packed already

    @property
    def threads(self) -> int:
        """How many threads to run on: a small program finishes sooner alone."""
        return 1 if self.alone else num_threads()

    def work(self) -> int:
        """About how many operations a step takes."""
        total = 0
        for k in self.schedule.order:
            if k in self.inner:
                total += region_of(k).length * self.inner[k].work()
                continue
            total += math.prod(k.shape) * len(k.maps)
            for n in k.main:
                total += multiplications(n) // 8 if k.kind in (*PRODUCTS, *ATTENTION) else n.inputs[0].size
        return total

    def slot(self, n: Node) -> int:
        return self.plan.slots[n]

    def emit(self) -> None:
        """Write the functions of all kernels, and the calls of them."""
        for k in self.schedule.order:
            touched = {self.slot(n) for n in self.schedule.inputs_of(k) if n in self.plan.slots}
            written = {self.slot(n) for n in k.stored}
            if k.kind == "joined":  # its pieces are written in their places
                continue
            if k.kind == "matmul":
                self._emit_matmul(k, touched, written)
                continue
            if k.kind == "loop":
                self._emit_loop(k, touched, written)
                continue
            kernel = self._kernel(k)
            self._prepare(kernel, k).emit()
            worked_in = {self.plan.scratch[s] for s in self.scratch.get(k, ())}
            self._add(k, kernel, touched | worked_in, written | worked_in)
        for target, value in self.plan.copies:
            self._emit_copy(target, value)

    def _prepare(self, kernel: LoopKernel, k: Kernel | None = None) -> LoopKernel:
        """Tell a kernel who does its work, and which functions are there already."""
        kernel.shared, kernel.alone = self.shares.of.get(k) if k is not None else None, self.alone
        kernel.micro_kernels = self.functions.micro_kernels
        return kernel

    def _kernel(self, k: Kernel) -> LoopKernel:
        if k.kind == "winograd":
            scratch = self.plan.scratch[self.scratch[k][0]], num_threads()
            return WinogradKernel(k, self.schedule, self.slot, self.target.registers, scratch)
        if k.kind in ATTENTION:
            scratch = self.plan.scratch[self.scratch[k][0]], num_threads()
            return ATTENDING[k.kind](k, self.schedule, self.slot, self.target, scratch)
        if k.kind == "scatter_add":
            lists = self.plan.scratch[self.scratch[k][0]]
            return ScatterKernel(k, self.schedule, self.slot, self.target.lanes, lists=lists)
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

    def _attention_scratch(self, k: Kernel) -> Scratch:
        return Scratch("scores", k, Cut(k.main[0], self.target).scratch * num_threads())

    def _emit_matmul(self, k: Kernel, touched: set[int], written: set[int]) -> None:
        t, slots = self.tilings[k], {s.use: self.plan.scratch[s] for s in self.scratch[k]}
        before = self.shares.packed_before(k)
        if before and slots["packed"] not in self._packed:
            self._packed.add(slots["packed"])
            packing = PackingKernel(k, self.schedule, self.slot, t, slots)
            self._prepare(packing).emit()
            self._add(k, packing, {self.slot(t.b.node)}, {slots["packed"]})
        product = (BlockedKernel if t.blocked else MatmulKernel)(k, self.schedule, self.slot, t, slots)
        product.packs = t.packed and not before
        self._prepare(product, k).emit()
        worked_in = set(slots.values())
        self._add(k, product, touched | worked_in, written | (worked_in if t.blocked else set()))

    def _add(self, k: Kernel | None, kernel: LoopKernel | Repeated, reads: set[int], writes: set[int]) -> None:
        """Append a stage."""
        own = self._own_slots(k, reads | writes) if k is not None and kernel.shared else {}
        self.stages.append(Stage(self.functions.name(kernel), k, tuple(kernel.arguments), reads, writes, own))

    def _emit_loop(self, k: Kernel, touched: set[int], written: set[int]) -> None:
        self.inner[k].emit()
        iteration = self.inner[k].repeated(k)
        kernel = Repeated(k, self.slot, self.schedule.by_place, self.plan.scratch, iteration, self.inner[k].alone)
        kernel.emit()
        worked_in = {self.plan.scratch[s] for s in self.scratch[k]}
        self._add(k, kernel, touched | worked_in, written | worked_in)

    def repeated(self, k: Kernel) -> Iteration:
        """These stages as what a loop repeats."""
        region, inputs, results = region_of(k), self.graph.inputs, self.graph.results
        first, second = len(region.constants), len(region.constants) + len(region.carried)
        constants, carried, sliced = inputs[:first], inputs[first:second], inputs[second:]
        new, stacked = results[: len(carried)], results[len(carried) :]
        slots = [[self.slot(n) for n in some] for some in (constants, carried, sliced, new, stacked)]
        once = [s for s in self.stages if s.writes and s.writes <= self._lasting]
        again = [s for s in self.stages if s not in once]
        return Iteration(once, again, self._waits_again(again, slots[1], slots[3], k), self.plan.offsets, *slots)

    def _waits_again(self, stages: Sequence[Stage], entry: list[int], exit: list[int], k: Kernel) -> list[bool]:
        """Before which stages threads wait, in each of many iterations: as in the first three, one after the other.

        What is carried moves: where one iteration leaves it, the next finds it.
        """
        if self.alone:
            return [False] * len(stages)
        moving = {slot: (i, 0) for i, slot in enumerate(entry)} | {slot: (i, 1) for i, slot in enumerate(exit)}
        kept = [has_history(k, i) for i in range(len(entry))]
        cells: dict[tuple[int, int], int] = {}  # of each value its place after so many steps, as a slot of its own

        def access(stage: Stage, slot: int, turn: int) -> Access:
            own = stage.own.get(slot)
            if slot in moving:
                i, after = moving[slot]
                place = turn + after if kept[i] else (turn + after) % 2
                slot = cells.setdefault((i, place), self.plan.count + len(cells))
            return Access(*self._range(slot), slot, own)

        touches = [
            Touches(*([access(s, slot, turn) for slot in slots] for slots in (s.reads, s.writes)))
            for turn in range(TURNS)
            for s in stages
        ]
        found = waits(touches)
        return [any(found[turn * len(stages) + i] for turn in range(TURNS)) for i in range(len(stages))]

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
