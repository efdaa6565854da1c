"""Which arrays NumPy, or Python, has worked with while a function was traced: their numbers are part of the program.

`x * a / a.sum()` reads `a` at each call, and divides by a number that was worked out once; `a > 5` may come to the same
for many numbers. Of that a trial tells: the function is traced with spies in place of its arrays, which tell whether
their numbers are asked for. What NumPy's C reads of them unseen shows with other numbers in copies of them: where they
matter, the function comes to another graph.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np

from ... import dtypes
from .around import Around
from .guards import memories, owner
from .holders import Holder, Slots
from .named import mentions
from .spies import spy_on


class Candidate(NamedTuple):
    """An array that NumPy may have worked with, what it is called, and where it is held: (holder, key, what is there).

    Where that is a tuple, the array stands in it. `named`: whether the function names it, or what it is read by.
    """

    array: np.ndarray
    label: str
    held: list[tuple[Holder, Any, Any]]
    named: bool = True


Put = Callable[[np.ndarray], np.ndarray]  # what to put in an array's place
Trial = Callable[[dict[int, Any]], bool]  # see `worked_with`


def candidates(seen: Around, captured: Sequence[np.ndarray], known: Sequence[Any]) -> list[Candidate]:
    """The arrays around a function that NumPy may have used, unless their numbers are watched in any case.

    NumPy's own which the program reads, and those behind tensors where the function mentions `.data`; not `known` ones.
    """
    live, left_out = memories(captured), {id(array) for array in known}
    arrays = [(a, label) for a, label in seen.arrays if a.dtype != object and id(owner(a)) in live]
    found = {id(a): Candidate(a, label, []) for a, label in arrays if id(a) not in left_out}
    ran = seen.ran
    named = ran is not None and any("data" in mentions(code) for code in ran.codes)
    if named or (ran is not None and ran.all_attributes):
        behind = [(t.data, label) for t, label in seen.tensors if isinstance(t.data, np.ndarray)]
        found |= {id(a): Candidate(a, label, [], named) for a, label in behind if id(a) not in left_out | found.keys()}
    if not found:
        return []
    holders = [*seen.holders, *seen.fixed, *(Slots(t, label, ("data",)) for t, label in seen.tensors)]
    for holder in holders:
        for key, value in holder.copy().items() if holder.look else ():
            inside = [i for i in _within(value) if i in found]
            if inside and _can_be_put(holder, key, value):
                for i in inside:
                    found[i].held.append((holder, key, value))
    return list(found.values())


def worked_with(among: Sequence[Candidate], within: Container[int], matter: Trial) -> list[Candidate]:
    """Those of the arrays whose numbers were asked for, or matter to the graph.

    Args:
        within: by their ids, arrays that are held where nothing can be put in their place, too.
        matter: whether, now that others are in the arrays' places, the graph is another; it is told which array each
            of the others, by its id, stands for.
    """
    def out_of_reach(c: Candidate) -> bool:
        return not c.held or id(c.array) in within or c.array.dtype.names is not None

    found = [c for c in among if out_of_reach(c)]
    left = [c for c in among if not out_of_reach(c)]
    spied = [c for c in left if type(c.array) is np.ndarray]
    asked: set[int] = set()
    if spied and _differ(spied, matter, lambda a: spy_on(a, asked, id(a))) and not asked:
        return [*found, *left]
    found += [c for c in left if id(c.array) in asked]
    return found + _mattering([c for c in left if c.named and id(c.array) not in asked], matter)


def _mattering(among: Sequence[Candidate], matter: Trial) -> list[Candidate]:
    """Those of the arrays whose numbers matter to the graph, by halves."""
    # of the numbers that are the largest so far, smaller ones do not matter
    if not among or not any(_differ(among, matter, put) for put in (_larger, _smaller)):
        return []
    if len(among) == 1:
        return list(among)
    half = len(among) // 2
    return _mattering(among[:half], matter) + _mattering(among[half:], matter) or list(among)


def _differ(among: Sequence[Candidate], matter: Trial, put: Put) -> bool:
    """Whether the graph is another with others in the arrays' places."""
    others = {id(c.array): put(c.array) for c in among}
    stands_for: dict[int, Any] = {id(others[id(c.array)]): c.array for c in among}
    with ExitStack() as back:
        for holder, key, value in {(id(h), key): (h, key, value) for c in among for h, key, value in c.held}.values():
            other = _with(value, others)
            stands_for[id(other)] = value
            back.callback(holder.put, key, value)
            holder.put(key, other)
        return matter(stands_for)


def _within(value: Any) -> Iterator[int]:
    """The ids of a value, and of what stands in it, if it is a tuple."""
    yield id(value)
    if isinstance(value, tuple):
        for part in value:
            if isinstance(part, (np.ndarray, tuple)):
                yield from _within(part)


def _with(value: Any, others: Mapping[int, np.ndarray]) -> Any:
    """A value with others in the place of arrays."""
    if id(value) in others:
        return others[id(value)]
    if isinstance(value, tuple) and any(i in others for i in _within(value)):
        return tuple.__new__(type(value), [_with(part, others) for part in value])
    return value


def _can_be_put(holder: Holder, key: Any, value: Any) -> bool:
    try:
        holder.put(key, value)
    except Exception:  # as an object refuses whose attributes cannot be set
        return False
    return True


def _larger(array: np.ndarray) -> np.ndarray:
    """A copy with larger numbers."""
    return _moved(array, 1)


def _smaller(array: np.ndarray) -> np.ndarray:
    """A copy with smaller numbers."""
    return _moved(array, -1)


def _moved(array: np.ndarray, sign: int) -> np.ndarray:
    copy = array.copy()
    if dtypes.is_float(array.dtype):
        wide = array.astype(np.float64)
        copy[...] = wide + sign * (0.25 * abs(wide) + 0.37)
    elif array.dtype == bool:
        copy[...] = ~array
    else:
        copy[...] = array + array.dtype.type(1) if sign > 0 else array - array.dtype.type(1)
    return copy
