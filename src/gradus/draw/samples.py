"""What is in data: the values of each column of a table, and the first samples of each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError, short
from .style import BLUE, INK, few, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ACROSS, _MOST_PANELS = 4, 40
_BARS, _BINS = 8, 30  # categories drawn, intervals of numbers
_EACH, _ROWS = 10, 12  # samples of a class, classes
_CELL = 18  # characters of a category


def column_panels(columns: Mapping[str, np.ndarray]) -> Figure:
    """A panel for each column: how often its numbers and dates come, or its commonest categories.

    Args:
        columns: numbers, dates or texts (n,) by name; what is missing is left out.

    >>> drawn = column_panels({"rooms": np.array([1.0, 3.0]), "kind": np.array(["flat", None], object)})
    >>> [axes.get_title() for axes in drawn.axes]
    ['rooms', 'kind']
    """
    if not columns:
        raise ArgumentError("column_panels: there is no column to draw")
    shown = dict(list(columns.items())[:_MOST_PANELS])
    with styled():
        rows = -(-len(shown) // _ACROSS)
        figure = new_figure(2.6 * _ACROSS, 2.0 * rows)
        for i, (name, values) in enumerate(shown.items()):
            axes = figure.add_subplot(rows, _ACROSS, i + 1)
            axes.set_title(short(name), fontsize=10)
            (_categories if values.dtype == object else _numbers)(axes, values)
        if len(columns) > len(shown):
            figure.suptitle(f"the first {len(shown)} of {len(columns)} columns", color=INK)
        return figure


def sample_panels(x: Any, labels: Sequence[Any] | None = None) -> Figure:
    """The first samples: a row of pictures for each class, or the values of each feature.

    Args:
        x: pictures (n, c, h, w) in [0, 1], or bytes (n, h, w); or numbers (n, d).
        labels: the class of each sample, (n,); None where there are none.

    >>> len(sample_panels(np.zeros((4, 1, 8, 8)), ["cat", "dog", "cat", "dog"]).axes)
    4
    """
    array = np.asarray(x)
    if array.ndim < 3:
        return column_panels({f"x{i}": column for i, column in enumerate(array.reshape(len(array), -1).T)})
    pictures = array[:, None] if array.ndim == 3 else array
    pictures = pictures / 255 if array.dtype == np.uint8 else pictures
    names = np.array(["" if labels is None else str(label) for label in (range(len(x)) if labels is None else labels)])
    kinds = sorted(set(names.tolist()), key=lambda name: (len(name), name) if name.isdecimal() else (0, name))[:_ROWS]
    with styled():
        figure = new_figure(0.8 * _EACH, 0.85 * len(kinds) + 0.2)
        for row, kind in enumerate(kinds):
            for column, place in enumerate(np.flatnonzero(names == kind)[:_EACH]):
                axes = figure.add_subplot(len(kinds), _EACH, row * _EACH + column + 1)
                picture = pictures[place].transpose(1, 2, 0)
                axes.imshow(picture.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
                axes.set_xticks([])
                axes.set_yticks([])
                if column == 0:
                    axes.set_ylabel(_cut(kind), rotation=0, ha="right", va="center")
        return figure


def _numbers(axes: Axes, values: np.ndarray) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    known = values[~(np.isnat(values) if values.dtype.kind == "M" else np.isnan(values.astype(np.float64)))]
    if known.dtype.kind == "M":
        known = 1970 + known.astype("datetime64[D]").astype(np.float64) / 365.2425
    different = np.unique(known)
    if len(different) <= _BARS:
        axes.bar([f"{v:.6g}" for v in different], [int((known == v).sum()) for v in different], color=BLUE)
    else:
        axes.hist(known, bins=_BINS, color=BLUE)
        axes.xaxis.set_major_locator(MaxNLocator(3))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: _short(v)))
    axes.yaxis.set_major_locator(few())


def _categories(axes: Axes, values: np.ndarray) -> None:
    common = Counter(_cut(v) for v in values if v is not None).most_common(_BARS)
    axes.barh([name for name, _ in common][::-1], [count for _, count in common][::-1], color=BLUE)
    axes.xaxis.set_major_locator(few())


def _short(value: float) -> str:
    """A number for a narrow axis: 400 k for 400000.

    >>> _short(2015), _short(4e5), _short(1.5e9)
    ('2015', '400 k', '1.5 G')
    """
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            return f"{value / min(size, 1e3 if unit == ' k' else size):.5g}{unit}"
    return f"{value:.6g}"


def _cut(text: str) -> str:
    return text if len(text) <= _CELL else text[: _CELL - 3] + "..."
