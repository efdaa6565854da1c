"""Pieces that follow each other in several joined values are stored once.

A layer that runs over time leaves overlapping rows of its states: those that the next layer reads, those that its own
weights were multiplied with, one step earlier. All of them are slices of one value:

    [h0; h1; h2],  [h2; h3]    are rows of    [h0; h1; h2; h3]
    [x[0:2]; x[2:3]]           =              x[0:3]
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from .graph import Graph, Node
from .pieces import stored_as
from .sums import call, join


def rows_that_follow(n: Node) -> Node | None:
    """Joined rows of one value that follow each other there: those rows of it."""
    if n.kind != "concatenate" or n.params["axis"] != 0:
        return None
    taken = [stored_as(x) for x in n.inputs]
    if any(x.kind != "slice" or not _is_of_rows(x) or x.inputs != taken[0].inputs for x in taken):
        return None
    rows = [x.params["ranges"][0] for x in taken]
    if any(a[1] != b[0] for a, b in itertools.pairwise(rows)):
        return None
    source = taken[0].inputs[0]
    return call("reshape", [_rows(source, rows[0][0], rows[-1][1])], shape=n.shape)


def _is_of_rows(n: Node) -> bool:
    """Whether a slice takes whole rows that lie together."""
    first, *others = n.params["ranges"]
    whole = all(r == (0, length, 1) for r, length in zip(others, n.inputs[0].shape[1:], strict=True))
    return whole and first[2] == 1 and first[1] > first[0]


def _rows(x: Node, start: int, stop: int) -> Node:
    return call("slice", [x], ranges=((start, stop, 1), *((0, length, 1) for length in x.shape[1:])))


def shared(graph: Graph) -> dict[Node, Node]:
    """Joined values that have pieces in common: what slices of one longer value they become."""
    joins = [n for n in graph.nodes() if n.kind == "concatenate" and n.params["axis"] == 0]
    after: dict[Node, Node] = {}
    before: dict[Node, Node] = {}
    agreed = [n for n in joins if _agrees(n, after, before)]
    becomes: dict[Node, Node] = {}
    for chain in _chains(after, before):
        members = [n for n in agreed if n.inputs[0] in chain]
        if len(members) > 1:
            whole = join(list(chain), 0)
            for n in members:
                start = chain[n.inputs[0]]
                becomes[n] = whole if n.shape == whole.shape else _rows(whole, start, start + n.shape[0])
    return becomes


def _agrees(n: Node, after: dict[Node, Node], before: dict[Node, Node]) -> bool:
    """Whether what follows what in it does not contradict what is known; if so, it is known from now on."""
    pairs = list(itertools.pairwise(n.inputs))
    if not pairs or len(set(n.inputs)) < len(n.inputs) or _leads(n.inputs[-1], n.inputs[0], after):
        return False
    if any(after.get(a, b) is not b or before.get(b, a) is not a for a, b in pairs):
        return False
    after.update(pairs)
    before.update((b, a) for a, b in pairs)
    return True


def _leads(piece: Node, to: Node, after: dict[Node, Node]) -> bool:
    """Whether one piece comes, sooner or later, after another."""
    while piece is not to and piece in after:
        piece = after[piece]
    return piece is to


def _chains(after: dict[Node, Node], before: dict[Node, Node]) -> Iterable[dict[Node, int]]:
    """All that follow each other: each piece with the row at which it begins."""
    for first in after:
        if first not in before:
            chain, row, piece = {}, 0, first
            while True:
                chain[piece] = row
                row += piece.shape[0]
                if piece not in after:
                    break
                piece = after[piece]
            yield chain
