"""What a traced program depends on besides its arguments: plain Python values around the function.

While a function is traced, every number, string, flag and function it finds in its surroundings (a layer's `training`,
an optimizer's `momentum`, a variable of an enclosing function) becomes part of the program. The snapshot taken then is
compared before each call; where it differs, another version of the program is used.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

from ..tensor import Tensor

_PLAIN = (bool, int, float, str, type(None))


class Surroundings:
    """The objects around a function whose plain attributes a trace may have used."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._watched: list[tuple[Callable[[str], Any], tuple[str, ...]]] = []
        self._seen: set[int] = set()
        for thing in (*_around(function), *arguments):
            self._watch(thing, near=True)
        self._cells = tuple(c for c in _cells(function) if _is_plain(_contents(c)))

    def _watch(self, thing: Any, near: bool = False) -> None:
        """Watch a thing and what it is made of: layers, optimizers, functions, and whatever stands right beside."""
        if id(thing) in self._seen or isinstance(thing, (*_PLAIN, Tensor, type, types.ModuleType)):
            return
        self._seen.add(id(thing))
        if isinstance(thing, (list, tuple, set)):
            parts: list[Any] = list(thing)
        elif isinstance(thing, dict):
            parts = list(thing.values())
        elif isinstance(thing, (types.FunctionType, types.MethodType)):
            parts = list(_around(thing))
        elif hasattr(thing, "__wrapped__"):  # another compiled function
            parts = [thing.__wrapped__]
        elif (near or hasattr(thing, "zero_grad")) and isinstance(getattr(thing, "__dict__", None), dict):
            keys = [k for k, v in vars(thing).items() if _is_plain(v)]
            if hasattr(thing, "training") and "training" not in keys:
                keys.append("training")  # the class' own value, until it is set
            self._watched.append((vars(thing).get, tuple(keys)))
            parts = list(vars(thing).values())
        else:
            return
        for part in parts:
            self._watch(part)

    def snapshot(self) -> tuple[Any, ...]:
        """The plain values as they are now."""
        values = [tuple(map(get, keys)) for get, keys in self._watched]
        return (*values, *map(_contents, self._cells)) if self._cells else tuple(values)


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(callable(v) for v in value)
    return isinstance(value, (*_PLAIN, types.FunctionType, types.BuiltinFunctionType))


def _cells(function: Any) -> tuple[Any, ...]:
    function = getattr(function, "__func__", function)
    return getattr(function, "__closure__", None) or ()


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _around(function: Any) -> Iterator[Any]:
    """What a function can see: itself bound, variables of enclosing functions, globals that it names."""
    if hasattr(function, "__self__"):
        yield function.__self__
    function = getattr(function, "__func__", function)
    for cell in _cells(function):
        yield _contents(cell)
    code, names = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    for name in code.co_names if code else ():
        if name in names and not isinstance(names[name], types.FunctionType):
            yield names[name]
