"""Every layer against PyTorch's: result, gradient to the input, gradients to the parameters, in both precisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradus
from gradus import nn

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
both_precisions = pytest.mark.parametrize("dtype", TOLERANCE)
drawn = settings(max_examples=30, deadline=None)


def close(got: gradus.Tensor, expected: Any, dtype: str, what: str) -> None:
    reference = expected.detach().numpy()
    assert got.shape == reference.shape, what
    assert got.dtype == reference.dtype, what
    scale = max(1.0, float(np.abs(reference).max(initial=0)))
    np.testing.assert_allclose(got.numpy(), reference, rtol=0, atol=TOLERANCE[dtype] * scale, err_msg=what)


def agree(ours: nn.Module, theirs: Any, x: np.ndarray, dtype: str) -> None:
    """Weights are loaded by name; then result and all gradients, weighted at random, must be the same."""
    theirs = theirs.to(getattr(torch, dtype))
    ours.astype(dtype).load_state_dict(theirs.state_dict())
    a = gradus.tensor(x.astype(dtype), requires_grad=True)
    b = torch.tensor(x.astype(dtype), requires_grad=True)
    y, reference = ours(a), theirs(b)
    close(y, reference, dtype, "result")
    g = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    y.backward(gradus.tensor(g))
    reference.backward(torch.tensor(g))
    close(a.grad, b.grad, dtype, "gradient to the input")
    expected = dict(theirs.named_parameters())
    for name, p in ours.named_parameters():
        close(p.grad, expected.pop(name).grad, dtype, f"gradient to {name}")
    assert not expected
    for name, value in theirs.state_dict().items():
        close(ours.state_dict()[name], value, dtype, name)


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


ACTIVATIONS = [
    ("ReLU", {}, {}),
    ("LeakyReLU", {"negative_slope": 0.2}, {"negative_slope": 0.2}),
    ("ELU", {"alpha": 1.5}, {"alpha": 1.5}),
    ("GELU", {}, {}),
    ("GELU", {"approximate": "tanh"}, {"approximate": "tanh"}),
    ("SiLU", {}, {}),
    ("Sigmoid", {}, {}),
    ("Tanh", {}, {}),
    ("Softplus", {}, {}),
    ("Softmax", {"axis": 1}, {"dim": 1}),
    ("Softmax", {}, {"dim": -1}),
    ("LogSoftmax", {"axis": 0}, {"dim": 0}),
    ("Identity", {}, {}),
]


@both_precisions
@pytest.mark.parametrize(("name", "options", "theirs"), ACTIVATIONS)
def test_activations(name: str, options: dict[str, Any], theirs: dict[str, Any], dtype: str) -> None:
    agree(getattr(nn, name)(**options), getattr(torch.nn, name)(**theirs), 3 * normal(4, 5, 6), dtype)


def test_hard_sigmoid() -> None:  # in float64 PyTorch's gradient has only the digits of a float32 1/6
    agree(nn.HardSigmoid(), torch.nn.Hardsigmoid(), 3 * normal(4, 5), "float32")


@pytest.mark.parametrize("name", ["ReLU", "LeakyReLU", "SiLU", "GELU", "Tanh", "Softmax"])
def test_activations_at_zero_and_beyond_numbers(name: str) -> None:
    theirs = torch.nn.Softmax(dim=-1) if name == "Softmax" else getattr(torch.nn, name)()
    agree(getattr(nn, name)(), theirs, np.array([0.0, -0.0, 1e30, -1e30]), "float64")
    beyond = np.array([np.nan, np.inf, -np.inf])
    close(getattr(nn, name)()(gradus.tensor(beyond)), theirs(torch.tensor(beyond)), "float64", "result")


@both_precisions
@pytest.mark.parametrize("shape", [(5, 4), (4,), (2, 3, 4), (0, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape: tuple[int, ...], bias: bool, dtype: str) -> None:
    agree(nn.Linear(4, 3, bias), torch.nn.Linear(4, 3, bias), normal(*shape), dtype)


def test_linear_agrees_where_there_are_many_features() -> None:
    agree(nn.Linear(784, 256), torch.nn.Linear(784, 256), normal(64, 784), "float32")


@st.composite
def sizes(draw: Any, axes: int, transposed: bool = False) -> tuple[np.ndarray, dict[str, Any]]:
    """An input, and a convolution's arguments that fit it."""
    def each(least: int, most: int) -> Any:
        return tuple(draw(st.lists(st.integers(least, most), min_size=axes, max_size=axes)))

    groups = draw(st.integers(1, 3))
    options: dict[str, Any] = {
        "in_channels": groups * draw(st.integers(1, 2)),
        "out_channels": groups * draw(st.integers(1, 3)),
        "kernel_size": each(1, 3),
        "stride": each(1, 3),
        "padding": each(0, 2),
        "dilation": each(1, 2),
        "groups": groups,
        "bias": draw(st.booleans()),
    }
    by_axis = zip(options["dilation"], options["kernel_size"], options["padding"], each(1, 6), strict=True)
    if transposed:
        lengths = [1 + 2 * p + extra for _, _, p, extra in by_axis]
        reach = zip(options["stride"], options["dilation"], strict=True)
        options["output_padding"] = tuple(max(s, d) - 1 for s, d in reach)
    else:
        lengths = [max(1, d * (k - 1) + extra - 2 * p) for d, k, p, extra in by_axis]
    return normal(draw(st.integers(1, 3)), options["in_channels"], *lengths), options


