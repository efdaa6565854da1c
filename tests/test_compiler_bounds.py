"""Between which numbers values lie: what needs no check, and what does though it seems not to."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import functional as F
from gradus.compiler.graph.bounds import Bounds
from gradus.compiler.trace.trace import trace
from gradus.errors import DataError, GradusError

EXPRESSIONS = {
    "sum": lambda a, b: a + b,
    "difference": lambda a, b: a - b,
    "product": lambda a, b: a * b,
    "negative": lambda a, b: -a,
    "size": lambda a, b: abs(a),
    "remainder": lambda a, b: a % 7,
    "negative divisor": lambda a, b: a % -7,
    "remainder of both": lambda a, b: a % b,
    "larger": lambda a, b: gradus.maximum(a, b),
    "smaller": lambda a, b: gradus.minimum(a, b),
    "bits": lambda a, b: a & b,
    "low bits": lambda a, b: a & 7,
    "bits, one of either sign": lambda a, b: (a % 7) & (b % 7 - 3),
    "bits, both of either sign": lambda a, b: (a % 7 - 3) & (b % 5 - 2),
    "clip": lambda a, b: a.clip(-3, 5) * b.clip(2, 9),
    "choice": lambda a, b: gradus.where(a > b, a % 5, 11),
    "joined": lambda a, b: gradus.concatenate([a % 5, b % 3 - 9]),
    "padded": lambda a, b: gradus.pad(a % 5, ((1, 1),)),
    "narrowed": lambda a, b: (a % 300).astype("int8"),
    "widened": lambda a, b: a.astype("int8").astype("int64") + 300,
    "floats": lambda a, b: (a % 5).astype("float32") * 0.1 + (b % 3).astype("float32"),
    "whole floats": lambda a, b: 1 - (a % 2).astype("float16") * 3,
    "place of the largest": lambda a, b: a.reshape(2, -1).argmax(1) - 1,
    "largest": lambda a, b: (a % 9).reshape(2, -1).max(1),
    "sigmoid": lambda a, b: a.astype("float32").sigmoid(),
    "taken": lambda a, b: (a % 6)[b % 4],
}


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_bounds_hold(name, dtype):
    expression, rng = EXPRESSIONS[name], np.random.default_rng(0)
    info = np.iinfo(dtype)
    for spread in (3, 50, 2**40):
        low, high = max(info.min, -spread), min(info.max, spread)
        a, b = (gradus.tensor(rng.integers(low, high, 24, dtype=dtype, endpoint=True)) for _ in range(2))
        try:
            values = expression(a, b).numpy()
        except GradusError:
            return  # an integer that the dtype cannot hold
        _, result = trace(lambda a=a, b=b: expression(a, b))
        lowest, highest = Bounds().of(result.data)
        assert lowest <= values.min().item() and values.max().item() <= highest  # in Python's numbers: exactly


def test_what_is_compared_with_nan_has_no_bounds():
    def loss(x, z):
        edge = z.sigmoid()  # between 0 and 1, or NaN
        x = gradus.where(x < edge, 0.5, x)
        return F.binary_cross_entropy(gradus.full((2,), 0.5), gradus.where(x > edge, 0.5, x))

    step, x = gradus.compile(loss), gradus.tensor([5.0, -5.0])
    step(x, gradus.zeros(2))
    with pytest.raises(DataError, match=r"targets\[0\] is 5"):
        step(x, gradus.full((2,), np.nan))


def test_nan_as_an_integer_has_no_bounds():
    step = gradus.compile(lambda x: F.one_hot(x.sigmoid().astype(int), 2))
    assert step(gradus.zeros(2)).tolist() == [[1, 0], [1, 0]]
    with pytest.raises(DataError, match=r"one_hot: the label .* at \[1\]"):
        step(gradus.tensor([0.0, np.nan]))


def test_an_integer_that_was_narrowed_is_looked_at_as_it_is_now():
    step = gradus.compile(lambda x: F.one_hot(x.astype("int8"), 5))
    assert step(gradus.tensor([256, 259])).tolist() == [[1, 0, 0, 0, 0], [0, 0, 0, 1, 0]]
    with pytest.raises(DataError, match=r"one_hot: the label 5 at \[1\]"):
        step(gradus.tensor([256, 261]))
