"""How stored values lie in memory: row by row, or, around convolutions, with the batch inside.

For the user a batch of images is (n, c, h, w). Around convolutions it is stored as (blocks, c, h, w, lanes): images go
together in blocks of as many as a vector has lanes, and each vector holds one pixel of that many images. Convolution,
pooling, normalisation and their gradients then work on whole vectors, whatever the sizes of channels, images and
windows are; nothing is gathered or shuffled, and nothing left over but in the last block of a batch.
"""

from __future__ import annotations

from ...ops.core.primitive import PRIMITIVES
from ..graph.convolutions import IMAGES, NAMES
from ..graph.graph import Graph, Node, consumers, worked_out
from ..graph.lowerings import (
    has_own_kernel,
    is_elementwise,
    is_indexed,
    is_reduction,
    is_view,
    pull,
    terms,
)
from ..graph.pieces import is_written_in_pieces, stored_as
from ..graph.reads import at, loops_over

INSIDE = (*NAMES, "join_images")  # what reads images with the batch inside


# -- which values ------------------------------------------------------------------------------------------------------


def lay_out(graph: Graph) -> Graph:
    """Values around convolutions are stored with the batch inside; copies stand where the order changes."""
    if not any(n.kind in NAMES for n in graph.nodes()):
        return graph
    return _Rebuilt(graph, _batched(graph)).graph()


def _batched(graph: Graph) -> set[Node]:
    """Which values run along with a convolution's batch, are worked out, and need not lie in rows."""
    nodes, outputs = graph.nodes(), set(graph.outputs())
    users = consumers(nodes)
    joined = (n for n in nodes if is_written_in_pieces(n, users, outputs))
    in_rows = {*outputs, *(stored_as(x) for n in joined for x in n.inputs)}
    along = {n for n, axis in _batch_axes(graph).items() if axis == 0 and len(n.shape) > 1}
    return {n for n in nodes if is_image(n)} | {
        n for n in along if (is_elementwise(n) or is_reduction(n)) and n not in in_rows
    }


def is_image(n: Node) -> bool:
    """Whether a convolution's result is a batch of images, or what is given to one a batch of pieces of them."""
    return n.kind in (*IMAGES, "cut_images")


def images_of(n: Node) -> tuple[Node, ...]:
    """The inputs of a convolution, or of what joins pieces, that are batches of images."""
    return n.inputs if n.kind == "convolution_weight" else n.inputs[:1]


def _batch_axes(graph: Graph) -> dict[Node, int]:
    """For each node that runs along with a convolution's batch: its axis that does."""
    nodes = graph.nodes()
    users = consumers(nodes)
    found: dict[Node, int] = {}
    waiting = [(x, 0) for n in nodes if n.kind in INSIDE for x in images_of(n)]
    waiting += [(n, 0) for n in nodes if is_image(n)]
    while waiting:
        n, axis = waiting.pop()
        if n in found:
            continue
        found[n] = axis
        waiting += [(x, a) for x, a, own in _aligned(n) if own == axis]
        waiting += [(user, own) for user in users[n] for x, a, own in _aligned(user) if x is n and a == axis]
    return found


def _aligned(n: Node) -> list[tuple[Node, int, int]]:
    """(input, its axis, the node's own axis) that run together."""
    if is_elementwise(n):
        return [(x, a, a) for x in n.inputs for a in range(len(n.shape))]
    here = at(loops_over(n.shape))
    if is_view(n):
        pieces = pull(n, here)
    elif is_reduction(n):
        how = terms(n)
        pieces = [how.term(here, at(loops_over(how.extents, "r")))]
    else:
        return []
    own = {i: axis for axis, i in enumerate(here) if i.terms}
    return [(p.source, a, own[i]) for p in pieces for a, i in enumerate(p.at) if i in own]


class _Rebuilt:
    """The graph with the batched values marked, and copies where a value is needed in the other order."""

    def __init__(self, graph: Graph, batched: set[Node]) -> None:
        self.old, self.batched = graph, batched
        self._users, self._outputs = consumers(graph.nodes()), set(graph.outputs())
        self.new: dict[Node, Node] = {}
        self._inside: dict[Node, Node] = {}
        self._rows: dict[Node, Node] = {}

    def graph(self) -> Graph:
        for n in self.old.nodes():
            self.new[n] = self._node(n)
        results = [self._given_away(n) for n in self.old.results]
        return Graph(self.old.inputs, results, [(t, self._given_away(v)) for t, v in self.old.writes])

    def _given_away(self, n: Node) -> Node:
        return self._in_rows(n) if n in self.batched else self.new[n]

    def _node(self, n: Node) -> Node:
        if n.kind in INSIDE:
            inputs = tuple(self._with_batch_inside(x) if x in images_of(n) else self._in_rows(x) for x in n.inputs)
        elif has_own_kernel(n) or is_indexed(n) or is_written_in_pieces(n, self._users, self._outputs):
            inputs = tuple(map(self._in_rows, n.inputs))
        else:
            inputs = tuple(self.new[x] for x in n.inputs)
        if inputs == n.inputs and n not in self.batched:
            return n
        return Node(n.op, inputs, n.params, n.shape, n.dtype, n.name, n in self.batched)

    def _with_batch_inside(self, x: Node) -> Node:
        if x in self.batched:
            return self.new[x]
        return self._inside.setdefault(x, _copy(self.new[x], batched=True))

    def _in_rows(self, x: Node) -> Node:
        """What a product reads; through views, the copy is made of what they are views of."""
        return worked_out(x, lambda v: v.inputs if self._seen_through(v) else (), self._of_rows, self._rows)

    def _seen_through(self, x: Node) -> bool:
        return is_view(x) and x not in self.batched

    def _of_rows(self, x: Node, inputs: list[Node]) -> Node:
        if x in self.batched:
            return _copy(self.new[x], batched=False)
        if not self._seen_through(x) or all(i is self.new[y] for i, y in zip(inputs, x.inputs, strict=True)):
            return self.new[x]
        return Node(x.op, tuple(inputs), x.params, x.shape, x.dtype)


def _copy(n: Node, batched: bool) -> Node:
    return Node(PRIMITIVES["copy"], (n,), {}, n.shape, n.dtype, batched=batched)
