"""Tensors, layers and optimizers that a compiled function copies: with the numbers of that call, as eagerly."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn, optim

Way = tuple[Callable[[Any], Any], Callable[[], Any]]  # a function, and what is seen of its surroundings
x = gradus.tensor(np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3))


def a_model() -> Way:
    model = nn.Linear(3, 3)
    return lambda x: copy.deepcopy(model)(x), lambda: list(model.parameters())


def a_model_that_is_trained() -> Way:
    """As in Reptile: some steps with a copy, and a step of the model towards it."""
    model = nn.Linear(3, 3)

    def f(x: Any) -> Any:
        fast = copy.deepcopy(model)
        optimizer = optim.SGD(fast.parameters(), lr=0.1, momentum=0.9)
        for _ in range(3):
            optimizer.zero_grad()
            loss = ((fast(x) - x) ** 2).mean()
            loss.backward()
            optimizer.step()
        for p, q in zip(model.parameters(), fast.parameters(), strict=True):
            p.assign_(p.detach() + 0.5 * (q.detach() - p.detach()))
        return loss

    return f, lambda: list(model.parameters())


def a_model_with_its_optimizer() -> Way:
    model = nn.Linear(3, 3)
    optimizer = optim.Adam(model.parameters(), lr=0.1)

    def f(x: Any) -> Any:
        other, others = copy.deepcopy((model, optimizer))
        others.zero_grad()
        (other(x) ** 2).mean().backward()
        others.step()
        return other(x) * others.steps

    return f, lambda: [*model.parameters(), optimizer.steps]


def what_was_written_before_and_is_after() -> Way:
    w = gradus.tensor([1.0, 2.0, 3.0])

    def f(x: Any) -> Any:
        w.assign_(w + x[0])
        old = copy.deepcopy(w)
        w.assign_(w * 2)
        return old - w

    return f, lambda: w


def two_that_are_one() -> Way:
    w = gradus.tensor([1.0, 2.0, 3.0])

    def f(x: Any) -> Any:
        a, b = copy.deepcopy([w, w])
        a.assign_(a + x[0])
        w.assign_(w * 2)
        return a * b

    return f, lambda: w


def another_of_the_same_memory() -> Way:
    w = gradus.tensor([1.0, 2.0, 3.0])

    def f(x: Any) -> Any:
        same = copy.copy(w)
        same.assign_(same + x[0])
        return w * same

    return f, lambda: w


def what_is_pickled() -> Way:
    w = gradus.tensor([1.0, 2.0, 3.0])
    return lambda x: pickle.loads(pickle.dumps(w)) * x, lambda: w


WAYS = (
    *(a_model, a_model_that_is_trained, a_model_with_its_optimizer, what_was_written_before_and_is_after),
    *(two_that_are_one, another_of_the_same_memory, what_is_pickled),
)


def calls(way: Callable[[], Way], compiled: bool) -> list[np.ndarray]:
    gradus.seed(0)
    f, seen = way()
    call = gradus.compile(f) if compiled else f
    found: list[np.ndarray] = []
    for k in range(4):
        found.append(call(x * (k + 1)).detach().numpy().copy())
        state = seen()
        state = [state] if isinstance(state, gradus.Tensor) else state
        found += [t.detach().numpy().copy() for t in state]
        for t in state:
            t.assign_(t.detach() * 1.5)
    return found


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_has_the_numbers_of_the_call(way: Callable[[], Way]) -> None:
    for got, expected in zip(calls(way, True), calls(way, False), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
