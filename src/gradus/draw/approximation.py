"""Pictures of curves that networks draw, of their straight pieces, and of the error against the number of units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError
from .networks.layers import CLASSES
from .style import BLUE, GREEN, INK, ORANGE, RED, new_figure, styled, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (BLUE, ORANGE, GREEN, RED, "#8a63c4", "#7f6f5f")
_STYLES = ("-", "-", "-", "--", "--", ":")


def curve_panel(
    axes: Axes, lines: Mapping[str, tuple[Any, Any]], title: str, x: str, y: str, dots: tuple[Any, Any] | None = None
) -> None:
    """Lines over one another in one panel, with their names, and dots.

    Args:
        axes: the panel.
        lines: for each name its places and heights; names that begin with "_" are thin and without a legend.
        title, x, y: what stands over the panel and at its axes.
        dots: places and heights.

    >>> axes = new_figure(3, 2).add_subplot()
    >>> curve_panel(axes, {"a line": ([0, 1], [0, 1])}, "One line", "x", "y")
    """
    named = 0
    for name, (places, heights) in lines.items():
        if name.startswith("_"):
            axes.plot(places, heights, color=BLUE, linewidth=0.9, alpha=0.55)
            continue
        axes.plot(places, heights, color=COLOURS[named % 6], linestyle=_STYLES[named % 6], linewidth=1.7, label=name)
        named += 1
    if dots is not None:
        axes.plot(*dots, "o", color=INK, markersize=2.8, zorder=4)
    _finish(axes, title, x, y)


def error_panel(axes: Axes, lines: Mapping[str, tuple[Any, Any]], title: str, x: str, y: str) -> None:
    """Lines with dots on logarithmic axes: how an error or a number grows.

    Args:
        axes: the panel.
        lines: for each name its places and heights, above 0.
        title, x, y: what stands over the panel and at its axes.

    >>> axes = new_figure(3, 2).add_subplot()
    >>> error_panel(axes, {"error": ([1, 2], [0.1, 0.01])}, "Error", "units", "error")
    """
    for i, (name, (places, heights)) in enumerate(lines.items()):
        style, colour = _STYLES[i % 6], COLOURS[i % 6]
        axes.plot(places, heights, "o", linestyle=style, color=colour, linewidth=1.6, markersize=4, label=name)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(thousands())
    axes.yaxis.set_major_formatter(thousands())
    _finish(axes, title, x, y)


def _finish(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.15, color=INK)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8.5)


def line_panel(
    axes: Axes, t: Any, probabilities: np.ndarray, breaks: Any, names: Sequence[str], title: str, ends: tuple[str, str]
) -> None:
    """Probabilities of classes on the way from one input to another, with a tick where each straight piece ends.

    Args:
        axes: the panel.
        t: (n,) places from 0 to 1.
        probabilities: (n, classes).
        breaks: (pieces + 1,) ends of pieces.
        names: of the classes.
        title: what stands over the panel.
        ends: what the two ends are.

    >>> axes = new_figure(3, 2).add_subplot()
    >>> line_panel(axes, [0, 1], np.eye(2), [0, 0.5, 1], ["a", "b"], "From a to b", ("a", "b"))
    """
    for i in map(int, np.flatnonzero(np.max(probabilities, axis=0) > 0.05)):
        axes.plot(t, probabilities[:, i], color=CLASSES[i % len(CLASSES)], linewidth=1.8, label=names[i])
    inner = np.asarray(breaks)[1:-1]
    axes.plot(inner, np.full(len(inner), -0.07), "|", color=INK, markersize=9, markeredgewidth=0.7, clip_on=False)
    axes.set_ylim(-0.13, 1.05)
    axes.set_xlim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], [ends[0], "¼", "½", "¾", ends[1]])
    _finish(
        axes, title, f"the way from one to the other; each tick above: one of {len(inner)} breakpoints", "probability"
    )
    axes.legend(frameon=False, fontsize=8.5, title="class", loc="center left", bbox_to_anchor=(1.0, 0.5))


def plane_panel(
    axes: Axes,
    polygons: Sequence[np.ndarray],
    classes: Any,
    title: str,
    marks: Mapping[str, tuple[float, float]] | None = None,
    names: Sequence[str] | None = None,
) -> None:
    """The straight pieces of a network over a plane: polygons, each in the colour of its class and a shade of its own.

    Args:
        axes: the panel.
        polygons: the corners (k, 2) of each.
        classes: (polygons,) the class in the middle of each.
        title: what stands over the panel.
        marks: points to name.
        names: of the classes, for the legend.

    >>> axes = new_figure(3, 3).add_subplot()
    >>> plane_panel(axes, [np.array([(0, 0), (1, 0), (0, 1)])], [0], "A triangle")
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    if not len(polygons):
        raise ArgumentError("plane_panel: there are no polygons")
    shade = np.random.default_rng(0).uniform(0.25, 0.75, len(polygons))[:, None]
    base = np.array([to_rgb(CLASSES[int(c) % len(CLASSES)]) for c in np.asarray(classes)])
    width = 0.5 if len(polygons) < 800 else 0.15
    drawn = PolyCollection(list(polygons), facecolors=1 - shade * (1 - base), edgecolors=INK, linewidths=width)
    drawn.set_rasterized(True)
    axes.add_collection(drawn)
    corners = np.concatenate(list(polygons))
    axes.set_xlim(*corners[:, 0][[corners[:, 0].argmin(), corners[:, 0].argmax()]])
    axes.set_ylim(*corners[:, 1][[corners[:, 1].argmin(), corners[:, 1].argmax()]])
    axes.set_aspect("equal")
    axes.set_title(title, fontsize=11)
    for name, place in (marks or {}).items():
        axes.plot(*place, "o", color="white", markeredgecolor=INK, markersize=7, zorder=5)
        axes.annotate(name, place, xytext=(6, 5), textcoords="offset points", fontweight="bold", zorder=6)
    if names is not None:
        seen = [int(c) for c in np.unique(classes)]
        patches = [Patch(facecolor=CLASSES[c % len(CLASSES)], alpha=0.6, label=names[c]) for c in seen]
        axes.legend(
            handles=patches, frameon=False, fontsize=8.5, title="class", loc="center left", bbox_to_anchor=(1, 0.5)
        )


def way(
    t: Any,
    probabilities: np.ndarray,
    breaks: Any,
    names: Sequence[str],
    samples: np.ndarray | None,
    title: str,
    ends: tuple[str, str],
) -> Figure:
    """The way from one input to another: the pictures along it, and the probabilities with their breakpoints.

    Args:
        t, probabilities, breaks, names, title, ends: as for `line_panel`.
        samples: pictures (k, h, w) or (k, h, w, 3) in [0, 1] at equal distances on the way; None shows none.

    >>> len(way([0, 1], np.eye(2), [0, 0.5, 1], ["a", "b"], np.zeros((5, 8, 8)), "From a to b", ("a", "b")).axes)
    6
    """
    with styled():
        figure = new_figure(9.5, 4.4 if samples is None else 5.6)
        if samples is None:
            axes = figure.add_subplot()
        else:
            parts: Any = figure.subfigures(2, 1, height_ratios=[1, 3.2])
            above, below = parts
            for i, picture in enumerate(samples):
                small = above.add_subplot(1, len(samples), i + 1)
                small.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
                small.set_xticks([])
                small.set_yticks([])
                small.set_title(f"{i / max(len(samples) - 1, 1):.0%}", fontsize=9)
            axes = below.add_subplot()
        line_panel(axes, t, probabilities, breaks, names, title, ends)
        return figure
