"""The ready models: shapes, names, and what they refuse."""

from __future__ import annotations

import pytest

import gradus
from gradus import models, nn
from gradus.errors import ArgumentError


@pytest.mark.parametrize("name", models.NAMES)
def test_every_model_trains_on_every_shape_it_takes(name):
    shapes = [(1, 28, 28), (3, 32, 32), (1, 12, 13)] + ([] if name in ("convnet", "lenet") else [(7,)])
    for shape in shapes:
        model = models.build(name, shape, 3)
        out = model(gradus.randn(2, *shape))
        assert out.shape == (2, 3)
        out.sum().backward()
        assert all(p.grad is not None for p in model.parameters())


def test_parameters_of_lenet_as_published():
    assert sum(p.size for p in models.LeNet().parameters()) == 61_706
    names = list(models.LeNet().state_dict())
    assert names[:2] == ["features.0.weight", "features.0.bias"]


def test_lenet_as_in_the_book():
    model = models.LeNet(activation=nn.Sigmoid, pooling=nn.AvgPool2d)
    assert {type(m).__name__ for m in model.modules()} >= {"Sigmoid", "AvgPool2d"}
    assert model(gradus.zeros((1, 1, 28, 28))).shape == (1, 10)


def test_mlp_options():
    model = models.MLP([4, 8, 8, 2], activation=nn.Tanh, batch_norm=True, dropout=0.5)
    kinds = [type(m).__name__ for m in model.layers]
    assert kinds == ["Linear", "BatchNorm1d", "Tanh", "Dropout"] * 2 + ["Linear"]
    with pytest.raises(ArgumentError, match="at least two"):
        models.MLP([4])


@pytest.mark.parametrize("name", models.NAMES)
def test_defaults_name_an_optimizer(name):
    found = models.defaults(name)
    assert hasattr(gradus.optim, found.optimizer)
    assert found.lr > 0
    assert found.batch_size > 0
    assert found.epochs > 0


@pytest.mark.parametrize(
    ("says", "call"),
    [
        ("Did you mean 'lenet'", lambda: models.build("lennet", (1, 28, 28), 10)),
        ("Did you mean 'mlp'", lambda: models.defaults("mpl")),
        ("8x8 are too small, 12x12", lambda: models.build("lenet", (1, 8, 8), 10)),
        ("3x9 are too small, 4x4", lambda: models.build("convnet", (1, 3, 9), 10)),
        ("linear or mlp", lambda: models.build("convnet", (7,), 1)),
        ("0 outputs", lambda: models.build("mlp", (7,), 0)),
    ],
)
def test_what_is_refused(says, call):
    with pytest.raises(ArgumentError, match=says):
        call()
