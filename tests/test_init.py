"""Initial values: their spread, where they are written, what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus
from gradus.errors import ArgumentError, ShapeError
from gradus.nn import init

SHAPE = (200, 30, 2, 2)
FAN_IN, FAN_OUT = 120, 800

SPREADS: dict[str, tuple[Callable[[gradus.Tensor], gradus.Tensor], float]] = {
    "normal": (lambda t: init.normal_(t, 0.0, 0.3), 0.3),
    "uniform": (lambda t: init.uniform_(t, -1.0, 1.0), 1 / math.sqrt(3)),
    "xavier uniform": (lambda t: init.xavier_uniform_(t), math.sqrt(2 / (FAN_IN + FAN_OUT))),
    "xavier normal": (lambda t: init.xavier_normal_(t, 2.0), 2 * math.sqrt(2 / (FAN_IN + FAN_OUT))),
    "kaiming uniform": (lambda t: init.kaiming_uniform_(t, math.sqrt(5)), math.sqrt(1 / 3 / FAN_IN)),
    "kaiming normal": (lambda t: init.kaiming_normal_(t, nonlinearity="relu"), math.sqrt(2 / FAN_IN)),
    "kaiming, fan out": (lambda t: init.kaiming_normal_(t, mode="fan_out", nonlinearity="linear"), FAN_OUT**-0.5),
}


@pytest.mark.parametrize("name", SPREADS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_spread(name: str, dtype: str) -> None:
    fill, std = SPREADS[name]
    t = gradus.zeros(SHAPE, dtype)
    memory = t.data
    assert fill(t) is t
    assert t.data is memory
    values = t.numpy().astype("float64")
    assert values.std() == pytest.approx(std, rel=0.02)
    assert values.mean() == pytest.approx(0, abs=0.02 * std)
    if "uniform" in name:
        assert np.abs(values).max() == pytest.approx(std * math.sqrt(3), rel=2e-3)


def test_constants() -> None:
    assert init.constant_(gradus.zeros(3), 2.5).tolist() == [2.5] * 3
    assert init.ones_(gradus.zeros(2, int)).tolist() == [1, 1]
    assert init.zeros_(gradus.ones(2)).tolist() == [0, 0]


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (4, 2, 3, 1), (9, 2, 2)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    w = init.orthogonal_(gradus.zeros(shape, "float64"), gain=2.0).numpy().reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_orthogonal_matrices_point_everywhere() -> None:
    corners = {np.sign(init.orthogonal_(gradus.zeros((2, 2))).numpy()[0, 0]) for _ in range(20)}
    assert corners == {-1, 1}


def test_parameters_are_filled_without_a_history() -> None:
    p = init.xavier_normal_(gradus.nn.Parameter(gradus.zeros((3, 3))))
    assert p.is_leaf
    assert p.requires_grad


def test_the_seed_decides() -> None:
    def draw() -> list[Any]:
        gradus.seed(3)
        return [init.orthogonal_(gradus.zeros((2, 2))).tolist(), gradus.nn.Linear(2, 2).weight.tolist()]

    assert draw() == draw()


@pytest.mark.parametrize("fill", [init.xavier_uniform_, init.kaiming_normal_, init.orthogonal_])
def test_a_vector_has_no_fans(fill: Callable[..., Any]) -> None:
    with pytest.raises(ShapeError, match="shape \\(3,\\)"):
        fill(gradus.zeros(3))


def test_unknown_names() -> None:
    with pytest.raises(ArgumentError, match="Did you mean 'leaky_relu'"):
        init.calculate_gain("leakyrelu")
    with pytest.raises(ArgumentError, match="Did you mean 'fan_out'"):
        init.kaiming_normal_(gradus.zeros((2, 2)), mode="fanout")


def test_gains_are_those_of_the_papers() -> None:
    known = {"linear": 1, "conv": 1, "sigmoid": 1, "tanh": 5 / 3, "relu": 2**0.5, "selu": 0.75}
    assert {name: init.calculate_gain(name) for name in known} == known
    assert init.calculate_gain("leaky_relu") == (2 / 1.0001) ** 0.5
    assert init.calculate_gain("leaky_relu", 3.0) == 0.2**0.5
