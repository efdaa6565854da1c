"""Putting back what a failed attempt has changed around a model: training then goes on as if it had not been made."""

from __future__ import annotations

import random
import sys
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..compiler import Compiled
from ..frozen import Frozen
from ..tensor import Tensor

_SMALL = 1 << 20  # bytes up to which an array is kept; what is larger is a data set, or weights, which are not written
_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_KEPT = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, Compiled)  # not looked into


@contextmanager
def undone(things: Iterable[Any]) -> Iterator[None]:
    """Put all back if this block fails: attributes, lists, dicts, sets, arrays, gradients and random generators.

    What is reached from the things by attributes and elements is put back, and NumPy's and Python's own generators.

    >>> numbers = [1]
    >>> try:
    ...     with undone([numbers]):
    ...         numbers.append(1 / 0)
    ... except ZeroDivisionError:
    ...     print(numbers)
    [1]
    """
    back = list(_restorers(things))
    try:
        yield
    except BaseException:
        for restore in back:
            restore()
        raise


def _restorers(things: Iterable[Any]) -> Iterator[Callable[[], Any]]:
    """For each thing that can change, a function that puts it back."""
    yield from _generators()
    waiting, seen = list(things), set()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, _KEPT):
            continue
        seen.add(id(thing))
        if isinstance(thing, types.MethodType):
            waiting.append(thing.__self__)
        elif isinstance(thing, Tensor):
            yield _tensor(thing)
            waiting += [t for t in (thing.data, thing.grad) if t is not None]
        elif isinstance(thing, np.ndarray):
            if thing.flags.writeable and thing.nbytes <= _SMALL:
                yield _array(thing)
        elif isinstance(thing, (np.random.Generator, np.random.BitGenerator)):
            yield _generator(getattr(thing, "bit_generator", thing))
        elif isinstance(thing, random.Random):
            yield _call(thing.setstate, thing.getstate())
        elif isinstance(thing, (list, deque)):
            yield _call(_fill, thing, list(thing), "extend")
            waiting += _parts(thing)
        elif isinstance(thing, Frozen):
            waiting += _parts(thing.values())
        elif isinstance(thing, (dict, set)):
            yield _call(_fill, thing, thing.copy(), "update")
            waiting += _parts(thing.values() if isinstance(thing, dict) else thing)
        elif isinstance(thing, tuple):
            waiting += _parts(thing)
        else:
            named = getattr(thing, "__dict__", None)
            waiting += [named] if isinstance(named, dict) else []


def _parts(elements: Iterable[Any]) -> list[Any]:
    return [e for e in elements if not isinstance(e, _PLAIN)]


def _call(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    return lambda: function(*arguments)


def _fill(container: Any, content: Any, how: str) -> None:
    container.clear()
    getattr(container, how)(content)


def _array(array: np.ndarray) -> Callable[[], Any]:
    return _call(np.copyto, array, array.copy())


def _tensor(t: Tensor) -> Callable[[], Any]:
    before = t.data, t.grad, t.requires_grad, t.writes, t.writes[0], t.hooks and list(t.hooks)

    def restore() -> None:
        t.data, t.grad, t.requires_grad, t.writes, t.writes[0], t.hooks = before

    return restore


def _generator(bits: Any) -> Callable[[], Any]:
    return _call(setattr, bits, "state", bits.state)


def _generators() -> Iterator[Callable[[], Any]]:
    """Python's own generator, and NumPy's if it is in use."""
    yield _call(random.setstate, random.getstate())
    if "numpy.random" in sys.modules:
        yield _call(np.random.set_state, np.random.get_state())
