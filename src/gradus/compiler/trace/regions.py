"""Loops of a graph: a region with its body, values that go from step to step, and results kept of each step.

A node `loop` stands for all steps; its inputs are what the body uses besides (constants), what the first step starts
from, and the arrays of which each step gets one place. What comes out are nodes `part` of it:

    final      a carried value after the last step
    history    its values by place: before the first step, and after each; one more than there are places
    stack      what each step gave, by place
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...dtypes import Dtype, float32
from ...ops.core.lowering import Kernel
from ...ops.core.primitive import Primitive, Shaped
from .graph import Graph, Node, ordered

Shape = tuple[int, ...]


@dataclass(eq=False)
class Region:
    """The body of a loop.

    Attributes:
        length: how many steps.
        reverse: whether they go from the last place to the first.
        constants, carried, sliced: the body's inputs.
        new: what each carried value becomes.
        stacked: what is kept of each step.
        copied: called where the region has come to keep more, for what copied the loop.
    """

    length: int
    reverse: bool
    constants: list[Node] = field(default_factory=list)
    carried: list[Node] = field(default_factory=list)
    sliced: list[Node] = field(default_factory=list)
    new: list[Node] = field(default_factory=list)
    stacked: list[Node] = field(default_factory=list)
    copied: list[Callable[[], None]] = field(default_factory=list, kw_only=True)

    @property
    def inputs(self) -> list[Node]:
        return [*self.constants, *self.carried, *self.sliced]

    @property
    def graph(self) -> Graph:
        """The body as a graph."""
        return Graph(self.inputs, [*self.new, *self.stacked])

    def given(self, inputs: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
        """A loop's inputs: constants, what it starts from, arrays of which each step gets a place."""
        first, second = len(self.constants), len(self.constants) + len(self.carried)
        return inputs[:first], inputs[first:second], inputs[second:]

    def part(self, what: str, index: int) -> tuple[Shape, Dtype]:
        """The shape and type of what comes out."""
        n = self.stacked[index] if what == "stack" else self.carried[index]
        before = {"final": (), "history": (self.length + 1,), "stack": (self.length,)}[what]
        return (*before, *n.shape), n.dtype

    def places(self) -> range:
        """The places in the order of the steps."""
        return range(self.length)[::-1] if self.reverse else range(self.length)

    @property
    def first(self) -> int:
        """Where in a history the value before the first step stands."""
        return self.length if self.reverse else 0

    def __repr__(self) -> str:
        """All of it: loops of which this is the same do the same."""
        names = {n: f"{i}" for i, n in enumerate(self.inputs)}
        return f"loop({self.length}, {self.reverse}, {len(names)}, {_written([*self.new, *self.stacked], names)})"


def same_graphs(first: Sequence[Node], second: Sequence[Node]) -> bool:
    """Whether two lists of nodes are the same operations of the same nodes."""
    return _written(first, {}) == _written(second, {})


def _written(roots: Sequence[Node], names: dict[Node, str]) -> list[Any]:
    """What nodes depend on, as text; what is given goes by its name, or is itself."""
    lines: list[Any] = []
    known = dict(names)
    for n in ordered(roots):
        if n in known:
            continue
        if n.op is None:
            known[n] = f"@{id(n)}"
            continue
        known[n] = f"%{len(lines)}"
        lines.append((n.kind, n.shape, n.dtype.str, [known[x] for x in n.inputs], repr(sorted(n.params.items()))))
    return [lines, [known[n] for n in roots]]


class _Unlisted(Primitive):
    """What only compiled functions hold; the table of primitives lists what eager code may do, too."""

    def __post_init__(self) -> None:
        pass


def _run(xp: Any, *arrays: np.ndarray, region: Region) -> dict[tuple[str, int], np.ndarray]:
    """All steps, with NumPy: what comes out, by its name."""
    constants, state, xs = region.given(arrays)
    state = list(state)
    found = {("history", k): np.empty((region.length + 1, *s.shape), s.dtype) for k, s in enumerate(state)}
    kept = {("stack", j): np.empty((region.length, *n.shape), n.dtype) for j, n in enumerate(region.stacked)}
    for k, s in enumerate(state):
        found["history", k][region.first] = s
    after = 0 if region.reverse else 1
    for place in region.places():
        known = dict(zip(region.inputs, (*constants, *state, *(x[place] for x in xs)), strict=True))
        for n in region.graph.nodes():
            if n not in known:
                known[n] = np.asarray(n.primitive.forward(xp, *(known[i] for i in n.inputs), **n.params))
        state = [known[n] for n in region.new]
        for k, s in enumerate(state):
            found["history", k][place + after] = s
        for j, n in enumerate(region.stacked):
            kept["stack", j][place] = known[n]
    return found | kept | {("final", k): s for k, s in enumerate(state)}


def loop_primitives(
    pull_loop: Callable[[int], Any], pull_part: Callable[..., Any]
) -> tuple[Primitive, Primitive]:
    """The primitives `loop` and `part`, given how their gradients are pulled back."""
    loop = _Unlisted("loop", lambda *xs, region: Shaped((), float32), _run, pull_loop, Kernel())
    part = _Unlisted(
        "part",
        lambda x, what, index: Shaped(*x.params["region"].part(what, index)),
        lambda xp, found, what, index: found.item()[what, index],  # an array of one object
        (pull_part,),
        Kernel(),
    )
    return loop, part


def dependent(roots: Iterable[Node], on: Iterable[Node]) -> set[Node]:
    """Those of the nodes below some roots that depend on given ones, and these."""
    found = set(on)
    for n in ordered(roots):
        if not found.isdisjoint(n.inputs):
            found.add(n)
    return found
