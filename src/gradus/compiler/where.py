"""What a person calls a tensor: the path to it from a function, such as `model.layers.0.weight`."""

from __future__ import annotations

import functools
import sys
import types
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..tensor import Tensor

_CLOSED = (type, types.ModuleType, str, bytes, int, float, bool, type(None))


def where_is(function: Any, wanted: np.ndarray) -> str:
    """The shortest path to a tensor with this array; the empty string if there is none.

    >>> import gradus
    >>> layer = gradus.nn.Linear(2, 3)
    >>> where_is(lambda x: layer(x), layer.bias.numpy())
    'layer.bias'
    """
    if wanted is sys.modules["gradus.random"].default.state.data:  # a room above this one
        return "the state of the random generator"
    waiting: deque[tuple[str, Any]] = deque([("", function)])
    seen: set[int] = set()
    while waiting:
        path, thing = waiting.popleft()
        if isinstance(thing, Tensor):
            if thing.data is wanted:
                return path
        elif id(thing) not in seen and not isinstance(thing, _CLOSED):
            seen.add(id(thing))
            waiting += _parts(path, thing)
    return ""


def _parts(path: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """What can be reached from a thing in one step, and what that is called."""
    dot = f"{path}." if path else ""
    if isinstance(thing, types.MethodType):
        yield path, thing.__self__
        yield path, thing.__func__
    elif isinstance(thing, functools.partial):
        yield from ((path, part) for part in (thing.func, *thing.args, *thing.keywords.values()))
    elif isinstance(thing, types.FunctionType):
        closed = zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True)
        yield from ((name, _contents(cell)) for name, cell in closed)
        yield from ((name, thing.__globals__[name]) for name in thing.__code__.co_names if name in thing.__globals__)
        yield from ((path, value) for value in thing.__defaults__ or ())
    elif isinstance(thing, dict):
        yield from ((f"{path}[{key!r}]", value) for key, value in thing.items())
    elif isinstance(thing, (list, tuple)):
        yield from ((f"{path}[{i}]", value) for i, value in enumerate(thing))
    else:
        yield from ((f"{dot}{name}", value) for name, value in getattr(thing, "__dict__", {}).items())


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None
