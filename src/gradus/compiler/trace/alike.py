"""When two of Python's values are the same to whoever reads them."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), range, slice, np.dtype)
_EXACT = (float, complex, range, slice, np.generic)  # may be equal and not the same (0.0 and -0.0), or not be itself


def is_plain(value: Any) -> bool:
    """Whether a value can never change: a number, a string, a tuple of such."""
    if type(value) in _PLAIN:
        return True
    if not isinstance(value, (*_PLAIN, np.generic, tuple, frozenset)) or isinstance(value, enum.Enum):
        return False
    if getattr(value, "__dict__", None):  # a number, a string or a tuple with attributes
        return False
    if isinstance(value, (tuple, frozenset)):
        return type(value).__module__ != "gradus" and all(map(is_plain, value))
    return True


def alike(a: Any, b: Any) -> bool:
    """Whether two values are the same to whoever reads them.

    >>> alike(2.0, 2.0), alike(1, True), alike(0.0, -0.0), alike((1, "a"), (1, "a")), alike([], [])
    (True, False, False, True, False)
    """
    if a is b:
        return True
    if type(a) is not type(b) or not is_plain(a) or not is_plain(b):
        return False
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, _EXACT):
        return repr(a) == repr(b)
    if isinstance(a, frozenset):
        return {(type(v), v) for v in a} == {(type(v), v) for v in b}
    return bool(a == b)
