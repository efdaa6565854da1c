"""Tensors that a compiled function makes itself, as by `gradus.tensor(0.0)`: new at each call, as eagerly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn, optim

x = gradus.tensor(np.linspace(-1, 1, 36, dtype="float32").reshape(12, 3))


def a_sum(x: Any) -> Any:
    total = gradus.tensor(0.0)
    for row in (x[0], x[1]):
        total.assign_(total + row.sum())
    return total


def a_sum_that_is_added_to(x: Any) -> Any:
    total = gradus.tensor(np.zeros(3, np.float32))
    with gradus.no_grad():
        total += x[0]
        total += x[1]
    return total * 1.0


def of_numpys_numbers(x: Any) -> Any:
    best = gradus.as_tensor(np.full(3, -np.inf, np.float32))
    for i in range(12):
        best.assign_(best.maximum(x[i]))
    return best


def a_counter_in_a_loops_step(x: Any) -> Any:
    count = gradus.tensor(0.0)

    def step(state: Any, row: Any) -> Any:
        count.assign_(count + 1)
        return (state[0] * 0.5 + row * count,), state[0]

    return gradus.scan(step, (x[0],), x)


def one_seen_by_another(x: Any) -> Any:
    t = gradus.tensor([1.0, 2.0, 3.0])
    same = t.detach()
    t.assign_(t + x[0])
    return t, same, same * 1.0


def several(x: Any) -> Any:
    ts = [gradus.tensor(np.zeros(3, np.float32)) for _ in range(3)]
    for i, t in enumerate(ts):
        t.assign_(t + x[i])
    ts[0].assign_(ts[2])
    return ts


def fitted_in_a_few_steps(x: Any) -> Any:
    w = gradus.tensor(np.zeros((3, 3), np.float32), requires_grad=True)
    optimizer = optim.Adam([w], lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        ((x @ w - x) ** 2).sum().backward()
        optimizer.step()
    return w.detach(), optimizer.steps


def not_written(x: Any) -> Any:
    return gradus.tensor([1.0, 2.0, 3.0]), x * 2


def a_leaf(x: Any) -> Any:
    return nn.Parameter([1.0, 2.0, 3.0]), x * 2


MAKERS = (
    *(a_sum, a_sum_that_is_added_to, of_numpys_numbers, a_counter_in_a_loops_step, one_seen_by_another),
    *(several, fitted_in_a_few_steps, not_written, a_leaf),
)


def tensors(result: Any) -> list[gradus.Tensor]:
    return [result] if isinstance(result, gradus.Tensor) else [t for part in result for t in tensors(part)]


@pytest.mark.parametrize("f", MAKERS)
def test_each_call_makes_its_own(f: Callable[[Any], Any]) -> None:
    compiled = gradus.compile(f)
    for k in (1.0, 2.0, 3.0):
        for got, expected in zip(tensors(compiled(x * k)), tensors(f(x * k)), strict=True):
            np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6)
            assert (got.requires_grad, got.is_leaf) == (expected.requires_grad, expected.is_leaf)


@pytest.mark.parametrize("f", MAKERS)
def test_what_is_written_into_a_result_stays_there(f: Callable[[Any], Any]) -> None:
    compiled = gradus.compile(f)
    first, second = tensors(compiled(x)), tensors(compiled(x))
    kept = [t.detach().numpy().copy() for t in second]
    with gradus.no_grad():
        for t in first:
            t.assign_(t * 0 + 7)
    for t, before in zip(second, kept, strict=True):
        np.testing.assert_array_equal(t.detach().numpy(), before)
    for t, before in zip(tensors(compiled(x)), kept, strict=True):
        np.testing.assert_array_equal(t.detach().numpy(), before)


def test_what_it_is_made_of_is_looked_at_and_not_written() -> None:
    start = np.zeros(3, np.float32)

    @gradus.compile
    def f(x: Any) -> Any:
        t = gradus.tensor(start)
        t.assign_(t + x)
        return t

    assert [f(gradus.ones(3)).tolist() for _ in range(2)] == [[1.0] * 3] * 2
    start[:] = 5
    assert f(gradus.ones(3)).tolist() == [6.0] * 3 and start.tolist() == [5.0] * 3


def test_what_is_made_once_and_kept_is_written_for_good() -> None:
    class Sum(nn.Module):
        total: gradus.Tensor | None = None

        def forward(self, x: Any) -> Any:
            if self.total is None:
                self.total = gradus.tensor(np.zeros(3, np.float32))
            self.total.assign_(self.total + x)
            return self.total * 1.0

    f = gradus.compile(Sum())
    assert [f(gradus.ones(3)).tolist()[0] for _ in range(3)] == [1.0, 2.0, 3.0]


def test_epochs_and_verified_calls() -> None:
    def mean(x: Any) -> Any:
        total = gradus.tensor(0.0)
        total.assign_(total + x.sum())
        return total

    rows = np.ones((6, 3), np.float32)
    assert gradus.compile(mean).epoch((rows,), np.arange(6).reshape(3, 2)).tolist() == [6.0] * 3
    verified = gradus.compile(mean, verify=True)
    assert [verified(gradus.ones((2, 3))).item() for _ in range(2)] == [6.0] * 2
