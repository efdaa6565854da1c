"""What is noticed of a program on its way, for those who look for mistakes: walks back, and numbers that are taken out.

Who looks is asked nothing while nobody looks: looks are taken at the first steps of an optimizer, and are then over.
"""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

from ..errors import MistakeWarning, caller, is_users, warn

if TYPE_CHECKING:
    from typing import Protocol

    class Look(Protocol):
        """Who looks at a program until the first step of an optimizer."""

        def walked(self, y: Any, leaves: list[Any]) -> None:
            """Gradients were walked back from `y` to these leaves."""

        def taken(self, place: str) -> None:
            """Numbers were taken out of the graph in a forward, at `place`."""


looks: weakref.WeakSet[Look] = weakref.WeakSet()
_last: Any = lambda: None  # noqa: E731 - a reference to what was last walked back from
_used: dict[int, tuple[Any, int, bool]] = {}  # gradients that a step went along, by id; True: with more added to them


def walked(y: Any, leaves: list[Any]) -> None:
    """Note a walk back from `y` that reached these leaves."""
    global _last
    _last = weakref.ref(y)
    if looks:
        for look in list(looks):
            look.walked(y, leaves)


def again(y: Any) -> bool:
    """Whether `y` is what was walked back from last."""
    return _last() is y


def added(before: Any, now: Any, twice: bool) -> None:
    """Note that a gradient was added to one that was there; `twice`: from the same loss."""
    if twice:
        warn(
            "backward was called of this tensor before, and its gradients are added a second time. Compute it anew for "
            "each backward, or forget the gradients between: zero_grad().",
            MistakeWarning,
            mistake="backward-twice",
        )
    if _used and _is_used(before) is not None:
        use(now, True)


def use(gradient: Any, more: bool = False) -> None:
    """Note that a step went along a gradient, or one along a part of it, to which more was added since."""
    key = id(gradient)
    _used[key] = weakref.ref(gradient, lambda _: _used.pop(key, None)), gradient.writes[0], more


def is_stale(gradient: Any) -> bool:
    """Whether a gradient holds one that a step went along before."""
    return bool(_is_used(gradient))


def _is_used(gradient: Any) -> bool | None:
    found = _used.get(id(gradient))
    return None if found is None or found[0]() is not gradient or found[1] != gradient.writes[0] else found[2]


def took() -> None:
    """Note that numbers of a tensor with a history are taken out, if that is within a user's forward."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "forward" and is_users(frame.f_code.co_filename):
            place = caller()
            for look in list(looks):
                look.taken(place)
            return
        frame = frame.f_back  # type: ignore[assignment]
