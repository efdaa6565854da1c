"""Gradients against differences, a planted fault found, and the gradient's size from layer to layer."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner

import gradus
from gradus import datasets, draw, inspect, nn
from gradus.cli import main
from gradus.errors import ArgumentError, DataError, GradientError
from gradus.inspect.backpropagation import gradient_check
from gradus.models import MLP
from gradus.nn import functional as F

pytestmark = pytest.mark.usefixtures("undrawn")

DIGITS = datasets.digits().train[np.arange(60)]


def batch(n=8, features=6, classes=3):
    gradus.seed(1)
    return gradus.randn(n, features), gradus.tensor(np.arange(n) % classes)


class WrongLayer(nn.Module):
    """A layer that computes z = W x, but whose gradient is off by a factor."""

    def __init__(self, factor):
        self.linear = nn.Linear(6, 3)
        self.factor = factor

    def forward(self, x):
        z = self.linear(x)
        return z * self.factor - (z * (self.factor - 1)).detach()


# -- right ones agree --------------------------------------------------------------------------------------------------


def test_the_gradients_are_those_of_the_formula():
    a, b = np.array([[0.5, -1.0]]), np.array([2.0, 3.0])
    found = inspect.check_gradients(lambda a, b: (a * a * b).sum(), a, b)
    np.testing.assert_allclose(found.tensors[0].analytic, [2, -6])
    np.testing.assert_allclose(found.tensors[0].numerical, [2, -6], rtol=1e-9)
    np.testing.assert_allclose(found.tensors[1].numerical, [0.25, 1], rtol=1e-9)
    assert found.agrees
    assert found.largest < 1e-9
    assert found.tensors[0].places.tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid, nn.Tanh])
@pytest.mark.parametrize("options", [{}, {"batch_norm": True}, {"dropout": 0.5}])
@pytest.mark.filterwarnings("ignore::gradus.errors.MistakeWarning")  # of what the cases are not about
def test_networks_agree(activation, options):
    gradus.seed(0)
    model = MLP([6, 4, 4, 3], activation, **options)
    before = {name: p.numpy().copy() for name, p in model.state_dict().items()}
    found = inspect.check_model_gradients(model, F.cross_entropy, *batch(), sample=None)
    assert found.agrees, f"\n{found}"
    assert sum(len(t.difference) for t in found.tensors) == sum(p.size for p in model.parameters())
    for name, p in model.state_dict().items():
        assert p.dtype == before[name].dtype
        np.testing.assert_array_equal(p.numpy(), before[name])
    assert all(p.grad is None for p in model.parameters())


def test_a_convolutional_network_with_ties_agrees():
    """Biases of 0 on black pixels stand right at ReLU's kink, and in max pooling all are equal."""
    gradus.seed(0)
    model = gradus.models.SimpleConvNet(size=(8, 8))
    x, y = DIGITS
    assert inspect.check_model_gradients(model, F.cross_entropy, x[:4], y[:4], sample=12).agrees


def test_at_a_kink_a_slope_between_both_sides_is_right():
    assert inspect.check_gradients(lambda x: x.relu().sum(), np.zeros(3)).agrees
    assert inspect.check_gradients(lambda x: x.absolute().sum(), np.zeros(3)).agrees
    wrong = inspect.check_gradients(lambda x: (2 * x - x.detach()).relu().sum(), np.array([0.5]))
    assert not wrong.agrees


def test_single_numbers_can_be_checked():
    found = inspect.check_gradients(lambda x: x.exp(), 1.0)
    assert found.agrees
    assert found.tensors[0].analytic[0] == pytest.approx(np.e)


# -- wrong ones are found ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [2.0, 0.0, -1.0, 1.00001])
def test_a_planted_wrong_gradient_is_found(factor):
    gradus.seed(0)
    found = inspect.check_model_gradients(WrongLayer(factor), F.cross_entropy, *batch())
    assert not found.agrees
    expected = abs(factor - 1) / max(1, abs(factor))
    assert found.largest == pytest.approx(expected, rel=1e-2)
    assert "by backpropagation" in str(found)
    assert inspect.check_model_gradients(WrongLayer(1.0), F.cross_entropy, *batch()).agrees


def test_one_wrong_element_among_many_is_found_and_named():
    wrong = np.zeros((5, 4))
    wrong[3, 2] = 0.01

    def function(x):
        return (x * x).sum() + (x * wrong - (x * wrong).detach()).sum()

    gradus.seed(0)
    found = inspect.check_gradients(function, gradus.randn(5, 4))
    assert not found.agrees
    assert (found.tensors[0].difference > gradient_check.TOLERANCE).sum() == 1
    assert "at [3, 2]" in str(found)


def test_a_sample_is_drawn_from_the_seed():
    x = np.arange(50.0)
    draws = [
        inspect.check_gradients(lambda x: (x * x).sum(), x, sample=7, seed=s).tensors[0].places.ravel().tolist()
        for s in (0, 0, 1)
    ]
    assert draws[0] == draws[1] != draws[2]
    assert len(set(draws[0])) == 7