@drawn
@given(sizes(axes=1), st.sampled_from(["float32", "float64"]))
def test_conv1d(case: Any, dtype: str) -> None:
    x, options = case
    agree(nn.Conv1d(**options), torch.nn.Conv1d(**options), x, dtype)


@drawn
@given(sizes(axes=2), st.sampled_from(["float32", "float64"]))
def test_conv2d(case: Any, dtype: str) -> None:
    x, options = case
    agree(nn.Conv2d(**options), torch.nn.Conv2d(**options), x, dtype)


@drawn
@given(sizes(axes=2, transposed=True), st.sampled_from(["float32", "float64"]))
def test_conv_transpose2d(case: Any, dtype: str) -> None:
    x, options = case
    agree(nn.ConvTranspose2d(**options), torch.nn.ConvTranspose2d(**options), x, dtype)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, (2, 5)])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
def test_convolution_padded_by_name(padding: str, kernel: Any, dilation: int) -> None:
    options = {"kernel_size": kernel, "padding": padding, "dilation": dilation}
    agree(nn.Conv2d(2, 3, **options), torch.nn.Conv2d(2, 3, **options), normal(2, 2, 11, 12), "float64")


def test_convolution_of_no_images() -> None:
    agree(nn.Conv2d(2, 3, 3), torch.nn.Conv2d(2, 3, 3), normal(0, 2, 5, 5), "float64")


@st.composite
def windows(draw: Any, axes: int) -> tuple[np.ndarray, dict[str, Any]]:
    """An input, and a pooling's arguments that fit it."""
    kernel = tuple(draw(st.lists(st.integers(1, 3), min_size=axes, max_size=axes)))
    options: dict[str, Any] = {
        "kernel_size": kernel,
        "padding": tuple(draw(st.integers(0, k // 2)) for k in kernel),
        "stride": draw(st.sampled_from([None, 1, 2, (3,) * axes])),
    }
    lengths = [k + draw(st.integers(0, 5)) for k in kernel]
    return normal(draw(st.integers(1, 2)), draw(st.integers(1, 2)), *lengths), options


@pytest.mark.parametrize(("kind", "axes"), [("Max", 1), ("Max", 2), ("Avg", 1), ("Avg", 2)])
@drawn
@given(st.data(), st.sampled_from(["float32", "float64"]))
def test_pooling(kind: str, axes: int, data: Any, dtype: str) -> None:
    x, options = data.draw(windows(axes))
    name = f"{kind}Pool{axes}d"
    agree(getattr(nn, name)(**options), getattr(torch.nn, name)(**options), x, dtype)


def test_dilated_max_pooling() -> None:
    options = {"kernel_size": (3, 2), "stride": 1, "padding": 1, "dilation": (2, 1)}
    agree(nn.MaxPool2d(**options), torch.nn.MaxPool2d(**options), normal(2, 3, 9, 8), "float64")


@both_precisions
@pytest.mark.parametrize("output_size", [1, 3, (2, 5), (None, 4), (7, 11)])
def test_adaptive_average_pooling(output_size: Any, dtype: str) -> None:
    x = normal(2, 3, 6, 7)
    agree(nn.AdaptiveAvgPool2d(output_size), torch.nn.AdaptiveAvgPool2d(output_size), x, dtype)


@both_precisions
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(
    ("name", "shape"), [("BatchNorm1d", (6, 3)), ("BatchNorm1d", (6, 3, 5)), ("BatchNorm2d", (4, 3, 5, 2))]
)
def test_batch_norm(name: str, shape: tuple[int, ...], affine: bool, training: bool, dtype: str) -> None:
    options = {"eps": 1e-3, "momentum": 0.3, "affine": affine}
    ours, theirs = getattr(nn, name)(3, **options), getattr(torch.nn, name)(3, **options)
    with torch.no_grad():
        for number, value in enumerate(theirs.state_dict().values()):
            if value.ndim:
                value.copy_(torch.tensor([0.5, 1.0, 2.0]) + number)
    agree(ours.train(training), theirs.train(training), 2 + 3 * normal(*shape), dtype)


@both_precisions
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"elementwise_affine": False}, {"eps": 0.1}])
@pytest.mark.parametrize("shape", [4, (3, 4)])
def test_layer_norm(shape: Any, options: dict[str, Any], dtype: str) -> None:
    agree(nn.LayerNorm(shape, **options), torch.nn.LayerNorm(shape, **options), 2 + normal(2, 3, 4), dtype)


