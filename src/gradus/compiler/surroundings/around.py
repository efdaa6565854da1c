"""What stands around a function: all that its Python can reach, and so may read or change.

The walk begins with the function and its arguments and goes through variables of enclosing functions, globals that are
named, attributes, elements, defaults and classes. Told what ran (`ran.py`), it keeps to the functions that ran and to
the attributes that they name; else it takes everything.
"""

from __future__ import annotations

import builtins
import functools
import gc
import operator
import os
import random
import sys
import threading
import types
import weakref
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, ClassVar

import numpy as np

from ...frozen import Frozen
from ...tensor import Tensor
from ..trace.alike import is_plain
from .holders import (
    Bound,
    Current,
    Elements,
    Holder,
    Kind,
    Named,
    Numbers,
    Objects,
    OfClass,
    OfFunction,
    OfThread,
    Slots,
    Variable,
    holder_of,
)
from .kinds import Filter, InClass, attributes_of, behind, fields_of, fixed, is_librarys, is_opaque, module_of, slots_of
from .named import codes_in, instructions, mentions, names_of
from .ran import Ran, is_users, is_users_function
from .sources import Draws, Position

MOST = 50_000  # things a walk without names visits
LARGE = 1 << 16  # bytes of an array that are copied in any case
SCRATCH = frozenset({"_called_with"})  # what gradus itself keeps on a module from call to call
_WRITING = {"data", "fill", "copyto", "put", "putmask", "place", "sort", "partition", "shuffle", "resize", "out", "at"}
_TENSOR = ("data", "requires_grad", "hooks")
_RANDOM = (random.Random, np.random.Generator, np.random.RandomState)
_ENVIRONMENT = type(os.environ).__getitem__.__code__
_PACKAGES = ("gradus", "numpy", "ml_dtypes", "builtins")
_CLOSED = (  # of Python's own, whose objects hold nothing of a user's, or go on in other threads
    *("builtins", "typing", "abc", "inspect", "logging", "warnings", "importlib", "zipimport", "encodings", "codecs"),
    *("concurrent", "asyncio", "multiprocessing", "subprocess", "selectors", "socket", "socketserver", "ssl"),
)
_VIEWS: tuple[type, ...] = (types.MappingProxyType, type({}.keys()), type({}.values()), type({}.items()))  # of dicts
_READERS = (operator.attrgetter, operator.methodcaller)  # what reads attributes by names that it has
_READING = (getattr, hasattr, vars, dir)
_INSPECTED = frozenset({"__defaults__", "__kwdefaults__", "__code__"})  # by which a function is looked at and not run

Part = tuple[Any, str]  # a thing, and what a person calls it


class Wrapper:
    """What stands in a function's place, and is looked at as that function: a compiled one.

    Attributes:
        machinery: the names of attributes that are its own, and not a user's, as `f.scale`.
    """

    function: Callable[..., Any]
    machinery: ClassVar[frozenset[str]] = frozenset({"function"})


