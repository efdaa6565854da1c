"""Nested lists, tuples and dicts of tensors: taken apart, and put together again."""

from __future__ import annotations

from collections import defaultdict
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


def flatten(
    thing: Any, leaves: list[Tensor], is_leaf: Callable[[Any], bool] = is_array, whole: Collection[int] = ()
) -> Any:
    """Append the tensors to `leaves`; what is left is their arrangement, which can be compared and hashed.

    `whole`: the ids of lists and dicts that are not taken apart, and stay the objects that they are.
    """
    if is_leaf(thing):
        leaves.append(as_tensor(thing))
        return Tensor
    if id(thing) in whole:
        return thing
    if isinstance(thing, (list, tuple)):
        return (type(thing), *(flatten(part, leaves, is_leaf, whole) for part in thing))
    if isinstance(thing, dict):
        kind = (type(thing), *((thing.default_factory,) if isinstance(thing, defaultdict) else ()))
        return (*kind, *((key, flatten(part, leaves, is_leaf, whole)) for key, part in thing.items()))
    if isinstance(thing, slice):  # which Python hashes from 3.12 on
        return (slice, *(flatten(part, leaves, is_leaf, whole) for part in (thing.start, thing.stop, thing.step)))
    if isinstance(thing, (int, float)):
        return (type(thing), thing, str(thing))  # 1, 1.0 and True are equal, and so are 0.0 and -0.0
    return thing


def unflatten(arrangement: Any, leaves: Iterable[Tensor]) -> Any:
    """The same arrangement of other tensors, in their order."""
    return _put_together(arrangement, iter(leaves))


def _put_together(arrangement: Any, leaves: Iterator[Tensor]) -> Any:
    if arrangement is Tensor:
        return next(leaves)
    if not isinstance(arrangement, tuple):
        return arrangement
    kind, *parts = arrangement
    if issubclass(kind, defaultdict):
        return kind(parts[0], {key: _put_together(part, leaves) for key, part in parts[1:]})
    if issubclass(kind, dict):
        made = {key: _put_together(part, leaves) for key, part in parts}
        return made if kind is dict else _of_kind(kind, made)
    if not issubclass(kind, (list, tuple, slice)):
        return parts[0]
    found = [_put_together(part, leaves) for part in parts]
    if kind is slice:
        return slice(*found)
    return kind(*found) if hasattr(kind, "_fields") else kind(found)  # a named tuple takes its parts one by one


def alone(tensors: Sequence[Tensor]) -> tuple[int, ...] | None:
    """Where each of these tensors is first, if one is there several times; None if none is."""
    first: dict[int, int] = {}
    places = tuple(first.setdefault(id(t), i) for i, t in enumerate(tensors))
    return None if len(first) == len(tensors) else places


def _of_kind(kind: type[dict[Any, Any]], values: dict[Any, Any]) -> dict[Any, Any]:
    """A dict of a class that was derived."""
    made = kind.__new__(kind)
    made.update(values)
    return made


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
