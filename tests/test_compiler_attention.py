"""Attention in compiled functions: one kernel forwards and one backwards, which store no weights."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from everyway import TARGETS, ways

import gradus
from gradus import nn
from gradus.compiler import set_num_threads
from gradus.functional import attention_weights, scaled_dot_product_attention
from gradus.tensor import Tensor

MASKS = ("none", "booleans", "numbers", "padding", "nothing")


def given(seed: int, *shapes: tuple[int, ...], dtype: str = "float32") -> list[Tensor]:
    rng = np.random.default_rng(seed)
    return [gradus.tensor(rng.standard_normal(shape).astype("float32"), dtype) for shape in shapes]


def mask_of(kind: str, queries: int, keys: int) -> list[Tensor]:
    rng = np.random.default_rng(queries * 100 + keys)
    allowed = rng.random((queries, keys)) < 0.6
    if kind == "booleans":
        return [gradus.tensor(allowed)]
    if kind == "numbers":
        return [gradus.tensor(np.where(allowed, rng.standard_normal(allowed.shape), -np.inf), "float32")]
    if kind == "padding":
        return [gradus.tensor(np.arange(keys) < keys - keys // 3)]
    return [gradus.tensor(np.arange(queries)[:, None] % 2 == np.zeros(keys))] if kind == "nothing" else []


def step_of(is_causal: bool) -> Any:
    """The result, and the gradients to q, k and v."""

    def step(q: Tensor, k: Tensor, v: Tensor, g: Tensor, *mask: Tensor) -> list[Tensor]:
        q, k, v = (x.detach().requires_grad_() for x in (q, k, v))
        y = scaled_dot_product_attention(q, k, v, *mask, is_causal=is_causal)
        return [y.detach(), *gradus.grad((y * g).sum(), [q, k, v])]

    return step


def exact(step: Any, arguments: list[Tensor]) -> list[np.ndarray]:
    wide = (x.astype("float64") if x.dtype.kind == "f" else x for x in arguments)
    return [y.numpy() for y in step(*wide)]


def kinds(compiled: Any) -> list[str]:
    return [k.kind for k in compiled._last.program.schedule.order]


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("is_causal", [False, True])
def test_values_and_gradients(mask: str, is_causal: bool) -> None:
    step = step_of(is_causal)
    for queries, keys, features, values in [(64, 64, 32, 32), (33, 17, 65, 9)]:
        shapes = (2, 3, queries, features), (2, 3, keys, features), (2, 3, keys, values), (2, 3, queries, values)
        arguments = [*given(queries, *shapes), *mask_of(mask, queries, keys)]
        wanted = exact(step, arguments)
        for way in ways(step):
            for found, right in zip(way(*arguments), wanted, strict=True):
                np.testing.assert_allclose(found.numpy(), right, rtol=2e-5, atol=2e-6)
        assert {"attention", "attention_gradients"} <= set(kinds(way))


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: str(t.vector_bytes))
def test_any_number_of_queries_and_features(target: Any) -> None:
    for length, is_causal in itertools.product((1, 2, 9, 16, 17, 31, 100), (False, True)):
        features, values = (length * 7) % 65 + 1, (length * 11) % 65 + 1
        keys = (length * 5) % 37 + 1
        arguments = given(length, (2, length, features), (2, keys, features), (2, keys, values), (2, length, values))
        step = step_of(is_causal)
        for found, right in zip(gradus.compile(step, target=target)(*arguments), exact(step, arguments), strict=True):
            np.testing.assert_allclose(found.numpy(), right, rtol=3e-5, atol=5e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_dtypes(dtype: str) -> None:
    """Half precision is float32 within: the result is as near as one rounding lets it be."""
    arguments = given(0, *[(2, 20, 8)] * 4, dtype=dtype)
    step = step_of(is_causal=True)
    for found, right in zip(gradus.compile(step)(*arguments), exact(step, arguments), strict=True):
        assert found.dtype == arguments[0].dtype
        tolerance = {"float64": 1e-14, "float16": 1e-3, "bfloat16": 8e-3}[dtype]
        assert abs(found.numpy().astype("float64") - right).max() <= tolerance * abs(right).max()


def test_queries_that_may_look_nowhere_get_zeros_and_no_gradient() -> None:
    arguments = [*given(1, *[(1, 20, 4)] * 4), gradus.tensor(np.arange(20)[:, None] % 2 == np.zeros(20))]
    found = [y.numpy() for y in gradus.compile(step_of(is_causal=False))(*arguments)]
    assert not found[0][0, 1::2].any()
    assert not found[1][0, 1::2].any()
    assert all(np.isfinite(y).all() for y in found)


def test_nan_reaches_no_query_that_may_not_look_there() -> None:
    """As in eager mode: a last key that is NaN reaches the last query alone, a first query no value but the first."""
    q, k, v, g = given(2, *[(1, 40, 4)] * 4)
    last, first = (gradus.tensor(np.arange(40)[:, None] == place) for place in (39, 0))
    for way in ways(step_of(is_causal=True)):
        y = way(q, gradus.where(last, np.nan, k), v, g)[0].numpy()
        assert np.isfinite(y[0, :39]).all() and np.isnan(y[0, 39]).all()
        dv = way(gradus.where(first, np.nan, q), k, v, g)[3].numpy()
        assert np.isfinite(dv[0, 1:]).all() and np.isnan(dv[0, 0]).all()


def test_large_scores_do_not_overflow() -> None:
    q, k, v, g = given(3, *[(1, 30, 8)] * 4)
    arguments = [q * 100, k * 100, v, g]
    for found, right in zip(gradus.compile(step_of(False))(*arguments), exact(step_of(False), arguments), strict=True):
        np.testing.assert_allclose(found.numpy(), right, rtol=1e-3, atol=1e-3 * abs(right).max() + 1e-6)


def test_leading_axes_are_broadcast() -> None:
    arguments = given(4, (2, 3, 9, 4), (1, 3, 11, 4), (11, 5), (2, 3, 9, 5))
    step = step_of(is_causal=False)
    for found, right in zip(gradus.compile(step)(*arguments), exact(step, arguments), strict=True):
        assert found.shape == right.shape
        np.testing.assert_allclose(found.numpy(), right, rtol=1e-5, atol=1e-6)


def test_the_gradient_of_a_gradient() -> None:
    def penalty(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> list[Tensor]:
        q, k, v = leaves = [x.detach().requires_grad_() for x in (q, k, v)]
        y = scaled_dot_product_attention(q, k, v, mask, is_causal=True)
        first = gradus.grad((y * y).sum(), leaves, create_graph=True)
        return gradus.grad(sum((g * g).sum() for g in first), leaves)

    arguments = [*given(5, (2, 7, 3), (2, 6, 3), (2, 6, 4)), *mask_of("numbers", 7, 6)]
    for found, right in zip(gradus.compile(penalty)(*arguments), exact(penalty, arguments), strict=True):
        np.testing.assert_allclose(found.numpy(), right, rtol=1e-4, atol=1e-5)


def test_a_mask_that_is_learned_gets_its_gradient() -> None:
    def step(q: Tensor, bias: Tensor) -> Tensor:
        leaf = bias.detach().requires_grad_()
        return gradus.grad((scaled_dot_product_attention(q, q, q, leaf) ** 2).sum(), leaf)

    q, bias = given(6, (3, 8, 4), (8, 8))
    np.testing.assert_allclose(gradus.compile(step)(q, bias).numpy(), step(q, bias).numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("is_causal", [False, True])
def test_the_same_bits_on_any_number_of_threads(is_causal: bool) -> None:
    arguments = given(7, *[(3, 2, 150, 24)] * 4)
    found = []
    try:
        for threads in (1, 3):
            set_num_threads(threads)
            found.append([y.numpy() for y in gradus.compile(step_of(is_causal))(*arguments)])
    finally:
        set_num_threads(0)
    for one, three in zip(*found, strict=True):
        np.testing.assert_array_equal(one, three)


def test_memory_grows_as_the_length_does() -> None:
    """No scores are stored: of four times as many words the arena is not much more than four times as large."""

    def arena(length: int) -> int:
        compiled = gradus.compile(step_of(is_causal=True))
        compiled(*given(8, *[(4, length, 16)] * 4))
        return int(compiled._last.program.plan.arena)

    assert arena(2048) < 5 * arena(512)
    assert arena(2048) < 4 * 2048 * 2048 * 4 // 8  # the scores alone would take eight times as much


def test_the_weights_that_somebody_wants_are_composed() -> None:
    q, k, v, _ = given(9, *[(2, 6, 4)] * 4)
    compiled = gradus.compile(lambda q, k: attention_weights(q, k, is_causal=True))
    np.testing.assert_allclose(compiled(q, k).numpy(), attention_weights(q, k, is_causal=True).numpy(), rtol=1e-6)
    layer = nn.MultiheadAttention(4, 2, batch_first=True)
    both = gradus.compile(lambda x: layer(x, x, x))
    for found, right in zip(both(v), layer(v, v, v), strict=True):
        np.testing.assert_allclose(found.numpy(), right.numpy(), rtol=1e-5, atol=1e-6)
    alone = gradus.compile(lambda x: layer(x, x, x)[0])
    np.testing.assert_allclose(alone(v).numpy(), layer(v, v, v)[0].numpy(), rtol=1e-5, atol=1e-6)
    assert "attention" in kinds(alone) and "reduce" not in kinds(alone)  # nobody wants its weights


def test_inside_a_loop() -> None:
    """Each step attends, and the loop's gradient goes through it."""

    def step(x: Tensor, start: Tensor) -> list[Tensor]:
        leaf = start.detach().requires_grad_()

        def attend(state: tuple[Tensor], x_t: Tensor) -> Any:
            h = scaled_dot_product_attention(state[0], x_t, x_t) + state[0]
            return (h,), h.sum()

        (last,), sums = gradus.scan(attend, (leaf,), x)
        return [last.detach(), *gradus.grad((last * last).sum() + sums.sum(), [leaf])]

    x, start = given(10, (12, 5, 4), (3, 4))
    for found, right in zip(gradus.compile(step)(x, start), step(x, start), strict=True):
        np.testing.assert_allclose(found.numpy(), right.numpy(), rtol=1e-4, atol=1e-5)
