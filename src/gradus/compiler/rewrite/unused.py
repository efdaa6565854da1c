"""Loops without what nobody uses of them: carried values, results kept of each step, what those alone are made of."""

from __future__ import annotations

from ..trace.graph import Graph, Node, consumers, ordered
from ..trace.regions import Region


def trimmed(graph: Graph) -> dict[Node, Node]:
    """Loops without what nobody uses of them."""
    users = consumers(graph.nodes())
    becomes: dict[Node, Node] = {}
    for n in graph.nodes():
        if n.kind == "loop":
            becomes |= _without_unused(n, users.get(n, []))
    return becomes


def _without_unused(loop: Node, parts: list[Node]) -> dict[Node, Node]:
    region: Region = loop.params["region"]
    carried = {p.params["index"] for p in parts if p.params["what"] != "stack"}
    stacked = sorted({p.params["index"] for p in parts if p.params["what"] == "stack"})
    while True:
        roots = [*(region.new[k] for k in carried), *(region.stacked[j] for j in stacked)]
        needed = set(ordered(roots))
        more = {k for k, n in enumerate(region.carried) if n in needed} - carried
        if not more:
            break
        carried |= more
    constants, starts, arrays = region.given(loop.inputs)
    kept = sorted(carried)
    given = [i for i, n in enumerate(region.constants) if n in needed]
    sliced = [i for i, n in enumerate(region.sliced) if n in needed]
    if (len(given), len(kept), len(sliced), len(stacked)) == tuple(
        map(len, (region.constants, region.carried, region.sliced, region.stacked))
    ):
        return {}
    less = Region(
        region.length,
        region.reverse,
        [region.constants[i] for i in given],
        [region.carried[k] for k in kept],
        [region.sliced[i] for i in sliced],
        [region.new[k] for k in kept],
        [region.stacked[j] for j in stacked],
    )
    inputs = (*(constants[i] for i in given), *(starts[k] for k in kept), *(arrays[i] for i in sliced))
    instead = Node(loop.op, inputs, {"region": less}, loop.shape, loop.dtype)
    becomes = {loop: instead}
    for p in parts:
        index = (stacked if p.params["what"] == "stack" else kept).index(p.params["index"])
        becomes[p] = Node(p.op, (instead,), p.params | {"index": index}, p.shape, p.dtype)
    return becomes
