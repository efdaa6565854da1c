"""The normal distribution of vectors whose numbers depend on each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import random
from ..errors import ArgumentError, ShapeError
from ..functional.checks import refuse
from ..interpret import Outside
from ..linalg import cholesky, cholesky_inverse, solve_triangular
from ..ops import eye, flip, log, tril
from ..ops.core.primitive import broadcast_shapes, promote
from ..ops.making.create import as_shape
from ..tensor import Tensor
from .core import POSITIVE, Distribution

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Distribution):
    """The normal distribution of vectors: density e^(-d C^-1 d / 2) / sqrt((2 pi)^k |C|) with d = x - loc.

    C is given as it is, or by its inverse, or by the triangle L of which it is L L^T: one of the three. As all of
    `linalg`, it is computed outside of compiled functions.

    Args:
        loc: the mean, (..., k).
        covariance_matrix: C, (..., k, k), symmetric, with positive eigenvalues.
        precision_matrix: C^-1.
        scale_tril: L, a lower triangle with a positive diagonal.
        validate_args: whether numbers are checked; they are unless False.

    Raises:
        ArgumentError: none of the three, or several.
        ShapeError: no square matrices of the mean's length.

    >>> normal = MultivariateNormal([0.0, 0.0], [[2.0, 1.0], [1.0, 2.0]])
    >>> normal.log_prob([0.0, 0.0]), normal.event_shape
    (tensor(-2.3871832), (2,))
    """

    names = ("loc", "scale_tril")
    loc: Tensor
    scale_tril: Tensor

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        given = [m for m in (covariance_matrix, precision_matrix, scale_tril) if m is not None]
        if len(given) != 1:
            raise ArgumentError(
                "MultivariateNormal: give one of covariance_matrix, precision_matrix and scale_tril, "
                f"got {len(given) or 'none'} of them"
            )
        self.validate_args = validate_args is None or validate_args
        place, matrix = promote(loc, given[0], floats=True)
        k = place.shape[-1] if place.ndim else 0
        if not k or matrix.shape[-2:] != (k, k):
            raise ShapeError(
                f"MultivariateNormal: a mean of shape {place.shape} and a matrix of shape {matrix.shape}",
                "They are (..., k) and (..., k, k).",
            )
        self.batch_shape = broadcast_shapes("MultivariateNormal", place.shape[:-1], matrix.shape[:-2])
        self.event_shape = (k,)
        self.loc = place.broadcast_to((*self.batch_shape, k))
        self.scale_tril = self._triangle(matrix, scale_tril, precision_matrix).broadcast_to((*self.batch_shape, k, k))

    def _triangle(self, matrix: Tensor, scale_tril: Any, precision_matrix: Any) -> Tensor:
        """L, of whichever matrix was given."""
        if scale_tril is not None:
            self._require("the diagonal of scale_tril", matrix.diagonal(axis1=-2, axis2=-1), POSITIVE)
            self._zero(matrix - tril(matrix), "scale_tril is a lower triangle, and [{place}] above it is {value}")
            return matrix
        self._zero(matrix - matrix.mT, "the matrix is not symmetric: at [{place}] it differs by {value}", 1e-6)
        if precision_matrix is None:
            return cholesky(matrix)
        backwards = flip(cholesky(flip(matrix, (-2, -1))), (-2, -1)).mT  # of L^-T L^-1
        return solve_triangular(backwards, eye(matrix.shape[-1], dtype=matrix.dtype), upper=False)

    def _zero(self, x: Tensor, message: str, most: float = 0.0) -> None:
        if self.validate_args:
            refuse("MultivariateNormal", x, Outside(-most, most), message)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return (self.scale_tril * self.scale_tril).sum(-1)

    @property
    def covariance_matrix(self) -> Tensor:
        """C."""
        return self.scale_tril @ self.scale_tril.mT

    @property
    def precision_matrix(self) -> Tensor:
        """The inverse of C."""
        return cholesky_inverse(self.scale_tril)

    def log_root(self) -> Tensor:
        """The logarithm of the root of |C|."""
        return log(self.scale_tril.diagonal(axis1=-2, axis2=-1)).sum(-1)

    def distance(self, apart: Tensor) -> Tensor:
        """d C^-1 d, the square of Mahalanobis' distance, of vectors d (..., k)."""
        shape = broadcast_shapes("MultivariateNormal", apart.shape[:-1], self.batch_shape)
        k = self.event_shape[0]
        triangle = self.scale_tril.broadcast_to((*shape, k, k))
        z = solve_triangular(triangle, apart.broadcast_to((*shape, k)).expand_dims(-1), upper=False)
        return (z * z).sum((-2, -1))

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        z = random.randn((*shape, *self.batch_shape, *self.event_shape), dtype=self.loc.dtype)
        return self.loc + (self.scale_tril @ z.expand_dims(-1))[..., 0]

    def log_prob(self, value: Any) -> Tensor:
        constant = 0.5 * self.event_shape[0] * math.log(2 * math.pi)
        return -0.5 * self.distance(self._value(value) - self.loc) - self.log_root() - constant

    def entropy(self) -> Tensor:
        return self.log_root() + 0.5 * self.event_shape[0] * (1 + math.log(2 * math.pi))

    def expand(self, batch_shape: Sequence[int]) -> MultivariateNormal:
        shape = (*as_shape(batch_shape), *self.event_shape)
        triangle = self.scale_tril.broadcast_to((*shape, *self.event_shape))
        return MultivariateNormal(self.loc.broadcast_to(shape), scale_tril=triangle, validate_args=self.validate_args)
