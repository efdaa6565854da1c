"""Curves written down as networks, the error against the width, and straight pieces counted exactly."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from click.testing import CliRunner

import gradus
from gradus import inspect, models, nn
from gradus.cli import main
from gradus.errors import ArgumentError, DataError, ShapeError

pytestmark = pytest.mark.usefixtures("undrawn")

X, Y = np.array([-2.0, -0.5, 1.0, 1.25, 4.0]), np.array([1.0, 3.0, -2.0, 0.5, 0.25])


def values(model, t):
    return model(gradus.tensor(np.asarray(t, dtype=np.float64)[:, None])).numpy().ravel()


@pytest.mark.parametrize("build", [models.relu_curve, models.hard_sigmoid_curve])
def test_curves_of_straight_pieces_are_exact(build):
    t = np.linspace(-5, 6, 1001)
    assert values(build(X, Y), t) == pytest.approx(np.interp(t, X, Y), abs=1e-12)
    assert values(build(X, Y), X) == pytest.approx(Y, abs=1e-12)


def test_one_relu_for_each_point_and_one_hard_sigmoid_for_each_piece():
    assert models.relu_curve(X, Y)[0].out_features == 5
    assert models.hard_sigmoid_curve(X, Y)[0].out_features == 4
    assert len(inspect.line_pieces(models.relu_curve(X, Y), [-5.0], [6.0])) == 6


def test_sigmoids_come_near_and_steep_ones_make_stairs():
    t = np.linspace(-5, 6, 500)
    soft = np.abs(values(models.sigmoid_curve(X, Y), t) - np.interp(t, X, Y)).max()
    assert 0.05 < soft < 1.0
    stairs = values(models.sigmoid_curve([0.0, 2.0], [0.0, 1.0], steepness=1000.0), [0.9, 1.1])
    assert stairs == pytest.approx([0.0, 1.0], abs=1e-12)


def test_twice_the_pieces_a_quarter_of_the_error():
    fits = inspect.built_fits(models.relu_curve, np.sin, [8, 16, 32, 64], -3, 3)
    errors = np.array([fit.largest for fit in fits])
    assert errors[:-1] / errors[1:] == pytest.approx(4, rel=0.1)
    assert all(fit.largest <= (6 / n) ** 2 / 8 for fit, n in zip(fits, (8, 16, 32, 64), strict=True))


def test_wider_networks_learn_nearer():
    narrow, wide = inspect.trained_fits(lambda x: np.sin(3 * x), [2, 16], epochs=60)
    assert wide.rms < 0.5 * narrow.rms
    assert (narrow.parameters, wide.parameters) == (7, 49)
    (deep,) = inspect.trained_fits(lambda x: np.sin(3 * x), [16], hidden=2, epochs=60)
    assert deep.rms < 0.1 and deep.parameters == 32 + 272 + 17


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: models.relu_curve([0.0, 0.0], [1.0, 2.0]), DataError, "places must grow, but x\\[0\\] = 0"),
        (lambda: models.relu_curve([0.0, 1.0], [1.0]), ShapeError, "as many heights as places"),
        (lambda: models.hard_sigmoid_curve([0.0], [1.0]), ShapeError, "2 or more"),
        (lambda: models.sigmoid_curve([0.0, np.inf], [1.0, 1.0]), DataError, "NaN or infinity"),
        (lambda: models.sawtooth(0), ArgumentError, "depth"),
        (lambda: models.sawtooth(51), ArgumentError, "not exact"),
        (lambda: inspect.curve_fit(models.relu_curve(X, Y), np.sin, 1, 1), ArgumentError, "below high"),
        (lambda: inspect.trained_fits(np.sin, [4], hidden=0), ArgumentError, "hidden"),
        (lambda: inspect.trained_fits(np.sin, [4], seeds=()), ArgumentError, "seeds"),
        (lambda: inspect.built_fits(models.relu_curve, np.sin, [0]), ArgumentError, "pieces"),
    ],
)
def test_mistakes_with_curves(make, error, said):
    with pytest.raises(error, match=said):
        make()


# -- straight pieces ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", range(1, 11))
def test_the_sawtooth_has_two_to_the_depth_pieces(depth):
    found = inspect.line_pieces(models.sawtooth(depth), [0.0], [1.0])
    assert len(found) == 2**depth
    assert found.breaks.tolist() == (np.arange(2**depth + 1) / 2**depth).tolist()
    assert found.slope.ravel().tolist() == [2.0**depth, -(2.0**depth)] * (2**depth // 2)


def patterns(model, x):
    """Which units fire, for each sample."""
    fired = []
    for layer in model.layers:
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            fired.append(x.numpy() > 0)
    return np.concatenate(fired, axis=1)


def network(sizes, seed):
    gradus.seed(seed)
    return models.MLP(sizes).astype(np.float64)


@pytest.mark.parametrize(("sizes", "seed"), [([3, 20, 2], 0), ([3, 16, 16, 4], 1), ([5, 8, 8, 8, 8, 1], 2)])
def test_pieces_along_a_line_are_those_of_dense_sampling(sizes, seed):
    model = network(sizes, seed)
    rng = np.random.default_rng(seed)
    start, end = rng.normal(size=(2, sizes[0])) * 4
    found = inspect.line_pieces(model, start, end)
    t = (np.arange(200_000) + 0.5) / 200_000
    fired = patterns(model, gradus.tensor(start + t[:, None] * (end - start)))
    changes = np.flatnonzero((fired[1:] != fired[:-1]).any(axis=1))
    assert len(found) == len(changes) + 1 > 4
    assert found.breaks[1:-1] == pytest.approx((t[changes] + t[changes + 1]) / 2, abs=1e-5)
    x = gradus.tensor(start + t[::500, None] * (end - start))
    assert found(t[::500]) == pytest.approx(model(x).numpy(), abs=1e-12)


def test_one_layer_along_a_line_has_at_most_a_piece_more_than_units():
    for seed in range(5):
        model = network([1, 12, 1], seed)
        inside = int((np.abs(model.layers[0].bias.numpy() / model.layers[0].weight.numpy().ravel()) < 5).sum())
        assert len(inspect.line_pieces(model, [-5.0], [5.0])) == inside + 1 <= 13


def test_pieces_of_a_convolutional_network_and_of_a_leaky_one():
    parts = (nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.LeakyReLU(0.1), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(27, 4))
    model = nn.Sequential(*parts)
    rng = np.random.default_rng(0)
    start, end = rng.normal(size=(2, 1, 8, 8))
    found = inspect.line_pieces(model, start, end)
    t = np.linspace(0, 1, 50)
    x = gradus.tensor(start + t[:, None, None, None] * (end - start))
    assert found(t) == pytest.approx(model.astype(np.float64).eval()(x).numpy(), abs=1e-12)
    assert 10 < len(found) <= 109


def test_polygons_of_one_layer_are_those_of_lines_in_a_plane():
    """Euler: one piece, one more for each line that crosses the rectangle, one more for each crossing inside it."""
    for seed in range(4):
        model = network([2, 9, 1], seed)
        W, b = model.layers[0].weight.numpy(), model.layers[0].bias.numpy()
        half = 3.0
        corners = np.array([(-half, -half), (-half, half), (half, half), (half, -half)]) @ W.T + b
        crossing = [j for j in range(9) if corners[:, j].min() < 0 < corners[:, j].max()]
        meeting = [np.linalg.solve(W[[i, j]], -b[[i, j]]) for i, j in combinations(crossing, 2)]
        expected = 1 + len(crossing) + sum(bool((np.abs(place) < half).all()) for place in meeting)
        found = inspect.plane_pieces(model, [0, 0], [1, 0], [0, 1], (-half, half), (-half, half))
        assert len(found) == expected <= 1 + 9 + 36


@pytest.mark.parametrize(("sizes", "seed"), [([2, 8, 3], 0), ([2, 6, 6, 3], 1), ([4, 5, 5, 5, 2], 2)])
def test_polygons_are_those_of_dense_sampling(sizes, seed):
    model = network(sizes, seed)
    origin, right, up = np.random.default_rng(seed).normal(size=(3, sizes[0])) * 3
    found = inspect.plane_pieces(model, origin, right, up, (-1, 1), (-1, 2))
    assert (found.areas() > 0).all() and found.areas().sum() == pytest.approx(6)
    middles = np.array([corners.mean(axis=0) for corners in found.polygons])

    def at(places):
        return gradus.tensor(origin + places[:, :1] * (right - origin) + places[:, 1:] * (up - origin))

    fired = patterns(model, at(middles))
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 401), np.linspace(-1, 2, 401)), -1).reshape(-1, 2)
    sampled = {tuple(row) for row in patterns(model, at(grid))}
    exact = {tuple(row) for row in fired}
    assert len(exact) == len(found)  # no pattern twice: a pattern's piece is convex
    assert sampled <= exact
    large = {tuple(row) for row, area in zip(fired, found.areas(), strict=True) if area > 0.002}
    assert large <= sampled
    values = found.constant + middles[:, :1] * found.along_u + middles[:, 1:] * found.along_v
    assert values == pytest.approx(model(at(middles)).numpy(), abs=1e-12)


def test_models_that_have_no_straight_pieces_are_refused():
    with pytest.raises(ArgumentError, match="this one has a Tanh"):
        inspect.line_pieces(models.MLP([2, 3, 1], nn.Tanh), [0, 0], [1, 1])
    with pytest.raises(ShapeError, match="samples have shapes"):
        inspect.line_pieces(models.MLP([2, 3, 1]), [0, 0], [1])
    with pytest.raises(DataError, match="NaN"):
        inspect.line_pieces(models.MLP([2, 3, 1]), [0, 0], [1, np.nan])
    with pytest.raises(ArgumentError, match="empty"):
        inspect.plane_pieces(models.MLP([2, 3, 1]), [0, 0], [1, 0], [0, 1], (1, 1))

    class Residual(nn.Module):
        def __init__(self):
            self.inner = nn.Linear(2, 2)

        def forward(self, x):
            return x + self.inner(x)

    with pytest.raises(ArgumentError, match="no chain of layers"):
        inspect.line_pieces(Residual(), [0, 0], [1, 1])


# -- the command line --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "mlp"
    words = ["train", "mlp", "--limit", "60", "--epochs", "1", "--quiet", "--out", str(folder)]
    assert CliRunner().invoke(main, words).exit_code == 0
    return folder


def look(*words):
    return CliRunner().invoke(main, ["look", "regions", *map(str, words)])


def test_look_regions(run, tmp_path):
    result = look(run, "--from", 3, "--to", 5, "--third", 8, "--out", tmp_path / "way.png")
    assert result.exit_code == 0, result.output
    assert "straight pieces" in result.output and "over the parallelogram with test sample 8" in result.output
    assert (tmp_path / "way.png").stat().st_size > 5000
    from gradus import datasets
    from gradus.train.predictor import Predictor

    x = datasets.digits().test.arrays[0]
    exact = len(inspect.line_pieces(Predictor.open(run).model, x[3], x[5]))
    assert f"{exact} straight pieces" in result.output
    assert look(run).exit_code == 0 and (run / "regions.png").exists()


def test_look_regions_tells_what_is_wrong(run):
    result = look(run, "--to", 400)
    assert result.exit_code == 2 and "there is no test sample 400: digits has 0 to 358" in result.stderr
    assert look("none").exit_code == 2
