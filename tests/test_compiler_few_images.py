"""Compiled convolutions of fewer images than a vector has lanes: cut into pieces, along rows, or by columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import Tensor
from gradus.compiler.native import stages, target
from gradus.compiler.rewrite import cut, few_images
from gradus.nn import functional as F

CPUS = [target.sse2(), target.avx2(), target.host()]
ROWS = {"row_convolution", "row_convolution_input"}
PIECES = {"cut_images", "join_images", "convolution_weight"}


def _tensor(rng: np.random.Generator, *shape: int, dtype: str = "float32") -> Tensor:
    return gradus.tensor(rng.normal(size=shape).astype(dtype), requires_grad=True)


def _learn(function: Callable[..., Tensor], x: Tensor, *others: Tensor) -> Callable[[], list[Tensor]]:
    """The result and all gradients."""

    def run() -> list[Tensor]:
        for t in (x, *others):
            t.grad = None
        y = function(x, *others)
        (y * y).sum().backward()
        return [y, *(t.grad for t in (x, *others) if t.grad is not None)]

    return run


def _compare(function: Callable[..., Tensor], *tensors: Tensor, tolerance: float = 1e-5, **how: Any) -> set[str]:
    """Eager against compiled; the kinds of node that it was compiled to."""
    run = _learn(function, *tensors)
    expected = [t.numpy().copy() for t in run()]
    for t in tensors:
        t.grad = None
    compiled = gradus.compile(run, **how)
    for a, b in zip(expected, compiled(), strict=True):
        np.testing.assert_allclose(b.numpy(), a, rtol=tolerance, atol=tolerance * np.abs(a).max())
    return {n.kind for n in compiled._last.program.graph.nodes()}


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let one way look as if it took no time."""

    def force(way: str) -> None:
        real = few_images._time_of_pieces
        quick = (lambda *job: real(*job) * 1e-9) if way == "pieces" else (lambda *job: 0.0)
        monkeypatch.setattr(few_images, f"_time_of_{way}", quick)
        monkeypatch.setattr(few_images, "chosen", few_images.chosen.__wrapped__)

    return force


SHAPES = [
    (1, 1, 6, (28, 28), (5, 5), {"padding": 2}),
    (2, 6, 16, (14, 14), (5, 5), {}),
    (3, 4, 6, (20, 33), (3, 2), {"dilation": (2, 3), "groups": 2, "padding": (3, 0)}),
    (2, 3, 4, (9, 40), (3, 3), {"stride": (2, 1), "padding": (2, 0)}),
    (2, 3, 4, (17, 39), (3, 3), {"stride": 2, "padding": 1}),
    (1, 2, 5, (40, 70), (11, 11), {"stride": 4, "padding": 1}),
    (2, 3, 4, (9, 40), (1, 1), {"stride": 3}),
    (2, 8, 8, (12, 12), (3, 3), {"padding": 1, "groups": 8}),
    (1, 3, 200, (7, 7), (3, 3), {}),
    (1, 3, 4, (20, 40), (3, 3), {"stride": 2, "dilation": 2}),
    (5, 17, 3, (4, 3), (3, 3), {"padding": 2}),
    (1, 40, 9, (2, 2), (2, 2), {}),
]


