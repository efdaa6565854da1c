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

from ...autograd import recording
from ...dtypes import Dtype, float32
from ...ops.core.lowering import Kernel
from ...ops.core.primitive import Primitive, Shaped
from ...tensor import Tensor
from .graph import Graph, Node, evaluate, ordered, written
from .lowerings import is_constant, is_view

Shape = tuple[int, ...]
Gradients = Callable[[dict[tuple[str, int], Tensor]], list[Tensor | None]]  # to what comes out -> to what goes in


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

    def beside(self, before: bool) -> int:
        """Where in a history what is carried stands before, or after, the step at place 0; one further for each."""
        return int(before is self.reverse)

    def rows(self, before: bool, shape: Shape) -> tuple[tuple[int, int, int], ...]:
        """The ranges that take from a history of such values those before, or after, the steps, by place."""
        start = self.beside(before)
        return ((start, start + self.length, 1), *((0, n, 1) for n in shape))

    def __repr__(self) -> str:
        """All of it: loops of which this is the same do the same."""
        names = {n: f"{i}" for i, n in enumerate(self.inputs)}
        return f"loop({self.length}, {self.reverse}, {len(names)}, {written([*self.new, *self.stacked], names)})"


def same_graphs(first: Sequence[Node], second: Sequence[Node]) -> bool:
    """Whether two lists of nodes are the same operations of the same nodes."""
    return written(first, {}) == written(second, {})


def _run(xp: Any, *arrays: np.ndarray, region: Region) -> dict[tuple[str, int], np.ndarray]:
    """All steps, with NumPy: what comes out, by its name."""
    constants, state, xs = region.given(arrays)
    state = list(state)
    found = {("history", k): np.empty((region.length + 1, *s.shape), s.dtype) for k, s in enumerate(state)}
    kept = {("stack", j): np.empty((region.length, *n.shape), n.dtype) for j, n in enumerate(region.stacked)}
    for k, s in enumerate(state):
        found["history", k][region.first] = s
    for place in region.places():
        known = dict(zip(region.inputs, (*constants, *state, *(x[place] for x in xs)), strict=True))
        evaluate(region.graph.nodes(), known, xp)
        state = [known[n] for n in region.new]
        for k, s in enumerate(state):
            found["history", k][place + region.beside(before=False)] = s
        for j, n in enumerate(region.stacked):
            kept["stack", j][place] = known[n]
    return found | kept | {("final", k): s for k, s in enumerate(state)}


class Cotangents:
    """The gradients of what comes out of a loop, and once they are pulled back, of what goes in."""

    def __init__(self, of: dict[tuple[str, int], Tensor]) -> None:
        self.of = of
        self.pulled: list[Tensor | None] | None = None

    def __add__(self, other: Cotangents) -> Cotangents:
        both = dict(self.of)
        for what, g in other.of.items():
            both[what] = both[what] + g if what in both else g
        return Cotangents(both)


class WriteOut(BaseException):  # no Exception: a user's function could catch it
    """A loop cannot stay one: the function is to be traced with its steps written out."""


def _pull_loop(index: int) -> Callable[..., Tensor | None]:
    def pull(g: Cotangents, y: Tensor, *inputs: Tensor, gradients: Gradients) -> Tensor | None:
        if recording():  # a gradient of a gradient
            raise WriteOut
        if g.pulled is None:
            g.pulled = gradients(g.of)
        return g.pulled[index]

    return pull


def _pull_part(g: Tensor, y: Tensor, loop: Tensor, what: str, index: int) -> Any:
    return Cotangents({(what, index): g})


LOOP = Primitive("loop", lambda *xs, region: Shaped((), float32), _run, _pull_loop, Kernel(), listed=False)
PART = Primitive(
    "part",
    lambda x, what, index: Shaped(*x.params["region"].part(what, index)),
    lambda xp, found, what, index: found.item()[what, index],  # an array of one object
    (_pull_part,),
    Kernel(),
    listed=False,
)


def loop(inputs: Sequence[Node], region: Region) -> Node:
    """A node that stands for all steps; its value is what `part` takes from."""
    return Node(LOOP, tuple(inputs), {"region": region}, (), float32)


def part(of: Node, what: str, index: int) -> Node:
    """A node for what comes out of a loop."""
    return Node(PART, (of,), {"what": what, "index": index}, *of.params["region"].part(what, index))


def dependent(roots: Iterable[Node], on: Iterable[Node]) -> set[Node]:
    """Those of the nodes below some roots that depend on given ones, and these."""
    found = set(on)
    for n in ordered(roots):
        if not found.isdisjoint(n.inputs):
            found.add(n)
    return found


class Copier:
    """Copies nodes of the trace into a region: what does not depend on the step becomes a constant.

    Attributes:
        copies: the node of the region for one of the trace.
        constants: those of the trace, in the order of the region's.
        grown: called where these become more because a loop that was copied keeps more.
    """

    def __init__(self, region: Region, depends: set[Node], grown: Callable[[], None] = lambda: None) -> None:
        self.region, self.depends, self.grown = region, depends, grown
        self.copies: dict[Node, Node] = {}
        self.constants: list[Node] = []

    def given(self, n: Node) -> Node:
        """Let a node stand for what a step is given: an input of the region, which the caller puts in its place."""
        self.copies[n] = Node(None, (), {}, n.shape, n.dtype)
        return self.copies[n]

    def of(self, root: Node) -> Node:
        """The node's copy, made of the copies of what it depends on."""
        for n in ordered([root], lambda x: x not in self.copies and not self._is_constant(x)):
            if n not in self.copies:
                self.copies[n] = self._constant(n) if self._is_constant(n) else self._copy(n)
        return self.copies[root]

    def _copy(self, n: Node) -> Node:
        if n.op is None:
            raise AssertionError("a value of the forward steps was not kept")
        for x in n.inputs:
            if x not in self.copies:
                self.copies[x] = self._constant(x)
        copy = Node(n.op, tuple(self.copies[x] for x in n.inputs), n.params, n.shape, n.dtype)
        if n.kind == "loop":
            n.params["region"].copied.append(lambda: self._again(n, copy))
        return copy

    def _again(self, n: Node, copy: Node) -> None:
        """Let the copy of a loop, which has its region, read what the loop reads now."""
        copy.inputs = tuple(self.of(x) for x in n.inputs)
        self.grown()

    def _constant(self, n: Node) -> Node:
        self.constants.append(n)
        self.region.constants.append(Node(None, (), {}, n.shape, n.dtype))
        return self.region.constants[-1]

    def _is_constant(self, n: Node) -> bool:
        """Whether it is worked out before the loop; views and numbers are as well made in each step."""
        return n not in self.depends and not is_view(n) and not is_constant(n)
