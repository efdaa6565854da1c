"""Computation graphs: what is computed in circles, values above the edges, gradients below."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...errors import ArgumentError
from ..style import BLUE, INK, RED, new_figure, styled
from .layout import Layout, layered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 150  # nodes: more are no picture that anyone reads

_SIGNS = {"add": "+", "subtract": "\u2212", "multiply": "\u00d7", "divide": "\u00f7"}
_SIGNS |= {"negative": "\u2212", "power": "^"}
_LINE = 13  # letters
_COLUMN, _ROW = 1.75, 0.9  # inches between columns and rows


class Drawing(NamedTuple):
    """A computation graph as words.

    `names` are the nodes' (those that nothing leads to are given, the others operations or results); `edges` pairs
    (source, target), each with a text `above` and one `below`, which may be empty.

    >>> Drawing(["x", "exp"], [(0, 1)], ["0"], ["1"]).names
    ['x', 'exp']
    """

    names: Sequence[str]
    edges: Sequence[tuple[int, int]]
    above: Sequence[str]
    below: Sequence[str]


def graph(drawing: Drawing, title: str = "", marked: Collection[int] = ()) -> Figure:
    """A computation graph from left to right: values above its edges in blue, gradients below in red.

    Args:
        drawing: the nodes and edges.
        title: what stands over it.
        marked: the nodes to be filled, as the one that is being computed.

    Raises:
        ArgumentError: more nodes than anyone can read, or texts that are not one for each edge.

    >>> drawing = Drawing(["a", "b", "multiply", "y"], [(0, 2), (1, 2), (2, 3)], ["3", "4", "12"], ["4", "3", "1"])
    >>> "12" in [text.get_text() for text in graph(drawing).axes[0].texts]
    True
    """
    with styled():
        width, height = graph_size(drawing)
        figure = new_figure(max(width, 4.0), height + 0.5)
        graph_on(figure.add_subplot(), drawing, title, marked)
        return figure


def graph_size(drawing: Drawing) -> tuple[float, float]:
    """Width and height in inches that a graph needs to be read.

    >>> graph_size(Drawing(["a", "exp"], [(0, 1)], [""], [""]))
    (3.5, 0.9)
    """
    if len(drawing.names) > MOST:
        raise ArgumentError(
            f"graph: {len(drawing.names)} nodes are too many to be read, {MOST} can be drawn. "
            "Take a smaller model or expression."
        )
    spread = np.ptp(_everything(layered(len(drawing.names), drawing.edges)), axis=0) + 1
    return round(float(spread[0]) * _COLUMN, 2), round(float(spread[1]) * _ROW, 2)


def graph_on(axes: Axes, drawing: Drawing, title: str = "", marked: Collection[int] = ()) -> None:
    """The same on axes that are there; give them `graph_size` inches.

    >>> with styled():
    ...     graph_on(new_figure(4, 2).add_subplot(), Drawing(["a", "exp"], [(0, 1)], ["0"], ["1"]))
    """
    names, edges, above, below = drawing
    if not len(edges) == len(above) == len(below):
        raise ArgumentError(f"graph: {len(edges)} edges have {len(above)} texts above and {len(below)} below")
    width, height = graph_size(drawing)
    layout = layered(len(names), edges)
    places, routes = layout
    scale = np.array([_COLUMN, _ROW])
    given = set(range(len(names))) - {target for _, target in edges}
    results = set(range(len(names))) - {source for source, _ in edges}
    for (source, target), route, value, gradient in zip(edges, routes, above, below, strict=True):
        room = [6 + 2.7 * min(len(names[i]), _LINE) if i in given | results else 15 for i in (source, target)]
        _edge(axes, route * scale, value, gradient, room)
    for i, (name, place) in enumerate(zip(names, places * scale, strict=True)):
        _node(axes, place, name, plain=i in given | results, marked=i in marked)
    points = _everything(layout)
    middle = (points.max(axis=0) + points.min(axis=0)) / 2 * scale
    axes.set_xlim(middle[0] - width / 2, middle[0] + width / 2)
    axes.set_ylim(middle[1] - height / 2, middle[1] + height / 2)
    axes.set_aspect("equal")
    axes.axis("off")
    if title:
        axes.set_title(title)


def _everything(layout: Layout) -> np.ndarray:
    """All points that a graph goes through: nodes, and edges on their way."""
    return np.concatenate([layout.places, *layout.routes])


def _node(axes: Axes, place: np.ndarray, name: str, plain: bool, marked: bool) -> None:
    """What is given, and a result, as words; an operation in a circle, or in a round box where its name is long."""
    sign = _SIGNS.get(name, name)
    if plain:
        sign = "\n".join(textwrap.wrap(name.replace("_", " "), _LINE)) or name
    style = "circle,pad=0.3" if len(sign) == 1 and not plain else "round,pad=0.3"
    axes.text(
        place[0],
        place[1],
        sign,
        ha="center",
        va="center",
        fontsize=13 if len(sign) == 1 and not plain else 9.5,
        zorder=3,
        bbox={
            "boxstyle": style,
            "facecolor": "#fbe3c2" if marked else "white",
            "edgecolor": "none" if plain and not marked else INK,
        },
    )


def _edge(axes: Axes, route: np.ndarray, value: str, gradient: str, room: Sequence[float]) -> None:
    """An arrow along the route, the value above a flat part, the gradient below; its ends get room, in points."""
    for i, (start, end) in enumerate(pairwise(route)):
        last = i == len(route) - 2
        arrow = {"arrowstyle": "->" if last else "-", "color": INK, "alpha": 0.6, "linewidth": 1}
        arrow |= {"shrinkA": 0 if i else room[0], "shrinkB": room[1] if last else 0}
        axes.annotate("", end, start, arrowprops=arrow, zorder=1)
    flattest = int(np.argmin(np.abs(np.diff(route[:, 1])).round(3)))
    start, end = route[flattest], route[flattest + 1]
    across, up = end - start
    middle = start + (end - start) * 0.46
    steep = abs(up) > 0.25 * abs(across)
    left, right = ("right", "left") if up > 0 else ("left", "right")
    aside = np.array([0.03 * (-1 if up > 0 else 1) if steep else 0.0, 0.045])
    for (x, y), text, colour, vertical, side in (
        (middle + aside, value, BLUE, "bottom", left),
        (middle - aside, gradient, RED, "top", right),
    ):
        axes.text(x, y, text, color=colour, va=vertical, ha=side if steep else "center", fontsize=9.5, zorder=2)
