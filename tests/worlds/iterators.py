"""Iterators that go on at each call, and give the same for a while."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from .world import World, refused

VALUES = [2.0, 2.0, 2.0, 5.0, 7.0] * 9


def _generator() -> Iterator[float]:
    yield from VALUES


def _counting() -> Iterator[float]:
    seen: list[float] = []
    while True:
        seen.append(1.0)
        yield 2.0 if len(seen) < 5 else 5.0


class _Wrapped:
    def __init__(self) -> None:
        self.of = (v for v in VALUES)

    def __next__(self) -> float:
        return next(self.of)


MAKERS: dict[str, Callable[[], Any]] = {
    "cycle": lambda: itertools.cycle(VALUES[:5]),
    "zip": lambda: zip(VALUES, VALUES, strict=True),
    "map": lambda: map(float, VALUES),
    "filter": lambda: filter(None, VALUES),
    "enumerate": lambda: enumerate(VALUES),
    "chain": lambda: itertools.chain(VALUES[:2], VALUES),
    "islice": lambda: itertools.islice(VALUES, 20),
    "tee": lambda: itertools.tee(VALUES)[0],
    "product": lambda: itertools.product(VALUES[:2], VALUES),
    "reversed": lambda: reversed(VALUES),
    "values": lambda: iter(dict(enumerate(VALUES)).values()),
    "generator": _generator,
    "counting_generator": _counting,
    "generator_of_an_object": _Wrapped,
}


def _last(value: Any) -> float:
    return float(value[-1]) if isinstance(value, tuple) else value


def _begun(make: Callable[[], Any], taken: int) -> Callable[[], World]:
    def world() -> World:
        numbers = make()
        for _ in range(taken):
            next(numbers)
        return World(lambda x: x * _last(next(numbers)))

    return world


for _name, _make in MAKERS.items():
    for _taken in (0, 1, 6):
        _world = _begun(_make, _taken)
        _world.__name__ = f"{_name}_of_which_{_taken}_are_taken"
        refused(_world)
