"""Compiled convolutions: no columns, any sizes, and the batch inside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gradus
from gradus import Tensor
from gradus.compiler.convolutions.convolution_kernel import best_tile
from gradus.compiler.graph import convolutions
from gradus.compiler.native import target
from gradus.nn import functional as F

Sizes = tuple[int, int]
IMAGES = ("convolution", "convolution_input", "convolution_weight")


def _tensor(rng: np.random.Generator, *shape: int, dtype: str = "float32") -> Tensor:
    return gradus.tensor(rng.normal(size=shape).astype(dtype), requires_grad=True)


def _with_gradients(function: Callable[..., Tensor], *tensors: Tensor) -> Callable[[Tensor], list[Tensor]]:
    def run(x: Tensor) -> list[Tensor]:
        for t in (x, *tensors):
            t.grad = None
        y = function(x, *tensors)
        (y * y).sum().backward()
        return [y, *(t.grad for t in (x, *tensors) if t.grad is not None)]

    return run


def _compare(function: Callable[..., Tensor], x: Tensor, *others: Tensor, cpu: target.Target | None = None) -> set[str]:
    """Eager against compiled; the kinds of node that it was compiled to."""
    run = _with_gradients(function, *others)
    expected = [t.numpy().copy() for t in run(x)]
    for t in (x, *others):
        t.grad = None
    compiled = gradus.compile(run, target=cpu)
    for a, b in zip(expected, compiled(x), strict=True):
        tolerance = 1e-5 if a.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(b.numpy(), a, rtol=tolerance, atol=tolerance * np.abs(a).max())
    return {n.kind for n in compiled._last.program.graph.nodes()}


@pytest.mark.parametrize(
    ("n", "c", "out", "size", "kernel", "options"),
    [
        (32, 3, 6, (10, 11), (3, 3), {}),
        (16, 1, 6, (12, 12), (5, 5), {"padding": 2}),
        (20, 4, 9, (12, 13), (3, 3), {"padding": 1}),
        (16, 4, 8, (13, 12), (3, 3), {"stride": 2, "padding": 1}),
        (33, 4, 8, (17, 15), (3, 2), {"stride": (3, 2), "padding": (1, 0), "dilation": (2, 3)}),
        (16, 6, 9, (9, 9), (3, 3), {"padding": 1, "groups": 3}),
        (16, 6, 6, (9, 9), (3, 3), {"padding": 1, "groups": 6}),
        (17, 5, 7, (9, 9), (1, 1), {"stride": 2}),
        (16, 1, 4, (40, 40), (11, 11), {"stride": 4, "padding": 1}),
        (16, 3, 4, (4, 4), (5, 5), {"padding": 2}),
        (16, 3, 4, (7, 7), (2, 2), {"stride": 3}),
        (17, 2, 3, (6, 6), (3, 3), {"padding": "same"}),
        (17, 5, 7, (21, 13), (3, 3), {"padding": 1}),  # some rows at a time for all taps
        (33, 71, 83, (9, 20), (1, 1), {}),  # for tiles beside and below each other
        (16, 150, 140, (11, 7), (1, 1), {"stride": 2}),
        (17, 120, 120, (5, 14), (1, 1), {"groups": 2}),
    ],
)
def test_convolution_and_its_gradients(
    n: int, c: int, out: int, size: Sizes, kernel: Sizes, options: dict[str, int]
) -> None:
    rng = np.random.default_rng(0)
    groups = options.get("groups", 1)
    x, w, b = _tensor(rng, n, c, *size), _tensor(rng, out, c // groups, *kernel), _tensor(rng, out)
    kinds = _compare(lambda x, w, b: F.relu(F.conv2d(x, w, b, **options)), x, w, b)
    assert kinds.issuperset(IMAGES)
    assert "matmul" not in kinds


@pytest.mark.parametrize("cpu", [target.avx2(), target.sse2()])
def test_other_processors(cpu: target.Target) -> None:
    rng = np.random.default_rng(1)
    x, w = _tensor(rng, 10, 3, 7, 9), _tensor(rng, 5, 3, 3, 3)
    assert _compare(lambda x, w: F.conv2d(x, w, padding=1), x, w, cpu=cpu).issuperset(IMAGES)


def test_float64_and_one_axis() -> None:
    rng = np.random.default_rng(2)
    x, w = _tensor(rng, 24, 3, 8, 8, dtype="float64"), _tensor(rng, 4, 3, 3, 3, dtype="float64")
    assert _compare(lambda x, w: F.conv2d(x, w, padding=1), x, w).issuperset(IMAGES)
    x, w = _tensor(rng, 19, 3, 12), _tensor(rng, 4, 3, 3)
    assert _compare(lambda x, w: F.conv1d(x, w, stride=2, padding=1), x, w).issuperset(IMAGES)


def test_transposed_convolution_is_the_gradient_of_one() -> None:
    rng = np.random.default_rng(3)
    x, w = _tensor(rng, 18, 4, 5, 6), _tensor(rng, 4, 3, 3, 3)
    kinds = _compare(lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1), x, w)
    assert "convolution_input" in kinds


@pytest.mark.parametrize("n", [16, 19])
@pytest.mark.parametrize("pool", [lambda x: F.max_pool2d(x, 3, 2, 1), lambda x: F.avg_pool2d(x, 2), F.sigmoid])
def test_what_stands_between_convolutions_keeps_the_batch_inside(n: int, pool: Callable[[Tensor], Tensor]) -> None:
    rng = np.random.default_rng(4)
    x, v, w = _tensor(rng, n, 2, 11, 9), _tensor(rng, 5, 2, 3, 3), _tensor(rng, 3, 5, 2, 2)

    def net(x: Tensor, v: Tensor, w: Tensor) -> Tensor:
        return F.conv2d(pool(F.relu(F.conv2d(x, v, padding=1))), w)

    assert _compare(net, x, v, w).issuperset(IMAGES)


def test_a_result_and_an_operand_of_a_product_lie_in_rows() -> None:
    rng = np.random.default_rng(5)
    x, w, a = _tensor(rng, 18, 2, 6, 5), _tensor(rng, 4, 2, 3, 3), _tensor(rng, 4 * 4 * 3, 7)
    _compare(lambda x, w: F.conv2d(x, w), x, w)
    _compare(lambda x, w, a: F.relu(F.conv2d(x, w)).reshape(18, -1) @ a, x, w, a)
    _compare(lambda x, w: gradus.concatenate([F.conv2d(x, w), F.conv2d(x, w)[:3] * 2.0], axis=0), x, w)
    _compare(lambda x, w: gradus.concatenate([F.conv2d(x, w), F.sigmoid(F.conv2d(x, w))], axis=1), x, w)


def test_the_same_bits_on_any_number_of_threads() -> None:
    rng = np.random.default_rng(6)
    x, w, v = _tensor(rng, 40, 3, 12, 12), _tensor(rng, 8, 3, 5, 5), _tensor(rng, 90, 8, 1, 1)
    u = _tensor(rng, 80, 90, 1, 1)
    found = []
    for threads in (1, 2, 3):
        gradus.set_num_threads(threads)
        layers = lambda x, w, v, u: F.conv2d(F.relu(F.conv2d(F.conv2d(x, w, padding=2), v)), u)  # noqa: E731
        run = gradus.compile(_with_gradients(layers, w, v, u))
        found.append([t.numpy().copy() for t in run(x)])
    gradus.set_num_threads(0)
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert np.array_equal(a, b)


def test_classes_of_a_strided_gradient_meet_every_tap_once() -> None:
    for stride, dilation, kernel, before in [(1, 1, 3, 1), (2, 1, 3, 1), (3, 2, 4, 2), (4, 1, 3, 0), (2, 2, 3, 1)]:
        length, places = 20, (20 + 2 * before - dilation * (kernel - 1) - 1) // stride + 1
        met = {
            (first + i * step, offset + i * scale + j * reach, tap + j * tap_step)
            for first, step, count, taps, tap, tap_step, scale, offset, reach, _ in (
                (a.first, a.step, a.count, a.taps, a.tap, a.tap_step, a.scale, a.offset, a.reach, a.length)
                for a in convolutions._classes(places, length, kernel, stride, dilation, before)
            )
            for i in range(count)
            for j in range(taps)
            if 0 <= offset + i * scale + j * reach < places
        }
        expected = {
            (p * stride + t * dilation - before, p, t)
            for p in range(places)
            for t in range(kernel)
            if 0 <= p * stride + t * dilation - before < length
        }
        assert met == expected


def test_tiles_fit_the_registers() -> None:
    for channels in (1, 3, 6, 16, 50, 384):
        for pixels in (1, 5, 10, 28, 54):
            tile = best_tile(channels, pixels, 32)
            assert tile.channels * tile.pixels + tile.pixels + 1 <= 32
    assert best_tile(384, 12, 32).channels * best_tile(384, 12, 32).pixels >= 20


@pytest.mark.parametrize(("kernel", "padding", "loops"), [(1, 0, {1}), (1, 1, {2, 3}), (3, 1, {3})])
def test_a_loop_over_one_tap_is_none(kernel: int, padding: int, loops: set[int]) -> None:
    w = gradus.ones((8, 4, kernel, kernel))
    f = gradus.compile(lambda x: F.conv2d(x * 2, w, padding=padding), winograd=False)
    f(gradus.ones((16, 4, 6, 6)))
    assert f._last is not None
    tiles = {name: code for name, code in f._last.program.functions.micro_kernels.items() if name.startswith("taps")}
    assert {code.text().count(" = phi i64 ") for code in tiles.values()} == loops
