"""What operations take besides arrays: dtype=, decimals, -1, no axes, no numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus
from gradus.errors import ArgumentError, OptionError, ShapeError
from gradus.nn import functional as F

X = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "nansum", "nanmean", "cumsum", "cumprod", "softmax"])
def test_dtype_is_that_of_the_sum_and_of_its_terms(name: str) -> None:
    function = F.softmax if name == "softmax" else getattr(gradus, name)
    x = gradus.tensor(X, requires_grad=True)
    y = function(x, 1, dtype="float64")
    expected = function(gradus.tensor(X.astype("float64")), 1)
    assert y.dtype == gradus.float64
    np.testing.assert_array_equal(y.detach().numpy(), expected.numpy())
    assert gradus.grad(y.sum(), x).dtype == gradus.float32
    half = function(x.detach(), 1, dtype="float16")
    assert half.dtype == gradus.float16
    np.testing.assert_allclose(half.numpy(), expected.numpy(), rtol=2e-3, atol=2e-3)
    np.testing.assert_array_equal(gradus.compile(lambda x: function(x, 1, dtype="float64"))(x).numpy(), y.numpy())


def test_integers_run_over_in_the_dtype_that_is_asked_for() -> None:
    x = gradus.tensor([100, 100], "uint8")
    assert x.sum(dtype="uint8").tolist() == 200 and x.sum(dtype="int8").tolist() == -56
    assert x.prod(dtype="uint8").tolist() == 10000 % 256
    assert x.sum(dtype=bool).tolist() is True


def test_rounded_to_decimals() -> None:
    x = np.array([1.25, 2.675, -0.05, 155.0])
    for decimals in (-2, -1, 0, 1, 2):
        np.testing.assert_array_equal(gradus.round(x, decimals).numpy(), np.round(x, decimals))
    assert gradus.round([15, 25, -25], -1).tolist() == [20, 20, -20]
    assert gradus.round([15, 25], 3).dtype == gradus.int64


def test_minus_one_is_the_length_that_is_there() -> None:
    assert gradus.ones((2, 1)).expand(4, -1, 3).shape == (4, 2, 3)
    with pytest.raises(ShapeError):
        gradus.ones((2, 1)).broadcast_to(-1, 2, 3)


def test_of_no_numbers() -> None:
    for function in (F.softmax, F.log_softmax, F.softmin):
        assert function(gradus.zeros((0,)), 0).shape == (0,)
        assert function(gradus.zeros((2, 0)), 1).shape == (2, 0)
        with pytest.raises(ShapeError, match="no axis 2"):
            function(gradus.zeros((2, 0)), 2)
    assert gradus.logsumexp(gradus.zeros((2, 0)), 1).tolist() == [-np.inf, -np.inf]
    assert gradus.linalg.det(gradus.zeros((2, 0, 0))).tolist() == [1, 1]
    assert gradus.linalg.svd(gradus.zeros((0, 3))).Vh.shape == (3, 3)
    assert gradus.linalg.matrix_rank(gradus.zeros((0, 3))).tolist() == 0
    assert gradus.unique_consecutive(gradus.zeros((0, 2)), axis=0).shape == (0, 2)


def test_softplus_of_another_slope_and_with_an_end() -> None:
    x = gradus.tensor([-2.0, 0.5, 3.0, 1000.0], "float64", requires_grad=True)
    y = F.softplus(x, beta=2, threshold=5)
    expected = np.where(x.detach().numpy() * 2 > 5, x.detach().numpy(), np.logaddexp(0, 2 * x.detach().numpy()) / 2)
    np.testing.assert_allclose(y.detach().numpy(), expected, rtol=1e-14)
    np.testing.assert_allclose(gradus.grad(y.sum(), x).numpy()[2:], [1, 1])


# -- no axes -----------------------------------------------------------------------------------------------------------

ALONE: dict[str, tuple[Callable[[Any], Any], list[float] | float]] = {
    "gather": (lambda x: gradus.gather(x, 0, [0, 0]), [5, 5]),
    "gather, index too": (lambda x: gradus.gather(x, 0, gradus.tensor(0)), 5),
    "scatter": (lambda x: gradus.scatter(x, 0, gradus.tensor(0), 2.0), 2),
    "scatter_add": (lambda x: gradus.scatter_add(x, 0, gradus.tensor(0), x * 2), 15),
    "scatter_reduce": (lambda x: gradus.scatter_reduce(x, 0, gradus.tensor(0), x * 2, "amax"), 10),
    "index_add": (lambda x: gradus.index_add(x, 0, [0], x), 10),
    "index_fill": (lambda x: gradus.index_fill(x, 0, [0], 3.0), 3),
    "index_select": (lambda x: gradus.index_select(x, 0, [0]), 5),
    "masked_select": (lambda x: gradus.masked_select(x, gradus.tensor(True)), [5]),
    "x[mask]": (lambda x: x[x > 2], [5]),
    "x[no]": (lambda x: x[x > 7], []),
}


@pytest.mark.parametrize("name", ALONE)
def test_what_has_no_axes_has_one_in_the_meantime(name: str) -> None:
    function, expected = ALONE[name]
    x = gradus.tensor(5.0, requires_grad=True)
    y = function(x)
    assert y.tolist() == expected
    assert gradus.grad(y.sum(), x).shape == ()


def test_a_mask_without_axes_is_for_all() -> None:
    x = gradus.tensor([1.0, 2.0])
    x[gradus.tensor(False)] = 9
    assert x.tolist() == [1, 2]
    x[gradus.tensor(True)] = 9
    assert x.tolist() == [9, 9]
    assert gradus.tensor([1.0, 2.0])[gradus.tensor(True)].tolist() == [[1, 2]]


def test_an_empty_index_gathers_nothing_in_any_shape() -> None:
    assert gradus.gather(gradus.ones(5), 0, np.zeros((2, 0), int)).shape == (2, 0)


# -- shapes that do not fit --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: gradus.tensor([gradus.ones(2), gradus.ones(3)]), ShapeError, r"shapes \(2,\) and \(3,\) do not form"),
        (lambda: gradus.vecdot(X, X[:, :1]), ShapeError, "of 3 and 1 numbers"),
        (lambda: gradus.reshape(gradus.as_tensor(X.T), 6, copy=False), ArgumentError, "by a copy only"),
        (lambda: gradus.cov(X, fweights=[1, 2]), ArgumentError, "not those of 3 observations"),
        (lambda: gradus.vsplit(X[0], 1), ShapeError, "needs 2 axes or more"),
        (lambda: gradus.scatter_reduce(X, 1, [[0]], X, "max"), ArgumentError, "unknown reduction 'max'"),
        (lambda: gradus.gradient(X[:, :1], axis=1), ShapeError, "no 2 points"),
        (lambda: gradus.zeros(2, device="cuda"), OptionError, "one device"),
    ],
)
def test_what_cannot_be_says_so(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


# -- gradients ---------------------------------------------------------------------------------------------------------


def test_second_gradients_of_equal_numbers() -> None:
    """log(e^x + e^x) bends where its operands are equal, too."""
    x = gradus.tensor([[3.0, 3.0]], "float64", requires_grad=True)
    for function in (lambda x: gradus.logaddexp(x[:, 0], x[:, 1]), lambda x: gradus.logcumsumexp(x, 1)[:, 1]):
        (g,) = gradus.grad(function(x), [x], create_graph=True)
        assert gradus.grad(g[0, 0], x).tolist() == [[0.25, -0.25]]


def test_equal_largest_numbers_of_a_group_share_the_gradient() -> None:
    x = gradus.tensor([1.0, 0.0], requires_grad=True)
    v = gradus.tensor([2.0, 2.0, -1.0], requires_grad=True)
    y = gradus.scatter_reduce(x, 0, [0, 0, 1], v, "amax")
    assert y.tolist() == [2, 0]
    gx, gv = gradus.grad(y.sum(), [x, v])
    assert gx.tolist() == [0, 1] and gv.tolist() == [0.5, 0.5, 0]


def test_products_of_a_group_with_zeros_have_gradients() -> None:
    v = gradus.tensor([2.0, 0.0, 3.0, 0.0], requires_grad=True)
    y = gradus.scatter_reduce(gradus.ones(2), 0, [0, 0, 1, 0], v, "prod")
    assert y.tolist() == [0, 3]
    assert gradus.grad(y.sum(), v).tolist() == [0, 0, 1, 0]
