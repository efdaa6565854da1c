"""Functions of places along an axis and of masks: what their table in ops does not hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus
from gradus.errors import ArgumentError, DtypeError, GradientError, ShapeError, TraceError
from gradus.tensor import Tensor

pytestmark = pytest.mark.usefixtures("checked")


def test_put_along_axis_writes_as_numpys() -> None:
    numbers = np.random.default_rng(0).normal(size=(3, 4))
    for axis, shape in ((0, (1, 4)), (1, (3, 2)), (-1, (1, 1)), (None, (5,))):
        places = np.random.default_rng(1).integers(0, 3, shape)
        expected, found = numbers.copy(), gradus.tensor(numbers)
        np.put_along_axis(expected, places, 7, axis)
        assert gradus.put_along_axis(found, places, 7, axis) is None
        np.testing.assert_array_equal(found.numpy(), expected)
    w = gradus.tensor([1.0, 2.0], requires_grad=True)
    x = gradus.zeros((2, 3))
    gradus.put_along_axis(x, [[1], [2]], w.reshape(2, 1), 1)
    (x * gradus.arange(6).reshape(2, 3)).sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [1, 5]


def test_what_writes_gives_the_tensor_and_is_seen_by_views() -> None:
    x = gradus.zeros((2, 3))
    row = x[0]
    assert x.fill_(2).add_(1).mul_(x).sub_(gradus.ones(3), alpha=2).div_(7) is x
    assert x.tolist() == [[1, 1, 1]] * 2
    x.masked_fill_(gradus.tensor([True, False, False]), 5).index_add_(1, [2], gradus.ones((2, 1))).clamp_(highest=4)
    assert row.tolist() == [4, 1, 2]
    assert x.copy_([7, 8, 9]).tolist() == [[7, 8, 9]] * 2
    assert x.zero_().tolist() == [[0, 0, 0]] * 2
    w = gradus.tensor([1.0, 2.0, 3.0], requires_grad=True)
    with pytest.raises(GradientError, match="no_grad"):
        w.zero_()
    with gradus.no_grad():
        w.sub_(gradus.ones(3), alpha=0.5)
    assert w.tolist() == [0.5, 1.5, 2.5]
    x.add_(w)
    assert gradus.grad(row.sum(), w).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: x.gather(0, [0]), ShapeError, r"gather: the index has shape \(1,\), the tensor \(2, 3\)"),
        (lambda x: x.gather(1, [[0], [0], [0]]), ShapeError, "no longer than the tensor but in axis 1"),
        (lambda x: x.gather(1, [[3]]), ShapeError, "index 3 is outside axis 1, whose length is 3"),
        (lambda x: x.gather(1, [[0.5]]), DtypeError, "holds integers or booleans, got float32"),
        (lambda x: x.gather(2, [[0]]), ShapeError, "there is no axis 2"),
        (lambda x: x.scatter(1, [[0, 1]], [[1.0]]), ShapeError, "There is one for each place, or more"),
        (lambda x: x.scatter_add([0, 1], 3, 0), ArgumentError, r"segment_sum\(x, indices, length\)"),
        (lambda x: x.index_add(1, [0], [[1.0]]), ShapeError, r"the source has shape \(1, 1\), the slices \(2, 1\)"),
        (lambda x: x.index_select(1, [[0]]), ShapeError, "one row of places"),
        (lambda x: x.take_along_axis([0], 1), ShapeError, "the indices have 1 axes, the tensor 2"),
        (lambda x: x.masked_fill(x > 0, [1.0, 2.0]), ShapeError, "the value is one number"),
        (lambda x: x.astype(int).masked_fill(x > 0, 0.5), DtypeError, "cannot hold 0.5"),
        (lambda x: x.masked_scatter(x == 1, [1.0]), ShapeError, "the mask is true 6 times, the value has 1 elements"),
        (lambda x: gradus.put_along_axis([1], [0], 1, 0), ArgumentError, "writes into a tensor, got a list"),
    ],
)
def test_what_does_not_fit_says_so(call: Callable[[Tensor], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call(gradus.ones((2, 3)))


def test_compiled() -> None:
    x = gradus.tensor(np.random.default_rng(0).normal(size=(4, 5)), requires_grad=True)
    index = gradus.tensor(np.random.default_rng(1).integers(-5, 5, (4, 3)))

    def f(x: Tensor, index: Tensor) -> tuple[Tensor, ...]:
        y = x.scatter_add(1, index, x * 2).masked_fill(x > 1, 0.5)
        y = y.scatter(1, index[:, :1], x[:, :1] ** 2).masked_fill_(x < -1, 0)
        return y.gather(1, index).detach(), gradus.grad((y.gather(1, index) ** 2).sum(), x)

    for a, b in zip(f(x, index), gradus.compile(f)(x, index), strict=True):
        np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=1e-12)
    with pytest.raises(ShapeError, match="index 5 is outside axis 1"):
        gradus.compile(f)(x, index * 0 + 5)
    with pytest.raises(TraceError, match=r"looks at a value, at test_along.py:\d+: how many elements a mask takes"):
        gradus.compile(lambda x: x.masked_select(x > 0))(x)
