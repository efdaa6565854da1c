"""affine_grid and grid_sample against PyTorch's: results and gradients, eagerly and compiled."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import gradus
from gradus.nn import functional as F

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
WAYS = [
    (mode, padding_mode, aligned)
    for mode, padding_mode, aligned in itertools.product(
        ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection"), (False, True)
    )
]
PICTURES = {"pictures": ((2, 3, 5, 7), (2, 4, 6, 2)), "one pixel wide": ((1, 2, 1, 1), (1, 3, 3, 2))}
VOLUMES = {"volumes": ((2, 2, 3, 4, 5), (2, 3, 2, 4, 3))}


def close(found: Any, expected: Any, dtype: str, what: str) -> None:
    assert found.shape == tuple(expected.shape), what
    scale = max(1.0, float(expected.detach().abs().max()))
    tolerance = TOLERANCE[dtype] * scale
    np.testing.assert_allclose(found.numpy(), expected.detach().numpy(), 0, tolerance, err_msg=what)


def compare(x: np.ndarray, grid: np.ndarray, mode: str, padding_mode: str, aligned: bool, compiled: bool) -> None:
    dtype = str(x.dtype)
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, grid)]
    y = torch.nn.functional.grid_sample(*theirs, mode, padding_mode, aligned)
    g = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    expected = [y, *torch.autograd.grad(y, theirs, torch.tensor(g))]

    def step(x: Any, grid: Any) -> Any:
        y, pull = gradus.vjp(lambda a, b: F.grid_sample(a, b, mode, padding_mode, aligned), x, grid)
        return y, *pull(gradus.tensor(g))

    found = (gradus.compile(step) if compiled else step)(gradus.tensor(x), gradus.tensor(grid))
    for name, ours, wanted in zip(("result", "gradient to x", "gradient to the grid"), found, expected, strict=True):
        close(ours, wanted, dtype, f"{name}: {mode}, {padding_mode}, align_corners={aligned}")


def drawn(shapes: tuple[tuple[int, ...], tuple[int, ...]], dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, and places of which about half are outside, some far."""
    rng = np.random.default_rng(0)
    x, grid = (rng.normal(size=shape) for shape in shapes)
    return x.astype(dtype), (grid * 1.5).astype(dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", PICTURES | VOLUMES)
def test_grid_sample_eagerly(name: str, dtype: str) -> None:
    for way in WAYS:
        if name in PICTURES or way[0] != "bicubic":
            compare(*drawn((PICTURES | VOLUMES)[name], dtype), *way, compiled=False)


@pytest.mark.parametrize("way", WAYS[::9], ids=str)
def test_grid_sample_compiled(way: tuple[str, str, bool]) -> None:
    compare(*drawn(PICTURES["pictures"], "float32"), *way, compiled=True)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_places_on_pixels_borders_and_between(way: tuple[str, str, bool]) -> None:
    """Where floors, reflections and bounds change: whole places, halves, the borders and one pixel around them."""
    mode, padding_mode, aligned = way
    length = 4
    pixels = np.arange(-4, 2 * length + 1) / 2  # every half pixel, from two before the first to one after the last
    at = 2 * pixels / (length - 1) - 1 if aligned else (2 * pixels + 1) / length - 1
    x = np.random.default_rng(0).normal(size=(1, 1, length, length))
    grid = np.stack(np.meshgrid(at, at), -1)[None]
    theirs = torch.nn.functional.grid_sample(torch.tensor(x), torch.tensor(grid), mode, padding_mode, aligned)
    close(F.grid_sample(x, grid, mode, padding_mode, aligned), theirs, "float64", str(way))


@pytest.mark.parametrize("padding_mode", ["zeros", "border"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_places_that_are_no_numbers_or_far_outside(mode: str, padding_mode: str) -> None:
    """PyTorch says that NaN counts as -1, and holds it at the border; elsewhere its result is NaN or 0."""
    x = np.arange(1.0, 5.0).reshape(1, 1, 2, 2)
    nan = np.array([[[[np.nan, -1.0], [1.0, np.nan]]]])
    far = np.array([[[[1e30, 0.0], [0.0, -1e30]]]])
    border = torch.nn.functional.grid_sample(torch.tensor(x), torch.tensor(nan), mode, "border", True)
    close(F.grid_sample(x, nan, mode, padding_mode, True), border, "float64", mode)
    wanted = torch.nn.functional.grid_sample(torch.tensor(x), torch.tensor(far), mode, padding_mode, True)
    for grid in (far, np.where(far == 0, 0, np.copysign(np.inf, far))):
        close(F.grid_sample(x, grid, mode, padding_mode, True), wanted, "float64", mode)


@pytest.mark.filterwarnings("ignore:Since version 1.3.0, affine_grid")
@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 3, 1, 1), (2, 1, 3, 4, 5)], ids=str)
def test_affine_grid(size: tuple[int, ...], aligned: bool) -> None:
    k = len(size) - 2
    theta = np.random.default_rng(0).normal(size=(2, k, k + 1))
    theirs = torch.tensor(theta, requires_grad=True)
    y = torch.nn.functional.affine_grid(theirs, list(size), aligned)
    g = np.random.default_rng(1).normal(size=y.shape)
    y.backward(torch.tensor(g))
    ours = gradus.tensor(theta, requires_grad=True)
    found = F.affine_grid(ours, size, aligned)
    close(found, y, "float64", "result")
    found.backward(gradus.tensor(g))
    close(ours.grad, theirs.grad, "float64", "gradient to theta")


def test_second_derivatives_are_pytorchs() -> None:
    x, grid = drawn(PICTURES["pictures"], "float64")
    a, b = gradus.tensor(x, requires_grad=True), gradus.tensor(grid, requires_grad=True)
    (first,) = gradus.grad((F.grid_sample(a, b) ** 3).sum(), [b], create_graph=True)
    (first**2).sum().backward()
    s, t = torch.tensor(x, requires_grad=True), torch.tensor(grid, requires_grad=True)
    y = torch.nn.functional.grid_sample(s, t, align_corners=False)
    (theirs,) = torch.autograd.grad((y**3).sum(), t, create_graph=True)
    (theirs**2).sum().backward()
    close(a.grad, s.grad, "float64", "to x")
    close(b.grad, t.grad, "float64", "to the grid")
