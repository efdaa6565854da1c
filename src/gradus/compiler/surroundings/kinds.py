"""What can be told of classes and objects without running a user's code: where they come from, what they hold."""

from __future__ import annotations

import dataclasses
import functools
import sys
import types
from collections.abc import Collection, Container, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import is_library

if TYPE_CHECKING:
    from .ran import Ran

_STATELESS = (  # written in C, compared by being the same object, and always the same
    *(np.ufunc, types.WrapperDescriptorType, types.MethodDescriptorType, types.ClassMethodDescriptorType),
    *(types.GetSetDescriptorType, types.MemberDescriptorType, types.EllipsisType, types.NotImplementedType),
)


_ON_THE_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_OF_PYTHON = frozenset({  # what a class has from Python
    *("__module__", "__dict__", "__weakref__", "__doc__", "__qualname__", "__annotations__", "__annotate__"),
    *("__firstlineno__", "__static_attributes__", "__abstractmethods__", "__slots__", "__orig_bases__"),
    *("__parameters__", "__type_params__", "__dataclass_fields__", "__dataclass_params__", "__hash__", "__repr__"),
    *("__init__", "__new__", "__del__", "__init_subclass__", "__annotations_cache__", "__annotate_func__"),
})


def fixed(kind: type) -> Collection[str]:
    """The attributes for which no other object can be put: the fields of a frozen dataclass, and what a class says."""
    parameters = getattr(kind, "__dataclass_params__", None)
    if parameters is not None and parameters.frozen:
        return fields_of(kind)
    return getattr(kind, "fixed_attributes", ())


def fields_of(kind: type) -> set[str]:
    """The fields that each object of a dataclass has itself: a class variable is none, nor one that nothing sets."""
    return {f.name for f in dataclasses.fields(kind) if f.init} if dataclasses.is_dataclass(kind) else set()


@functools.cache
def is_librarys(module: str) -> bool:
    """Whether a module is of Python's own library, or NumPy's, by where it lies."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return is_library(file) if file else module in sys.stdlib_module_names and module != "__main__"


def module_of(kind: type) -> str:
    """Where a class was written; of one written in C that may not be known."""
    module = kind.__module__
    made = kind.__flags__ & _ON_THE_HEAP  # by a class statement: then it is not Python's, though `exec` says so
    if not isinstance(module, str) or (module == "builtins" and made):
        return "?" if made else "builtins"
    return module


def attributes_of(thing: Any) -> dict[str, Any] | None:
    """An object's own attributes, without asking its `__getattr__` or the like."""
    try:
        found = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return None
    return found if isinstance(found, dict) else None


def is_opaque(thing: Any) -> bool:
    """Whether something of a library's may go on by itself, and nothing tells how far: a queue, a hash, an iterator.

    What is compared by its value does not change. Files and locks are found where they are asked (`ran.py`).

    >>> import hashlib, re
    >>> is_opaque(hashlib.sha256()), is_opaque(re.compile("a")), is_opaque(object())
    (True, False, False)
    """
    kind = type(thing)
    home = module_of(kind).split(".")[0]
    if kind is object or home in ("gradus", "operator", "_operator", "_thread", "_io", "_abc"):
        return False
    if not is_librarys(module_of(kind)) and home not in ("numpy", "builtins"):
        return False
    by_identity = getattr(kind, "__hash__", None) in (None, object.__hash__)
    bare = attributes_of(thing) is None and by_identity and not isinstance(thing, _STATELESS)
    return bare or isinstance(thing, Iterator)


def behind(proxy: Any) -> list[Any]:
    """What a weak proxy stands for, if that is still there."""
    try:
        return [proxy.__init__.__self__]
    except (ReferenceError, AttributeError):
        return []


def slots_of(kind: type) -> tuple[str, ...]:
    """The attributes of a class that lie in no dict."""
    names = vars(kind).get("__slots__", ())
    names = (names,) if isinstance(names, str) else tuple(names)
    private = f"_{kind.__name__.lstrip('_')}"  # what Python puts before `__name`
    return tuple(private + n if n.startswith("__") else n for n in names if not n.endswith("__"))


class Filter(NamedTuple):
    """Names: those of a set, or all, without some."""

    among: Container[str] | None
    but: Collection[str] = ()

    def __contains__(self, name: object) -> bool:
        return (self.among is None or name in self.among) and name not in self.but


class InClass(NamedTuple):
    """Names in a class: those of a set, or all, and such as `__mul__`, which Python uses without naming them."""

    among: Container[object]
    of: type
    ran: Ran | None
    had: Container[str]

    def __contains__(self, name: object) -> bool:
        if name in _OF_PYTHON:
            value = vars(self.of).get(name)
            code = getattr(getattr(value, "__func__", value), "__code__", None)
            return code is not None and self.ran is not None and (name not in self.had or self.ran.ran(code))
        if self.ran is not None and name in self.ran.own:  # it may be a property, if the function writes it
            return True
        return name in self.among or str(name).startswith("__")
