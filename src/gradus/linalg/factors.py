"""Matrices taken apart, and equations solved: by NumPy's LAPACK, with gradients written as Tensor operations.

Compiled functions have no kernels for these and refuse them, with the line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..ops import concatenate, eye, tril
from ..ops.core.lowering import Uncompiled
from ..ops.core.primitive import Primitive, Shaped, bind, promote
from ..ops.core.wide import in_float32
from ..tensor import Tensor

Parts = list[Tensor]
_HOST = Uncompiled("Compute it outside of the compiled function and pass the result, or leave the function uncompiled.")


class Kind(NamedTuple):
    """A way to take a matrix apart.

    Attributes:
        numpy: NumPy's function, which gives a tuple; with options if there are any.
        shapes: the shapes of the parts of an m by n matrix.
        pull: from the gradients to the parts, the parts and the matrix, the gradient to the matrix.
    """

    numpy: Callable[..., Sequence[Any]]
    shapes: Callable[[int, int], list[tuple[int, ...]]]
    pull: Callable[[Parts, Parts, Tensor], Tensor]


def _cut(packed: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """The parts that lie one after the other in the last axis."""
    found, start = [], 0
    for shape in shapes:
        size = math.prod(shape)
        found.append(packed[..., start : start + size].reshape((*packed.shape[:-1], *shape)))
        start += size
    return found


def _rule(x: Any, kind: str, **how: Any) -> Shaped:
    return Shaped((*x.shape[:-2], sum(map(math.prod, _KINDS[kind].shapes(*x.shape[-2:])))), x.dtype)


def _forward(xp: Any, x: Any, kind: str, **how: Any) -> Any:
    parts = _solved(f"linalg.{kind.removeprefix('full_')}", lambda: _KINDS[kind].numpy(x, **how))
    sizes = map(math.prod, _KINDS[kind].shapes(*x.shape[-2:]))
    flat = [np.reshape(p, (*x.shape[:-2], n)) for p, n in zip(parts, sizes, strict=True)]
    return xp.concatenate(flat, -1, dtype=x.dtype)


def _pull(g: Tensor, y: Tensor, x: Tensor, kind: str, **how: Any) -> Tensor:
    shapes = _KINDS[kind].shapes(*x.shape[-2:])
    return _KINDS[kind].pull(_cut(g, shapes), _cut(y, shapes), x)


_factors = Primitive("factors", rule=_rule, forward=_forward, vjp=(_pull,), lower=_HOST)


def _solved(name: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except np.linalg.LinAlgError as problem:
        reason = str(problem).lower().rstrip(".")
        raise ArgumentError(f"{name}: {reason}. Look at the matrix, or add a small multiple of the identity.") from None


def _solve_rule(a: Any, b: Any) -> Shaped:
    if a.shape[-1] != a.shape[-2] or b.shape[-2] != a.shape[-1]:
        raise ShapeError(f"linalg.solve: {a.shape} and {b.shape} do not fit", "They are (..., n, n) and (..., n, k).")
    return Shaped(b.shape, b.dtype)


def _solve_pull(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return -(solve_matrix(a.mT, g) @ y.mT)


_solve: Primitive = Primitive(
    "solve",
    rule=_solve_rule,
    forward=lambda xp, a, b: _solved("linalg.solve", lambda: xp.linalg.solve(a, b)),
    vjp=(_solve_pull, lambda g, y, a, b: solve_matrix(a.mT, g)),
    lower=_HOST,
)


def solve_matrix(a: Tensor, b: Tensor) -> Tensor:
    """The x of a x = b, with a (..., n, n) and b (..., n, k) of the same leading axes."""
    return bind(_solve, a, b)


def matrix(name: str, x: Any, square: bool = False) -> Tensor:
    """A matrix, or a batch of them, of floating-point numbers."""
    found = promote(x, floats=True)[0]
    if found.ndim < 2 or (square and found.shape[-1] != found.shape[-2]):
        wanted = "(..., n, n)" if square else "(..., m, n)"
        raise ShapeError(f"linalg.{name}: expects a matrix of shape {wanted}, got {found.shape}")
    return found


@in_float32
def _packed(x: Tensor, kind: str, **how: Any) -> Tensor:
    return bind(_factors, x, kind=kind, **how)


def parts(kind: str, x: Tensor, **how: Any) -> Parts:
    """A matrix's parts."""
    return _cut(_packed(x, kind, **how), _KINDS[kind].shapes(*x.shape[-2:]))


# -- the gradients -----------------------------------------------------------------------------------------------------


def _half_symmetric(x: Tensor) -> Tensor:
    return (x + x.mT) * 0.5


def _pull_cholesky(g: Parts, y: Parts, x: Tensor) -> Tensor:
    """S = L^-T P(L^T g) L^-1, of which the symmetric part; P: the lower triangle, with half of the diagonal."""
    (lower,) = y
    p = tril(lower.mT @ g[0])
    p = p - p * eye(p.shape[-1], dtype=p.dtype) * 0.5
    left = solve_matrix(lower.mT, p)
    return _half_symmetric(solve_matrix(lower.mT, left.mT).mT)


