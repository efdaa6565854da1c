"""What comes out of layers: hooks, histograms, the spread for each initial value, and batch normalisation's help."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

import gradus
from gradus import datasets, draw, inspect, nn
from gradus.cli import main
from gradus.data import Subset
from gradus.errors import ArgumentError, DataError
from gradus.models import MLP

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(scope="module")
def found():
    """For each activation and initial value what the five layers give."""
    kinds, initial = ("sigmoid", "tanh", "relu"), tuple(inspect.INITIAL_VALUES)
    return {(kind, value): inspect.signals(kind, value) for kind in kinds for value in initial}


def spreads(layers):
    return np.array([a.std() for a in layers])


# -- five layers of 100 units, 1,000 inputs ----------------------------------------------------------------------------


def test_the_setting_is_the_textbooks(found):
    assert len(found) == 12
    for layers in found.values():
        assert [a.shape for a in layers] == [(1000, 100)] * 5


def test_signals_are_those_computed_by_hand():
    numbers = gradus.Generator(3)
    x = numbers.randn(20, 10).numpy()
    for layer in inspect.signals("tanh", "Xavier", layers=2, units=10, samples=20, seed=3):
        x = np.tanh(x @ (numbers.randn(10, 10).numpy() / np.sqrt(10)).T)
        np.testing.assert_allclose(layer, x, rtol=1e-4, atol=1e-5)


def test_sigmoid_std_1_saturates_at_0_and_1(found):
    for a in found["sigmoid", "1"]:
        assert np.mean(a < 0.1) > 0.25
        assert np.mean(a > 0.9) > 0.25
        assert np.mean(np.abs(a - 0.5) < 0.1) < 0.1
        assert a.std() > 0.4


def test_sigmoid_std_001_gathers_at_a_half(found):
    for a in found["sigmoid", "0.01"][1:]:
        assert np.mean(np.abs(a - 0.5) < 0.05) > 0.99
        assert a.std() < 0.02


@pytest.mark.parametrize(("initial", "low", "high"), [("Xavier", 0.1, 0.25), ("He", 0.14, 0.3)])
def test_sigmoid_xavier_and_he_keep_a_spread(found, initial, low, high):
    layers = found["sigmoid", initial]
    assert ((spreads(layers) > low) & (spreads(layers) < high)).all()
    for a in layers:
        assert np.mean((a < 0.05) | (a > 0.95)) < 0.05


def test_tanh_std_1_saturates(found):
    for a in found["tanh", "1"]:
        assert np.mean(np.abs(a) > 0.9) > 0.8


def test_tanh_std_001_vanishes_by_ten_a_layer(found):
    s = spreads(found["tanh", "0.01"])
    np.testing.assert_allclose(s[1:] / s[:-1], 0.1, rtol=0.1)  # std sqrt(100) = 0.1
    assert s[-1] < 2e-5


def test_tanh_xavier_keeps_a_spread_without_saturating(found):
    s = spreads(found["tanh", "Xavier"])
    assert s[0] == pytest.approx(0.63, abs=0.03)
    assert s[-1] > 0.3
    assert np.mean(np.abs(found["tanh", "Xavier"][-1]) > 0.9) < 0.02


def test_tanh_he_spreads_further_than_xavier(found):
    assert (spreads(found["tanh", "He"]) > spreads(found["tanh", "Xavier"])).all()
    assert spreads(found["tanh", "He"])[-1] > 0.5


def test_relu_he_keeps_the_spread(found):
    s = spreads(found["relu", "He"])
    np.testing.assert_allclose(s, np.sqrt(1 - 1 / np.pi), rtol=0.15)  # E a^2 = 1, E a = 1 / sqrt(pi)
    assert np.mean(found["relu", "He"][-1] == 0) == pytest.approx(0.5, abs=0.1)


def test_relu_xavier_shrinks_by_the_root_of_two(found):
    s = spreads(found["relu", "Xavier"])
    assert (s[1:] < s[:-1]).all()
    assert s[-1] / s[0] == pytest.approx(0.25, abs=0.08)  # four times 1 / sqrt(2)


def test_relu_std_001_vanishes(found):
    s = spreads(found["relu", "0.01"])
    np.testing.assert_allclose(s[1:] / s[:-1], 0.1 / np.sqrt(2), rtol=0.2)
    assert s[-1] < 1e-5


def test_relu_std_1_explodes(found):
    s = spreads(found["relu", "1"])
    np.testing.assert_allclose(s[1:] / s[:-1], 10 / np.sqrt(2), rtol=0.2)


def test_in_depth_sigmoids_units_differ_but_hardly_with_the_input(found):
    """The spread between units hides that each gives nearly the same for all inputs."""
    last = inspect.histogram(found["sigmoid", "Xavier"][-1])
    assert last.response < last.std / 50
    relu = inspect.histogram(found["relu", "He"][-1])
    assert relu.response > relu.std / 3


def test_signals_refuse():
    with pytest.raises(ArgumentError, match="unknown activation 'relux'"):
        inspect.signals("relux", "He")
    with pytest.raises(ArgumentError, match="unknown initial value 'Hee'"):
        inspect.signals("relu", "Hee")
    with pytest.raises(ArgumentError, match="layers must be"):
        inspect.signals("relu", "He", layers=0)


# -- any model ---------------------------------------------------------------------------------------------------------


def test_layers_are_watched_and_then_left_alone():
    gradus.seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    x = gradus.randn(5, 4)
    seen = inspect.activations(model, x)
    z = x.numpy() @ model[0].weight.numpy().T + model[0].bias.numpy()
    np.testing.assert_allclose(seen["0"], z, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(seen["1"], np.maximum(z, 0), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(seen["2"], model(x).numpy())
    assert all(not m._forward_hooks for m in model.modules())


def test_hooks_are_taken_away_when_the_model_fails():
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(4, 3))
    with pytest.raises(gradus.errors.ShapeError):
        inspect.activations(model, gradus.randn(5, 4))
    assert all(not m._forward_hooks for m in model.modules())


def test_a_layer_used_twice_and_one_that_gives_several():
    relu = nn.ReLU()
    twice = nn.Sequential(nn.Linear(4, 4), relu, nn.Linear(4, 4), relu)
    assert list(inspect.activations(twice, gradus.randn(2, 4))) == ["0", "1", "2", "1#2"]
    assert [h.kind for h in inspect.activation_histograms(twice, gradus.randn(2, 4))] == ["Linear", "ReLU"] * 2
    lstm = nn.LSTM(3, 5)
    assert all(a.ndim >= 2 for a in inspect.activations(lstm, gradus.randn(2, 4, 3)).values())
    assert list(inspect.activations(nn.ReLU(), gradus.randn(2))) == ["ReLU"]


def test_histograms_count_everything():
    values = np.array([[0.0, 1.0], [0.0, 3.0]])
    h = inspect.histogram(values, "a", "ReLU", bins=3)
    assert (h.name, h.kind, h.counts.tolist(), h.edges.tolist()) == ("a", "ReLU", [2, 1, 1], [0, 1, 2, 3])
    assert (h.mean, h.std, h.zeros, h.response) == (1.0, pytest.approx(np.std(values)), 0.5, 0.5)
    for bad, said in ((np.array([]), "no number"), (np.array([np.nan]), "NaN"), (np.array([np.inf]), "infinities")):
        with pytest.raises(ArgumentError, match=said):
            inspect.histogram(bad, "layer 3")


def test_ridges_keep_every_number_and_refuse_what_does_not_fit():
    panel = draw.Ridges.of("", {"1": np.array([-5.0, 0.0, 0.5, 9.0])}, (0, 1), bins=4)
    assert panel.counts[0].tolist() == [2, 0, 1, 1]
    assert draw.Ridges.of("", {"1": np.array([0.0, 0.5])}, (0, 1), zeros=False).counts[0].sum() == 1
    with pytest.raises(ArgumentError, match="smaller one first"):
        draw.Ridges.of("", {"1": np.array([1.0])}, (1, 1))
    with pytest.raises(ArgumentError, match="nothing to draw"):
        draw.ridges([])
    with pytest.raises(ArgumentError, match="need 2 histograms of 4 bars"):
        draw.ridges([panel._replace(names=["1", "2"])])


# -- batch normalisation -----------------------------------------------------------------------------------------------


def test_batch_norm_trains_where_the_plain_network_stands_still():
    few = Subset(datasets.digits().train, range(200))
    runs = inspect.compare_batch_norm(few, [0.5, 0.01, 0.001], hidden=[50] * 5, epochs=8, batch_size=20)
    by_scale = {r.scale: r for r in runs}
    assert list(by_scale) == [0.5, 0.01, 0.001]
    for scale in (0.01, 0.001):
        r = by_scale[scale]
        assert r.plain_loss[-1] == pytest.approx(np.log(10), abs=0.05)  # nothing learned
        assert r.norm_wins
    assert by_scale[0.01].normed_accuracy[-1] > by_scale[0.01].plain_accuracy[-1] + 0.3
    for r in runs:
        assert r.normed_loss.shape == r.plain_accuracy.shape == (8,)


@pytest.mark.long
def test_batch_norm_wins_for_nearly_every_size_on_mnist():
    try:
        train, _ = datasets.mnist()
    except DataError as problem:
        pytest.skip(f"mnist is not here: {problem}")
    runs = inspect.compare_batch_norm(Subset(train, range(1000)))
    assert sum(r.norm_wins for r in runs) >= 13
    assert all(r.norm_wins for r in runs if not 0.1 < r.scale < 0.4)


def test_scales_are_independent_of_their_neighbours():
    """The networks are begun anew for each scale: statistics, weights, order."""
    few = Subset(datasets.digits().train, range(60))
    settings = {"hidden": [10], "epochs": 2, "batch_size": 20}
    together = inspect.compare_batch_norm(few, [1.0, 0.1], **settings)[1]
    alone = inspect.compare_batch_norm(few, [0.1], **settings)[0]
    np.testing.assert_array_equal(together.normed_loss, alone.normed_loss)
    np.testing.assert_array_equal(together.plain_loss, alone.plain_loss)


def test_a_training_that_diverges_loses():
    few = Subset(datasets.digits().train, range(60))
    r = inspect.compare_batch_norm(few, [30.0], hidden=[50] * 5, epochs=2, batch_size=20)[0]
    assert np.isnan(r.plain_loss[-1])
    assert r.norm_wins
    assert not inspect.ScaleRun(1.0, *[np.array([np.nan])] * 4).norm_wins


def test_the_grid_is_the_textbooks_and_bad_scales_are_refused():
    assert len(inspect.SCALES) == 16
    assert (inspect.SCALES[0], inspect.SCALES[-1]) == (1.0, 1e-4)
    with pytest.raises(ArgumentError, match="scales above 0"):
        inspect.compare_batch_norm(datasets.digits().train, [0.1, 0.0])
    with pytest.raises(ArgumentError, match="epochs must be"):
        inspect.compare_batch_norm(datasets.digits().train, [0.1], epochs=0)


# -- the command -------------------------------------------------------------------------------------------------------


def test_look_activations(tmp_path):
    run = tmp_path / "run"
    words = ["train", "mlp", "--limit", "60", "--epochs", "1", "--quiet", "--out", str(run)]
    assert CliRunner().invoke(main, words).exit_code == 0
    result = CliRunner().invoke(main, ["look", "activations", str(run), "--samples", "20"])
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    named = [" ".join(line[:2]) for line in lines if line and line[0].startswith("layers.")]
    assert named == ["layers.0 (Linear)", "layers.1 (ReLU)", "layers.2 (Linear)"] * 2
    assert ["before", "training"] in lines
    assert (run / "activations.png").stat().st_size > 5_000


def test_the_models_own_mlp_is_watched():
    assert list(inspect.activations(MLP([4, 3, 2]), gradus.randn(5, 4))) == ["layers.0", "layers.1", "layers.2"]
