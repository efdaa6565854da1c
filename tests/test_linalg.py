"""Linear algebra: NumPy's numbers, gradients to second order, PyTorch's gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import linalg
from gradus.errors import ArgumentError, ShapeError, TraceError
from gradus.tensor import Tensor

pytestmark = pytest.mark.usefixtures("checked")


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


SQUARE, TALL, WIDE = numbers(3, 3), numbers(5, 3), numbers(2, 4)
BATCH = numbers(2, 3, 3, seed=3)


def definite(x: Any) -> Any:
    return x @ x.swapaxes(-1, -2) + np.eye(x.shape[-1])


def symmetric(x: Any) -> Any:
    return x + x.swapaxes(-1, -2)


def left_of(parts: Any) -> Any:
    return parts[0] ** 2 * parts[1][..., None, :]


# Functions of the numbers that do not depend on signs that are anyone's choice; and the same in NumPy's linalg.
FUNCTIONS: dict[str, tuple[Callable[[Any, Any], Any], tuple[np.ndarray, ...]]] = {
    "inv": (lambda la, x: la.inv(x), (SQUARE, BATCH)),
    "solve": (lambda la, x: la.solve(x, x[..., :2] * x[..., :1]), (SQUARE, BATCH)),
    "cholesky": (lambda la, x: la.cholesky(definite(x)), (SQUARE, BATCH)),
    "det": (lambda la, x: la.det(x), (SQUARE, BATCH, -SQUARE)),
    "slogdet": (lambda la, x: la.slogdet(x)[1] * la.slogdet(x)[0], (SQUARE, BATCH)),
    "qr": (lambda la, x: la.qr(x)[0] ** 2 @ la.qr(x)[1] ** 2, (SQUARE, TALL, WIDE, BATCH)),
    "svd": (lambda la, x: left_of(la.svd(x, full_matrices=False)), (TALL, BATCH)),
    "svd of the right": (lambda la, x: la.svd(x, full_matrices=False)[2] ** 2, (TALL, WIDE, BATCH)),
    "eigh": (lambda la, x: la.eigh(symmetric(x))[1] ** 2 * la.eigh(symmetric(x))[0][..., None, :], (SQUARE, BATCH)),
    "eigvalsh": (lambda la, x: la.eigvalsh(symmetric(x)), (SQUARE, BATCH)),
    "pinv": (lambda la, x: la.pinv(x), (TALL, WIDE, BATCH)),
    "matrix_power": (lambda la, x: la.matrix_power(x, 5) + la.matrix_power(x, -2), (SQUARE, BATCH)),
    "nuclear": (lambda la, x: la.norm(x, "nuc"), (TALL, WIDE)),
    "spectral": (lambda la, x: la.norm(x, 2) + la.norm(x, -2), (TALL, WIDE)),
    "rows": (lambda la, x: la.norm(x, np.inf) * la.norm(x, -1) + la.norm(x, "fro"), (TALL, WIDE)),
    "vectors": (lambda la, x: la.norm(x, 3, axis=1) + la.norm(x, axis=1), (TALL, WIDE)),
    "whole svd": (lambda la, x: la.svd(x)[0][..., :2] ** 2 @ la.svd(x)[2][..., :2, :] ** 2, (TALL, WIDE)),
    "upper": (lambda la, x: la.cholesky(definite(x), upper=True), (SQUARE, BATCH)),
    "UPLO": (lambda la, x: la.eigvalsh(symmetric(x), UPLO="U") + la.eigh(symmetric(x), UPLO="U")[0], (SQUARE,)),
    "from the right": (
        lambda la, x: x[:1] ** 2 @ la.inv(x) if la is np.linalg else la.solve(x, x[:1] ** 2, left=False),
        (SQUARE,),
    ),
    "cond": (lambda la, x: la.cond(x) + la.cond(x, 1) + la.cond(x, "fro"), (SQUARE,)),
    "tensorinv": (lambda la, x: la.tensorinv(x.reshape(3, 1, 3), 1), (SQUARE,)),
    "tensorsolve": (lambda la, x: la.tensorsolve(x.reshape(3, 3, 1), x[0]), (SQUARE,)),
    "lstsq": (lambda la, x: la.lstsq(x, x[..., :1] * 2 + np.arange(len(x))[:, None])[0], (TALL, WIDE)),
}
CASES = [pytest.param(f, x, id=f"{name}-{i}") for name, (f, xs) in FUNCTIONS.items() for i, x in enumerate(xs)]


@pytest.mark.parametrize(("f", "x"), CASES)
def test_values_are_numpys_and_gradients_those_of_differences(f: Callable[..., Any], x: np.ndarray) -> None:
    t = gradus.tensor(x, requires_grad=True)
    y = f(linalg, t)
    np.testing.assert_allclose(y.detach().numpy(), f(np.linalg, x), rtol=1e-9, atol=1e-9)
    w, v = numbers(*y.shape, seed=1), numbers(*x.shape, seed=2)

    def slope(x: np.ndarray) -> tuple[Tensor, Tensor]:
        t = gradus.tensor(x, requires_grad=True)
        (g,) = gradus.grad((f(linalg, t) * gradus.tensor(w)).sum(), [t], create_graph=True)
        return t, (g * gradus.tensor(v)).sum()

    h = 1e-5
    rise = ((f(np.linalg, x + h * v) - f(np.linalg, x - h * v)) * w).sum() / (2 * h)
    t, first = slope(x)
    np.testing.assert_allclose(first.item(), rise, rtol=1e-6, atol=1e-7)
    if first.requires_grad:
        second = (gradus.grad(first, t).numpy() * v).sum()
        bend = (slope(x + h * v)[1].item() - slope(x - h * v)[1].item()) / (2 * h)
        np.testing.assert_allclose(second, bend, rtol=1e-5, atol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["inv", "cholesky", "det", "slogdet", "qr", "svd", "eigh", "pinv"])
@pytest.mark.parametrize("x", [SQUARE, BATCH, TALL, WIDE], ids=["square", "batch", "tall", "wide"])
def test_gradients_are_pytorchs(name: str, x: np.ndarray) -> None:
    torch = pytest.importorskip("torch")
    if name not in ("qr", "svd", "pinv") and x.shape[-1] != x.shape[-2]:
        return
    change = {"cholesky": lambda x: x @ x.swapaxes(-1, -2), "eigh": symmetric}.get(name, lambda x: x)
    options = {"full_matrices": False} if name == "svd" else {}

    def gradient(home: Any, x: Any, grad: Any) -> Any:
        y = getattr(home, name)(change(x), **options)
        if name in ("qr", "svd", "eigh"):  # the signs are anyone's choice, and squares do not show them
            y = sum(((i + 1) * p**2 * (p**2).cumsum(-1)).sum() for i, p in enumerate(y))
        else:
            y = ((y[1] if name == "slogdet" else y) ** 2).sum()
        return grad(y, x)

    ours = gradient(linalg, gradus.tensor(x, requires_grad=True), gradus.grad)
    theirs = gradient(torch.linalg, torch.tensor(x, requires_grad=True), lambda y, x: torch.autograd.grad(y, x)[0])
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-8, atol=1e-8)


def test_what_has_no_gradient_to_be_tried() -> None:
    assert linalg.matrix_rank(gradus.tensor([[1.0, 2], [2, 4], [3, 6]])).item() == 1
    assert linalg.matrix_rank(gradus.zeros((2, 2, 3))).tolist() == [0, 0]
    several = [SQUARE, SQUARE, SQUARE[0]]
    np.testing.assert_allclose(linalg.multi_dot(several).numpy(), np.linalg.multi_dot(several))
    assert linalg.solve(SQUARE, SQUARE[0]).shape == (3,)
    assert linalg.solve(BATCH, SQUARE).shape == (2, 3, 3)
    found = linalg.lstsq(TALL, TALL @ [1.0, 2, 3] + 1)
    wanted = np.linalg.lstsq(TALL, TALL @ [1.0, 2, 3] + 1, rcond=None)
    np.testing.assert_allclose(found.solution.numpy(), wanted[0])
    np.testing.assert_allclose(found.residuals.numpy(), wanted[1][0])
    assert found.rank.item() == wanted[2]
    assert linalg.inv([[2, 0], [0, 4]]).dtype == gradus.float32
    half = gradus.tensor(definite(SQUARE), "float16")
    assert linalg.cholesky(half).dtype == gradus.float16
    assert (linalg.inv(half) @ half).round().tolist() == np.eye(3).tolist()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: linalg.inv(TALL), ShapeError, r"linalg.inv: expects a matrix of shape \(..., n, n\), got \(5, 3\)"),
        (lambda: linalg.qr(TALL[0]), ShapeError, r"expects a matrix of shape \(..., m, n\)"),
        (lambda: linalg.inv(np.ones((2, 2))), ArgumentError, "linalg.solve: singular matrix"),
        (lambda: linalg.cholesky(-np.eye(2)), ArgumentError, "linalg.cholesky: matrix is not positive definite"),
        (lambda: linalg.solve(SQUARE, TALL), ShapeError, r"a has shape \(3, 3\), b \(5, 3\)"),
        (lambda: linalg.lstsq(TALL, SQUARE), ShapeError, r"a has shape \(5, 3\), b \(3, 3\)"),
        (lambda: linalg.norm(TALL, "max"), ArgumentError, "no norm is 'max'"),
        (lambda: linalg.norm(BATCH, 1), ShapeError, "Name its axis"),
        (lambda: linalg.matrix_power(SQUARE, 0.5), ArgumentError, "n is an integer, got 0.5"),
        (lambda: linalg.qr(SQUARE, mode="complete"), ArgumentError, "reduced form"),
        (lambda: linalg.eigh(SQUARE, UPLO="R"), ArgumentError, "linalg.eigh: unknown UPLO 'R'"),
        (lambda: linalg.tensorsolve(TALL, SQUARE[0]), ShapeError, "of as many numbers"),
        (lambda: linalg.tensorinv(TALL, 1), ArgumentError, "not as long"),
    ],
)
def test_what_cannot_be_says_so(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_compiled_functions_refuse_with_the_line_and_batches_are_taken_at_once() -> None:
    x = gradus.tensor(BATCH)
    for f, name in ((linalg.inv, "solve"), (linalg.qr, "qr"), (linalg.svdvals, "svd")):
        with pytest.raises(TraceError, match=rf"{name} has no kernel in compiled functions, at .*\.py:\d+"):
            gradus.compile(lambda x, f=f: f(x))(x)
    assert gradus.compile(lambda x: linalg.norm(x) + linalg.matrix_power(x, 3).sum())(x).item() == pytest.approx(
        np.linalg.norm(BATCH) + np.linalg.matrix_power(BATCH, 3).sum()
    )
    np.testing.assert_allclose(gradus.vmap(linalg.inv)(x).numpy(), np.linalg.inv(BATCH), rtol=1e-10)
    np.testing.assert_allclose(gradus.vmap(lambda x: linalg.qr(x).R)(x).numpy(), np.linalg.qr(BATCH)[1], rtol=1e-10)