def test_what_cannot_be_checked_is_refused():
    with pytest.raises(ArgumentError, match="no tensor"):
        inspect.check_gradients(lambda: gradus.tensor(1.0))
    with pytest.raises(ArgumentError, match="no tensor"):
        inspect.check_model_gradients(nn.ReLU(), F.cross_entropy, *batch())
    with pytest.raises(ArgumentError, match="then the targets"):
        inspect.check_model_gradients(nn.Linear(6, 3), F.cross_entropy, batch()[0])
    with pytest.raises(ArgumentError, match="sample must be"):
        inspect.check_gradients(lambda x: x.sum(), np.ones(3), sample=0)
    with pytest.raises(GradientError, match="shape"):
        inspect.check_gradients(lambda x: x * 2, np.ones(3))
    with pytest.raises(GradientError, match="no gradient"):
        inspect.check_gradients(lambda x: x.detach().sum(), np.ones(3))
    with pytest.raises(DataError, match="nan"):
        inspect.check_gradients(lambda x: x.log().sum(), -np.ones(3))


# -- by layer ----------------------------------------------------------------------------------------------------------


def test_gradient_norms_are_those_of_backward():
    gradus.seed(0)
    model = MLP([6, 5, 3], batch_norm=True)
    x, y = batch()
    running = model.state_dict()["layers.1.running_mean"].numpy().copy()
    found = inspect.gradient_norms(model, F.cross_entropy, x, y)
    np.testing.assert_array_equal(model.state_dict()["layers.1.running_mean"].numpy(), running)
    F.cross_entropy(model(x), y).backward()
    weights = {name: p for name, p in model.named_parameters() if p.ndim == 2}
    assert [layer.name for layer in found] == list(weights)
    for layer, p in zip(found, weights.values(), strict=True):
        assert layer.gradient == pytest.approx(np.linalg.norm(p.grad.numpy()), rel=1e-5)
        assert layer.weight == pytest.approx(np.linalg.norm(p.numpy()), rel=1e-5)


@pytest.fixture(scope="module")
def norms():
    return {kind: inspect.gradients_by_depth(*DIGITS, (2, 5, 10, 20, 50), kind) for kind in ("sigmoid", "relu")}


def test_with_sigmoid_the_gradient_vanishes_with_depth(norms):
    shares = [n[0] / n[-1] for n in norms["sigmoid"].values()]
    assert shares[0] > 0.05  # two layers
    assert all(deeper < share / 10 for share, deeper in pairwise(shares))
    assert shares[-1] < 1e-25  # fifty
    per_layer = (norms["sigmoid"][50][1] / norms["sigmoid"][50][-1]) ** (1 / 48)
    assert 0.1 < per_layer < 0.3  # sigma' is 1/4 at most


def test_with_relu_and_hes_values_it_stays(norms):
    for depth, n in norms["relu"].items():
        assert n.shape == (depth,)
        assert 0.1 < n[0] / n[-1] < 10
        assert n.max() / n.min() < 20


def test_gradients_by_layer_refuse():
    with pytest.raises(ArgumentError, match="unknown activation 'rellu'"):
        inspect.gradients_by_depth(*DIGITS, (2,), "rellu")
    with pytest.raises(ArgumentError, match="2 or more, got 1"):
        inspect.gradients_by_depth(*DIGITS, (1,))
    with pytest.raises(ArgumentError, match="no weights"):
        inspect.gradient_norms(nn.ReLU(), F.cross_entropy, *batch())
    with pytest.raises(ArgumentError, match="then the targets"):
        inspect.gradient_norms(nn.Linear(6, 3), F.cross_entropy, batch()[0])
    with pytest.raises(ArgumentError, match="nothing to draw"):
        draw.by_layer({}, "norm")


# -- the command -------------------------------------------------------------------------------------------------------


def test_look_gradients(tmp_path):
    run = tmp_path / "run"
    words = ["train", "mlp", "--limit", "60", "--epochs", "1", "--quiet", "--out", str(run)]
    assert CliRunner().invoke(main, words).exit_code == 0
    result = CliRunner().invoke(main, ["look", "gradients", str(run), "--samples", "20"])
    assert result.exit_code == 0, result.output
    assert "before training" in result.output
    rows = [line.split() for line in result.output.splitlines() if line.startswith("layers.")]
    assert [row[0] for row in rows] == ["layers.0", "layers.2"]
    assert all(float(row[1]) > 0 and float(row[1]) != float(row[2]) for row in rows)
    assert (run / "gradients.png").stat().st_size > 5_000


def test_look_gradients_needs_a_run(tmp_path):
    result = CliRunner().invoke(main, ["look", "gradients", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "Traceback" not in result.output
