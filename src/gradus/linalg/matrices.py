"""Functions of matrices, as in NumPy's linalg."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..ops import absolute, eye, matmul
from ..ops import norm as _norm
from ..ops.core.primitive import broadcast_shapes, normalize_axes, promote
from ..ops.core.wide import in_float32
from ..tensor import Tensor
from .factors import inverse, matrix, negligible, parts, solve_matrix

__all__ = [
    "cholesky",
    "det",
    "eigh",
    "eigvalsh",
    "inv",
    "lstsq",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "vector_norm",
]


class QR(NamedTuple):
    """Q (..., m, k) with orthonormal columns, and R (..., k, n), an upper triangle; k = min(m, n)."""

    Q: Tensor
    R: Tensor


class SVD(NamedTuple):
    """U (..., m, k), the singular values S (..., k) from large to small, and Vh (..., k, n); k = min(m, n)."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class Eigen(NamedTuple):
    """The eigenvalues (..., n), from small to large, and the eigenvectors, the columns of (..., n, n)."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SignLogDet(NamedTuple):
    """A determinant's sign, and the logarithm of its absolute value."""

    sign: Tensor
    logabsdet: Tensor


class LeastSquares(NamedTuple):
    """The solution x, the sums of squares of b - a x, the rank of a, and its singular values."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def solve(a: Any, b: Any) -> Tensor:
    """The x of a x = b, for a (..., n, n) and b (n,) or (..., n, k). Gradients: a^-T g to b, and -that x^T to a.

    >>> solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 8.0])
    tensor([1., 2.])
    """
    a, b = promote(a, b, floats=True)
    a = matrix("solve", a, square=True)
    if b.ndim == 1:
        return solve(a, b[:, None]).squeeze(-1)
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


def cholesky(x: Any) -> Tensor:
    """The lower triangle L with L L^T = x, for a symmetric matrix whose eigenvalues are above 0.

    Only its lower triangle is read. The gradient is symmetric.

    >>> cholesky([[4.0, 2.0], [2.0, 5.0]])
    tensor([[2., 0.],
            [1., 2.]])
    """
    return parts("cholesky", matrix("cholesky", x, square=True))[0]


def qr(x: Any) -> QR:
    """x = Q R, in the reduced form.

    >>> Q, R = qr([[3.0, 1.0], [4.0, 2.0]])
    >>> (Q @ R).round().tolist(), R.shape
    ([[3.0, 1.0], [4.0, 2.0]], (2, 2))
    """
    return QR(*parts("qr", matrix("qr", x)))


def svd(x: Any, full_matrices: bool = False) -> SVD:
    """x = U diag(S) Vh, in the reduced form, which unlike NumPy's is the only one.

    Where singular values are equal, U and Vh have no gradient (infinities or NaN); S has.

    >>> svd([[3.0, 0.0], [0.0, 4.0]]).S
    tensor([4., 3.])
    """
    if full_matrices:
        raise ArgumentError("linalg.svd: gives the reduced form. For all of U and Vh use numpy.linalg.svd(x.numpy()).")
    return SVD(*parts("svd", matrix("svd", x)))


def svdvals(x: Any) -> Tensor:
    """The singular values, from large to small.

    >>> svdvals([[3.0, 0.0], [0.0, 4.0]])
    tensor([4., 3.])
    """
    return svd(x).S


def eigh(x: Any) -> Eigen:
    """Eigenvalues and eigenvectors of a symmetric matrix, of which the lower triangle is read. The gradient is
    symmetric; where eigenvalues are equal, the eigenvectors have none (infinities or NaN).

    >>> eigh([[2.0, 0.0], [0.0, 1.0]]).eigenvalues
    tensor([1., 2.])
    """
    return Eigen(*parts("eigh", matrix("eigh", x, square=True)))


def eigvalsh(x: Any) -> Tensor:
    """The eigenvalues of a symmetric matrix, from small to large.

    >>> eigvalsh([[2.0, 0.0], [0.0, 1.0]])
    tensor([1., 2.])
    """
    return eigh(x).eigenvalues


def slogdet(x: Any) -> SignLogDet:
    """The sign of the determinant, and the logarithm of its absolute value, which does not overflow. Gradient: g x^-T.

    >>> slogdet([[0.0, 1.0], [1.0, 0.0]])
    SignLogDet(sign=tensor(-1.), logabsdet=tensor(0.))
    """
    sign, logabs = parts("slogdet", matrix("slogdet", x, square=True))
    return SignLogDet(sign.detach(), logabs)


def det(x: Any) -> Tensor:
    """The determinant. Gradient: g det(x) x^-T; a singular matrix has none here.

    >>> det([[2.0, 1.0], [0.0, 3.0]]).round()
    tensor(6.)
    """
    sign, logabs = slogdet(x)
    return sign * logabs.exp()


def pinv(x: Any) -> Tensor:
    """The pseudo-inverse (Moore and Penrose), (..., n, m); singular values below 1e-15 times the largest count as 0.

    >>> pinv([[2.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    tensor([[0.5, 0. , 0. ],
            [0. , 0. , 0. ]])
    """
    return parts("pinv", matrix("pinv", x))[0]


def lstsq(a: Any, b: Any) -> LeastSquares:
    """The x for which the squares of b - a x add up to the least, the shortest of several; b is (m,) or (..., m, k).

    >>> lstsq([[1.0], [1.0]], [1.0, 3.0]).solution.round()
    tensor([2.])
    """
    a, b = promote(a, b, floats=True)
    a = matrix("lstsq", a)
    if not b.ndim or b.shape[-2 if b.ndim > 1 else 0] != a.shape[-2]:
        remedy = "For a (..., m, n), b is (m,) or (..., m, k)."
        raise ShapeError(f"linalg.lstsq: a has shape {a.shape}, b {b.shape}", remedy)
    x = pinv(a) @ b
    rest = b - a @ x
    return LeastSquares(x, (rest * rest).sum(-2 if b.ndim > 1 else -1), matrix_rank(a), svdvals(a).detach())


def matrix_rank(x: Any, tol: float | None = None) -> Tensor:
    """How many singular values are above `tol`, as NumPy's: by default eps max(m, n) times the largest. No gradient.

    >>> matrix_rank([[1.0, 2.0], [2.0, 4.0]])
    tensor(1)
    """
    found = matrix("matrix_rank", x)
    s = svdvals(found).detach()
    least = s.max(-1, keepdims=True) * negligible(found) if tol is None else tol
    return (s > least).sum(-1)


def matrix_power(x: Any, n: int) -> Tensor:
    """x multiplied n times by itself; of a negative n the inverse.

    >>> matrix_power([[1, 1], [0, 1]], 3)
    tensor([[1, 3],
            [0, 1]])
    """
    found = promote(x)[0]
    if not isinstance(n, (int, np.integer)):
        raise ArgumentError(f"linalg.matrix_power: n is an integer, got {n!r}")
    if found.ndim < 2 or found.shape[-1] != found.shape[-2]:
        raise ShapeError(f"linalg.matrix_power: expects a matrix of shape (..., n, n), got {found.shape}")
    if n == 0:
        return eye(found.shape[-1], dtype=found.dtype).broadcast_to(found.shape)
    square: Tensor = inv(found) if n < 0 else found
    result: Any = None
    for bit in reversed(bin(abs(n))[2:]):
        if bit == "1":
            result = square if result is None else matmul(result, square)
        square = matmul(square, square)
    return result  # type: ignore[no-any-return]


def multi_dot(matrices: Sequence[Any]) -> Tensor:
    """The product of several matrices; the first and the last may be vectors.

    >>> multi_dot([[1, 2], [[1, 0], [0, 1]], [3, 4]])
    tensor(11)
    """
    if len(matrices) < 2:
        raise ArgumentError(f"linalg.multi_dot: expects two matrices or more, got {len(matrices)}")
    total = promote(matrices[0])[0]
    for m in matrices[1:]:
        total = matmul(total, m)
    return total


# -- norms -------------------------------------------------------------------------------------------------------------

Axis = int | tuple[int, ...] | None


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """NumPy's: of vectors along an axis, or of matrices along two; with no `ord`, the root of the sum of squares.

    >>> norm([3.0, 4.0]), norm([[3.0, 0.0], [0.0, 4.0]], 2), norm([[1.0, -2.0], [3.0, 4.0]], 1)
    (tensor(5.), tensor(4.), tensor(6.))
    """
    x = promote(x, floats=True)[0]
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
    if ord in ("fro", None):
        return _norm(x, 2, axis, keepdims)
    if x.ndim < 2:
        raise ShapeError(f"linalg.matrix_norm: expects a matrix, got shape {x.shape}")
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
        found = found.reshape(tuple(1 if a in (rows, columns) else n for a, n in enumerate(x.shape)))
    return found

