"""A layered drawing of a graph: boxes in rows from above to below, arrows that pass between the boxes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GAP = 26.0  # between neighbours in a row
ROW_GAP = 56.0  # between rows
LANE = 10.0  # the width an arrow takes where it passes a row
SWEEPS = 12
PULL = 0.85  # how much of their way to their neighbours boxes go; the rest draws them to the middle of the drawing


@dataclass(eq=False)
class Box:
    """Something with a place in the drawing: a node of the graph, or a row that an arrow passes.

    Attributes:
        width, height: its size.
        row: which row it stands in.
        x, y: its left upper corner.
        floor: the lower end of its row.
        above, below: what it is connected with in the neighbouring rows.
    """

    width: float
    height: float
    row: int = 0
    x: float = 0.0
    y: float = 0.0
    floor: float = 0.0
    above: list[Box] = field(default_factory=list)
    below: list[Box] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True)
class Edge:
    """An arrow: a value of box `source` goes to box `target`. Arrows of the same value share their way."""

    source: int
    target: int
    value: Hashable


def rows_of(count: int, edges: Sequence[Edge]) -> list[int]:
    """A row for each of `count` boxes, below all its sources; what has no source stands just above its first target."""
    rows = [0] * count
    for e in sorted(edges, key=lambda e: e.source):
        rows[e.target] = max(rows[e.target], rows[e.source] + 1)
    targets: dict[int, list[int]] = {}
    for e in edges:
        targets.setdefault(e.source, []).append(rows[e.target])
    for box in set(targets) - {e.target for e in edges}:
        rows[box] = min(targets[box]) - 1
    return rows


def layout(boxes: Sequence[Box], edges: Sequence[Edge]) -> tuple[dict[Edge, list[Box]], float, float]:
    """Give every box its place in its row; edges run from above to below.

    Returns:
        For each edge the boxes of its way from source to target, and the width and height of the drawing.
    """
    ways, lanes = _ways(boxes, edges)
    count = max((b.row for b in boxes), default=-1) + 1
    rows = [[b for b in (*boxes, *lanes) if b.row == r] for r in range(count)]
    _order(rows)
    _place(rows)
    y = GAP
    for row in rows:
        floor = y + max(b.height for b in row)
        for b in row:
            b.y, b.floor = y, floor
        y = floor + ROW_GAP
    left = min((b.x for row in rows for b in row), default=0.0) - GAP
    for row in rows:
        for b in row:
            b.x -= left
    width = max((b.x + b.width for row in rows for b in row), default=0.0) + GAP
    return ways, width, y - ROW_GAP + GAP


def _ways(boxes: Sequence[Box], edges: Sequence[Edge]) -> tuple[dict[Edge, list[Box]], list[Box]]:
    """A lane for each value in each row that it passes."""
    lanes: dict[tuple[int, Hashable, int], Box] = {}
    ways = {}
    for e in edges:
        source, target = boxes[e.source], boxes[e.target]
        rows = range(source.row + 1, target.row)
        way = [source, *(lanes.setdefault((e.source, e.value, r), Box(LANE, 0.0, r)) for r in rows), target]
        for a, b in pairwise(way):
            if b not in a.below:
                a.below.append(b)
                b.above.append(a)
        ways[e] = way
    return ways, list(lanes.values())


def _order(rows: list[list[Box]]) -> None:
    """Put each box among its neighbours' places, up and down in turn, so that few arrows cross."""
    places = {b: i / len(row) for row in rows for i, b in enumerate(row)}
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            wanted = {b: _mean([places[o] for o in (b.above if down else b.below)], places[b]) for b in row}
            row.sort(key=wanted.__getitem__)
            places.update({b: i / len(row) for i, b in enumerate(row)})


def _place(rows: list[list[Box]]) -> None:
    """Move each row's boxes to the middle of their neighbours, as far as they leave each other room."""
    for row in rows:
        _spread(row, dict.fromkeys(row, 0.0))
    for _ in range(SWEEPS):
        for row in (*rows, *reversed(rows)):
            _spread(row, {b: PULL * _mean([o.middle for o in (*b.above, *b.below)], b.middle) for b in row})


def _spread(row: list[Box], wanted: dict[Box, float]) -> None:
    """Place the boxes in their order, near to where their middles are wanted: pushed to the right, then back as one."""
    blocks: list[tuple[list[Box], float, float]] = []  # boxes that touch, their left end, their width
    for b in row:
        block = [b], wanted[b] - b.width / 2, b.width
        while blocks and blocks[-1][1] + blocks[-1][2] + GAP > block[1]:
            block = _joined(blocks.pop(), block)
        blocks.append(block)
    for members, left, _ in blocks:
        for b in members:
            b.x = left
            left += b.width + GAP


def _joined(a: tuple[list[Box], float, float], b: tuple[list[Box], float, float]) -> tuple[list[Box], float, float]:
    """Two blocks that overlap, side by side, where on the whole they want to be."""
    moved = b[1] - a[2] - GAP  # where b would like the joint block to begin
    left = (a[1] * len(a[0]) + moved * len(b[0])) / (len(a[0]) + len(b[0]))
    return [*a[0], *b[0]], left, a[2] + GAP + b[2]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
