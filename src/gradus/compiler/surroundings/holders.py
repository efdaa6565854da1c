"""Where Python keeps what can change: attributes, dicts, lists, sets, variables of functions.

A holder can be looked at, compared with how it was, and put back. Values are compared as a program would see them:
numbers and strings by type and value (1, 1.0 and True are three, 0.0 and -0.0 two), all else by being the same object.
"""

from __future__ import annotations

import array
import functools
import threading
from collections import deque
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from contextvars import ContextVar
from types import CellType
from typing import Any

import numpy as np

from ..trace.alike import alike

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "nothing"})()


class Holder:
    """Something whose contents can change. Each kind says how it is read, and how it is put back.

    Attributes:
        label: what a person calls it.
    """

    idle: Container[Any] = ()  # keys that the quick look may leave out: nothing has used what is there
    lasting: Collection[Any] = ()  # keys that never go, or do not count
    ordered = False  # whether the order of the keys may matter
    look = "key"  # how it is got: by "key", "attribute", "cell", in "order", as "kind" or "code"; "" if in no program

    def __init__(self, thing: Any, label: str) -> None:
        self.thing, self.label = thing, label

    def copy(self) -> Mapping[Any, Any]:
        """What it holds now, by key."""
        raise NotImplementedError

    def put_back(self, before: Mapping[Any, Any]) -> None:
        """Let it hold what it held."""
        raise NotImplementedError

    def put(self, key: Any, value: Any) -> None:
        """Let it hold a value under a key."""
        self.thing[key] = value

    def absent(self, held: Mapping[Any, Any]) -> frozenset[Any] | None:
        """The keys that count, and under which there is nothing; None if they cannot be listed."""
        return None

    def name(self, key: Any) -> str:
        """What a person calls one of its values."""
        return f"{self.label}.{key}"

    def differences(self, before: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, Any]]:
        """The keys under which something else is held now: (key, then, now)."""
        now = self.copy()
        for key in before | dict(now) if isinstance(before, dict) else now:
            a, b = before.get(key, MISSING), now.get(key, MISSING)
            if not alike(a, b):
                yield key, a, b


class Named(Holder):
    """A dict, or what acts like one: all of it, or only these keys."""

    def __init__(
        self, thing: Any, label: str, keys: Container[Any] | None = None, bracketed: bool = False
    ) -> None:
        super().__init__(thing, label)
        self.keys, self.bracketed = keys, bracketed
        self.ordered = bracketed
        self.lasting = getattr(keys, "but", ())

    def copy(self) -> dict[Any, Any]:
        held = dict(self.thing)
        return held if self.keys is None else {k: v for k, v in held.items() if k in self.keys}

    def absent(self, held: Mapping[Any, Any]) -> frozenset[Any] | None:
        among = getattr(self.keys, "among", self.keys)
        return frozenset(among) - held.keys() - {*self.lasting} if isinstance(among, (set, frozenset)) else None

    def put_back(self, before: Mapping[Any, Any]) -> None:
        for key in [k for k in self.copy() if k not in before]:
            del self.thing[key]
        for key, value in before.items():
            if self.thing.get(key, MISSING) is not value:
                self.thing[key] = value
        if [key for key in self.thing if key in before] != list(before):  # one was taken away, and is the last now
            for key, value in before.items():
                del self.thing[key]
                self.thing[key] = value

    def name(self, key: Any) -> str:
        return f"{self.label}[{key!r}]" if self.bracketed else f"{self.label}.{key}" if self.label else str(key)


class OfClass(Named):
    """The attributes of a class."""

    def __init__(self, cls: type, label: str, keys: Container[Any]) -> None:
        super().__init__(cls.__dict__, label, keys)
        self.cls = cls

    def put_back(self, before: Mapping[Any, Any]) -> None:
        _set_back(self.cls, before, self.differences(before))

    def put(self, key: Any, value: Any) -> None:
        setattr(self.cls, key, value)


