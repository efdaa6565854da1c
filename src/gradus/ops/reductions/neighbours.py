"""Differences and sums of neighbours along an axis: how fast they rise, and the areas under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import ArgumentError, ShapeError
from ...tensor import Tensor
from ..core.primitive import case, normalize_axes, normalize_axis, promote, public
from ..core.whole import require_whole
from ..core.wide import in_float32
from ..elementwise.arithmetic import subtract
from ..elementwise.comparison import not_equal
from ..shapes.slicing import concatenate, cut

__all__ = ["cumulative_trapezoid", "diff", "gradient", "trapezoid"]


@public(case((3, 4)), case((3, 4), n=2, axis=0), case((3, 4), prepend=True, append=False))
def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
    """The differences between neighbours along an axis, n times; of booleans, whether they differ. Gradient: -diff(g).

    `prepend` and `append` are joined to x first, a number as one element.

    >>> diff([1, 4, 9])
    tensor([3, 5])
    """
    y: Tensor = promote(x)[0]
    axis = normalize_axis("diff", axis, y.ndim)
    require_whole("diff", "n", n)
    if n < 0:
        raise ArgumentError(f"diff: n is 0 or more, got {n}")
    if n == 0:
        return y  # to which nothing is joined, as in NumPy
    single = (*y.shape[:axis], 1, *y.shape[axis + 1 :])
    joined = promote(*(e for e in (prepend, y, append) if e is not None))
    y = concatenate([e if e.ndim else e.broadcast_to(single) for e in joined], axis)
    less = not_equal if y.dtype == dtypes.bool_ else subtract
    for _ in range(n):
        y = less(cut(y, axis, min(1, y.shape[axis]), y.shape[axis]), cut(y, axis, 0, max(y.shape[axis] - 1, 0)))
    return y


@public(case((3, 5)), case((3, 5), dx=0.5, axis=0), case((3, 5), (5,)), gives="float")
@in_float32
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """The area under y along an axis, by trapezia: of points x (n,) or like y, or at distances dx.

    >>> trapezoid([1.0, 2.0, 3.0])
    tensor(4.)
    """
    area: Tensor = _trapezia(y, x, dx, axis).sum(axis)
    return area


@public(
    case((3, 5)),
    case((3, 5), dx=0.5, axis=0),
    case((3, 5), (5,)),
    reference=lambda y, x=None, dx=1.0, axis=-1: _cumulative(y, x, dx, axis),
    gives="float",
)
@in_float32
def cumulative_trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """The area under y up to each point but the first, along an axis, by trapezia: as `trapezoid`.

    >>> cumulative_trapezoid([1.0, 2.0, 3.0])
    tensor([1.5, 4. ])
    """
    area: Tensor = _trapezia(y, x, dx, axis).cumsum(axis)
    return area


def _cumulative(y: Any, x: Any, dx: float, axis: int) -> Any:
    y = np.moveaxis(y, axis, -1)
    width = dx if x is None else np.diff(x)
    return np.moveaxis(np.cumsum((y[..., 1:] + y[..., :-1]) / 2 * width, -1), -1, axis)


def _trapezia(y: Any, x: Any, dx: Any, axis: int) -> Tensor:
    """The areas between neighbours."""
    heights = promote(y, floats=True)[0]
    axis = normalize_axis("trapezoid", axis, heights.ndim)
    length = heights.shape[axis]
    width: Any = dx
    if x is not None:
        points = promote(x, floats=True)[0]
        if points.ndim == 1:
            points = points.reshape(tuple(-1 if a == axis else 1 for a in range(heights.ndim)))
        width = diff(points, axis=axis if points.ndim == heights.ndim else axis - heights.ndim)
    middle = cut(heights, axis, min(1, length), length) + cut(heights, axis, 0, max(length - 1, 0))
    found: Tensor = middle * width * 0.5
    return found


@public(
    case((5,)),
    case((5, 4), args=(0.5,), axis=0),
    case((6,), args=([0.0, 1.0, 1.5, 3.0, 4.0, 6.0],), edge_order=2),
    case((3, 4), edge_order=2),
    reference=np.gradient,
    methods=(),
    gives="float",
)
def gradient(f: Any, *spacing: Any, axis: int | Sequence[int] | None = None, edge_order: int = 1) -> Any:
    """NumPy's: how fast f rises along an axis, from neighbours on both sides; for all axes a list. Unlike `grad`.

    Args:
        spacing: the distance of neighbours, 1 unless given, or where they stand (n,); one for all axes, or for each.
        axis: one, several, or all.
        edge_order: of the first and the last, from two points (1) or three (2).

    >>> gradient([1.0, 4.0, 9.0, 16.0])
    tensor([3., 4., 6., 7.])
    """
    x = promote(f, floats=True)[0]
    axes = normalize_axes("gradient", axis, x.ndim)
    if len(spacing) not in (0, 1, len(axes)) or edge_order not in (1, 2):
        raise ArgumentError(
            f"gradient: needs no spacing, one, or one for each of {len(axes)} axes, and edge_order 1 or 2, got "
            f"{len(spacing)} and {edge_order}"
        )
    each = spacing * len(axes) if len(spacing) == 1 else spacing or (1.0,) * len(axes)
    found = [_slopes(x, a, s, edge_order) for a, s in zip(axes, each, strict=True)]
    return found[0] if len(found) == 1 else found


@in_float32
def _slopes(x: Tensor, axis: int, spacing: Any, edge_order: int) -> Tensor:
    """Second-order differences inside, with h1 and h2 the distances to the neighbours before and after."""
    n = x.shape[axis]
    if n < edge_order + 1:
        raise ShapeError(f"gradient: axis {axis} of length {n} has no {edge_order + 1} points")
    along = tuple(-1 if a == axis else 1 for a in range(x.ndim))
    steps = promote(spacing, floats=True)[0]
    h = diff(steps).reshape(along) if steps.ndim else steps.broadcast_to(tuple(n - 1 if k < 0 else 1 for k in along))
    h = h.astype(x.dtype)
    rise = diff(x, axis=axis) / h
    h1, h2 = cut(h, axis, 0, n - 2), cut(h, axis, 1, n - 1)
    first, second = cut(rise, axis, 0, n - 2), cut(rise, axis, 1, n - 1)
    inside = (first * h2 + second * h1) / (h1 + h2)
    ends = [cut(rise, axis, 0, 1), cut(rise, axis, n - 2, n - 1)]
    if edge_order == 2:
        bend = (second - first) / (h1 + h2)
        ends[0] = ends[0] - cut(h, axis, 0, 1) * cut(bend, axis, 0, 1)
        ends[1] = ends[1] + cut(h, axis, n - 2, n - 1) * cut(bend, axis, n - 3, n - 2)
    return concatenate([ends[0], inside, ends[1]], axis)
