"""A dict that stays as it was made: who has seen it once need not look again."""

from __future__ import annotations

from typing import Any, NoReturn

from .errors import ArgumentError


class Frozen(dict[str, Any]):
    """Values by name, none of which is replaced, added or removed. (What they hold may change, as a tensor's numbers.)

    >>> moments = Frozen(m=1)
    >>> moments["m"]
    1
    >>> moments["m"] = 2
    Traceback (most recent call last):
    gradus.errors.ArgumentError: this dict stays as it was made (m). Write into its tensors with assign_.
    """

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise ArgumentError(f"this dict stays as it was made ({', '.join(self)}). Write into its tensors with assign_.")

    __setitem__ = __delitem__ = pop = popitem = clear = update = setdefault = __ior__ = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)
