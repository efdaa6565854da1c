"""The table of a model: its numbers, that nothing is computed or changed, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn
from gradus.errors import ArgumentError, ShapeError


def lenet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.BatchNorm2d(6),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(6 * 14 * 14, 10),
    )


def test_rows() -> None:
    table = nn.summary(lenet(), (3, 1, 28, 28))
    rows = [(row.name, row.kind, row.output_shape, row.parameters, row.multiply_adds) for row in table.rows]
    assert rows == [
        ("0", "Conv2d", (3, 6, 28, 28), 156, 3 * 28 * 28 * 6 * 25),
        ("1", "BatchNorm2d", (3, 6, 28, 28), 12, 0),
        ("2", "MaxPool2d", (3, 6, 14, 14), 0, 0),
        ("3", "Flatten", (3, 1176), 0, 0),
        ("4", "Dropout", (3, 1176), 0, 0),
        ("5", "Linear", (3, 10), 11770, 3 * 11760),
    ]
    assert table.parameters == 156 + 12 + 11770
    assert table.multiply_adds == 3 * (28 * 28 * 6 * 25 + 11760)


def test_convolutions_in_groups_and_transposed() -> None:
    grouped = nn.summary(nn.Conv2d(4, 8, 3, groups=2), (1, 4, 6, 6))
    assert grouped.multiply_adds == 4 * 4 * 8 * 2 * 9
    transposed = nn.summary(nn.ConvTranspose2d(4, 8, 3, stride=2), (1, 4, 6, 6))
    assert transposed.multiply_adds == 6 * 6 * 4 * 8 * 9
    assert transposed.rows[0].output_shape == (1, 8, 13, 13)


def test_every_layer_gives_the_shape_it_computes() -> None:
    x = gradus.ones((2, 4, 6, 6))
    layers = [
        nn.AvgPool2d(3, 1, 1), nn.AdaptiveAvgPool2d((2, 3)), nn.LayerNorm((6, 6)), nn.GELU(), nn.Softmax(1), nn.Step(),
        nn.ELU(), nn.Softplus(), nn.LogSoftmax(0), nn.HardSigmoid(), nn.Linear(6, 3), nn.Conv2d(4, 2, 3, 2, "valid"),
        nn.ConvTranspose2d(4, 2, 3, 2, 1, 1),
    ]  # fmt: skip
    for layer in layers:
        assert nn.summary(layer, x).rows[0].output_shape == layer(x).shape


def test_nothing_is_computed_and_nothing_changed() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            self.parts = lenet()
            self._last: Any = None

        def forward(self, x: gradus.Tensor) -> gradus.Tensor:
            self._last = x
            return self.parts(x)

    model, seen = Model(), []
    model.register_forward_hook(lambda m, inputs, out: seen.append(out))
    before = {name: t.numpy().copy() for name, t in model.state_dict().items()}
    drawn = gradus.random.default.state.numpy().copy()
    nn.summary(model, (10**6, 1, 28, 28))  # 19 GB, were it computed
    assert not seen
    assert model._last is None
    assert model.training
    assert all("forward" not in vars(m) for m in model.modules())
    np.testing.assert_array_equal(gradus.random.default.state.numpy(), drawn)
    for name, t in model.state_dict().items():
        np.testing.assert_array_equal(t.numpy(), before[name])


def test_a_model_comes_back_whole_from_an_error() -> None:
    model = lenet()
    with pytest.raises(ShapeError, match=r"model\[5\] \(Sequential > Linear\)"):
        nn.summary(model, (3, 1, 30, 30))
    assert model(gradus.ones((2, 1, 28, 28))).shape == (2, 10)
    assert model.training


def test_multiply_adds_belong_to_the_module_that_made_them() -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            self.w = nn.Parameter(np.ones((4, 4), "float32"))
            self.layer = nn.Linear(4, 2)

        def forward(self, x: gradus.Tensor) -> dict[str, gradus.Tensor]:
            return {"y": self.layer(self.layer(x @ self.w) @ gradus.ones((2, 4)))}

    table = nn.summary(Mixed(), (5, 4))
    assert [(row.name, row.parameters, row.multiply_adds) for row in table.rows] == [
        ("", 16, 5 * 4 * 4 + 5 * 2 * 4),
        ("layer", 10, 2 * 5 * 4 * 2),
    ]
    assert table.rows[0].output_shape == (5, 2)


def test_a_shared_parameter_counts_once() -> None:
    layer = nn.Linear(3, 3)
    other = nn.Linear(3, 3, bias=False)
    other.weight = layer.weight
    assert nn.summary(nn.Sequential(layer, layer, other), (1, 3)).parameters == 12


def test_examples_carry_their_dtype() -> None:
    model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 2))
    table = nn.summary(model, gradus.tensor([[1, 2, 3]]))
    assert table.rows[-1].output_shape == (1, 3, 2)
    assert nn.summary(model, np.zeros((5, 7), int)).rows[0].output_shape == (5, 7, 4)


class Branching(nn.Module):
    def __init__(self) -> None:
        self.layer = nn.Linear(2, 2)

    def forward(self, x: gradus.Tensor) -> gradus.Tensor:
        return self.layer(x) if x.sum() > 0 else x


def test_a_model_that_looks_at_values_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"Branching looks at the values of a tensor \(at test_summary.py:"):
        nn.summary(Branching(), (1, 2))


def test_printing_shows_what_is_known() -> None:
    model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 2))
    assert str(model).splitlines() == [
        "Layer                Parameters",
        "-------------------------------",
        "0 (Embedding)                40",
        "1 (Linear)                   10",
        "-------------------------------",
        "Total of Sequential          50",
    ]
    model(gradus.tensor([[1, 2, 3]]))
    assert str(model).splitlines() == [
        "Layer                Output shape  Parameters  Multiply-adds",
        "------------------------------------------------------------",
        "0 (Embedding)        (1, 3, 4)             40              0",
        "1 (Linear)           (1, 3, 2)             10             24",
        "------------------------------------------------------------",
        "Total of Sequential                        50             24",
    ]
    assert repr(model[:1]) == "Sequential(\n  (0): Embedding(10, 4)\n)"


def test_printing_never_fails() -> None:
    model = Branching()
    model(gradus.ones((1, 2)))
    assert "layer (Linear)" in str(model)
    assert "Total of Module" in str(nn.Module())
