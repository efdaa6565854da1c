"""Rewrites of a graph into a smaller one that means the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ops.primitive import PRIMITIVES
from .graph import Graph, Node, ordered

Rule = Callable[[Node], Node | None]


def simplify(graph: Graph) -> Graph:
    """Algebra, common subexpressions and dead code, in one walk over the nodes; then outputs of their own."""
    new: dict[Node, Node] = {n: n for n in graph.inputs}
    known: dict[Any, Node] = {}
    for n in ordered(graph.outputs()):
        if n.op is None:
            new[n] = n
            continue
        inputs = tuple(new[x] for x in n.inputs)
        fresh = n if inputs == n.inputs else Node(n.op, inputs, n.params, n.shape, n.dtype)
        for rule in RULES:
            fresh = rule(fresh) or fresh
        key = _key(fresh)
        new[n] = known.setdefault(key, fresh)
    out = Graph(graph.inputs, [new[n] for n in graph.results], [(t, new[v]) for t, v in graph.writes])
    return _own_outputs(out)


def _key(n: Node) -> Any:
    if n.op is None:
        return id(n)
    return n.kind, tuple(map(id, n.inputs)), repr(sorted(n.params.items())), n.shape, n.dtype


def _own_outputs(graph: Graph) -> Graph:
    """Each result and each write gets a node of its own, which is no input: then each has one place in memory."""
    taken: set[Node] = set()

    def own(n: Node) -> Node:
        if n.op is None or n in taken:
            n = Node(PRIMITIVES["copy"], (n,), {}, n.shape, n.dtype)
        taken.add(n)
        return n

    writes = [(t, own(v)) for t, v in graph.writes if v is not t]
    return Graph(graph.inputs, [own(n) for n in graph.results], writes)


def _constant(n: Node) -> float | None:
    """The one number a node holds everywhere, if it does."""
    while n.kind in ("broadcast_to", "reshape", "permute", "cast", "copy"):
        n = n.inputs[0]
    return n.params["value"] if n.kind == "full" else None


def _without_effect(n: Node) -> Node | None:
    """x + 0, x - 0, x * 1, x / 1, and views that change nothing, are x."""
    if n.kind in ("add", "subtract", "multiply", "divide"):
        neutral = 1 if n.kind in ("multiply", "divide") else 0
        a, b = n.inputs
        if _constant(b) == neutral:
            return a
        if n.kind in ("add", "multiply") and _constant(a) == neutral:
            return b
    if n.kind in ("reshape", "broadcast_to") and n.shape == n.inputs[0].shape:
        return n.inputs[0]
    if n.kind == "cast" and n.dtype == n.inputs[0].dtype:
        return n.inputs[0]
    return None


def _chained_views(n: Node) -> Node | None:
    """A reshape of a reshape is one reshape; a permutation of a permutation one permutation."""
    if not n.inputs or n.inputs[0].kind != n.kind:
        return None
    below = n.inputs[0]
    if n.kind in ("reshape", "broadcast_to"):
        if n.kind == "reshape" and n.shape == below.inputs[0].shape:
            return below.inputs[0]
        return Node(n.op, below.inputs, n.params, n.shape, n.dtype)
    if n.kind == "permute":
        axes = tuple(below.params["axes"][a] for a in n.params["axes"])
        if axes == tuple(range(len(axes))):
            return below.inputs[0]
        return Node(n.op, below.inputs, {"axes": axes}, n.shape, n.dtype)
    return None


def _transposed_product(n: Node) -> Node | None:
    """(A B)^T = B^T A^T: then what follows can be fused to the product."""
    if n.kind != "permute" or n.inputs[0].kind != "matmul":
        return None
    product, axes = n.inputs[0], n.params["axes"]
    last = len(axes) - 1
    if axes[-2:] != (last, last - 1) or axes[:-2] != tuple(range(last - 1)):
        return None
    turned = []
    for x in product.inputs[::-1]:
        shape = (*x.shape[:-2], x.shape[-1], x.shape[-2])
        node = Node(n.op, (x,), {"axes": axes}, shape, x.dtype)
        turned.append(_chained_views(node) or node)
    return Node(product.op, tuple(turned), product.params, n.shape, n.dtype)


def _small_powers(n: Node) -> Node | None:
    """x^2 is x x; x^1 is x; x^0.5 is a root, x^-1 a quotient."""
    if n.kind != "power":
        return None
    x, exponent = n.inputs[0], _constant(n.inputs[1])
    if exponent == 1:
        return x
    if exponent in (2, 3):
        square = Node(PRIMITIVES["multiply"], (x, x), {}, n.shape, n.dtype)
        return square if exponent == 2 else Node(PRIMITIVES["multiply"], (square, x), {}, n.shape, n.dtype)
    return None


RULES: tuple[Rule, ...] = (_without_effect, _chained_views, _transposed_product, _small_powers)