@pytest.mark.parametrize(("n", "c", "out", "size", "kernel", "options"), SHAPES)
@pytest.mark.parametrize("way", ["pieces", "rows", "columns"])
def test_each_way_gives_the_numbers_of_eager_mode(
    n: int,
    c: int,
    out: int,
    size: tuple[int, int],
    kernel: tuple[int, int],
    options: dict[str, Any],
    way: str,
    forced: Callable[[str], None],
) -> None:
    forced(way)
    rng = np.random.default_rng(7)
    x, w, b = _tensor(rng, n, c, *size), _tensor(rng, out, c // options.get("groups", 1), *kernel), _tensor(rng, out)
    found = _compare(lambda x, w, b: F.sigmoid(F.conv2d(F.relu(x), w, b, **options)), x, w, b)
    if way == "pieces":
        assert found >= PIECES or n * np.prod(size) < 8
        assert not found & {"matmul", *ROWS}
    if way == "columns":
        assert "matmul" in found
        assert not any("convolution" in kind for kind in found)
    if way == "rows" and options.get("stride", 1) == 1:
        assert found >= ROWS


@pytest.mark.parametrize("cpu", CPUS, ids=["sse2", "avx2", "host"])
@pytest.mark.parametrize("n", range(1, 18))
def test_any_small_batch(n: int, cpu: target.Target) -> None:
    rng = np.random.default_rng(n)
    x, v, w = _tensor(rng, n, 3, 11, 14), _tensor(rng, 8, 3, 3, 3), _tensor(rng, 4, 8, 3, 2)

    def net(x: Tensor, v: Tensor, w: Tensor) -> Tensor:
        return F.conv2d(F.max_pool2d(F.relu(F.conv2d(x, v, padding=1)), 2), w, stride=2, padding=1)

    _compare(net, x, v, w, target=cpu)


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_winograd_of_pieces(n: int) -> None:
    rng = np.random.default_rng(n)
    x, w = _tensor(rng, n, 64, 15, 12), _tensor(rng, 48, 64, 3, 3)
    assert _compare(lambda x, w: F.conv2d(x, w, padding=1), x, w, tolerance=5e-5) >= {"winograd", "cut_images"}
    assert "winograd" not in _compare(lambda x, w: F.conv2d(x, w, padding=1), x, w, winograd=False)


@pytest.mark.parametrize("size", [(6, 5), (1, 2), (20, 17)])
@pytest.mark.parametrize("n", [1, 3, 8])
def test_what_sees_one_pixel_at_a_time_is_a_product(n: int, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(n)
    x, w, b = _tensor(rng, n, 5, *size), _tensor(rng, 7, 5, 1, 1), _tensor(rng, 7)
    found = _compare(lambda x, w, b: F.relu(F.conv2d(x, w, b)), x, w, b)
    assert "matmul" in found
    assert not any("convolution" in kind for kind in found)


@pytest.mark.parametrize("n", [1, 3, 8])
@pytest.mark.parametrize("way", ["pieces", "rows"])
def test_one_axis_float64_and_transposed(n: int, way: str, forced: Callable[[str], None]) -> None:
    forced(way)
    rng = np.random.default_rng(9)
    x, w = _tensor(rng, n, 3, 50, dtype="float64"), _tensor(rng, 4, 3, 3, dtype="float64")
    for options in ({"padding": 1}, {"stride": 2, "padding": 1}):
        _compare(lambda x, w, options=options: F.conv1d(x, w, **options), x, w, tolerance=1e-12)
    x, w = _tensor(rng, n, 4, 15, 26), _tensor(rng, 4, 3, 3, 3)
    _compare(lambda x, w: F.conv_transpose2d(x, w, stride=(2, 1), padding=1), x, w)


@pytest.mark.parametrize("n", [1, 3, 8])
def test_bfloat16(n: int) -> None:
    rng = np.random.default_rng(11)
    x, w = _tensor(rng, n, 16, 20, 18), _tensor(rng, 32, 16, 3, 3)
    _compare(lambda x, w: F.conv2d(x, w, padding=1), x, w, tolerance=0.02, precision="bf16")


@pytest.mark.parametrize("way", ["pieces", "rows"])
def test_the_same_bits_on_any_number_of_threads(
    way: str, forced: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    forced(way)
    monkeypatch.setattr(stages, "WORTH_SHARING", 0)
    rng = np.random.default_rng(10)
    x, v, w, found = _tensor(rng, 2, 3, 24, 40), _tensor(rng, 8, 3, 5, 5), _tensor(rng, 8, 8, 3, 3), []
    for threads in (1, 2, 3, 5):
        gradus.set_num_threads(threads)
        run = gradus.compile(_learn(lambda x, v, w: F.conv2d(F.max_pool2d(F.conv2d(x, v, padding=2), 2), w), x, v, w))
        for t in (x, v, w):
            t.grad = None
        found.append([t.numpy().tobytes() for t in run()])
    gradus.set_num_threads(0)
    assert all(other == found[0] for other in found[1:])


def test_pieces_see_what_their_results_need() -> None:
    for kernel, stride, dilation, before in [(3, 1, 1, 1), (3, 2, 1, 1), (5, 3, 2, 4), (1, 2, 1, 0), (2, 3, 1, 0)]:
        for pieces in (1, 2, 3, 7):
            length = 23
            places = (length + 2 * before - dilation * (kernel - 1) - 1) // stride + 1
            met = [(p, t, p * stride + t * dilation - before) for p in range(places) for t in range(kernel)]
            a = cut.of_result(pieces, places, kernel, stride, dilation, before)
            assert a.pieces * a.size >= places
            for p, t, i in met:
                piece, within = divmod(p, a.size)
                seen = i - piece * a.step - a.first
                assert 0 <= seen < a.length
                assert seen == within * stride + t * dilation - a.before
            b = cut.of_source(pieces, length, kernel, stride, dilation, before)
            assert b.pieces * b.size >= length
            assert b.size % stride == 0
            for p, t, i in met:
                if 0 <= i < length:
                    piece, within = divmod(i, b.size)
                    seen = p - piece * b.step - b.first
                    assert 0 <= seen < b.length
                    assert within + b.before - t * dilation == seen * stride