class Slots(Holder):
    """Attributes that lie in no dict: by name, as far as they are there."""

    look = "attribute"

    def __init__(self, thing: Any, label: str, keys: Iterable[str]) -> None:
        super().__init__(thing, label)
        self.keys = tuple(keys)

    def copy(self) -> dict[str, Any]:
        return {k: getattr(self.thing, k) for k in self.keys if hasattr(self.thing, k)}

    def absent(self, held: Mapping[Any, Any]) -> frozenset[Any]:
        return frozenset(self.keys) - held.keys()

    def put_back(self, before: Mapping[str, Any]) -> None:
        _set_back(self.thing, before, self.differences(before))

    def put(self, key: Any, value: Any) -> None:
        setattr(self.thing, key, value)


class Kind(Slots):
    """Of which class an object is."""

    look = "kind"

    def __init__(self, thing: Any, label: str) -> None:
        super().__init__(thing, label, ("__class__",))

    def copy(self) -> dict[str, Any]:
        return {"__class__": type(self.thing)}


class OfFunction(Slots):
    """A Python function: its code and its defaults."""

    look = "code"

    def __init__(self, function: Any) -> None:
        super().__init__(function, function.__name__, ("__code__", "__defaults__", "__kwdefaults__"))


class Bound(Holder):
    """The arguments that a partial has. They never change."""

    def __init__(self, partial: functools.partial[Any], label: str) -> None:
        super().__init__(partial, label)

    def copy(self) -> dict[str, Any]:
        return {"args": self.thing.args}

    def put(self, key: Any, value: Any) -> None:
        self.thing.__setstate__((self.thing.func, value, self.thing.keywords, vars(self.thing)))


class Variable(Holder):
    """A variable of an enclosing function."""

    look = "cell"

    def __init__(self, cell: CellType, name: str) -> None:
        super().__init__(cell, name)

    def copy(self) -> dict[str, Any]:
        try:
            return {"cell_contents": self.thing.cell_contents}
        except ValueError:  # not filled yet
            return {}

    def absent(self, held: Mapping[Any, Any]) -> frozenset[Any]:
        return frozenset({"cell_contents"}) - held.keys()

    def put_back(self, before: Mapping[str, Any]) -> None:
        if before:
            self.thing.cell_contents = before["cell_contents"]
        elif self.copy():
            del self.thing.cell_contents

    def put(self, key: Any, value: Any) -> None:
        self.thing.cell_contents = value

    def name(self, key: Any) -> str:
        return self.label


class Current(Slots):
    """The value of a context variable, where the function is called."""

    class _Value:
        def __init__(self, variable: ContextVar[Any]) -> None:
            object.__setattr__(self, "variable", variable)

        def __getattr__(self, name: str) -> Any:
            try:
                return self.variable.get()
            except LookupError:
                raise AttributeError(name) from None

        def __setattr__(self, name: str, value: Any) -> None:
            self.variable.set(value)

        def __delattr__(self, name: str) -> None:  # a variable that was set cannot be unset without its token
            pass

    def __init__(self, variable: ContextVar[Any], label: str) -> None:
        super().__init__(self._Value(variable), label, ("value",))


class OfThread(MutableMapping[str, Any]):
    """The attributes that an object of `threading.local` has in the thread that asks."""

    def __init__(self, local: threading.local) -> None:
        self._local = local

    def __getitem__(self, key: str) -> Any:
        return vars(self._local)[key]

    def __setitem__(self, key: str, value: Any) -> None:
        vars(self._local)[key] = value

    def __delitem__(self, key: str) -> None:
        del vars(self._local)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self._local))

    def __len__(self) -> int:
        return len(vars(self._local))


