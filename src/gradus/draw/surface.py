"""Pictures of an error surface, and of the paths of optimizers on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError, DataError
from .style import BLUE, GREEN, INK, ORANGE, RED, few, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PURPLE = "#7a52a8"
PATH_COLOURS = (RED, BLUE, GREEN, ORANGE, PURPLE)
_MAP, _DARKEST, _LEVELS = "YlGnBu", 0.68, 16  # darker would hide the paths


def error_surface(
    a: np.ndarray,
    b: np.ndarray,
    loss: np.ndarray,
    names: tuple[str, str] = ("a", "b"),
    start: tuple[float, float] | None = None,
    paths: Mapping[str, np.ndarray] | None = None,
    loss_name: str = "loss",
) -> Figure:
    """An error surface as a map with contour lines, and beside it as a landscape.

    Args:
        a, b: the coordinates (columns,) and (rows,), two or more of each.
        loss: (rows, columns); what is not finite is left blank.
        names: what stands along the axes.
        start: where the network stands: a cross.
        paths: by name (places, 2), drawn over the map.
        loss_name: what the height is.

    >>> a = np.linspace(-1, 1, 5)
    >>> len(error_surface(a, a, a[:, None] ** 2 + a**2).axes)
    3
    """
    a, b, loss = _checked(a, b, loss)
    with styled():
        figure = new_figure(11.5, 5.0)
        left = figure.add_subplot(1, 2, 1)
        found = surface_map(left, a, b, loss, names, start, paths)
        bar = figure.colorbar(found, ax=left, shrink=0.9)
        bar.set_label(loss_name)
        bar.ax.set_yticks(found.levels[::3], [f"{v:.3g}" for v in found.levels[::3]])
        left.set_title("map: light is low" + (", the cross is the network" if start is not None else ""), fontsize=11)
        if paths:
            left.legend(frameon=True, fontsize=9)
        right: Any = figure.add_subplot(1, 2, 2, projection="3d")
        grid = np.meshgrid(a, b)
        right.plot_surface(
            *grid, loss, cmap=_colours(), norm=_norm(loss), rstride=1, cstride=1, linewidth=0.15, edgecolor=INK
        )
        right.set_xlabel(names[0])
        right.set_ylabel(names[1])
        right.set_zlabel(loss_name)
        right.set_title("landscape: the same loss as a height", fontsize=11, y=0.96)
        right.zaxis.labelpad = 8
        for axis in (right.xaxis, right.yaxis, right.zaxis):
            axis.set_major_locator(few())
        right.view_init(elev=32, azim=-60)
        right.set_box_aspect(None, zoom=0.86)
        return figure


def surface_map(
    axes: Axes,
    a: np.ndarray,
    b: np.ndarray,
    loss: np.ndarray,
    names: tuple[str, str] = ("a", "b"),
    start: tuple[float, float] | None = None,
    paths: Mapping[str, np.ndarray] | None = None,
) -> Any:
    """The map alone, into axes of your own; the levels are evenly spaced in the logarithm where the loss is above 0.

    Args:
        axes: where to draw.
        a, b, loss, names, start, paths: as for `error_surface`. A path that leaves the map is cut off at its edge.

    Returns:
        matplotlib's set of filled contours, for a colour bar.

    >>> axes = new_figure(3, 3).add_subplot()
    >>> a = np.linspace(-1, 1, 5)
    >>> len(surface_map(axes, a, a, a[:, None] ** 2 + a**2 + 1).levels)
    17
    """
    a, b, loss = _checked(a, b, loss)
    found = axes.contourf(a, b, np.ma.masked_invalid(loss), levels=_levels(loss), cmap=_colours(), norm=_norm(loss))
    axes.contour(a, b, np.ma.masked_invalid(loss), levels=_levels(loss)[::4], colors=INK, linewidths=0.5, alpha=0.5)
    if start is not None:
        axes.plot(*start, marker="x", color=INK, markersize=9, markeredgewidth=2, linestyle="")
    for i, (name, path) in enumerate((paths or {}).items()):
        draw_path(axes, path, name, PATH_COLOURS[i % len(PATH_COLOURS)])
    axes.set_xlim(float(a.min()), float(a.max()))
    axes.set_ylim(float(b.min()), float(b.max()))
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    return found


def draw_path(axes: Axes, path: np.ndarray, name: str, colour: str) -> None:
    """One path into axes: a dot for each place, a ring at the first, a star at the last.

    Args:
        axes: where to draw.
        path: (places, 2).
        name: what the legend calls it.
        colour: its colour.

    >>> axes = new_figure(3, 3).add_subplot()
    >>> draw_path(axes, np.array([[0.0, 0.0], [1.0, 2.0]]), "SGD", RED)
    >>> len(axes.lines)
    3
    """
    path = np.asarray(path)
    if path.ndim != 2 or path.shape[1] != 2:
        raise ArgumentError(f"draw_path: a path has the shape (places, 2), got {path.shape}")
    axes.plot(*path.T, color=colour, linewidth=1.6, marker="o", markersize=3.2, label=name)
    axes.plot(*path[0], marker="o", markersize=8, markerfacecolor="white", markeredgecolor=colour, markeredgewidth=1.8)
    axes.plot(*path[-1], marker="*", markersize=11, markerfacecolor=colour, markeredgecolor="white")


def _checked(a: Any, b: Any, loss: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b, loss = (np.asarray(v, np.float64) for v in (a, b, loss))
    if a.ndim != 1 or b.ndim != 1 or loss.shape != (len(b), len(a)) or min(len(a), len(b)) < 2:
        raise ArgumentError(
            f"a surface is drawn over a (columns,) and b (rows,), two or more of each, with loss (rows, columns); got "
            f"{a.shape}, {b.shape} and {loss.shape}"
        )
    if not np.isfinite(loss).any():
        raise DataError("a surface cannot be drawn: no loss on it is finite")
    return a, b, loss


def _levels(loss: np.ndarray) -> Sequence[float]:
    """Heights of the contour lines: from the least loss up to the largest, or to the largest but a few."""
    finite = loss[np.isfinite(loss)]
    low, high = float(finite.min()), float(finite.max())
    if not high > low:
        low, high = low - 0.5, high + 0.5
    if low > 0:
        return list(np.geomspace(low, high, _LEVELS + 1))
    return list(low + (high - low) * np.linspace(0, 1, _LEVELS + 1) ** 2)


def _colours() -> Any:
    """From light, where the loss is low, to a blue on which lines can still be seen."""
    import matplotlib as mpl
    from matplotlib.colors import ListedColormap

    return ListedColormap(mpl.colormaps[_MAP](np.linspace(0, _DARKEST, 256)))


def _norm(loss: np.ndarray) -> Any:
    """Colours in equal steps from level to level."""
    from matplotlib.colors import BoundaryNorm

    return BoundaryNorm(_levels(loss), 256)
