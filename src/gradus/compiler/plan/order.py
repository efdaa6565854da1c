"""In which order kernels run, and that no wish for an order contradicts what depends on what."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Before(Generic[T]):
    """What comes before what, without circles.

    Things have positions, in which those that come before others stand first; a new wish that agrees with them costs
    nothing, and one that does not moves only what stands between the two (Pearce and Kelly, 2006).

    >>> known = Before("abc", {"a": [], "b": ["a"], "c": ["b"]})
    >>> known.put("c", "a"), known.put("a", "c")
    (False, True)
    """

    def __init__(self, things: Iterable[T], after: Mapping[T, Iterable[T]]) -> None:
        self.position: dict[T, int] = {x: i for i, x in enumerate(things)}
        self.first: dict[T, dict[T, None]] = {x: dict.fromkeys(after[x]) for x in self.position}
        self.then: dict[T, dict[T, None]] = {x: {} for x in self.position}
        for x, before in self.first.items():
            for y in before:
                self.then[y][x] = None

    def put(self, first: T, then: T) -> bool:
        """Let one thing come before another, if it does not come after it."""
        low, high = self.position[then], self.position[first]
        if high > low:
            follow = self._reached(then, self.then, lambda p: p <= high)
            if first in follow:
                return False
            lead = self._reached(first, self.first, lambda p: p >= low)
            moved = [*sorted(lead, key=self.position.__getitem__), *sorted(follow, key=self.position.__getitem__)]
            places = sorted(self.position[x] for x in moved)
            self.position.update(zip(moved, places, strict=True))
        self.then[first][then] = None
        self.first[then][first] = None
        return True

    def _reached(self, start: T, along: Mapping[T, Iterable[T]], near: Callable[[int], bool]) -> set[T]:
        found, waiting = {start}, [start]
        while waiting:
            for x in along[waiting.pop()]:
                if x not in found and near(self.position[x]):
                    found.add(x)
                    waiting.append(x)
        return found


def in_order(
    known: Before[T], things: list[T], follow: Callable[[T], Iterable[T]], at_once: Callable[[T], bool]
) -> list[T]:
    """The things as they stand, but none before what comes before it.

    Of those that follow from a thing, some are to come `at_once`: as soon as they can, before others.
    """
    number = {x: i for i, x in enumerate(things)}
    missing = {x: len(known.first[x]) for x in things}
    ready = [number[x] for x in things if not missing[x]]
    done: dict[T, None] = {}
    soon: deque[T] = deque()
    called: set[T] = set()
    while len(done) < len(things):
        x = soon.popleft() if soon else things[heapq.heappop(ready)]
        if x in done:
            continue
        done[x] = None
        for y in known.then[x]:
            missing[y] -= 1
            if not missing[y]:
                heapq.heappush(ready, number[y])
        found = [y for y in follow(x) if y not in done and not missing[y] and y not in called and at_once(y)]
        soon.extend(found)
        called.update(found)
    return list(done)
