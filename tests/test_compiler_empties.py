"""Arrays without elements: compiled gives what eager gives, values, gradients and refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn
from gradus.errors import GradusError
from gradus.nn import functional as F
from gradus.ops import segment_sum, sliding_window
from gradus.tensor import Tensor

Case = tuple[Callable[..., Tensor], tuple[Tensor, ...]]
NO_PLACES = gradus.tensor(np.zeros(0, "int64"))
AXES = ((0, (0, 3)), (1, (0, 3)), (0, (3, 0)), (1, (3, 0)), (None, (0, 3)), (0, (0, 0)))


def given(*shape: int) -> Tensor:
    return gradus.tensor(np.random.default_rng(len(shape)).normal(size=shape), "float32")


def convolutions() -> Iterator[Case]:
    """No images, no channels, no results, and two of these."""
    for n, c, out in ((0, 2, 3), (2, 0, 3), (2, 2, 0), (0, 0, 3), (0, 2, 0)):
        x, bias = given(n, c, 8, 9), given(out)
        yield lambda x, w, b: F.conv2d(x, w, b, padding=1), (x, given(out, c, 3, 3), bias)
        yield lambda x, w, b: F.conv2d(x, w, b, stride=2), (x, given(out, c, 3, 3), bias)
        yield lambda x, w: F.conv2d(x, w, padding=2), (x, given(out, c, 5, 5))
        yield F.conv1d, (given(n, c, 8), given(out, c, 3))
        yield lambda x, w: F.conv_transpose2d(x, w, stride=2), (given(n, c, 4, 5), given(c, out, 3, 3))
    yield lambda x, w: F.conv2d(x, w, groups=2), (given(0, 2, 8, 9), given(4, 1, 3, 3))
    yield lambda x, w: F.conv2d(x, w, padding=2), (given(2, 2, 0, 9), given(4, 2, 3, 3))


def pools() -> Iterator[Case]:
    for shape in ((0, 2, 6, 6), (2, 0, 6, 6)):
        yield lambda x: F.max_pool2d(x, 2), (given(*shape),)
        yield lambda x: F.max_pool2d(x, 2, stride=1, padding=1), (given(*shape),)
        yield lambda x: F.avg_pool2d(x, 2), (given(*shape),)
        yield lambda x: F.adaptive_avg_pool2d(x, 2), (given(*shape),)


def products() -> Iterator[Case]:
    for m, k, n in ((0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 4), (0, 0, 0), (3, 0, 0)):
        yield lambda a, b: a @ b, (given(m, k), given(k, n))
        yield lambda a, b: a @ b, (given(2, m, k), given(2, k, n))
        yield lambda a, b: a @ b, (given(0, m, k), given(0, k, n))
        yield F.linear, (given(m, k), given(n, k), given(n))
        yield lambda a, b: (a.T @ b.T).T + 1, (given(k, m), given(n, k))
    yield lambda a, b: a @ b, (given(0), given(0))
    yield lambda a, b: a @ b, (given(3, 0), given(0))


def choices() -> Iterator[Case]:
    yield lambda w: F.embedding(NO_PLACES, w), (given(5, 3),)
    yield lambda w: F.embedding(NO_PLACES.reshape(2, 0), w), (given(5, 3),)
    yield lambda w: F.embedding(gradus.tensor([1, 2]), w), (given(5, 0),)
    yield lambda w: F.embedding(NO_PLACES, w), (given(0, 3),)
    yield lambda x: x.take(NO_PLACES, axis=1), (given(3, 4),)
    yield lambda x: segment_sum(x, NO_PLACES, 4), (given(0, 3),)
    yield lambda x: segment_sum(x, NO_PLACES, 0), (given(0, 3),)
    yield lambda x: gradus.pick(x, NO_PLACES), (given(0, 3),)
    yield lambda x: F.one_hot(NO_PLACES, 3) * x, (given(3),)


def shapes() -> Iterator[Case]:
    yield lambda a, b: gradus.concatenate([a, b, a]), (given(0, 3), given(2, 3))
    yield lambda a: gradus.concatenate([a, a]), (given(0, 3),)
    yield lambda a: a.pad(((1, 1), (2, 0)), value=5), (given(0, 3),)
    yield lambda a: a.pad(((0, 0), (2, 0))), (given(3, 0),)
    yield lambda a: a[1:1] * 2, (given(4, 3),)
    yield lambda a: gradus.stack([a, a.flip(0)]), (given(0, 3),)
    yield lambda a, b: a.broadcast_to(0, 3) + b, (given(1, 3), given(0, 1))
    yield lambda a: a.reshape(0, 5).permute(1, 0) * 2, (given(0, 3),)
    yield lambda a: sliding_window(a, (2,), (1,), (1,)) * 2, (given(0, 5),)
    yield lambda a: F.dropout(a * 1, 0.5) + gradus.rand(0, 3), (given(0, 3),)


def reductions() -> Iterator[Case]:
    for axis, shape in AXES:
        for name in ("sum", "mean", "var"):
            yield (lambda x, name=name, axis=axis: getattr(x, name)(axis)), (given(*shape),)
        if axis is not None:
            yield (lambda x, axis=axis: x.cumsum(axis)), (given(*shape),)
    yield lambda x: F.softmax(x, 1), (given(0, 3),)
    yield lambda x: F.log_softmax(x, 0), (given(3, 0),)
    yield lambda x: x.max(1), (given(0, 3),)
    yield lambda x: F.layer_norm(x, 4), (given(0, 4),)
    yield lambda x: F.cross_entropy(x, NO_PLACES, reduction="sum"), (given(0, 3),)
    yield lambda x, y: F.mse_loss(x, y, reduction="sum"), (given(0, 3), given(0, 3))


def layers() -> Iterator[Case]:
    for layer in (nn.RNN(3, 4), nn.LSTM(3, 4), nn.GRU(3, 4)):
        yield (lambda x, layer=layer: layer(x)[0]), (given(3, 0, 3),)
    yield nn.BatchNorm2d(3).eval(), (given(0, 3, 4, 4),)
    yield F.scaled_dot_product_attention, (given(2, 0, 4), given(2, 3, 4), given(2, 3, 4))
    yield F.scaled_dot_product_attention, (given(2, 3, 0), given(2, 5, 0), given(2, 5, 4))
    convolution, linear = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(4 * 16, 3)
    yield nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), linear), (given(0, 1, 8, 8),)
    yield nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)), (given(0, 8, 12, 12),)


@pytest.mark.parametrize("family", [convolutions, pools, products, choices, shapes, reductions, layers])
def test_values_and_gradients(family: Callable[[], Iterator[Case]]) -> None:
    cases = list(family())
    for some in [[case] for case in cases] if family is products else [cases]:
        compare(some)


def compare(cases: list[Case]) -> None:
    def both(*xs: Tensor) -> list[list[Tensor]]:
        left, found = iter(xs), []
        for function, arguments in cases:
            leaves = [next(left).detach().requires_grad_() for _ in arguments]
            y = function(*leaves)
            found.append([y, *gradus.grad((y * y).sum(), leaves)])
        return found

    flat = [x for _, arguments in cases for x in arguments]
    for number, (ours, theirs) in enumerate(zip(gradus.compile(both)(*flat), both(*flat), strict=True)):
        for a, b in zip(ours, theirs, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype), f"case {number}"
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-5, err_msg=f"case {number}")


RNN = nn.RNN(3, 4)
REFUSED: dict[str, Case] = {
    "max": (lambda x: x.max(0), (given(0, 3),)),
    "min": (lambda x: x.min(), (given(3, 0),)),
    "argmax": (lambda x: x.argmax(1), (given(3, 0),)),
    "softmax": (lambda x: F.softmax(x, 1), (given(3, 0),)),
    "logsumexp": (lambda x: x.logsumexp(0), (given(0, 3),)),
    "attention": (F.scaled_dot_product_attention, (given(2, 3, 4), given(2, 0, 4), given(2, 0, 4))),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), (given(2, 2, 0, 6),)),
    "steps": (lambda x: RNN(x)[0], (given(0, 2, 3),)),
    "batch_norm": (nn.BatchNorm2d(3), (given(0, 3, 4, 4),)),
    "kernel": (F.conv2d, (given(2, 2, 8, 9), given(3, 2, 0, 3))),
}


def outcome(function: Callable[..., Any], xs: tuple[Tensor, ...]) -> Any:
    """The kind of error and how it begins, or the numbers."""
    try:
        return [v.tolist() for v in (function(*xs),)]
    except GradusError as e:
        return type(e), str(e)[:50]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_in_the_same_words(name: str) -> None:
    function, xs = REFUSED[name]
    assert outcome(gradus.compile(lambda *xs: function(*xs)), xs) == outcome(function, xs)


def test_epochs_of_nothing() -> None:
    data = np.ones((4, 3), "float32")
    total = gradus.compile(lambda x: x.sum() + 1)
    assert total.epoch((data,), np.zeros((3, 0), "int64")).tolist() == [1, 1, 1]
    assert total.epoch((np.zeros((0, 3), "float32"),), np.zeros((2, 0), "int64")).tolist() == [1, 1]
    assert total.epoch((np.zeros((4, 0), "float32"),), [[0, 1], [2, 3]]).tolist() == [1, 1]
    assert len(total.epoch((data,), np.zeros((0, 2), "int64"))) == 0


def test_writes_of_nothing() -> None:
    state = gradus.zeros((2, 0))
    write = gradus.compile(lambda x: state.assign_(state + x).sum())
    assert write(gradus.tensor(1.0)).item() == 0
    assert state.shape == (2, 0)
