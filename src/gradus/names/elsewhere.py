"""What is said when a name of another framework is met: what to write, or that gradus has no such thing, and why.

`answer` looks into `tables/`, and follows three rules beside them. Nothing is guessed but
misspelt names: a test asks for every public name of PyTorch, NumPy, Keras and TensorFlow.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import cache
from types import CodeType
from typing import Any

from ..errors import UnknownNameError, did_you_mean
from .tables import ABSENT, INSTEAD


def answer(owner: str, name: str) -> str:
    """What to say of a name that an owner (a room's path, or a class) does not have; empty where nothing is known.

    >>> answer("nn", "Dense")
    'Write instead: gradus.nn.Linear(in_features, out_features).'
    >>> answer("nn", "gelu")
    'Write instead: gradus.nn.functional.gelu.'
    >>> answer("Tensor", "exp_")
    'Write instead: x[...] = x.exp(...), or x = x.exp(...).'
    """
    instead, absent = _rows(owner)
    by_rule = name not in absent and "*" not in absent  # where all is absent, what has the same name is another thing
    written = instead.get(name) or (_by_rule(owner, name) or _of_its_kind(instead, name) if by_rule else "")
    if written:
        return instruction(written)
    beside = _of_pictures(name) if owner == "data" else ""
    return absent.get(name) or _of_its_kind(absent, name) or beside or _of_what_is_above(owner)


def instruction(written: str) -> str:
    """What is to be written, as a sentence; of "nothing: ..." that it is left out.

    >>> instruction("nothing: there is one device")
    'Leave it out: there is one device.'
    """
    return f"Leave it out{written[7:]}." if written.startswith("nothing") else f"Write instead: {written}."


def _of_pictures(name: str) -> str:
    """Of a change of pictures that gradus.data, where the others are, does not have: what is said in torchvision's."""
    instead, absent = _rows("transforms")
    return instruction(instead[name]) if name in instead else absent.get(name, "")


def _of_what_is_above(owner: str) -> str:
    """Of a room that is not there, what is said of the room."""
    from . import rooms

    home, _, name = owner.rpartition(".")
    return answer(home, name) if owner and rooms.owner(owner) is None else ""


@cache
def _rows(owner: str) -> list[dict[str, str]]:
    """What to write, and what is not there, of one owner, by name; in the tables "a b" stands for two names."""
    tables = [table.get(owner, {}).items() for table in (INSTEAD, ABSENT)]
    return [{name: text for names, text in rows for name in names.split()} for rows in tables]


def _of_its_kind(rows: dict[str, str], name: str) -> str:
    """What is said of all names of a kind: "cudnn_*"."""
    return next((text for kind, text in rows.items() if "*" in kind and fnmatchcase(name, kind)), "")


def _by_rule(owner: str, name: str) -> str:
    return _in_place(owner, name) or _in_another_room(owner, name)


def _in_place(owner: str, name: str) -> str:
    """Of a name that ends with an underscore: what writes is written out."""
    from . import rooms

    plain = name.removesuffix("_")
    if plain == name:
        return ""
    if owner == "Tensor":
        return f"x[...] = x.{plain}(...), or x = x.{plain}(...)" if hasattr(rooms.owner("Tensor"), plain) else ""
    return f"x = gradus.{found}(x, ...)" if (found := next(rooms.places(plain), "")) else ""


def _in_another_room(owner: str, name: str) -> str:
    """Of a name that another room offers: where."""
    from . import rooms

    found = next(rooms.places(name), None)
    of_a_tensor = owner == "Tensor" and not name[:1].isupper()
    return "" if found is None else f"gradus.{found}{'(x, ...)' if of_a_tensor else ''}"


# -- the errors --------------------------------------------------------------------------------------------------------


def missing(owner: str, name: str, known: Iterable[str] = (), called: str = "") -> AttributeError | ImportError:
    """The error for a name that an owner does not have, with what gradus calls it, or the nearest one.

    `called` is how the message names the owner, where that is not by its own name. What is said is worked out when the
    error is shown: much is asked by `hasattr`, and never seen.

    >>> print(missing("nn", "Dense"))
    nn has no attribute 'Dense'. Write instead: gradus.nn.Linear(in_features, out_features).
    """
    code, at = _asked()
    error = UnknownNameError(name, lambda: _said(owner, name, known, called or owner, code, at))
    if not name.startswith("_") and dis.opname[code.co_code[at]] == "IMPORT_FROM":  # which forgets an AttributeError
        return ImportError(str(error), name=name)
    return error


def door(owner: str) -> Callable[[str], Any]:
    """The `__getattr__` of a room."""

    def ask(name: str) -> Any:
        raise missing(owner, name)

    return ask


def missing_from(thing: Any, owner: str, name: str) -> AttributeError | ImportError:
    """The same, for `__getattr__` of a class: Python calls it too where a property raised an AttributeError."""
    if hasattr(type(thing), name):
        object.__getattribute__(thing, name)  # raises what was raised
    return missing(owner, name, {*getattr(thing, "__dict__", ()), *dir(type(thing))}, type(thing).__name__)


class Elsewhere:
    """A name that an owner does not have, as an attribute that says so: `hasattr` is False."""

    def __init__(self, owner: str, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, thing: Any, kind: type | None = None) -> Any:
        raise missing(self.owner, self.name, ())


def tell(kind: type, owner: str) -> None:
    """Put what a class has elsewhere, and not here, into it, as attributes that say so.

    For classes that are asked themselves, as `Dataset.from_generator`, and for Tensor: a `__getattr__` would do, but
    with one Python reads every attribute of a tensor more slowly.
    """
    in_place = [f"{name}_" for name in vars(kind) if not name.startswith("_")] if owner == "Tensor" else []
    for name in (*in_place, *_rows(owner)[0], *_rows(owner)[1]):
        if not hasattr(kind, name):
            setattr(kind, name, Elsewhere(owner, name))


def _said(owner: str, name: str, known: Iterable[str], called: str, code: CodeType, at: int) -> str:
    from . import rooms

    if name.startswith("_"):  # what Python and notebooks ask everything for
        return f"{called} has no attribute {name!r}"
    inside = owner.removeprefix("gradus")
    path = [inside, name, *(_goes_on(code, at) if inside in rooms.ROOMS else ())]
    for end in range(len(path), 1, -1):  # of gradus.utils.data.DataLoader all that was written, if that says something
        home = ".".join(filter(None, path[: end - 1]))
        text = answer(home, path[end - 1]) if end == 2 or rooms.heard_of(home) else ""
        if text:
            return f"{called} has no attribute {'.'.join(path[1:end])!r}. {text}"
    known = known or (rooms.offered(inside) if inside in rooms.ROOMS else ())
    return f"{called} has no attribute {name!r}. {did_you_mean(name, known, most=1 if len(name) < 8 else 2)}".strip()


def _asked() -> tuple[CodeType, int]:
    """The code that asked for a name, and the place in it."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_name in ("__getattr__", "__get__", "missing_from", "ask"):
        frame = frame.f_back
    return frame.f_code, max(frame.f_lasti, 0)


def _goes_on(code: CodeType, at: int) -> list[str]:
    """The attributes that the code asks for next: `data` and `DataLoader` where it has gradus.utils.data.DataLoader."""
    rest: list[str] = []
    for step in (s for s in dis.get_instructions(code) if s.offset > at):
        if step.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
            break
        rest.append(str(step.argval))
    return rest
