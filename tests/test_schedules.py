"""Schedules of the learning rate: their formulas, numbers and tensors, composition, and reduce-on-plateau."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradus
from gradus.errors import ArgumentError, CheckpointError
from gradus.optim import SGD, ReduceOnPlateau, schedules

SCHEDULES = {
    "constant": (schedules.constant(0.5), lambda t: 0.5),
    "step": (schedules.step(0.5, every=7, factor=0.3), lambda t: 0.5 * 0.3 ** (t // 7)),
    "multistep": (schedules.multistep(0.5, [3, 9]), lambda t: 0.5 * 0.1 ** ((t >= 3) + (t >= 9))),
    "exponential": (schedules.exponential(0.5, 0.9, every=4), lambda t: 0.5 * 0.9 ** (t / 4)),
    "polynomial": (schedules.polynomial(0.5, 10, 2, final=0.1), lambda t: 0.1 + 0.4 * (1 - min(t / 10, 1)) ** 2),
    "cosine": (schedules.cosine(0.5, 10, 0.1), lambda t: 0.3 + 0.2 * math.cos(math.pi * min(t / 10, 1))),
    "warmup": (schedules.warmup(5, 0.5), lambda t: 0.5 * min((t + 1) / 5, 1)),
}


@pytest.mark.parametrize("name", SCHEDULES)
@settings(deadline=None, max_examples=30)
@given(t=st.integers(0, 10_000))
def test_formula(name, t):
    schedule, reference = SCHEDULES[name]
    assert schedule(t) == pytest.approx(reference(t), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("name", SCHEDULES)
def test_numbers_lists_and_tensors(name):
    schedule, _ = SCHEDULES[name]
    assert type(schedule(3)) is float
    assert schedule(np.arange(4)) == [schedule(t) for t in range(4)]
    rate = schedule(gradus.tensor(3.0, "float64"))
    assert (rate.shape, rate.dtype, rate.item()) == ((), "float64", schedule(3))
    assert schedule.__name__ == name


def test_warmup_composes_with_any():
    then = schedules.warmup(2, schedules.step(1.0, every=2, factor=0.5))
    both = schedules.warmup(4, then)
    assert both([0, 3, 4, 5, 6, 8]) == [0.125, 0.5, 0.5, 1, 1, 0.5]
    own = schedules.warmup(4, lambda t: 1.0 / (1.0 + t))
    assert own([0, 3, 5]) == [0.25, 1, 0.5]


def test_one_cycle_rises_and_falls():
    rates = schedules.one_cycle(1.0, 100)(range(100))
    assert rates[0] == pytest.approx(1 / 25)
    assert rates[29] == pytest.approx(1.0)
    assert rates[99] == pytest.approx(4e-6)
    assert np.all(np.diff(rates[:30]) > 0)
    assert np.all(np.diff(rates[29:]) < 0)


def test_an_optimizer_follows_its_schedule():
    p = gradus.tensor([0.0], "float64", requires_grad=True)
    optimizer = SGD([p], lr=schedules.step(1.0, every=2, factor=0.5))
    positions = []
    for _ in range(5):
        p.grad = gradus.tensor([1.0], "float64")
        optimizer.step()
        positions.append(-p.item())
    assert positions == [1, 2, 2.5, 3, 3.25]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.cosine(-0.1, 10), r"schedules.cosine: lr must be in \[0, inf\), got -0.1"),
        (lambda: schedules.cosine(0.1, 0), "schedules.cosine: steps must be"),
        (lambda: schedules.step(0.1, every=0.5), "schedules.step: every must be"),
        (lambda: schedules.exponential(0.1, 0.0), "factor"),
        (lambda: schedules.multistep(0.1, [5, 3]), "milestones must rise"),
        (lambda: schedules.one_cycle(0.1, 2), "no room"),
        (lambda: schedules.warmup(0, 0.1), "schedules.warmup: steps must be"),
    ],
)
def test_arguments_out_of_range(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def plateau(**options):
    optimizer = SGD([gradus.tensor([1.0], requires_grad=True)], lr=1.0)
    return optimizer, ReduceOnPlateau(optimizer, factor=0.5, **options)


def follow(optimizer, reducer, metrics):
    rates = []
    for m in metrics:
        reducer.step(m)
        rates.append(optimizer.lr)
    return rates


def test_reduce_on_plateau():
    assert follow(*plateau(patience=1), [3, 2, 2, 2, 2, 2]) == [1, 1, 1, 0.5, 0.5, 0.25]
    assert follow(*plateau(patience=0, mode="max"), [2, 3, 3, 4]) == [1, 1, 0.5, 0.5]
    assert follow(*plateau(patience=0, cooldown=2), [1, 1, 1, 1, 1]) == [1, 0.5, 0.5, 0.5, 0.25]
    assert follow(*plateau(patience=0, min_lr=0.4), [1, 1, 1, 1]) == [1, 0.5, 0.4, 0.4]
    assert follow(*plateau(patience=0, threshold=0.2), [1, 0.9, 0.7]) == [1, 0.5, 0.5]
    assert follow(*plateau(patience=0), [math.nan, gradus.tensor(1.0), math.nan]) == [0.5, 0.5, 0.25]


@pytest.mark.filterwarnings("ignore::gradus.errors.MistakeWarning")  # of what the cases are not about
def test_reduce_on_plateau_beside_a_schedule():
    optimizer, reducer = plateau(patience=0)
    optimizer.lr = schedules.step(1.0, every=1, factor=0.1)
    follow(optimizer, reducer, [1, 1])
    optimizer.step()
    assert optimizer.lr == pytest.approx(0.05)


def test_reduce_on_plateau_goes_on_from_a_saved_state():
    optimizer, reducer = plateau(patience=1)
    follow(optimizer, reducer, [1, 1])
    other, again = plateau(patience=1)
    again.load_state_dict(reducer.state_dict())
    assert follow(other, again, [1]) == follow(optimizer, reducer, [1]) == [0.5]
    with pytest.raises(CheckpointError, match="ReduceOnPlateau"):
        again.load_state_dict({"best": 1.0})


@pytest.mark.parametrize("options", [{"mode": "mean"}, {"patience": -1}, {"min_lr": -1.0}])
def test_reduce_on_plateau_refuses(options):
    with pytest.raises(ArgumentError, match=f"ReduceOnPlateau: .*{next(iter(options))}"):
        plateau(**options)
