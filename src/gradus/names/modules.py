"""What is said where a module of others is imported as gradus': `from gradus.utils.data import DataLoader`."""

from __future__ import annotations

import dis
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

from .elsewhere import answer


class Told(MetaPathFinder):
    """A finder that finds nothing, and says what to import in place of a module of gradus that nobody has found.

    Asked by another than an import, as `importlib.util.find_spec`, it is silent, and so it is of all other packages.
    Finders that were put behind it are asked first: one of them may know.
    """

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        if not fullname.startswith("gradus.") or (line := _line()) is None or not (said := _said(*line)):
            return None
        behind = sys.meta_path[sys.meta_path.index(self) + 1 :] if self in sys.meta_path else []
        for finder in behind:
            if (spec := finder.find_spec(fullname, path, target)) is not None:
                return spec
        raise ModuleNotFoundError(f"there is no module {line[0]!r}. {said}", name=fullname)


def tell_imports() -> None:
    """Put the finder behind those that are there; the one of an earlier import of gradus goes."""
    kind = (Told.__module__, Told.__qualname__)
    sys.meta_path[:] = [f for f in sys.meta_path if (type(f).__module__, type(f).__qualname__) != kind]
    sys.meta_path.append(Told())


def _said(module: str, names: list[str]) -> str:
    """What there is to say of a module's names, or of the module."""
    home, _, last = module.removeprefix("gradus.").rpartition(".")
    texts = [f"{n}: {text}" for n in names if (text := answer(f"{home}.{last}".lstrip("."), n))]
    return " ".join(texts) or answer(home, last)


def _line() -> tuple[str, list[str]] | None:
    """The module of gradus that the importing line asks for, and the names it wants of it; None where none does.

    Python tells a finder no more than the first module that is missing, `gradus.utils`; what is wanted of it stands in
    the line's instructions.
    """
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    steps = [s for s in dis.get_instructions(frame.f_code) if s.offset >= frame.f_lasti]
    if not steps or steps[0].opname != "IMPORT_NAME" or not str(steps[0].argval).startswith("gradus."):
        return None
    names = []
    for step in steps[1:]:
        if step.opname == "IMPORT_FROM":
            names.append(str(step.argval))
        elif not step.opname.startswith("STORE"):
            break
    return str(steps[0].argval), names
