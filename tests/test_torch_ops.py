"""Every function of arrays against PyTorch's: values and gradients in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

import gradus  # noqa: E402
from gradus.ops.core.primitive import FUNCTIONS, Case  # noqa: E402


def _reduction(name: str) -> Callable[..., Any]:
    """PyTorch's reductions have several names for several axes, and other defaults."""
    ours = {"max": "amax", "min": "amin"}.get(name, name)
    options = {"correction": 0} if name in ("var", "std") else {}

    def oracle(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        axes = tuple(range(x.ndim)) if axis is None else axis
        return getattr(torch, ours)(x, dim=axes, keepdim=keepdims, **options)

    return oracle


def _nearest_place(name: str) -> Callable[..., Any]:
    return lambda x, axis=None, keepdims=False: getattr(torch, name)(x, dim=axis, keepdim=keepdims)


SAME_NAME = (
    *("add", "subtract", "multiply", "divide", "floor_divide", "remainder", "negative", "absolute", "sign"),
    *("maximum", "minimum", "exp", "log", "log1p", "sqrt", "sin", "cos", "tanh", "sigmoid", "erf", "relu"),
    *("expm1", "erfc"),
    *("floor", "round", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("bitwise_and", "bitwise_or", "bitwise_xor", "square", "matmul", "clip"),
)
RENAMED = {"equal": "eq", "greater_equal": "ge", "less_equal": "le"}
ORACLES: dict[str, Callable[..., Any]] = {n: getattr(torch, RENAMED.get(n, n)) for n in SAME_NAME}
ORACLES |= {n: _reduction(n) for n in ("sum", "mean", "max", "min", "var", "std", "logsumexp")}
ORACLES |= {n: _nearest_place(n) for n in ("argmax", "argmin")}
ORACLES |= {
    "power": torch.pow,
    "softplus": torch.nn.functional.softplus,
    "invert": torch.bitwise_not,
    "right_shift": torch.bitwise_right_shift,
    "copy": torch.clone,
    "where": lambda condition, x1, x2: torch.where(condition != 0, x1, x2),
    "cumsum": lambda x, axis: torch.cumsum(x, axis),
    "reshape": torch.reshape,
    "flatten": torch.flatten,
    "expand_dims": torch.unsqueeze,
    "squeeze": lambda x, axis=None: torch.squeeze(x) if axis is None else torch.squeeze(x, axis),
    "permute": lambda x, *axes: torch.permute(x, axes[0] if isinstance(axes[0], tuple) else axes),
    "transpose": lambda x, axes=None: x.permute(axes or tuple(range(x.ndim))[::-1]),
    "swapaxes": torch.swapaxes,
    "broadcast_to": torch.broadcast_to,
    "pad": lambda x, widths, value=0: torch.nn.functional.pad(
        x, [w for pair in widths[::-1] for w in pair], value=value
    ),
    "flip": lambda x, axes=None: torch.flip(x, tuple(range(x.ndim)) if axes is None else axes),
    "take": lambda x, indices, axis: _take(x, indices, axis),
    "pick": lambda x, places: x.gather(1, torch.from_numpy(places)[:, None])[:, 0],
}


def _take(x: Any, indices: np.ndarray, axis: int) -> Any:
    places = torch.from_numpy(indices % x.shape[axis])
    axis %= x.ndim
    return x.index_select(axis, places.ravel()).reshape(*x.shape[:axis], *places.shape, *x.shape[axis + 1 :])


CASES = [pytest.param(n, c, id=f"{n}-{i}") for n in ORACLES for i, c in enumerate(FUNCTIONS[n].cases)]


@pytest.mark.parametrize(("name", "c"), CASES)
def test_values_and_gradients_are_torchs(name: str, c: Case) -> None:
    rng = np.random.default_rng(3)
    numbers = [np.asarray(rng.uniform(*c.domain, shape)).astype(c.dtype) for shape in c.shapes]
    floats = c.dtype == "float64"
    ours = [gradus.tensor(x, requires_grad=floats) for x in numbers]
    theirs = [torch.tensor(x, requires_grad=floats) for x in numbers]
    y, expected = FUNCTIONS[name].function(*ours, *c.args, **c.params), ORACLES[name](*theirs, *c.args, **c.params)
    assert y.shape == tuple(expected.shape)
    np.testing.assert_allclose(y.numpy(), expected.detach().numpy(), rtol=1e-12, atol=1e-12)
    if y.requires_grad and name != "floor_divide":  # theirs refuses, ours gives zeros
        g = rng.normal(size=y.shape)
        found = gradus.grad(y, ours, gradus.tensor(g))
        wanted = torch.autograd.grad(expected, theirs, torch.tensor(g), allow_unused=True)
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a.numpy(), 0 if b is None else b.numpy(), rtol=1e-10, atol=1e-10)


def test_what_has_no_oracle() -> None:
    """What PyTorch has no function for is tested against NumPy alone."""
    ours = {n for n, f in FUNCTIONS.items() if f.function.__module__.startswith("gradus.ops")}
    assert ours - set(ORACLES) == {
        "any", "all", "astype", "scatter_add", "sliding_window", "sliding_window_adjoint"
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
