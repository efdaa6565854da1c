"""Pictures of points as layers move them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import ArgumentError
from ..style import BLUE, GREEN, INK, ORANGE, RED, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLASSES = (BLUE, ORANGE, GREEN, RED, "#8a63c4", "#7f6f5f", "#d77fb4", "#7a7a7a", "#b0ad2e", "#36a9b8")


class Panel(NamedTuple):
    """Points, and what is drawn with them.

    Attributes:
        title: what was done to them.
        points: (n, 2) or (n, 3).
        labels: (n,) classes, counted from 0.
        lines: (lines, steps, 2 or 3): a grid that went the same way.
        boundary: (w, b): the straight line w x + b = 0.
        plane: columns, rows, and the class predicted at each place (rows, columns).

    >>> Panel("data", np.zeros((5, 2)), np.zeros(5)).boundary is None
    True
    """

    title: str
    points: np.ndarray
    labels: np.ndarray
    lines: np.ndarray | None = None
    boundary: tuple[np.ndarray, float] | None = None
    plane: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None


def point_panels(rows: Sequence[tuple[str, Sequence[Panel]]], size: float = 2.0, note: str = "") -> Figure:
    """Rows of panels of points, each row with its title above it.

    Args:
        rows: for each row a title and its panels.
        size: width of a panel in inches.
        note: a line below all.

    >>> panel = Panel("data", np.eye(2), np.arange(2))
    >>> len(point_panels([("a row", [panel, panel])]).axes)
    2
    """
    if not rows or not all(panels for _, panels in rows):
        raise ArgumentError("point_panels: there is nothing to draw; got no rows, or an empty row")
    columns = max(len(panels) for _, panels in rows)
    with styled():
        figure = new_figure(size * columns, (size + 0.5) * len(rows) + 0.3 * bool(note))
        parts = np.atleast_1d(np.asarray(figure.subfigures(len(rows), 1), dtype=object))
        for part, (title, panels) in zip(parts, rows, strict=True):
            part.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
            for i, panel in enumerate(panels):
                solid = panel.points.shape[1] == 3
                _points(part.add_subplot(1, columns, i + 1, projection="3d" if solid else None), panel)
        if note:
            parts[-1].supxlabel(note, fontsize=9)
        return figure


def _points(axes: Any, panel: Panel) -> None:
    for line in () if panel.lines is None else panel.lines:
        axes.plot(*line.T, color=INK, alpha=0.16, linewidth=0.6)
    if panel.plane is not None:
        x, y, predicted = panel.plane
        _regions(axes, x, y, predicted)
    colours = np.array(CLASSES)[panel.labels.astype(int) % len(CLASSES)]
    axes.scatter(*panel.points.T, s=5, c=colours, linewidths=0, alpha=0.85, zorder=3)
    axes.set_title(panel.title, fontsize=8)
    axes.tick_params(labelsize=7, pad=1)
    if panel.points.shape[1] == 3:
        _solid(axes, panel.points)
        return
    _limits(axes, panel.points)
    if panel.boundary is not None:
        _line(axes, *panel.boundary)


def _regions(axes: Any, x: np.ndarray, y: np.ndarray, predicted: np.ndarray) -> None:
    from matplotlib.colors import ListedColormap

    colours = ListedColormap(list(CLASSES[: int(predicted.max()) + 1]))
    axes.pcolormesh(x, y, predicted, cmap=colours, alpha=0.25, shading="nearest", rasterized=True, linewidth=0)
    axes.contour(x, y, predicted, levels=[0.5], colors=INK, linewidths=1)


def _limits(axes: Any, points: np.ndarray) -> None:
    """The same scale along both axes, and all points inside."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = max(float((high - low).max()) / 2 * 1.15, 1e-3)
    for limit, middle in zip((axes.set_xlim, axes.set_ylim), (low + high) / 2, strict=True):
        limit(middle - half, middle + half)
    axes.set_aspect("equal")
    axes.locator_params(nbins=4)


def _solid(axes: Any, points: np.ndarray) -> None:
    half = max(float(np.ptp(points, axis=0).max()) / 2, 1e-3)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    for limit, m in zip((axes.set_xlim, axes.set_ylim, axes.set_zlim), middle, strict=True):
        limit(m - half, m + half)
    axes.locator_params(nbins=3)
    axes.tick_params(labelbottom=False, labelleft=False, labelright=False, length=0)
    axes.set_box_aspect((1, 1, 1), zoom=1.15)


def _line(axes: Any, w: np.ndarray, b: float) -> None:
    """The line w x + b = 0, across the panel."""
    foot, along = -b * w / (w @ w), np.array([-w[1], w[0]]) / np.linalg.norm(w)
    far = 10 * max(np.abs([*axes.get_xlim(), *axes.get_ylim()]).max(), 1.0)
    ends = foot + np.array([[-far], [far]]) * along
    axes.plot(*ends.T, color=RED, linewidth=1.8, zorder=4, scalex=False, scaley=False)
