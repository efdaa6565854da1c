"""What goes on by itself when it is asked: sources of random numbers, and iterators."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Mapping
from itertools import count, cycle
from operator import length_hint
from types import GeneratorType
from typing import Any

import numpy as np

from ..trace.alike import is_plain
from .holders import Holder


class Draws(Holder):
    """A source of random numbers, Python's or NumPy's: its state. What it draws is in no program: that is refused."""

    look = ""

    def __init__(self, source: Any, label: str) -> None:
        super().__init__(source, label)
        numpys = getattr(source, "bit_generator", None) or getattr(source, "_bit_generator", None)
        self._bits = numpys

    def copy(self) -> dict[str, Any]:
        return {"state": self.thing.getstate() if self._bits is None else _frozen(self._bits.state)}

    def put_back(self, before: Mapping[str, Any]) -> None:
        if self._bits is None:
            self.thing.setstate(before["state"])
        else:
            self._bits.state = _thawed(before["state"])

    def name(self, key: Any) -> str:
        return self.label


class Position(Holder):
    """How far an iterator has come, as far as that can be told. It cannot be put back.

    What it goes through may be iterators, too (`zip`, `map`, the variables of a generator): those of `parts`.
    """

    look = ""

    def copy(self) -> dict[str, Any]:
        if isinstance(self.thing, GeneratorType):
            frame = self.thing.gi_frame
            held = {k: v for k, v in self._variables().items() if is_plain(v)}
            return {"position": (frame and frame.f_lasti, tuple(held.items()))}
        if isinstance(self.thing, count):
            return {"position": repr(self.thing)}
        return {"position": (length_hint(self.thing, -1), _inside(self.thing))}

    def parts(self) -> list[Any]:
        """What it is made of."""
        if isinstance(self.thing, GeneratorType):
            return list(self._variables().values())
        return gc.get_referents(self.thing)

    def _variables(self) -> dict[str, Any]:
        return {} if self.thing.gi_frame is None else self.thing.gi_frame.f_locals

    def put_back(self, before: Mapping[str, Any]) -> None:
        pass

    def name(self, key: Any) -> str:
        return f"the iterator {self.label}"


def _inside(iterator: Any) -> Any:
    """What an iterator of itertools counts by itself, as what is pickled of it tells (until Python 3.14)."""
    if type(iterator).__module__ != "itertools":
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            _, arguments, *state = iterator.__reduce__()
    except (TypeError, ValueError):
        return None
    if isinstance(iterator, cycle):
        return length_hint(arguments[0], -1)
    return tuple(v for part in state for v in (part if isinstance(part, tuple) else (part,)) if is_plain(v))


def _frozen(state: Any) -> Any:
    """A generator's state, dicts of numbers and arrays, as something plain."""
    if isinstance(state, dict):
        return tuple((key, _frozen(value)) for key, value in state.items())
    return (str(state.dtype), state.tobytes()) if isinstance(state, np.ndarray) else state


def _thawed(state: Any) -> Any:
    if isinstance(state, tuple) and all(isinstance(part, tuple) and len(part) == 2 for part in state):
        return {key: _thawed(value) for key, value in state}
    return np.frombuffer(state[1], state[0]).copy() if isinstance(state, tuple) else state
