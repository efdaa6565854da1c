"""Loops that a compiled function may hold: over time, and while a condition on values is true.

In the program they stay loops, and so does their gradient. An ordinary Python `for` over a fixed number of steps may
stand in a compiled function too: it is written out when the function is traced, and compiles the longer the more steps
it has. A Python `while` on a value may not: there are no values yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import interpret
from .errors import ArgumentError, ShapeError
from .ops import arange, copy, stack, unstack, where
from .tensor import Tensor

State = tuple[Tensor, ...]


def scan(
    step: Callable[[State, Any], tuple[State, Any]],
    state: State,
    xs: Tensor | tuple[Tensor, ...],
    reverse: bool = False,
) -> tuple[State, Any]:
    """Apply a step at each place of the first axis in turn, handing a state on (as `jax.lax.scan`).

    Args:
        step: (state, x of one place) -> (new state, y of that place); y may be a tuple, and an empty one.
        state: a tuple of tensors, what the first step starts from.
        xs: a tensor (t, ...), or a tuple of them, whose places go to the step together.
        reverse: from the last place to the first.

    Returns:
        The last state, and the ys, (t, ...), in the order of the places.

    Raises:
        ArgumentError: the state is no tuple of tensors, or a step does not give a new state and a y.

    >>> import gradus
    >>> scan(lambda s, x: ((s[0] + x,), s[0] * x), (gradus.tensor(0),), gradus.tensor([1, 2, 3]))
    ((tensor(6),), tensor([0, 2, 9]))
    """
    _check_scan(step, state)
    several = isinstance(xs, tuple)
    lengths = {len(x) for x in (xs if several else (xs,))}
    if len(lengths) != 1 or 0 in lengths:
        raise ShapeError(f"scan: the first axes must be of one length of 1 or more, got {sorted(lengths)}")
    found: tuple[State, Any] | None = interpret.current.get().loop(step, state, xs, reverse)
    if found is not None:
        return found
    places: list[Any] = list(zip(*map(unstack, xs), strict=True)) if several else unstack(xs)
    ys = []
    for x in reversed(places) if reverse else places:
        state, y = _given(step(state, x), state)
        ys.append(y)
    ys = ys[::-1] if reverse else ys
    if isinstance(ys[0], tuple):
        return state, tuple(stack(part) for part in zip(*ys, strict=True))
    return state, stack(ys)


def _check_scan(step: Any, state: Any) -> None:
    if not callable(step):
        raise ArgumentError(f"scan: the first argument is the step, a function, got a {type(step).__name__}")
    if not isinstance(state, tuple) or not all(isinstance(t, Tensor) for t in state):
        raise ArgumentError(f"scan: the state is a tuple of tensors, got a {type(state).__name__}. Write (x,).")


def _given(result: Any, state: State) -> tuple[State, Any]:
    """What a step gave, if it is a new state and a y."""
    if not isinstance(result, tuple) or len(result) != 2:
        raise ArgumentError(
            f"scan: a step gives (new state, y), two things; this gave {_said(result)}. Where there is no y, give ()."
        )
    new, y = result
    if not isinstance(new, tuple) or len(new) != len(state):
        raise ArgumentError(f"scan: the new state is a tuple of {len(state)}, as the state was; got {_said(new)}")
    if y is None:
        raise ArgumentError("scan: a step's y is a tensor or a tuple of tensors, got None. If there is none, give ()")
    return new, y


def _said(x: Any) -> str:
    return f"a tuple of {len(x)}" if isinstance(x, tuple) else f"a {type(x).__name__}"


def while_loop(condition: Callable[[State], Tensor], step: Callable[[State], State], state: State, most: int) -> State:
    """Apply a step while a condition on the state is true, at most so many times.

    In a compiled function all `most` steps are computed, and those after the condition became false are not taken:
    they write nothing with `assign_`, draw no random numbers and raise nothing. So keep `most` small there. Unless its
    step does one of these, it is a loop of the program.

    Args:
        condition: state -> a boolean tensor without axes.
        step: state -> new state, tensors of the same shapes and dtypes.
        state: a tuple of tensors, what the first step starts from.
        most: the largest number of steps, 1 or more.

    Raises:
        ArgumentError: the condition was still true after `most` steps.

    >>> import gradus
    >>> while_loop(lambda s: s[0] < 100, lambda s: (s[0] * 2,), (gradus.tensor(3),), most=20)
    (tensor(192),)
    """
    if not isinstance(state, tuple):
        raise ArgumentError(f"while_loop: the state is a tuple of tensors, got a {type(state).__name__}. Write (x,).")
    if most < 1:
        raise ArgumentError(f"while_loop: most must be 1 or more, got {most}")
    for taken in range(most):
        holds = condition(state)
        if not isinstance(holds.data, np.ndarray):
            state, still = _all_steps(condition, step, state, holds, most - taken - 1)
            _check_enough(still, most)
            return state
        if not holds:
            return _own(state)
        state = step(state)
    _check_enough(condition(state), most)
    return _own(state)


def _own(state: State) -> State:
    """The same numbers in memory of their own: what a step hands on is no name for what it was given."""
    return tuple(map(copy, state))


def _all_steps(
    condition: Callable[[State], Tensor], step: Callable[[State], State], state: State, holds: Tensor, more: int
) -> tuple[State, Tensor]:
    """A step and so many more, of which those count that are taken while the condition holds: there are no values to
    look at yet. The last state, and whether the condition still holds."""
    count = len(state)

    def taken(going: Tensor, last: State, now: State) -> tuple[State, State]:
        last = _choose(going, now, tuple(t.detach() for t in last))  # a step not taken must not make a NaN, whose
        with _where(going):  # gradient would be NaN times zero; nor is there a way back through it
            new = step(last)
        return last, _choose(going, new, now)

    def again(going: Tensor, state: State) -> Tensor:
        with _where(going):
            return going & condition(state)

    def one(carried: State, _: Tensor) -> tuple[State, Tensor]:
        going, last, now = carried[0], carried[1 : count + 1], carried[count + 1 :]
        going = again(going, now)
        last, now = taken(going, last, now)
        return (going, *last, *now), going

    last, state = taken(holds, state, state)
    if more:
        (holds, *rest), _ = scan(one, (holds, *last, *state), arange(more))
        state = tuple(rest[count:])
    return state, again(holds, state)


def _check_enough(still: Tensor, most: int) -> None:
    interpret.current.get().check(still, lambda true: true, lambda _: _too_few(most))


def _choose(condition: Tensor, one: State, other: State) -> State:
    return tuple(where(condition, a, b) for a, b in zip(one, other, strict=True))


@contextmanager
def _where(going: Tensor) -> Iterator[None]:
    """What is checked and written in this block counts only where a condition holds."""
    outer = interpret.conditional.get()
    token = interpret.conditional.set(going if outer is None else outer & going)
    try:
        yield
    finally:
        interpret.conditional.reset(token)


def _too_few(most: int) -> None:
    raise ArgumentError(f"while_loop: the condition is still true after {most} steps. Give a larger `most`.")
