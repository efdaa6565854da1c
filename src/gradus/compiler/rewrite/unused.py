"""Loops without what nobody uses of them: carried values, results kept of each step, what those alone are made of."""

from __future__ import annotations

from collections.abc import Iterator

from ..graph.graph import Graph, Node, consumers, ordered
from ..graph.loop_nodes import loop, part
from ..graph.regions import Region
from .rewriting import call


def trimmed(graph: Graph) -> dict[Node, Node]:
    """Loops without what nobody uses of them."""
    users = consumers(graph.nodes())
    becomes: dict[Node, Node] = {}
    for n in graph.nodes():
        if n.kind == "loop":
            becomes |= _without_unused(n, users.get(n, []))
    return becomes


def as_histories(graph: Graph) -> dict[Node, Node]:
    """What is kept of each step and is a carried value, all of whose values are kept: those are stored once."""
    users = consumers(graph.nodes())
    becomes: dict[Node, Node] = {}
    for n in graph.nodes():
        if n.kind == "loop":
            parts = users.get(n, [])
            histories = {p.params["index"]: p for p in parts if p.params["what"] == "history"}
            becomes |= {p: h for p in parts for h in _same_values(n.params["region"], p, histories)}
    return becomes


def _same_values(region: Region, p: Node, histories: dict[int, Node]) -> Iterator[Node]:
    """The rows of a history that a stack repeats."""
    if p.params["what"] != "stack":
        return
    kept = region.stacked[p.params["index"]]
    for k, history in histories.items():
        if region.new[k] is kept:
            yield call("slice", [history], ranges=region.rows(False, p.shape[1:]))


def _without_unused(old: Node, parts: list[Node]) -> dict[Node, Node]:
    region: Region = old.params["region"]
    carried = {p.params["index"] for p in parts if p.params["what"] != "stack"}
    stacked = sorted({p.params["index"] for p in parts if p.params["what"] == "stack"})
    while True:
        roots = [*(region.new[k] for k in carried), *(region.stacked[j] for j in stacked)]
        needed = set(ordered(roots))
        more = {k for k, n in enumerate(region.carried) if n in needed} - carried
        if not more:
            break
        carried |= more
    constants, starts, arrays = region.given(old.inputs)
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
    instead = loop(inputs, less)
    becomes = {old: instead}
    for p in parts:
        index = (stacked if p.params["what"] == "stack" else kept).index(p.params["index"])
        becomes[p] = part(instead, p.params["what"], index)
    return becomes
