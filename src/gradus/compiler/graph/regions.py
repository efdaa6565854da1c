"""Loops of a graph: a region with its body, values that go from step to step, and results kept of each step.

A node `loop` stands for all steps; its inputs are what the body uses besides (constants), what the first step starts
from, and the arrays of which each step gets one place. What comes out are nodes `part` of it:

    final      a carried value after the last step
    history    its values by place: before the first step, and after each; one more than there are places
    stack      what each step gave, by place
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...dtypes import Dtype
from .graph import Graph, Node, written

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
