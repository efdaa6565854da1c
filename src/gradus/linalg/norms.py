"""Norms of vectors and of matrices, and how near a matrix is to having no inverse."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ArgumentError, ShapeError
from ..ops import absolute
from ..ops import norm as _norm
from ..ops.core.primitive import normalize_axes, promote
from ..ops.reductions.reduce import kept
from ..tensor import Tensor
from .equations import inv
from .factors import matrix
from .matrices import svdvals

__all__ = ["cond", "matrix_norm", "norm", "vector_norm"]

Axis = int | tuple[int, ...] | None


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """NumPy's: of vectors along an axis, or of matrices along two; with no `ord`, the root of the sum of squares.

    >>> norm([3.0, 4.0]), norm([[3.0, 0.0], [0.0, 4.0]], 2), norm([[1.0, -2.0], [3.0, 4.0]], 1)
    (tensor(5.), tensor(4.), tensor(6.))
    """
    x = promote(x, floats=True)[0]
    axis = tuple(axis) if isinstance(axis, list) else axis
    if ord is None:
        return _norm(x, 2, axis, keepdims)
    if axis is None and x.ndim > 2:
        raise ShapeError(f"linalg.norm: shape {x.shape} is neither a vector nor a matrix", "Name its axis or axes.")
    if (axis is None and x.ndim == 2) or (isinstance(axis, tuple) and len(axis) == 2):
        return matrix_norm(x, ord, axis or (0, 1), keepdims)
    return _norm(x, ord, axis, keepdims)


def vector_norm(x: Any, ord: Any = 2, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The norm of vectors along an axis, or axes; of all numbers without one.

    >>> vector_norm([[3.0, 4.0]], axis=1)
    tensor([5.])
    """
    return _norm(promote(x, floats=True)[0], ord, axis, keepdims)


def matrix_norm(x: Any, ord: Any = "fro", axis: tuple[int, int] = (-2, -1), keepdims: bool = False) -> Tensor:
    """The norm of matrices: "fro", "nuc", 1, -1, inf, -inf, 2 or -2.

    >>> matrix_norm([[3.0, 0.0], [0.0, 4.0]], "nuc")
    tensor(7.)
    """
    x = promote(x, floats=True)[0]
    if x.ndim < 2:
        raise ShapeError(f"linalg.matrix_norm: expects a matrix, got shape {x.shape}")
    if ord in ("fro", None):
        return _norm(x, 2, axis, keepdims)
    rows, columns = normalize_axes("linalg.matrix_norm", axis, x.ndim)
    others = [a for a in range(x.ndim) if a not in (rows, columns)]
    turned = x.permute(*others, rows, columns)
    if ord in ("nuc", 2, -2):
        s = svdvals(turned)
        found = s.sum(-1) if ord == "nuc" else s.max(-1) if ord == 2 else s.min(-1)
    elif ord in (1, -1, math.inf, -math.inf):
        sums = absolute(turned).sum(-2 if abs(ord) == 1 else -1)
        found = sums.max(-1) if ord > 0 else sums.min(-1)
    else:
        raise ArgumentError(f"linalg.matrix_norm: no norm is {ord!r}. Use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf.")
    if keepdims:
        found = found.reshape(kept(x.shape, (rows, columns)))
    return found


def cond(x: Any, p: Any = None) -> Tensor:
    """How much an error of b grows in the solution of x y = b: norm(x, p) norm(x^-1, p); infinite of a singular matrix.

    With p None or 2, the largest singular value over the smallest, of any matrix.

    >>> cond([[2.0, 0.0], [0.0, 4.0]])
    tensor(2.)
    """
    found = matrix("cond", x, square=p not in (None, 2, -2))
    if p in (None, 2, -2):
        s = svdvals(found)
        return s[..., 0] / s[..., -1] if p != -2 else s[..., -1] / s[..., 0]
    return matrix_norm(found, p) * matrix_norm(inv(found), p)
