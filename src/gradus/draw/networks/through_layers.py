"""What goes through the layers of a network: histograms below one another, norms from layer to layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import ArgumentError
from ..style import BLUE, GREEN, INK, ORANGE, RED, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (BLUE, ORANGE, GREEN, RED, "#8a63b8", "#5d6d7e")
_HEIGHT = 0.82  # of the highest bar, where a layer has 1


class Ridges(NamedTuple):
    """Histograms of layers, from the input down.

    Attributes:
        title: what stands over them.
        names: the layers'.
        counts: for each layer (bins,).
        edges: (bins + 1,), those of all.
        notes: what stands beside each layer, as its spread.

    >>> Ridges.of("", {"layer 1": np.array([0.0, 1.0])}, (0, 1)).notes
    ['0.5']
    """

    title: str
    names: Sequence[str]
    counts: Sequence[np.ndarray]
    edges: np.ndarray
    notes: Sequence[str]

    @classmethod
    def of(
        cls, title: str, layers: Mapping[str, np.ndarray], ends: tuple[float, float], zeros: bool = True, bins: int = 40
    ) -> Ridges:
        """Of what each layer gives, with its standard deviation as the note; what lies beyond is in the end bars.

        Args:
            title: what stands over them.
            layers: numbers of any shape by the layer's name.
            ends: the least and the greatest number shown.
            zeros: False leaves zeros out, as of ReLU, where they would hide everything else.
            bins: how many bars.

        Raises:
            ArgumentError: ends that hold nothing between them.

        >>> Ridges.of("", {"1": np.array([0.0, 0.2, 0.9, 7.0])}, (0, 1), bins=2).counts[0].tolist()
        [2, 2]
        """
        if not ends[0] < ends[1]:
            raise ArgumentError(f"Ridges: the ends must be two numbers, the smaller one first, got {ends}")
        edges = np.linspace(*ends, bins + 1)
        counts = [np.histogram(np.clip(a if zeros else a[a != 0], *ends), edges)[0] for a in layers.values()]
        return cls(title, list(layers), counts, edges, [f"{a.std():.2g}" for a in layers.values()])


def ridges(panels: Sequence[Ridges], xlabel: str = "activation", columns: int = 4) -> Figure:
    """Histograms of layers below one another, each as high as its highest bar; a panel for each network.

    Args:
        panels: one for each network or initial value.
        xlabel: what the numbers are, with their unit.
        columns: panels side by side.

    Raises:
        ArgumentError: no panel, or histograms that do not fit their edges.

    >>> panel = Ridges("random", ["1", "2"], [np.array([1, 2]), np.array([3, 0])], np.array([0.0, 0.5, 1.0]), ["", ""])
    >>> ridges([panel]).axes[0].get_title()
    'random'
    """
    if not panels:
        raise ArgumentError("ridges: there is nothing to draw; got no panel")
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    deepest = max(len(panel.names) for panel in panels)
    with styled():
        figure = new_figure(max(3.4, min(5.0, 12 / columns)) * columns, (0.32 * deepest + 1.0) * rows)
        for i, panel in enumerate(panels):
            ridges_on(figure.add_subplot(rows, columns, i + 1), panel, xlabel)
        return figure


def ridges_on(axes: Axes, panel: Ridges, xlabel: str = "", colour: str = BLUE) -> None:
    """The same on axes that are there.

    >>> panel = Ridges("", ["1"], [np.array([1, 2])], np.array([0.0, 0.5, 1.0]), ["spread 0.2"])
    >>> with styled():
    ...     ridges_on(new_figure(3, 2).add_subplot(), panel)
    """
    edges = np.asarray(panel.edges)
    n = len(panel.names)
    if not n == len(panel.counts) == len(panel.notes) or any(len(c) + 1 != len(edges) for c in panel.counts):
        raise ArgumentError(
            f"ridges: {n} layers need {n} histograms of {len(edges) - 1} bars and {n} notes, got "
            f"{[len(c) for c in panel.counts]} and {len(panel.notes)}"
        )
    for i, (counts, note) in enumerate(zip(panel.counts, panel.notes, strict=True)):
        floor = n - 1 - i
        heights = np.asarray(counts) / max(np.max(counts), 1) * _HEIGHT
        axes.stairs(heights + floor, edges, baseline=floor, fill=True, color=colour, alpha=0.85)
        axes.axhline(floor, color=INK, linewidth=0.6, alpha=0.4)
        axes.text(1.02, floor + 0.3, note, transform=axes.get_yaxis_transform(), fontsize=8, va="center", color=INK)
    axes.set_yticks(np.arange(n)[::-1] + 0.3, panel.names, fontsize=8.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(-0.03, n)
    axes.spines["left"].set_visible(False)
    axes.set_title(panel.title, fontsize=10)
    axes.set_xlabel(xlabel)


def by_layer(
    lines: Mapping[str, Sequence[float]], ylabel: str, title: str = "", names: Sequence[str] | None = None
) -> Figure:
    """A positive number of each layer, on a logarithmic axis, a line for each network.

    Args:
        lines: what the line is called, and its numbers from the first layer on; 0 is left out.
        ylabel: what the numbers are.
        title: what stands over it.
        names: the layers', where all lines are of one network.

    Raises:
        ArgumentError: no line.

    >>> by_layer({"2 layers": [0.1, 1.0]}, "norm of the gradient").axes[0].get_yscale()
    'log'
    """
    with styled():
        figure = new_figure(max(6.0, 0.55 * len(names or ()) + 2), 4.2)
        by_layer_on(figure.add_subplot(), lines, ylabel, title, names)
        return figure


def by_layer_on(
    axes: Axes,
    lines: Mapping[str, Sequence[float]],
    ylabel: str,
    title: str = "",
    names: Sequence[str] | None = None,
) -> None:
    """The same on axes that are there.

    >>> with styled():
    ...     by_layer_on(new_figure(4, 3).add_subplot(), {"trained": [0.1, 1.0]}, "norm", names=["first", "second"])
    """
    if not lines:
        raise ArgumentError("by_layer: there is nothing to draw; got no line")
    for i, (name, values) in enumerate(lines.items()):
        numbers: Any = np.where(np.asarray(values) > 0, values, np.nan)
        marker = "o" if len(numbers) <= 20 else "."
        colour = _COLOURS[i % len(_COLOURS)]
        axes.plot(np.arange(1, len(numbers) + 1), numbers, marker=marker, markersize=4, label=name, color=colour)
    axes.set_yscale("log")
    axes.set_ylabel(ylabel)
    axes.grid(alpha=0.15, color=INK)
    axes.legend(frameon=False)
    axes.set_title(title)
    if names is None:
        axes.set_xlabel("layer, from the input")
    else:
        steep = max(map(len, names), default=0) > 4
        axes.set_xticks(range(1, len(names) + 1), names, rotation=40 if steep else 0, ha="right" if steep else "center")
