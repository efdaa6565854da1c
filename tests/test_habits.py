"""What people bring from PyTorch and NumPy: it works, or it is told what to write instead."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.errors import ArgumentError, DtypeError, GradientError, ShapeError


def trained(value: Any) -> gradus.Tensor:
    return gradus.tensor(value, requires_grad=True)


# -- in place ----------------------------------------------------------------------------------------------------------


def test_a_step_written_by_hand_learns() -> None:
    model = nn.Linear(1, 1)
    x = gradus.randn(20, 1)
    y = 3.0 * x + 1.0
    for _ in range(200):
        model.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        with gradus.no_grad():
            for p in model.parameters():
                p -= 0.2 * p.grad
    assert model.weight.item() == pytest.approx(3.0, abs=1e-3)
    assert model.bias.item() == pytest.approx(1.0, abs=1e-3)


IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    "+=": lambda x, y: x.__iadd__(y),
    "-=": lambda x, y: x.__isub__(y),
    "*=": lambda x, y: x.__imul__(y),
    "/=": lambda x, y: x.__itruediv__(y),
    "//=": lambda x, y: x.__ifloordiv__(y),
    "%=": lambda x, y: x.__imod__(y),
    "**=": lambda x, y: x.__ipow__(y),
}


@pytest.mark.parametrize("operator", IN_PLACE)
def test_leaves_are_written_in_place_and_others_are_not(operator: str) -> None:
    change = IN_PLACE[operator]
    leaf = trained([3.0, 5.0])
    memory = leaf.numpy()
    with gradus.no_grad():
        assert change(leaf, 2.0) is leaf
    np.testing.assert_allclose(memory, change(np.array([3.0, 5.0], np.float32), np.float32(2)))
    assert leaf.requires_grad and leaf.is_leaf
    plain = gradus.tensor([3.0, 5.0])
    other = plain
    assert change(plain, 2.0) is not other
    assert other.tolist() == [3.0, 5.0]
    with pytest.raises(GradientError, match=r"with gradus\.no_grad\(\)"):
        change(leaf, 2.0)


def test_in_place_keeps_the_rules_of_assignment() -> None:
    half = gradus.tensor([1.0], dtype="float16", requires_grad=True)
    with gradus.no_grad():
        half += gradus.tensor([1.0])
    assert half.dtype == gradus.float16 and half.tolist() == [2.0]
    with gradus.no_grad(), pytest.raises(ShapeError, match="assign_"):
        half += gradus.ones(2)
    count = gradus.tensor([1])
    count += 1
    assert count.dtype == gradus.int64 and count.tolist() == [2]
    a = trained([1.0]) * 2
    a += 1  # computed: a new value, with a history
    assert a.requires_grad and a.origin is not None


def test_a_matrix_product_in_place_and_from_an_array() -> None:
    w = trained([[1.0, 2.0], [3.0, 4.0]])
    with gradus.no_grad():
        w @= gradus.eye(2) * 2.0
    assert w.tolist() == [[2.0, 4.0], [6.0, 8.0]]
    assert (np.eye(2, dtype=np.float32) @ w).tolist() == w.tolist()


# -- what is assigned --------------------------------------------------------------------------------------------------


def test_assign_takes_numbers_and_arrays() -> None:
    p = nn.Parameter(np.ones((2, 2)))
    p.assign_(0.1)
    assert p.tolist() == [[0.1, 0.1], [0.1, 0.1]]  # in float64, not by way of float32
    p.assign_(np.eye(2)).assign_([[1, 2], [3, 4]])
    assert p.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(ShapeError, match=r"shape \(2, 2\), the new value \(2,\)"):
        p.assign_([1.0, 2.0])
    with pytest.raises(DtypeError, match="int64 cannot hold float32"):
        gradus.tensor([1]).assign_(0.5)


def test_a_parameter_is_not_replaced_by_accident() -> None:
    layer = nn.Linear(2, 2)
    for value in (gradus.ones((2, 2)), np.ones((2, 2)), layer.weight * 2, 0.0):
        with pytest.raises(ArgumentError, match=r"weight is a Parameter.*\.weight\.assign_\(.*nn\.Parameter\("):
            layer.weight = value  # type: ignore[assignment]
    layer.weight = nn.Parameter(gradus.ones((2, 2)))
    layer.bias = None
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    with gradus.no_grad():
        layer.weight *= 2.0
    assert layer.weight.tolist() == [[2.0, 2.0], [2.0, 2.0]]
    norm = nn.BatchNorm1d(2)
    norm.running_mean = gradus.ones(2)  # a buffer


def test_data_and_grad_of_a_parameter_are_checked() -> None:
    layer = nn.Linear(2, 2)
    for value in (gradus.ones((2, 2)), [1.0], 3.0):
        with pytest.raises(DtypeError, match=r"data is an array, not a .*assign_"):
            layer.weight.data = value
    layer.weight.data = np.ones((2, 2), np.float32)
    assert layer(gradus.ones((1, 2))).shape == (1, 2)
    with pytest.raises(DtypeError, match="a gradient is a Tensor or None, got a ndarray"):
        layer.weight.grad = np.zeros((2, 2))  # type: ignore[assignment]


def test_data_of_a_tensor_that_became_no_array_are_told() -> None:
    w = trained([1.0, 2.0])
    w.data = w.data - 0.1 * gradus.ones(2)
    with pytest.raises(DtypeError, match=r"data of a tensor were set to a Tensor.*assign_"):
        w * 2


# -- made of what is no tensor -----------------------------------------------------------------------------------------

TOLD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "Tensor of a list": (lambda: gradus.Tensor([1, 2]), DtypeError, r"not a list\. Make a tensor with gradus\.tensor"),
    "Tensor of a Tensor": (lambda: gradus.Tensor(gradus.ones(2)), DtypeError, "not a Tensor"),
    "a list into a model": (lambda: nn.Linear(2, 1)([[1.0, 2.0]]), DtypeError, r"Linear is called with tensors, not"),
    "misspelt": (lambda: nn.ELU(alfa=2), TypeError, r"ELU: there is no option 'alfa'. Did you mean 'alpha'"),
}


@pytest.mark.parametrize("name", TOLD)
def test_it_is_told(name: str) -> None:
    call, error, words = TOLD[name]
    with pytest.raises(error, match=words):
        call()


def test_a_list_in_a_model_says_where() -> None:
    with pytest.raises(DtypeError, match=r"called at test_habits\.py:"):
        nn.Sequential(nn.Flatten(), nn.Linear(2, 1))([[1.0, 2.0]])


def test_the_place_of_a_call_is_not_in_pythons_library() -> None:
    x = trained([1.0, 2.0])
    x.grad = gradus.ones(3)
    with pytest.raises(ShapeError, match=r"called at test_habits\.py:"):
        optim.SGD([x], lr=0.1).step()  # is decorated by way of contextlib


# -- names -------------------------------------------------------------------------------------------------------------


def test_what_pytorch_writes_and_works() -> None:
    @gradus.no_grad
    def double(x: gradus.Tensor) -> gradus.Tensor:
        return x * 2

    x = trained([-1.0])
    assert double(x).origin is None and double.__name__ == "double"
    assert x.abs().tolist() == [1.0] and x.clone().tolist() == [-1.0]
    (x * x).backward()
    optimizer = optim.SGD([x], lr=0.1)
    optimizer.zero_grad(set_to_none=False)
    assert x.grad is not None and x.grad.tolist() == [0.0]
    optimizer.zero_grad(set_to_none=True)
    assert x.grad is None
    nn.Linear(1, 1).zero_grad(set_to_none=True)


def test_misspelt_names_are_told_the_nearest() -> None:
    for thing, name, meant in [
        (nn, "RelU", "ReLU"),
        (gradus, "consatenate", "concatenate"),
        (optim, "Adan", "Adam"),
        (nn.Linear(1, 1), "wieght", "weight"),
    ]:
        with pytest.raises(AttributeError, match=f"Did you mean '{meant}'"):
            getattr(thing, name)
        assert not hasattr(thing, name) and not hasattr(thing, "_private") and not hasattr(thing, "__odd__")
    with pytest.raises(AttributeError, match=r"^Linear has no attribute 'wieght'"):
        _ = nn.Linear(1, 1).wieght


def test_a_property_that_fails_tells_its_own_error() -> None:
    class Odd(nn.Module):
        @property
        def middle(self) -> Any:
            return self.hidden

    with pytest.raises(AttributeError, match="Odd has no attribute 'hidden'"):
        _ = Odd().middle


def test_copies_are_unharmed() -> None:
    model, optimizer = nn.Sequential(nn.Linear(2, 1), nn.ReLU()), optim.SGD([trained([1.0])], lr=0.1)
    for thing in (model, gradus.ones(2), nn.Parameter([1.0]), optimizer):
        assert type(copy.deepcopy(thing)) is type(copy.copy(thing)) is type(pickle.loads(pickle.dumps(thing)))


def test_optimizers_say_what_they_are() -> None:
    x = trained([1.0])
    assert repr(optim.SGD([x], lr=0.1, momentum=0.9)) == (
        "SGD(1 parameters, lr=0.1, momentum=0.9, steps=0)"
    )
    assert "lr=cosine" in repr(optim.Adam([x], lr=optim.schedules.cosine(0.1, steps=10)))
