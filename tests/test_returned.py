"""A forward, a loss or a metric that gives the wrong kind of thing is told so, in the user's terms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.data import TensorDataset
from gradus.errors import ArgumentError, GradientError, ShapeError
from gradus.nn import functional as F
from gradus.train import Trainer

DATA = TensorDataset(np.ones((8, 4), np.float32), np.ones((8, 2), np.float32))


class Model(nn.Module):
    def __init__(self, gives: Callable[[Any, Any], Any]) -> None:
        self.linear, self._gives = nn.Linear(4, 2), gives

    def forward(self, x: gradus.Tensor) -> Any:
        return self._gives(self.linear(x), x)


def fit(gives: Callable[[Any, Any], Any], loss: Any, compile: bool, **options: Any) -> None:
    model = Model(gives)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    Trainer(model, loss, optimizer, compile=compile, **options).fit(DATA, batch_size=4, progress=False)


FORWARD: dict[str, tuple[Callable[[Any, Any], Any], type[Exception], str]] = {
    "None": (lambda z, x: None, ArgumentError, r"Model\.forward gives None; .*Does it end with `return`\?"),
    "a tuple": (lambda z, x: (z, x), ArgumentError, r"gives a tuple of 2 \(Tensor, Tensor\).*\[0\] is the outputs"),
    "a list": (lambda z, x: [z], ArgumentError, r"gives a list of 1 \(Tensor\).*Return the one that is meant"),
    "a dict": (lambda z, x: {"out": z}, ArgumentError, r"gives a dict \('out'\)"),
    "a text": (lambda z, x: "out", ArgumentError, r"gives 'out', of type str.*Return a Tensor"),
    "an array": (lambda z, x: z.detach().numpy(), ArgumentError, r"an array of NumPy's.*Gradients end at \.numpy\(\)"),
    "a number": (lambda z, x: 1.0, ArgumentError, r"gives 1\.0, of type float"),
    "what was left behind": (lambda z, x: z.detach(), GradientError, "does not depend on the parameters"),
    "another shape": (lambda z, x: z[:, 0], ShapeError, r"predictions have shape \(4,\), but targets \(4, 2\)"),
}


@pytest.mark.parametrize("compile", [False, True])
@pytest.mark.parametrize("what", FORWARD)
def test_a_forward_that_gives(what: str, compile: bool) -> None:
    gives, error, words = FORWARD[what]
    with pytest.raises(error, match=words):
        fit(gives, "mse", compile)


LOSS: dict[str, tuple[Callable[..., Any], type[Exception], str]] = {
    "None": (lambda z, y: None, ArgumentError, r"the loss <lambda> gives None; it must be a Tensor without axes"),
    "a float": (lambda z, y: 1.0, ArgumentError, r"gives 1\.0, of type float.*Gradients end at"),
    "an item": (lambda z, y: F.mse_loss(z, y).item(), ArgumentError, r"of type float.*Return the Tensor itself"),
    "a tuple": (lambda z, y: (F.mse_loss(z, y), z), ArgumentError, r"a tuple of 2.*Return the one that is meant"),
    "a text": (lambda z, y: "loss", ArgumentError, "of type str"),
    "many numbers": (lambda z, y: (z - y) ** 2, ShapeError, r"shape \(4, 2\); it must be one number.*\.mean\(\)"),
    "what was left behind": (lambda z, y: F.mse_loss(z, y).detach(), GradientError, "does not depend on"),
    "a count": (lambda z, y: (z > y).sum(), GradientError, "int64, a count, which has no gradient"),
}


@pytest.mark.parametrize("compile", [False, True])
@pytest.mark.parametrize("what", LOSS)
def test_a_loss_that_gives(what: str, compile: bool) -> None:
    loss, error, words = LOSS[what]
    with pytest.raises(error, match=words):
        fit(lambda z, x: z, loss, compile)


def test_a_loss_that_takes_something_else() -> None:
    with pytest.raises(ArgumentError, match=r"takes \(z\); a Trainer calls it with \(outputs, targets\)"):
        fit(lambda z, x: z, lambda z: z.sum(), False)


def test_a_metric_that_gives_no_number() -> None:
    with pytest.raises(ArgumentError, match=r"the metric <lambda> gives \(1, 2\), of type tuple; it must be a number"):
        fit(lambda z, x: z, "mse", False, metrics=[lambda z, y: (1, 2)])


def test_a_loss_by_anothers_name() -> None:
    for name, words in {
        "sparse_categorical_crossentropy": r"CrossEntropyLoss\(\)",
        "mean_squared_error": r"gradus\.nn\.MSELoss\(\)",
        "mea": "Known: cross_entropy",
    }.items():
        with pytest.raises(ArgumentError, match=words):
            fit(lambda z, x: z, name, False)
    with pytest.raises(ArgumentError, match=r"there is no metric 'acc'.*metrics=\[\"accuracy\"\]"):
        fit(lambda z, x: z, "mse", False, metrics=["acc"])
