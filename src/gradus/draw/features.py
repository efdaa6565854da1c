"""What convolutional networks see and have learned: filters, and rows of pictures and maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ArgumentError
from .style import INK, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Cell = tuple[str, np.ndarray]


def contrast(values: np.ndarray) -> np.ndarray:
    """Numbers of both signs as a picture: 0 becomes grey, 0.5, and the largest of either sign an end of [0, 1].

    >>> contrast(np.array([-2.0, 0.0, 1.0])).tolist()
    [0.0, 0.5, 0.75]
    """
    values = np.asarray(values)
    return 0.5 + 0.5 * values / max(float(np.abs(values).max(initial=0)), 1e-12)


def mosaic(weights: np.ndarray, columns: int = 0) -> np.ndarray:
    """Filters side by side in one picture: each is brought to full contrast by itself; the gaps are white.

    Args:
        weights: (n, c, h, w) with c = 1 or 3.
        columns: how many in a row; by default about twice as many as rows.

    Returns:
        (rows, columns, 3) in [0, 1].

    >>> mosaic(np.ones((6, 1, 5, 5)), columns=3).shape
    (13, 19, 3)
    """
    weights = np.asarray(weights)
    if weights.ndim != 4 or weights.shape[1] not in (1, 3):
        raise ArgumentError(f"mosaic: expected filters (n, 1 or 3, h, w), got {weights.shape}")
    n, _, h, w = weights.shape
    columns = columns or min(n, int(np.ceil(np.sqrt(2 * n))))
    rows = -(-n // columns)
    page = np.ones((rows * (h + 1) + 1, columns * (w + 1) + 1, 3))
    for k, kernel in enumerate(weights):
        top, left = (k // columns) * (h + 1) + 1, (k % columns) * (w + 1) + 1
        page[top : top + h, left : left + w] = contrast(kernel).transpose(1, 2, 0)
    return page


def filters(groups: Mapping[str, np.ndarray]) -> Figure:
    """The filters of a layer, each group under its title: before and after training, say.

    Args:
        groups: for each title (n, c, h, w); where c is neither 1 nor 3, each filter's first channel is drawn.

    >>> [a.get_title() for a in filters({"before": np.ones((6, 1, 5, 5)), "after": np.ones((6, 1, 5, 5))}).axes]
    ['before', 'after']
    """
    if not groups:
        raise ArgumentError("filters: there is nothing to draw; got no group")
    with styled():
        figure = new_figure(4.6 * len(groups), 3.4)
        for i, (title, weights) in enumerate(groups.items()):
            draw_filters(figure.add_subplot(1, len(groups), i + 1), title, weights)
        return figure


def draw_filters(axes: Axes, title: str, weights: np.ndarray) -> None:
    """One group of filters on axes that are there.

    >>> draw_filters(new_figure(2, 2).add_subplot(), "before", np.ones((6, 1, 5, 5)))
    """
    weights = np.asarray(weights)
    axes.imshow(mosaic(weights if weights.shape[1] in (1, 3) else weights[:, :1]), interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.axis("off")


def picture_rows(rows: Sequence[tuple[str, Sequence[Cell]]], side: float = 1.5) -> Figure:
    """Rows of pictures and maps, each row with its name at the left and each cell with its title above.

    Args:
        rows: for each row its name and its cells, (title, array): a picture (c, h, w) in [0, 1], c being 1 or 3, or a
            map (h, w), which is drawn from dark (its lowest value) to light (its highest).
        side: of a cell, in inches.

    >>> drawn = picture_rows([("a cat", [("picture", np.ones((3, 8, 8))), ("map", np.eye(8))])])
    >>> [axes.get_title() for axes in drawn.axes]
    ['picture', 'map']
    """
    shapes = [array.shape for _, cells in rows for _, array in cells]
    if not shapes:
        raise ArgumentError("picture_rows: there is nothing to draw; got no picture")
    columns = max(len(cells) for _, cells in rows)
    wide = max(shape[-1] / shape[-2] for shape in shapes)
    with styled():
        figure = new_figure(side * wide * columns + 0.5, (side + 0.32) * len(rows))
        for i, (name, cells) in enumerate(rows):
            for j, (title, array) in enumerate(cells):
                axes = figure.add_subplot(len(rows), columns, i * columns + j + 1)
                draw_picture(axes, array)
                axes.set_title(title, fontsize=9, pad=3)
                if not j:
                    axes.set_ylabel(name, fontsize=10)
        return figure


def draw_picture(axes: Axes, array: np.ndarray) -> None:
    """A picture (c, h, w) in [0, 1], or a map (h, w), on axes that are there.

    >>> draw_picture(new_figure(2, 2).add_subplot(), np.eye(4))
    """
    array = np.asarray(array)
    if array.ndim == 2:
        axes.imshow(array, cmap="inferno", interpolation="nearest")
    elif array.ndim == 3 and array.shape[0] in (1, 3):
        grey = array.shape[0] == 1
        shown = np.clip(array[0] if grey else array.transpose(1, 2, 0), 0, 1)
        axes.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    else:
        raise ArgumentError(f"draw_picture: expected a picture (1 or 3, h, w) or a map (h, w), got {array.shape}")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_linewidth(0.5)
    axes.spines[:].set_color(INK)
