"""What is said where a module of others is imported as gradus': `from gradus.utils.data import DataLoader`."""

from __future__ import annotations

import dis
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from typing import Any

from .elsewhere import answer


class Told(MetaPathFinder):
    """The last of Python's finders: it finds nothing, and says what to import in place of what nobody has found.

    Asked by another than an import, as `importlib.util.find_spec`, it is silent.
    """

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> None:
        if not fullname.startswith("gradus.") or (line := _line()) is None:
            return
        module, names = line
        home, _, last = module.removeprefix("gradus.").rpartition(".")
        texts = [f"{n}: {text}" for n in names if (text := answer(f"{home}.{last}".lstrip("."), n))]
        about = " ".join(texts) or answer(home, last)
        if about and module.startswith("gradus."):
            raise ModuleNotFoundError(f"there is no module {module!r}. {about}", name=fullname)


def _line() -> tuple[str, list[str]] | None:
    """The module that the user's line imports, and the names it wants of it; None where no line imports."""
    frame = sys._getframe(2)
    while frame.f_back is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    steps = [s for s in dis.get_instructions(frame.f_code) if s.offset >= frame.f_lasti]
    if not steps or steps[0].opname != "IMPORT_NAME":
        return None
    names = []
    for step in steps[1:]:
        if step.opname == "IMPORT_FROM":
            names.append(str(step.argval))
        elif not step.opname.startswith("STORE"):
            break
    return str(steps[0].argval), names
