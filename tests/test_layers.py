"""Layers against their definitions, their gradients, what they refuse, and what modules and containers keep."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradus
from gradus import nn
from gradus.errors import ArgumentError, CheckpointError, DataError, DtypeError, ShapeError
from gradus.nn import functional as F

drawn = settings(max_examples=25, deadline=None)
RNG = np.random.default_rng(0)
FIRST = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def the_same_numbers_in_any_order_of_the_tests() -> None:
    RNG.bit_generator.state = FIRST


def normal(*shape: int) -> gradus.Tensor:
    return gradus.tensor(RNG.normal(size=shape))


# -- against a loop ----------------------------------------------------------------------------------------------------


def convolved(x: np.ndarray, weight: np.ndarray, stride: int, padding: int, dilation: int, groups: int) -> np.ndarray:
    """Convolution as a loop over every place, from its definition."""
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    (n, _, h, w), (out, each, kh, kw) = x.shape, weight.shape
    oh, ow = (h - dilation * (kh - 1) - 1) // stride + 1, (w - dilation * (kw - 1) - 1) // stride + 1
    y = np.zeros((n, out, oh, ow))
    for o, i, j in itertools.product(range(out), range(oh), range(ow)):
        first = o // (out // groups) * each
        rows = i * stride + dilation * np.arange(kh)
        columns = j * stride + dilation * np.arange(kw)
        seen = x[:, first : first + each][:, :, rows[:, None], columns]
        y[:, o, i, j] = (seen * weight[o]).sum((1, 2, 3))
    return y


@st.composite
def convolutions(draw: Any) -> tuple[Any, ...]:
    groups, kernel = draw(st.integers(1, 2)), draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    each, out = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    stride, padding, dilation = draw(st.integers(1, 3)), draw(st.integers(0, 2)), draw(st.integers(1, 2))
    h, w = (max(1, dilation * (k - 1) + 1 - 2 * padding) + draw(st.integers(0, 4)) for k in kernel)
    x, weight = RNG.normal(size=(2, groups * each, h, w)), RNG.normal(size=(groups * out, each, *kernel))
    return x, weight, stride, padding, dilation, groups


@drawn
@given(convolutions())
def test_convolution_is_its_definition(case: Any) -> None:
    x, weight, *sizes = case
    np.testing.assert_allclose(F.conv2d(x, weight, None, *sizes).numpy(), convolved(*case), atol=1e-12)


@drawn
@given(convolutions())
def test_transposed_convolution_is_the_adjoint(case: Any) -> None:
    """<conv(x), g> = <x, conv_transpose(g)>; what the stride leaves over of x is the output padding."""
    x, weight, stride, padding, dilation, groups = case
    y = F.conv2d(x, weight, None, stride, padding, dilation, groups)
    reach = [dilation * (k - 1) + 1 for k in weight.shape[2:]]
    left = [(n + 2 * padding - r) % stride for n, r in zip(x.shape[2:], reach, strict=True)]
    g = normal(*y.shape)
    back = F.conv_transpose2d(g, weight, None, stride, padding, tuple(left), groups, dilation)
    assert back.shape == x.shape
    assert (y * g).sum().item() == pytest.approx((back * x).sum().item(), abs=1e-9)


@drawn
@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 1), st.integers(0, 5))
def test_pooling_is_its_definition(kernel: int, stride: int, padding: int, more: int) -> None:
    padding = min(padding, kernel // 2)
    x = RNG.normal(size=(2, 3, kernel + more, kernel + 1))
    for function, reduce, value in ((F.max_pool2d, np.max, -np.inf), (F.avg_pool2d, np.mean, 0.0)):
        padded = np.pad(x, [(0, 0), (0, 0), *[(padding, padding)] * 2], constant_values=value)
        seen = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (2, 3))[:, :, ::stride, ::stride]
        np.testing.assert_allclose(function(x, kernel, stride, padding).numpy(), reduce(seen, (-2, -1)), atol=1e-12)


def test_equal_largest_elements_share_the_gradient() -> None:
    x = gradus.tensor([[1.0, 1.0], [0.0, 1.0]], requires_grad=True)
    F.max_pool2d(x, 2).backward(gradus.ones((1, 1)))
    np.testing.assert_allclose(x.grad.numpy(), np.array([[1, 1], [0, 1]]) / 3, rtol=1e-6)


def test_adaptive_pooling_of_a_whole_image_is_its_mean() -> None:
    x = normal(2, 3, 5, 4)
    np.testing.assert_allclose(F.adaptive_avg_pool2d(x, 1).numpy()[..., 0, 0], x.numpy().mean((2, 3)))


# -- gradients, to second order ----------------------------------------------------------------------------------------


def check_gradients(function: Callable[..., gradus.Tensor], *inputs: gradus.Tensor) -> None:
    """Along one random direction, the derivative and the second derivative equal differences of values and slopes."""
    directions = [normal(*x.shape) for x in inputs]
    weights = normal(*function(*inputs).shape)

    def along(t: float) -> tuple[float, float, float]:
        moved = [(x + t * d).detach().requires_grad_() for x, d in zip(inputs, directions, strict=True)]
        value = (function(*moved).tanh() * weights).sum()  # tanh: so that linear functions, too, have a second order
        slopes = gradus.grad(value, moved, create_graph=True)
        slope = sum((g * d).sum() for g, d in zip(slopes, directions, strict=True))
        curves = gradus.grad(slope, moved)
        return value.item(), slope.item(), sum((g * d).sum().item() for g, d in zip(curves, directions, strict=True))

    step = 1e-5
    (_, slope, curve), before, after = along(0.0), along(-step), along(step)
    assert slope == pytest.approx((after[0] - before[0]) / (2 * step), rel=1e-6, abs=1e-7)
    assert curve == pytest.approx((after[1] - before[1]) / (2 * step), rel=1e-6, abs=1e-7)


def batch_normed(x: gradus.Tensor, weight: gradus.Tensor, bias: gradus.Tensor) -> gradus.Tensor:
    return F.batch_norm(x, weight=weight, bias=bias, training=True)


DIFFERENTIABLE: dict[str, tuple[Callable[..., gradus.Tensor], tuple[tuple[int, ...], ...]]] = {
    "conv1d": (lambda x, w, b: F.conv1d(x, w, b, 2, 1), ((2, 2, 7), (3, 2, 3), (3,))),
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b, (2, 1), (1, 2), (1, 2)), ((2, 2, 5, 6), (3, 2, 3, 2), (3,))),
    "conv2d in groups": (lambda x, w: F.conv2d(x, w, groups=2, padding="same"), ((2, 4, 4, 4), (2, 2, 3, 3))),
    "conv_transpose2d": (lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1), ((2, 2, 3, 4), (2, 3, 3, 2), (3,))),
    "max_pool2d": (lambda x: F.max_pool2d(x, 3, 2, 1), ((2, 2, 6, 5),)),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, (2, 3), 1, 1), ((2, 2, 6, 5),)),
    "adaptive_avg_pool2d": (lambda x: F.adaptive_avg_pool2d(x, (2, 3)), ((2, 5, 7),)),
    "batch_norm": (batch_normed, ((5, 3), (3,), (3,))),
    "batch_norm of images": (batch_normed, ((4, 2, 3, 2), (2,), (2,))),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (3, 4), w, b), ((2, 3, 4), (3, 4), (3, 4))),
    "linear": (F.linear, ((3, 4), (2, 4), (2,))),
    "elu": (F.elu, ((3, 4),)),
    "gelu": (F.gelu, ((3, 4),)),
    "gelu by tanh": (lambda x: F.gelu(x, "tanh"), ((3, 4),)),
    "silu": (F.silu, ((3, 4),)),
    "leaky_relu": (F.leaky_relu, ((3, 4),)),
    "softmax": (F.softmax, ((3, 4),)),
    "log_softmax": (lambda x: F.log_softmax(x, 0), ((3, 4),)),
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_to_second_order(name: str) -> None:
    function, shapes = DIFFERENTIABLE[name]
    check_gradients(function, *(normal(*shape) for shape in shapes))


def test_gradient_of_the_step_is_zero() -> None:
    x = gradus.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    y = nn.Step()(x)
    y.sum().backward()
    assert y.tolist() == [0, 0, 1]
    assert x.grad.tolist() == [0, 0, 0]


# -- what layers refuse ------------------------------------------------------------------------------------------------


def test_a_wrong_last_axis_is_explained() -> None:
    model = nn.Sequential(nn.Linear(784, 10), nn.ReLU())
    with pytest.raises(ShapeError) as caught:
        model(gradus.zeros((256, 28, 28)))
    text = str(caught.value)
    assert text.startswith("Linear(in_features=784): input's last axis is 28, in model[0] (Sequential > Linear)")
    assert "called at test_layers.py:" in text
    assert "Put a Flatten() before it, or reshape the input to (256, 784)." in text


REFUSED: list[tuple[type[Exception], str, Callable[[], Any]]] = [
    (ShapeError, r"in_features=3, or", lambda: nn.Linear(4, 2)(gradus.zeros((5, 3)))),
    (ShapeError, r"\(in_channels=3\): input has 1 channels", lambda: nn.Conv2d(3, 4, 3)(gradus.zeros((2, 1, 5, 5)))),
    (ShapeError, r"x\[:, None\]", lambda: nn.Conv2d(1, 4, 3)(gradus.zeros((2, 5, 5)))),
    (ShapeError, r"\(n, c, l\)", lambda: nn.Conv1d(1, 4, 3)(gradus.zeros((2, 1, 5, 5)))),
    (ShapeError, r"smaller kernel", lambda: nn.Conv2d(1, 4, 7)(gradus.zeros((2, 1, 5, 5)))),
    (ShapeError, r"expects 2 channels", lambda: F.conv2d(gradus.zeros((1, 3, 5, 5)), gradus.zeros((1, 2, 3, 3)))),
    (ShapeError, r"must be \(n, c, h, w\)", lambda: F.conv2d(gradus.zeros((2, 5, 5)), gradus.zeros((1, 3, 3, 3)))),
    (ShapeError, r"cuts everything off", lambda: nn.ConvTranspose2d(1, 1, 2, padding=1)(gradus.zeros((1, 1, 1, 1)))),
    (ArgumentError, r"3 and 4 channels .* 2 groups", lambda: nn.Conv2d(3, 4, 3, groups=2)),
    (ArgumentError, r"kernel_size is an integer of 1 or more", lambda: nn.Conv2d(3, 4, 0)),
    (ArgumentError, r"or 2 of them, got \(3, 3, 3\)", lambda: nn.Conv2d(3, 4, (3, 3, 3))),
    (ArgumentError, r"needs a stride of 1", lambda: nn.Conv2d(1, 1, 3, 2, "same")(gradus.zeros((1, 1, 5, 5)))),
    (ArgumentError, r'"same", "valid" or', lambda: nn.Conv2d(1, 1, 3, 1, "full")(gradus.zeros((1, 1, 5, 5)))),
    (ArgumentError, r"smaller than the stride", lambda: nn.ConvTranspose2d(1, 1, 2, 1, 0, 1)(normal(1, 1, 2, 2))),
    (ArgumentError, r"more than half the window", lambda: nn.MaxPool2d(2, padding=2)(gradus.zeros((1, 1, 5, 5)))),
    (ShapeError, r"more than one value per channel", lambda: nn.BatchNorm1d(3)(gradus.zeros((1, 3)))),
    (ShapeError, r"BatchNorm2d\(num_features=3\)", lambda: nn.BatchNorm2d(3)(gradus.zeros((2, 4, 5, 5)))),
    (ShapeError, r"\(n, c\) or \(n, c, l\)", lambda: nn.BatchNorm1d(3)(gradus.zeros((2, 3, 5, 5)))),
    (ArgumentError, r"running mean and variance", lambda: F.batch_norm(gradus.zeros((2, 3)))),
    (ShapeError, r"the last axes \(4,\)", lambda: nn.LayerNorm(4)(gradus.zeros((2, 3)))),
    (ArgumentError, r"p must be in \[0, 1\]", lambda: nn.Dropout(1.5)),
    (ArgumentError, r"p must be in \[0, 1\]", lambda: F.dropout([1.0], -0.1)),
    (DataError, r"5 at \[1\] has no row", lambda: nn.Embedding(5, 2)(gradus.tensor([0, 5]))),
    (DataError, r"-1 at \[0\] has no row", lambda: nn.Embedding(5, 2)(gradus.tensor([-1]))),
    (DtypeError, r"integers", lambda: nn.Embedding(5, 2)(gradus.tensor([1.0]))),
    (DataError, r"label 3 at \[0, 1\]", lambda: F.one_hot([[0, 3]], 3)),
    (DtypeError, r"labels are integers", lambda: F.one_hot([0.5], 3)),
    (ShapeError, r"Flatten", lambda: nn.Flatten(3)(gradus.zeros((2, 3)))),
    (ShapeError, r"axis 1 comes before axis 2", lambda: nn.Flatten(2, 1)(gradus.zeros((2, 3, 4)))),
    (ArgumentError, r"Did you mean 'tanh'", lambda: F.gelu([0.0], "tan")),
    (TypeError, r"slope", lambda: nn.LeakyReLU(slope=0.1)),
    (ArgumentError, r"in_features must be an integer", lambda: nn.Linear(0, 3)),
    (ArgumentError, r"in_features must be an integer", lambda: nn.Linear(2.0, 3)),
    (ArgumentError, r"the class ReLU\. Make one: ReLU\(", lambda: nn.Sequential(nn.ReLU)),
    (ArgumentError, r"its parts are modules", lambda: nn.ModuleList([F.relu])),
    (ArgumentError, r"cannot be a part's name", lambda: nn.ModuleDict({"a.b": nn.ReLU()})),
    (ArgumentError, r"cannot be a part's name", lambda: nn.ModuleDict({"train": nn.ReLU()})),
    (KeyError, r"Did you mean 'first'", lambda: nn.ModuleDict({"first": nn.ReLU()})["frist"]),
    (IndexError, r"has 1 parts", lambda: nn.Sequential(nn.ReLU())[1]),
]


@pytest.mark.parametrize(("kind", "message", "call"), REFUSED, ids=[message for _, message, _ in REFUSED])
def test_refused(kind: type[Exception], message: str, call: Callable[[], Any]) -> None:
    with pytest.raises(kind, match=message):
        call()


# -- training and evaluation -------------------------------------------------------------------------------------------


def test_dropout_drops_a_share_and_keeps_the_mean() -> None:
    gradus.seed(0)
    layer, x = nn.Dropout(0.25), gradus.ones(20_000)
    y = layer(x).numpy()
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.75)}
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.01)
    assert not np.array_equal(y, layer(x).numpy())
    gradus.seed(0)
    np.testing.assert_array_equal(y, layer(x).numpy())
    assert layer.eval()(x) is x


def test_dropouts_gradient_goes_where_the_numbers_went() -> None:
    x = gradus.ones(100).requires_grad_()
    y = F.dropout(x, 0.5)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.numpy())
    assert F.dropout(gradus.ones(5), 1.0).tolist() == [0] * 5


def test_batch_norm_gathers_in_training_only() -> None:
    layer, x = nn.BatchNorm1d(2), normal(8, 2).astype("float32") + 5
    layer(x)
    np.testing.assert_allclose(layer.running_mean.numpy(), 0.1 * x.numpy().mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.running_var.numpy(), 0.9 + 0.1 * x.numpy().var(0, ddof=1), rtol=1e-5)
    assert layer.num_batches_tracked.item() == 1
    before = {name: t.numpy().copy() for name, t in layer.state_dict().items()}
    layer.eval()(x)
    for name, t in layer.state_dict().items():
        np.testing.assert_array_equal(t.numpy(), before[name])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("norm", ["batch_norm", "layer_norm"])
def test_half_precision_is_normalised_in_float32(norm: str, training: bool) -> None:
    x = (normal(16, 4).astype("float32") * 300).astype("float16")  # whose squares are too large for float16
    mean, var, weight = (gradus.full((4,), n).astype("float16") for n in (10.0, 6000.0, 0.5))

    def normed(x: gradus.Tensor) -> gradus.Tensor:
        if norm == "layer_norm":
            return F.layer_norm(x, 4, weight, mean)
        return F.batch_norm(x, mean.copy(), var.copy(), weight, mean, training)

    y = normed(x)
    assert y.dtype == "float16"
    np.testing.assert_allclose(y.numpy(), normed(x.astype("float32")).numpy(), rtol=2e-3, atol=1e-2)


def test_sizes_may_be_numpy_integers() -> None:
    n = np.prod((2, 3))
    nn.Linear(n, n)(nn.LayerNorm(n)(gradus.ones((1, 6))))
    y = nn.MaxPool2d(n // 3)(nn.Conv2d(n, n, n // 2, padding=(n // 6, n // 6))(gradus.ones((1, 6, 4, 4))))
    assert nn.BatchNorm2d(n).eval()(y).shape == (1, 6, 2, 2)


def test_modes_reach_every_part() -> None:
    model = nn.Sequential(nn.ModuleDict({"a": nn.Dropout()}), nn.ModuleList([nn.Dropout()]))
    assert not any(m.training for m in model.eval().modules())
    assert all(m.training for m in model.train().modules())


# -- modules and containers --------------------------------------------------------------------------------------------


def convnet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3)
    )


def test_state_goes_round() -> None:
    one, other = convnet(), convnet()
    x = normal(4, 1, 8, 8).astype("float32")
    one(x)
    other.load_state_dict({name: t.numpy().copy() for name, t in one.state_dict().items()})
    np.testing.assert_array_equal(one.eval()(x).numpy(), other.eval()(x).numpy())


def test_state_of_another_model_writes_nothing() -> None:
    model = nn.Linear(2, 2)
    before = model.weight.numpy().copy()
    good = {"weight": np.zeros((2, 2)), "bias": np.zeros(2)}
    for bad in ({"weight": good["weight"]}, {**good, "wieght": 1}, {**good, "bias": np.zeros(3)}):
        with pytest.raises(CheckpointError):
            model.load_state_dict(bad)
    np.testing.assert_array_equal(model.weight.numpy(), before)


def test_loading_keeps_every_digit() -> None:
    model = nn.Linear(1, 1).astype("float64")
    model.load_state_dict({"weight": [[1 / 3]], "bias": np.array([1e-17])})
    assert model.weight.item() == 1 / 3
    assert model.bias.item() == 1e-17


class Everything(nn.Module):
    """Parameters and parts wherever a model may keep them."""

    def __init__(self) -> None:
        self.alone = nn.Parameter([1.0])
        self.listed = [nn.Parameter([2.0]), nn.Linear(1, 1)]
        self.named = {"a": nn.Parameter([3.0]), "b": (nn.Linear(1, 1, bias=False),)}
        self.again = self.alone
        self.counter = gradus.tensor(0)
        self.same_counter = self.counter
        self._scratch = nn.Linear(9, 9)

    def forward(self, x: gradus.Tensor) -> gradus.Tensor:
        self.seen = x * self.alone
        return self.seen


def test_parameters_are_found_in_lists_and_dicts_and_once() -> None:
    model = Everything()
    expected = ["alone", "listed.0", "listed.1.weight", "listed.1.bias", "named.a", "named.b.0.weight"]
    assert [name for name, _ in model.named_parameters()] == expected
    assert [name for name, _ in model.named_buffers()] == ["counter"]
    assert {"again", "same_counter"} < set(model.state_dict())
    model(gradus.ones(1))
    assert [name for name, _ in model.named_parameters()] == expected, "a computed tensor is no parameter"


def test_a_shared_layer_is_counted_once_and_saved_under_both_names() -> None:
    layer = nn.Linear(2, 2)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    assert len(list(model.parameters())) == 2
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    model.load_state_dict(model.state_dict())


def test_sequential_is_a_list() -> None:
    layers = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4)]
    model = nn.Sequential(*layers)
    assert list(model) == layers
    assert model[-1] is layers[2]
    assert isinstance(model[1:], nn.Sequential)
    assert list(model[1:].state_dict()) == ["1.weight", "1.bias"]
    assert model.append(nn.Linear(4, 1))(gradus.ones((5, 2))).shape == (5, 1)
    model[1] = nn.Tanh()
    assert [type(m).__name__ for m in model] == ["Linear", "Tanh", "Linear", "Linear"]
    assert not model.eval()[:2].training


def test_sequential_with_names() -> None:
    model = nn.Sequential({"hidden": nn.Linear(2, 3), "out": nn.Linear(3, 1)})
    assert list(model.state_dict()) == ["hidden.weight", "hidden.bias", "out.weight", "out.bias"]


def test_module_list_and_dict() -> None:
    several = nn.ModuleList([nn.Linear(1, 1)]).extend([nn.ReLU()])
    assert len(several) == 2
    assert isinstance(several[:1], nn.ModuleList)
    heads = nn.ModuleDict({"a": nn.Linear(1, 2)})
    heads["b"] = nn.Linear(1, 3)
    assert list(heads.keys()) == ["a", "b"]
    assert len(list(heads.values())) == len(heads) == 2
    assert [name for name, _ in heads.items()] == ["a", "b"]
    del heads["a"]
    assert "a" not in heads
    assert list(heads.state_dict()) == ["b.weight", "b.bias"]


def test_layers_show_what_they_were_made_with() -> None:
    assert repr(nn.LeakyReLU(0.2)) == "LeakyReLU(negative_slope=0.2)"
    assert repr(nn.Conv2d(1, 2, 3, padding=1, bias=False)) == "Conv2d(1, 2, kernel_size=(3, 3), padding=1, bias=False)"
    assert repr(nn.Sequential(nn.Flatten())) == "Sequential(\n  (0): Flatten(start_dim=1, end_dim=-1)\n)"


def test_functions_have_two_names() -> None:
    import gradus.nn.functional as same

    assert same is gradus.functional


# -- depth -------------------------------------------------------------------------------------------------------------


def nested(depth: int) -> nn.Module:
    """A layer in a Sequential in a Sequential in a Sequential ..."""
    model: nn.Module = nn.Linear(2, 2)
    for _ in range(depth):
        model = nn.Sequential(model)
    return model


def test_modules_nested_too_deeply_are_explained() -> None:
    model = nested(3000)
    assert [p.shape for p in model.train().parameters()] == [(2, 2), (2,)]
    assert len(model.state_dict()) == 2
    for call in (model, gradus.compile(lambda x: model(x))):
        with pytest.raises(ArgumentError, match=r"more deeply than Python allows.*side by side, into one Sequential"):
            call(gradus.ones((1, 2)))
    assert nested(30)(gradus.ones((1, 2))).shape == (1, 2)
