"""Write `src/gradus/_methods.pyi`: the methods and operators of Tensor, for editors and type checkers.

They are registered where they are defined, out of a type checker's sight. Run this after adding an op; a test
compares the file with what this would write.
"""

from __future__ import annotations

import argparse
import builtins
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
STUB = ROOT / "src" / "gradus" / "_methods.pyi"

HEAD = '''"""The methods and operators of Tensor. Written by tools/write_stubs.py: change the functions, not this."""

import builtins
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

{imports}

F = TypeVar("F", bound=Callable[..., Any] | property)

def method(*names: str) -> Callable[[F], F]: ...
def reflected(name: str, function: Callable[..., Any]) -> None: ...

class Methods:
'''
KNOWN = {"Any", "Callable", "Sequence"}  # imported by the head


def stub() -> str:
    """The whole text of the stub."""
    sys.path.insert(0, str(ROOT / "src"))
    import gradus  # noqa: F401 - its import registers the methods
    from gradus._methods import Methods

    found = {name: thing for name, thing in vars(Methods).items() if callable(thing) or isinstance(thing, property)}
    imports: dict[str, str] = {}
    lines = [_line(name, found[name], imports) for name in sorted(found)]
    modules = sorted(set(imports.values()))
    names = {module: ", ".join(sorted(n for n, m in imports.items() if m == module)) for module in modules}
    head = HEAD.format(imports="\n".join(f"from {module} import {names[module]}" for module in modules))
    return head + "".join(lines)


def _line(name: str, thing: Callable[..., Any] | property, imports: dict[str, str]) -> str:
    """One method, as a stub says it; its first parameter is `self`."""
    function: Any = thing.fget if isinstance(thing, property) else thing
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    parameters[0] = parameters[0].replace(name="self", annotation=inspect.Parameter.empty)
    for i, p in enumerate(parameters[1:], 1):
        if p.annotation is inspect.Parameter.empty:  # the lambdas of reflected operators
            parameters[i] = p.replace(annotation="Any")
    returns = "Tensor" if signature.return_annotation is inspect.Signature.empty else signature.return_annotation
    text = str(signature.replace(parameters=parameters, return_annotation=returns))
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)  # annotations are kept as text
    text = re.sub(r"\b(float|int|bool)\b", r"builtins.\1", text)  # as methods have these names, too
    for word in re.findall(r"[A-Za-z_]\w*", " ".join([*(str(p.annotation) for p in parameters[1:]), returns])):
        if word not in KNOWN and not hasattr(builtins, word):
            imports[word] = _home(word, function)
    ignore = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""
    decorator = "    @property\n" if isinstance(thing, property) else ""
    return f"{decorator}    def {name}{text}: ...{ignore}\n"


def _home(word: str, function: Callable[..., Any]) -> str:
    """The module that an annotation's name is imported from."""
    function = inspect.unwrap(function)
    meant = function.__globals__.get(word)
    if inspect.isclass(meant):
        return meant.__module__
    if word == "Axis":
        return "gradus.ops.reductions.reduce"
    return "gradus.tensor" if meant is None else function.__module__


def main(arguments: list[str] | None = None) -> None:
    argparse.ArgumentParser(description=f"Write {STUB.name} anew, for type checkers.").parse_args(arguments)
    STUB.write_text(stub())


if __name__ == "__main__":
    main()
