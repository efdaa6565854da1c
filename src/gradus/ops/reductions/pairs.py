"""Sums over neighbours and over pairs: areas under curves, and how quantities vary together."""

from __future__ import annotations

from typing import Any

from ...errors import ShapeError
from ...tensor import Tensor
from ..core.primitive import case, normalize_axis, promote, public
from ..core.wide import in_float32, integers_in_float64
from ..elementwise.arithmetic import absolute
from ..elementwise.choice import where
from ..elementwise.functions import sqrt
from ..shapes.diagonals import diagonal
from ..shapes.slicing import cut
from .composed import mean
from .running import diff

__all__ = ["corrcoef", "cov", "trapezoid"]


@public(case((3, 5)), case((3, 5), dx=0.5, axis=0), case((3, 5), (5,)), gives="float")
@in_float32
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """The area under y along an axis, by trapezia: of points x (n,) or like y, or at distances dx.

    >>> trapezoid([1.0, 2.0, 3.0])
    tensor(4.)
    """
    heights = promote(y, floats=True)[0]
    axis = normalize_axis("trapezoid", axis, heights.ndim)
    length = heights.shape[axis]
    width: Any = dx
    if x is not None:
        points = promote(x, floats=True)[0]
        if points.ndim == 1:
            points = points.reshape(tuple(-1 if a == axis else 1 for a in range(heights.ndim)))
        width = diff(points, axis=axis)
    middle = cut(heights, axis, min(1, length), length) + cut(heights, axis, 0, max(length - 1, 0))
    area: Tensor = (middle * width).sum(axis) * 0.5
    return area


@public(case((3, 8)), case((8,)), case((3, 8), ddof=0), gives="float")
@in_float32
@integers_in_float64
def cov(x: Any, ddof: int = 1) -> Tensor:
    """The covariances (n, n) of n quantities, the rows of x (n, observations): divided by their count - ddof.

    >>> cov([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    rows = promote(x, floats=True)[0]
    if rows.ndim > 2:
        raise ShapeError(f"cov: needs rows of observations, got shape {rows.shape}")
    rows = rows if rows.ndim == 2 else rows.reshape(1, -1)
    centred = rows - mean(rows, 1, keepdims=True)
    found: Tensor = centred @ centred.T / max(rows.shape[1] - ddof, 0)
    return found if promote(x)[0].ndim == 2 else found.reshape(())


@public(case((3, 8)), case((8,)), gives="float")
@in_float32
@integers_in_float64
def corrcoef(x: Any) -> Tensor:
    """The coefficients of correlation (n, n) of the rows of x (n, observations): between -1 and 1.

    >>> corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).round()
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = cov(x)
    if not c.ndim:
        return c / c
    deviations = sqrt(diagonal(c))
    r = c / deviations.reshape(-1, 1) / deviations
    return where(absolute(r) > 1, r.sign(), r)
