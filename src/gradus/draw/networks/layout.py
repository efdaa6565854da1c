"""Where the nodes of a graph stand: columns from what is given to what comes of it, with few crossings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ...errors import ArgumentError

_SWEEPS = 12  # over all columns, forward and back in turn; small graphs stand still after three or four
_PASSING = 0.5  # the room that an edge takes that goes past a column; a node takes 1


class Layout(NamedTuple):
    """Where everything stands.

    `places` (nodes, 2) holds x, the column, and y, downwards negative; `routes` for each edge the points (k, 2) that it
    goes through, from its source to its target.

    >>> layered(2, [(0, 1)]).routes[0].tolist()
    [[0.0, 0.0], [1.0, 0.0]]
    """

    places: np.ndarray
    routes: list[np.ndarray]


def layered(nodes: int, edges: Sequence[tuple[int, int]]) -> Layout:
    """Columns for a graph without cycles: each node stands right before the first that uses it.

    An edge over several columns gets a point of its own in each, so that it goes around what stands there. The order in
    a column is that of the mean place of the neighbours (Sugiyama, Tagawa and Toda, 1981), repeated.

    Args:
        nodes: how many there are, numbered so that each stands before those that use it.
        edges: pairs (source, target) of their numbers, source < target.

    Raises:
        ArgumentError: an edge that leads back, or to a node that is not there.

    >>> layered(3, [(0, 2), (1, 2)]).places.tolist()
    [[0.0, 0.5], [0.0, -0.5], [1.0, 0.0]]
    """
    for source, target in edges:
        if not 0 <= source < target < nodes:
            raise ArgumentError(f"layered: the edge {(source, target)} must lead on, from 0 to {nodes - 1} at most")
    rank = [0] * nodes
    for source, target in sorted(edges, key=lambda edge: -edge[1]):
        rank[source] = max(rank[source], rank[target] + 1)
    chains, links = [], []
    for source, target in edges:
        passing = range(rank[source] - 1, rank[target], -1)
        chain = [source, *range(len(rank), len(rank) + len(passing)), target]
        rank += passing
        chains.append(chain)
        links += list(pairwise(chain))
    y = _heights(rank, links, nodes)
    x = max(rank, default=0) - np.array(rank, float)
    everything = np.stack([x, y], axis=1)
    return Layout(everything[:nodes], [everything[chain] for chain in chains])


def _heights(rank: list[int], links: list[tuple[int, int]], nodes: int) -> np.ndarray:
    """The y of each node and each point of passage."""
    before: list[list[int]] = [[] for _ in rank]
    after: list[list[int]] = [[] for _ in rank]
    for s, t in links:
        before[t].append(s)
        after[s].append(t)
    columns: list[list[int]] = [[] for _ in range(max(rank, default=0) + 1)]
    for v in _as_read(before, after):
        columns[rank[v]].append(v)
    room = np.array([1.0 if v < nodes else _PASSING for v in range(len(rank))])
    y = np.zeros(len(rank))
    for column in columns:
        y[column] = -np.cumsum(room[column]) + room[column] / 2
        y[column] -= np.mean(y[column]) if column else 0
    for sweep in range(_SWEEPS):
        back = sweep % 2 == 0
        for column in columns if back else reversed(columns):
            near, else_near = (after, before) if back else (before, after)
            wanted = np.array([np.mean(y[near[v] or else_near[v] or [v]]) for v in column])
            order = np.argsort(-wanted, kind="stable")
            column[:] = [column[i] for i in order]
            y[column] = _spaced(wanted[order], room[column])
    return y - (y.max() + y.min()) / 2 if len(y) else y


def _as_read(before: list[list[int]], after: list[list[int]]) -> list[int]:
    """All nodes in the order in which an expression names them, walked from the results; without recursion."""
    stack = [v for v in reversed(range(len(after))) if not after[v]]
    order: dict[int, None] = {}
    while stack:
        v = stack.pop()
        if v not in order:
            order[v] = None
            stack.extend(reversed(before[v]))
    return list(order)


def _spaced(wanted: np.ndarray, room: np.ndarray) -> np.ndarray:
    """The places nearest to those wanted, in their order from above, that leave each its room (least squares)."""
    offsets = np.cumsum(room) - room / 2
    blocks: list[tuple[float, int]] = []  # mean of what is wanted beyond the offsets, and of how many
    for value in wanted + offsets:
        mean, count = float(value), 1
        while blocks and blocks[-1][0] < mean:
            above, n = blocks.pop()
            mean, count = (mean * count + above * n) / (count + n), count + n
        blocks.append((mean, count))
    return np.repeat([m for m, _ in blocks], [n for _, n in blocks]) - offsets
