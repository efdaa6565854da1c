"""Which values of a graph are stored, and where their numbers lie.

A *root* is a node whose value is stored (or at least given a kernel). Everything else is fused: it is worked out anew,
in registers, by each kernel that needs it.
"""

from __future__ import annotations

import math

from ...ops.core.places import Index, Loop
from ..graph.batches import batch_inside, blocks, images_together
from ..graph.convolutions import ATTENTION
from ..graph.graph import Graph, Node, consumers
from ..graph.lowerings import (
    Piece,
    effort,
    has_own_kernel,
    is_constant,
    is_elementwise,
    is_indexed,
    is_reduction,
    is_view,
)
from ..graph.pieces import Piece as Stretches
from ..graph.pieces import is_written_in_pieces, pieces_of
from ..graph.reads import at, in_rows, loops_over, strides
from .expressions import Expressions

RECOMPUTE_UP_TO = 4  # operations that are done again rather than stored


def is_main(n: Node) -> bool:
    """Whether a kernel is built around a node, rather than joined by it: a reduction, a product and their like."""
    return is_reduction(n) or has_own_kernel(n)


class Buffers:
    """The roots of a graph, for vectors of `lanes` numbers.

    Attributes:
        joined: for each node that is written in pieces these, and where they lie in it.
        pieces: the same for each piece.
        expressions: what is worked out for a root.
    """

    def __init__(self, graph: Graph, lanes: int) -> None:
        self.graph, self.lanes = graph, lanes
        self.nodes = graph.nodes()
        self.users = consumers(self.nodes)
        self.outputs = set(graph.outputs())
        self.roots: set[Node] = set()
        self.joined = {n: pieces_of(n) for n in self.nodes if is_written_in_pieces(n, self.users, self.outputs)}
        self.pieces: dict[Node, Stretches] = {x: p for found in self.joined.values() for x, p in found.items()}
        self.expressions = Expressions(self.is_buffer)
        self._find_roots()

    def is_buffer(self, n: Node) -> bool:
        """Whether a node's value is found in memory, or in a kernel that can hand it on."""
        return n.op is None or n in self.roots

    def place(self, n: Node, index: tuple[Index, ...]) -> Index:
        """Where an element of a buffer lies, from its first number."""
        if n.batched:
            return batch_inside(index, n.shape, images_together(n.dtype, self.lanes)).opened()
        return self.in_memory(n, in_rows(n, index))

    def in_memory(self, n: Node, flat: Index) -> Index:
        """The same of a buffer that lies in rows, for its number `flat`."""
        return self.pieces[n].place(flat) if n in self.pieces else flat

    def span(self, n: Node) -> int:
        """How many numbers it is from a buffer's first to after its last."""
        if n.batched:
            together = images_together(n.dtype, self.lanes)
            return n.size // n.shape[0] * together * blocks(n.shape[0], together)
        return self.pieces[n].span(n.size) if n in self.pieces else n.size

    def matrix(self, x: Node, loops: list[Loop]) -> tuple[Node, Index] | None:
        """The buffer that a product's operand lies in and where, if that is with fixed strides."""
        found = strides([Piece(x, at(loops))], loops, self.is_buffer)
        if found is None:
            return None
        n, flat = found
        place = self.in_memory(n, flat)
        return (n, place) if place.is_linear() else None

    def by_place(self, x: Node) -> tuple[Node, int, int] | None:
        """The buffer in which a value lies whose places along the first axis are in one piece each, and from which of
        its numbers on, and how far the next place is; None if it does not lie so."""
        if is_constant(x) and not self.is_buffer(x):
            return None
        loops = loops_over(x.shape)
        found = self.matrix(x, loops)
        if found is None:
            return None
        n, flat = found
        inner = [flat.coefficient(loop) for loop in loops[1:]]
        whole = [math.prod(x.shape[a + 1 :]) for a in range(1, len(x.shape))]
        if any(step != wanted for step, wanted, length in zip(inner, whole, x.shape[1:], strict=True) if length > 1):
            return None
        return n, flat.constant, flat.coefficient(loops[0]) if loops else 0

    def whole(self, x: Node) -> tuple[Node, int, int] | None:
        """The same, if the places follow each other, too."""
        found = self.by_place(x)
        follow = found is not None and (not x.shape or x.shape[0] <= 1 or found[2] == x.size // x.shape[0])
        return found if follow else None

    # -- which nodes are roots ----------------------------------------------------------------------------------------

    def _find_roots(self) -> None:
        for n in self.nodes:
            if n.op is None:
                continue
            if n in self.outputs or is_main(n):
                self.roots.add(n)
            if n in self.joined:
                self.roots.update((n, *self.joined[n]))
            if (has_own_kernel(n) and n.kind not in ("matmul", "loop", *ATTENTION)) or is_indexed(n):
                stored = n.inputs[1:] if n.kind == "scatter_add" else n.inputs  # each of its terms is added just once
                self.roots.update(x for x in stored if x.op is not None)
        for n in self.nodes:
            self.roots.update(self.expressions.add(n))
            if is_elementwise(n) and n not in self.roots and self._worth_storing(n):
                self.roots.add(n)
        for n in self.nodes:
            if n.kind == "matmul":
                for x in n.inputs:
                    self._operand(x)
            if n.kind in ATTENTION:
                for x in n.inputs[: ATTENTION[n.kind]]:
                    self._operand(x, in_rows=True)
            if n.kind == "loop":
                constants, starts, arrays = n.params["region"].given(n.inputs)
                self.roots.update(x for x in arrays if x.op is not None and self.by_place(x) is None)
                self.roots.update(x for x in (*constants, *starts) if x.op is not None and self.whole(x) is None)

    def _worth_storing(self, n: Node) -> bool:
        effort = self._effort(n)
        if effort <= RECOMPUTE_UP_TO:
            return False
        return len(self.users[n]) > 1 or any(self._stretched(n, user) for user in self.users[n])

    def _effort(self, n: Node) -> int:
        """About how many operations it takes to work a node out from what is stored."""
        total, seen, stack = 0, set(), [n]
        while stack and total <= RECOMPUTE_UP_TO:
            x = stack.pop()
            if x in seen or (x is not n and self.is_buffer(x)) or is_constant(x):
                continue
            seen.add(x)
            total += effort(x)
            stack.extend(x.inputs)
        return total

    def _stretched(self, n: Node, user: Node) -> bool:
        """Whether a view repeats the node's elements."""
        while is_view(user):
            if user.size > n.size:
                return True
            if len(self.users[user]) != 1:
                return False
            user = self.users[user][0]
        return is_reduction(user) and user.size > n.size

    def _operand(self, x: Node, in_rows: bool = False) -> None:
        """An operand of a product must lie in memory with fixed strides; else it is stored for it.

        `in_rows`: and its rows in one piece.
        """
        loops = loops_over(x.shape)
        if is_constant(x):
            self.roots.add(x)
        elif self.matrix(x, loops) is None:
            below = x
            while below.kind in ("permute", "reshape", "broadcast_to") and below.inputs[0].kind not in ("full", "iota"):
                below = below.inputs[0]
            self.roots.add(below if below.op is not None else x)
            if self.matrix(x, loops) is None:
                self.roots.add(x)
        found = self.matrix(x, loops) if in_rows and x.shape[-1] > 1 else None
        if found is not None and found[1].coefficient(loops[-1]) != 1:
            self.roots.add(x)
