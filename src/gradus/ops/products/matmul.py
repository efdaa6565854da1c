"""The matrix product, where nearly all of the arithmetic of deep learning is done."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import ShapeError
from ...tensor import Tensor
from ..core import cascade
from ..core.primitive import Primitive, Shaped, bind, broadcast_shapes, case, promote, public

__all__ = ["matmul"]

PIECE, FEW = 1 << 10, 1 << 10  # terms of a piece of a long product; elements of a result that counts as small


def _rule(a: Any, b: Any) -> Shaped:
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"matmul: {a.shape} times {b.shape}: the first's last axis is {a.shape[-1]}, the second's last but one "
            f"{b.shape[-2]}",
            "They must be equal; a transpose may be missing.",
            mistake="inner-sizes",
        )
    return Shaped((*a.shape[:-1], b.shape[-1]), a.dtype)


def _forward(xp: Any, a: Any, b: Any) -> Any:
    wide = dtypes.accumulator(a.dtype)  # half precision is multiplied and added up in float32
    return _multiplied(a.astype(wide, copy=False), b.astype(wide, copy=False)).astype(a.dtype, copy=False)


def _multiplied(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a b; if very many numbers make few, in pieces, since libraries add these up one after the other."""
    depth, rows, columns = a.shape[-1], a.shape[-2], b.shape[-1]
    if depth < 2 * PIECE or rows * columns > FEW or a.ndim > 2 or not dtypes.is_float(a.dtype):
        return np.matmul(a, b)  # type: ignore[no-any-return]
    pieces = depth // PIECE
    whole = pieces * PIECE
    left = a[:, :whole].reshape(rows, pieces, PIECE).swapaxes(0, 1)
    found = cascade.total(np.matmul(left, b[:whole].reshape(pieces, PIECE, columns)), (0,), a.dtype)
    return found + np.matmul(a[:, whole:], b[whole:]) if whole < depth else found


def _right_gradient(g: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """a^T g, in memory as b is: the gradient to a weight whose transpose is b then need not be turned round."""
    if isinstance(b.data, np.ndarray) and b.data.flags.f_contiguous:
        return (g.swapaxes(-1, -2) @ a).swapaxes(-1, -2)
    return a.swapaxes(-1, -2) @ g


_matmul = Primitive(
    "matmul",
    rule=_rule,
    forward=_forward,
    vjp=(
        lambda g, y, a, b: g @ b.swapaxes(-1, -2),
        lambda g, y, a, b: _right_gradient(g, a, b),
    ),
)


@public(
    case((3, 4), (4, 2)),
    case((4,), (4,)),
    case((4,), (2, 4, 3)),
    case((2, 3, 4), (4,)),
    case((5, 1, 3, 4), (2, 4, 3)),
    case((2, 3, 4), (4, 5)),
    case((2, 0), (0, 3)),
    operator="matmul",
)
def matmul(x1: Any, x2: Any) -> Tensor:
    """The product of matrices (..., n, k) and (..., k, m): (..., n, m), with the leading axes broadcast.

    A vector is a row on the left, a column on the right. Gradients: g x2^T, x1^T g.

    >>> matmul([[1.0, 2.0]], [[3.0], [4.0]])
    tensor([[11.]])
    """
    a, b = promote(x1, x2)
    if not a.ndim or not b.ndim:
        raise ShapeError(f"matmul: {a.shape} times {b.shape}: a scalar is no matrix", "Use * instead.")
    if a.ndim == 1:
        return _product(a.reshape(1, -1), b if b.ndim > 1 else b.reshape(-1, 1)).squeeze(-2 if b.ndim > 1 else (0, 1))
    if b.ndim == 1:
        return _product(a, b.reshape(-1, 1)).squeeze(-1)
    return _product(a, b)


def _product(a: Tensor, b: Tensor) -> Tensor:
    if b.ndim == 2:  # one big product, not many small ones
        _rule(a, b)
        rows = a.reshape((math.prod(a.shape[:-1]), a.shape[-1]))
        return bind(_matmul, rows, b).reshape((*a.shape[:-1], b.shape[-1]))
    batch = broadcast_shapes("matmul", a.shape[:-2], b.shape[:-2])
    return bind(_matmul, a.broadcast_to((*batch, *a.shape[-2:])), b.broadcast_to((*batch, *b.shape[-2:])))
