"""Every function of arrays against PyTorch's: values and gradients in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from oracles import IN_FEW_DIGITS, NO_GRADIENT, oracle  # noqa: E402

import gradus  # noqa: E402
from gradus.ops.core.primitive import FUNCTIONS, Case  # noqa: E402

CASES = [pytest.param(n, c, id=f"{n}-{i}") for n, f in FUNCTIONS.items() if oracle(n) for i, c in enumerate(f.cases)]


def parts(y: Any) -> list[Any]:
    return list(y) if isinstance(y, (tuple, list)) else [y]


@pytest.mark.parametrize(("name", "c"), CASES)
def test_values_and_gradients_are_torchs(name: str, c: Case) -> None:
    rng = np.random.default_rng(3)
    numbers = [np.asarray(rng.uniform(*c.domain, shape)).astype(c.dtype) for shape in c.shapes]
    floats = c.dtype == "float64"
    ours = [gradus.tensor(x, requires_grad=floats) for x in numbers]
    theirs = [torch.tensor(x, requires_grad=floats) for x in numbers]
    found, expected = parts(c.call(FUNCTIONS[name].function, ours)), parts(c.call(oracle(name), theirs))
    gs = [rng.normal(size=y.shape) for y in found]
    for y, wanted in zip(found, expected, strict=True):
        assert y.shape == tuple(wanted.shape)
        np.testing.assert_allclose(y.numpy(), wanted.detach().numpy(), rtol=1e-12, atol=1e-12)
    if not found[0].requires_grad or name in NO_GRADIENT:
        return
    ours_sum = sum((y * gradus.tensor(g)).sum() for y, g in zip(found, gs, strict=True) if y.requires_grad)
    their_sum = sum((y * torch.tensor(g)).sum() for y, g in zip(expected, gs, strict=True) if y.requires_grad)
    wanted = torch.autograd.grad(their_sum, theirs, allow_unused=True)
    rtol = IN_FEW_DIGITS.get(name, 1e-10)
    for a, b in zip(gradus.grad(ours_sum, ours), wanted, strict=True):
        np.testing.assert_allclose(a.numpy(), 0 if b is None else b.numpy(), rtol=rtol, atol=1e-10)


def test_what_has_no_oracle() -> None:
    """What PyTorch has no function for is tested against NumPy alone."""
    ours = {n for n, f in FUNCTIONS.items() if f.function.__module__.startswith("gradus.ops")}
    assert {n for n in ours if oracle(n) is None} == {
        "any", "all", "astype", "segment_sum", "sliding_window", "sliding_window_adjoint"
    }  # fmt: skip


def test_windows_are_unfolds() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 9, 8))
    ours, theirs = gradus.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y = gradus.sliding_window(ours, (3, 2), (2, 1), (2, 3))
    expected = torch.nn.functional.unfold(theirs, (3, 2), dilation=(2, 3), stride=(2, 1))
    columns = y.permute(0, 1, 4, 5, 2, 3).reshape(tuple(expected.shape))
    np.testing.assert_array_equal(columns.numpy(), expected.detach().numpy())
    g = np.random.default_rng(1).normal(size=columns.shape)
    (wanted,) = torch.autograd.grad(expected, theirs, torch.tensor(g))
    np.testing.assert_allclose(gradus.grad(columns, ours, gradus.tensor(g)).numpy(), wanted.numpy(), rtol=1e-12)


def test_third_order_gradients_are_torchs() -> None:
    numbers = np.random.default_rng(0).uniform(0.5, 1.5, 5)
    x, t = gradus.tensor(numbers, requires_grad=True), torch.tensor(numbers, requires_grad=True)
    y, u = (x**x * x.tanh()).sum(), (t**t * t.tanh()).sum()
    for _ in range(3):
        y = gradus.grad(y.sum(), x, create_graph=True)
        (u,) = torch.autograd.grad(u.sum(), t, create_graph=True)
        np.testing.assert_allclose(y.numpy(), u.detach().numpy(), rtol=1e-10)
