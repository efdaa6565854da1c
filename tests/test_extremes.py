"""Functions and gradients at the ends of the numbers, at bounds and at NaN: eager, and compiled for each target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from everyway import ways

import gradus
from gradus import functional as F
from gradus.tensor import Tensor

INF, NAN = float("inf"), float("nan")


def value_and_gradient(function: Callable[..., Tensor], x: Tensor, *others: Tensor) -> tuple[Tensor, Tensor]:
    leaf = x.detach().requires_grad_()
    y = function(leaf, *others)
    return y, gradus.grad(y.sum(), leaf)


def together(functions: list[Callable[..., Tensor]]) -> Callable[..., Any]:
    """One function of the arguments of all, so that one program holds them."""
    return lambda given: [value_and_gradient(f, *arguments) for f, arguments in zip(functions, given, strict=True)]


# name: function, x, values, gradients
GRADIENTS: dict[str, tuple[Callable[..., Tensor], Any, Any, Any]] = {
    "clip": (lambda x: x.clip(-1, 2), [-INF, -2, -1, 0, 2, 3, INF, NAN], [-1, -1, -1, 0, 2, 2, 2, NAN],
             [0, 0, 1, 1, 1, 0, 0, 1]),
    "clip from below": (lambda x: x.clip(0), [-1, 0, 1, NAN], [0, 0, 1, NAN], [0, 1, 1, 1]),
    "clip, bounds crossed": (lambda x: x.clip(2, 1), [0, 1, 2, 3], [1, 1, 1, 1], [0, 0, 0, 0]),
    "clip to NaN": (lambda x: x.clip(NAN), [0, 1], [NAN, NAN], [0, 0]),
    "hard_sigmoid": (F.hard_sigmoid, [-INF, -3, 0, 3, INF, NAN], [0, 0, 0.5, 1, 1, NAN], [0, 0, 1 / 6, 0, 0, 1 / 6]),
    "relu": (F.relu, [-INF, -1, 0, 1, INF, NAN], [0, 0, 0, 1, INF, NAN], [0, 0, 0, 1, 1, 1]),
    "relu times inf": (lambda x: F.relu(x) * INF, [-1, 1], [NAN, INF], [0, INF]),
    "leaky_relu": (F.leaky_relu, [-INF, 0, INF, NAN], [-INF, 0, INF, NAN], [0.01, 0.01, 1, 0.01]),
    "maximum": (lambda x: x.maximum(1.0), [NAN, 0, 1, 2], [NAN, 1, 1, 2], [1, 0, 0.5, 1]),
    "maximum with NaN": (lambda x: x.maximum(x.full_like(NAN)), [0, INF], [NAN, NAN], [1, 1]),
    "minimum": (lambda x: x.minimum(1.0), [NAN, 0, 1, 2], [NAN, 0, 1, 1], [1, 1, 0.5, 0]),
    "maximum times inf": (lambda x: x.maximum(0.0) * INF, [-1, 1], [NAN, INF], [0, INF]),
    "max": (lambda x: x.reshape(2, 2).max(1), [NAN, 1, 2, 3], [NAN, 3], [NAN, NAN, 0, 1]),
    "min": (lambda x: x.reshape(2, 2).min(1), [NAN, 1, -INF, 3], [NAN, -INF], [NAN, NAN, 1, 0]),
    "max of -inf": (lambda x: x.max(0), [-INF, -INF], -INF, [0.5, 0.5]),
    "max times inf": (lambda x: x.max(0) * INF, [1, 2], INF, [0, INF]),
    "step": (F.step, [-INF, 0, INF, NAN], [0, 0, 1, NAN], [0, 0, 0, 0]),
    "std": (lambda x: x.std(), [2, 2, 2], 0, [0, 0, 0]),
    "std of NaN": (lambda x: x.std(), [2, NAN], NAN, [NAN, NAN]),
    "logsumexp of -inf": (lambda x: x.logsumexp(0), [-INF, -INF], -INF, [0, 0]),
    "logsumexp": (lambda x: x.logsumexp(0), [-INF, 0], 0, [0, 1]),
    "0 added": (lambda x: 1 / (x + 0.0), [-0.0, 0.0], [INF, INF], [-INF, -INF]),
    "0 subtracted": (lambda x: 1 / (x - 0.0), [-0.0, 0.0], [-INF, INF], [-INF, -INF]),
    "power of a half": (lambda x: x**0.5, [4, 0, INF], [2, 0, INF], [0.25, INF, 0]),
    "power at 0": (lambda x: x**2, [0, -0.0, INF, -INF], [0, 0, INF, INF], [0, 0, INF, -INF]),
    "exponent of 0": (lambda x: x.full_like(0) ** x, [-1, 0, 0.5, 2], [INF, 1, 0, 0], [-INF, 0, 0, 0]),
    "huber": (lambda x: F.huber_loss(x, x.full_like(0), 2.0, "none"), [-INF, -2, -1, 0, 3, INF, NAN],
              [INF, 2, 0.5, 0, 4, INF, NAN], [-2, -2, -1, 0, 2, 2, NAN]),
    "hinge": (lambda x: F.hinge_loss(x, x.full_like(1), 1.0, "none"), [-INF, 1, INF, NAN], [INF, 0, 0, NAN],
              [-1, 0, 0, -1]),
    "l1": (lambda x: F.l1_loss(x, x.full_like(0), "none"), [-INF, 0, INF], [INF, 0, INF], [-1, 0, 1]),
    "a branch not taken": (lambda x: gradus.where(x > 0, x.full_like(1), x) * INF, [2, -1], [INF, -INF], [0, INF]),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_values_and_gradients_at_extremes(dtype: str) -> None:
    given = [(gradus.tensor(x, dtype),) for _, x, _, _ in GRADIENTS.values()]
    rtol = {"float32": 1e-6, "float64": 1e-14}.get(dtype, 4e-3)
    for way in ways(together([function for function, *_ in GRADIENTS.values()])):
        for name, found in zip(GRADIENTS, way(given), strict=True):
            for y, wanted in zip(found, GRADIENTS[name][2:], strict=True):
                np.testing.assert_allclose(y.numpy().astype("float64"), wanted, rtol=rtol, err_msg=name)


def test_the_root_as_a_power_is_numpys() -> None:
    for dtype in ("float32", "float64"):
        for way in ways(lambda x: x**0.5):
            found = way(gradus.tensor([-0.0, -INF, -1.0], dtype)).numpy()
            np.testing.assert_array_equal(found, [0, NAN, NAN])
            assert np.signbit(found[0])


# -- losses ------------------------------------------------------------------------------------------------------------

# name: loss, predictions, targets, values, gradients
Z = np.array([-800, -100.0, -30, -10, -1e-3, 0, 1e-3, 10, 30, 100, 800])
P = np.array([1e-30, 1e-9, 1e-4, 0.3, 0.5, 0.9, 1 - 2**-20, 1 - 2**-23])


def softplus(z: Any) -> Any:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def sigmoid(z: Any) -> Any:
    return np.exp(-softplus(-z))


def unreduced(loss: Any) -> Any:
    return lambda x, y: loss(x, y, reduction="none")


LOSSES: dict[str, tuple[Callable[..., Tensor], Any, Any, Any, Any]] = {
    "logits, yes": (unreduced(F.binary_cross_entropy_with_logits), Z, Z * 0 + 1, softplus(-Z), -sigmoid(-Z)),
    "logits, no": (unreduced(F.binary_cross_entropy_with_logits), Z, Z * 0, softplus(Z), sigmoid(Z)),
    "logits, between": (unreduced(F.binary_cross_entropy_with_logits), Z, Z * 0 + 0.25,
                        0.25 * softplus(-Z) + 0.75 * softplus(Z), sigmoid(Z) - 0.25),
    "infinite logits": (unreduced(F.binary_cross_entropy_with_logits), [INF, INF, -INF, -INF], [1, 0, 1, 0],
                        [0, INF, INF, 0], [0, 1, -1, 0]),
    "yes": (unreduced(F.binary_cross_entropy), P, P * 0 + 1, -np.log(P), -1 / P),
    "no": (unreduced(F.binary_cross_entropy), P, P * 0, -np.log1p(-P), 1 / (1 - P)),
    "certain": (unreduced(F.binary_cross_entropy), [0, 0, 1, 1], [0, 1, 0, 1], [0, 100, 100, 0], [1, 0, 0, -1]),
    "soft targets": (unreduced(F.cross_entropy), [[-INF, 0, 0]], [[0, 0.5, 0.5]], [np.log(2)], [[0, 0, 0]]),
    "impossible class": (unreduced(F.cross_entropy), [[-INF, 0]], [0], [INF], [[-1, 1]]),
    "labels": (unreduced(F.cross_entropy), [[-INF, 0]], [1], [0], [[0, 0]]),
    "kl_div": (unreduced(F.kl_div), [-INF, -1, 0], [0, 0, 0.5], [0, 0, -0.5 * np.log(2)], [0, 0, -0.5]),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_at_extremes(dtype: str) -> None:
    of_labels = ("labels", "impossible class")
    given = [
        (gradus.tensor(x, dtype), gradus.tensor(y, "int64" if name in of_labels else dtype))
        for name, (_, x, y, _, _) in LOSSES.items()
    ]
    rtol, tiny = 8 * float(np.finfo(dtype).eps), float(np.finfo(dtype).tiny)
    for way in ways(together([loss for loss, *_ in LOSSES.values()])):
        for name, found in zip(LOSSES, way(given), strict=True):
            for y, wanted in zip(found, LOSSES[name][3:], strict=True):
                np.testing.assert_allclose(y.numpy(), wanted, rtol=rtol, atol=tiny * (Z.shape == y.shape), err_msg=name)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "int64", "uint8", "bool"])
def test_a_choice_among_many_numbers_is_numpys_bit_for_bit(dtype: str) -> None:
    rng = np.random.default_rng(0)
    full = [gradus.tensor(rng.normal(size=(70, 80)) * 3, "float64").astype(dtype) for _ in range(2)]
    stretched = [gradus.tensor(v).astype(dtype) for v in (0.0, -0.0, NAN, 1.0) if v == v or "float" in dtype]
    condition = gradus.tensor(rng.integers(0, 2, (70, 80)), bool)
    pairs = [(full[0], full[1].T.copy().reshape(70, 80)), (full[0][::-1], full[1])]
    pairs += [pair for s in stretched for pair in ((s, full[0]), (full[1], s))] + [(stretched[0], stretched[1])]
    for a, b in pairs:
        expected = np.where(condition.numpy(), a.numpy(), b.numpy())
        assert gradus.where(condition, a, b).numpy().tobytes() == expected.tobytes()


# -- selections: what is not chosen, infinite or no number, leaves no trace --------------------------------------------


def test_an_infinite_number_is_in_the_averages_of_its_own_parts_only() -> None:
    for size, parts in (((5, 7), 3), ((6, 4), (3, 2)), ((4, 4), 4), ((3, 2), (4, 5)), ((5, 5), 1)):
        for odd in (INF, NAN):
            x = np.arange(2.0 * size[0] * size[1]).reshape(2, *size)
            x[1, 2, 1] = odd
            for way in ways(lambda x, parts=parts: F.adaptive_avg_pool2d(x, parts)):
                np.testing.assert_allclose(way(gradus.tensor(x)).numpy(), equal_parts(x, parts), rtol=1e-6)


def equal_parts(x: np.ndarray, parts: Any) -> np.ndarray:
    (h, w), (oh, ow) = x.shape[1:], parts if isinstance(parts, tuple) else (parts, parts)
    rows = [slice(i * h // oh, -(-(i + 1) * h // oh)) for i in range(oh)]
    columns = [slice(j * w // ow, -(-(j + 1) * w // ow)) for j in range(ow)]
    return np.array([[[image[r, c].mean() for c in columns] for r in rows] for image in x])


def test_windows_and_lookups_of_infinite_numbers() -> None:
    x = np.array([[[-INF, -INF, 1.0, NAN, 2.0, INF]]])
    table = np.array([[INF, NAN], [1.0, 2.0]])
    cases: list[tuple[Callable[..., Tensor], np.ndarray, Any]] = [
        (lambda x: F.max_pool1d(x, 2), x, [[[-INF, NAN, INF]]]),
        (lambda x: F.avg_pool1d(x, 2, padding=1, stride=3), x, [[[-INF, NAN, INF]]]),
        (lambda x: x[:, :, 4:].sum(-1), x, [[INF]]),
        (lambda x: F.embedding(gradus.tensor([1]), x), table, [[1.0, 2.0]]),
        (lambda x: gradus.segment_sum(x, gradus.tensor([1, 0]), 3, axis=0), table, [[1.0, 2.0], [INF, NAN], [0, 0]]),
    ]
    for function, given, expected in cases:
        for way in ways(function):
            np.testing.assert_array_equal(way(gradus.tensor(given)).numpy(), expected)


def test_dropout_of_an_infinite_number_is_0_or_infinite() -> None:
    def dropped(x: Tensor) -> tuple[Tensor, Tensor]:
        gradus.seed(0)
        return value_and_gradient(F.dropout, x)

    for way in ways(dropped):
        y, g = way(gradus.full((64,), INF))
        assert set(y.tolist()) == {0.0, INF}
        assert set(g.tolist()) == {0.0, 2.0}


@pytest.mark.filterwarnings("ignore::gradus.errors.MistakeWarning")  # of what the cases are not about
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_targets_of_any_type_of_numbers(dtype: str) -> None:
    x, y = gradus.tensor([0.9, 0.2, 0.4]), gradus.tensor([1, 0, 1]).astype(dtype)
    for loss in (F.binary_cross_entropy, F.binary_cross_entropy_with_logits, F.mse_loss, F.huber_loss, F.l1_loss):
        expected = loss(x, y.astype("float32")).numpy()
        for way in ways(loss):
            np.testing.assert_allclose(way(x, y).numpy(), expected, rtol=1e-6, err_msg=loss.__name__)
    soft = gradus.tensor([[1, 0], [0, 1]]).astype(dtype)
    z = gradus.tensor([[0.5, -1.0], [2.0, 0.1]])
    for loss in (F.cross_entropy, F.kl_div):
        np.testing.assert_allclose(loss(z, soft).numpy(), loss(z, soft.astype("float32")).numpy(), rtol=1e-6)
