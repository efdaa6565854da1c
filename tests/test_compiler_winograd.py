"""Convolution by Winograd's algorithm: the same numbers up to rounding, taken where it pays."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import Tensor
from gradus.compiler.graph import winograd_matrices
from gradus.compiler.kernels import squares
from gradus.compiler.rewrite import winograd
from gradus.nn import functional as F

KINDS = {"winograd", "winograd_weight"}


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take it wherever it applies."""
    monkeypatch.setattr(winograd, "GAIN", 0)


def _gradients(x: Tensor, w: Tensor, padding: int, **how: Any) -> tuple[list[np.ndarray], set[str]]:
    """The result of a convolution and its gradients, and the kinds of node it was compiled to."""

    def run(x: Tensor) -> list[Tensor]:
        x.grad = w.grad = None
        y = F.conv2d(x, w, padding=padding)
        (y * y).sum().backward()
        return [y, x.grad, w.grad]  # type: ignore[list-item]

    x.grad = w.grad = None
    compiled = gradus.compile(run, **how)
    found = [t.numpy().copy() for t in compiled(x)]
    return found, {n.kind for n in compiled._last.program.graph.nodes()}


def _tensors(n: int, c: int, out: int, size: tuple[int, int], r: int) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(n + c + out)
    x, w = (rng.normal(size=shape).astype("float32") for shape in ((n, c, *size), (out, c, r, r)))
    return gradus.tensor(x, requires_grad=True), gradus.tensor(w, requires_grad=True)


@pytest.mark.parametrize("r", winograd.KERNELS)
def test_the_matrices_are_exact(r: int) -> None:
    found = winograd_matrices.matrices(r)
    d = [Fraction(3 * i * i - 7 * i + 2) for i in range(winograd_matrices.SIZE)]
    g = [Fraction(2 * i + 1, 3) for i in range(r)]

    def times(matrix: winograd_matrices.Matrix, x: list[Fraction]) -> list[Fraction]:
        return [sum((a * b for a, b in zip(row, x, strict=True)), Fraction(0)) for row in matrix]

    products = [a * b for a, b in zip(times(found.kernel, g), times(found.pixels, d), strict=True)]
    expected = [sum(g[t] * d[i + t] for t in range(r)) for i in range(winograd_matrices.SIZE - r + 1)]
    assert times(found.results, products) == expected


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    ("n", "c", "out", "size", "r", "padding"),
    [
        (32, 3, 6, (10, 11), 3, 0),
        (20, 4, 9, (12, 13), 3, 1),
        (17, 5, 7, (9, 9), 5, 0),
        (16, 6, 7, (12, 11), 5, 2),
        (16, 20, 18, (4, 4), 5, 2),
        (32, 40, 50, (12, 12), 3, 1),
        (25, 16, 20, (5, 7), 3, 2),
    ],
)
def test_the_same_up_to_rounding(n: int, c: int, out: int, size: tuple[int, int], r: int, padding: int) -> None:
    x, w = _tensors(n, c, out, size, r)
    ours, kinds = _gradients(x, w, padding)
    direct, plain = _gradients(x, w, padding, winograd=False)
    assert kinds >= KINDS
    assert not plain & KINDS
    for a, b in zip(ours, direct, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-5 * np.abs(b).max())


def test_it_is_taken_for_many_channels_and_left_for_few() -> None:
    many, few = _tensors(32, 64, 64, (16, 16), 3), _tensors(32, 3, 6, (16, 16), 3)
    ours, kinds = _gradients(*many, 1)
    assert kinds >= {*KINDS, "winograd_tiles", "winograd_back"}
    assert not _gradients(*few, 1)[1] & KINDS
    direct, _ = _gradients(*many, 1, winograd=False)
    for a, b in zip(ours, direct, strict=True):  # far inside 1e-4 of the largest number
        assert np.abs(a - b).max() < 2e-5 * np.abs(b).max()


@pytest.mark.usefixtures("always")
def test_the_gradient_to_the_kernels_a_few_images_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = _tensors(50, 24, 30, (9, 10), 3)
    whole, _ = _gradients(x, w, 1)
    monkeypatch.setattr(winograd, "STORED", 1)
    parts, kinds = _gradients(x, w, 1)
    assert "winograd_tiles" in kinds
    np.testing.assert_allclose(parts[2], whole[2], rtol=0, atol=1e-5 * np.abs(whole[2]).max())


@pytest.mark.usefixtures("always")
def test_what_does_not_fit_is_left() -> None:
    x, w = _tensors(16, 8, 8, (9, 9), 3)
    for options in ({"stride": 2}, {"dilation": 2}):
        compiled = gradus.compile(lambda x, options=options: F.conv2d(x, w, **options))
        compiled(x)
        assert not KINDS & {n.kind for n in compiled._last.program.graph.nodes()}


@pytest.mark.usefixtures("always")
def test_the_same_bits_on_any_number_of_threads() -> None:
    x, w = _tensors(40, 12, 10, (11, 12), 3)
    found = []
    for threads in (1, 2, 3):
        gradus.set_num_threads(threads)
        found.append(_gradients(x, w, 1)[0])
    gradus.set_num_threads(0)
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert np.array_equal(a, b)


@pytest.mark.usefixtures("always")
def test_more_threads_than_at_compilation() -> None:
    x, w = _tensors(48, 12, 10, (11, 12), 3)
    gradus.set_num_threads(1)
    compiled = gradus.compile(lambda x: F.relu(F.conv2d(x, w, padding=1)))
    one = compiled(x).numpy().copy()
    gradus.set_num_threads(3)
    assert np.array_equal(one, compiled(x).numpy())
    gradus.set_num_threads(0)


@pytest.mark.usefixtures("always")
def test_what_follows_is_fused_to_it() -> None:
    x, w = _tensors(19, 8, 10, (9, 10), 3)
    b = gradus.tensor(np.linspace(-1, 1, 10).astype("float32"))
    net = gradus.compile(lambda x: F.sigmoid(F.conv2d(x, w, b, padding=1)).mean())
    direct = gradus.compile(lambda x: F.sigmoid(F.conv2d(x, w, b, padding=1)).mean(), winograd=False)
    assert float(net(x)) == pytest.approx(float(direct(x)), abs=1e-5)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("images", [32, 19])
def test_what_is_written_past_the_caches_arrives(images: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = _tensors(images, 16, 16, (12, 9), 3)
    expected, _ = _gradients(x, w, 1)
    monkeypatch.setattr(squares, "LARGE", 0)
    found, _ = _gradients(x, w, 1)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
