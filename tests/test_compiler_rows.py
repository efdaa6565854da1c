"""Reductions of short rows, as many at a time as a vector has lanes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gradus
from gradus import Tensor
from gradus.compiler.native.target import Target, default, host, sse2


@pytest.mark.parametrize("make", [host, sse2])
@pytest.mark.parametrize("rows", [8, 17, 50])
@pytest.mark.parametrize("terms", [2, 4, 5, 16, 37])
def test_rows_of_any_length(make: object, rows: int, terms: int) -> None:
    target: Target = make()  # type: ignore[operator]
    if target.vector_bytes > host().vector_bytes:
        pytest.skip("this processor lacks it")
    rng = np.random.default_rng(rows)
    for dtype, shape in itertools.product(("float32", "float64", "int64"), ((rows, terms), (3, rows, terms))):
        x = gradus.tensor(rng.integers(1, 100, shape), dtype)
        reduce = gradus.compile(lambda x: (x.sum(-1) + 1, x.max(-1) - x.sum(-1), (x > 90).any(-1)), target=target)
        total, rest, found = (t.numpy() for t in reduce(x))
        a = x.numpy()
        np.testing.assert_array_equal(total, a.sum(-1) + 1)
        np.testing.assert_array_equal(rest, a.max(-1) - a.sum(-1))
        np.testing.assert_array_equal(found, (a > 90).any(-1))


def test_what_is_not_a_number_stays_in_its_row() -> None:
    a = np.random.default_rng(0).normal(size=(40, 10)).astype("float32")
    a[3, 9], a[17], a[39, 0] = np.nan, -np.inf, np.inf
    largest, total = (t.numpy() for t in gradus.compile(lambda x: (x.max(-1), x.sum(-1)))(Tensor(a)))
    np.testing.assert_array_equal(largest, a.max(-1))
    np.testing.assert_allclose(total, a.sum(-1), rtol=1e-5, atol=1e-5)


def test_what_follows_is_worked_out_for_many_rows_at_once() -> None:
    softened = gradus.compile(lambda x: x.exp().sum(-1).log())
    x = gradus.rand(100, 10)
    np.testing.assert_allclose(softened(x).numpy(), np.log(np.exp(x.numpy()).sum(-1)), rtol=1e-6)
    program = softened._last.program  # type: ignore[union-attr]
    (stage,) = [s for s in program.stages if s.function.startswith("reduce")]
    text = next(c.text() for c in program.functions.all() if c.name == stage.function)
    after = text[text.rindex("shufflevector") :]  # the rows are together: the logarithm is one of vectors
    assert f"<{default().lanes} x float>" in after
    assert "fmul float " not in after
