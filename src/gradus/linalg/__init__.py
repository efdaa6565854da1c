"""Linear algebra, with NumPy's names: matrices (..., m, n) and batches of them. In eager code; compiled functions
refuse what is here and has no kernel there: all but `norm` and its like, `matrix_power`, `multi_dot` and products."""

from typing import TYPE_CHECKING

from ..names.elsewhere import door as _door
from .matrices import (
    cholesky,
    det,
    eigh,
    eigvalsh,
    inv,
    lstsq,
    matrix_norm,
    matrix_power,
    matrix_rank,
    multi_dot,
    norm,
    pinv,
    qr,
    slogdet,
    solve,
    svd,
    svdvals,
    vector_norm,
)

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

if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("linalg")
