"""What a compiled step does and what it costs: gathered once, written as text here and as a page in `explain_page`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ... import dtypes
from ..graph.convolutions import PRODUCTS
from ..graph.graph import Graph, Node, call, describe
from ..native.program import Program
from ..native.repeated import region_of
from ..native.stages import Stages
from ..native.step import Step
from ..plan.tiling import operand
from ..rewrite import passes
from . import costs
from .profile import Profile, bandwidth, peak, profile

_WORKED_IN = {
    "sums": "sums that wait",
    "tiles": "tiles of images",
    "lists": "which terms belong to a place",
    "body": "what a loop's steps work in",
    "states": "what goes from step to step",
}
SHORTEST = 5e-9  # seconds: what the clock tells from nothing


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage of a program, for people.

    Attributes:
        number: its place in the program, from 1.
        title: what it is, and over which shape.
        barrier: whether all threads wait for each other before it.
        work: the values it works out in registers, inputs first; those that it stores are also in `writes`.
        reads, writes: the values it finds in memory, and leaves there.
        flops, bytes: floating-point operations, and bytes read and written.
        function: the name of its native function.
        scratch: the slots of working memory, packed operands among them, that it reads or writes.
        inside: of a loop, the stages that it repeats; their values are those of its body.
    """

    number: int
    title: str
    barrier: bool
    work: Sequence[Node]
    reads: Sequence[Node]
    writes: Sequence[Node]
    flops: int
    bytes: int
    function: str
    scratch: frozenset[int] = frozenset()
    inside: Sequence[Stage] = ()


@dataclass(frozen=True)
class Explanation:
    """A program with the times that were measured, and what the machine can do: operations and bytes a second."""

    program: Program
    stages: Sequence[Stage]
    times: Profile
    peak: float
    bandwidth: float
    timings: dict[str, float]
    from_cache: bool

    def seconds(self, stage: Stage) -> float:
        """Its time within a step."""
        return self.times.stages[stage.number - 1]

    def share(self, stage: Stage) -> float:
        """Its part of the time of all stages."""
        return self.seconds(stage) / max(sum(self.times.stages), 1e-12)

    def least(self, stage: Stage) -> tuple[float, float]:
        """The seconds that its operations take at the least, and a copy of as many bytes.

        float64 is half as fast as float32, dot products of bfloat16 are twice as fast.
        """
        largest = max(stage.work, key=lambda n: n.size, default=None)
        slower = 2.0 if largest is not None and largest.dtype == dtypes.float64 else 1.0
        if any(n.kind in PRODUCTS and n.inputs[0].dtype != n.dtype for n in stage.work):
            slower = 0.5
        return slower * stage.flops / self.peak, stage.bytes / bandwidth(self.program.threads, stage.bytes)

    def efficiency(self, stage: Stage) -> float:
        """The machine's least time as a part of the time measured; 0 where the clock was too coarse to measure one."""
        taken = self.seconds(stage)
        return max(self.least(stage)) / taken if taken > SHORTEST else 0.0


def gather(step: Step) -> Explanation:
    """Measure a step, and bring together what is to be said of it."""
    program, threads = step.program, step.program.threads
    machine = peak(threads), bandwidth(threads)
    return Explanation(program, stages_of(program), profile(step), *machine, step.timings, step.from_cache)


def stages_of(program: Stages) -> list[Stage]:
    """The program's stages: its kernels, the packing before some of them, and copies at the end."""
    return [_stage(program, i, barrier) for i, barrier in enumerate(program.needs_barrier())]


