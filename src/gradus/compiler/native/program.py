"""The whole step as one native module: its kernels in order, barriers where one needs what another thread wrote."""

from __future__ import annotations

from collections.abc import Callable

from ..emit.code import Code
from ..graph.graph import Graph, Node
from . import entry
from .checks import Parted, parted
from .entry import Argument, Stage
from .stages import Functions, Manner, Stages, worth_sharing
from .target import Target

FIRST_SLICE = 20_000_000  # operations that surely take less than a tenth of a second
MOST_AT_FIRST = 2048  # steps


class Program(Stages):
    """A graph compiled to the text of a native module, with the plan of its memory."""

    def __init__(
        self,
        graph: Graph,
        target: Target,
        arguments: int = 0,
        precision: str = "float32",
        winograd: bool = True,
        ready: Callable[[str], None] | None = None,
    ) -> None:
        """`ready`: told the text of each of its modules."""
        self.arguments = arguments  # how many of the inputs are the function's own
        self.traced = graph
        self.checks: Parted = parted(graph, target)
        self.returned = len(graph.results)  # of the results; flags of checks and what they look at come after them
        super().__init__(self.checks.graph, Manner(target, precision, winograd), self.returned, len(self.checks.within))
        self.worth_sharing = worth_sharing(self.work())
        self.arrange(Functions(ready), not self.worth_sharing)
        self.job_slot = self.plan.count
        self.plan.count += 1
        self.refusal: entry.Refusal | None = None
        if graph.checks:
            self.refusal = self._refusal()
        self.emit()
        if ready is not None:
            self.functions.hand_over(self._entries())

    @property
    def steps_at_once(self) -> int:
        """How many steps of an epoch surely take less than the time between two looks at the clock.

        No more than `MOST_AT_FIRST`: what is done with their results may take longer than they.
        """
        return max(1, min(FIRST_SLICE // max(self.work(), 1), MOST_AT_FIRST))

    def _refusal(self) -> entry.Refusal:
        """The checks before the step, and where in it flags are looked at."""
        written = {target for target, _ in self.graph.writes}
        stages, together = [], False
        for _, kernel in self.checks.before:
            together |= not kernel.alone or not written.isdisjoint(kernel.schedule.inputs_of(kernel.kernel))
            kernel.alone |= self.alone
            kernel.emit()
            stages.append(Stage(self.functions.name(kernel), kernel.kernel, tuple(kernel.arguments), set(), set(), {}))
        self.plan.count += 1
        return entry.Refusal(
            self.plan.count - 1, stages, together and not self.alone, [self.slot(n) for n in self.flags]
        )

    def step(self, name: str = "step", after: Callable[[Code], None] | None = None) -> Code:
        """The function that runs all stages; see `entry.step`."""
        refusal = self.refusal
        if refusal is not None and self.flags:
            decided = {self.slot(n) for n in self.decided}  # what explains a refusal is there, too
            last = max(i for i, s in enumerate(self.stages) if not s.writes.isdisjoint(decided))
            refusal = refusal._replace(look_after=last)
        return entry.step(self.stages, self.needs_barrier(), self.alone, name, after, refusal)

    def text(self) -> str:
        """All of it as one module, in LLVM's language."""
        return entry.module([*self.functions.all(), *self._entries()])

    def _entries(self) -> list[Code]:
        """The functions by which it is entered, and those that they call."""
        given = self.graph.inputs[: self.arguments]
        arguments = [Argument(self.slot(n), *_rows(n)) for n in given]
        results = [(self.slot(n), n.size * n.dtype.itemsize) for n in self.graph.results[: self.returned]]
        word = None if self.refusal is None else self.refusal.slot
        epoch = entry.Epoch(arguments, results, self.job_slot, self.alone, word).emit()
        return [self.step(), *epoch]


def _rows(n: Node) -> tuple[int, int]:
    """How many rows an argument has, and the bytes of one; without axes it has none."""
    rows = n.shape[0] if n.shape else 0
    return rows, n.size // rows * n.dtype.itemsize if rows else 0
