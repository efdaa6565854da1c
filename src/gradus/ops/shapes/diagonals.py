"""Diagonals of matrices, and what lies on one side of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError
from ...tensor import Tensor, as_tensor
from ..core.primitive import bind, case, normalize_axes, promote, public
from ..core.whole import require_whole
from ..elementwise.choice import where
from ..making.create import iota
from .axes import atleast_2d, moveaxis
from .movement import permute, reshape
from .slicing import concatenate, cut, pad_p

__all__ = [
    "block_diag",
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "trace",
    "tril",
    "tril_indices",
    "triu",
    "triu_indices",
]


def _require_matrix(name: str, x: Tensor) -> None:
    if x.ndim < 2:
        raise ShapeError(f"{name}: needs a matrix, or several, got shape {x.shape}")


def _upper(x: Tensor, k: int) -> Tensor:
    """Where a matrix lies on its k-th diagonal or above it."""
    return iota(x.shape[-1]) >= iota(x.shape[-2]).reshape(-1, 1) + k


@public(case((3, 4)), case((2, 3, 3), k=-1))
def triu(x: Any, k: int = 0) -> Tensor:
    """Matrices (..., n, m) with 0 below the k-th diagonal: the upper triangle. Gradient: that of g.

    >>> triu([[1, 2], [3, 4]])
    tensor([[1, 2],
            [0, 4]])
    """
    x = promote(x)[0]
    _require_matrix("triu", x)
    require_whole("triu", "k", k)
    return where(_upper(x, k), x, False)


@public(case((3, 4)), case((2, 3, 3), k=1))
def tril(x: Any, k: int = 0) -> Tensor:
    """Matrices (..., n, m) with 0 above the k-th diagonal: the lower triangle. Gradient: that of g.

    >>> tril([[1, 2], [3, 4]])
    tensor([[1, 0],
            [3, 4]])
    """
    x = promote(x)[0]
    _require_matrix("tril", x)
    require_whole("tril", "k", k)
    return where(_upper(x, k + 1), False, x)


@public(
    case((3, 4)),
    case((3, 4), args=(2,)),
    case((2, 4, 3), args=(-1, -2, -1)),
    case((2, 2), args=(5,)),
)
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements (i, i + offset) of two axes, as the last axis. Gradient: g there, else 0.

    >>> diagonal([[1, 2], [3, 4]])
    tensor([1, 4])
    """
    x = promote(x)[0]
    first, second = normalize_axes("diagonal", (axis1, axis2), x.ndim)
    x = permute(x, (*(a for a in range(x.ndim) if a not in (first, second)), first, second))
    *lead, n, m = x.shape
    length = max(0, min(n + min(offset, 0), m - max(offset, 0)))
    start = offset if offset >= 0 else -offset * m
    stop = start + (length - 1) * (m + 1) + 1 if length else 0
    return cut(reshape(x, (*lead, n * m)), -1, start if length else 0, stop, m + 1)


@public(case((3, 4)), case((3, 4, 2), offset=1), gives="sum")
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum along a diagonal. Gradient: g on it, else 0.

    >>> trace([[1, 2], [3, 4]])
    tensor(5)
    """
    return diagonal(x, offset, axis1, axis2).sum(-1)


@public(
    case((3,)),
    case((2, 3), args=(-1,)),
    case((2, 3), args=(2,)),
    case((2, 3), args=(1, 0, 2)),
    reference=lambda x, offset=0, axis1=-2, axis2=-1: (
        np.moveaxis(np.stack([np.diag(row, offset) for row in x]), 1, axis1) if x.ndim > 1 else np.diag(x, offset)
    ),
)
def diag_embed(x: Any, offset: int = 0, axis1: int = -2, axis2: int = -1) -> Tensor:
    """Matrices (..., n, n) with x (..., k) on a diagonal, else 0; or with their axes elsewhere. Gradient: g's diagonal.

    >>> diag_embed([1, 2])
    tensor([[1, 0],
            [0, 2]])
    """
    x = promote(x)[0]
    if not x.ndim:
        raise ShapeError("diag_embed: needs an axis to lay along the diagonal, got a tensor without axes")
    length = x.shape[-1]
    n = length + abs(offset)
    start = offset if offset >= 0 else -offset * n
    stop = start + (length - 1) * (n + 1) + 1 if length else 0
    widths = (start, n * n - stop, n) if length else (0, n * n, 0)
    flat = bind(pad_p, x, widths=((0, 0, 0),) * (x.ndim - 1) + (widths,), value=0)
    return moveaxis(reshape(flat, (*x.shape[:-1], n, n)), (-2, -1), (axis1, axis2))


def _blocks(*xs: Any) -> Any:
    """NumPy's, put together by hand."""
    xs = tuple(np.atleast_2d(x) for x in xs)
    rows = [np.hstack([x if i == j else np.zeros((x.shape[0], y.shape[1]), x.dtype) for j, y in enumerate(xs)])
            for i, x in enumerate(xs)]  # fmt: skip
    return np.vstack(rows)


