"""What a function's code says without being run: the globals, modules and attributes that it names, or makes up."""

from __future__ import annotations

import dis
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, ModuleType
from typing import Any, NamedTuple

_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL")
READING = ("getattr", "hasattr")
_FORMATTING = ("format", "format_map")  # which read the attributes in "{options.scale}"
_OF_AN_OBJECT = ("LOAD_ATTR", "LOAD_METHOD")
_SILENT = ("EXTENDED_ARG", "CACHE", "PUSH_NULL", "PRECALL", "NOP", "RESUME")
_LETTERS = dict.fromkeys(("LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_DEREF", "LOAD_GLOBAL", "LOAD_NAME"), "v")
_LETTERS |= {"LOAD_ATTR": "a", "LOAD_CONST": "c", "LOAD_SMALL_INT": "c", "CALL": "C"}
_FIELDS = re.compile(r"\.(\w+)")  # attributes in "{options.scale}"
_DYNAMIC = {
    *("vars", "__dict__", "attrgetter", "dir", "vformat"),
    *("__getattribute__", "__getstate__", "__reduce__", "__reduce_ex__"),
}
_RESUME = dis.opmap["RESUME"]
_IMPORTS = {"modules", "import_module", "__import__"}  # by which modules are got whose names are strings


class Names(NamedTuple):
    """What code names.

    Attributes:
        variables: globals.
        modules: the full names of those that it imports, there or not, or names in a string.
        attributes: (module, name), as `math.pi`.
    """

    variables: set[str]
    modules: list[str]
    attributes: list[tuple[ModuleType, str]]


@lru_cache(maxsize=2048)
def instructions(code: CodeType) -> tuple[dis.Instruction, ...]:
    """A code's instructions."""
    return tuple(dis.get_instructions(code))


def names_of(code: CodeType, seen: dict[str, Any]) -> Names:
    """What code names, and that of the functions inside it; `seen` are the globals it sees."""
    found = Names(set(), [], [])
    for one in codes_in(code):
        module: Any = None
        for instruction in instructions(one):
            how, name = instruction.opname, instruction.argval
            if how in _LOADS and name.isidentifier():  # any other is a tool's, as pytest's for `assert` in tests
                found.variables.add(name)
                module = seen.get(name)
            elif how in _OF_AN_OBJECT and isinstance(module, ModuleType):
                found.attributes.append((module, name))
                module = vars(module).get(name)
            else:
                module = None
            if how == "IMPORT_NAME":
                found.modules.extend(_imported(name, seen))
    mentioned = set(mentions(code))
    if "globals" in mentioned:
        found.variables.update(name for name in seen if not name.startswith("__"))
    if mentioned & _IMPORTS:
        mentioned |= {str(seen.get("__name__"))} if "__name__" in mentioned else set()
        found.modules.extend(n for n in sorted(mentioned) if n in sys.modules)
    return found


def _imported(name: str, seen: dict[str, Any]) -> set[str]:
    """The full names of what an import statement brings, or would bring if it were there; of `a.b` both."""
    package = seen.get("__package__")
    return {name, name.split(".")[0], f"{package}.{name}".rstrip(".")} - {""}


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """A function's code, and that of the functions written inside it."""
    waiting = [code]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += [c for c in one.co_consts if isinstance(c, CodeType)]


def mentions(code: CodeType) -> Iterator[str]:
    """The names and strings that a function's code holds, inner functions' among them."""
    for one in codes_in(code):
        yield from one.co_names
        yield from one.co_freevars
        for constant in one.co_consts:
            if isinstance(constant, str):
                yield constant
                yield from _FIELDS.findall(constant) if "{" in constant else ()
            elif isinstance(constant, tuple):  # of keywords, and of what is looked for with `in`
                yield from (c for c in constant if isinstance(c, str))


def only_written(code: CodeType) -> set[str]:
    """The attributes that a function assigns and never reads."""
    written: set[str] = set()
    read: set[str] = set()
    for instruction in instructions(code):
        (written if instruction.opname == "STORE_ATTR" else read).add(instruction.argval)
    return written - read


def beginning(code: CodeType) -> int:
    """Where in its code a generator stands when it has been made and has not run."""
    bytes_ = code.co_code
    starts = (i for i in range(0, len(bytes_), 2) if bytes_[i] == _RESUME and not bytes_[i + 1] & 3)
    return next(starts, -1)


def opens(code: CodeType) -> bool:
    """Whether a function reads attributes of its arguments by names that it works out."""
    reads = any({"vars", "getattr"} & set(inner.co_names) for inner in codes_in(code))
    special = code.co_name.startswith("__") and code.co_name != "__call__"
    return bool(reads and code.co_argcount and not special)


def makes_up_names(code: CodeType) -> bool:
    """Whether attributes are read by names that the code works out, or by their places in a class's `__match_args__`.

    `getattr(self, "scale", 1.0)` names its attribute, and so does `"{o.scale}".format(o=options)`. What is written less
    simply is taken for a name that is made up.
    """
    if not _DYNAMIC.isdisjoint(mentions(code)):
        return True
    for one in codes_in(code):
        read = [i for i in instructions(one) if i.opname not in _SILENT]
        if any(i.opname == "MATCH_CLASS" and i.arg for i in read):
            return True
        formats = [k for k, i in enumerate(read) if i.argval in _FORMATTING and i.opname in _OF_AN_OBJECT]
        if not all(k and read[k - 1].opname == "LOAD_CONST" for k in formats):
            return True
        gets = [k for k, i in enumerate(read) if i.argval in READING and i.opname.startswith("LOAD_")]
        if not all(_named(read[k + 1 :]) for k in gets):
            return True
    return False


def _named(read: list[dis.Instruction]) -> bool:
    """Whether what follows `getattr` is a variable, attributes of it, a string, perhaps a default, and the call."""
    kinds = "".join(_LETTERS.get(i.opname, "?") for i in read[:20])
    found = re.match("va*cC|va*c[vc]a*C", kinds)
    return found is not None and isinstance(read[kinds.index("c")].argval, str)
