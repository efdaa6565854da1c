"""Matrices multiplied by themselves and by others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import interpret
from ..errors import ArgumentError, ShapeError
from ..ops import eye, matmul
from ..ops.core.primitive import promote
from ..ops.core.wide import in_float32
from ..tensor import Tensor
from .equations import inv
from .factors import matrix, solve_matrix

__all__ = ["matrix_exp", "matrix_power", "multi_dot"]


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


@in_float32
def matrix_exp(x: Any) -> Tensor:
    """e^x of a square matrix, 1 + x + x x / 2 + x x x / 6 + ...: by squaring a fraction of polynomials (Higham, 2005).

    >>> matrix_exp([[0.0, 0.0], [0.0, 0.0]])
    tensor([[1., 0.],
            [0., 1.]])
    """
    found = matrix("matrix_exp", x, square=True)
    numbers = interpret.current.get().concrete(found, "matrix_exp: how often it is squared depends on the numbers")
    size = np.abs(numbers).sum(-2).max(initial=0)
    halvings = max(0, math.ceil(math.log2(size / _REACH))) if 0 < size < math.inf else 0
    a = found * 0.5**halvings
    identity = eye(a.shape[-1], dtype=a.dtype)
    even: Any = identity * _PADE[0]
    odd: Any = identity * _PADE[1]
    square, power = a @ a, identity
    for k in range(2, len(_PADE), 2):
        power = power @ square
        even, odd = even + power * _PADE[k], odd + power * _PADE[k + 1]
    odd = a @ odd
    result = solve_matrix((even - odd).broadcast_to(a.shape), (even + odd).broadcast_to(a.shape))
    for _ in range(halvings):
        result = result @ result
    return result


_REACH = 2.0  # sums of columns up to which the fraction is exact to float64's last digits
_PADE = [math.comb(9, k) * math.factorial(18 - k) / math.factorial(18) for k in range(10)]
