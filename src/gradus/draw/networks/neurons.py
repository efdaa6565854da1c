"""Pictures of neurons with fixed weights, and of a perceptron that learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ArgumentError
from ..style import BLUE, GREEN, INK, ORANGE, RED, new_figure, styled, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Units = Sequence[tuple[np.ndarray, np.ndarray]]  # for each layer synapses (units, inputs) and thresholds (units,)


def neurons(
    networks: Mapping[str, tuple[Units, np.ndarray]],
    mistakes: Mapping[str, Sequence[int]],
    totals: Mapping[str, tuple[int, float]],
    weights: np.ndarray,
    title: str,
) -> Figure:
    """Logic gates as networks of units, and below them a perceptron: its mistakes, their bound, its weights.

    Args:
        networks: for each gate its layers, and its truth table (rows, inputs + 1).
        mistakes: for each task the mistakes of each pass.
        totals: for each task the mistakes made, and the bound on them.
        weights: (h, w), as a picture.
        title: what the weights are of.

    >>> layers = [(np.array([[1, 1]]), np.array([2]))]
    >>> table = np.array([[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 1]])
    >>> len(neurons({"AND": (layers, table)}, {"a": [2, 0]}, {"a": (2, 9.0)}, np.zeros((8, 8)), "a").axes)
    5
    """
    if not networks or not totals:
        raise ArgumentError("neurons: there is nothing to draw; got no networks or no tasks")
    with styled():
        figure = new_figure(12, 7.8)
        halves: Any = figure.subfigures(2, 1, height_ratios=[1, 1.05], hspace=0.04)
        above, below = halves
        for i, (name, (layers, table)) in enumerate(networks.items()):
            _network(above.add_subplot(1, len(networks), i + 1), name, layers, table)
        above.supxlabel(
            "McCulloch-Pitts units. Blue arrow: excites; red line with a dot: inhibits. The number in a unit is its "
            "threshold θ: it fires when θ or more blue inputs are 1 and no red one is.",
            fontsize=9,
        )
        left, middle, right = below.subplots(1, 3, width_ratios=[1.1, 1.25, 0.9])
        _passes(left, mistakes)
        _bounds(middle, totals)
        _weights(right, weights, title)
        return figure


def _network(axes: Axes, name: str, layers: Units, table: np.ndarray) -> None:
    inputs = layers[0][0].shape[1]
    places = [_spread(inputs, 0)] + [_spread(len(theta), i + 1) for i, (_, theta) in enumerate(layers)]
    for (synapses, _), before, after in zip(layers, places, places[1:], strict=False):
        for j, i in np.argwhere(synapses):
            _arrow(axes, before[i], after[j], bool(synapses[j, i] > 0))
    for i, place in enumerate(places[0]):
        _circle(axes, place, f"x{'₁₂₃₄₅₆₇₈₉'[i]}", "white")
    for (_, thresholds), row in zip(layers, places[1:], strict=True):
        for theta, place in zip(thresholds, row, strict=True):
            _circle(axes, place, f"{theta}", "#dfeaf5")
    axes.set_title(name, fontsize=13, fontweight="bold")
    rows = [f"{' '.join(map(str, row[:-1]))}  →  {row[-1]}" for row in table]
    axes.text(0, -0.95, "\n".join(rows), ha="center", va="top", fontsize=9.5, family="monospace")
    axes.set_xlim(-1.1, 1.1)
    axes.set_ylim(-2.0, 2.0)
    axes.set_aspect("equal")
    axes.axis("off")


def _spread(n: int, level: int) -> np.ndarray:
    return np.column_stack([np.linspace(-0.6, 0.6, n) if n > 1 else [0.0], np.full(n, level - 0.4)])


def _circle(axes: Axes, place: np.ndarray, text: str, colour: str) -> None:
    from matplotlib.patches import Circle

    axes.add_patch(Circle((place[0], place[1]), 0.24, facecolor=colour, edgecolor=INK, zorder=3))
    axes.text(place[0], place[1], text, ha="center", va="center", fontsize=11, zorder=4)


def _arrow(axes: Axes, start: np.ndarray, end: np.ndarray, excites: bool) -> None:
    from matplotlib.patches import FancyArrowPatch

    way = (end - start) / np.linalg.norm(end - start)
    a, b = start + 0.24 * way, end - 0.28 * way
    head = "-|>" if excites else "-"
    axes.add_patch(
        FancyArrowPatch(
            (a[0], a[1]), (b[0], b[1]), arrowstyle=head, mutation_scale=13, color=BLUE if excites else RED,
            linewidth=1.8, shrinkA=0, shrinkB=0,
        )
    )  # fmt: skip
    if not excites:
        axes.plot(*b, "o", color=RED, markersize=7, zorder=5)


def _passes(axes: Axes, mistakes: Mapping[str, Sequence[int]]) -> None:
    for (name, counts), colour in zip(mistakes.items(), (BLUE, ORANGE, RED, GREEN), strict=False):
        few = "o" if len(counts) < 30 else ""
        axes.plot(range(1, len(counts) + 1), counts, color=colour, label=name, linewidth=1.6, marker=few, markersize=4)
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(bottom=-0.1)
    axes.xaxis.set_major_formatter(thousands())
    axes.yaxis.set_major_formatter(thousands())
    axes.set_xlabel("pass through the samples")
    axes.set_ylabel("mistakes in the pass")
    axes.set_title("A perceptron learns")
    axes.legend(frameon=False, fontsize=9)
    axes.grid(alpha=0.15, color=INK)


def _bounds(axes: Axes, totals: Mapping[str, tuple[int, float]]) -> None:
    rows = np.arange(len(totals))
    made, bound = np.array(list(totals.values())).T
    axes.barh(rows + 0.2, made, height=0.38, color=BLUE, label="mistakes made")
    axes.barh(rows - 0.2, bound, height=0.38, color=ORANGE, label=r"bound $(R/\gamma)^2$")
    for row, (a, b) in enumerate(zip(made, bound, strict=True)):
        axes.text(a * 1.15, row + 0.2, f"{a:,.0f}", va="center", fontsize=8.5)
        axes.text(b * 1.15, row - 0.2, f"{b:,.0f}", va="center", fontsize=8.5)
    axes.set_yticks(rows, list(totals))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(1, bound.max() * 8)
    axes.set_xlabel("mistakes in all passes")
    axes.set_title("Never more than the bound")
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=9)


def _weights(axes: Axes, weights: np.ndarray, title: str) -> None:
    largest = float(np.abs(weights).max()) or 1.0
    shown = axes.imshow(weights, cmap="RdBu", vmin=-largest, vmax=largest, interpolation="nearest")
    axes.figure.colorbar(shown, ax=axes, shrink=0.75, label="weight of the pixel")
    axes.set_title(title)
    axes.set_xticks([])
    axes.set_yticks([])
