"""Pieces that follow each other in several joined values are stored once.

A layer that runs over time leaves overlapping rows of its states: those that the next layer reads, those that its own
weights were multiplied with, one step earlier. All of them are slices of one value:

    [h0; h1; h2],  [h2; h3]    are rows of    [h0; h1; h2; h3]
    [x[0:2]; x[2:3]]           =              x[0:3]
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from ..graph.graph import Graph, Node
from ..graph.pieces import stored_as
from .rewriting import call
from .sums import join


def rows_that_follow(n: Node) -> Node | None:
    """Joined rows of one value that follow each other there: those rows of it."""
    if not _is_join(n):
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
    """Joined values that have pieces in common: what slices of one longer value they become.

    Only those of one stage: the longer value then depends on none of those it replaces, nor on any other longer value
    that depends on it.
    """
    becomes: dict[Node, Node] = {}
    for joins in _by_stage(graph):
        after: dict[Node, Node] = {}
        before: dict[Node, Node] = {}
        agreed = [n for n in joins if _agrees(n, after, before)]
        chain_of = {piece: chain for chain in _chains(after, before) for piece in chain}
        members: dict[int, list[Node]] = {}
        for n in agreed:
            members.setdefault(id(chain_of[n.inputs[0]]), []).append(n)
        for found in members.values():
            if len(found) > 1:
                becomes |= _as_slices(found, chain_of[found[0].inputs[0]])
    return becomes


def _by_stage(graph: Graph) -> Iterable[list[Node]]:
    """The joined values, apart by how many of them follow from each other before one."""
    stage: dict[Node, int] = {}
    found: dict[int, list[Node]] = {}
    for n in graph.nodes():
        stage[n] = max((stage[x] + _is_join(x) for x in n.inputs), default=0)
        if _is_join(n):
            found.setdefault(stage[n], []).append(n)
    return found.values()


def _is_join(n: Node) -> bool:
    return n.kind == "concatenate" and n.params["axis"] == 0


def _as_slices(joins: list[Node], chain: dict[Node, int]) -> dict[Node, Node]:
    """What joins become of all that follow each other: each is rows of these."""
    whole = join(list(chain), 0)
    begin = {n: chain[n.inputs[0]] for n in joins}
    return {n: whole if n.shape == whole.shape else _rows(whole, row, row + n.shape[0]) for n, row in begin.items()}


def _agrees(n: Node, after: dict[Node, Node], before: dict[Node, Node]) -> bool:
    """Whether what follows what in it does not contradict what is known; if so, it is known from now on."""
    pairs = list(itertools.pairwise(n.inputs))
    if not pairs or len(set(n.inputs)) < len(n.inputs):
        return False
    if any(after.get(a, b) is not b or before.get(b, a) is not a for a, b in pairs):
        return False
    first, last = n.inputs[0], n.inputs[-1]
    if any(a not in after for a, _ in pairs) and first in before and _leads(last, first, after):
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