class Elements(Holder):
    """A list, a deque, an array of Python's, bytes that can be written."""

    look = "order"

    def copy(self) -> dict[int, Any]:
        return dict(enumerate(self.thing))

    def put_back(self, before: Mapping[int, Any]) -> None:
        if not all(a is b for a, b in zip(self.thing, before.values(), strict=False)) or len(self.thing) != len(before):
            if isinstance(self.thing, array.array):
                del self.thing[:]
            else:
                self.thing.clear()
            self.thing.extend(before.values())

    def name(self, key: Any) -> str:
        return f"{self.label}[{key}]"


class Members(Holder):
    """A set."""

    look = "order"

    def put(self, key: Any, value: Any) -> None:
        self.thing.add(value)

    def copy(self) -> dict[Any, Any]:
        return {(type(v), v): v for v in self.thing}

    def put_back(self, before: Mapping[Any, Any]) -> None:
        if list(self.differences(before)):
            self.thing.clear()
            self.thing.update(before.values())

    def name(self, key: Any) -> str:
        return self.label


class Numbers(Holder):
    """The numbers of an array, into which NumPy can write."""

    look = ""  # whether the program depends on them is another question: see `guards.py`

    def copy(self) -> dict[Any, Any]:
        array = np.asarray(self.thing)  # of a spy (`spies.py`) its array: this is no question of the function's
        return {"numbers": (array.shape, str(array.dtype), array.tobytes())}

    def put_back(self, before: Mapping[Any, Any]) -> None:
        shape, _, numbers = before["numbers"]
        self.thing[...] = np.frombuffer(numbers, self.thing.dtype).reshape(shape)

    def name(self, key: Any) -> str:
        return f"the numbers of {self.label}"


class Objects(Numbers):
    """The elements of an array of objects."""

    def copy(self) -> dict[Any, Any]:
        return dict(enumerate(self.thing.flat))

    def put_back(self, before: Mapping[Any, Any]) -> None:
        for i, value in before.items():
            self.thing.flat[i] = value

    def name(self, key: Any) -> str:
        return f"element {key} of {self.label}"


_ASKED = ("__iter__", "__len__", "__getitem__", "__contains__", "keys", "values", "items", "get")


class Bare:
    """A container of a user's class, by the methods of the class it is derived from: the user's may tell less."""

    def __init__(self, container: Any, base: Any) -> None:
        self.container, self._base = container, base

    def __getitem__(self, key: Any) -> Any:
        return self._base.__getitem__(self.container, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._base.__setitem__(self.container, key, value)

    def __delitem__(self, key: Any) -> None:
        self._base.__delitem__(self.container, key)

    def __len__(self) -> int:
        return int(self._base.__len__(self.container))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._base.__iter__(self.container))


class _BareDict(Bare, MutableMapping[Any, Any]):
    pass


class _BareList(Bare, MutableSequence[Any]):
    def insert(self, index: int, value: Any) -> None:
        self._base.insert(self.container, index, value)


def bare(thing: Any) -> Any:
    """A container as it is, or, of a user's class with methods of its own for what is looked at here, without those."""
    kinds = type(thing).__mro__
    base = next((i for i, kind in enumerate(kinds) if kind.__module__ in ("builtins", "collections")), 0)
    if all(name not in vars(kind) for kind in kinds[:base] for name in _ASKED):
        return thing
    return (_BareDict if isinstance(thing, dict) else _BareList)(thing, kinds[base])


def holder_of(thing: Any, label: str) -> Holder | None:
    """The holder of a container that is all of what it holds."""
    if isinstance(thing, (list, deque, bytearray, array.array)):
        return Elements(bare(thing) if isinstance(thing, (list, deque)) else thing, label)
    if isinstance(thing, set):
        return Members(thing, label)
    return Named(bare(thing), label, bracketed=True) if isinstance(thing, dict) else None


def _set_back(of: Any, before: Mapping[Any, Any], differences: Iterable[tuple[Any, Any, Any]]) -> None:
    """Let the attributes that differ be as they were, or not be there."""
    for key, _, _ in list(differences):
        if key in before:
            setattr(of, key, before[key])
        else:
            delattr(of, key)