class Around:
    """The holders, tensors and arrays around a function.

    Attributes:
        holders: what can change.
        tensors: the tensors, with what they are called.
        arrays: NumPy's arrays.
        fixed: holders of what can be changed by no user: of a frozen dataclass, of a partial.
        within: by their ids, arrays that something written in C holds, as a method of theirs or a memoryview does.
        caches: functions that remember their results.
        reads_by_name: whether there is something that reads attributes by names that no function mentions.
        opaque: whether there is something of which cannot be told whether it changes.
    """

    def __init__(self, function: Callable[..., Any], arguments: Iterable[Any], ran: Ran | None = None) -> None:
        self.ran = ran
        self.holders: list[Holder] = []
        self.tensors: list[tuple[Tensor, str]] = []
        self.arrays: list[tuple[np.ndarray, str]] = []
        self.fixed: list[Holder] = []
        self.within: set[int] = set()
        self.caches: list[Any] = []
        self.reads_by_name = self.opaque = False
        names = None if ran is None or ran.all_attributes else ran.names
        self._named = Filter(names)  # attributes that the functions that ran may have read
        self._classes: set[type] = set()
        self._methods: set[int] = set()  # functions in classes, whose attributes hardly anybody asks for
        self._of_libraries: set[tuple[str, str]] = set()
        self._private: set[int] = set()  # containers that gradus's objects keep to themselves
        self._seen: dict[int, Any] = {}  # kept, so that no other thing gets the same number
        self._mentioned: set[str] = set()
        self._globals: dict[int, tuple[dict[str, Any], set[str]]] = {}
        self._modules: list[Part] = []
        self._builtins: set[str] = set()
        self._waiting: deque[Part] = deque([(function, getattr(function, "__name__", type(function).__name__))])
        self._waiting += [(a, f"argument {i}") for i, a in enumerate(arguments) if not _given(a)]
        self._met: set[types.CodeType] = set()
        if ran is not None:
            for code, seen in ran.codes.items():
                self._name_globals(code, seen)
        self._class(Tensor)
        self._drawing()
        if ran is not None and ran.ran(_ENVIRONMENT):
            self._waiting.append((os.environ, "os.environ"))
        self._walk()
        self._waiting += self._unmet()
        self._walk()
        self.holders += [Named(vars(builtins), "builtins", self._builtins)] if self._builtins else []
        if ran is None:
            self._numbers()

    # -- the walk: what is near comes first, and gives things their names ----------------------------------------------

    def _walk(self) -> None:
        while self._waiting or self._modules or self._globals:
            while self._waiting and (self.ran is not None or len(self._seen) < MOST):
                self._visit(*self._waiting.popleft())
            found, self._globals = self._globals, {}
            for seen, names in found.values():
                self._hold(Named(seen, "", names))
                self._builtins |= {name for name in names if name not in seen and name in vars(builtins)}
            while self._modules:
                self._module(*self._modules.pop())
            if self.ran is None and len(self._seen) >= MOST:
                break

    def _visit(self, thing: Any, label: str) -> None:
        if id(thing) in self._seen or is_plain(thing):
            return
        self._seen[id(thing)] = thing
        if type(thing) in weakref.ProxyTypes:
            self._wait((of, label) for of in behind(thing))
        elif isinstance(thing, Tensor):
            self._tensor(thing, label)
        elif isinstance(thing, np.ndarray):
            self.arrays.append((thing, label))
            self._wait(((v, label) for v in thing.flat) if thing.dtype == object else ())
            self._attributes(thing, label, whole=True)
        elif isinstance(thing, (types.FunctionType, types.MethodType)):
            self._function(thing)
        elif isinstance(thing, (tuple, frozenset)):
            self._wait((part, f"{label}[{i}]") for i, part in enumerate(thing))
            self._attributes(thing, label, whole=True)
        elif isinstance(thing, _RANDOM):
            self.holders.append(Draws(thing, label))
        elif isinstance(thing, types.ModuleType):
            self._modules.append((thing, label))
        elif isinstance(thing, type):
            self._class(thing)
        elif isinstance(thing, (staticmethod, classmethod, property)):
            functions = (thing.fget, thing.fset) if isinstance(thing, property) else (thing.__func__,)
            self._wait((f, label) for f in functions if f is not None)
        elif isinstance(thing, functools.partial):
            self._wait([(thing.func, label), (thing.args, label), (thing.keywords, label)])
            self.fixed.append(Bound(thing, label))
            self._attributes(thing, label, whole=False)
        elif isinstance(thing, Wrapper):
            self._wait([(thing.function, label)])
            self._hold(Named(vars(thing), label, Filter(self._named.among, thing.machinery)))
        elif isinstance(thing, (types.BuiltinMethodType, types.MethodWrapperType)):  # what it is bound to
            self.reads_by_name |= any(thing is f for f in _READING)
            self._wait_within([] if isinstance(thing.__self__, types.ModuleType) else [(thing.__self__, label)])
        elif type(thing).__module__ in ("builtins", "itertools") and issubclass(type(thing), Iterator):
            self.holders.append(position := Position(thing, label))
            self._wait_within((part, label) for part in position.parts())
        elif isinstance(thing, (weakref.ref, memoryview)):
            self._wait_within([(thing.obj if isinstance(thing, memoryview) else thing(), label)])
        elif isinstance(thing, _VIEWS):
            self._wait((of, label) for of in gc.get_referents(thing))
        elif isinstance(thing, ContextVar):
            self._hold(Current(thing, thing.name))
        elif isinstance(thing, threading.local):
            self._hold(Named(OfThread(thing), label, self._named))
        else:
            self.reads_by_name |= isinstance(thing, _READERS)
            self._object(thing, label)

    def _wait(self, parts: Iterable[Part]) -> None:
        self._waiting += parts

    def _wait_within(self, parts: Iterable[Part]) -> None:
        parts = list(parts)
        self.within |= {id(thing) for thing, _ in parts if isinstance(thing, np.ndarray)}
        self._wait(parts)

    def _hold(self, holder: Holder) -> None:
        self.holders.append(holder)
        self._wait((value, holder.name(key)) for key, value in holder.copy().items())

    # -- functions -----------------------------------------------------------------------------------------------------

    def _function(self, function: Any) -> None:
        if isinstance(function, types.MethodType):
            self._wait([(function.__self__, type(function.__self__).__name__), (function.__func__, function.__name__)])
            return
        code = function.__code__
        self._met |= set(codes_in(code))
        ours = not is_users(code, function.__globals__)
        named = self.ran is None or function.__name__ in self.ran.own
        named = named or (self.ran is not None and self.ran.may_miss and id(function) not in self._methods)
        if not ours and (named or vars(function)):
            self._hold(Named(vars(function), function.__name__, self._named))
        if self.ran is not None and not self.ran.ran(code) and _INSPECTED.isdisjoint(self.ran.names):
            return
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            variable = Variable(cell, name)
            if ours:  # its variables are its own, but what stands in them may be a user's
                self._wait((value, name) for value in variable.copy().values())
            else:
                self._hold(variable)
        if ours:
            return
        self._hold(OfFunction(function))
        if self.ran is None:
            self._name_globals(code, function.__globals__)

    def _name_globals(self, code: types.CodeType, seen: dict[str, Any]) -> None:
        self._mentioned |= set(mentions(code))
        found = names_of(code, seen)
        self._globals.setdefault(id(seen), (seen, set()))[1].update(found.variables)
        if found.modules:
            self._hold(Named(sys.modules, "sys.modules", frozenset(found.modules)))
        for module, name in dict.fromkeys(found.attributes):
            self._hold_of_library(module, name)

    def _hold_of_library(self, module: types.ModuleType, name: str) -> None:
        """A library's function or number by its name, for which another may be put."""
        value, key = vars(module).get(name), (module.__name__, name)
        if isinstance(value, types.ModuleType) or value is sys.modules or key in self._of_libraries:
            return
        if is_librarys(module.__name__) or module.__name__.split(".")[0] in _PACKAGES:
            self._of_libraries.add(key)
            self.holders.append(Named(vars(module), module.__name__, frozenset({name})))
            self._wait([(value, ".".join(key))] if isinstance(value, list) else [])

    def _drawing(self) -> None:
        """The generators that everybody shares."""
        shared = {"random": getattr(random, "_inst", None)}
        shared["np.random"] = getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)
        for label, source in shared.items():
            if source is not None:
                self._seen[id(source)] = source
                self.holders.append(Draws(source, label))

    # -- objects -------------------------------------------------------------------------------------------------------

    def _tensor(self, t: Tensor, label: str) -> None:
        self.tensors.append((t, label))
        self._wait((of, label) for of in (() if t.origin is None else t.origin.inputs))  # gradients flow there
        if type(t).__module__.split(".")[0] != "gradus":
            self._attributes(t, label, whole=False)
        if self.ran is None:
            self.holders.append(Slots(t, label, _TENSOR))
        if t.hooks is not None:
            self._hold(Elements(t.hooks, f"{label}'s hooks"))

    def _object(self, thing: Any, label: str) -> None:
        whole = holder_of(thing, label)
        if whole is not None and (isinstance(thing, Frozen) or id(thing) in self._private):
            self._wait((value, whole.name(key)) for key, value in whole.copy().items())
        elif whole is not None:
            self._hold(whole)
        self.opaque |= whole is None and is_opaque(thing)
        self.caches += [thing] if isinstance(thing, functools._lru_cache_wrapper) else []
        if isinstance(thing, dict):
            self._wait((key, label) for key in thing)
        self._attributes(thing, label, whole is not None)

    def _attributes(self, thing: Any, label: str, whole: bool) -> None:
        """What an object has besides its elements, if it is a container; and its class."""
        kind = type(thing)
        module = module_of(kind)
        home = module.split(".")[0]
        named = attributes_of(thing)
        librarys = is_librarys(module)
        open_ = named or not whole or home != "gradus"  # an optimizer has many dicts, which get no attributes
        if named is not None and open_ and not (librarys and home in _CLOSED):
            if home == "gradus":
                self._private |= {id(v) for k, v in list(named.items()) if k.startswith("_")}
            kept = fixed(kind)
            self._hold(Named(named, label, Filter(self._read_of(thing, home), {*SCRATCH, *kept})))
            self._wait((named[name], f"{label}.{name}") for name in kept if name in named)
            self.fixed += [Named(named, label, frozenset(kept))] if kept else []
        slots = [name for base in kind.__mro__ for name in slots_of(base)] if home not in _PACKAGES else []
        if slots:
            self._hold(Slots(thing, label, filter(self._named.__contains__, slots)))
        if (not librarys and home not in _PACKAGES) or (home == "gradus" and hasattr(kind, "forward")):
            self.holders.append(Kind(thing, label))
        wrapped = (named or {}).get("__wrapped__")
        if wrapped is not None:
            self._wait([(wrapped, label)])
        self._class(kind)

    def _read_of(self, thing: Any, home: str) -> Container[str] | None:
        """The names of the attributes that may have been read of an object; None for all."""
        if self.ran is not None and id(thing) in self.ran.opened:
            return None
        if self.ran is not None and home == "gradus" and not hasattr(thing, "zero_grad"):
            return self.ran.names  # a Trainer, a history: what they count is no part of a step
        return self._named.among

    def _class(self, kind: type) -> None:
        for base in (*kind.__mro__, *type.mro(type(kind))):
            module = module_of(base)
            home = module.split(".")[0]
            if base in self._classes:
                continue
            self._classes.add(base)
            if home == "gradus":
                added = {k for k, value in list(vars(base).items()) if k in self._named and is_users_function(value)}
                replaced = hasattr(base, "zero_grad") and base.__bases__ != (object,) and "forward" in vars(base)
                added |= {"forward"} if replaced else set()  # as a user may do for a trial
                if added:
                    self._hold(OfClass(base, base.__name__, added))
            elif home not in _PACKAGES and not is_librarys(module):
                holder = OfClass(base, base.__name__, InClass(self._named, base, self.ran, {*vars(base)}))
                fields = fields_of(base)  # their defaults, which objects hide
                holder.idle = {k for k, value in list(vars(base).items()) if k in fields or self._is_idle(k, value)}
                self._methods |= set(map(id, vars(base).values()))
                self._hold(holder)

    def _is_idle(self, name: str, value: Any) -> bool:
        """Whether something in a class is a function that has not run, and that no user's code asks for."""
        code = getattr(getattr(value, "fget", value), "__code__", None)
        return code is not None and self.ran is not None and not self.ran.ran(code) and name not in self.ran.own

    def _module(self, module: Any, label: str) -> None:
        """Of a module what is named somewhere; a library's are taken as they are, but for the environment."""
        home = module.__name__.split(".")[0]
        named = self._mentioned if self.ran is None else self.ran.names
        if module is os:
            if "environ" in named or "getenv" in named:
                self._wait([(module.environ, "os.environ")])
        elif home not in _PACKAGES and not is_librarys(module.__name__):
            if self.ran is not None and self.ran.all_attributes:  # by names that are made up, too
                named = named | {k for k, v in list(vars(module).items()) if is_plain(v) and not k.startswith("__")}
            self._hold(Named(vars(module), module.__name__, frozenset(named)))

    def _numbers(self) -> None:
        """Arrays whose numbers a function may change with NumPy: large ones too, if it is seen to write elements.

        An assignment as `a += b` writes none behind a tensor unless it is to `t.data`, which is named.
        """
        done = {i.argrepr if i.opname == "BINARY_OP" else i.opname for c in self._met for i in instructions(c)}
        writes = bool(self._mentioned & _WRITING) or "STORE_SUBSCR" in done
        adds = writes or any(name.endswith("=") for name in done)
        behind = {id(t.data): (t.data, label, writes) for t, label in self.tensors if isinstance(t.data, np.ndarray)}
        for array, label, large in (behind | {id(a): (a, label, adds) for a, label in self.arrays}).values():
            if array.flags.writeable and (large or array.nbytes <= LARGE):
                self.holders.append((Objects if array.dtype.hasobject else Numbers)(array, label))

    def _unmet(self) -> list[Part]:
        """Functions that ran though nothing that was walked through holds them: Python's own lists of things do."""
        if self.ran is None:
            return []
        inner = {c for code in self.ran.codes for c in codes_in(code) if c is not code}
        codes = [c for c in self.ran.codes if c not in self._met | inner and (c.co_freevars or c.co_argcount)]
        holding = gc.get_referrers(*codes) if codes else []
        return [(f, f.__name__) for f in holding if isinstance(f, types.FunctionType)]


def _given(argument: Any) -> bool:
    return isinstance(argument, (Tensor, np.ndarray, np.generic))
