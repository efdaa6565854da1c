"""Nested lists, tuples and dicts of tensors: taken apart, and put together again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..tensor import Tensor, as_tensor


def flatten(thing: Any, leaves: list[Tensor]) -> Any:
    """Append the tensors to `leaves`; what is left is their arrangement, which can be compared and hashed."""
    if isinstance(thing, (Tensor, np.ndarray, np.generic)):
        leaves.append(as_tensor(thing))
        return Tensor
    if isinstance(thing, (list, tuple)):
        return (type(thing), *(flatten(part, leaves) for part in thing))
    if isinstance(thing, dict):
        return (dict, *((key, flatten(part, leaves)) for key, part in thing.items()))
    if isinstance(thing, (int, float)):
        return (type(thing), thing, str(thing))  # 1, 1.0 and True are equal, and so are 0.0 and -0.0
    return thing


def unflatten(arrangement: Any, leaves: Iterable[Tensor]) -> Any:
    """The same arrangement of other tensors, in their order."""
    return _put_together(arrangement, iter(leaves))


def _put_together(arrangement: Any, leaves: Iterator[Tensor]) -> Any:
    if arrangement is Tensor:
        return next(leaves)
    if not isinstance(arrangement, tuple):
        return arrangement
    kind, *parts = arrangement
    if issubclass(kind, dict):
        return {key: _put_together(part, leaves) for key, part in parts}
    if not issubclass(kind, (list, tuple)):
        return parts[0]
    found = [_put_together(part, leaves) for part in parts]
    return kind(*found) if hasattr(kind, "_fields") else kind(found)  # a named tuple takes its parts one by one
