"""What a Module offers besides its call: parts by names, gradients, types of numbers, how it is shown; its hooks."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.tensor import Tensor


def test_parts_are_registered_and_found_by_their_names() -> None:
    model = nn.Module()
    model.register_parameter("scale", nn.Parameter([2.0]))
    model.register_parameter("shift", None)
    model.register_buffer("mean", gradus.ones(2))
    model.register_buffer("nothing", None)
    model.register_buffer("_seen", gradus.zeros(1), persistent=False)
    model.add_module("layer", nn.Linear(1, 1))
    assert list(model.state_dict()) == ["scale", "mean", "layer.weight", "layer.bias"]
    assert [b.tolist() for b in model.buffers()] == [[1, 1]]
    assert model.get_parameter("layer.bias") is model.layer.bias
    assert model.get_submodule("layer") is model.layer
    assert (model.shift, model.nothing) == (None, None)


def test_gradients_are_forgotten_or_filled_with_zeros() -> None:
    layer = nn.Linear(2, 1)
    layer.weight.grad = gradus.ones((1, 2))
    layer.zero_grad(set_to_none=False)
    assert (layer.weight.grad.tolist(), layer.bias.grad) == ([[0, 0]], None)
    layer.zero_grad()
    assert layer.weight.grad is None


def test_numbers_take_other_widths() -> None:
    model = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    for convert, dtype in ((model.half, "float16"), (model.double, "float64"), (model.float, "float32")):
        assert convert() is model
        assert {t.dtype.name for n, t in model.state_dict().items() if "num" not in n} == {dtype}
    assert model.cpu() is model


@pytest.mark.parametrize(
    ("layer", "shown"),
    [
        (nn.Dropout(0.25), "Dropout(p=0.25)"),
        (nn.GroupNorm(2, 4, affine=False), "GroupNorm(2, 4, eps=1e-05, affine=False)"),
        (nn.LayerNorm(3), "LayerNorm((3,), eps=1e-05, elementwise_affine=True)"),
        (nn.RMSNorm((2, 3), eps=1e-3), "RMSNorm((2, 3), eps=0.001, elementwise_affine=True)"),
        (nn.PReLU(3), "PReLU(num_parameters=3)"),
        (nn.Bilinear(1, 2, 3, bias=False), "Bilinear(1, 2, 3, bias=False)"),
        (nn.Unflatten(1, (2, 2)), "Unflatten(axis=1, unflattened_size=(2, 2))"),
        (nn.EmbeddingBag(5, 2, mode="max"), "EmbeddingBag(5, 2, mode='max')"),
        (nn.MultiheadAttention(4, 2), "MultiheadAttention("),
        (nn.ZeroPad2d(1), "ZeroPad2d("),
        (nn.ConstantPad1d((1, 2), 0.5), "ConstantPad1d("),
        (nn.LSTMCell(2, 3), "LSTMCell(2, 3"),
        (nn.Identity(), "Identity()"),
    ],
)
def test_layers_show_what_they_were_made_with(layer, shown) -> None:
    assert repr(layer).startswith(shown)


def test_parts_are_shown_within() -> None:
    model = nn.Sequential(nn.Sequential(nn.Identity()), nn.Flatten(2))
    inner = "  (0): Sequential(\n    (0): Identity()\n  )\n"
    assert repr(model) == f"Sequential(\n{inner}  (1): Flatten(start_dim=2, end_dim=-1)\n)"


def test_parameters_by_name() -> None:
    found = nn.ParameterDict([("a", [1.0]), ("b", [2.0])])
    assert [v.tolist() for v in found.values()] == [[1], [2]]
    assert list(found.keys()) == list(found) == ["a", "b"]
    assert ("a" in found, "c" in found, len(found)) == (True, False, 2)
    del found["a"]
    assert list(found) == ["b"]
    with pytest.raises(KeyError, match=r"there is no parameter 'a'"):
        del found["a"]
    assert list(nn.ParameterDict()) == []


def test_a_backward_hook_of_what_wants_no_gradient() -> None:
    """The input may want none; nor, where nothing is learned, the output."""
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda m, into, out: seen.append((into, out[0].tolist())))
    layer(gradus.ones((1, 2))).sum().backward()
    assert seen == [((None,), [[1.0]])]
    assert not layer.requires_grad_(False)(gradus.ones((1, 2))).requires_grad


def test_backward_hooks_replace_one_after_the_other() -> None:
    layer, x = nn.Identity(), gradus.ones(2, requires_grad=True)
    layer.register_full_backward_hook(lambda m, into, out: (into[0] * 2,))
    layer.register_full_backward_hook(lambda m, into, out: None)
    layer.register_full_backward_hook(lambda m, into, out: into[0] + 1)
    layer(x).sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_a_group_is_a_dict() -> None:
    x, y = (gradus.ones(1, requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([{"params": [x], "lr": 0.5}, {"params": [y], "momentum": 0.9}], lr=0.1)
    first, second = optimizer.param_groups
    assert dict(second) == {**dict(first), "params": [y], "lr": 0.1, "momentum": 0.9}
    assert first["params"][0] is x
    assert len(first) == len(list(first))
    with pytest.raises(KeyError):
        first["rate"]
    first["lr"] = 0.25
    x.grad = y.grad = gradus.ones(1)
    optimizer.step()
    assert [v.tolist() for v in (x, y)] == [[0.75], [pytest.approx(0.9)]]


def test_what_a_tensor_is_made_of_can_be_sent() -> None:
    x = gradus.ones((2, 3))
    assert (pickle.loads(pickle.dumps(x.size)), type(pickle.loads(pickle.dumps(x.size)))) == (6, int)
    copy: Tensor = pickle.loads(pickle.dumps(x[0]))
    np.testing.assert_array_equal(copy.numpy(), [1, 1, 1])


def test_views_that_are_gone_are_forgotten() -> None:
    x = gradus.ones(3)
    views = [x.reshape(3, 1) for _ in range(200)]
    assert len(x.writes[1]) == 200, "all are known while they live"
    del views
    for _ in range(200):
        x.reshape(3, 1)
    assert len(x.writes[1]) < 128
