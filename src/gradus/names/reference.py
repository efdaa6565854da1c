"""What there is to say of every public name: for the command `gradus help`, and for the pages of docs/reference."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..errors import ArgumentError, did_you_mean
from ..mistakes.catalogue import catalogue, told
from . import rooms
from .elsewhere import answer

_NOTHING = "=<object object>"  # what stands for an argument that was not given
_WITHOUT_ROOMS = ("sklearn", "pandas", "pd", "torchtext")  # libraries whose names are known, not their paths
METHODS = ("Tensor", *(kind for kind in rooms.CLASSES if kind != "Tensor"))  # classes whose methods are looked up


class Entry(NamedTuple):
    """A public name: its path after "gradus", how it is called, what is said of it, and its first name, if another."""

    path: str
    call: str
    text: str
    first: str

    @property
    def line(self) -> str:
        """The first sentence."""
        return re.split(r"(?<=[.:])\s", self.text.replace("\n", " "), maxsplit=1)[0]


def entry(path: str) -> Entry | None:
    """The entry of a path, or None where gradus has nothing there.

    >>> entry("nn.functional.relu").call, entry("nn.Dense")
    ('gradus.nn.functional.relu(x)', None)
    """
    home, _, name = path.rpartition(".")
    owner = rooms.owner(home)
    try:
        thing = getattr(owner, name)
    except (AttributeError, ImportError):
        return None
    own = getattr(thing, "__name__", name)
    module = getattr(thing, "__module__", "") or ""
    second = callable(thing) and own != name and hasattr(owner, own) and not own.startswith("_")
    described = module.startswith("gradus") or isinstance(thing, property) or inspect.ismodule(thing)
    text = inspect.getdoc(thing) or "" if described else _value(owner, name, thing)
    return Entry(path, f"{_owner_text(home)}{name}{_arguments(thing, home)}", text, own if second else "")


def _value(owner: Any, name: str, thing: Any) -> str:
    """What is said of a value, which has no docstring: what it is, or what its class says of the attribute."""
    if inspect.isclass(owner):
        said = re.search(rf"^ *{name}: (.+(?:\n {{8,}}.+)*)", inspect.getdoc(owner) or "", re.M)
        return re.sub(r"\s+", " ", said[1]) if said else "An attribute."
    return ", ".join(map(repr, thing)) if isinstance(thing, dict) else f"{thing!r:.200}"


def entries(room: str) -> Iterator[Entry]:
    """All entries of a room or a class, by name."""
    owner = rooms.owner(room)
    listed = [n for n in dir(owner) if not n.startswith("_")] if inspect.isclass(owner) else rooms.offered(room)
    for name in sorted(listed, key=str.casefold):
        if (found := entry(f"{room}.{name}".lstrip("."))) is not None:
            yield found


def _owner_text(home: str) -> str:
    return "x." if home == "Tensor" else f"{home}." if home in rooms.CLASSES else f"gradus.{home}.".replace("..", ".")


def _arguments(thing: Any, home: str) -> str:
    """How something is called: its arguments with what they are unless given."""
    if not callable(thing) or hasattr(thing, "__origin__"):  # a value, or a type of others
        return ""
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):
        return "(...)"
    if home in rooms.CLASSES and parameters and not inspect.ismethod(thing):
        parameters = parameters[1:]  # self
    text = str(inspect.Signature([p.replace(annotation=p.empty) for p in parameters]))
    text = re.sub(r"<object object at 0x\w+>", "<object object>", text)
    text = re.sub(r"<function (\w+) at 0x\w+>|dtype\('(\w+)'\)", r"\1\2", text)
    return re.sub(r"<function .*? at 0x\w+>|(?<=frozenset\(){.*?}(?=\))", "...", text).replace(_NOTHING, "")


def found(name: str) -> list[Entry]:
    """The entries that a name may mean: a path, or the last part of some.

    >>> [e.path for e in found("gradus.nn.Linear")], [e.path for e in found("clip_grad_norm_")]
    (['nn.Linear'], ['optim.clip_grad_norm_'])
    """
    path = name.removeprefix("gradus.")
    if "." in path:
        whole = entry(path)
        return [whole] if whole else []
    homes = [*rooms.ROOMS, *METHODS]
    paths = [f"{home}.{path}".lstrip(".") for home in homes if home in METHODS or path in rooms.offered(home)]
    some = [e for p in paths if (e := entry(p)) is not None]
    kept: dict[str, Entry] = {}
    for one in some:  # a method is the function of that name
        kept.setdefault(one.text or one.path, one)
    return list(kept.values())


def help_text(name: str) -> str:
    """What `gradus help NAME` prints: for a name of gradus, or of another framework, or of a mistake.

    >>> print(help_text("keras.layers.Dense"))
    keras.layers.Dense: Write instead: gradus.nn.Linear(in_features, out_features).

    Raises:
        ArgumentError: nobody has such a name.
    """
    here = found(name)
    if mistake := "" if here else told(name):
        return mistake
    if here:
        return "\n\n".join(_told(e) for e in here)
    home, last = rooms.at_home(name)
    there = entry(f"{home}.{last}".lstrip("."))
    if there is not None:
        return f"{name} is here:\n\n{_told(there)}"
    anywhere = "." not in name or name.split(".")[0] in _WITHOUT_ROOMS
    if text := answer(home, last) or (_of_any_room(last) if anywhere else ""):
        return f"{name}: {text}"
    known = {n for room in rooms.ROOMS for n in rooms.offered(room)} | set(catalogue())
    raise ArgumentError(
        f"there is no {name!r} in gradus. {did_you_mean(last, known)}".strip(),
        mistake="name-that-nobody-has",
    )


def _of_any_room(name: str) -> str:
    """What is said of a name in the first room, or class, that has something to say of it, and not of any name."""
    texts = ((answer(home, name), answer(home, "a name that nobody has")) for home in (*rooms.ROOMS, *METHODS))
    return next((text for text, of_any in texts if text and text != of_any), "")


def _told(e: Entry) -> str:
    also = f"\nAnother name of {e.first}." if e.first else ""
    return f"{e.call}{also}\n\n{e.text}".rstrip()
