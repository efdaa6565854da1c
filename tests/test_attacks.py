"""Attacks: what they change, how far, and that what they report is so."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

import gradus
from gradus import datasets, draw, nn, optim
from gradus.cli import main
from gradus.errors import ArgumentError, DataError, ShapeError
from gradus.inspect import Attack, differential_evolution, every_target, fgsm, one_pixel, pgd
from gradus.models import ConvNet, LinearRegression, SoftmaxRegression

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(scope="module")
def digits():
    """A small convolutional network that reads the digits, and test pictures."""
    gradus.seed(0)
    train, test = datasets.digits()
    model = ConvNet()
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    gradus.Trainer(model, "cross_entropy", optimizer).fit(train, epochs=8, progress=False)
    return model, *(a[:120] for a in test.arrays)


def probabilities(model, x):
    """By hand, in eager mode."""
    model.eval()
    with gradus.no_grad():
        z = model(gradus.tensor(x)).numpy()
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


# -- following the gradient --------------------------------------------------------------------------------------------


def linear(rng):
    """A softmax regression with known weights, and inputs for it."""
    model = SoftmaxRegression(6, 4)
    (_, weight), (_, bias) = model.named_parameters()
    W, b = rng.normal(size=(4, 6)).astype("float32"), rng.normal(size=4).astype("float32")
    weight.assign_(gradus.tensor(W))
    bias.assign_(gradus.tensor(b))
    return model, W, b, rng.uniform(0.0, 1.0, (30, 6)).astype("float32"), rng.integers(0, 4, 30)


@pytest.mark.parametrize("targeted", [False, True])
def test_fgsm_of_a_linear_model_is_the_closed_form(targeted):
    """There dL/dx = W^T (softmax(Wx + b) - onehot(y))."""
    rng = np.random.default_rng(0)
    model, W, b, x, y = linear(rng)
    t = (y + 1) % 4
    z = x @ W.T + b
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    g = (p - np.eye(4)[t if targeted else y]) @ W
    expected = np.clip(x + (-1 if targeted else 1) * 0.07 * np.sign(g), 0, 1)
    found = fgsm(model, x, y, eps=0.07, targets=t if targeted else None)
    np.testing.assert_allclose(found.attacked, expected, atol=1e-6)
    np.testing.assert_allclose(found.before, p, atol=1e-5)


def test_a_targeted_step_goes_to_the_target():
    model, _, _, x, y = linear(np.random.default_rng(1))
    t = (y + 1) % 4
    found = fgsm(model, x, y, eps=0.1, targets=t)
    i = np.arange(len(t))
    assert (found.after[i, t] >= found.before[i, t]).all()
    assert found.fooled[found.right].tolist() == (found.after.argmax(1) == t)[found.right].tolist()


@pytest.mark.parametrize("eps", [0.05, 0.1, 0.2])
def test_pgd_stays_in_the_ball_and_is_as_strong_as_fgsm(digits, eps):
    model, x, y = digits
    weak, strong = fgsm(model, x, y, eps), pgd(model, x, y, eps)
    for found in (weak, strong):
        assert np.abs(found.attacked - x).max() <= eps + 1e-6
        assert found.attacked.min() >= 0
        assert found.attacked.max() <= 1
        assert found.attacked.dtype == x.dtype
    assert strong.success_rate >= weak.success_rate
    loss = [-np.log(a.after[np.arange(len(y)), y]).mean() for a in (weak, strong)]
    assert loss[1] > loss[0]


def test_success_grows_with_eps(digits):
    rates = [pgd(*digits, eps=eps).success_rate for eps in (0.0, 0.1, 0.3)]
    assert rates[0] == 0
    assert rates[1] < rates[2]
    assert rates[2] > 0.9


def test_reported_successes_are_real(digits):
    model, x, y = digits
    for found in (fgsm(model, x, y), pgd(model, x, y, targets=(y + 3) % 10), one_pixel(model, x[:6], y[:6], steps=10)):
        before, after = probabilities(model, found.x), probabilities(model, found.attacked)
        np.testing.assert_allclose(found.after, after, atol=1e-5)
        seen = after.argmax(1)
        wanted = seen != found.y if found.targets is None else seen == found.targets
        assert found.fooled.tolist() == ((before.argmax(1) == found.y) & wanted).tolist()
        assert found.accuracy == (seen == found.y).mean()


def test_the_mode_and_the_weights_of_the_model_are_left(digits):
    model, x, y = digits
    kept = {n: t.numpy().copy() for n, t in model.state_dict().items()}
    model.train()
    fgsm(model, x[:3], y[:3])
    assert all(m.training for m in model.modules())
    assert all((t.numpy() == kept[n]).all() for n, t in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_no_rate_where_nothing_was_right():
    p = np.array([[0.2, 0.8]])
    assert np.isnan(Attack(np.zeros((1, 2)), np.zeros((1, 2)), np.array([0]), p, p).success_rate)


# -- differential evolution --------------------------------------------------------------------------------------------


def test_evolution_finds_the_lowest_of_many_valleys():
    """Rastrigin's function has about 100 valleys here; the lowest is at 0.4."""

    def f(p):
        z = 10 * (p - 0.4)
        return (z**2 - 10 * np.cos(2 * np.pi * z) + 10).sum(1)

    rng = np.random.default_rng(0)
    found = differential_evolution(f, rng.random((100, 2)), rng, steps=100)
    np.testing.assert_allclose(found.best, 0.4, atol=1e-3)
    assert (np.diff(found.history) <= 0).all()
    assert found.evaluations == 101 * 100
    assert found.value == found.history[-1] == pytest.approx(float(f(found.best[None])[0]))


