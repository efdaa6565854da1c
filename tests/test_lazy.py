"""Layers that find their sizes at the first batch: before it, at it, after it, and what is made of them meanwhile."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.data import TensorDataset
from gradus.errors import ArgumentError, CheckpointError, ShapeError
from gradus.nn.core.unsized import is_unsized
from gradus.train import Trainer

LAYERS = [
    (nn.LazyLinear, (4,), (2, 3), nn.Linear, 3),
    (nn.LazyConv1d, (4, 3), (2, 3, 7), nn.Conv1d, 3),
    (nn.LazyConv2d, (4, 3), (2, 3, 7, 7), nn.Conv2d, 3),
    (nn.LazyConv3d, (4, 3), (2, 3, 5, 5, 5), nn.Conv3d, 3),
    (nn.LazyConvTranspose1d, (4, 3), (2, 3, 7), nn.ConvTranspose1d, 3),
    (nn.LazyConvTranspose2d, (4, 3), (2, 3, 5, 5), nn.ConvTranspose2d, 3),
    (nn.LazyConvTranspose3d, (4, 3), (2, 3, 3, 3, 3), nn.ConvTranspose3d, 3),
    (nn.LazyBatchNorm1d, (), (2, 3), nn.BatchNorm1d, 3),
    (nn.LazyBatchNorm2d, (), (2, 3, 4, 4), nn.BatchNorm2d, 3),
    (nn.LazyBatchNorm3d, (), (2, 3, 4, 4, 4), nn.BatchNorm3d, 3),
    (nn.LazyInstanceNorm1d, (), (2, 3, 4), nn.InstanceNorm1d, 3),
    (nn.LazyInstanceNorm2d, (), (2, 3, 4, 4), nn.InstanceNorm2d, 3),
    (nn.LazyInstanceNorm3d, (), (2, 3, 4, 4, 4), nn.InstanceNorm3d, 3),
]


@pytest.mark.parametrize(("lazy", "args", "shape", "kind", "size"), LAYERS)
def test_a_lazy_layer_becomes_the_layer(lazy: Any, args: Any, shape: Any, kind: Any, size: int) -> None:
    layer = lazy(*args)
    parameters = list(layer.parameters())
    x = gradus.randn(*shape)
    y = layer(x)
    assert type(layer) is kind
    assert [id(p) for p in layer.parameters()] == [id(p) for p in parameters]
    whole = kind(size, *args)
    assert {n: t.shape for n, t in layer.state_dict().items()} == {n: t.shape for n, t in whole.state_dict().items()}
    whole.load_state_dict(layer.state_dict())
    assert (whole.eval()(x).numpy() == layer.eval()(x).numpy()).all()
    assert y.shape == whole(x).shape
    assert repr(layer) == repr(whole)
    loaded = lazy(*args)
    loaded.load_state_dict(whole.state_dict())
    assert type(loaded) is (kind if whole.state_dict() else lazy)
    assert (loaded.eval()(x).numpy() == layer(x).numpy()).all()


def test_options_are_the_layers() -> None:
    layer = nn.LazyConv2d(6, kernel_size=3, groups=3, bias=False, padding="same")
    assert layer(gradus.ones((1, 9, 4, 4))).shape == (1, 6, 4, 4)
    assert layer.weight.shape == (6, 3, 3, 3)
    assert layer.bias is None
    again = nn.LazyConv2d(6, 3, groups=3, bias=False)
    again.load_state_dict(layer.state_dict())
    assert again.in_channels == 9
    with pytest.raises(TypeError, match="LazyLinear"):
        nn.LazyLinear()
    with pytest.raises(ArgumentError, match="out_features"):
        nn.LazyLinear(0)
    with pytest.raises(ShapeError, match="too few axes"):
        nn.LazyConv2d(6, 3)(gradus.ones((4, 4)))
    assert nn.LazyLinear(2, inplace=False)(gradus.ones((1, 3))).shape == (1, 2)


def model() -> nn.Sequential:
    return nn.Sequential(nn.LazyLinear(5), nn.LazyBatchNorm1d(), nn.Tanh(), nn.LazyLinear(1))


def data() -> TensorDataset:
    x = gradus.randn(64, 3)
    return TensorDataset(x, x.sum(1, keepdims=True))


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, lr=0.05, momentum=0.9), lambda p: optim.Adam(p, lr=0.01)])
@pytest.mark.parametrize("compile", [True, False])
def test_trained_as_the_layers_themselves_by_an_optimizer_made_before(make: Any, compile: Any) -> None:
    lazy, points = model(), data()
    trainer = Trainer(lazy, "mse", make(lazy.parameters()), compile="require" if compile else False)
    lazy.eval()(gradus.ones((2, 3)))
    state = {n: t.numpy().copy() for n, t in lazy.state_dict().items()}
    whole = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 1))
    whole.load_state_dict(state)
    other = Trainer(whole, "mse", make(whole.parameters()), compile=compile)
    for one in (trainer, other):
        one.fit(points, epochs=3, batch_size=16, progress=False)
    for a, b in zip(lazy.parameters(), whole.parameters(), strict=True):
        assert (a.numpy() == b.numpy()).all()
    assert {n: t.shape for n, t in trainer.optimizer.state_dict().items()} == {
        n: t.shape for n, t in other.optimizer.state_dict().items()
    }


def test_a_trainer_finds_the_sizes_by_itself() -> None:
    lazy, points = model(), data()
    trainer = Trainer(lazy, "mse", optim.Adam(lazy.parameters(), lr=0.01), compile="require")
    first = trainer.fit(points, epochs=1, progress=False)["loss"][0]
    assert trainer.fit(points, epochs=20, progress=False)["loss"][-1] < first
    fresh = model()
    many = gradus.randn(3000, 3)
    assert Trainer(fresh, "mse", optim.SGD(fresh.parameters()), compile="require").predict(many).shape == (3000, 1)


@pytest.mark.filterwarnings("ignore::gradus.errors.MistakeWarning")  # of what the cases are not about
def test_groups_and_frozen_parameters() -> None:
    lazy = model()
    lazy[0].requires_grad_(False)
    optimizer = optim.SGD(
        [{"params": lazy[0].parameters()}, {"params": lazy[3].parameters(), "momentum": 0.5}], lr=0.1
    )
    lazy(gradus.ones((4, 3))).sum().backward()
    optimizer.step()
    assert lazy[0].weight.grad is None
    assert not lazy[0].weight.requires_grad
    assert optimizer.state_dict()["2.velocity"].shape == (1, 5)


def test_copies_before_and_after() -> None:
    lazy = model()
    optimizer = optim.Adam(lazy.parameters())
    for made, their in (copy.deepcopy((lazy, optimizer)), pickle.loads(pickle.dumps((lazy, optimizer)))):
        assert all(map(is_unsized, made[0].parameters()))
        made(gradus.ones((2, 3))).sum().backward()
        their.step()
        assert their.params[0] is made[0].weight
        assert their.state_dict()["0.m"].shape == (5, 3)
        assert not any(map(is_unsized, copy.deepcopy(made).parameters()))
    assert all(map(is_unsized, lazy[0].parameters()))


def test_types_are_kept() -> None:
    lazy = model().astype("float64")
    assert lazy(gradus.ones((2, 3), "float64")).dtype == gradus.float64
    assert {t.dtype for t in lazy.parameters()} == {np.dtype("float64")}


def test_the_table_has_the_sizes_and_changes_nothing() -> None:
    lazy = model()
    gradus.seed(3)
    expected = gradus.rand(3).tolist()
    gradus.seed(3)
    table = nn.summary(lazy, (4, 3))
    assert gradus.rand(3).tolist() == expected
    assert table.parameters == 20 + 10 + 6
    assert table.multiply_adds == 4 * (15 + 5)
    assert type(lazy[0]) is nn.LazyLinear
    assert all(map(is_unsized, lazy[0].parameters()))
    assert nn.summary(lazy).parameters == 0


def test_what_needs_sizes_says_so() -> None:
    with pytest.raises(ArgumentError, match=r"LazyLinear finds its sizes at the first batch.*model\(x\)"):
        gradus.compile(model())(gradus.ones((2, 3)))
    with pytest.raises(ArgumentError, match="AveragedModel: a layer of this model finds its sizes"):
        optim.AveragedModel(model())
    with pytest.raises(ArgumentError, match="Muon: a layer"):
        optim.Muon(nn.LazyLinear(2).parameters())
    with pytest.raises(CheckpointError, match="0"):
        model().load_state_dict({"0.wieght": np.ones((5, 3))})


# -- parameters in lists and dicts -------------------------------------------------------------------------------------


def test_parameters_in_lists_and_dicts() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            self.steps = nn.ParameterList(gradus.randn(2) for _ in range(3))
            self.scales = nn.ParameterDict({"a": gradus.ones(2)})

        def forward(self, x: gradus.Tensor) -> gradus.Tensor:
            for step in self.steps:
                x = x + step
            return x * self.scales["a"]

    m = Model()
    assert list(m.state_dict()) == ["steps.0", "steps.1", "steps.2", "scales.a"]
    compiled = gradus.compile(m)
    x = gradus.ones((3, 2))
    np.testing.assert_allclose(compiled(x).numpy(), m(x).numpy(), rtol=1e-6)
    m.steps[1] = gradus.zeros(2)
    assert m.steps[1].requires_grad
    assert len(m.steps[1:]) == 2
    with pytest.raises(IndexError):
        m.steps[3] = gradus.ones(1)
    del m.scales["a"]
    assert "a" not in m.scales
    with pytest.raises(KeyError, match="no parameter 'b'"):
        m.scales["b"]
    with pytest.raises(ArgumentError, match="cannot be a part's name"):
        m.scales["keys"] = gradus.ones(1)
