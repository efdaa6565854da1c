"""Products of gradus itself, which NumPy, PyTorch and the array API look for in linalg, too."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops import cross as cross
from ..ops import matmul as matmul
from ..ops import matrix_transpose as matrix_transpose
from ..ops import outer as outer
from ..ops import tensordot as tensordot
from ..ops import vecdot as vecdot
from ..tensor import Tensor

__all__ = ["cross", "diagonal", "matmul", "matrix_transpose", "outer", "tensordot", "trace", "vander", "vecdot"]


def diagonal(x: Any, offset: int = 0, axis1: int = -2, axis2: int = -1) -> Tensor:
    """The diagonals of matrices (..., m, n): `gradus.diagonal` of the last two axes.

    >>> diagonal([[[1, 2], [3, 4]]])
    tensor([[1, 4]])
    """
    return ops.diagonal(x, offset, axis1, axis2)


def trace(x: Any, offset: int = 0, *, dtype: Any = None) -> Tensor:
    """The sums along the diagonals of matrices (..., m, n): `gradus.trace` of the last two axes.

    >>> trace([[[1, 2], [3, 4]]])
    tensor([5])
    """
    return ops.sum(diagonal(x, offset), -1, dtype=dtype)


def vander(x: Any, N: int | None = None) -> Tensor:
    """The powers 0, 1, 2 ... N - 1 of each number (..., n), as rows (..., n, N); N is n unless given.

    Those of PyTorch: NumPy's fall, as those of `gradus.vander`.

    >>> vander([2, 3], 3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    return ops.vander(x, N, increasing=True)
