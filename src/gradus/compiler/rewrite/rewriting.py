"""New nodes, and a graph with other nodes in place of some: by a rule, or by a table, which may not make a circle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...ops.core.lowering import OwnKernel
from ...ops.core.primitive import PRIMITIVES, Primitive, Shaped
from ..graph.convolutions import Sizes
from ..graph.graph import Graph, Node

Rule = Callable[[Node], Node | None]  # what a node becomes; None if it stays


def call(name: str, inputs: Sequence[Node], **params: object) -> Node:
    """A new node."""
    primitive = PRIMITIVES[name]
    shape, dtype = primitive.rule(*inputs, **params)
    return Node(primitive, tuple(inputs), params, tuple(shape), dtype)


def _uncomputed(xp: Any, *arrays: Any, **params: Any) -> Any:
    raise TypeError("a rewritten node has no meaning but the kernel it is compiled to")


def own_kernel(name: str) -> Primitive:
    """A primitive with a kernel of its own, which only rewrites make."""

    def rule(*inputs: Any, shape: Sizes, **params: Any) -> Shaped:
        return Shaped(shape, inputs[0].dtype)

    return Primitive(name, rule=rule, forward=_uncomputed, vjp=(), lower=OwnKernel(), listed=False)


def node(primitive: Primitive, inputs: tuple[Node, ...], shape: Sizes, **params: Any) -> Node:
    """A rewritten node."""
    return Node(primitive, inputs, {"shape": shape, **params}, shape, inputs[0].dtype)


def rewritten(graph: Graph, rule: Rule) -> Graph:
    """The graph with the rule applied to every node, inputs first."""
    new: dict[Node, Node] = {}
    for n in graph.nodes():
        inputs = tuple(new[x] for x in n.inputs)
        fresh = n if inputs == n.inputs else Node(n.op, inputs, n.params, n.shape, n.dtype)
        new[n] = rule(fresh) or fresh if n.op is not None else n
        new[n].name = new[n].name or n.name
    if all(n is instead for n, instead in new.items()):
        return graph
    return Graph(graph.inputs, [new[n] for n in graph.results], [(t, new[v]) for t, v in graph.writes])


def redirected(graph: Graph, becomes: dict[Node, Node]) -> Graph:
    """The graph with some nodes replaced by others, which may be made of nodes that are replaced themselves.

    A replacement that depends on what it replaces, by itself or together with others, is not made.
    """
    while becomes:
        order, around = _inputs_first(graph, becomes)
        if not around:
            return _replaced(graph, becomes, order)
        becomes = {n: new for n, new in becomes.items() if n not in around}
    return graph


def _inputs_first(graph: Graph, becomes: dict[Node, Node]) -> tuple[list[Node], set[Node]]:
    """All nodes, after what they depend on once replaced; and the replaced nodes on a way that leads back to itself."""
    order: list[Node] = []
    done: dict[Node, bool] = {}  # False while what it depends on is looked at
    stack = graph.outputs()
    while stack:
        n = stack[-1]
        if n not in done:
            done[n] = False
            for x in becomes.get(n, n).inputs:
                if done.get(x) is False:
                    way = [y for y, finished in done.items() if not finished]  # from an output to n
                    return [], {y for y in way[way.index(x) :] if y in becomes}
                if x not in done:
                    stack.append(x)
            continue
        stack.pop()
        if not done[n]:
            done[n] = True
            order.append(n)
    return order, set()


def _replaced(graph: Graph, becomes: dict[Node, Node], order: list[Node]) -> Graph:
    new: dict[Node, Node] = {}
    for n in order:
        instead = becomes.get(n, n)
        inputs = tuple(new[x] for x in instead.inputs)
        same = inputs == instead.inputs
        new[n] = instead if same else Node(instead.op, inputs, instead.params, n.shape, n.dtype, instead.name)
    return Graph(graph.inputs, [new[n] for n in graph.results], [(t, new[v]) for t, v in graph.writes])