@public(case((2, 3), (1, 2)), case((3,), (2, 2)), methods=(), reference=_blocks)
def block_diag(*xs: Any) -> Tensor:
    """Matrices one after the other along the diagonal, else 0; vectors are rows. Gradient: to each its block.

    >>> block_diag([[1, 2]], [[3]])
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    blocks: list[Tensor] = [atleast_2d(x) for x in promote(*xs)]
    width, start, rows = sum(x.shape[1] for x in blocks), 0, []
    for x in blocks:
        end = width - start - x.shape[1]
        rows.append(bind(pad_p, x, widths=((0, 0, 0), (start, end, 0)), value=0) if start or end else x)
        start += x.shape[1]
    return concatenate(rows)


@public(case((3,)), case((3, 4), args=(1,)))
def diag(x: Any, k: int = 0) -> Tensor:
    """The k-th diagonal of a matrix; of a vector, the matrix with it on that diagonal.

    >>> diag([[1, 2], [3, 4]]), diag([1, 2])
    (tensor([1, 4]), tensor([[1, 0],
            [0, 2]]))
    """
    x = promote(x)[0]
    if x.ndim not in (1, 2):
        raise ShapeError(f"diag: needs a vector or a matrix, got shape {x.shape}", "For several, use diagonal.")
    return diag_embed(x, k) if x.ndim == 1 else diagonal(x, k)


@public(case((2, 2)), case((3,), k=1))
def diagflat(x: Any, k: int = 0) -> Tensor:
    """The matrix with all elements of x, in order, on its k-th diagonal.

    >>> diagflat([[1, 2]])
    tensor([[1, 0],
            [0, 2]])
    """
    return diag_embed(reshape(x, -1), k)


def _require_columns(name: str, n: int, k: int, m: int | None) -> None:
    require_whole(name, "each of n, k and m", n, k, 0 if m is None else m)
    if m is not None and m < 0:
        raise ShapeError(
            f"{name}: there is no matrix of {m} columns",
            f"The order is (n, k, m), as in NumPy; PyTorch's is (row, col, offset), here {name}({n}, {m}, {k}).",
        )


def tril_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Tensor, Tensor]:
    """The places (rows, columns) of the lower triangle of an n by m (n by n) matrix, as in NumPy: a key for x[...].

    >>> tril_indices(2)
    (tensor([0, 1, 1]), tensor([0, 0, 1]))
    """
    _require_columns("tril_indices", n, k, m)
    rows, columns = np.tril_indices(n, k, m)
    return as_tensor(rows), as_tensor(columns)


def triu_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Tensor, Tensor]:
    """The places (rows, columns) of the upper triangle of an n by m (n by n) matrix, as in NumPy: a key for x[...].

    >>> triu_indices(2)
    (tensor([0, 0, 1]), tensor([0, 1, 1]))
    """
    _require_columns("triu_indices", n, k, m)
    rows, columns = np.triu_indices(n, k, m)
    return as_tensor(rows), as_tensor(columns)
