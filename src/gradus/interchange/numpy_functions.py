"""NumPy's functions of tensors: `np.exp(t)` is `gradus.exp(t)`, history and all, and so in compiled functions.

What gradus has under NumPy's name is called; everything else gets the tensors' numbers, as arrays, and gives arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import linalg, ops
from .._methods import method
from ..errors import ArgumentError
from ..tensor import Tensor

_HOMES = {"numpy": ops, "numpy.linalg": linalg}


def _ours(function: Any) -> Callable[..., Any] | None:
    """Gradus' function of the same name and meaning."""
    home = "numpy" if isinstance(function, np.ufunc) else function.__module__
    room = _HOMES.get(home)
    name = function.__name__
    return getattr(room, name) if room is not None and name in room.__all__ else None


def _as_arrays(thing: Any) -> Any:
    """The same with the numbers of tensors in place of them."""
    if isinstance(thing, Tensor):
        return thing.numpy()
    if isinstance(thing, (tuple, list)) and any(isinstance(t, (Tensor, tuple, list)) for t in thing):
        return type(thing)(map(_as_arrays, thing))
    return thing


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Options without those of NumPy's that are not given."""
    return {k: v for k, v in options.items() if v is not None and v is not np._NoValue}


@method("__array_ufunc__")
def array_ufunc(self: Tensor, function: Any, how: str, *inputs: Any, **options: Any) -> Any:
    """What `np.exp(t)`, `array * t` and their like call."""
    name = f"np.{function.__name__}"
    if options.get("out") is not None:
        raise ArgumentError(f"{name}: a tensor is not written into an array. Use its numbers: t.numpy().")
    ours = _ours(function) if how == "__call__" and not _given(options) else None
    if ours is not None:
        return ours(*inputs)
    return getattr(function, how)(*map(_as_arrays, inputs), **options)


@method("__array_function__")
def array_function(self: Tensor, function: Any, types: Any, args: Any, options: dict[str, Any]) -> Any:
    """What `np.mean(t)`, `np.concatenate([t, t])` and their like call."""
    ours = _ours(function)
    if ours is not None:
        return ours(*args, **_given(options))
    return function(*map(_as_arrays, args), **{k: _as_arrays(v) for k, v in options.items()})
