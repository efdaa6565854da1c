"""Nested lists, tuples and dicts of tensors: taken apart, and put together again."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ...tensor import Tensor, as_tensor
from .alike import alike, is_plain

DEEP = 20  # how far into objects `agree` looks


def is_array(thing: Any) -> bool:
    """Whether a value is a tensor, or becomes one; NumPy's float64 and strings are Python's, as in eager code."""
    return isinstance(thing, (Tensor, np.ndarray, np.generic)) and not isinstance(thing, (float, str, bytes))


def is_tensor(thing: Any) -> bool:
    """Whether a value is a tensor: of what a function returns, NumPy's arrays are handed on as they are."""
    return isinstance(thing, Tensor)


class Leaf:
    """Stands for a tensor in an arrangement. (The class Tensor may be a value among others, as `type(x)` is.)"""


class Attributed:
    """Stands in an arrangement before a container, or a tensor, of a user's class, and the attributes that it has."""


def flatten(
    thing: Any, leaves: list[Tensor], is_leaf: Callable[[Any], bool] = is_array, whole: Collection[int] = ()
) -> Any:
    """Append the tensors to `leaves`; what is left is their arrangement, which can be compared and hashed.

    `whole`: the ids of lists and dicts that are not taken apart, and stay the objects that they are.
    """

    def within(thing: Any) -> Any:
        return flatten(thing, leaves, is_leaf, whole)

    if is_leaf(thing):
        leaves.append(as_tensor(thing))
        own = getattr(thing, "__dict__", None) if isinstance(thing, Tensor) else None
        return (Attributed, Leaf, *((name, within(value)) for name, value in own.items())) if own else Leaf
    if id(thing) in whole:
        return thing
    if isinstance(thing, (list, tuple, dict)):
        elements = _elements(thing, within)
        own = {} if type(thing) in (list, tuple, dict) else dict(_attributes(thing))
        return (Attributed, elements, *((name, within(value)) for name, value in own.items())) if own else elements
    if isinstance(thing, slice):  # which Python hashes from 3.12 on
        return (slice, *map(within, (thing.start, thing.stop, thing.step)))
    if isinstance(thing, (int, float)):
        return (type(thing), thing, str(thing))  # 1, 1.0 and True are equal, and so are 0.0 and -0.0
    return thing


def _elements(thing: Any, within: Callable[[Any], Any]) -> tuple[Any, ...]:
    """A container's class, and what it holds."""
    if not isinstance(thing, dict):
        return (type(thing), *map(within, thing))
    kind = (type(thing), *((thing.default_factory,) if isinstance(thing, defaultdict) else ()))
    return (*kind, *((key, within(part)) for key, part in thing.items()))


def unflatten(arrangement: Any, leaves: Iterable[Tensor]) -> Any:
    """The same arrangement of other tensors, in their order."""
    return _put_together(arrangement, iter(leaves))


def _put_together(arrangement: Any, leaves: Iterator[Tensor]) -> Any:
    if arrangement is Leaf:
        return next(leaves)
    if not isinstance(arrangement, tuple):
        return arrangement
    kind, *parts = arrangement
    if kind is Attributed:
        made = _put_together(parts[0], leaves)
        for name, part in parts[1:]:
            object.__setattr__(made, name, _put_together(part, leaves))
        return made
    if issubclass(kind, dict):
        return _dict(kind, parts, leaves)
    if not issubclass(kind, (list, tuple, slice)):
        return parts[0]
    found = [_put_together(part, leaves) for part in parts]
    if kind is list or kind is tuple or kind is slice:
        return slice(*found) if kind is slice else kind(found)
    if issubclass(kind, tuple):
        return tuple.__new__(kind, found)
    made = list.__new__(kind)
    list.extend(made, found)
    return made


def _dict(kind: type[dict[Any, Any]], parts: list[Any], leaves: Iterator[Tensor]) -> dict[Any, Any]:
    """A dict of a class that may be derived: its own methods, which may do more, are not asked."""
    base = next(base for base in (OrderedDict, defaultdict, dict) if issubclass(kind, base))
    made: Any = base.__new__(kind)
    if base is defaultdict:
        made.default_factory = parts.pop(0)
    for key, part in parts:
        base.__setitem__(made, key, _put_together(part, leaves))
    return made  # type: ignore[no-any-return]


def alone(tensors: Sequence[Tensor]) -> tuple[int, ...] | None:
    """Where each of these tensors is first, if one is there several times; None if none is."""
    first: dict[int, int] = {}
    places = tuple(first.setdefault(id(t), i) for i, t in enumerate(tensors))
    return None if len(first) == len(tensors) else places


def agree(a: Any, b: Any, depth: int = 0) -> bool:
    """Whether two arrangements are the same to whoever reads them: what is equal may still differ, as 1 and True.

    >>> agree((1, "a"), (1, "a")), agree({"a": 1}, {"a": True}), agree([], ())
    (True, False, False)
    """
    if a is b or alike(a, b):
        return True
    if type(a) is not type(b) or is_plain(a) or isinstance(a, (type, np.ndarray, Tensor)) or depth > DEEP:
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(agree(p, q, depth + 1) for p, q in zip(a, b, strict=True))
    if isinstance(a, dict):
        return agree(list(a.items()), list(b.items()), depth + 1)
    return agree(_attributes(a), _attributes(b), depth + 1) and bool(a == b)


def _attributes(thing: Any) -> list[tuple[str, Any]]:
    """An object's attributes by name, in its dict or in slots."""
    slots = [vars(kind).get("__slots__", ()) for kind in type(thing).__mro__]
    names = [n for s in slots for n in ((s,) if isinstance(s, str) else s)]
    named = [(n, getattr(thing, n)) for n in names if not n.startswith("__") and hasattr(thing, n)]
    return [*getattr(thing, "__dict__", {}).items(), *named]
