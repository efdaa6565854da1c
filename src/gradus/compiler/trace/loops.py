"""Loops that stay loops while a function is traced: the step is traced once, on symbols for what it is given.

That is sound if the step does the same each time and nothing else. It runs twice, so that what goes on by itself is
found; where it changes something, leaves a value of one step elsewhere, writes, draws or checks, the function is traced
again with all steps written out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...tensor import Tensor
from ..graph.loop_nodes import WriteOut
from .loop_body import Body, State, Tracing
from .loop_gradients import pulled_back

SHORTEST = 8  # steps of a loop that is not written out


def looped(
    tracer: Tracing, step: Callable[[State, Any], tuple[State, Any]], state: State, xs: Any, reverse: bool
) -> tuple[State, Any]:
    """What `control.scan` gives, as a loop of the graph."""
    several = isinstance(xs, tuple)
    arrays: tuple[Tensor, ...] = xs if several else (xs,)
    if any(not isinstance(t, Tensor) for t in (*arrays, *state)):
        raise WriteOut
    body = Body(tracer, len(arrays[0]), reverse, pulled_back)
    y = body.trace(step, state, arrays, several)
    body.close(state, arrays)
    ys = tuple(body.part("stack", j) for j in range(len(body.stacked)))
    finals = tuple(
        start if new is carried else body.part("final", k)  # what is handed on as it is stays the tensor that it is
        for k, (start, carried, new) in enumerate(zip(state, body.carried, body.new, strict=True))
    )
    return finals, ys if isinstance(y, tuple) else ys[0]
