"""Accuracy against exact sums, family by family: many terms, large offsets, tiny and huge numbers, all types of floats.

Each is worked out eagerly and compiled, for each kind of processor there is, on one thread and on two, whose bits must
be the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from everyway import TARGETS

import gradus
from gradus import Tensor, nn
from gradus import functional as F

pytestmark = pytest.mark.usefixtures("shared")
FLOATS = ("float16", "bfloat16", "float32", "float64")
DIGIT = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}  # half of the last one


def ways(f: Callable[..., Tensor], *arguments: Any) -> Iterator[tuple[str, np.ndarray]]:
    """The result, eager and compiled for each processor; two threads must give the bits of one."""
    eager = f(*arguments)
    yield "eager", eager.numpy()
    for target in TARGETS:
        found = []
        for threads in (1, 2):
            gradus.set_num_threads(threads)
            found.append(gradus.compile(f, target=target)(*arguments).numpy())
        assert found[0].tobytes() == found[1].tobytes(), target
        assert found[0].dtype == eager.dtype
        yield str(target), found[0]


def close(f: Callable[..., Tensor], arguments: Any, exact: Any, digits: float = 16.0) -> None:
    """All ways give the exact numbers, up to so many halves of a last digit of their type."""
    for way, found in ways(f, *arguments):
        got, wanted = found.astype("float64"), np.asarray(exact, "float64")
        name = found.dtype.name
        np.testing.assert_array_equal(np.isfinite(got), np.isfinite(wanted), way)
        finite = np.isfinite(wanted)
        np.testing.assert_array_equal(got[~finite], wanted[~finite], way)
        allowed = digits * DIGIT[name] * abs(wanted[finite]) + float(
            np.finfo("float32").tiny if name == "float32" else 0
        )
        worst = np.max(abs(got[finite] - wanted[finite]) - allowed, initial=-1.0)
        assert worst <= 0, f"{way}: {got} instead of {wanted}"


def exact_sum(a: np.ndarray, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """The sum without any rounding but the last one."""
    axes = tuple(range(a.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    kept = [n for i, n in enumerate(a.shape) if i not in axes]
    rows = np.moveaxis(a.astype("float64"), axes, range(-len(axes), 0)).reshape(math.prod(kept), -1)
    return np.array([math.fsum(row) for row in rows]).reshape(kept)


# -- sums --------------------------------------------------------------------------------------------------------------


def test_the_mean_of_ten_million_equal_numbers() -> None:
    x = gradus.full((10**7,), 0.1)
    close(lambda x: x.mean(), (x,), np.float32(0.1), 8)


def test_the_sum_down_a_million_rows() -> None:
    x = gradus.full((10**6, 16), 0.1)
    close(lambda x: x.sum(0), (x,), np.full(16, np.float32(0.1) * 1e6), 8)


SHAPES: list[tuple[tuple[int, ...], Any]] = [
    ((60_001,), None),
    ((60_001,), 0),
    ((9_001, 5), 0),
    ((3, 4_097), 1),
    ((40, 3, 33, 35), (0, 2, 3)),
    ((21, 22, 23, 5), (0, 1, 2)),
    ((999, 17), None),
    ((333, 1, 77), (0, 2)),
    ((65, 64), 0),
]


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_sums_of_equal_numbers_of_any_shape(shape: tuple[int, ...], axis: Any, dtype: str) -> None:
    x = gradus.full(shape, 0.1, dtype)
    n = x.size // max(x.sum(axis).size, 1)
    close(lambda x: x.sum(axis) / n, (x,), np.full(x.sum(axis).shape, float(x.numpy().flat[0])), 10)


@pytest.mark.parametrize("scale", [1e-40, 1e-20, 1.0, 1e30])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_sums_of_random_numbers_tiny_and_huge(scale: float, offset: float) -> None:
    a = ((np.random.default_rng(0).random((3000, 7)) + offset) * scale).astype("float32")
    for axis in (0, 1, None):
        close(lambda x, axis=axis: x.sum(axis), (Tensor(a),), exact_sum(a, axis))
        turned = Tensor(np.ascontiguousarray(a.T))
        close(lambda x, axis=axis: x.T.sum(axis), (turned,), exact_sum(a, axis))


def test_sums_with_infinities_and_nan() -> None:
    a = np.random.default_rng(0).random((5000, 4)).astype("float32")
    a[100, 0], a[4000, 1], a[7, 1], a[4999, 2] = np.inf, np.inf, -np.inf, np.nan
    close(lambda x: x.sum(0), (Tensor(a),), [np.inf, np.nan, np.nan, exact_sum(a[:, 3])])


def test_sums_of_views() -> None:
    a = np.random.default_rng(0).random((6000, 6)).astype("float32")
    for view in (a[::2], a[::-1], a[:, 1:4], a.T, a[1::3, ::-2]):
        for axis in (0, 1, (0, 1)):
            got = Tensor(view).sum(axis).numpy()
            np.testing.assert_allclose(got, exact_sum(view, axis), rtol=1e-6)
    row = gradus.tensor(np.float32(0.1)).broadcast_to((10**5,))
    np.testing.assert_allclose(row.sum().item(), float(np.float32(0.1)) * 1e5, rtol=1e-6)


@pytest.mark.parametrize("shape", [(10**5, 3), (3, 10**5)])
def test_gradients_that_are_sums(shape: tuple[int, ...]) -> None:
    """Of what was stretched, whose gradient is the sum over what it was stretched along."""
    axis = int(shape[0] < shape[1])
    row = gradus.full(tuple(1 if i == 1 - axis else 3 for i in range(2))[::-1] if axis == 0 else (3, 1), 1.0)
    x = gradus.full(shape, 0.1)

    def slope(row: Tensor, x: Tensor) -> Tensor:
        leaf = row.detach().requires_grad_()
        return gradus.grad((leaf * x).sum(), leaf)  # type: ignore[return-value]

    close(slope, (row, x), np.full(row.shape, float(np.float32(0.1)) * 1e5), 8)


# -- running sums ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_running_sums_of_a_million_numbers(dtype: str) -> None:
    x = gradus.full((10**6,), 0.1, dtype)
    each = float(x.numpy()[0])
    for way, found in ways(lambda x: x.cumsum(0), x):
        exact = each * np.arange(1, 10**6 + 1)
        assert np.max(abs(found / exact - 1)) < (1e-7 if dtype == "float32" else 1e-12), way


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_running_sums_along_any_axis(dtype: str, axis: int) -> None:
    for shape in ((3, 2100, 2), (1500, 2, 3), (2, 3, 1025)):
        x = gradus.tensor(np.random.default_rng(0).random(shape), dtype)
        close(lambda x: x.cumsum(axis), (x,), np.cumsum(x.numpy().astype("longdouble"), axis), 8)


# -- variances, norms and normalised numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
def test_variances_of_numbers_far_from_zero(offset: float) -> None:
    a = (np.random.default_rng(0).normal(size=(5000, 3)) + offset).astype("float32")
    exact = a.astype("float64").var(0)
    close(lambda x: x.var(0), (Tensor(a),), exact)
    close(lambda x: x.T.std(1), (Tensor(a),), np.sqrt(exact))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_variances_in_half_precision_are_rounded_once(dtype: str) -> None:
    x = gradus.tensor(np.random.default_rng(0).normal(size=(300, 7)) * 30 + 100, dtype)
    exact = x.numpy().astype("float64").var(0)
    close(lambda x: x.var(0), (x,), exact, 1.01)
    close(lambda x: x.std(0), (x,), np.sqrt(exact), 1.01)


def test_batch_norm_of_a_constant() -> None:
    for shape in ((64, 16, 64, 64), (256, 100), (100, 3, 7)):
        for way, found in ways(lambda x: F.batch_norm(x, training=True), gradus.full(shape, 0.1)):
            assert abs(found).max() < 1e-5, way


@pytest.mark.parametrize("dtype", FLOATS)
def test_layer_norm_of_any_size_of_numbers(dtype: str) -> None:
    a = np.random.default_rng(0).normal(size=(5, 40))
    largest = 2.0 ** (np.finfo(np.float16).maxexp - 4) if dtype == "float16" else 1e30
    for size in (1e-3, 1.0, 1e3, largest):
        x = gradus.tensor(a * size, dtype)
        wide = x.numpy().astype("float64")
        exact = (wide - wide.mean(1, keepdims=True)) / np.sqrt(wide.var(1, keepdims=True) + 1e-5)
        for way, found in ways(lambda x: F.layer_norm(x, 40), x):
            assert np.max(abs(found.astype("float64") - exact)) < 4 * DIGIT[dtype] * 4, way
    x = gradus.tensor(a[:, :6] * 1e30, requires_grad=True)
    unit = gradus.tensor(a[:, :6], requires_grad=True)
    for given in (x, unit):
        (F.layer_norm(given, 6, eps=0) * Tensor(a[:, 6:12].astype("float32"))).sum().backward()
    np.testing.assert_allclose(x.grad.numpy() * 1e30, unit.grad.numpy(), rtol=1e-3, atol=1e-5)  # type: ignore[union-attr]


def test_batch_norm_averages_all_batches_alike_without_a_momentum() -> None:
    batches = [gradus.randn(8, 2) + i for i in range(5)]
    layers = [nn.BatchNorm1d(2, momentum=None) for _ in range(2)]
    for function, layer in zip((layers[0], gradus.compile(layers[1])), layers, strict=True):
        for x in batches:
            function(x)
        mean = np.mean([x.numpy().mean(0) for x in batches], 0)
        var = np.mean([x.numpy().var(0, ddof=1) for x in batches], 0)
        np.testing.assert_allclose(layer.running_mean.numpy(), mean, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(layer.running_var.numpy(), var, rtol=1e-5)
    assert "momentum=None" in repr(layers[0])


def test_gradients_of_huge_numbers_are_clipped_not_lost() -> None:
    for size in (1e-30, 1.0, 1e30):
        x = gradus.tensor([0.0, 0.0], requires_grad=True)
        x.grad = gradus.tensor([3.0 * size, 4.0 * size])
        norm = gradus.optim.clip_grad_norm_([x], 0.5 * size)
        np.testing.assert_allclose(norm.item(), 5 * size, rtol=1e-6)
        if size >= 1:
            np.testing.assert_allclose(x.grad.numpy(), np.array([0.3, 0.4]) * size, rtol=1e-5)


# -- softmax, attention and losses in half precision -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("function", [F.softmax, F.log_softmax, lambda x: x.logsumexp(-1)])
def test_softmax_is_rounded_once(dtype: str, function: Callable[[Tensor], Tensor]) -> None:
    x = gradus.tensor(np.random.default_rng(0).normal(size=(6, 300)) * 8, dtype)
    exact = function(x.astype("float64")).numpy()
    for way, found in ways(function, x):
        error = abs(found.astype("float64") - exact)
        least = 2.0**-14 if dtype == "float16" else 1e-30  # below, float16 has fewer digits
        if dtype in ("float16", "bfloat16"):
            assert np.max(error / np.maximum(abs(exact), least)) <= 1.01 * DIGIT[dtype], way
        else:
            assert np.max(error / (abs(exact) + (exact <= 0))) <= 100 * DIGIT[dtype], way


@pytest.mark.parametrize(("dtype", "least"), [("bfloat16", 0.014), ("float16", 0.0012), ("float32", 1e-4)])
def test_attention_of_large_scores(dtype: str, least: float) -> None:
    rng = np.random.default_rng(0)
    q, k, v = (gradus.tensor(rng.normal(size=(4, 64, 64)) * s, dtype) for s in (4, 4, 1))
    exact = F.scaled_dot_product_attention(*(x.astype("float64") for x in (q, k, v))).numpy()
    for way, found in ways(F.scaled_dot_product_attention, q, k, v):
        assert abs(found.astype("float64") - exact).max() < least, way
    whole = gradus.tensor([[1, 0], [0, 3]])
    for found in (F.attention_weights(whole, whole), F.scaled_dot_product_attention(whole, whole, whole)):
        assert found.dtype == "float32"
    layer = nn.MultiheadAttention(64, 4, batch_first=True).astype(dtype)
    wide = nn.MultiheadAttention(64, 4, batch_first=True).astype("float64")
    wide.load_state_dict(layer.state_dict())
    given = layer(q, k, v)[0].numpy().astype("float64")
    assert abs(given - wide(*(x.astype("float64") for x in (q, k, v)))[0].numpy()).max() < 4 * least


LOSSES: list[tuple[Callable[..., Tensor], str]] = [
    (F.mse_loss, "numbers"),
    (F.l1_loss, "numbers"),
    (F.huber_loss, "numbers"),
    (F.cross_entropy, "labels"),
    (F.cross_entropy, "shares"),
    (F.binary_cross_entropy_with_logits, "shares"),
    (F.hinge_loss, "labels"),
]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(("loss", "targets"), LOSSES)
def test_losses_in_half_precision_are_rounded_once(loss: Callable[..., Tensor], targets: str, dtype: str) -> None:
    rng = np.random.default_rng(0)
    x = gradus.tensor(rng.normal(size=(50, 20)) * 3, dtype)
    kinds = {"labels": rng.integers(0, 20, 50), "numbers": rng.normal(size=(50, 20)), "shares": rng.random((50, 20))}
    y = gradus.tensor(kinds[targets])
    y = y if targets == "labels" else y.astype(dtype)
    exact = loss(x.astype("float64"), y if targets == "labels" else y.astype("float64"))
    close(loss, (x, y), exact.numpy(), 1.01)


# -- scattering, and numbers by chance ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
def test_many_terms_scattered_to_one_place(dtype: str) -> None:
    for n, term in ((5000, 1.0), (50_000, 0.1)):
        x, places = gradus.full((n,), term, dtype), gradus.zeros((n,), "int64")
        exact = float(x.numpy()[0]) * n
        close(lambda x, i: gradus.segment_sum(x, i, 3), (x, places), [exact, 0, 0], 1.01 if dtype != "float64" else 1e4)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_gradient_of_a_row_that_is_used_a_thousand_times(dtype: str) -> None:
    table, places = gradus.ones((30, 4), dtype), gradus.full((1000,), 7, "int64")

    def slope(table: Tensor, places: Tensor) -> Tensor:
        leaf = table.detach().requires_grad_()
        return gradus.grad(F.embedding(places, leaf).sum(), leaf)  # type: ignore[return-value]

    exact = np.zeros((30, 4))
    exact[7] = 1000
    close(slope, (table, places), exact, 1)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("p", [0.001, 0.3, 0.999])
def test_how_often_what_has_a_probability_happens(dtype: str, p: float) -> None:
    chances = gradus.full((200_000,), p, dtype)
    each = float(chances.numpy()[0])
    spread = math.sqrt(each * (1 - each) / 200_000)
    for function in (gradus.bernoulli, gradus.compile(gradus.bernoulli)):
        drawn = function(chances)
        assert drawn.dtype == chances.dtype
        assert abs(drawn.numpy().astype("float64").mean() - each) <= 5 * spread
    dropped = (F.dropout(gradus.ones((200_000,), dtype), p) == 0).astype("float64").mean().item()
    assert abs(dropped - p) <= 5 * math.sqrt(p * (1 - p) / 200_000)


# -- products and convolutions -----------------------------------------------------------------------------------------

PRODUCTS = [(20, 20_001, 30), (1, 60_000, 3), (3, 20_000, 2), (8, 50_000, 1), (2, 3000, 40), (30, 2049, 70)]


@pytest.mark.parametrize(("rows", "depth", "columns"), PRODUCTS)
def test_products_of_very_many_terms(rows: int, depth: int, columns: int) -> None:
    a, b = gradus.full((depth, rows), 0.1), gradus.full((depth, columns), 0.1)
    exact = np.full((rows, columns), float(np.float32(0.1)) ** 2 * depth)
    close(lambda a, b: a.T @ b, (a, b), exact, 600)
    turned = [Tensor(np.ascontiguousarray(x.numpy().T)) for x in (a, b)]
    close(lambda a, b: a @ b.T, turned, exact, 600)


CONVOLUTIONS = [((33, 3, 70, 70), (4, 3, 3, 3)), ((2, 150, 9, 9), (5, 150, 3, 3)), ((20, 2, 5000), (3, 2, 5))]


@pytest.mark.parametrize(("source", "kernel"), CONVOLUTIONS)
def test_convolutions_and_their_gradients_of_very_many_terms(source: Any, kernel: Any) -> None:
    x, weight = gradus.full(source, 0.1), gradus.full(kernel, 0.1)
    function = F.conv1d if len(source) == 3 else F.conv2d

    def step(x: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
        x, weight = x.detach().requires_grad_(), weight.detach().requires_grad_()
        y = function(x, weight)
        return y.detach(), *gradus.grad((y * 0.1).sum(), [x, weight])

    wide = [t.numpy() for t in step(x.astype("float64"), weight.astype("float64"))]
    for target in TARGETS:
        for got, exact in zip(gradus.compile(step, target=target)(x, weight), wide, strict=True):
            assert np.max(abs(got.numpy() - exact)) <= 600 * DIGIT["float32"] * abs(exact).max(), target
