"""Numbers of places, of parts, of times: integers, and nothing between them."""

from __future__ import annotations

from operator import index
from typing import Any

from ...errors import DtypeError


def require_whole(name: str, what: str, *numbers: Any) -> None:
    """Refuse what is no integer: half a place, or 2.5 of something, is never meant."""
    for number in numbers:
        try:
            index(number)
        except TypeError:
            raise DtypeError(f"{name}: {what} is an integer, got {number!r:.80}") from None
