"""The pictures of a run's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ArgumentError
from .style import BLUE, INK, ORANGE, RED, few, new_figure, styled, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = {"train": BLUE, "validation": ORANGE}

Curves = Mapping[str, Mapping[str, Sequence[float]]]


def curves(values: Curves, units: Mapping[str, str] | None = None) -> Figure:
    """How each quantity went from epoch to epoch, one panel a quantity, one line a part of the data.

    Args:
        values: for each quantity (`loss`, `accuracy`) and each part (`train`, `validation`) one number an epoch.
        units: the unit of a quantity, where it has one.

    >>> drawn = curves({"loss": {"train": [2.0, 1.0], "validation": [2.1, 1.2]}})
    >>> [axes.get_ylabel() for axes in drawn.axes]
    ['loss']
    """
    if not values:
        raise ArgumentError("curves: there is nothing to draw; got no quantity")
    with styled():
        columns = min(len(values), 2)
        rows = -(-len(values) // columns)
        figure = new_figure(4.6 * columns, 3.2 * rows)
        for i, (name, parts) in enumerate(values.items()):
            axes = figure.add_subplot(rows, columns, i + 1)
            _curve(axes, parts)
            unit = (units or {}).get(name)
            axes.set_ylabel(f"{name} ({unit})" if unit else name)
            axes.yaxis.set_major_formatter(thousands())
        return figure


def _curve(axes: Axes, parts: Mapping[str, Sequence[float]]) -> None:
    from matplotlib.ticker import MaxNLocator

    for part, numbers in parts.items():
        epochs = range(1, len(numbers) + 1)
        marker = "o" if len(numbers) <= 30 else ""
        axes.plot(epochs, numbers, marker=marker, markersize=3.5, linewidth=1.8, label=part, color=_COLOURS.get(part))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.15, color=INK)
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)  # where no line can be


def confusion(counts: np.ndarray, classes: Sequence[str]) -> Figure:
    """The confusion matrix, true classes down and predicted ones across, with the counts in the cells.

    Right answers are blue, wrong ones red; the stronger the colour, the larger the share of the true class.

    Args:
        counts: (classes, classes) whole numbers; row i, column j: examples of class i that were taken for class j.

    >>> confusion(np.array([[5, 1], [0, 6]]), ["cat", "dog"]).axes[0].get_xlabel()
    'predicted'
    """
    counts = np.asarray(counts)
    n = len(classes)
    if counts.shape != (n, n):
        raise ArgumentError(f"confusion: {n} classes need counts of shape {(n, n)}, got {counts.shape}")
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with styled():
        side = 2.2 + 0.42 * n
        figure = new_figure(side, side)
        axes = figure.add_subplot()
        axes.imshow(_cells(share), interpolation="nearest")
        for i, j in np.argwhere(counts > 0):
            strong = share[i, j] > 0.45
            axes.text(j, i, f"{counts[i, j]:,}", ha="center", va="center", fontsize=8, color="white" if strong else INK)
        steep = max(map(len, classes)) > 3
        axes.set_xticks(range(n), classes, rotation=45 if steep else 0, ha="right" if steep else "center")
        axes.set_yticks(range(n), classes)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.spines[:].set_visible(True)
        axes.spines[:].set_alpha(0.3)
        return figure


def _cells(share: np.ndarray) -> np.ndarray:
    """(n, n, 4) colours: blue on the diagonal, red off it, see-through where there is little."""
    from matplotlib.colors import to_rgb

    right = np.eye(len(share), dtype=bool)[..., None]
    rgb = np.where(right, to_rgb(BLUE), to_rgb(RED))
    alpha = np.where(share > 0, 0.12 + 0.88 * share, 0.0)
    return np.concatenate([rgb, alpha[..., None]], axis=-1)


def pictures(
    images: np.ndarray, truth: Sequence[str], predicted: Sequence[str], confidence: Sequence[float], columns: int = 8
) -> Figure:
    """A grid of pictures with what the model saw in them; a wrong answer is framed in red and shows the truth too.

    Args:
        images: (n, c, h, w) with values in [0, 1]; c is 1 (grey) or 3 (red, green, blue).
        truth, predicted: n names of classes.
        confidence: n probabilities of the predicted classes.

    >>> len(pictures(np.zeros((2, 1, 8, 8)), ["3", "5"], ["3", "6"], [0.9, 0.6]).axes)
    2
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ArgumentError(f"pictures: expected (n, 1 or 3, h, w), got {images.shape}")
    rows = -(-len(images) // columns)
    with styled():
        figure = new_figure(1.25 * columns, 1.72 * rows)
        for i, image in enumerate(images):
            axes = figure.add_subplot(rows, columns, i + 1)
            _picture(axes, image, truth[i], predicted[i], confidence[i])
        return figure


def _picture(axes: Axes, image: np.ndarray, truth: str, predicted: str, confidence: float) -> None:
    grey = image.shape[0] == 1
    axes.imshow(image[0] if grey else image.transpose(1, 2, 0), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    wrong = truth != predicted
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(RED if wrong else INK)
    axes.spines[:].set_linewidth(2.5 if wrong else 0.5)
    axes.set_title(f"{_short(predicted)} · {confidence:.0%}", fontsize=8, pad=3, color=RED if wrong else INK)
    if wrong:
        axes.set_xlabel(f"is {_short(truth)}", fontsize=8, labelpad=2)


def _short(name: str, longest: int = 11) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def regression(true: np.ndarray, predicted: np.ndarray, name: str, unit: str = "", log: bool = False) -> Figure:
    """Predicted against true values, and how the residuals (predicted - true) are spread.

    Args:
        true, predicted: (n,) in the target's unit.
        name, unit: what is predicted, for the axes.
        log: draw values on logarithmic axes, for a target that spreads over orders of magnitude.

    >>> len(regression(np.array([1.0, 2.0]), np.array([1.1, 1.8]), "price").axes)
    2
    """
    true, predicted = np.ravel(true), np.ravel(predicted)
    if true.shape != predicted.shape or not true.size:
        raise ArgumentError(f"regression: needs as many predictions as true values, got {predicted.size}, {true.size}")
    label = f"{name} ({unit})" if unit else name
    with styled():
        figure = new_figure(9.4, 4.0)
        left, right = figure.subplots(1, 2)
        ends = [min(true.min(), predicted.min()), max(true.max(), predicted.max())]
        left.plot(ends, ends, color=ORANGE, linewidth=1.5, label="predicted = true")
        left.scatter(true, predicted, s=9, alpha=_opacity(true.size), color=BLUE, linewidths=0, rasterized=True)
        left.set_xlabel(f"true {label}")
        left.set_ylabel(f"predicted {label}")
        left.legend(frameon=False, loc="upper left")
        if log:
            left.loglog()
        low, high = np.percentile(predicted - true, [0.5, 99.5])
        right.hist(np.clip(predicted - true, low, high), bins=40, color=BLUE)
        right.axvline(0, color=ORANGE, linewidth=1.5)
        right.set_xlabel(f"predicted - true {label}\n(the outermost 1 % are in the end bars)")
        right.set_ylabel("test examples")
        for axis in (left.xaxis, left.yaxis, right.xaxis):
            axis.set_major_formatter(thousands())
            if not (log and axis is not right.xaxis):
                axis.set_major_locator(few())
        return figure


def _opacity(n: int) -> float:
    """Enough to see one point among few, little enough to see a density among many."""
    return float(np.clip(20 / np.sqrt(n), 0.15, 0.8))
