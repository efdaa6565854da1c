"""NumPy's functions of tensors: `np.exp(t)` is `gradus.exp(t)`, history and all, and so in compiled functions.

What gradus has under NumPy's name is called; everything else gets the tensors' numbers, as arrays, and gives arrays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from .._methods import method
from ..errors import ArgumentError
from ..names.options import known_option
from ..tensor import Tensor

_OF_SHAPES = (np.shape, np.ndim, np.size)  # which look at no number
_HOMES = {"numpy": "gradus.ops", "numpy.linalg": "gradus.linalg"}


def _ours(function: Any) -> Callable[..., Any] | None:
    """Gradus' function of the same name and meaning."""
    home = "numpy" if isinstance(function, np.ufunc) else function.__module__
    if home not in _HOMES:
        return None
    room, name = import_module(_HOMES[home]), function.__name__
    found: Callable[..., Any] | None = getattr(room, name) if name in room.__all__ else None
    return found


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


def _by_name(
    function: Any, ours: Callable[..., Any], args: Any, options: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """What is given to NumPy's function as what ours takes: operands by place, the rest by name, as NumPy means it."""
    takes = inspect.signature(ours).parameters
    try:
        theirs = inspect.signature(function).parameters
    except ValueError:  # of a function in C, as np.concatenate was until NumPy 2.4
        return list(args), _named(function, ours, options)
    several = any(p.kind is p.VAR_POSITIONAL for p in theirs.values())
    given = {} if several else dict(inspect.signature(function).bind(*args, **options).arguments)
    by_place = [n for n, p in theirs.items() if p.default is p.empty or p.kind is p.POSITIONAL_ONLY]
    operands = list(args) if several else [given.pop(n) for n in by_place if n in given]
    for name, p in theirs.items():  # where the two have other defaults, NumPy's holds
        if name in takes and name not in given and p.default not in (p.empty, np._NoValue, takes[name].default):
            given[name] = p.default
        elif name == "axis" and name in takes and name not in given and p.default is None is not takes[name].default:
            given[name] = None
    named = _named(function, ours, options if several else given)
    one_by_one = [name for name in named if takes[name].kind is inspect.Parameter.VAR_POSITIONAL]
    return [*operands, *(named.pop(name) for name in one_by_one)], named


def _named(function: Any, ours: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """Options of NumPy's function by our names."""
    takes, named = inspect.signature(ours).parameters, {}
    for name, value in given.items():
        if value is np._NoValue or (value is None and name not in takes):
            continue
        known = known_option(ours.__name__, takes, name)
        if known is None:
            raise ArgumentError(
                f"np.{function.__name__}: gradus' {ours.__name__} has no {name}=. For NumPy's own, without gradients: "
                f"np.{function.__name__}(t.numpy(), ...)."
            )
        named[known] = value
    return named


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
    if function in _OF_SHAPES and isinstance(args[0] if args else None, Tensor):
        return function(np.broadcast_to(0, args[0].shape), *args[1:], **options)
    ours = _ours(function)
    if ours is not None and not (function is np.where and len(args) == 1):
        operands, named = _by_name(function, ours, args, options)
        return ours(*operands, **named)
    return function(*map(_as_arrays, args), **{k: _as_arrays(v) for k, v in options.items()})
