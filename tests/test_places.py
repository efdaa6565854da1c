"""Index formulas, simplified, agree with the same arithmetic carried out place by place."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradus.compiler.graph.reads import at, loops_over
from gradus.ops.core.places import Condition, Index, Loop, Quotient, Remainder, flatten, unflatten, variable

Values = dict[Loop, int]


@dataclass(frozen=True)
class Formula:
    """The same arithmetic twice: as an Index, and as a function of the loops' values."""

    index: Index
    value: Callable[[Values], int]


def value(index: Index, values: Values) -> int:
    """An index worked out by its own structure."""
    total = index.constant
    for atom, c in index.terms:
        if isinstance(atom, Loop):
            total += c * values[atom]
        elif isinstance(atom, Quotient):
            total += c * (value(atom.inner, values) // atom.divisor)
        else:
            assert isinstance(atom, Remainder)
            total += c * (value(atom.inner, values) % atom.divisor)
    return total


def places(loops: list[Loop]) -> Any:
    for at_once in itertools.product(*(range(loop.extent) for loop in loops)):
        yield dict(zip(loops, at_once, strict=True))


def leaf(loop: Loop) -> Formula:
    return Formula(variable(loop), lambda values: values[loop])


@st.composite
def formulas(draw: st.DrawFn) -> tuple[list[Loop], Formula]:
    loops = loops_over(draw(st.lists(st.integers(1, 7), min_size=1, max_size=3)))
    made = [leaf(loop) for loop in loops]
    for op in draw(st.lists(st.sampled_from("++-*c/%"), max_size=8)):
        a, b = (made[draw(st.integers(0, len(made) - 1))] for _ in range(2))
        n, d = draw(st.integers(-6, 12)), draw(st.integers(1, 12))
        made.append(
            {
                "+": Formula(a.index + b.index, lambda v, a=a, b=b: a.value(v) + b.value(v)),
                "-": Formula(a.index - b.index, lambda v, a=a, b=b: a.value(v) - b.value(v)),
                "*": Formula(a.index * n, lambda v, a=a, n=n: a.value(v) * n),
                "c": Formula(a.index + n, lambda v, a=a, n=n: a.value(v) + n),
                "/": Formula(a.index // d, lambda v, a=a, d=d: a.value(v) // d),
                "%": Formula(a.index % d, lambda v, a=a, d=d: a.value(v) % d),
            }[op]
        )
    return loops, made[-1]


@settings(max_examples=400, deadline=None)
@given(formulas())
def test_formulas_mean_what_they_were_made_from(drawn: tuple[list[Loop], Formula]) -> None:
    loops, f = drawn
    low, high = f.index.bounds
    for values in places(loops):
        wanted = f.value(values)
        assert value(f.index, values) == wanted
        assert low <= wanted <= high


@settings(max_examples=200, deadline=None)
@given(formulas(), st.integers(-5, 9), st.integers(0, 9))
def test_conditions_that_are_decided_are_so_everywhere(drawn: tuple[list[Loop], Formula], low: int, span: int) -> None:
    loops, f = drawn
    condition = Condition(f.index, low, low + span)
    held = [low <= f.value(values) < low + span for values in places(loops)]
    assert all(held) or not condition.always()
    assert not any(held) or not condition.never()


_SHAPES = [
    ((2, 3, 4), (4, 6)),
    ((6, 4), (2, 3, 2, 2)),
    ((24,), (1, 4, 1, 6)),
    ((3, 8), (8, 3)),
    ((1, 1), (1,)),
    ((5, 4), (20,)),
]


@pytest.mark.parametrize(("shape", "other"), _SHAPES)
def test_reshaping_finds_the_elements(shape: tuple[int, ...], other: tuple[int, ...]) -> None:
    loops = loops_over(shape)
    index = unflatten(flatten(at(loops), shape), other)
    numbers = np.arange(math.prod(shape))
    for values in places(loops):
        here = tuple(values[loop] for loop in loops)
        there = tuple(value(i, values) for i in index)
        assert numbers.reshape(shape)[here] == numbers.reshape(other)[there]


@pytest.mark.parametrize(("shape", "other"), _SHAPES)
def test_reshaping_there_and_back_is_simplified_away(shape: tuple[int, ...], other: tuple[int, ...]) -> None:
    flat = flatten(at(loops_over(shape)), shape)
    again = flatten(unflatten(flat, other), other)
    assert str(again) == str(flat)
    assert [str(i) for i in unflatten(again, shape)] == [str(i) for i in at(loops_over(shape))]


def test_quotients_and_remainders_of_the_same_join() -> None:
    i = variable(Loop("i", 12))
    assert (i // 4 * 4 + i % 4) == i
    assert (i % 4 * 3 + i // 4 * 12) == i * 3
    assert ((i - 5) // 4 * 4 + (i - 5) % 4) == i - 5


def test_whole_multiples_leave_quotients_and_remainders() -> None:
    i, j = Loop("i", 5), Loop("j", 4)
    flat = variable(i) * 4 + variable(j)
    assert flat // 4 == variable(i)
    assert flat % 4 == variable(j)
    assert (flat + 3) // 1 == flat + 3
    assert (flat % 1) == Index()
    assert (flat * -1) // 4 * 4 + (flat * -1) % 4 == flat * -1


def test_loops_that_run_once_vanish() -> None:
    assert variable(Loop("i", 1)) == Index()
    assert flatten(at(loops_over((3, 1, 2))), (3, 1, 2)).is_linear()


def test_bounds_of_what_may_be_negative() -> None:
    i = variable(Loop("i", 6))
    assert ((i - 4) // 3).bounds == (-2, 0)
    assert ((i * -1) // 4).bounds == (-2, 0)
    low, high = ((i - 4) % 3).bounds
    assert low <= 0
    assert high >= 2


def test_equal_formulas_are_equal_however_they_came_about() -> None:
    """An index cut and joined again is known by its text to be the one that it was."""
    row, column = (variable(Loop(name, extent)) for name, extent in (("m", 6), ("n", 5)))
    place = flatten((row, column), (6, 5))
    for shape in ((2, 3, 5), (3, 2, 5), (30,), (2, 15), (1, 6, 5, 1)):
        again = flatten(unflatten(place, shape), shape)
        assert again == place and str(again) == str(place)
    assert str(column + row * 5) == str(row * 5 + column)