def _stage(program: Stages, i: int, barrier: bool) -> Stage:
    schedule, stage = program.schedule, program.stages[i]
    function, k = stage.function, stage.kernel
    scratch = frozenset((stage.reads | stage.writes) & set(program.plan.scratch.values()))
    if k is None:
        target, value = program.plan.copies[i - len(program.stages)]
        return Stage(i + 1, f"copy {list(value.shape)}", barrier, (), [value], [target], 0, 2 * _bytes(value), function)
    if function.startswith("pack"):
        b = operand(k.main[0].inputs[1], schedule).node
        return Stage(i + 1, f"pack {list(b.shape)}", barrier, (), [b], (), 0, 2 * _bytes(b), function, scratch)
    reads = sorted(schedule.inputs_of(k), key=lambda n: int(n.name))
    if k.kind == "loop":
        inside, times = stages_of(program.inner[k]), region_of(k).length
        flops, moved = times * sum(s.flops for s in inside), times * sum(s.bytes for s in inside)
        return Stage(
            i + 1, f"loop, {times} times", barrier, (), reads, k.stored, flops, moved, function, scratch, inside
        )
    title = f"{k.kind} {list(k.main[0].shape)} in {k.parts} parts" if k.parts > 1 else f"{k.kind} {list(k.shape)}"
    work = costs.fused(k, schedule)
    flops, moved = costs.flops(k, schedule), costs.bytes_moved(k, schedule)
    return Stage(i + 1, title, barrier, work, reads, k.stored, flops, moved, function, scratch)


def _bytes(n: Node) -> int:
    return n.size * n.dtype.itemsize


def llvm_text(program: Program, stage: Stage) -> str:
    """The text of a stage's function, after those that it calls."""
    codes = {c.name: c for c in program.functions.all()}
    own = codes[stage.function].text()
    called = [c.text() for name, c in codes.items() if f"@{name}(" in own and name != stage.function]
    return "\n\n".join([*called, own])


# -- text --------------------------------------------------------------------------------------------------------------


def text(found: Explanation) -> str:
    """All of it, in sections."""
    sections = {
        "The graph as traced": str(found.program.traced),
        **dict(_passes(found.program)),
        "The graph after all passes": str(found.program.graph),
        "Kernels": f"{summary(found)}\n\n{table(found)}",
        "What each kernel does": "\n\n".join(map(listing, found.stages)),
        "Memory": memory(found.program),
        "Compiling": compiling(found),
    }
    return "\n\n\n".join(f"{title}\n{'-' * len(title)}\n{body}" for title, body in sections.items()) + "\n"


def _passes(program: Program) -> Iterator[tuple[str, str]]:
    for (_, before), (name, after) in pairwise(graphs(program)):
        yield f"Pass: {name}", "\n".join(changes(before, after)) or "nothing to do"


def graphs(program: Program) -> Iterator[tuple[str, Graph]]:
    """The graph as traced, and after each pass."""
    yield "as traced", program.traced
    yield from passes.stages(program.traced, program.target.lanes, program.manner.rounding(), program.manner.winograd)


def changes(before: Graph, after: Graph) -> list[str]:
    """The lines that went, and those that came."""
    old, new = str(before).splitlines(), str(after).splitlines()
    return [*(f"- {x}" for x in old if x not in set(new)), *(f"+ {x}" for x in new if x not in set(old))]


def summary(found: Explanation) -> str:
    """The step as a whole."""
    stages, times, threads = found.stages, found.times, found.program.threads
    flops, barriers = sum(s.flops for s in stages), sum(s.barrier for s in stages)
    between = f"{barriers} barriers of {seconds(times.barrier)} between them, {threads} threads"
    return (
        f"{len(stages)} kernels, {'1 thread' if found.program.alone else between}.\n"
        f"{_precision(found.program)}"
        f"One step takes {seconds(times.step)}: {amount(flops)} operations, {amount(flops / times.step)} a second.\n"
        f"This machine does {amount(found.peak)} operations a second at most (float32 multiply-adds in registers), and "
        f"moves {amount(found.bandwidth)} bytes a second (a copy).\n"
        "A kernel's limit is the time of its operations at that rate, or of a copy of as many bytes: what takes longer."
    )


def _precision(program: Program) -> str:
    """A line on the operands of products, if they are rounded."""
    if program.manner.precision == "float32":
        return ""
    how = "where that suits, its dot products add them up" if program.target.dot_lanes else "it multiplies float32"
    return f"Operands of products and convolutions are rounded to bfloat16; on this processor {how}.\n"


