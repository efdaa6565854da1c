"""A compiled function gives what it gives eagerly, whatever stands around it and however that changes; or is refused.

The worlds are made at random. What is not alike names the seed, with which it happens again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from random_worlds import World, plan

import gradus
from gradus.errors import TraceError

CALLS = 3
SOME, MANY = 5, 500  # worlds to a test
TRIES = 12  # changes, of which the last makes the function give something else, if any does


def outcome(f: Callable[[Any], Any], x: Any) -> Any:
    """What a call gives: the numbers, or the error of the function's own."""
    try:
        return f(x)
    except TraceError:
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def same(a: Any, b: Any) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return bool(a == b)
    return a.dtype == b.dtype and np.allclose(a.numpy(), b.numpy(), rtol=1e-5, equal_nan=True)


def compare(seed: int, writes: bool) -> None:
    """Two equal worlds, one with a compiled function: after each call and each refusal they are still equal."""
    rng = random.Random(seed)
    drawn = plan(seed, writes)
    eager, other = World(seed, drawn), World(seed, drawn)
    compiled = gradus.compile(other.function)
    for call in range(CALLS):
        about = f"seed {seed}, call {call}{drawn.text}{eager.seen()}"
        x = gradus.ones((2,) if rng.random() < 0.8 else (3, 2))
        try:
            found = outcome(compiled, x)
        except TraceError as error:
            assert eager.seen() == other.seen(), f"not put back after {error}: {about}"
            found = outcome(other.function, x)
        wanted = outcome(eager.function, x)
        assert same(wanted, found), f"{wanted} eagerly, {found} compiled, {about}"
        if isinstance(wanted, str):  # it failed on its way
            return
        assert eager.seen() == other.seen(), f"what it left is not alike:\n{other.seen()}\n{about}"
        for _ in range(rng.randrange(1, 3) if writes else TRIES):
            way = rng.random()
            for world in (eager, other):
                world.change(random.Random(way))
            if not writes:
                now = [outcome(world.function, x) for world in (eager, other)]
                if not same(now[0], wanted):
                    break
        assert eager.seen() == other.seen(), f"the change itself is not alike: {about}"


@pytest.mark.parametrize("start", range(0, 45, SOME))
def test_worlds_that_are_read(start: int) -> None:
    for seed in range(start, start + SOME):
        compare(seed, writes=False)


@pytest.mark.parametrize("start", range(0, 45, SOME))
def test_worlds_that_are_written(start: int) -> None:
    for seed in range(start, start + SOME):
        compare(seed, writes=True)


@pytest.mark.long
@pytest.mark.parametrize("start", range(1000, 6000, MANY))
@pytest.mark.parametrize("writes", [False, True])
def test_many_worlds(start: int, writes: bool) -> None:
    for seed in range(start, start + MANY):
        compare(seed, writes)
