"""Where a compiled step finds what it reads besides its arguments, and numbers that are no neighbours."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.compiler.native.program import Program
from gradus.compiler.plan.memory import _home


def test_what_does_not_lie_in_one_piece_is_read_and_written() -> None:
    w = gradus.Tensor(np.arange(12.0).reshape(4, 3).T)
    constant = gradus.Tensor(np.arange(8.0)[::2])
    assert not w.data.flags.c_contiguous

    @gradus.compile
    def step(x: gradus.Tensor) -> gradus.Tensor:
        return w.assign_(w * 2.0 + x + constant).sum()

    expected = w.numpy().copy()
    for _ in range(2):
        expected = expected * 2 + 1 + np.arange(8.0)[::2]
        assert float(step(gradus.ones((3, 4), dtype="float64"))) == expected.sum()
        np.testing.assert_array_equal(w.numpy(), expected)
    totals = step.epoch((np.ones((6, 4)),), np.arange(6).reshape(2, 3))
    assert totals[-1] == w.numpy().sum()


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "bool"])
@pytest.mark.parametrize("length", [2, 31, 32, 33, 64, 77])
def test_every_other_number_is_read(dtype: str, length: int) -> None:
    x = gradus.tensor(np.random.default_rng(length).integers(-5, 5, (3, length)), dtype)
    for function in (lambda x: x[:, ::2] == 1, lambda x: gradus.pad(x[:, 1::2], ((0, 0), (1, 2))) == 1):
        np.testing.assert_array_equal(gradus.compile(function)(x).numpy(), function(x).numpy())


@pytest.mark.parametrize("size", [8, 28, 64])
def test_windows_two_apart_in_small_batches(size: int) -> None:
    x = gradus.tensor(np.random.default_rng(size).normal(size=(2, 3, size, size)).astype("float32"))
    found = gradus.compile(lambda x: gradus.functional.max_pool2d(x, 2))(x).numpy()
    np.testing.assert_array_equal(found, x.numpy().reshape(2, 3, size // 2, 2, size // 2, 2).max((3, 5)))


def test_a_new_value_that_is_copied_at_the_end_keeps_its_place_until_then() -> None:
    """A product cannot be written over its own operand, and what follows it looks for places, too."""
    rng = np.random.default_rng(0)
    w, *others = (gradus.tensor(rng.normal(size=(48, 48)).astype("float32")) for _ in range(5))

    def step(x: gradus.Tensor) -> gradus.Tensor:
        w.assign_(w @ w)
        for other in (w, *others):
            x = x @ other
        return x

    x, start = gradus.tensor(rng.normal(size=(48, 48)).astype("float32")), w.numpy().copy()
    found = gradus.compile(step)(x).numpy(), w.numpy().copy()
    w.assign_(start)
    for a, b in zip(found, (step(x).numpy(), w.numpy()), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3 * abs(b).max())


def lives(program: Program) -> dict[int, tuple[int, int, int, int]]:
    """Of each slot in the arena its offset, its end, and the first and the last group of kernels that use it.

    An operand is packed before its kernel's own group begins.
    """
    plan, group = program.plan, program.shares.group
    used: dict[int, list[int]] = {}
    for k in program.schedule.order:
        for n in (*program.schedule.inputs_of(k), *k.stored):
            used.setdefault(plan.slots.get(_home(n, program.schedule)[0], -1), []).append(group[k])
        for s in program.scratch.get(k, ()):
            used.setdefault(plan.scratch[s], []).extend([group[k] - 1, group[k]])
    for _, value in plan.copies:
        used[plan.slots[value]].append(len(program.schedule.order))
    sizes = {s: program.schedule.span(n) * n.dtype.itemsize for n, s in plan.slots.items()}
    sizes |= {slot: scratch.size for scratch, slot in plan.scratch.items()}
    there = {slot: plan.offsets[slot] for slot in used if slot in plan.offsets}
    return {s: (at, at + sizes[s], min(used[s]), max(used[s])) for s, at in there.items()}


MODELS = {
    "dense": (lambda: nn.Sequential(nn.Linear(96, 160), nn.Tanh(), nn.Linear(160, 160), nn.ReLU()), (64, 96), 160),
    "convolutions": (lambda: nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Flatten()), (16, 3, 8, 8), 576),
    "recurrent": (lambda: nn.LSTM(24, 32, num_layers=2), (5, 16, 24), 32),
}


@pytest.mark.parametrize("kind", MODELS)
def test_nothing_lies_where_something_is_that_is_still_needed(kind: str, two_threads: None) -> None:
    make, shape, features = MODELS[kind]
    model, last = make(), nn.Linear(features, 4)
    optimizer = optim.SGD([*model.parameters(), *last.parameters()], lr=0.1, momentum=0.9)

    @gradus.compile
    def step(x: gradus.Tensor) -> gradus.Tensor:
        optimizer.zero_grad()
        y = model(x)
        loss = (last(y[0] if isinstance(y, tuple) else y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    step(gradus.ones(shape))
    there = sorted(lives(step._last.program).values())
    again = 0
    for i, (_, end, begins, ends) in enumerate(there):
        for start, _, others_begin, others_end in there[i + 1 :]:
            again += start < end
            assert start >= end or ends < others_begin or others_end < begins
    assert again or kind == "dense"  # whose threads do not wait for each other: nothing is taken over
