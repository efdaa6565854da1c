"""Every keyword of PyTorch's and NumPy's functions, layers and optimizers that gradus has: taken, or told."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.named import names

import gradus
from gradus import nn, optim
from gradus.errors import OptionError
from gradus.names import options, rooms
from gradus.names.tables import keywords
from gradus.nn import functional as F

TAKES_ALL = ("Tensor.to", "Module.to", "optim.Optimizer")


class Value:
    """A value that is no usual one of any option."""

    def __int__(self) -> int:
        return 1


def asked() -> Iterator[tuple[str, Callable[..., Any], tuple[Any, ...], tuple[str, ...]]]:
    """The functions that gradus has under a name of PyTorch or NumPy, with what stands before, and their keywords."""
    for library in ("torch", "numpy"):
        for of, name, theirs in names(library):
            path, last = rooms.at_home(f"{of}.{name}")
            thing = inspect.getattr_static(rooms.owner(path), last, None)
            if inspect.isclass(thing) and not issubclass(thing, BaseException):
                yield f"{path}.{last}", thing.__init__, (object.__new__(thing),), theirs
            elif inspect.isfunction(thing):
                yield f"{path}.{last}", thing, (), theirs


def test_each_keyword_is_taken_or_told() -> None:
    wrong, count = [], 0
    for name, function, before, theirs in asked():
        if not theirs or not inspect.isfunction(function) or name in TAKES_ALL:
            continue
        assert hasattr(function, "understands"), f"{name} is not behind the door of gradus/names/options.py"
        for keyword in theirs:
            count += 1
            try:
                options._in_our_words(inspect.unwrap(function), before, {keyword: Value()})
            except OptionError as error:
                if not re.search("Write instead|Leave it out| other than ", str(error)):
                    wrong.append(f"{name}({keyword}=): {error}")
    assert wrong == []
    assert count > 4000


def test_a_value_that_changes_nothing_is_taken() -> None:
    for name, values in keywords.HARMLESS.items():
        for one in name.split():
            function, _, option = one.rpartition(".")
            for value in values:
                assert options._harmless(function, option, value)


X = np.arange(12, dtype=np.float32).reshape(3, 4)
SAME: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "a shape by name": (lambda x: gradus.reshape(x, shape=(4, 3)), lambda x: x.reshape(4, 3)),
    "dims by name": (lambda x: gradus.permute(input=x, dims=(1, 0)), lambda x: x.permute(1, 0)),
    "times by name": (lambda x: x.tile(dims=(2, 1)), lambda x: x.tile(2, 1)),
    "NumPy's reps": (lambda x: gradus.tile(x, reps=(2, 1)), lambda x: x.tile(2, 1)),
    "where's x and y": (lambda x: gradus.where(x > 3, x=x, y=0), lambda x: gradus.where(x > 3, x, 0)),
    "searchsorted's a and v": (
        lambda x: gradus.searchsorted(a=[1.0, 5.0], v=x),
        lambda x: gradus.searchsorted([1.0, 5.0], x),
    ),
    "sections of a number": (
        lambda x: gradus.split(x, indices_or_sections=2, axis=1)[1],
        lambda x: gradus.split(x, parts=2, axis=1)[1],
    ),
    "sections of a list": (
        lambda x: gradus.split(x, indices_or_sections=[1], axis=1)[1],
        lambda x: gradus.split(x, places=[1], axis=1)[1],
    ),
    "a size of sections": (lambda x: x.split(split_size=2, dim=1)[0], lambda x: x.split(sizes=2, axis=1)[0]),
    "a loss of Keras' rate": (lambda x: nn.Dropout(rate=0.0)(x), lambda x: x),
    "src": (
        lambda x: x.scatter(dim=1, index=gradus.zeros((3, 1), int), src=x[:, 1:2]),
        lambda x: x.scatter(1, gradus.zeros((3, 1), int), x[:, 1:2]),
    ),
    "a loss of old days": (
        lambda x: F.mse_loss(x, x + 1, size_average=None, reduce=None),
        lambda x: F.mse_loss(x, x + 1),
    ),
    "NumPy's order": (lambda x: gradus.add(x, x, order="K", subok=True, casting="same_kind"), lambda x: x + x),
}


@pytest.mark.parametrize("name", SAME)
def test_means_the_same(name: str) -> None:
    said, meant = SAME[name]
    x = gradus.tensor(X)
    np.testing.assert_array_equal(said(x).numpy(), meant(x).numpy())


TOLD: dict[str, tuple[Callable[[], Any], str]] = {
    "dtype": (lambda: gradus.exp(X, dtype="float64"), r"exp: there is no option 'dtype'. Write.*\.astype\(dtype\)"),
    "rounding": (lambda: gradus.div(X, 2, rounding_mode="floor"), r"gradus\.floor_divide"),
    "two tensors": (lambda: gradus.max(X, other=X), r"gradus\.maximum"),
    "alpha": (lambda: gradus.add(X, X, alpha=2), r"x \+ alpha \* y"),
    "a device": (lambda: gradus.zeros((2,), device="cuda"), "there is one device"),
    "a closure": (lambda: optim.SGD([nn.Parameter([1.0])]).step(closure=lambda: 0), r"optimizer\.step\(\); LBFGS"),
    "recurse": (lambda: list(nn.Linear(1, 1).parameters(recurse=False)), "named_parameters"),
    "a generator": (lambda: nn.init.normal_(gradus.zeros(2), generator=gradus.Generator()), r"gradus\.seed"),
    "Keras' strides": (lambda: nn.Conv2d(1, 1, 3, strides=2), "Write instead: stride="),
    "Keras' filters": (lambda: nn.Conv2d(filters=32, kernel_size=3), "in_channels and out_channels"),
    "Keras' return_sequences": (lambda: nn.LSTM(1, 1, return_sequences=True), "all outputs"),
    "Keras' betas": (lambda: optim.Adam([nn.Parameter([1.0])], beta_1=0.8), r"betas=\(0\.9, 0\.999\)"),
    "Keras' clipnorm": (lambda: optim.SGD([nn.Parameter([1.0])], clipnorm=1.0), "clip_norm"),
    "inputs of backward": (lambda: gradus.ones(1).sum().backward(inputs=[1]), r"gradus\.grad\(y, inputs\)"),
}


@pytest.mark.parametrize("name", TOLD)
def test_is_told(name: str) -> None:
    call, message = TOLD[name]
    with pytest.raises(OptionError, match=message):
        call()
