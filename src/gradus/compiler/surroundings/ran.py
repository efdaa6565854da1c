"""What Python ran while a function was traced: which functions, what they name, and what they asked of the world.

The interpreter's own hook tells: it is called at every call of a function, Python's or C's. A program is made of what
the tensors did; what a function asked of the clock, of a file or of the terminal happened once, while it was traced.
"""

from __future__ import annotations

import dis
import gc
import inspect
import io
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, TypeVar

from ...errors import is_library, is_ours
from .named import READING, beginning, instructions, makes_up_names, mentions, only_written, opens

T = TypeVar("T")

_CLOCKS = ("now", "today", "utcnow")
_OUTSIDE = {  # modules written in C whose functions look at the world around the process, or change it
    "time": "asks for the time",
    "posix": "asks the operating system",
    "nt": "asks the operating system",
    "_socket": "uses the network",
    "select": "waits",
    "_thread": "deals with threads",
}
_BUILTINS = {"print": "prints", "input": "asks for input"}
_READERS = {"argparse", "dataclasses", "copy", "inspect", "pprint", "pickle"}  # Python's own: they read all of a thing
_ASSIGN = {f"{how}_{what}" for how in ("STORE", "DELETE") for what in ("ATTR", "GLOBAL", "NAME", "DEREF")}
_MUTATORS = {
    *("append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "update", "setdefault", "popitem"),
    *("add", "discard", "appendleft", "popleft", "extendleft", "rotate"),
}


class Ran:
    """The functions that ran, and what was asked of the world.

    Attributes:
        codes: the code of each function of the user's, with the globals it saw.
        names: every name and string that a function mentions, gradus's functions among them, but for the compiler's.
        own: those that the user's functions mention, those of attributes that they only write among them.
        asked: what the user's code asked of the world: (what, where).
        all_attributes: whether the user's code read attributes by names that are not written in it.
        may_miss: whether the user's code asks for attributes that may not be there, or goes on after an error.
        opened: the objects, by their ids, of which gradus read attributes in such a way.
    """

    def __init__(self) -> None:
        self.codes: dict[CodeType, dict[str, Any]] = {}
        self.names: set[str] = set()
        self.own: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.all_attributes = self.may_miss = False
        self.opened: dict[int, Any] = {}
        self._known: set[CodeType] = set()
        self._ours: set[CodeType] = set()
        self._opening: set[CodeType] = set()  # gradus's code that does
        self._generators: dict[CodeType, int] = {}  # and where in their code they begin
        self._begun: dict[int, FrameType] = {}  # those that have begun since

    def watch(self, function: Callable[[], T]) -> T:
        """Run a function, and note what runs."""
        if sys.getprofile() is not None:  # a profiler's hook could not be put back from Python: a thread has its own
            return _in_a_thread(lambda: self.watch(function))
        collecting = gc.isenabled()
        gc.disable()  # it would call others' code in between
        sys.setprofile(self._hook())
        try:
            return function()
        finally:
            sys.setprofile(None)
            if collecting:
                gc.enable()

    def _hook(self) -> Callable[[FrameType, str, Any], None]:
        """What Python calls at every call: it must be quick where there is nothing to learn."""
        known, opening, ours, generators = self._known, self._opening, self._ours, self._generators

        def event(frame: FrameType, kind: str, argument: Any) -> None:
            if kind == "call":
                code = frame.f_code
                if code not in known:
                    self._meet(code, frame.f_globals)
                if code in generators:
                    self._go_on(frame)
                if code in opening:
                    given = map(frame.f_locals.get, code.co_varnames[: code.co_argcount])
                    self.opened.update((id(thing), thing) for thing in given)
            elif kind == "c_call" and frame.f_code not in ours:
                what = "" if _marks_itself(argument, frame) else _asks(argument)
                place = _users_place(frame) if what else ""
                if place:
                    self.asked.append((what, place))

        return event

    def _meet(self, code: CodeType, seen: dict[str, Any]) -> None:
        self._known.add(code)
        mentioned = set(mentions(code))
        if code.co_flags & inspect.CO_GENERATOR:
            self._generators[code] = beginning(code)
        if is_users(code, seen):
            self.codes[code] = seen
            self.names |= mentioned - only_written(code)
            self.own |= mentioned
            self.all_attributes |= makes_up_names(code)
            self.may_miss |= bool(code.co_exceptiontable) or not mentioned.isdisjoint(READING)
        else:
            module = str(seen.get("__name__"))
            self.all_attributes |= module in _READERS
            self.names |= set() if module.startswith("gradus.compiler.") else mentioned  # which is no part of the step
            ours = is_ours(code.co_filename)
            self._ours |= {code} if ours else set()
            if ours and opens(code) and not module.startswith("gradus.names"):  # which tells what could be meant
                self._opening.add(code)

    def _go_on(self, frame: FrameType) -> None:
        """A generator runs, to its next value: one that was begun before all this is left further on."""
        if frame.f_lasti <= self._generators[frame.f_code]:
            self._begun[id(frame)] = frame
        elif id(frame) not in self._begun:
            place = _users_place(frame.f_back) or _place(frame.f_code, frame.f_lineno)
            self.asked.append(("takes the next value of a generator that was begun outside", place))

    def ran(self, code: CodeType) -> bool:
        """Whether this code ran."""
        return code in self._known

    def where_written(self, key: Any) -> str:
        """The place in the user's code where a name is assigned, or something is put into a container."""
        return next(self._assignments(key), "") or next(self._mutations(), "")

    def _assignments(self, key: Any) -> Iterator[str]:
        for code, line, instruction in self._instructions():
            if instruction.opname in _ASSIGN and instruction.argval == key:
                yield _place(code, line)

    def _mutations(self) -> Iterator[str]:
        for code, line, instruction in self._instructions():
            puts = instruction.opname in ("STORE_SUBSCR", "DELETE_SUBSCR")
            calls = instruction.opname in ("LOAD_METHOD", "LOAD_ATTR") and instruction.argval in _MUTATORS
            if puts or calls:
                yield _place(code, line)

    def _instructions(self) -> Iterator[tuple[CodeType, int, dis.Instruction]]:
        for code in self.codes:
            line = code.co_firstlineno
            for instruction in instructions(code):
                place = instruction.positions
                line = (place.lineno if place and place.lineno else None) or line
                yield code, line, instruction


def is_users(code: CodeType, seen: dict[str, Any]) -> bool:
    """Whether code is neither gradus's nor a library's, nor made by one for a class of either."""
    made_for = str(seen.get("__name__", ""))
    if made_for.startswith(("gradus.", "namedtuple_")) or made_for == "gradus":
        return False
    return not (is_ours(code.co_filename) or is_library(code.co_filename))


def is_users_function(value: Any) -> bool:
    """Whether something in a class is a user's function, or a property that is one."""
    function = getattr(value, "fget", value)
    return isinstance(function, FunctionType) and is_users(function.__code__, function.__globals__)


def _asks(function: Any) -> str:
    """What a function written in C asks of the world; empty if nothing."""
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    module = getattr(function, "__module__", None)
    if module == "builtins":
        return f"{_BUILTINS[name]} with {name}()" if name in _BUILTINS else ""
    if module in _OUTSIDE and name != "fspath":
        return f"{_OUTSIDE[module]} with {name}()"
    if (module in ("io", "_io") and name == "open") or (module == "numpy" and name == "fromfile"):
        return "opens a file"
    if isinstance(owner, io.IOBase):
        return f"calls {name}() of a file"
    if isinstance(owner, type) and owner.__module__ == "datetime" and name in _CLOCKS:
        return f"asks for the time with {name}()"
    return ""


def _marks_itself(function: Any, frame: FrameType) -> bool:
    """Whether Python's library asks which thread it is in, as the `__repr__` of a dataclass does, to end a cycle."""
    return getattr(function, "__name__", "") == "get_ident" and is_library(frame.f_code.co_filename)


def _users_place(frame: FrameType | None) -> str:
    """Where the user's code stands, if it is that which called; Python's library is between, gradus is not."""
    while frame is not None:
        file = frame.f_code.co_filename
        if is_ours(file) or file.startswith("<frozen importlib"):
            return ""
        if not is_library(file):
            return _place(frame.f_code, frame.f_lineno)
        frame = frame.f_back
    return ""


def _place(code: CodeType, line: int) -> str:
    return f"{Path(code.co_filename).name}:{line}"


def _in_a_thread(function: Callable[[], T]) -> T:
    """Run in another thread, in this one's context, and hand on what comes of it."""
    context = copy_context()
    results: list[T] = []
    problems: list[BaseException] = []

    def run() -> None:
        try:
            results.append(context.run(function))
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if problems:
        raise problems.pop()  # left here, it and this frame, which its traceback holds, would wait for the collector
    return results[0]
