"""What types of numbers cost and bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ArgumentError
from .style import BLUE, GREEN, INK, ORANGE, new_figure, styled, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ABOVE: Any = {"frameon": False, "loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "ncols": 3, "fontsize": 8}


class Measured(NamedTuple):
    """One model in one type of numbers.

    Attributes:
        accuracy: on test data, one a seed.
        eager, compiled: seconds of a step, nan where there is none.
        weights, activations, working: bytes; `working` of the compiled step.

    >>> Measured([0.85, 0.86], 2e-3, 1e-3, 1e6, 2e6, 3e6).compiled
    0.001
    """

    accuracy: Sequence[float]
    eager: float
    compiled: float
    weights: float
    activations: float
    working: float


def precisions(found: Mapping[str, Mapping[str, Measured]]) -> Figure:
    """A row a model: its accuracy, the time of a step, and the memory, in each type of numbers.

    Args:
        found: for each model's name, for each type's name what was measured.

    >>> one = Measured([0.8, 0.82], 2e-3, 1e-3, 1e6, 2e6, 3e6)
    >>> len(precisions({"MLP": {"float32": one, "float16": one}}).axes)
    3
    """
    if not found or not all(found.values()):
        raise ArgumentError("precisions: there is nothing to draw; got no model, or one without types")
    with styled():
        figure = new_figure(12.5, 3.5 * len(found))
        rows = figure.subplots(len(found), 3, squeeze=False)
        for axes, (model, types) in zip(rows, found.items(), strict=True):
            _accuracy(axes[0], types)
            axes[0].set_title(model, loc="left", fontweight="bold", fontsize=11)
            _bars(axes[1], types, {"eager": ORANGE, "compiled": BLUE}, 1e3, "time of a step (ms)")
            memory = {"weights": BLUE, "activations": GREEN, "working": ORANGE}
            _bars(axes[2], types, memory, 2**-20, "memory of a compiled step (MiB)")
        return figure


def _accuracy(axes: Axes, types: Mapping[str, Measured]) -> None:
    for i, m in enumerate(types.values()):
        dots = axes.scatter([i] * len(m.accuracy), m.accuracy, s=22, color=BLUE, alpha=0.6, linewidths=0)
        mean = float(np.mean(m.accuracy))
        line = axes.hlines(mean, i - 0.4, i + 0.4, color=ORANGE, linewidth=2)
        axes.annotate(f"{mean:.3f}", (i + 0.4, mean), (0, 2), textcoords="offset points", fontsize=7, ha="right")
    axes.legend([dots, line], ["one seed", "mean"], **_ABOVE)
    axes.set_xlim(-0.5, len(types) - 0.5)
    axes.set_ylabel("accuracy on test data")
    axes.margins(y=0.2)
    _names(axes, types)


def _bars(axes: Axes, types: Mapping[str, Measured], parts: Mapping[str, str], unit: float, label: str) -> None:
    """Bars side by side on a logarithmic axis, each with its number."""
    from matplotlib.ticker import NullFormatter

    width = 0.8 / len(parts)
    for j, (name, colour) in enumerate(parts.items()):
        x = np.arange(len(types)) - 0.4 + width * (j + 0.5)
        values = np.array([getattr(m, name) for m in types.values()]) * unit
        axes.bar(x, np.nan_to_num(values), width, color=colour, label=name)
        for at, value in zip(x, values, strict=True):
            if np.isfinite(value):
                text = f"{value:.2g}" if value < 100 else f"{value:.0f}"
                axes.annotate(text, (at, value), (0, 2), textcoords="offset points", ha="center", fontsize=7)
    axes.set_yscale("log")
    values = np.array([getattr(m, name) for m in types.values() for name in parts]) * unit
    axes.set_ylim(0.5 * np.nanmin(values), 1.6 * np.nanmax(values))
    axes.yaxis.set_major_formatter(thousands())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel(label)
    axes.legend(**_ABOVE)
    _names(axes, types)


def _names(axes: Axes, types: Mapping[str, Measured]) -> None:
    axes.set_xticks(range(len(types)), [name.replace(", ", ",\n") for name in types], fontsize=8)
    axes.grid(axis="y", alpha=0.15, color=INK)
    axes.set_axisbelow(True)
