"""Checks of values in compiled programs: where each is made, and what is said when one fails.

What is checked is mostly given (labels, indices), as it is or looked at through views: one small loop over it decides
before the step begins. What the step works out itself gets a flag among the step's results: nothing of what the program
reads is written before all flags, and what they are explained by, are there. Either way a call that is refused has
changed nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...errors import DataError, GradusError, ShapeError
from ..graph.bounds import same_numbers
from ..graph.graph import Check, Graph, Node, evaluate, ordered
from ..graph.lowerings import effort, has_own_kernel, is_reduction
from ..plan.schedule import Schedule
from ..rewrite.passes import separate_pieces
from .check_kernel import CheckKernel
from .target import Target

DONE_TWICE = 16  # operations on a number, up to which what is looked at is worked out for that alone


class Parted(NamedTuple):
    """A traced graph's checks: those made before the step, as kernels, and those whose flags are results of `graph`.

    Of the results of `graph`, the last are the flags and then the subjects of the checks `within`.
    """

    before: list[tuple[Check, CheckKernel]]
    within: list[Check]
    graph: Graph


def parted(graph: Graph, target: Target) -> Parted:
    """Part a traced graph's checks, and make results of what is needed of them."""
    kernels = {c: _kernel(c, graph, target) for c in graph.checks}
    before = [(c, kernel) for c, kernel in kernels.items() if kernel is not None]
    within = [c for c, kernel in kernels.items() if kernel is None]
    results = [*graph.results, *(c.failed for c in within), *(c.subject for c in within)]
    return Parted(before, within, Graph(graph.inputs, results, graph.writes))


def _kernel(check: Check, graph: Graph, target: Target) -> CheckKernel | None:
    """One loop that looks at what is given; None if that is not enough."""
    if not _is_near(check.mask):
        return None
    mask = separate_pieces(Graph(graph.inputs, [check.mask]))
    alone = Schedule(mask, target.lanes, target.registers)
    if [k.kind for k in alone.kernels] != ["map"]:  # as where indices are worked out first
        return None
    return CheckKernel(alone.kernels[0], alone, target.lanes)


def _is_near(n: Node) -> bool:
    """Whether it is worked out from what is given by few operations, element by element."""
    seen: set[Node] = set()
    total, stack = 0, [n]
    while stack:
        x = stack.pop()
        if x in seen:
            continue
        seen.add(x)
        total += effort(x)
        if total > DONE_TWICE or is_reduction(x) or has_own_kernel(x):
            return False
        stack.extend(x.inputs)
    return True


class Refusal(NamedTuple):
    """A call that was refused.

    Attributes:
        problem: the error that eager mode raises.
        place: the user's line.
        argument, row: in which argument the first wrong number stands, and in which of its rows, if it is in one.
    """

    problem: GradusError
    place: str
    argument: int | None = None
    row: int | None = None

    def error(self, where: str = "") -> GradusError:
        """The error, with the user's line and what else is to be said of where it happened."""
        problem = self.problem
        said = f"{self.place or 'the prompt'}, in a compiled function" + (where and f", {where}")
        if isinstance(problem, ShapeError):
            problem.called_at = said
        else:
            problem.args = (f"{problem.args[0]} Called at {said}.", *problem.args[1:])
        return problem


def refusal(check: Check, subject: np.ndarray, given: Sequence[np.ndarray], graph: Graph) -> Refusal | None:
    """What is wrong with a check's subject; None if nothing is."""
    mask = np.asarray(check.wrong(subject))
    if not mask.any():
        return None
    problem: GradusError = DataError("a number that is checked is wrong.")
    try:
        check.explain(subject)
    except GradusError as found:
        problem = found
    source = same_numbers(check.subject)
    if source in graph.inputs and source.shape:
        argument = graph.inputs.index(source)
        wrong = np.asarray(check.wrong(given[argument]))
        if wrong.shape == source.shape:
            return Refusal(problem, check.place, argument, int(np.argmax(wrong.reshape(len(wrong), -1).any(1))))
    return Refusal(problem, check.place)


def worked_out(n: Node, given: Sequence[np.ndarray], graph: Graph) -> np.ndarray:
    """A node's value, with NumPy."""
    known = dict(zip(graph.inputs, given, strict=True))
    evaluate(ordered([n]), known)
    return known[n]
