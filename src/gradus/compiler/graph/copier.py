"""Nodes of the trace, copied into the body of a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .graph import Node, ordered
from .lowerings import is_constant, is_view
from .regions import Region


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
