"""A compiled call gives what eager gives when its surroundings change, or says why it can't."""

from __future__ import annotations

import cProfile
import random
import types
from collections.abc import Callable, Iterator
from typing import Any

import hidden_surroundings  # noqa: F401 - its ways are among WAYS
import numpy as np
import pytest
from surroundings import REFUSED, WAYS, World

import gradus
from gradus.errors import TraceError


@pytest.fixture(autouse=True)
def the_same_world() -> Iterator[None]:
    """What a way leaves in globals and modes goes again."""
    yield
    import surroundings

    from gradus import autograd

    vars(surroundings).pop("abs", None)
    autograd._recording.set(True)


def calls(world: World, f: Callable[[Any], Any]) -> list[Any]:
    """What two calls, a change, and two more calls give, and what is seen at the end."""
    x = gradus.tensor([1.0, 2.0, 3.0])
    found: list[Any] = []
    for changes in (False, True):
        if changes:
            world.change()
        for _ in range(2):
            y = f(x)
            found += [y.dtype, np.asarray(y.numpy())]
    return [*found, world.seen()]


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.allclose(a, b, rtol=1e-6, atol=0, equal_nan=True)
    return bool(a == b)


@pytest.mark.parametrize("name", [n for n in WAYS if n not in REFUSED])
def test_a_change_is_followed(name: str) -> None:
    world = WAYS[name]()
    expected = calls(world, world.function)
    from gradus import autograd

    autograd._recording.set(True)
    world = WAYS[name]()
    found = calls(world, gradus.compile(world.function))
    assert all(map(same, expected, found)), f"{expected}\n{found}"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_an_effect_is_refused_and_undone(name: str) -> None:
    world = WAYS[name]()
    before = world.seen()
    f = gradus.compile(world.function)
    for _ in range(2):
        with pytest.raises(TraceError, match=r"compiled function"):
            f(gradus.tensor([1.0, 2.0, 3.0]))
        assert world.seen() == before


def test_what_fails_puts_all_back() -> None:
    t, array = gradus.tensor([1.0, 2.0], requires_grad=True), np.arange(3)
    thing = types.SimpleNamespace(list=[1, [2]], set={1}, dict={"a": {}}, inner=types.SimpleNamespace())
    thing.draws, thing.inner.drawn = np.random.default_rng(1), random.Random(2)
    expected = np.random.default_rng(1).random(), random.Random(2).random()

    def f(x: Any) -> Any:
        thing.list[1].append(3)
        thing.list.append(3)
        thing.set.add(2)
        thing.dict["a"]["b"] = thing.inner.new = 1
        array[:] = 0
        (t * x).sum().backward()
        t.assign_(x)
        t.data = np.zeros(2, np.float32)
        thing.draws.random(), thing.inner.drawn.random()
        return x / (1 // 0)

    data, writes = t.data, t.writes[0]
    with pytest.raises(ZeroDivisionError):
        gradus.compile(f)(gradus.ones(2))
    assert (thing.list, thing.set, thing.dict, list(vars(thing.inner))) == ([1, [2]], {1}, {"a": {}}, ["drawn"])
    assert array.tolist() == [0, 1, 2]
    assert (t.data is data, t.tolist(), t.grad, t.writes[0]) == (True, [1.0, 2.0], None, writes)
    assert (thing.draws.random(), thing.inner.drawn.random()) == expected


def test_there_are_at_least_sixty_ways_to_change_the_surroundings() -> None:
    assert len(WAYS) - len(REFUSED) >= 60


def test_a_profiler_may_run() -> None:
    scale = 2.0

    def f(x: Any) -> Any:
        return x * scale

    compiled, x = gradus.compile(f), gradus.tensor([1.0])
    with cProfile.Profile():
        assert compiled(x).tolist() == [2.0]
    scale = 3.0
    assert compiled(x).tolist() == [3.0]


def test_a_shape_remembered_makes_no_version_each_time() -> None:
    world = WAYS["a_shape_remembered"]()
    f = gradus.compile(world.function)
    for _ in range(3):
        for n in (2, 3):
            f(gradus.ones(n))
            assert world.seen() == (n,)
    assert len(f._steps) == 2


def test_a_nan_around_a_function_makes_no_version_each_time() -> None:
    scale = float("nan")
    f = gradus.compile(lambda x: x * scale)
    for _ in range(3):
        scale = float("nan")
        assert np.isnan(f(gradus.ones(2)).numpy()).all()
    assert len(f._steps) == 1
