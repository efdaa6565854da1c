"""Systems of linear equations, and inverses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..ops import eye, moveaxis, tril, triu, where
from ..ops.core.primitive import broadcast_shapes, promote
from ..ops.core.wide import in_float32
from ..tensor import Tensor
from .factors import inverse, matrix, negligible, parts, solve_matrix
from .matrices import matrix_rank, svdvals

__all__ = [
    "cholesky_inverse",
    "cholesky_solve",
    "inv",
    "lstsq",
    "pinv",
    "solve",
    "solve_triangular",
    "tensorinv",
    "tensorsolve",
]


def solve(a: Any, b: Any, left: bool = True) -> Tensor:
    """The x of a x = b, for a (..., n, n) and b (n,) or (..., n, k). Gradients: a^-T g to b, and -that x^T to a.

    Several vectors (..., n) for as many matrices are taken as such where they can be no matrices. With left=False the x
    of x a = b, for b (..., k, n).

    >>> solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 8.0])
    tensor([1., 2.])
    """
    a, b = promote(a, b, floats=True)
    a = matrix("solve", a, square=True)
    if b.ndim == 1 or (b.shape == a.shape[:-1] and b.shape[-2] != a.shape[-1]):
        return solve(a if left else a.mT, b[..., None]).squeeze(-1)
    if not left:
        return solve(a.mT, b.mT).mT
    if b.ndim < 2 or b.shape[-2] != a.shape[-1]:
        raise ShapeError(
            f"linalg.solve: a has shape {a.shape}, b {b.shape}", "For a (..., n, n), b is (n,) or (..., n, k)."
        )
    batch = broadcast_shapes("linalg.solve", a.shape[:-2], b.shape[:-2]) if a.ndim > 2 or b.ndim > 2 else ()
    return _solve(a.broadcast_to((*batch, *a.shape[-2:])), b.broadcast_to((*batch, *b.shape[-2:])))


_solve = in_float32(solve_matrix)


def inv(x: Any) -> Tensor:
    """The inverse of a square matrix. Gradient: -A^-T g A^-T.

    >>> inv([[2.0, 0.0], [0.0, 4.0]])
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    return in_float32(inverse)(matrix("inv", x, square=True))


def pinv(x: Any, rtol: Any = None, hermitian: bool = False, *, atol: Any = None) -> Tensor:
    """The pseudo-inverse (Moore and Penrose), (..., n, m).

    Singular values up to `atol`, or `rtol` times the largest, count as 0: by default eps max(m, n) times the largest;
    where one of the two is given, the other is 0. Of a `hermitian` matrix, a symmetric one, the lower triangle is read.

    >>> pinv([[2.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    tensor([[0.5, 0. , 0. ],
            [0. , 0. , 0. ]])
    """
    found = matrix("pinv", x, square=hermitian)
    share = rtol if rtol is not None else negligible(found) if atol is None else 0.0
    limits = (np.asarray(0.0 if v is None else v) for v in (atol, share))
    return parts("pinv", found, limits=tuple(limits), hermitian=hermitian)[0]


class LeastSquares(NamedTuple):
    """The solution x, the sums of squares of b - a x, the rank of a, and its singular values."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def lstsq(a: Any, b: Any, rcond: float | None = None) -> LeastSquares:
    """The x for which the squares of b - a x add up to the least, the shortest of several; b is (m,) or (..., m, k).

    Singular values of a up to `rcond` times the largest count as 0: by default eps max(m, n) times.

    >>> lstsq([[1.0], [1.0]], [1.0, 3.0]).solution.round()
    tensor([2.])
    """
    a, b = promote(a, b, floats=True)
    a = matrix("lstsq", a)
    if not b.ndim or b.shape[-2 if b.ndim > 1 else 0] != a.shape[-2]:
        remedy = "For a (..., m, n), b is (m,) or (..., m, k)."
        raise ShapeError(f"linalg.lstsq: a has shape {a.shape}, b {b.shape}", remedy)
    x = pinv(a, rcond) @ b
    rest = b - a @ x
    rank = matrix_rank(a, rtol=rcond)
    return LeastSquares(x, (rest * rest).sum(-2 if b.ndim > 1 else -1), rank, svdvals(a).detach())


def solve_triangular(a: Any, b: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """The x of a x = b, for a triangle a (..., n, n), of which nothing else is read; as `solve`.

    With `unitriangular` its diagonal is not read either, but counts as ones.

    >>> solve_triangular([[2.0, 9.0], [0.0, 4.0]], [[2.0], [4.0]], upper=True)
    tensor([[-3.5],
            [ 1. ]])
    """
    a = matrix("solve_triangular", a, square=True)
    a = triu(a) if upper else tril(a)
    return solve(where(eye(a.shape[-1], dtype=bool), 1, a) if unitriangular else a, b, left)


def cholesky_solve(b: Any, factor: Any, upper: bool = False) -> Tensor:
    """The x of a x = b, for a = L L^T, of which L, as `cholesky` gives it, is known; with `upper`, L^T.

    >>> cholesky_solve([[8.0]], [[2.0]])
    tensor([[2.]])
    """
    lower = _lower("cholesky_solve", factor, upper)
    return solve(lower.mT, solve(lower, b))


def cholesky_inverse(factor: Any, upper: bool = False) -> Tensor:
    """The inverse of a = L L^T, of which L, as `cholesky` gives it, is known; with `upper`, L^T.

    >>> cholesky_inverse([[2.0]])
    tensor([[0.25]])
    """
    half = inv(_lower("cholesky_inverse", factor, upper))
    return half.mT @ half


def _lower(name: str, factor: Any, upper: bool) -> Tensor:
    found = matrix(name, factor, square=True)
    return tril(found.mT if upper else found)


def tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> Tensor:
    """The x of tensordot(a, x, x.ndim) = b: a as one matrix, whose rows are b's axes. `axes` move to the end first.

    >>> tensorsolve([[2.0, 0.0], [0.0, 4.0]], [2.0, 8.0])
    tensor([1., 2.])
    """
    a, b = promote(a, b, floats=True)
    if axes is not None:
        a = moveaxis(a, tuple(axes), tuple(range(a.ndim - len(axes), a.ndim)))
    shape = a.shape[b.ndim :]
    if a.size != b.size**2 or math.prod(shape) != b.size:
        remedy = "a is (*b.shape, *x.shape), for an x of as many numbers."
        raise ShapeError(f"linalg.tensorsolve: a has shape {a.shape}, b {b.shape}", remedy)
    return solve(a.reshape((b.size, b.size)), b.reshape(-1)).reshape(shape)


def tensorinv(a: Any, ind: int = 2) -> Tensor:
    """The inverse of a as a matrix whose rows are its first `ind` axes: tensordot(tensorinv(a), a, ind) is an identity.

    >>> tensorinv([[2.0, 0.0], [0.0, 4.0]], ind=1)
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    a = promote(a, floats=True)[0]
    rows, columns = a.shape[:ind], a.shape[ind:]
    if ind < 1 or math.prod(rows) != math.prod(columns):
        raise ArgumentError(f"linalg.tensorinv: the first {ind} axes of {a.shape} are not as long as the others")
    n = math.prod(rows)
    return inv(a.reshape((n, n))).reshape((*columns, *rows))
