"""Matrices taken apart, and what is read from the parts: determinants and ranks."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..errors import ArgumentError, one_of
from ..ops import absolute, maximum, where
from ..tensor import Tensor, as_tensor
from .factors import matrix, negligible, parts

__all__ = [
    "cholesky",
    "det",
    "eigh",
    "eigvalsh",
    "logdet",
    "matrix_rank",
    "qr",
    "slogdet",
    "svd",
    "svdvals",
]


class QR(NamedTuple):
    """Q (..., m, k) with orthonormal columns, and R (..., k, n), an upper triangle; k = min(m, n)."""

    Q: Tensor
    R: Tensor


class SVD(NamedTuple):
    """U (..., m, m), the singular values S (..., k) from large to small, and Vh (..., n, n); k = min(m, n).

    In the reduced form U (..., m, k) and Vh (..., k, n).
    """

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


def cholesky(x: Any, upper: bool = False) -> Tensor:
    """The lower triangle L with L L^T = x, for a symmetric matrix whose eigenvalues are above 0.

    Only its lower triangle is read. With `upper` the upper triangle, L^T, of which the same holds. The gradient is
    symmetric.

    >>> cholesky([[4.0, 2.0], [2.0, 5.0]])
    tensor([[2., 0.],
            [1., 2.]])
    """
    found = matrix("cholesky", x, square=True)
    return cholesky(found.mT).mT if upper else parts("cholesky", found)[0]


def qr(x: Any, mode: str = "reduced") -> QR:
    """x = Q R, in the reduced form, which is the only one.

    >>> Q, R = qr([[3.0, 1.0], [4.0, 2.0]])
    >>> (Q @ R).round().tolist(), R.shape
    ([[3.0, 1.0], [4.0, 2.0]], (2, 2))
    """
    if mode != "reduced":
        raise ArgumentError(f"linalg.qr: there is the reduced form, got mode={mode!r}. For others numpy.linalg.qr.")
    return QR(*parts("qr", matrix("qr", x)))


def svd(x: Any, full_matrices: bool = True) -> SVD:
    """x = U diag(S) Vh; in the reduced form with `full_matrices=False`.

    Where singular values are equal, U and Vh have no gradient (infinities or NaN); S has. Nor have the columns of U, or
    rows of Vh, beyond the singular values, which are some that complete the others.

    >>> svd([[3.0, 0.0], [0.0, 4.0]]).S
    tensor([4., 3.])
    """
    return SVD(*parts("full_svd" if full_matrices else "svd", matrix("svd", x)))


def svdvals(x: Any) -> Tensor:
    """The singular values, from large to small.

    >>> svdvals([[3.0, 0.0], [0.0, 4.0]])
    tensor([4., 3.])
    """
    return svd(x, full_matrices=False).S


def eigh(x: Any, UPLO: str = "L") -> Eigen:
    """Eigenvalues and eigenvectors of a symmetric matrix: its lower triangle is read, or with UPLO="U" the upper one.

    The gradient is symmetric; where eigenvalues are equal, the eigenvectors have none (infinities or NaN).

    >>> eigh([[2.0, 0.0], [0.0, 1.0]]).eigenvalues
    tensor([1., 2.])
    """
    found = matrix("eigh", x, square=True)
    return Eigen(*parts("eigh", found, UPLO=one_of("linalg.eigh", "UPLO", UPLO, ("L", "U"))))


def eigvalsh(x: Any, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix, from small to large.

    >>> eigvalsh([[2.0, 0.0], [0.0, 1.0]])
    tensor([1., 2.])
    """
    return eigh(x, UPLO).eigenvalues


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


def logdet(x: Any) -> Tensor:
    """The logarithm of the determinant; NaN of one below 0. Gradient: g x^-T.

    >>> logdet([[1.0, 1.0], [0.0, 1.0]])
    tensor(0.)
    """
    sign, logabs = slogdet(x)
    return where(sign < 0, math.nan, logabs)


def matrix_rank(
    x: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """How many singular values are above `tol`: by default eps max(m, n) times the largest, as in NumPy. No gradient.

    Or above both `atol` and `rtol` times the largest; where one of the two is given, the other is 0. A `hermitian`
    matrix is symmetric, and its lower triangle is read.

    >>> matrix_rank([[1.0, 2.0], [2.0, 4.0]])
    tensor(1)
    """
    found = matrix("matrix_rank", x, square=hermitian).detach()
    s = absolute(eigvalsh(found)) if hermitian else svdvals(found)
    if not s.shape[-1]:
        return s.sum(-1, dtype=int)
    atol = tol if atol is None else atol
    share = rtol if rtol is not None else negligible(found) if atol is None else 0.0
    least = s.max(-1) * as_tensor(share, s.dtype)
    least = least if atol is None else maximum(least, as_tensor(atol, s.dtype))
    return (s > least[..., None]).sum(-1)
