"""Which of the arrays that a program reads NumPy has worked with besides, while the function was traced.

`x * a / a.sum()` reads `a` at each call, and divides by a number that was worked out once; of that nothing tells but a
trial: the function is traced with other numbers in copies of its arrays, and comes to another graph where they matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np

from ... import dtypes
from .around import Around
from .guards import memories, owner
from .holders import Holder, Slots
from .named import codes_in


class Candidate(NamedTuple):
    """An array that NumPy may have worked with, what it is called, and where it is held: (holder, key)."""

    array: np.ndarray
    label: str
    held: list[tuple[Holder, Any]]


def candidates(seen: Around, captured: Sequence[np.ndarray], known: Sequence[Any]) -> list[Candidate]:
    """The arrays around a function that its program reads, and NumPy too, perhaps.

    NumPy's own, and those behind tensors where the function mentions `.data`; but not `known` ones.
    """
    live, left_out = memories(captured), {id(array) for array in known}
    arrays = [(a, label) for a, label in seen.arrays if a.dtype != object and id(owner(a)) in live]
    codes = () if seen.ran is None else seen.ran.codes
    if any("data" in inner.co_names for code in codes for inner in codes_in(code)):
        arrays += [(t.data, label) for t, label in seen.tensors if id(t.data) in live]
    found = {id(a): Candidate(a, label, []) for a, label in arrays if id(a) not in left_out}
    if not found:
        return []
    holders = [*seen.holders, *(Slots(t, label, ("data",)) for t, label in seen.tensors)]
    for holder in holders:
        for key, value in holder.copy().items() if holder.look else ():
            if id(value) in found and _can_be_put(holder, key, value):
                found[id(value)].held.append((holder, key))
    return [candidate for candidate in found.values() if candidate.held]


def worked_with(among: Sequence[Candidate], matter: Callable[[dict[int, np.ndarray]], bool]) -> list[Candidate]:
    """Those of the arrays whose numbers matter to the graph, by halves.

    Args:
        matter: whether, now that copies with other numbers are in the arrays' places, the graph is another; it is
            told which array each copy, by its id, stands for.
    """
    if not among or not any(_differ(among, matter, sign) for sign in (1, -1)):
        return []
    if len(among) == 1:
        return list(among)
    half = len(among) // 2
    return worked_with(among[:half], matter) + worked_with(among[half:], matter) or list(among)


def _differ(among: Sequence[Candidate], matter: Callable[[dict[int, np.ndarray]], bool], sign: int) -> bool:
    """Whether larger numbers (a sign of 1) or smaller ones matter: of the largest so far the smaller ones do not."""
    with ExitStack() as back:
        stands_for = {}
        for array, _, held in among:
            copy = _others(array, sign)
            stands_for[id(copy)] = array
            for holder, key in held:
                back.callback(holder.put, key, array)
                holder.put(key, copy)
        return matter(stands_for)


def _can_be_put(holder: Holder, key: Any, value: Any) -> bool:
    try:
        holder.put(key, value)
    except Exception:  # as an object refuses whose attributes cannot be set
        return False
    return True


def _others(array: np.ndarray, sign: int) -> np.ndarray:
    """A copy with larger or smaller numbers."""
    copy = array.copy()
    if dtypes.is_float(array.dtype):
        wide = array.astype(np.float64)
        copy[...] = wide + sign * (0.25 * abs(wide) + 0.37)
    elif array.dtype == bool:
        copy[...] = ~array
    else:
        copy[...] = array + array.dtype.type(1) if sign > 0 else array - array.dtype.type(1)
    return copy
