"""PyTorch's functions of matrices, and what one writes in gradus for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradus
from gradus import linalg


def _no_error(x: Any) -> Any:
    """What PyTorch gives in place of an error: zeros, one a matrix."""
    return gradus.zeros(x.shape[:-2], "int32")


def _lstsq(a: Any, b: Any, rcond: Any = None, driver: str | None = None) -> Any:
    return linalg.lstsq(a, b, rcond)


def _solved(a: Any, b: Any, *, left: bool = True, check_errors: bool = False) -> Any:
    return linalg.solve(a, b, left), _no_error(a)


def _svd(x: Any, some: bool = True, compute_uv: bool = True) -> Any:
    found = linalg.svd(x, full_matrices=not some)
    return found.U, found.S, found.Vh.mT


MATRICES: dict[str, Callable[..., Any]] = {
    "cholesky": lambda x, upper=False: linalg.cholesky(x, upper),
    "cholesky_inverse": lambda x, upper=False: linalg.cholesky_inverse(x, upper),
    "cholesky_solve": lambda b, x, upper=False: linalg.cholesky_solve(b, x, upper),
    "linalg.cholesky_ex": lambda x, *, upper=False, check_errors=False: (linalg.cholesky(x, upper), _no_error(x)),
    "linalg.inv_ex": lambda x, *, check_errors=False: (linalg.inv(x), _no_error(x)),
    "linalg.solve_ex": _solved,
    "linalg.lstsq": _lstsq,
    "linalg.lstsq.grad_oriented": lambda a, b, driver=None: linalg.lstsq(a, b)[:2],
    "linalg.norm.subgradients_at_zero": linalg.norm,
    "linalg.matrix_rank.hermitian": linalg.matrix_rank,
    "linalg.pinv.hermitian": linalg.pinv,
    "linalg.pinv.singular": lambda a, b: linalg.pinv(a @ b.mT),
    "logdet": linalg.logdet,
    "matrix_exp": linalg.matrix_exp,
    "norm.nuc": lambda x, p, dim=None, keepdim=False, dtype=None: linalg.norm(x, p, dim, keepdim),
    "pinverse": lambda x, rcond=1e-15: linalg.pinv(x, rcond),
    "qr": lambda x, some=True: linalg.qr(x, "reduced" if some else "complete"),
    "svd": _svd,
    "triangular_solve": lambda b, a, upper=True, transpose=False, unitriangular=False: (
        linalg.solve_triangular(
            a.mT if transpose else a, b, upper=upper != transpose, unitriangular=unitriangular
        ),
        a,
    ),
}
