"""What a function does that no program does at each call: why it is refused, with the line and the remedy."""

from __future__ import annotations

from typing import Any

from ...errors import TraceError
from ...tensor import Tensor
from ..graph.graph import Node
from .holders import MISSING, Holder, Numbers
from .once import Once, difference
from .ran import Ran
from .sources import Draws, Position
from .where import short

OUTSIDE = "Do that outside the compiled function, or leave it uncompiled."


def refuse_asking(ran: Ran, name: str) -> None:
    if ran.asked:
        what, place = ran.asked[0]
        raise TraceError(
            f"the compiled function {name} {what}, at {place}. That would happen once, while it is traced, and not at "
            f"each call. {OUTSIDE}",
            mistake="asked-once",
        )


def holds_symbol(value: Any) -> bool:
    """Whether a value is, or holds, a tensor that has no numbers."""
    if isinstance(value, Node):
        return True
    if isinstance(value, Tensor):
        return isinstance(value.data, Node)
    if isinstance(value, dict):
        return any(map(holds_symbol, value.values()))
    return isinstance(value, (list, tuple, set)) and any(map(holds_symbol, value))


def refuse_symbols(changes: list[tuple[Holder, Any, Any, Any]], name: str, ran: Ran) -> None:
    for holder, key, _, now in changes:
        if holds_symbol(now):
            raise TraceError(
                f"the compiled function {name} puts a tensor that it computes into {holder.name(key)}"
                f"{_at(ran.where_written(key))}, which would be the same at every call. Make it a tensor beforehand "
                "and write into it with assign_, or return the value.",
                mistake="list-appended",
            )


def refuse_changes(changes: list[tuple[Holder, Any, Any, Any]], name: str, ran: Ran) -> None:
    for holder, key, then, now in changes:
        where = _at(ran.where_written(key))
        if isinstance(holder, Draws):
            raise TraceError(
                f"the compiled function {name} draws random numbers from {holder.label}, which would be the same at "
                "every call. Draw them with gradus (gradus.rand, nn.Dropout), or draw them outside and hand them in.",
                mistake="random-inside",
            )
        grows = then is MISSING and isinstance(holder.thing, list)
        what = f"{holder.label}, which gets longer," if grows else holder.name(key)
        said = isinstance(holder, (Numbers, Position)) or grows
        how = "" if said else f" (from {short(then)} to {short(now)} and so on)"
        raise TraceError(
            f"the compiled function {name} changes {what}{where}{how}, which would happen "
            "once, while it is traced, and not at each call. Make it a tensor (a buffer) and write "
            "into it with assign_, change it outside, or leave the function uncompiled.",
            mistake="changed-once",
        )


def refuse_difference(first: Once, second: Once, name: str) -> None:
    found = difference(first, second)
    if found:
        raise TraceError(
            f"the compiled function {name} does something else when it runs again: {found}. It depends on something "
            "that changes by itself (an iterator that goes on, random numbers of another library, an object that "
            "counts). Give it as an argument, draw with gradus, or leave the function uncompiled."
        )


def refuse_reuse(once: Once, name: str) -> None:
    """Refuse an array that the function itself changes after the program has read it: it is read as it is last."""
    array = once.tracer.seen.changed()
    if array is not None:
        raise TraceError(
            f"the compiled function {name} changes a NumPy array of shape {array.shape} after a use of it. The program "
            "would read it as it is at the end. Give each use an array of its own, as a.copy(), or compute with "
            "gradus's functions."
        )


def _at(place: str) -> str:
    return f", at {place}" if place else ""
