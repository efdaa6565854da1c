"""Nested lists, tuples and dicts of tensors: taken apart, and put together again."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor


def flatten(thing: Any, leaves: list[Tensor]) -> Any:
    """Append the tensors to `leaves`; what is left is their arrangement, which can be compared and hashed."""
    if isinstance(thing, Tensor):
        leaves.append(thing)
        return Tensor
    if isinstance(thing, (list, tuple)):
        return (type(thing), *(flatten(part, leaves) for part in thing))
    if isinstance(thing, dict):
        return (dict, *((key, flatten(part, leaves)) for key, part in thing.items()))
    return thing


def unflatten(arrangement: Any, leaves: list[Tensor]) -> Any:
    """The same arrangement of other tensors; they are taken from the front of `leaves`."""
    if arrangement is Tensor:
        return leaves.pop(0)
    if isinstance(arrangement, tuple) and arrangement and arrangement[0] in (list, tuple):
        parts = [unflatten(part, leaves) for part in arrangement[1:]]
        return parts if arrangement[0] is list else tuple(parts)
    if isinstance(arrangement, tuple) and arrangement and arrangement[0] is dict:
        return {key: unflatten(part, leaves) for key, part in arrangement[1:]}
    return arrangement
