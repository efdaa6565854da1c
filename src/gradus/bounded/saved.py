"""What was saved as JSON: `parsed` makes values of it, `made` things of values that have the types they must have."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ..errors import short

DEPTH = 64  # lists and dicts of JSON that lie within one another
_DIGITS = 20  # of a whole number in JSON; 2**64 has as many

T = TypeVar("T")


def parsed(text: str | bytes) -> Any:
    """The value that JSON spells.

    Raises:
        ValueError: it is no JSON, or more than 64 lists and dicts lie within one another, or a whole number has more
            than 20 digits.

    >>> parsed('{"lr": [0.1]}')
    {'lr': [0.1]}
    >>> parsed("[" * 100_000 + "]" * 100_000)
    Traceback (most recent call last):
    ValueError: more than 64 lists and dicts lie within one another
    """
    try:
        found = json.loads(text, parse_int=_whole)
    except RecursionError:
        level: list[Any] = [None]
    else:
        level = [found]
        for _ in range(DEPTH):
            level = [v for outer in level for v in _within(outer) if isinstance(v, (dict, list))]
    if level:
        raise ValueError(f"more than {DEPTH} lists and dicts lie within one another")
    return found


def _within(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"{short(digits)} has more digits than any number here")
    return int(digits)


def made(kind: type[T], saved: Any) -> T:
    """A dataclass of what JSON holds of its fields by name, which must be of the fields' types.

    Raises:
        TypeError, ValueError: fields that there are not, or of other types, or numbers that are not finite.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Point:
    ...     at: tuple[float, ...]
    >>> made(Point, {"at": [1.0, 2.0]})
    Point(at=(1.0, 2.0))
    >>> made(Point, {"at": ["1.0"]})
    Traceback (most recent call last):
    ValueError: at is ['1.0']; expected tuple[float, ...]
    """
    types = get_type_hints(kind)
    if unknown := [name for name in saved if name not in types]:
        raise TypeError(f"{kind.__name__} has no {short(repr(unknown[0]))}")
    return kind(**{name: of_type(name, value, types[name]) for name, value in saved.items()})


def of_type(name: str, value: Any, kind: Any) -> Any:
    """A value of JSON, which must be of this type; lists become tuples.

    Raises:
        ValueError: it is of another, or a number that is not finite.

    >>> of_type("shape", [3, 4], tuple[int, ...])
    (3, 4)
    """
    if not _is(value, kind):
        raise ValueError(
            f"{name} is {short(repr(value))}; expected {kind.__name__ if get_origin(kind) is None else kind}"
        )
    return _tuples(value)


def _is(value: Any, kind: Any) -> bool:
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        inner = inner[:1] * len(value) if isinstance(value, list) and inner[-1] is ... else inner
        return isinstance(value, list) and len(value) == len(inner) and all(map(_is, value, inner))
    if get_origin(kind) in (Union, UnionType):
        return any(_is(value, one) for one in get_args(kind))
    if get_origin(kind) is Mapping:
        return isinstance(value, dict)
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    return kind is Any or (type(value) is kind if kind in (int, bool) else isinstance(value, kind))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
