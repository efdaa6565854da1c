"""The error surface, and the paths of optimizers on it."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from click.testing import CliRunner

import gradus
from gradus.cli import main
from gradus.data import TensorDataset
from gradus.draw import PATH_COLOURS, draw_path, error_surface, new_figure, surface_map
from gradus.errors import ArgumentError, DataError, ShapeError
from gradus.functional import cross_entropy, mse_loss
from gradus.inspect import (
    BOOK_OPTIMIZERS,
    Direction,
    Trail,
    descend,
    element,
    flat_parameters,
    loss_surface,
    principal_plane,
    random_directions,
    valley,
    zigzag,
)
from gradus.models import MLP, LeNet
from gradus.nn import BatchNorm1d, Dropout, Linear, Module, Parameter, ReLU, Sequential
from gradus.optim import SGD, Adam

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.standard_normal((20, 4)).astype("float32"), rng.integers(0, 3, 20)


@pytest.fixture
def model():
    gradus.seed(0)
    return Sequential(Linear(4, 5), BatchNorm1d(5), ReLU(), Dropout(0.5), Linear(5, 3))


def everything(model):
    return {n: (t.numpy().tobytes(), t.grad) for n, t in model.state_dict().items()}


# -- the surface -------------------------------------------------------------------------------------------------------


def test_each_point_is_the_loss_with_the_two_numbers_set(model, data):
    x, y = data
    found = loss_surface(model, cross_entropy, x, y, "0.weight[1,2]", "4.bias[0]", a=[-1.0, 0.5, 3.0], b=[0.0, 2.0])
    assert found.loss.shape == (2, 3) and found.names == ("0.weight[1,2]", "4.bias[0]")
    assert found.start == (model[0].weight[1, 2].item(), model[4].bias[0].item())
    twin = copy.deepcopy(model).eval()
    for i, a in enumerate(found.a):
        for j, b in enumerate(found.b):
            twin[0].weight.data[1, 2], twin[4].bias.data[0] = a, b
            expected = cross_entropy(twin(gradus.tensor(x)), gradus.tensor(y)).item()
            np.testing.assert_allclose(found.loss[j, i], expected, rtol=1e-5)


def test_a_parabola_comes_out_as_its_formula():
    """A line through one sample: L(w, b) = (3 w + b - 1)^2."""
    model = Linear(1, 1).astype("float64")
    found = loss_surface(model, mse_loss, np.array([[3.0]]), np.array([[1.0]]), "weight[0,0]", "bias[0]")
    np.testing.assert_allclose(found.loss, (3 * found.a + found.b[:, None] - 1) ** 2, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.a[[0, 20, 40]] - model.weight.item(), [-1, 0, 1], atol=1e-12)


def test_the_middle_of_random_directions_is_the_network_itself(data):
    x, y = data
    model = MLP([4, 8, 3])
    found = loss_surface(model, cross_entropy, x, y, *random_directions(model), a=[-1, 0, 1], b=[0, 1])
    expected = cross_entropy(model(gradus.tensor(x)), gradus.tensor(y)).item()
    np.testing.assert_allclose(found.loss[0, 1], expected, rtol=1e-6)
    first, second = random_directions(model)
    for (n, p), (_, q) in zip(model.named_parameters(), copy.deepcopy(model).named_parameters(), strict=True):
        if n in first.arrays:
            p.assign_(q.detach() + gradus.tensor(first.arrays[n] + second.arrays[n]))
    moved = cross_entropy(model(gradus.tensor(x)), gradus.tensor(y)).item()
    np.testing.assert_allclose(found.loss[1, 2], moved, rtol=1e-5)


def test_random_directions_have_the_length_of_each_filter_and_leave_vectors():
    model = LeNet()
    directions = random_directions(model, seed=3)
    weights = {n: p.numpy() for n, p in model.named_parameters()}
    for d in directions:
        assert set(d.arrays) == {n for n, w in weights.items() if w.ndim > 1}
        for n, v in d.arrays.items():
            lengths = [np.linalg.norm(u.reshape(len(u), -1).astype(float), axis=1) for u in (v, weights[n])]
            np.testing.assert_allclose(*lengths, rtol=1e-5)
    assert not np.allclose(directions[0].arrays["features.0.weight"], directions[1].arrays["features.0.weight"])
    again = random_directions(model, seed=3)[0]
    np.testing.assert_array_equal(again.arrays["features.0.weight"], directions[0].arrays["features.0.weight"])


def test_the_network_keeps_every_bit_its_gradients_and_its_mode(model, data):
    x, y = data
    model[0].weight.data[0, 0] = np.nan  # whose bits must stay as well
    model.train()
    loss = cross_entropy(model(gradus.tensor(x)), gradus.tensor(y))
    loss.backward()
    before = everything(model)
    loss_surface(model, cross_entropy, x, y, "0.weight[1,0]", "0.weight[1,1]", a=[0, 1], b=[0, 1])
    assert everything(model) == before and model.training and model[3].training


@pytest.mark.parametrize("problem", [KeyboardInterrupt, MemoryError, ZeroDivisionError])
@pytest.mark.parametrize("when", [1, 2])
def test_nothing_is_left_moved_by_an_error_or_ctrl_c(model, data, problem, when):
    x, y = data
    before, calls = everything(model), []

    def loss(outputs, targets):
        calls.append(1)
        if len(calls) == when:  # the first call is eager, the second one is traced
            raise problem
        return cross_entropy(outputs, targets)

    with pytest.raises(problem):
        loss_surface(model, loss, x, y, "0.weight[0,0]", "0.weight[0,1]", a=[5.0, 6.0])
    assert everything(model) == before


class Scaled(Module):
    """One number without axes, and one of half precision."""

    def __init__(self):
        self.scale = Parameter(np.float32(2.0))
        self.half = Parameter(np.array([1.0], "float16"))

    def forward(self, x):
        return x * self.scale + self.half.astype("float32")


def test_numbers_without_axes_and_of_half_precision():
    found = loss_surface(Scaled(), mse_loss, np.ones((1, 1), "float32"), np.zeros((1, 1), "float32"),
                         "scale", "half[0]", a=[0, 1], b=[0, 0.5])  # fmt: skip
    np.testing.assert_allclose(found.loss, [[0, 1], [0.25, 2.25]])
    assert element(Scaled(), "half").start == 1.0


def test_losses_that_overflow_are_there_as_such(data):
    model = Linear(1, 1)
    found = loss_surface(model, mse_loss, np.ones((1, 1), "float32"), np.zeros((1, 1), "float32"),
                         "weight[0,0]", "bias[0]", a=[0.0, 1e30], b=[0.0, 1.0])  # fmt: skip
    assert np.isfinite(found.loss[:, 0]).all() and np.isinf(found.loss[:, 1]).all()
    assert error_surface(*found)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("0.weigth[0,1]", r"no parameter '0.weigth' in .*Did you mean '0.weight'\? There are: 0.weight \(5, 4\)"),
        ("9.weight[0,0]", "no parameter '9.weight'"),
        ("0.weight[5,0]", r"no single .* shape \(5, 4\). Take one from 0.weight\[0,0\] to 0.weight\[4,3\]"),
        ("0.weight[0]", "no single number"),
        ("0.weight", "no single number"),
        ("0.weight[a]", "no parameter"),
        ("", "no parameter"),
    ],
)  # fmt: skip
def test_a_parameter_that_is_not_there(model, data, place, said):
    with pytest.raises(ArgumentError, match=said):
        loss_surface(model, cross_entropy, *data, place, "4.bias[0]")


def test_what_makes_no_surface(model, data):
    x, y = data
    first, second = "0.weight[0,0]", "0.weight[0,1]"
    with pytest.raises(ArgumentError, match="span no plane"):
        loss_surface(model, cross_entropy, x, y, first, "0.weight[-5,-4]")
    with pytest.raises(ArgumentError, match="must be finite and change something"):
        loss_surface(model, cross_entropy, x, y, first, Direction("nothing", {"0.bias": np.zeros(5)}))
    with pytest.raises(ShapeError, match=r"0.bias has shape \(5,\), its direction \(4,\)"):
        loss_surface(model, cross_entropy, x, y, first, Direction("d", {"0.bias": np.ones(4)}))
    with pytest.raises(ArgumentError, match=r"d: there is no parameter '0.bais'.*Did you mean '0.bias'"):
        loss_surface(model, cross_entropy, x, y, first, Direction("d", {"0.bais": np.ones(5)}))
    with pytest.raises(ArgumentError, match="finite numbers"):
        loss_surface(model, cross_entropy, x, y, first, second, a=[0.0, np.nan])
    with pytest.raises(ArgumentError, match="must be an integer of 1 or more"):
        loss_surface(model, cross_entropy, x, y, first, second, b=[])
    with pytest.raises(ArgumentError, match="must be one number"):
        loss_surface(model, lambda z, y: z, x, y, first, second)
    with pytest.raises(DataError, match="one sample each"):
        loss_surface(model, cross_entropy, x, y[:3], first, second)
    with pytest.raises(ArgumentError, match="no weights of two or more axes"):
        random_directions(Scaled())


# -- paths -------------------------------------------------------------------------------------------------------------


def test_sgd_zigzags_on_the_valley_and_momentum_and_adam_do_not():
    """The figures of "Deep Learning from Scratch", section 6.1: 30 steps with its learning rates."""
    found = {name: zigzag(descend(valley, make)) for name, make in BOOK_OPTIMIZERS.items()}
    assert found["SGD"].reversals == 1.0  # every turn goes back
    assert found["SGD"].detour > 5
    for name in ("Momentum", "Adagrad", "RMSprop", "Adam"):
        assert found[name].reversals == 0.0, name
        assert found[name].detour < 1.6, name
    assert found["Adam"].detour < found["Momentum"].detour < found["SGD"].detour / 3


def test_plain_descent_follows_its_formula():
    """x <- (1 - lr / 10) x, y <- (1 - 2 lr) y."""
    k = np.arange(31)
    for lr in (0.02, 0.6, 0.95):
        path = descend(valley, lambda params, lr=lr: SGD(params, lr=lr))
        np.testing.assert_allclose(path, np.stack([-7 * (1 - lr / 10) ** k, 2 * (1 - 2 * lr) ** k], axis=1), rtol=1e-6)


def test_momentum_and_adam_follow_the_books_loops():
    def gradient(p):
        return np.array([p[0] / 10, 2 * p[1]])

    p, v, moved = np.array([-7.0, 2.0]), np.zeros(2), [[-7.0, 2.0]]
    for _ in range(30):
        v = 0.9 * v - 0.1 * gradient(p)
        p = p + v
        moved.append(p)
    np.testing.assert_allclose(descend(valley, BOOK_OPTIMIZERS["Momentum"]), moved, rtol=1e-6)
    p, m, s, adapted = np.array([-7.0, 2.0]), np.zeros(2), np.zeros(2), [[-7.0, 2.0]]
    for t in range(1, 31):
        m, s = 0.9 * m + 0.1 * gradient(p), 0.999 * s + 0.001 * gradient(p) ** 2
        p = p - 0.3 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(s) + 1e-8)
        adapted.append(p)
    np.testing.assert_allclose(descend(valley, BOOK_OPTIMIZERS["Adam"]), adapted, atol=1e-5)


def test_learning_rates_too_small_right_and_too_large():
    def end(lr):
        path = descend(valley, lambda params: SGD(params, lr=lr))
        return path[-1, 0] ** 2 / 20 + path[-1, 1] ** 2

    start = 7**2 / 20 + 2**2
    assert 0.3 * start < end(0.02) < start and end(0.6) < 0.02 * start and end(1.02) > 5 * start


def test_zigzags_of_paths_known_by_hand():
    corner = np.array([[0, 0], [3, 0], [3, 4.0]])
    assert zigzag(corner) == (0.0, 7 / 5, 7.0)
    assert zigzag(np.array([[0, 0], [2, 0], [1, 0], [1, 0], [3, 0.0]])).reversals == 1.0  # standing still is no turn
    half = np.array([[0, 0], [1, 0], [2, 0], [1, 0.0]])
    assert zigzag(half).reversals == 0.5
    assert zigzag(np.zeros((3, 2))) == (0.0, np.inf, 0.0)
    for wrong in (np.zeros((2, 2)), np.zeros(5), np.full((4, 2), np.nan)):
        with pytest.raises(DataError, match="three finite places or more"):
            zigzag(wrong)
    with pytest.raises(ArgumentError, match="steps must be an integer of 1 or more"):
        descend(valley, BOOK_OPTIMIZERS["SGD"], steps=0)


def test_the_plane_of_a_training_holds_its_trail(data):
    x, y = data
    gradus.seed(1)
    model, trail = MLP([4, 6, 3]), Trail()
    start = flat_parameters(model)
    trainer = gradus.Trainer(model, "cross_entropy", Adam(model.parameters(), lr=0.02))
    trainer.fit(TensorDataset(x, y), epochs=6, batch_size=5, callbacks=[trail], progress=False)
    assert len(trail.places) == 7
    np.testing.assert_array_equal(trail.places[0], start)
    np.testing.assert_array_equal(trail.places[-1], flat_parameters(model))

    plane = principal_plane(model, {"Adam": trail.places})
    d = [np.concatenate([d.arrays[n].ravel() for n, _ in model.named_parameters()]) for d in plane[:2]]
    np.testing.assert_allclose([d[0] @ d[0], d[1] @ d[1], d[0] @ d[1]], [1, 1, 0], atol=1e-9)
    np.testing.assert_allclose(plane.paths["Adam"][-1], 0, atol=1e-9)
    away = np.array(trail.places, float) - trail.places[-1]
    variances = np.linalg.eigvalsh(away @ away.T)[::-1]
    np.testing.assert_allclose(plane.share, variances[:2].sum() / variances.sum(), rtol=1e-6)
    assert plane.share > 0.9
    found = loss_surface(model, cross_entropy, x, y, plane.first, plane.second, a=[0, 1], b=[0, 1])
    expected = cross_entropy(model(gradus.tensor(x)), gradus.tensor(y)).item()
    np.testing.assert_allclose(found.loss[0, 0], expected, rtol=1e-6)


def test_trails_that_make_no_plane():
    model = Linear(1, 1)
    w = flat_parameters(model)
    with pytest.raises(ArgumentError, match="there is no trail"):
        principal_plane(model, {"SGD": []})
    with pytest.raises(ArgumentError, match="lie on one line"):
        principal_plane(model, {"SGD": [w + 1, w + 2]})
    with pytest.raises(ShapeError, match=r"'SGD' holds places of \(3,\), the network's are \(2,\)"):
        principal_plane(model, {"SGD": [np.zeros(3)]})


# -- pictures and the command ------------------------------------------------------------------------------------------


def test_pictures_of_surfaces_and_paths():
    a, b = np.linspace(-1, 1, 5), np.linspace(0, 1, 4)
    loss = a**2 + b[:, None]
    path = np.array([[0.0, 0.0], [0.5, 0.5]])
    figure = error_surface(a, b, loss, ("p", "q"), (0.0, 0.5), {"SGD": path}, "error")
    assert (
        [axes.get_xlabel() for axes in figure.axes][:2] == ["p", ""]
        and figure.axes[2].get_xlabel() == "p"
        and figure.axes[0].get_legend() is not None
    )
    axes = new_figure(2, 2).add_subplot()
    surface_map(axes, a, b, np.where(loss > 1, np.nan, loss))
    surface_map(axes, a, b, np.ones_like(loss))
    with pytest.raises(ArgumentError, match="a surface is drawn over"):
        error_surface(a, b, loss.T)
    with pytest.raises(DataError, match="no loss on it is finite"):
        error_surface(a, b, np.full_like(loss, np.nan))
    with pytest.raises(ArgumentError, match=r"\(places, 2\)"):
        draw_path(axes, np.zeros((3, 3)), "SGD", PATH_COLOURS[0])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "digits"
    done = CliRunner().invoke(
        main, ["train", "softmax", "--limit", "60", "--epochs", "1", "--quiet", "--out", str(folder)]
    )
    assert done.exit_code == 0, done.output
    return folder


def test_look_surface(run, tmp_path):
    done = CliRunner().invoke(main, ["look", "surface", str(run), "--points", "5", "--samples", "20"])
    assert done.exit_code == 0, done.output
    assert "loss of 20 training samples over random direction 1 and random direction 2, 5 x 5 points" in done.output
    assert (run / "surface.png").stat().st_size > 10_000
    out = tmp_path / "own.png"
    over = ["--over", "linear.weight[0,5]", "linear.bias[3]", "--reach", "2"]
    done = CliRunner().invoke(main, ["look", "surface", str(run), *over, "--points", "3", "--out", str(out)])
    assert done.exit_code == 0 and out.exists() and "over linear.weight[0,5] and linear.bias[3]" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--over", "linear.weigt[0,0]", "linear.bias[0]"],
            "no parameter 'linear.weigt' in SoftmaxRegression. Did you",
        ),
        (["--points", "1"], "points must be an integer of 2 or more"),
        (["--reach", "0"], "reach must be in (0, inf)"),
        (["--samples", "0"], "samples must be an integer of 1 or more"),
    ],
)
def test_look_surface_of_what_is_not_there(run, words, said):
    done = CliRunner().invoke(main, ["look", "surface", str(run), *words])
    assert done.exit_code == 2 and said in done.stderr
