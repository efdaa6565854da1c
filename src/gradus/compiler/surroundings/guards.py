"""Whether all that a program depends on is still as it was when the program was made.

Two looks: a quick one, at every call, whether each value is the very same object; and where it is not, a slow one,
whether it is a number or a string that is equal. What a function read and did not change is all it can depend on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import is_
from typing import Any

import numpy as np

from ...tensor import Tensor
from .around import Around
from .holders import Holder, OfClass, Slots

FEW = 8  # keys that are asked for one by one


class Guard:
    """How the surroundings were when a program was made.

    Args:
        around: what stands around the function, as far as what ran has read it.
        captured: the arrays that the program itself reads: their numbers may change.
        looked_at: tensors whose numbers became part of the program.
    """

    _trained: Sequence[tuple[Tensor, np.ndarray, Any]] = ()
    _others: Sequence[tuple[Tensor, np.ndarray]] = ()

    def __init__(self, around: Around, captured: Sequence[np.ndarray], looked_at: Sequence[Tensor] = ()) -> None:
        self._holders = [(h, h.copy()) for h in around.holders if h.look]
        live = memories(captured)
        free = [Slots(t, label, ("data", "requires_grad")) for t, label in around.tensors if id(t.data) not in live]
        self._holders += [(h, h.copy()) for h in free]
        constants = [a for a, _ in around.arrays if id(owner(a)) not in live]
        constants += [t.data for t in looked_at if isinstance(t.data, np.ndarray)]
        self._numbers = [(a, a.shape, a.dtype, a.tobytes()) for a in constants]
        self._take()

    def watch(self, arrays: Sequence[np.ndarray]) -> None:
        """Take the numbers of these arrays for part of the program."""
        self._numbers += [(a, a.shape, a.dtype, a.tobytes()) for a in arrays]

    def watch_tensors(self, tensors: Sequence[tuple[Tensor, np.ndarray, bool, Any]]) -> None:
        """Watch those that the program has met: (tensor, its array, whether it wants a gradient, its hooks).

        What wants no gradient gets no hooks, either.
        """
        self._trained = [(t, array, hooks) for t, array, wanted, hooks in tensors if wanted]
        self._others = [(t, array) for t, array, wanted, _ in tensors if not wanted]

    def _take(self) -> None:
        """Remember the very objects that are there now, in a form that is quickly gone through."""
        now = [(h, h.copy()) for h, _ in self._holders]
        some = [(h, held) for h, held in now if h.look == "key" and not h.ordered]
        self._by_key = [(h.thing, k, v) for h, held in some for k, v in held.items() if k not in h.idle]
        self._whole = [(h.thing, tuple(held), tuple(held.values())) for h, held in now if h.look == "key" and h.ordered]
        self._attributes = [(h.thing, k, v) for h, held in now if h.look == "attribute" for k, v in held.items()]
        self._cells = [(h.thing, v) for h, held in now if h.look == "cell" for v in held.values()]
        code = [(h.thing, *held.values()) for h, held in now if h.look == "code"]
        self._functions = [(f, code, defaults) for f, code, defaults, _ in code]
        self._by_name = [(f, defaults) for f, code, _, defaults in code if code.co_kwonlyargcount]
        self._in_order = [(h.thing, tuple(held.values())) for h, held in now if h.look == "order"]
        self._kinds = [(h.thing, kind) for h, held in now if h.look == "kind" for kind in held.values()]
        growing = [h for h, held in now if h.look in ("key", "order") and _may_grow(h, held)]
        self._lengths = [(h.thing, len(h.thing)) for h in growing]
        self._gaps = [(h, tuple(held)) for h, held in now if h.look in ("attribute", "cell") and h.absent(held)]
        self._there: list[tuple[Any, Any]] = []
        self._absent: list[tuple[Callable[[Any], bool], Any]] = []
        for h, held in some:
            self._watch_others(h, held)

    def _watch_others(self, h: Holder, held: Mapping[Any, Any]) -> None:
        """Of a dict that is looked at in part, see that no name that counts comes where another goes.

        Its length tells that one came, unless another went: so those that do not count are to stay, if they are few;
        else it is asked for all that could come. (Of a class, the length must do: there anything with `__` counts.)
        """
        if isinstance(h, OfClass) or not _may_grow(h, held):
            return
        others = [k for k in h.thing if k not in held and k not in h.lasting]
        absent = h.absent(held)
        if len(others) <= FEW or absent is None:
            self._there += [(h.thing, k) for k in others]
        else:
            self._absent.append((h.thing.keys().isdisjoint, absent))

    def same(self) -> bool:
        """Whether all is as it was."""
        for t, array, hooks in self._trained:  # there may be hundreds
            if t.data is not array or not t.requires_grad or t.hooks is not hooks:
                return False
        for t, array in self._others:
            if t.data is not array or t.requires_grad:
                return False
        if self._identical() and (not self._numbers or self._same_numbers()):
            return True
        if self.changed() is not None or not self._same_numbers():
            return False
        self._take()
        return True

    def _identical(self) -> bool:
        """The quick look. Loops written out: at every call each value costs some 20 ns."""
        for thing, length in self._lengths:
            if len(thing) != length:
                return False
        for thing, key in self._there:
            if key not in thing:
                return False
        for lacks, names in self._absent:
            if not lacks(names):
                return False
        for holder, names in self._gaps:
            if tuple(holder.copy()) != names:
                return False
        for thing, kind in self._kinds:
            if type(thing) is not kind:
                return False
        for thing, keys, values in self._whole:
            if not (all(map(is_, thing, keys)) and all(map(is_, thing.values(), values))):
                return False
        for thing, values in self._in_order:
            if not all(map(is_, thing, values)):
                return False
        try:
            for thing, key, value in self._by_key:
                if thing[key] is not value:
                    return False
            for cell, value in self._cells:
                if cell.cell_contents is not value:
                    return False
            for f, code, defaults in self._functions:
                if f.__code__ is not code or f.__defaults__ is not defaults:
                    return False
            for f, defaults in self._by_name:
                if f.__kwdefaults__ is not defaults:
                    return False
            for thing, name, value in self._attributes:
                if getattr(thing, name) is not value:
                    return False
        except (KeyError, AttributeError, ValueError):  # it is gone
            return False
        return True

    def changed(self) -> str | None:
        """What is not as it was, by its name; None if nothing is."""
        for holder, before in self._holders:
            for key, _, _ in holder.differences(before):
                return holder.name(key)
            if holder.ordered and list(holder.copy()) != list(before):
                return holder.label
        return None

    def _same_numbers(self) -> bool:
        for array, shape, dtype, numbers in self._numbers:
            if array.shape != shape or array.dtype != dtype or array.tobytes() != numbers:
                return False
        return True


class Snapshot:
    """How the surroundings were at a moment: what has changed since is found, and can be undone."""

    def __init__(self, holders: Sequence[Holder]) -> None:
        self._before = [(h, h.copy()) for h in holders]

    def changes(self) -> list[tuple[Holder, Any, Any, Any]]:
        """What has changed: (holder, key, then, now)."""
        return [(h, *change) for h, before in self._before for change in h.differences(before)]

    def put_back(self) -> None:
        """Let everything be as it was."""
        for holder, before in self._before:
            if any(True for _ in holder.differences(before)):
                holder.put_back(before)


def _may_grow(holder: Holder, held: Mapping[Any, Any]) -> bool:
    """Whether there may be more in it that counts than there is: not if all names that are looked at are there."""
    keys = getattr(holder, "keys", None)
    return not isinstance(keys, (set, frozenset)) or len(held) < len(keys)


def owner(array: np.ndarray) -> Any:
    """The array that owns the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def memories(arrays: Sequence[np.ndarray]) -> set[int]:
    """The arrays, and those whose memory they share."""
    return {i for a in arrays for i in (id(a), id(owner(a)))}