def test_evolution_stays_in_the_cube_and_ends_when_it_is_enough():
    seen = []

    def f(p):
        seen.append(p)
        return -p.sum(1)

    rng = np.random.default_rng(0)
    found = differential_evolution(f, rng.random((20, 3)), rng, enough=lambda values: values.min() < -2.99)
    assert min(p.min() for p in seen) >= 0
    assert max(p.max() for p in seen) <= 1
    assert found.value < -2.99
    assert len(found.history) < 101
    assert len(seen) == len(found.history)


def test_children_are_of_three_others():
    """Without the cut: child - parent a is scale times a difference of two, and none of the three is its rival."""
    from gradus.inspect.attacks.evolution import _children

    places = 0.4 + 1e-3 * np.eye(12)
    for seed in range(20):
        for i, child in enumerate(_children(places, 0.5, np.random.default_rng(seed))):
            signs = np.round((child - 0.4) / 5e-4).astype(int)
            assert signs[i] == 0
            assert sorted(signs[signs != 0].tolist()) == [-1, 1, 2]


@pytest.mark.parametrize(
    ("first", "options", "words"),
    [
        (np.zeros((3, 2)), {}, "4 or more"),
        (np.zeros(8), {}, r"\(8,\)"),
        (np.full((5, 2), 1.5), {}, r"\[0, 1\]"),
        (np.zeros((5, 2)), {"scale": 0.0}, "scale"),
        (np.zeros((5, 2)), {"steps": -1}, "steps"),
    ],
)
def test_evolution_refuses(first, options, words):
    with pytest.raises((ArgumentError, ShapeError), match=words):
        differential_evolution(lambda p: p.sum(1), first, np.random.default_rng(0), **options)


# -- one pixel ---------------------------------------------------------------------------------------------------------


def test_one_pixel_changes_one_pixel_and_fools(digits):
    model, x, y = digits
    found = one_pixel(model, x[:30], y[:30], population=100, steps=30)
    changed = (found.attacked != found.x).any(1).sum((1, 2))
    assert (changed <= 1).all()
    assert (changed[found.fooled] == 1).all()
    assert 0.05 <= found.success_rate <= 0.9
    for i in np.flatnonzero(changed):
        (place,) = np.argwhere((found.attacked[i] != found.x[i]).any(0))
        assert place.tolist() == found.places[i, 0].tolist()
    assert (found.evaluations[found.right] >= 100).all()
    assert (found.evaluations <= 3100).all()


def test_more_pixels_fool_more(digits):
    model, x, y = digits
    one, three = (one_pixel(model, x[:20], y[:20], pixels=n, population=60, steps=20) for n in (1, 3))
    changed = (three.attacked != three.x).any(1).sum((1, 2))
    assert changed.max() == 3
    assert three.success_rate > one.success_rate


def test_a_target_is_sought(digits):
    model, x, y = digits
    right = probabilities(model, x).argmax(1) == y
    pictures, labels, targets = every_target(x[right][:2], y[right][:2], 10)
    found = one_pixel(model, pictures, labels, population=60, steps=15, targets=targets)
    i = np.arange(18)
    assert (found.after[i, targets] >= found.before[i, targets]).mean() > 0.9
    assert found.fooled.tolist() == (found.after.argmax(1) == targets).tolist()


def test_a_wrong_picture_is_left_as_it_is(digits):
    model, x, y = digits
    found = one_pixel(model, x[:3], (y[:3] + 1) % 10, steps=2)
    assert (found.attacked == x[:3]).all()
    assert found.evaluations.tolist() == [0, 0, 0]