def _pull_qr(g: Parts, y: Parts, x: Tensor) -> Tensor:
    """Of a tall matrix (g_Q + Q sym(R g_R^T - g_Q^T Q)) R^-T, with sym the lower triangle, mirrored. A wide matrix is
    its square part, and columns Y = Q V beside it."""
    (gq, gr), (q, r) = g, y
    m, n = x.shape[-2:]
    if m < n:
        beside, gv = x[..., m:], gr[..., m:]
        square = _pull_qr([gq + beside @ gv.mT, gr[..., :m]], [q, r[..., :m]], x[..., :m])
        return concatenate([square, q @ gv], -1)
    s = r @ gr.mT - gq.mT @ q
    low = tril(s, -1)
    s = tril(s) + low.mT
    return solve_matrix(r, (gq + q @ s).mT).mT


def _differences(x: Tensor) -> Tensor:
    """Of each number to each, x_j - x_i, and 1 on the diagonal."""
    return x[..., None, :] - x[..., :, None] + eye(x.shape[-1], dtype=x.dtype)


def _pull_eigh(g: Parts, y: Parts, x: Tensor) -> Tensor:
    """V (diag(g_w) + V^T g_V / E) V^T with E_ij = w_j - w_i, of which the symmetric part."""
    (gw, gv), (w, v) = g, y
    inner = v.mT @ gv / _differences(w)
    identity = eye(w.shape[-1], dtype=w.dtype)
    inner = inner * (1 - identity) + gw[..., None] * identity
    return _half_symmetric(v @ inner @ v.mT)


def _pull_svd(g: Parts, y: Parts, x: Tensor) -> Tensor:
    """U ((skew(U^T g_U) / E) S + S skew(V^T g_V) / E + diag(g_S)) V^T, E_ij = s_j^2 - s_i^2, and what lies outside of
    the columns of U and V (Townsend, "Differentiating the Singular Value Decomposition", 2016)."""
    (gu, gs, gvh), (u, s, vh) = g, y
    m, n = x.shape[-2:]
    e, identity = _differences(s * s), eye(s.shape[-1], dtype=s.dtype)
    left, right = u.mT @ gu, vh @ gvh.mT
    inner = (left - left.mT) / e * s[..., None, :] + s[..., :, None] * ((right - right.mT) / e)
    found = u @ (inner + gs[..., None] * identity) @ vh
    if m > n:
        found = found + (gu - u @ left) / s[..., None, :] @ vh
    if n > m:
        found = found + u @ ((gvh - right.mT @ vh) / s[..., :, None])
    return found


def _pull_full_svd(g: Parts, y: Parts, x: Tensor) -> Tensor:
    """That of the reduced form: what completes the columns of U and V is not followed."""
    k = y[1].shape[-1]
    gs, ys = ([u[..., :k], s, vh[..., :k, :]] for u, s, vh in (g, y))
    return _pull_svd(gs, ys, x)


def _pull_slogdet(g: Parts, y: Parts, x: Tensor) -> Tensor:
    """g A^-T; the sign has no gradient."""
    return g[1][..., None, None] * inverse(x).mT


def _pull_pinv(g: Parts, y: Parts, x: Tensor) -> Tensor:
    """With P the result: -P^T g P^T + (I - A P) g^T P P^T + P^T P g^T (I - P A) (Golub and Pereyra, 1973)."""
    (gp,), (p,) = g, y
    m, n = x.shape[-2:]
    rest = (eye(m, dtype=x.dtype) - x @ p) @ gp.mT @ p @ p.mT
    return rest - p.mT @ gp @ p.mT + p.mT @ p @ gp.mT @ (eye(n, dtype=x.dtype) - p @ x)


def _pinv(x: Any, limits: tuple[Any, Any], hermitian: bool) -> tuple[Any]:
    """By singular values; those up to the larger of an absolute and a relative limit count as 0."""
    x = np.tril(x) + np.tril(x, -1).swapaxes(-1, -2) if hermitian else x
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    atol, rtol = limits
    least = np.maximum(atol, rtol * s.max(-1, initial=0))[..., None]
    inverses = np.divide(1, s, where=s > least, out=np.zeros_like(s))
    return (vh.swapaxes(-1, -2) @ (inverses[..., None] * u.swapaxes(-1, -2)),)


def negligible(x: Any) -> float:
    """The share of the largest singular value of matrices up to which others count as 0: eps max(m, n)."""
    eps: float = np.finfo(np.float32 if x.dtype.itemsize < 8 else np.float64).eps.item()
    return eps * int(max(x.shape[-2:]))


def inverse(x: Tensor) -> Tensor:
    """A^-1, as the solution of A x = I."""
    return solve_matrix(x, eye(x.shape[-1], dtype=x.dtype).broadcast_to(x.shape))


_KINDS = {
    "cholesky": Kind(lambda x: (np.linalg.cholesky(x),), lambda m, n: [(n, n)], _pull_cholesky),
    "qr": Kind(np.linalg.qr, lambda m, n: [(m, min(m, n)), (min(m, n), n)], _pull_qr),
    "svd": Kind(
        lambda x: np.linalg.svd(x, full_matrices=False),
        lambda m, n: [(m, min(m, n)), (min(m, n),), (min(m, n), n)],
        _pull_svd,
    ),
    "full_svd": Kind(np.linalg.svd, lambda m, n: [(m, m), (min(m, n),), (n, n)], _pull_full_svd),
    "eigh": Kind(np.linalg.eigh, lambda m, n: [(n,), (n, n)], _pull_eigh),
    "slogdet": Kind(np.linalg.slogdet, lambda m, n: [(), ()], _pull_slogdet),
    "pinv": Kind(_pinv, lambda m, n: [(n, m)], _pull_pinv),
}