def table(found: Explanation) -> str:
    """A line for each kernel."""
    head = ("", "kernel", "operations", "bytes", "time", "of the step", "of the limit", "limited by")
    rows = [head, *map(tuple, cells(found))]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = []
    for row in rows:
        aligned = (c.ljust(w) if i in (1, 7) else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        lines.append("  ".join(aligned).rstrip())
    return "\n".join(lines)


def cells(found: Explanation) -> Iterator[list[str]]:
    """The table's contents."""
    for s in found.stages:
        by_flops, by_bytes = found.least(s)
        efficiency = found.efficiency(s)
        shares = f"{found.share(s):.1%}", f"{efficiency:.0%}" if efficiency else "-"
        bound = "operations" if by_flops > by_bytes else "bytes"
        yield [str(s.number), s.title, amount(s.flops), amount(s.bytes), seconds(found.seconds(s)), *shares, bound]


def listing(stage: Stage) -> str:
    """A kernel's values: read, worked out, written."""
    lines = [f"{stage.number}  {stage.title}{', after a barrier' if stage.barrier else ''}"]
    lines += [f"    reads  {n!r} {describe(n)}" for n in stage.reads]
    stored = set(stage.writes)
    for n in stage.work:
        if passes.constant(n) is None:
            lines.append(f"    {'stores' if n in stored else '      '} {n!r} {describe(n)} = {call(n, _operand)}")
    lines += [f"    stores {n!r} {describe(n)}" for n in stage.writes if n not in stage.work]
    lines += [f"    {line}" for inside in stage.inside for line in listing(inside).splitlines()]
    return "\n".join(lines)


def _operand(n: Node) -> str:
    """A constant by its number, another value by its name."""
    value = passes.constant(n)
    return repr(n) if value is None else f"{value:.6g}"


def memory(program: Program) -> str:
    """The arena, place by place, and what is written in place."""
    plan, schedule = program.plan, program.schedule
    places: dict[int, list[str]] = {}
    for n, slot in plan.slots.items():
        if slot in plan.offsets:
            places.setdefault(plan.offsets[slot], []).append(f"{n!r} {describe(n)}")
    for scratch, slot in plan.scratch.items():
        what = f"{scratch.owner[0].node!r}, packed" if scratch.use == "packed" else _WORKED_IN[scratch.use]
        places.setdefault(plan.offsets[slot], []).append(what)
    separate = sum(_bytes(n) for n, slot in plan.slots.items() if slot in plan.offsets)
    lines = [f"{amount(plan.arena)} bytes of arena, for values of {amount(separate)} bytes; at the same place:"]
    lines += [f"    from {offset:>9,}: {', '.join(what)}" for offset, what in sorted(places.items())]
    copies = dict(plan.copies)
    for target, value in program.graph.writes:
        how = "copied to" if copies.get(target) is value else "written straight over"
        lines.append(f"    {value!r} is {how} {target!r}, which was given")
    lines += [f"    {n!r} is returned" for n in schedule.graph.results]
    return "\n".join(lines)


def compiling(found: Explanation) -> str:
    """How long it took, and where the code came from."""
    source = "object code from the cache" if found.from_cache else "compiled by LLVM, and kept in the cache"
    lines = [f"{name}: {seconds(taken)}" for name, taken in found.timings.items()]
    target = found.program.target
    return "\n".join([*lines, source, f"for {target.cpu}, vectors of {target.vector_bytes} bytes"])


def seconds(value: float) -> str:
    """`12.3 us`."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}" if value < 1000 * size else f"{value / size:,.0f} {unit}"
    return f"{value / 1e-9:.0f} ns"


def amount(value: float) -> str:
    """`1.23 M`."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:,.3g} {unit}" if value < 1000 * size else f"{value / size:,.0f} {unit}"
    return f"{value:.0f}"
