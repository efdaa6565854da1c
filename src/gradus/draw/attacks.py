"""Pictures of attacks: what was changed, what the model saw before and after, and how often it was fooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ArgumentError
from .style import BLUE, GREEN, INK, ORANGE, RED, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_LONGEST = 11  # letters of a class's name above a picture


def attack_examples(
    x: np.ndarray,
    attacked: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    classes: Sequence[str],
) -> Figure:
    """Three rows: the pictures, what the attack changed in them, and the attacked ones, with what the model sees
    and the probability that it gives it.

    The change is grey where nothing is, lighter and darker where pixels were raised and lowered, stretched to the
    largest of each picture. A single changed pixel is ringed. A class that the attack changed is red.

    Args:
        x, attacked: (n, 1 or 3, h, w) in [0, 1], before and after.
        before, after: (n, classes) the model's probabilities.
        classes: their names.

    >>> p = np.array([[0.9, 0.1]])
    >>> len(attack_examples(np.zeros((1, 1, 8, 8)), np.ones((1, 1, 8, 8)), p, 1 - p, ["cat", "dog"]).axes)
    3
    """
    with styled():
        figure = new_figure(max(1.25 * len(x), 3.0) + 0.6, 5.0)
        draw_attack(figure, x, attacked, before, after, classes)
        return figure


def draw_attack(
    figure: Figure | SubFigure,
    x: np.ndarray,
    attacked: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    classes: Sequence[str],
) -> None:
    """The same as `attack_examples`, into a figure or a part of one.

    Args:
        figure: where to draw.
        x, attacked, before, after, classes: see `attack_examples`.

    >>> figure, p = new_figure(3, 5), np.array([[0.9, 0.1]])
    >>> draw_attack(figure, np.zeros((1, 1, 8, 8)), np.ones((1, 1, 8, 8)), p, 1 - p, ["cat", "dog"])
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['before', 'change', 'attacked']
    """
    x, attacked = np.asarray(x), np.asarray(attacked)
    if x.ndim != 4 or x.shape[1] not in (1, 3) or x.shape != attacked.shape or not len(x):
        raise ArgumentError(f"draw_attack: expected (n, 1 or 3, h, w) twice, got {x.shape} and {attacked.shape}")
    axes = np.asarray(figure.subplots(3, len(x), squeeze=False))
    for i in range(len(x)):
        change = attacked[i] - x[i]
        largest = np.abs(change).max()
        _show(axes[0, i], x[i], _seen(before[i], classes), INK)
        _show(axes[1, i], 0.5 + change / (2 * largest or 1), f"by up to {largest:.2f}", INK)
        fooled = before[i].argmax() != after[i].argmax()
        _show(axes[2, i], attacked[i], _seen(after[i], classes), RED if fooled else INK)
        _ring(axes[1:, i], np.argwhere((change != 0).any(0)))
    for row, name in enumerate(("before", "change", "attacked")):
        axes[row, 0].set_ylabel(name, fontsize=10)


def _seen(p: np.ndarray, classes: Sequence[str]) -> str:
    name = classes[int(p.argmax())]
    short = name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
    return f"{short}\n{100 * p.max():.0f} % sure"


def _show(axes: Axes, image: np.ndarray, title: str, colour: str) -> None:
    axes.imshow(
        image[0] if len(image) == 1 else image.transpose(1, 2, 0), cmap="gray", vmin=0, vmax=1, interpolation="nearest"
    )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(colour)
    axes.spines[:].set_linewidth(2.0 if colour == RED else 0.5)
    axes.set_title(title, fontsize=8.5, pad=3, color=colour)


def _ring(axes: np.ndarray, places: np.ndarray) -> None:
    """A ring round each changed pixel, where they are few."""
    if len(places) > 5:
        return
    for one in axes:
        for row, column in places:
            one.plot(column, row, "o", markersize=13, markerfacecolor="none", markeredgecolor=ORANGE, markeredgewidth=2)


def success_rates(axes: Axes, eps: Sequence[float], rates: Mapping[str, Sequence[float]]) -> None:
    """Lines: how often each attack fools the model, against the largest change of a pixel.

    Args:
        axes: where to draw.
        eps: (m,) the largest change of a pixel.
        rates: for each attack m shares in [0, 1].

    >>> axes = new_figure(3, 2).add_subplot()
    >>> success_rates(axes, [0.0, 0.1], {"FGSM": [0.0, 0.5]})
    >>> axes.get_xlabel()
    'largest change of a pixel, eps'
    """
    from matplotlib.ticker import PercentFormatter

    for (name, shares), colour in zip(rates.items(), (BLUE, RED, GREEN, ORANGE), strict=False):
        axes.plot(eps, shares, marker="o", markersize=4, linewidth=1.8, color=colour, label=name)
    axes.set_ylim(-0.03, 1.05)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("largest change of a pixel, eps")
    axes.set_ylabel("pictures that fool the model")
    axes.grid(alpha=0.15, color=INK)
    axes.legend(frameon=False, loc="lower right")


def confusions(axes: Axes, pairs: np.ndarray, classes: Sequence[str]) -> None:
    """A map of class against class: how often an attack turned a picture of the row's into the column's.

    Args:
        axes: where to draw.
        pairs: (classes, classes) shares in [0, 1]; NaN is left blank.
        classes: their names.

    >>> axes = new_figure(3, 2).add_subplot()
    >>> confusions(axes, np.array([[np.nan, 0.5], [0.0, np.nan]]), ["cat", "dog"])
    >>> axes.get_ylabel()
    'true class'
    """
    axes.imshow(pairs, cmap="Blues", vmin=0, vmax=max(float(np.nanmax(pairs)), 1e-9))
    steep = max(map(len, classes)) > 3
    axes.set_xticks(range(len(classes)), classes, rotation=45 if steep else 0, ha="right" if steep else "center")
    axes.set_yticks(range(len(classes)), classes)
    for i, j in np.argwhere(np.isfinite(pairs)):
        strong = pairs[i, j] > 0.6 * np.nanmax(pairs)
        text = f"{pairs[i, j]:.0%}".removesuffix("%")
        axes.text(j, i, text, ha="center", va="center", fontsize=8, color="white" if strong else INK)
    axes.set_xlabel("class that the model is to see")
    axes.set_ylabel("true class")
