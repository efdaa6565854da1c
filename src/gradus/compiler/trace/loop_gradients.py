"""The gradient of a loop: a loop backwards.

It goes through the places the other way. At each it pulls the gradients of what the step gave back to what it was
given. Of the forward steps it needs some values again: what is at hand, what is cheaply worked out of that, and what is
kept for it. Gradients of what all steps use, as weights, are added up from step to step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...autograd import reached
from ...ops.core.primitive import PRIMITIVES
from ...tensor import Tensor
from ..graph.copier import Copier, dependent
from ..graph.graph import Node, ordered
from ..graph.loop_nodes import loop, part
from ..graph.lowerings import effort, is_elementwise, is_view
from ..graph.regions import Region
from .loop_body import Body

CHEAP = 1  # instructions by which a value is worked out again rather than kept


class Backward:
    """The gradient of one loop.

    Args:
        body: the forward step.
        cotangents: the gradients of what came out of the loop.
    """

    def __init__(self, body: Body, cotangents: dict[tuple[str, int], Tensor]) -> None:
        self.body, self.cotangents, self.tracer = body, dict(cotangents), body.tracer
        self.region = Region(body.region.length, not body.region.reverse)
        finals, stacks = ([i for what, i in cotangents if what == kind] for kind in ("final", "stack"))
        self._reached, carried, self._first = body.flows.reached(finals, stacks, body.region.length)
        self.floats = sorted(carried)  # the carried values that a gradient comes to
        self.starts: list[Node] = []  # what carried values start from
        self.arrays: list[Node] = []  # whose places go to the steps
        with self.tracer.reopened():
            self._pull_one_step()
            self._copy_into()

    # -- one step ------------------------------------------------------------------------------------------------------

    def _pull_one_step(self) -> None:
        """Pull gradients back through one step, on symbols: those of `targets`, where a gradient reaches one."""
        body = self.body
        self._use_last_alone()
        self.seeds = [self._symbol(body.new[k]) for k in self.floats]  # they come from the step after
        self.taken = [  # they come from outside
            (index, Tensor(self.tracer.symbol(g.shape[1:], g.dtype)), self.tracer.node_of(g))
            for (what, index), g in self.cotangents.items()
            if what == "stack"
        ]
        pairs = [(body.new[k], seed) for k, seed in zip(self.floats, self.seeds, strict=True)]
        pairs += [(body.stacked[index], seed) for index, seed, _ in self.taken]
        pairs = [(t, seed) for t, seed in pairs if t.requires_grad]
        targets = [*body.given, *(body.carried[k] for k in self.floats), *body.sliced]
        wanted = [t for t in targets if t.requires_grad]
        found = reached([t for t, _ in pairs], [seed for _, seed in pairs], wanted)
        nodes = [self.tracer.node_of(found[id(t)]) if id(t) in found else None for t in targets]
        first, second = len(body.given), len(body.given) + len(self.floats)
        self.of_given, self.of_carried, self.of_places = nodes[:first], nodes[first:second], nodes[second:]

    def _use_last_alone(self) -> None:
        """The gradient of an output that is the state, of which only the last is used, is that of the last state."""
        body = self.body
        for (what, index), g in list(self.cotangents.items()):
            if what == "stack" and body.kept_nodes[index] in body.new_nodes:
                k = body.new_nodes.index(body.kept_nodes[index])
                n = _only_at(self.tracer.node_of(g), body.region.places()[-1])
                if n is not None and k in self.floats:
                    del self.cotangents[what, index]
                    last = Tensor(self.tracer.made("reshape", n, shape=g.shape[1:]))
                    before = self.cotangents.get(("final", k))
                    self.cotangents["final", k] = last if before is None else before + last

    def _symbol(self, like: Tensor) -> Tensor:
        return Tensor(self.tracer.symbol(like.shape, like.dtype))

    def _zeros(self, like: Any) -> Node:
        scalar = self.tracer.made("full", shape=(), value=0, dtype=like.dtype)
        return self.tracer.made("broadcast_to", scalar, shape=like.shape)

    # -- the region ----------------------------------------------------------------------------------------------------

    def _copy_into(self) -> None:
        body, region = self.body, self.region
        roots = [n for n in (*self.of_given, *self.of_carried, *self.of_places) if n is not None]
        backward = dependent(roots, [t.data for t in (*self.seeds, *(t for _, t, _ in self.taken))])
        forward = dependent(roots, body.symbols)
        self.copier = copier = Copier(region, forward | backward)
        region.carried = [copier.given(t.data) for t in self.seeds]
        for _, t, array in self.taken:
            self._take(t.data, array)
        for n in self._needed(roots, forward - backward, backward):
            self._take(n, body.by_place(n))
        for k, g in zip(self.floats, self.of_carried, strict=True):
            last = self.cotangents.get(("final", k))
            self.starts.append(self._zeros(body.new[k]) if last is None else self.tracer.node_of(last))
            region.new.append(copier.of(self._zeros(body.new[k]) if g is None else g))
        self.totals = [None if n is None else self._total(n) for n in self.of_given]
        region.stacked = [copier.of(g) for g in self.of_places if g is not None]

    def _take(self, n: Node, array: Node) -> None:
        """A step is given a place of an array."""
        self.region.sliced.append(self.copier.given(n))
        self.arrays.append(array)

    def _total(self, n: Node) -> int:
        """Add a gradient up from step to step; the number of the carried value that does."""
        region, so_far = self.region, Node(None, (), {}, n.shape, n.dtype)
        region.carried.append(so_far)
        region.new.append(Node(PRIMITIVES["add"], (so_far, self.copier.of(n)), {}, n.shape, n.dtype))
        self.starts.append(self._zeros(n))
        return len(region.carried) - 1

    def _needed(self, roots: Sequence[Node], forward: set[Node], backward: set[Node]) -> list[Node]:
        """The values of the forward step that are given to the backward step, which works out others from them."""
        asked = dict.fromkeys(x for n in ordered(roots) if n in backward for x in n.inputs if x in forward)
        asked |= dict.fromkeys(n for n in roots if n in forward)
        given = dict.fromkeys(n for n in asked if self.body.is_at_hand(n) or not _is_cheap(n))

        def at_hand(n: Node) -> bool:
            return n not in forward or n in given or self.body.is_at_hand(n)

        for n in asked:
            if n not in given:
                found = _worked_out_of(n, at_hand)
                given |= dict.fromkeys([n] if found is None else [x for x in found if x in forward])
        return list(given)

    # -- the loop ------------------------------------------------------------------------------------------------------

    def loop(self) -> list[Tensor | None]:
        """The gradients of what the forward loop was given, from around it, to start from, by place; None for none."""
        inputs = (*self.copier.constants, *self.starts, *self.arrays)
        self._node = self.tracer.own(loop(inputs, self.region))
        totals = zip(self.body.given, self.totals, strict=True)
        found = [self._part("final", k) if k is not None and id(t) in self._reached else None for t, k in totals]
        finals = {k: self._part("final", i) for i, k in enumerate(self.floats) if k in self._first}
        found += [finals.get(k) for k in range(len(self.body.carried))]
        stacks = iter(range(len(self.region.stacked)))
        return found + [None if n is None else self._part("stack", next(stacks)) for n in self.of_places]

    def _part(self, what: str, index: int) -> Tensor:
        return Tensor(self.tracer.own(part(self._node, what, index)))


def pulled_back(body: Body, cotangents: dict[tuple[str, int], Tensor]) -> list[Tensor | None]:
    """The gradients of what went into a loop, where one comes to, given those of what came out."""
    return Backward(body, cotangents).loop()


def _only_at(n: Node, place: int) -> Node | None:
    """Of zeros but at one place of the first axis, what stands there, if this is such a node."""
    while n.kind == "copy":
        n = n.inputs[0]
    if n.kind != "pad" or n.params["value"] != 0 or n.inputs[0].shape[0] != 1:
        return None
    first, *others = n.params["widths"]
    whole = first[0] == place and all(widths == (0, 0, 0) for widths in others)
    return n.inputs[0] if whole else None


def _is_cheap(n: Node) -> bool:
    """Whether a value is as well worked out again as kept."""
    return is_view(n) or (is_elementwise(n) and effort(n) <= CHEAP)


def _worked_out_of(n: Node, at_hand: Callable[[Node], bool]) -> list[Node] | None:
    """What is at hand of which a value is worked out by cheap operations; None if it is not."""
    found: list[Node] = []
    for x in ordered([n], lambda y: not at_hand(y)):
        if not _is_cheap(x):
            return None
        found += [y for y in x.inputs if at_hand(y)]
    return found
