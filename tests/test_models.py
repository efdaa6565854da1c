"""The ready models: shapes, names, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import models, nn
from gradus.errors import ArgumentError


@pytest.mark.parametrize("name", models.NAMES)
def test_every_model_trains_on_every_shape_it_takes(name):
    if name == "alexnet":
        pytest.skip("47 million parameters; a slimmer one is tested below")
    shapes = [(1, 28, 28), (3, 32, 32), (1, 12, 13)] + ([] if models.smallest_picture(name) else [(7,)])
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


def test_the_ready_lenet_of_1998():
    kinds = {type(m).__name__ for m in models.build("lenet1998", (1, 28, 28), 10).modules()}
    assert {"Sigmoid", "AvgPool2d"} <= kinds and not {"ReLU", "MaxPool2d"} & kinds


def test_parameters_of_alexnet_as_published():
    shapes = [p.shape for p in models.AlexNet(size=(65, 65), hidden=8).parameters()]
    assert shapes[:8:2] == [(96, 1, 11, 11), (256, 96, 5, 5), (384, 256, 3, 3), (384, 384, 3, 3)]
    first_linear = 6400  # of 5x5 places in 256 channels
    assert models.AlexNet(hidden=8).classifier[1].weight.shape == (8, first_linear)


@pytest.mark.parametrize(("size", "enlarge"), [((65, 66), 1), ((8, 9), 9), ((28, 28), 8)])
def test_alexnet_learns_from_pictures_small_and_large(size, enlarge):
    model = models.AlexNet(3, size, 4, hidden=8, enlarge=enlarge)
    out = model(gradus.randn(2, 3, *size))
    assert out.shape == (2, 4)
    out.sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_enlarged_pictures_are_larger_pixels():
    gradus.seed(0)
    small, large = models.AlexNet(size=(9, 10), hidden=8, enlarge=8).eval(), models.AlexNet(size=(72, 80), hidden=8)
    large.eval().load_state_dict(small.state_dict())
    x = np.random.default_rng(0).normal(size=(2, 1, 9, 10)).astype("float32")
    repeated = gradus.tensor(np.kron(x, np.ones((8, 8), "float32")))
    np.testing.assert_allclose(small(gradus.tensor(x)).numpy(), large(repeated).numpy(), atol=1e-6)


def test_the_networks_of_deep_learning_from_scratch():
    simple, deep = models.SimpleConvNet(), models.DeepConvNet()
    assert [p.shape for p in simple.parameters()][::2] == [(30, 1, 5, 5), (100, 30 * 12 * 12), (10, 100)]
    assert deep.classifier[1].weight.shape == (50, 64 * 4 * 4)
    assert [m.padding for m in deep.modules() if isinstance(m, nn.Conv2d)] == [1, 1, 1, 2, 1, 1]
    for model, weight, std in (
        (simple, simple.layers[4].weight, 0.01),
        (deep, deep.features[7].weight, (2 / (32 * 9)) ** 0.5),
    ):
        assert weight.numpy().std() == pytest.approx(std, rel=0.05)
        assert all((p.numpy() == 0).all() for n, p in model.named_parameters() if n.endswith("bias"))


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
        ("5x9 are too small, 6x6", lambda: models.build("simpleconvnet", (1, 5, 9), 10)),
        ("9x3 are too small, 4x4", lambda: models.build("deepconvnet", (1, 9, 3), 10)),
        ("64x99 are too small, 65x65.*enlarge=2", lambda: models.AlexNet(size=(64, 99))),
        ("linear or mlp", lambda: models.build("convnet", (7,), 1)),
        ("0 outputs", lambda: models.build("mlp", (7,), 0)),
    ],
)
def test_what_is_refused(says, call):
    with pytest.raises(ArgumentError, match=says):
        call()
