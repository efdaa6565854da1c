"""What convolutional networks see: sizes, saliency, Grad-CAM, occlusion, deconvolution, inversion, maximisation."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import gradus
from gradus import draw, inspect, models, nn
from gradus.cli import main
from gradus.errors import ArgumentError, ShapeError

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def small(channels: int = 1, activation=nn.ReLU) -> nn.Sequential:
    """A convolutional classifier of 8x8 pictures into 3 classes, in float64."""
    gradus.seed(1)
    layers = (nn.Conv2d(channels, 4, 3), activation(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3))
    return nn.Sequential(*layers).astype("float64")


def np_conv(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """(c, h, w) by loops."""
    out, _, kh, kw = weight.shape
    y = np.zeros((out, x.shape[1] - kh + 1, x.shape[2] - kw + 1))
    for o, i, j in np.ndindex(y.shape):
        y[o, i, j] = (weight[o] * x[:, i : i + kh, j : j + kw]).sum() + bias[o]
    return y


# -- sizes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (models.LeNet(), (1, 28, 28)),
        (models.SimpleConvNet(), (1, 28, 28)),
        (models.DeepConvNet(3, (32, 40)), (3, 32, 40)),
        (models.AlexNet(size=(70, 80), hidden=8), (1, 70, 80)),
        (nn.Sequential(nn.Conv2d(1, 2, (3, 5), stride=(2, 1), padding=(0, 2), dilation=2)), (1, 20, 20)),
        (nn.Sequential(nn.Conv2d(1, 2, 4, padding="same"), nn.AvgPool2d(3, 2, padding=1)), (1, 9, 9)),
    ],
    ids=["lenet", "simple", "deep", "alexnet", "pairs", "same"],
)
def test_the_formula_gives_the_sizes_that_layers_have(model, shape):
    shapes = {row.name: row.output_shape[2:] for row in nn.summary(model, (1, *shape)).rows if row.output_shape}
    rows = inspect.window_sizes(model, shape)
    assert rows
    for row in rows:
        assert row.places == shapes[row.name]


def test_alexnets_sizes_are_those_of_the_text():
    rows = inspect.window_sizes(models.AlexNet(hidden=8), (1, 224, 224))
    assert [row.places[0] for row in rows] == [54, 26, 26, 12, 12, 12, 12, 5]
    assert [row.sees[0] for row in rows] == [11, 19, 51, 67, 99, 131, 163, 195]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_an_output_depends_on_as_many_pixels_as_it_is_said_to_see(count):
    """The pixels that move an element in the middle lie in a rectangle of that size, the next one's beside it."""
    gradus.seed(0)
    layers = (nn.Conv2d(1, 2, (5, 3), padding=2), nn.AvgPool2d(2), nn.Conv2d(2, 2, 3, stride=2), nn.AvgPool2d((1, 2)))
    model = nn.Sequential(*layers[:count])
    row = inspect.window_sizes(model, (1, 60, 70))[-1]
    found = []
    for move in (0, 1):
        x = gradus.randn(1, 1, 60, 70).requires_grad_()
        y = model(x)
        slope = gradus.grad(y[:, :, y.shape[2] // 2 + move, y.shape[3] // 2 + move].sum(), x).numpy()[0, 0]
        found.append([np.flatnonzero(slope.any(axis=axis)) for axis in (1, 0)])
    for axis in (0, 1):
        assert len(found[0][axis]) == np.ptp(found[0][axis]) + 1 == row.sees[axis]
        assert found[1][axis][0] - found[0][axis][0] == row.apart[axis]


def test_parameters_are_those_of_the_texts():
    count = {
        name: nn.summary(models.build(name, (1, 28, 28), 10)).parameters
        for name in ("lenet", "simpleconvnet", "deepconvnet")
    }
    deep = sum(9 * a * b + b for a, b in [(1, 16), (16, 16), (16, 32), (32, 32), (32, 64), (64, 64)])
    assert count == {"lenet": 61_706, "simpleconvnet": 433_890, "deepconvnet": deep + 4 * 4 * 64 * 50 + 50 + 510}


# -- saliency, Grad-CAM, occlusion -------------------------------------------------------------------------------------


def test_saliency_is_the_slope_of_the_score(rng):
    model, x = small(2, nn.Tanh), rng.normal(size=(2, 2, 8, 8))
    found = inspect.saliency(model, x, [2, 0])
    eps = 1e-6
    for n, i, j in [(0, 1, 1), (0, 4, 6), (1, 3, 3), (1, 5, 2)]:
        slopes = []
        for channel in range(2):
            up, down = x.copy(), x.copy()
            up[n, channel, i, j] += eps
            down[n, channel, i, j] -= eps
            up_, down_ = (model(gradus.tensor(a)).numpy()[n, [2, 0][n]] for a in (up, down))
            slopes.append(abs(up_ - down_) / (2 * eps))
        assert found[n, i, j] == pytest.approx(max(slopes), rel=1e-5, abs=1e-9)
    assert found.shape == (2, 8, 8)


def test_saliency_leaves_the_model_as_it_was(rng):
    model = small().train()
    inspect.saliency(model, rng.normal(size=(1, 1, 8, 8)))
    inspect.grad_cam(model, rng.normal(size=(1, 1, 8, 8)))
    assert all(m.training and not m._forward_hooks for m in model.modules())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_grad_cam_by_hand(rng):
    """Behind the maps a mean over each and a linear layer: then alpha_k is the layer's weight over the map's size."""
    gradus.seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 5, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3)
    ).astype("float64")
    x = rng.normal(size=(2, 1, 6, 6))
    maps = np.maximum(np.stack([np_conv(np.pad(a, ((0, 0), (1, 1), (1, 1))), *_numbers(model[0])) for a in x]), 0)
    for target in (0, 2):
        alpha = model[4].weight.numpy()[target] / 36
        expected = np.maximum(np.einsum("k,nkij->nij", alpha, maps), 0)
        np.testing.assert_allclose(inspect.grad_cam(model, x, target), expected, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(inspect.grad_cam(model, x, target, "1"), expected, rtol=1e-10, atol=1e-12)


def _numbers(layer):
    return layer.weight.numpy(), layer.bias.numpy()


def test_maps_are_enlarged_between_their_centres():
    x = np.arange(4.0)
    maps = np.broadcast_to(x[:, None] + 10 * x, (1, 4, 4))
    found = inspect.enlarged(maps, (8, 12))[0]
    rows, columns = (np.clip((np.arange(n) + 0.5) * 4 / n - 0.5, 0, 3) for n in (8, 12))
    np.testing.assert_allclose(found, rows[:, None] + 10 * columns, atol=1e-12)


def test_occlusion_against_a_loop(rng):
    model, x = small(2), rng.uniform(size=(2, 8, 8))
    found = inspect.occlusion(model, x, 1, size=3, stride=2, value=0.25)
    assert found.shape == (4, 4)
    for row, i in enumerate(range(0, 8, 2)):
        for column, j in enumerate(range(0, 8, 2)):
            hidden = x.copy()
            for a in (i - 1, i, i + 1):
                for b in (j - 1, j, j + 1):
                    if 0 <= a < 8 and 0 <= b < 8:
                        hidden[:, a, b] = 0.25
            z = model(gradus.tensor(hidden[None])).numpy()[0]
            p = np.exp(z - z.max())
            assert found[row, column] == pytest.approx(p[1] / p.sum(), rel=1e-10)


def test_the_square_that_hides_what_matters_lowers_the_probability_most():
    """A classifier that only looks at the pixel (5, 2)."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    weight = np.zeros((2, 64), np.float32)
    weight[1, 5 * 8 + 2] = 9
    model.load_state_dict({"1.weight": weight, "1.bias": np.zeros(2, np.float32)})
    x = np.ones((1, 8, 8), np.float32)
    found = inspect.occlusion(model, x, 1, size=3, value=0)
    lowest = np.argwhere(found < 0.9)
    assert lowest.min(axis=0).tolist() == [4, 1] and lowest.max(axis=0).tolist() == [6, 3]
    assert np.argwhere(inspect.saliency(model, x[None], 1)[0] > 0).tolist() == [[5, 2]]


# -- deconvolution -----------------------------------------------------------------------------------------------------


def test_deconvolution_against_loops(rng):
    """Two blocks of convolution, ReLU and pooling, walked back by hand: switches, rectification, transposed filters."""
    gradus.seed(3)
    model = nn.Sequential(
        *(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(2)), *(nn.Conv2d(4, 3, 2), nn.ReLU(), nn.MaxPool2d(2))
    ).astype("float64")
    x = rng.normal(size=(2, 12, 12))
    ways = []
    signal = x
    for conv in (model[0], model[3]):
        z = np_conv(signal, *_numbers(conv))
        signal, switches = np_pool(np.maximum(z, 0))
        ways.append((conv.weight.numpy(), z.shape, switches))
    feature = int(signal.max(axis=(1, 2)).argmax())
    place = np.unravel_index(signal[feature].argmax(), signal[feature].shape)
    kept = np.zeros_like(signal)
    kept[(feature, *place)] = activation = signal[(feature, *place)]
    for weight, shape, switches in reversed(ways):
        kept = np_transposed(np.maximum(np_unpool(kept, switches, shape), 0), weight)

    found = inspect.deconvolution(model, x[None], "5", feature)
    assert activation > 0
    assert found.places[0].tolist() == list(place)
    assert found.activations[0] == pytest.approx(activation)
    np.testing.assert_allclose(found.pictures[0], kept, rtol=1e-9, atol=1e-12)
    assert inspect.most_active(model, x, "5") == feature


def np_pool(a):
    """2x2 maxima, and where each came from; equals (zeros) share what comes back."""
    c, h, w = a.shape[0], a.shape[1] // 2, a.shape[2] // 2
    y, switches = np.zeros((c, h, w)), {}
    for k, i, j in np.ndindex(c, h, w):
        window = a[k, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        y[k, i, j] = window.max()
        switches[k, i, j] = [(k, 2 * i + u, 2 * j + v) for u, v in np.ndindex(2, 2) if window[u, v] == window.max()]
    return y, switches


def np_unpool(signal, switches, shape):
    out = np.zeros(shape)
    for place, sources in switches.items():
        for source in sources:
            out[source] += signal[place] / len(sources)
    return out


def np_transposed(signal, weight):
    _, c, kh, kw = weight.shape
    x = np.zeros((c, signal.shape[1] + kh - 1, signal.shape[2] + kw - 1))
    for o, i, j in np.ndindex(signal.shape):
        x[:, i : i + kh, j : j + kw] += signal[o, i, j] * weight[o]
    return x


def test_a_deconvolution_stays_within_what_the_activation_sees(rng):
    model, x = models.LeNet(), rng.uniform(size=(4, 1, 28, 28)).astype(np.float32)
    found = inspect.deconvolution(model, x, "features.3", 5)
    sees = inspect.window_sizes(model, (1, 28, 28))[2].sees[0]
    for picture in found.pictures:
        rows, columns = np.nonzero(picture[0])
        assert np.ptp(rows) < sees and np.ptp(columns) < sees


def test_a_unit_of_a_linear_layer_is_followed_back_too(rng):
    model, x = small(), rng.normal(size=(3, 1, 8, 8))
    found = inspect.deconvolution(model, x, "4", 2)
    assert found.pictures.shape == x.shape
    np.testing.assert_allclose(found.activations, model(gradus.tensor(x)).numpy()[:, 2])


def test_the_strongest_pictures_come_first(rng):
    model, x = small(), rng.normal(size=(300, 1, 8, 8))
    tops = np.maximum(np.stack([np_conv(a, *_numbers(model[0])) for a in x]), 0)[:, 1].max(axis=(1, 2))
    assert inspect.strongest(model, x, "1", 1, count=5).tolist() == np.argsort(-tops)[:5].tolist()


# -- inversion and maximisation ----------------------------------------------------------------------------------------


def test_a_layer_that_keeps_everything_is_inverted(rng):
    gradus.seed(0)
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU())
    x0 = rng.uniform(0.1, 0.9, size=(1, 8, 8)).astype(np.float32)
    found = inspect.invert(model, x0, "0", steps=400, size=0, variation=0)
    np.testing.assert_allclose(found.picture, x0, atol=0.02)
    assert found.course.shape == (401,) and found.course[-1] < 0.01 < found.course[0]


def test_what_a_blind_layer_forgets_does_not_come_back(rng):
    """A layer of one average keeps the brightness only."""
    x0 = rng.uniform(0.1, 0.9, size=(1, 8, 8)).astype(np.float32)
    found = inspect.invert(nn.Sequential(nn.AdaptiveAvgPool2d(1)), x0, "0", steps=200, size=0, variation=0)
    assert found.picture.mean() == pytest.approx(x0.mean(), abs=0.01)
    assert abs(found.picture - x0).mean() > 0.1


def test_compiled_and_eager_descents_agree(rng):
    model, x0 = small(), rng.uniform(size=(1, 8, 8))
    a, b = (inspect.invert(model, x0, "2", steps=10, compile=c) for c in (True, False))
    np.testing.assert_allclose(a.course, b.course, rtol=1e-4)
    np.testing.assert_allclose(a.picture, b.picture, atol=1e-3)


def test_inversion_leaves_the_model_alone(rng):
    model = small()
    before = {name: p.numpy().copy() for name, p in model.named_parameters()}
    inspect.invert(model, rng.uniform(size=(1, 8, 8)), "2", steps=5)
    assert all(p.grad is None and (p.numpy() == before[name]).all() for name, p in model.named_parameters())


def test_a_maximised_unit_is_excited_more_than_by_any_sample(rng):
    model = small()
    x = rng.uniform(size=(200, 1, 8, 8))
    for unit in range(3):
        found = inspect.maximise(model, (1, 8, 8), unit, steps=150, size=0, variation=0)
        assert found.course[-1] > model(gradus.tensor(x)).numpy()[:, unit].max()
        assert found.picture.min() >= 0 and found.picture.max() <= 1
        at_end = model(gradus.tensor(found.picture[None])).numpy()[0, unit]
        assert found.course[-1] == pytest.approx(at_end, rel=1e-5)


def test_the_penalties_make_the_picture_smooth_and_grey():
    model = small()
    rough, smooth = (inspect.maximise(model, (1, 8, 8), 0, "1", 100, variation=v, size=0) for v in (0, 10.0))
    small_ = inspect.maximise(model, (1, 8, 8), 0, "1", 100, variation=0, size=10.0)
    variation = [inspect.total_variation(gradus.tensor(f.picture[None])).item() for f in (rough, smooth)]
    assert variation[1] < 0.2 * variation[0]
    assert abs(small_.picture - 0.5).mean() < 0.5 * abs(rough.picture - 0.5).mean()


def test_total_variation_by_hand(rng):
    x = rng.normal(size=(2, 3, 5, 4))
    expected = (np.diff(x, axis=3) ** 2).mean() + (np.diff(x, axis=2) ** 2).mean()
    assert inspect.total_variation(gradus.tensor(x)).item() == pytest.approx(expected)


# -- filters and pictures ----------------------------------------------------------------------------------------------


def test_filters_are_a_copy():
    model = models.LeNet()
    found = inspect.filters(model)
    found[:] = 0
    assert model.features[0].weight.numpy().any()


def test_a_mosaic_shows_each_filter_at_full_contrast():
    page = draw.mosaic(np.array([[[[1.0, -1.0]]], [[[0.0, 5.0]]]]), columns=1)
    assert page.shape == (5, 4, 3)
    assert page[1, 1:3, 0].tolist() == [1.0, 0.0]
    assert page[3, 1:3, 0].tolist() == [0.5, 1.0]


# -- errors ------------------------------------------------------------------------------------------------------------

X = np.zeros((2, 1, 28, 28), np.float32)
REGRESSION = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 26 * 26, 1))
MLP = models.MLP([784, 8, 10])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: inspect.saliency(REGRESSION, X), r"is no classifier: for 2 pictures it gives \(2, 1\)"),
        (lambda: inspect.saliency(models.LeNet(), X, 10), "10 classes, 0 to 9; target is 10"),
        (lambda: inspect.saliency(models.LeNet(), X, -1), "target must be an integer of 0 or more, got -1"),
        (lambda: inspect.grad_cam(MLP, X), "MLP has no convolution"),
        (lambda: inspect.grad_cam(models.LeNet(), X, layer="features.33"), "no layer 'features.33'.*Known.*features.3"),
        (lambda: inspect.grad_cam(models.LeNet(), X, layer="classifier.1"), "gives .2, 120., no maps"),
        (lambda: inspect.occlusion(models.LeNet(), X[0], 3, size=29), "hides the whole picture"),
        (lambda: inspect.occlusion(models.LeNet(), X[0], 3, stride=0), "stride must be an integer of 1 or more"),
        (lambda: inspect.filters(MLP), "MLP has no convolution"),
        (lambda: inspect.filters(models.LeNet(), "features.1"), "is a ReLU and has no filters.*features.0"),
        (lambda: inspect.deconvolution(models.LeNet(), X, "features", 0), "features is made of layers.*features.0"),
        (lambda: inspect.deconvolution(models.LeNet(), X, "features.1", 6), "has 6 features, 0 to 5; got 6"),
        (lambda: inspect.strongest(models.LeNet(), X, "features.9", 0), "no layer 'features.9'"),
        (lambda: inspect.invert(models.LeNet(), X[0], "nothing"), "no layer 'nothing'. Known: features, features.0"),
        (lambda: inspect.invert(nn.Sequential(nn.ReLU()), -X[0] - 1, "0"), "gives only zeros"),
        (lambda: inspect.invert(models.LeNet(), X[0] + 1, "features.0", steps=0), "steps must be an integer of 1"),
        (lambda: inspect.maximise(models.LeNet(), (1, 28, 28), 10), "LeNet has 10 units, 0 to 9; got 10"),
        (lambda: inspect.maximise(models.LeNet(), (1, 28, 28), 0, lr=0), "lr must be in"),
        (lambda: draw.mosaic(np.ones((2, 2, 3, 3))), "expected filters"),
        (lambda: draw.picture_rows([]), "nothing to draw"),
        (lambda: draw.filters({}), "nothing to draw"),
        (lambda: draw.draw_picture(draw.new_figure(1, 1).add_subplot(), np.ones((2, 3, 3))), "expected a picture"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: inspect.saliency(models.LeNet(), X[0]),
        lambda: inspect.occlusion(models.LeNet(), X, 3),
        lambda: inspect.invert(models.LeNet(), X, "features.0"),
    ],
)
def test_pictures_need_their_axes(call):
    with pytest.raises(ShapeError, match="expects"):
        call()


def test_layers_that_are_no_chain_are_not_walked_back():
    class Residual(nn.Module):
        def __init__(self):
            self.a, self.b = nn.Conv2d(1, 1, 3, padding=1), nn.ReLU()

        def forward(self, x):
            return self.b(x + self.a(x))

    with pytest.raises(ArgumentError, match="b does not take what a gave"):
        inspect.deconvolution(Residual(), X, "b", 0)


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for model in ("convnet", "softmax"):
        words = ["train", model, "--limit", "60", "--epochs", "1", "--quiet", "--out", str(folder / model)]
        assert CliRunner().invoke(main, words).exit_code == 0
    return folder


@pytest.mark.parametrize(
    ("words", "said", "name"),
    [
        (["filters", "RUN"], ["16 filters of 1 channels, 3x3", "before", "after"], "filters.png"),
        (
            ["saliency", "RUN", "--sample", "3", "--size", "3"],
            ["saliency ", "gradcam ", "occlusion ", "deconvolution ", "features.4, feature"],
            "saliency.png",
        ),
        (
            ["saliency", "RUN", "--method", "deconvolution", "--layer", "features.1", "--feature", "2"],
            ["features.1, feature 2:"],
            "saliency.png",
        ),
        (["invert", "RUN", "--layer", "features.0", "--steps", "5"], ["features.0 ", "%"], "invert.png"),
        (["maximise", "RUN", "--unit", "3", "--steps", "5"], ["3 ", " -> "], "maximise.png"),
    ],
    ids=["filters", "saliency", "deconvolution", "invert", "maximise"],
)
def test_looks(runs, words, said, name):
    run = runs / "convnet"
    result = CliRunner().invoke(main, ["look", *[str(run) if word == "RUN" else word for word in words]])
    assert result.exit_code == 0, result.output
    for text in [*said, str(run / name)]:
        assert text in result.output
    with Image.open(run / name) as picture:
        assert min(picture.size) > 100


def test_of_a_model_without_convolutions_the_look_draws_what_can_be_drawn(runs):
    result = CliRunner().invoke(main, ["look", "saliency", str(runs / "softmax"), "--size", "3"])
    assert result.exit_code == 0, result.output
    assert "Left out: gradcam and deconvolution: SoftmaxRegression has no convolution" in result.output
    assert [line.split()[0] for line in result.output.splitlines()][1:3] == ["saliency", "occlusion"]
    assert (runs / "softmax" / "saliency.png").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["filters", "softmax"], "has no convolution"),
        (["saliency", "softmax", "--method", "saliency", "--method", "gradcam"], "gradcam cannot be drawn: Softmax"),
        (["saliency", "softmax", "--method", "deconvolution"], "Take --method saliency or --method occlusion"),
        (["saliency", "convnet", "--sample", "999"], "digits has 359 test pictures, 0 to 358"),
        (["saliency", "convnet", "--method", "gradcam", "--layer", "features.x"], "no layer 'features.x'"),
        (["invert", "convnet", "--layer", "nothing"], "Known: features, features.0"),
        (["maximise", "convnet", "--unit", "10"], "10 units, 0 to 9; got 10"),
        (["filters", "nowhere"], "there is no run"),
    ],
)
def test_looks_that_fail(runs, words, message):
    result = CliRunner().invoke(main, ["look", words[0], str(runs / words[1]), *words[2:]])
    assert result.exit_code == 2 and message in result.stderr
    assert "Traceback" not in result.output
