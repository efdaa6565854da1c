"""Options by other frameworks' names: the same meaning is understood, another is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.errors import OptionError
from gradus.nn import functional as F

X = np.arange(12, dtype=np.float32).reshape(3, 4)

SAID: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "dim, keepdim": (lambda x: x.sum(dim=1, keepdim=True), lambda x: x.sum(axis=1, keepdims=True)),
    "a function's dim": (lambda x: gradus.max(x, dim=0), lambda x: gradus.max(x, axis=0)),
    "input": (lambda x: gradus.mean(input=x, dim=0), lambda x: gradus.mean(x, 0)),
    "other": (lambda x: gradus.add(x, other=x), lambda x: x + x),
    "dim of a list": (lambda x: gradus.stack([x, x], dim=1), lambda x: gradus.stack([x, x], axis=1)),
    "unbiased": (lambda x: x.var(unbiased=True), lambda x: x.var(ddof=1)),
    "correction": (lambda x: gradus.std(x, dim=1, correction=1), lambda x: x.std(axis=1, ddof=1)),
    "softmax": (lambda x: F.softmax(x, dim=0), lambda x: F.softmax(x, axis=0)),
    "a layer's dim": (lambda x: nn.Softmax(dim=0)(x), lambda x: nn.Softmax(0)(x)),
    "inplace": (lambda x: nn.ReLU(inplace=True)(x), lambda x: nn.ReLU()(x)),
    "device": (lambda x: x + gradus.zeros((3, 4), device="cpu"), lambda x: x),
    "clip": (lambda x: gradus.clip(x, min=2, max=5), lambda x: gradus.clip(x, 2, 5)),
    "a loss": (lambda x: F.mse_loss(input=x, target=x + 1), lambda x: F.mse_loss(x, x + 1)),
}


@pytest.mark.parametrize("name", SAID)
@pytest.mark.parametrize("compiled", [False, True])
def test_other_names_of_the_same(name: str, compiled: bool) -> None:
    said, meant = SAID[name]
    x = gradus.tensor(X)
    found = (gradus.compile(said) if compiled else said)(x)
    np.testing.assert_array_equal(found.numpy(), (gradus.compile(meant) if compiled else meant)(x).numpy())


def test_a_gradient_is_wanted_of_what_is_made() -> None:
    assert gradus.zeros((2, 2), requires_grad=True).requires_grad
    assert gradus.randn(2, 2, requires_grad=True).is_leaf
    assert not gradus.zeros((2, 2), requires_grad=False).requires_grad


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "of another meaning": (lambda: gradus.sum(X, out=gradus.zeros(4)), r"sum: there is no option 'out'.*assign_"),
    "misspelt": (lambda: gradus.sum(X, axsi=1), "Did you mean 'axis'"),
    "given twice": (lambda: gradus.sum(X, axis=1, dim=1), "axis= is given twice"),
    "another device": (lambda: nn.Linear(2, 2, device="cuda"), "there is one device"),
    "a value that is not there": (lambda: nn.Conv2d(1, 1, 3, padding_mode="circus"), "circus|other than 'zeros'"),
    "a layer's": (lambda: nn.Linear(2, 2, activation="relu"), "a layer of its own"),
    "an optimizer's": (lambda: optim.SGD([nn.Parameter(X)], learning=1), "SGD: there is no option 'learning'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_option_is_told(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises((OptionError, ValueError), match=message):
        call()


def test_public_functions_are_found_where_they_say_they_are() -> None:
    import pickle

    for thing in (gradus.tanh, gradus.sum, F.gelu, F.softmax, gradus.randn, nn.Linear):
        assert pickle.loads(pickle.dumps(thing)) is thing
