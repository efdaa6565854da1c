"""What a traced program depends on besides its arguments: plain Python values around the function.

While a function is traced, every number, string, flag and function it finds in its surroundings (a layer's `training`,
an optimizer's `momentum`, a variable of an enclosing function) becomes part of the program. The snapshot taken then is
compared before each call; where it differs, another version of the program is used.
"""

from __future__ import annotations

import functools
import types
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import call, itemgetter
from typing import Any

import numpy as np

from ..errors import TraceError
from ..tensor import Tensor

_PLAIN = (bool, int, float, str, type(None))
_OURS = "gradus."


class Surroundings:
    """The objects around a function that a trace may have used: their plain attributes, and which tensors they hold."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._watched: list[tuple[Callable[[Any], Any], tuple[Any, ...]]] = []
        self._kept: list[tuple[Callable[[Any], Any], tuple[Any, ...]]] = []
        self._owners: list[Any] = []
        self._tensors: list[weakref.ref[Tensor]] = []  # of arguments too, which must not live on here
        self._seen: set[int] = set()
        waiting = [(thing, True) for thing in reversed((_body(function), *arguments))]
        while waiting:  # no recursion: layers may be nested deeply
            parts, near = self._watch(*waiting.pop())
            waiting += [(part, near) for part in reversed(parts)]
        self._values, self._things = _columns(self._watched), _columns(self._kept)

    def _watch(self, thing: Any, near: bool) -> tuple[list[Any], bool]:
        """Watch a thing: layers, optimizers, functions, and whatever stands right beside; what it is made of."""
        if id(thing) in self._seen or isinstance(thing, (*_PLAIN, type, types.ModuleType)):
            return [], near
        self._seen.add(id(thing))
        parts: list[Any] = []
        if isinstance(thing, Tensor):
            self._tensors.append(weakref.ref(thing))
        elif isinstance(thing, (list, tuple, set)):
            parts = list(thing)
            if near and all(map(_is_plain, parts)):
                self._watched.append((tuple, (thing,)))
        elif isinstance(thing, dict):
            parts = list(thing.values())
            if near:
                self._compare(thing)
        elif isinstance(thing, (types.FunctionType, types.MethodType)):
            parts = list(self._seen_by(thing))
            near = True
        elif isinstance(thing, functools.partial):
            parts = [thing.func, *thing.args, *thing.keywords.values()]
        elif hasattr(thing, "__wrapped__"):  # another compiled function
            parts, near = [thing.__wrapped__], True
        elif (near or hasattr(thing, "zero_grad")) and isinstance(getattr(thing, "__dict__", None), dict):
            self._owners.append(thing)
            self._compare(vars(thing), ("training",) if hasattr(thing, "training") else ())
            parts, near = list(vars(thing).values()), False
        return parts, near

    def _compare(self, named: dict[Any, Any], also: tuple[str, ...] = (), live: dict[Any, Any] | None = None) -> None:
        """From call to call: the plain values of a dict, and which tensors, layers and optimizers stand in it."""
        live = named if live is None else live
        plain = tuple(dict.fromkeys((*(k for k, v in named.items() if _is_plain(v)), *also)))
        kept = tuple(k for k, v in named.items() if isinstance(v, Tensor) or hasattr(v, "zero_grad"))
        self._watched += [(live.get, plain)] if plain else []
        self._kept += [(live.get, kept)] if kept else []

    def _seen_by(self, function: Any) -> Iterator[Any]:
        """What a function can see: itself bound, variables of enclosing functions, globals that it names."""
        if hasattr(function, "__self__"):
            yield function.__self__
        function = getattr(function, "__func__", function)
        cells = getattr(function, "__closure__", None) or ()
        plain = tuple(c for c in cells if _is_plain(_contents(c)))
        kept = tuple(c for c in cells if isinstance(_contents(c), Tensor) or hasattr(_contents(c), "zero_grad"))
        self._watched += [(_contents, plain)] if plain else []
        self._kept += [(_contents, kept)] if kept else []
        yield from map(_contents, cells)
        names = getattr(function, "__globals__", {})
        if not str(names.get("__name__")).startswith(_OURS):
            used = {name: names[name] for name in _names(function.__code__) if name in names}
            self._compare(used, live=names)
            yield from used.values()

    def snapshot(self) -> tuple[Any, ...]:
        """The plain values, and which tensors and layers there are, as they are now."""
        return tuple(map(call, *self._values)), tuple(map(id, map(call, *self._things)))

    def look(self) -> Look:
        """How they are now, for quick comparisons."""
        return Look(self._watched, self._kept)

    def held(self) -> list[Any]:
        """The tensors and layers whose ids stand in the snapshot: while they live, no other has the same."""
        return [get(key) for get, keys in self._kept for key in keys]

    def leaves(self) -> list[Tensor]:
        """The tensors in which `backward` leaves a gradient."""
        found = [ref() for ref in self._tensors]
        return [t for t in found if t is not None and t.requires_grad and t.is_leaf]

    @contextmanager
    def whole(self, name: str) -> Iterator[None]:
        """Trace in this block: attributes that it leaves holding symbols get back what they held, with an error."""
        before = [(owner, dict(vars(owner))) for owner in self._owners]
        left = []
        try:
            yield
        finally:
            for owner, held in before:
                for key in [k for k, v in vars(owner).items() if isinstance(v, Tensor) and _is_symbol(v)]:
                    left.append(f"{type(owner).__name__}.{key}")
                    vars(owner).pop(key)
                    vars(owner).update({key: held[key]} if key in held else {})
        if left:
            raise TraceError(
                f"the compiled function {name} puts a tensor that it computes into {left[0]}, which would be the same "
                "at every call. Make it a tensor beforehand and write into it with assign_, or return the value."
            )


class Look:
    """How surroundings were at a moment. Plain values of the same dict are fetched and compared all at once."""

    def __init__(self, watched: list[Any], kept: list[Any]) -> None:
        self._plain: list[tuple[Callable[[Any], Any], Any, Any]] = []
        for get, keys in watched:
            named: Any = getattr(get, "__self__", None)
            present = tuple(k for k in keys if isinstance(named, dict) and k in named)
            if present:
                fetch = itemgetter(*present)
                self._plain.append((fetch, named, fetch(named)))
            self._plain += [(get, key, get(key)) for key in keys if key not in present]
        self._things = [(get, key, get(key)) for get, keys in kept for key in keys]

    def same(self) -> bool:
        """Whether all is as it was: plain values equal, tensors and layers the same ones."""
        try:
            for get, of, value in self._plain:
                if get(of) != value:
                    return False
        except KeyError:  # an attribute is gone
            return False
        for get, of, thing in self._things:  # noqa: SIM110 - twice as quick as all()
            if get(of) is not thing:
                return False
        return True


def _body(function: Any) -> Any:
    """What is looked at of a function to be compiled: of a Module its forward, of another object its __call__."""
    if isinstance(function, (types.FunctionType, types.MethodType, functools.partial, type)):
        return function
    if hasattr(function, "__wrapped__"):  # another compiled function
        return _body(function.__wrapped__)
    return function.forward if hasattr(function, "zero_grad") else function.__call__


def _columns(looks: list[tuple[Callable[[Any], Any], tuple[Any, ...]]]) -> tuple[list[Any], list[Any]]:
    """The getters, and what each is to get: to go through them all at once is quick."""
    return [get for get, keys in looks for _ in keys], [key for _, keys in looks for key in keys]


def _is_symbol(t: Tensor) -> bool:
    return not isinstance(t.data, np.ndarray)


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return isinstance(value, (*_PLAIN, types.FunctionType, types.BuiltinFunctionType))


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _names(code: types.CodeType) -> Iterator[str]:
    """The names that a function's code mentions, inner functions' among them."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