@both_precisions
def test_embedding(dtype: str) -> None:
    ours, theirs = nn.Embedding(7, 3), torch.nn.Embedding(7, 3).to(getattr(torch, dtype))
    ours.astype(dtype).load_state_dict(theirs.state_dict())
    places = np.array([[1, 6, 1], [0, 1, 3]])
    y, reference = ours(gradus.tensor(places)), theirs(torch.tensor(places))
    close(y, reference, dtype, "result")
    (y * y).sum().backward()
    (reference * reference).sum().backward()
    close(ours.weight.grad, theirs.weight.grad, dtype, "gradient to the table")


@pytest.mark.parametrize(("start", "end"), [(1, -1), (0, -1), (1, 2), (-2, -1), (2, 2)])
def test_flatten(start: int, end: int) -> None:
    agree(nn.Flatten(start, end), torch.nn.Flatten(start, end), normal(2, 3, 4, 5), "float64")


def test_dropout_outside_training() -> None:
    agree(nn.Dropout(0.5).eval(), torch.nn.Dropout(0.5).eval(), normal(3, 4), "float64")


def test_one_hot() -> None:
    labels = np.array([[2, 0], [1, 2]])
    expected = torch.nn.functional.one_hot(torch.tensor(labels), 4)
    np.testing.assert_array_equal(nn.functional.one_hot(labels, 4).numpy(), expected.numpy())


def lenet(layers: Any) -> Any:
    return layers.Sequential(
        layers.Conv2d(1, 6, 5, padding=2),
        layers.BatchNorm2d(6),
        layers.ReLU(),
        layers.AvgPool2d(2),
        layers.Conv2d(6, 16, 5),
        layers.Tanh(),
        layers.MaxPool2d(2),
        layers.Flatten(),
        layers.Linear(400, 10),
    )


@both_precisions
def test_a_whole_network_with_weights_loaded_by_name(dtype: str) -> None:
    agree(lenet(nn), lenet(torch.nn), normal(4, 1, 28, 28), dtype)


def test_state_dict_has_the_same_keys_and_shapes() -> None:
    ours = {name: t.shape for name, t in lenet(nn).state_dict().items()}
    assert list(ours.items()) == [(name, tuple(t.shape)) for name, t in lenet(torch.nn).state_dict().items()]


INITIALISERS = [
    ("xavier_uniform_", {"gain": 2.0}),
    ("xavier_normal_", {}),
    ("kaiming_uniform_", {"a": 0.5}),
    ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "relu"}),
    ("kaiming_normal_", {"nonlinearity": "tanh"}),
    ("orthogonal_", {"gain": 3.0}),
    ("normal_", {"mean": 1.0, "std": 2.0}),
    ("uniform_", {"a": -1.0, "b": 3.0}),
]


@pytest.mark.parametrize(("name", "options"), INITIALISERS)
def test_initial_values_are_spread_alike(name: str, options: dict[str, Any]) -> None:
    gradus.seed(0)
    torch.manual_seed(0)
    ours = getattr(nn.init, name)(gradus.zeros((60, 20, 5, 5), dtype="float64"), **options).numpy()
    theirs = getattr(torch.nn.init, name)(torch.zeros(60, 20, 5, 5, dtype=torch.float64), **options).numpy()
    quantiles = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0] if "uniform" in name else [0.05, 0.25, 0.5, 0.75, 0.95]
    expected = np.quantile(theirs, quantiles)
    np.testing.assert_allclose(np.quantile(ours, quantiles), expected, atol=0.04 * theirs.std())


@pytest.mark.parametrize("make", [lambda n: n.Linear(30, 200), lambda n: n.Conv2d(6, 200, 3, groups=2)])
def test_layers_start_as_pytorchs(make: Any) -> None:
    ours, theirs = make(nn).state_dict(), make(torch.nn).state_dict()
    for name, value in theirs.items():
        limit = float(value.abs().max())
        assert np.abs(ours[name].numpy()).max() == pytest.approx(limit, rel=0.05)
        assert ours[name].numpy().std() == pytest.approx(float(value.std()), rel=0.2)


@pytest.mark.parametrize("name", ["linear", "conv2d", "sigmoid", "tanh", "relu", "selu", "leaky_relu"])
def test_gains(name: str) -> None:
    expected = torch.nn.init.calculate_gain(name)
    assert nn.init.calculate_gain(name.replace("conv2d", "conv")) == pytest.approx(expected)
