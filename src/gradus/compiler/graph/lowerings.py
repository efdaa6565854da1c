"""The lowerings of the primitives, in terms of graph nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...ops.core.lowering import Constant, Elementwise, Found, Indices, OwnKernel, Reduction, View
from ...ops.core.places import Condition
from .graph import Node


class Piece(NamedTuple):
    """Where an element of a node's value is found: in which node, at which index, and when."""

    source: Node
    at: Indices
    conditions: tuple[Condition, ...] = ()


def is_elementwise(n: Node) -> bool:
    return n.op is not None and isinstance(n.op.lower, Elementwise)


def is_view(n: Node) -> bool:
    return n.op is not None and isinstance(n.op.lower, View)


def is_reduction(n: Node) -> bool:
    return n.op is not None and isinstance(n.op.lower, Reduction)


def is_constant(n: Node) -> bool:
    return n.op is not None and isinstance(n.op.lower, Constant)


def is_indexed(n: Node) -> bool:
    """Whether it reads at computed places: then it is worked out where it is needed, like a view."""
    return n.op is not None and isinstance(n.op.lower, OwnKernel) and n.op.lower.indexed


def has_own_kernel(n: Node) -> bool:
    """Whether it is neither fused nor a reduction: a product, a running sum, random bits ..."""
    return n.op is not None and isinstance(n.op.lower, OwnKernel) and not n.op.lower.indexed


def effort(n: Node) -> int:
    """About how many instructions an element takes."""
    return n.op.lower.effort if n.op is not None and isinstance(n.op.lower, Elementwise) else 0


def _piece(n: Node, found: Found) -> Piece:
    """Where conditions hold, the indices they speak of are known to be inside."""
    inside = {c.index: c.bounded() for c in found.conditions}
    return Piece(n.inputs[found.source], tuple(inside.get(i, i) for i in found.at), found.conditions)


def pull(n: Node, index: Indices) -> list[Piece]:
    """Where an element of a view is found."""
    how: View = n.primitive.lower  # type: ignore[assignment]
    found = how.pull(index, *(x.shape for x in n.inputs), **n.params)
    return [_piece(n, f) for f in found]


class Terms(NamedTuple):
    """A reduction: the extents it runs over, how its terms are combined, and where each is found."""

    extents: tuple[int, ...]
    combine: str
    term: Callable[[Indices, Indices], Piece]  # (index of the result, reduced index) -> piece


def terms(n: Node) -> Terms:
    """How a reduction's value is made of its input."""
    how: Reduction = n.primitive.lower  # type: ignore[assignment]
    x = n.inputs[0].shape
    extents = how.extents(x, **n.params)
    return Terms(extents, how.combine, lambda i, r: _piece(n, how.term(i, r, x, **n.params)))