@pytest.mark.parametrize("attack", [pgd, lambda m, x, y, seed: one_pixel(m, x, y, population=20, steps=5, seed=seed)])
def test_the_same_seed_gives_the_same_bits(digits, attack):
    model, x, y = digits[0], digits[1][:5], digits[2][:5]
    one, same, other = (attack(model, x, y, seed=s).attacked for s in (7, 7, 8))
    assert (one == same).all()
    assert (one != other).any()


def test_a_picture_is_attacked_alike_alone_and_among_others(digits):
    model, x, y = digits
    among, alone = (one_pixel(model, x[:n], y[:n], population=20, steps=5).attacked for n in (5, 1))
    assert (among[0] == alone[0]).all()


# -- what is refused ---------------------------------------------------------------------------------------------------

X, Y = np.full((2, 1, 4, 4), 0.5, "float32"), np.array([0, 1])


@pytest.mark.parametrize("attack", [fgsm, pgd, one_pixel])
@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({"model": LinearRegression(16)}, ArgumentError, "no classifier"),
        ({"model": nn.Sequential(nn.Conv2d(1, 2, 3))}, ArgumentError, "no classifier"),
        ({"model": lambda x: x}, ArgumentError, "Module"),
        ({"x": 255 * X}, DataError, "from 127.5 to 127.5"),
        ({"x": X - 1}, DataError, r"in \[0, 1\]"),
        ({"x": X * np.float32("nan")}, DataError, r"in \[0, 1\]"),
        ({"x": X.astype("uint8")}, DataError, "255"),
        ({"x": X[:0]}, ShapeError, "one or more"),
        ({"y": np.array([0, 3])}, DataError, "label 3 at place 1.*0 to 2"),
        ({"y": np.array([-1, 0])}, DataError, "label -1"),
        ({"y": np.array([0.0, 1.0])}, DataError, "integer"),
        ({"y": np.array([0])}, ShapeError, r"\(2,\)"),
        ({"targets": np.array([0, 0])}, DataError, "own class"),
        ({"targets": np.array([1, 3])}, DataError, "target 3"),
    ],
)
def test_attacks_refuse(attack, changed, kind, words):
    given = {"model": SoftmaxRegression(16, 3), "x": X, "y": Y} | changed
    with pytest.raises(kind, match=words):
        attack(**given)


@pytest.mark.parametrize(
    ("attack", "options", "words"),
    [
        (fgsm, {"eps": -0.1}, "eps"),
        (pgd, {"eps": 1.5}, "eps"),
        (pgd, {"steps": 0}, "steps"),
        (pgd, {"step": -1.0}, "step"),
        (one_pixel, {"pixels": 0}, "pixels"),
        (one_pixel, {"population": 3}, "population"),
        (one_pixel, {"steps": -1}, "steps"),
    ],
)
def test_attacks_refuse_arguments(attack, options, words):
    with pytest.raises(ArgumentError, match=words):
        attack(SoftmaxRegression(16, 3), X, Y, **options)


def test_one_pixel_needs_pictures():
    with pytest.raises(ShapeError, match="height, width"):
        one_pixel(SoftmaxRegression(16, 3), X.reshape(2, 16), Y)


def test_a_picture_says_what_the_model_sees_and_how_sure_it_is():
    x, p = np.zeros((1, 1, 8, 8)), np.array([[0.02, 0.98]])
    axes = draw.attack_examples(x, x + 0.25, p, p[:, ::-1], ["4", "9"]).axes
    assert [a.get_title() for a in axes] == ["9\n98 % sure", "by up to 0.25", "4\n98 % sure"]


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "digits"
    words = ["train", "softmax", "--limit", "300", "--epochs", "3", "--quiet", "--out", str(folder)]
    assert CliRunner().invoke(main, words).exit_code == 0
    return folder


@pytest.mark.parametrize("method", ["fgsm", "pgd", "one-pixel"])
def test_look_attack(run, tmp_path, method):
    out = tmp_path / "a.png"
    words = ["look", "attack", str(run), "--method", method, "--samples", "5", "--eps", "0.2", "--out", str(out)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert "of 5 test pictures" in result.output
    assert "accuracy: " in result.output
    assert out.stat().st_size > 1000


def test_look_attack_refuses(run, tmp_path):
    result = CliRunner().invoke(main, ["look", "attack", str(run), "--eps", "-1"])
    assert result.exit_code == 2
    assert "eps must be in" in result.stderr
    result = CliRunner().invoke(main, ["look", "attack", str(tmp_path)])
    assert result.exit_code == 2
