"""Many small pictures in one: filters, reconstructions, samples, chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ArgumentError
from .style import new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 1  # pixels between two pictures


def tiled(images: np.ndarray, columns: int) -> np.ndarray:
    """Pictures (n, h, w) side by side, `columns` in a row, as one (H, W); between them, and where one lacks, is NaN.

    >>> tiled(np.zeros((3, 2, 2)), columns=2).shape
    (5, 5)
    """
    images = np.asarray(images, dtype=np.float64)
    if images.ndim != 3 or not len(images):
        raise ArgumentError(f"tiled: expected pictures of shape (n, h, w), one or more, got {images.shape}")
    n, h, w = images.shape
    rows = -(-n // columns)
    out = np.full((rows, h + GAP, columns, w + GAP), np.nan)
    for i, image in enumerate(images):
        out[i // columns, :h, i % columns, :w] = image
    return out.reshape(rows * (h + GAP), columns * (w + GAP))[:-GAP, :-GAP]


def image_grid(axes: Axes, images: np.ndarray, columns: int, title: str = "", signed: bool = False) -> None:
    """Draw pictures in a grid, with one scale for all.

    Args:
        axes: where.
        images: (n, h, w): in [0, 1], black to white; or with `signed` any numbers, blue below 0 and red above, each
            picture divided by its largest.
        columns: pictures in a row.
        title: above.
        signed: the pictures are weights.

    >>> from gradus.draw import new_figure
    >>> axes = new_figure(3, 3).add_subplot()
    >>> image_grid(axes, np.zeros((4, 8, 8)), columns=2, title="nothing")
    >>> axes.get_title()
    'nothing'
    """
    images = np.asarray(images, dtype=np.float64)
    if signed:
        images = images / np.maximum(np.abs(images).max(axis=(1, 2), keepdims=True), 1e-12)
    low = -1 if signed else 0
    shown = tiled(images, columns)
    axes.imshow(shown, cmap="RdBu_r" if signed else "gray", vmin=low, vmax=1, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(title, fontsize=11)


def image_rows(
    axes: Axes, rows: Mapping[str, np.ndarray], title: str = "", across: Sequence[str] | None = None, xlabel: str = ""
) -> None:
    """Draw a row of pictures for each name, with the name at its left; what stands in a column belongs together.

    Args:
        axes: where.
        rows: for each name pictures (n, h, w) in [0, 1], of all names as many.
        title: above.
        across: n labels below the columns.
        xlabel: what these are.

    >>> from gradus.draw import new_figure
    >>> axes = new_figure(3, 3).add_subplot()
    >>> image_rows(axes, {"data": np.zeros((5, 8, 8)), "copies": np.ones((5, 8, 8))})
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['data', 'copies']
    """
    shapes = {np.shape(images) for images in rows.values()}
    if len(shapes) != 1:
        raise ArgumentError(f"image_rows: each row has as many pictures of one size, got shapes {sorted(shapes)}")
    ((n, h, w),) = shapes
    axes.imshow(tiled(np.concatenate(list(rows.values())), n), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_yticks([i * (h + GAP) + (h - 1) / 2 for i in range(len(rows))], list(rows))
    axes.set_xticks([j * (w + GAP) + (w - 1) / 2 for j in range(n)] if across else [], across)
    axes.set_xlabel(xlabel)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=11)


def pretrained(filters: np.ndarray, rows: Mapping[str, np.ndarray]) -> Figure:
    """What was learned without labels: weights of the first layer above, rows of pictures below.

    Args:
        filters: (units, h, w) weights.
        rows: see `image_rows`.

    >>> len(pretrained(np.ones((6, 8, 8)), {"data": np.zeros((5, 8, 8))}).axes)
    2
    """
    columns, across = min(len(filters), 15), len(next(iter(rows.values())))
    heights = [9 * -(-len(filters) // columns) / columns, 9 * len(rows) / across]  # in inches, of square pictures
    with styled():
        figure = new_figure(9.5, sum(heights) + 1)
        above, below = figure.subplots(2, 1, height_ratios=heights)
        image_grid(above, filters, columns, "Weights into hidden units: red on, blue off", signed=True)
        image_rows(below, rows, "Test pictures, and what the model makes of them")
        return figure
