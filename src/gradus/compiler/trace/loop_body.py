"""A loop's step, traced once on symbols for what it is given, and the loop made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ... import dtypes
from ...autograd import recording
from ...tensor import Origin, Tensor
from ..graph.copier import Copier, dependent
from ..graph.graph import Node
from ..graph.loop_nodes import LOOP, PART, WriteOut, loop, part
from ..graph.regions import Region
from .flows import Flows

State = tuple[Tensor, ...]
Gradients = Callable[["Body", dict[tuple[str, int], Tensor]], list[Tensor | None]]


class Tracing(Protocol):
    """What a loop needs of the tracer."""

    def inside(self, step: Callable[..., Any], state: Any, x: Any) -> tuple[Any, set[Node]]: ...

    def close(self, nodes: set[Node]) -> None: ...

    def reopened(self) -> AbstractContextManager[None]: ...

    def node_of(self, t: Tensor) -> Node: ...

    def symbol(self, shape: tuple[int, ...], dtype: Any) -> Node: ...

    def own(self, node: Node) -> Node: ...

    def made(self, kind: str, *inputs: Node, **params: Any) -> Node: ...


class Body:
    """A step that was traced, and the loop made of it.

    Attributes:
        region: the loop's.
        carried, sliced: the symbols for what the step was given.
        new, stacked: what it gave.
        given: tensors from around the step that gradients flow to.
        loop: what stands for all steps.
        ends: the nodes of what the loop starts from, and of the arrays whose places go to the steps.
        flows: the ways of gradients through the step.
    """

    def __init__(self, tracer: Tracing, length: int, reverse: bool, gradients: Gradients) -> None:
        """`gradients`: of the body and the gradients of what comes out of the loop, those of what goes in."""
        self.tracer, self._gradients = tracer, gradients
        self.region = Region(length, reverse)
        self.carried: list[Tensor] = []
        self.sliced: list[Tensor] = []
        self.new: list[Tensor] = []
        self.stacked: list[Tensor] = []
        self.given: list[Tensor] = []
        self._wanting: dict[str, list[bool]] = {}  # of what comes out: whether a gradient to it is wanted

    def trace(self, step: Any, state: State, arrays: Sequence[Tensor], several: bool) -> Any:
        """Run the step on symbols; what it gave for its place."""
        self.carried = [self._symbol(t, t.shape) for t in state]
        self.sliced = [self._symbol(t, t.shape[1:]) for t in arrays]
        x: Any = tuple(self.sliced) if several else self.sliced[0]
        found, self._made = self.tracer.inside(step, tuple(self.carried), x)
        if not isinstance(found, tuple) or len(found) != 2:
            raise WriteOut
        new, y = found
        ys = y if isinstance(y, tuple) else (y,)
        if not isinstance(new, tuple) or not all(isinstance(t, Tensor) for t in (*new, *ys)):
            raise WriteOut
        if [(t.shape, t.dtype) for t in new] != [(t.shape, t.dtype) for t in state]:
            raise WriteOut
        if not recording() and any(t.requires_grad for t in (*new, *ys)):  # the step records, for what comes after
            raise WriteOut
        self.new, self.stacked = list(new), list(ys)
        return y

    def _symbol(self, like: Tensor, shape: tuple[int, ...]) -> Tensor:
        wanted = dtypes.is_float(like.dtype) and (recording() or like.requires_grad)
        return Tensor(self.tracer.symbol(shape, like.dtype), requires_grad=wanted)

    @property
    def symbols(self) -> list[Node]:
        """The nodes of what a step is given."""
        return [t.data for t in (*self.carried, *self.sliced)]

    def close(self, state: State, arrays: Sequence[Tensor]) -> None:
        """Make the loop of what was traced."""
        node_of, region = self.tracer.node_of, self.region
        self.new_nodes, self.kept_nodes = ([node_of(t) for t in some] for some in (self.new, self.stacked))
        depends = dependent([*self.new_nodes, *self.kept_nodes], self.symbols)
        self._copier = Copier(region, depends, self._connect)
        region.carried, region.sliced = (
            [self._copier.given(t.data) for t in some] for some in (self.carried, self.sliced)
        )
        region.new = [self._copier.of(n) for n in self.new_nodes]
        region.stacked = [self._copier.of(n) for n in self.kept_nodes]
        self.ends = [node_of(t) for t in (*state, *arrays)]
        self._node = self.tracer.own(loop((), region))
        self._connect()
        self.loop = Tensor(self._node)
        if recording():
            self._record(state, arrays)
        self.tracer.close(self._made)

    def _connect(self) -> None:
        """What the loop reads, as far as is known by now; its copies in loops around it, too."""
        self._node.inputs = (*self._copier.constants, *self.ends)
        for again in self.region.copied:
            again()

    def _record(self, state: State, arrays: Sequence[Tensor]) -> None:
        """Let gradients flow through the loop to what it was given, and what the step took from around it."""
        length = self.region.length

        def is_given(t: Tensor) -> bool:  # also where a loop in this one has a copy, and nothing else reads the node
            return self.tracer.node_of(t) not in self._made

        self.flows = Flows(self.carried, self.sliced, self.new, self.stacked, is_given)
        self.given = list(self.flows.given.values())
        starts, places = ([t.requires_grad for t in some] for some in (state, arrays))
        self._wanting["final"], self._wanting["stack"] = self.flows.wanting(starts, places, length)
        inputs = (*self.given, *state, *arrays)
        if any(t.requires_grad for t in inputs):
            writes = tuple(t.writes[0] for t in inputs)
            self.loop.requires_grad, self.loop.origin = True, Origin(LOOP, inputs, {"gradients": self._pull}, writes)

    def part(self, what: str, index: int) -> Tensor:
        """What comes out of the loop."""
        node = self.tracer.own(part(self._node, what, index))
        t, wanting = Tensor(node), self._wanting.get(what, [])
        if index < len(wanting) and wanting[index]:
            t.requires_grad, t.origin = True, Origin(PART, (self.loop,), node.params, (self.loop.writes[0],))
        return t

    # -- for the gradient ----------------------------------------------------------------------------------------------

    def _pull(self, cotangents: dict[tuple[str, int], Tensor]) -> list[Tensor | None]:
        """The gradients of what went in, where one comes to, given those of what came out."""
        if self.flows.hooked():
            raise WriteOut
        return self._gradients(self, cotangents)

    def is_at_hand(self, n: Node) -> bool:
        """Whether a node of the step is known of each place in any case."""
        return n in self.symbols or n in self.new_nodes or n in self.kept_nodes

    def by_place(self, n: Node) -> Node:
        """An array of what a node of the step was at each place; kept from now on, if it is not yet."""
        sliced = [t.data for t in self.sliced]
        if n in sliced:
            return self.ends[len(self.carried) + sliced.index(n)]
        carried = [t.data for t in self.carried]
        if n in carried:
            return self._history(carried.index(n), before=True)
        if n in self.new_nodes:
            return self._history(self.new_nodes.index(n), before=False)
        if n not in self.kept_nodes:
            self._copier.depends |= dependent([n], self.symbols)
            self.region.stacked.append(self._copier.of(n))
            self.kept_nodes.append(n)
            self._connect()
        node: Node = self.part("stack", self.kept_nodes.index(n)).data
        return node

    def _history(self, k: int, before: bool) -> Node:
        """The values of what is carried, by place: before, or after, the step there."""
        history: Node = self.part("history", k).data
        return self.tracer.made("slice", history, ranges=self.region.rows(before, history.shape[1:]))
