"""NumPy's arrays that a function takes for tensors, and works with by NumPy besides: what it found may change."""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import gradus

from .world import Thing, World, way

Uses = Callable[[Any], Any]


def _array() -> np.ndarray:
    return np.array([1.0, 2.0, 3.0], np.float32)


def _asked(name: str, use: Uses, *numbers: float) -> None:
    """A world whose function takes an array for a tensor, and uses it in another way; its numbers change to others."""

    def make() -> World:
        a = _array()
        return World(lambda x: x * a * use(a), lambda: a.__setitem__(..., numbers or (4.0, 90.0, 6.0)))

    make.__name__ = name
    way(make)


_asked("an_array_compared", lambda a: a > 50)
_asked("an_arrays_largest_number_compared", lambda a: 2.0 if a.max() > 50 else 1.0)
_asked("an_arrays_mean_between_bounds", lambda a: 2.0 if 5 < np.mean(a) < 6 else 1.0, 5.5, 5.5, 5.5)
_asked("where_an_arrays_largest_number_is", lambda a: float(a.argmax()))
_asked("the_order_of_an_array", lambda a: np.argsort(a).astype(np.float32), 3.0, 2.0, 1.0)
_asked("whether_an_arrays_numbers_are_finite", lambda a: 1.0 if np.isfinite(a).all() else 2.0, 1.0, np.nan, 3.0)
_asked("whether_any_number_of_an_array_is_wrong", lambda a: 2.0 if (a < -5).any() else 1.0, -9.0, 2.0, 3.0)
_asked("how_many_numbers_of_an_array_are_not_zero", lambda a: float(np.count_nonzero(a)), 0.0, 0.0, 3.0)
_asked("an_element_of_an_array_compared", lambda a: 2.0 if a[0] == 9 else 1.0, 9.0, 2.0, 3.0)
_asked("a_part_of_an_array_compared", lambda a: 2.0 if 9 in a[::2].T else 1.0, 9.0, 2.0, 3.0)
_asked("an_array_gone_through", lambda a: 2.0 if any(v == 9 for v in a) else 1.0, 9.0, 2.0, 3.0)
_asked("a_norm_compared", lambda a: 2.0 if np.linalg.norm(a) > 50 else 1.0)
_asked("an_array_as_text", lambda a: float(len(str(a.tolist()))), 1.25, 2.0, 3.0)
_asked("an_array_shifted", lambda a: 2.0 if np.roll(a, 1)[0] > 50 else 1.0, 1.0, 2.0, 90.0)


@way
def an_array_of_booleans() -> World:
    a = np.array([True, False, True])
    function = lambda x: gradus.where(gradus.as_tensor(a), x, 0) * (2 if a.sum() == 0 else 1)  # noqa: E731
    return World(function, lambda: a.__setitem__(..., False))


@way
def one_of_two_arrays_in_half_precision() -> World:
    t, other = gradus.tensor([1.0, 2.0, 3.0], "bfloat16"), gradus.tensor([1.0, 1.0, 1.0], "bfloat16")
    held = (memoryview(_array()), t)
    return World(
        lambda x: x * held[1] * other * (2.0 if t.data.max() > 50 else 1.0), lambda: t.assign_([60.0, 1.0, 1.0])
    )


@way
def an_array_with_names() -> World:
    a = np.zeros(3, [("p", np.float32), ("q", np.float32)])
    b, view = _array(), memoryview(a)
    return World(lambda x: x * b * a["p"] + a["q"].max() + len(view), lambda: a["q"].__setitem__(0, 60.0))


@way
def numbers_behind_a_view() -> World:
    whole = np.zeros((4, 3), np.float32)
    rows = [whole[i] for i in range(4)]
    return World(lambda x: x * whole[0] + sum(float(r.sum()) for r in rows), lambda: whole.__setitem__((2, 1), 5.0))


def _held(name: str, hold: Callable[[np.ndarray], Callable[[], np.ndarray]]) -> None:
    """A world whose function finds an array where it is held, takes it for a tensor, and adds it up by NumPy."""

    def make() -> World:
        a = _array()
        held = hold(a)
        return World(lambda x: x * held() / held().sum(), lambda: a.__setitem__(1, 9.0))

    make.__name__ = name
    way(make)


Pair = collections.namedtuple("Pair", "a b")


@dataclasses.dataclass(frozen=True)
class Fixed:
    a: Any


def _hold_in_tuple(a: np.ndarray) -> Callable[[], np.ndarray]:
    held = ((a, 2.0), 1.0)
    return lambda: held[0][0]


def _hold_in_named_tuple(a: np.ndarray) -> Callable[[], np.ndarray]:
    held = Thing(pair=Pair(a, 2.0))
    return lambda: held.pair.a


def _hold_in_default(a: np.ndarray) -> Callable[[], np.ndarray]:
    def held(held: Any = a) -> Any:
        return held

    return held


def _hold_in_frozen(a: np.ndarray) -> Callable[[], np.ndarray]:
    held = Fixed(a)
    return lambda: held.a


def _hold_in_class(a: np.ndarray) -> Callable[[], np.ndarray]:
    class Held:
        table = a

    return lambda: Held.table


_held("an_array_in_a_tuple", _hold_in_tuple)
_held("an_array_in_a_named_tuple", _hold_in_named_tuple)
_held("an_array_that_is_a_default", _hold_in_default)
_held("an_array_in_a_frozen_dataclass", _hold_in_frozen)
_held("an_array_in_a_class", _hold_in_class)
_held("an_array_in_a_partial", lambda a: functools.partial(lambda a: a, a))
_held("an_array_in_a_partials_keywords", lambda a: functools.partial(lambda a: a, a=a))


@way
def a_method_of_an_array() -> World:
    a = _array()
    total = a.sum
    return World(lambda x: x * a / total(), lambda: a.__setitem__(1, 9.0))


@way
def the_memory_of_an_array() -> World:
    a = _array()
    view = memoryview(a)
    return World(lambda x: x * a + view[0], lambda: a.__setitem__(0, 9.0))
