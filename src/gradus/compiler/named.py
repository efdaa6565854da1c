"""What a function's code names besides its own variables: globals, modules that it imports, attributes of modules."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from .ran import mentions

_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL")
_IMPORTS = {"modules", "import_module", "__import__"}  # by which modules are got whose names are strings


class Names(NamedTuple):
    """What code names.

    Attributes:
        variables: globals.
        modules: those that it imports, or names in a string.
        attributes: (module, name), as `math.pi`.
    """

    variables: set[str]
    modules: list[ModuleType]
    attributes: list[tuple[ModuleType, str]]


def names_of(code: CodeType, seen: dict[str, Any]) -> Names:
    """What code names, and that of the functions inside it; `seen` are the globals it sees."""
    found = Names(set(), [], [])
    for one in codes_in(code):
        module: Any = None
        for instruction in dis.get_instructions(one):
            how, name = instruction.opname, instruction.argval
            if how in _LOADS:
                found.variables.add(name)
                module = seen.get(name)
            elif how in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(module, ModuleType):
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
        found.modules.extend(sys.modules[n] for n in sorted(mentioned) if n in sys.modules)
    return found


def _imported(name: str, seen: dict[str, Any]) -> Iterator[ModuleType]:
    """What an import statement brings; of `a.b` both."""
    package = seen.get("__package__")
    for full in {name: 0, name.split(".")[0]: 0, f"{package}.{name}".rstrip("."): 0}:
        if full in sys.modules:
            yield sys.modules[full]


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """A function's code, and that of the functions written inside it."""
    waiting = [code]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += [c for c in one.co_consts if isinstance(c, CodeType)]
