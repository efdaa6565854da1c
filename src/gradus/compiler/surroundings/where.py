"""What a person calls a tensor, the path to it from a function as `model.layers.0.weight`; a function; a value."""

from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np

from .around import Around


def where_is(function: Any, wanted: np.ndarray) -> str:
    """The shortest path to a tensor with this array; the empty string if there is none.

    >>> import gradus
    >>> layer = gradus.nn.Linear(2, 3)
    >>> where_is(layer.forward, layer.bias.numpy())
    'bias'
    """
    if wanted is sys.modules["gradus.random"].default.state.data:  # a room above this one
        return "the state of the random generator"
    path = next((label for t, label in Around(function, ()).tensors if t.data is wanted), "")
    owner = getattr(function, "__self__", None)
    return path.removeprefix(f"{type(owner).__name__}.") if owner is not None else path


def name_of(function: Any) -> str:
    """What a thing that can be called is called: itself, what a partial is of, or its class."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else type(function).__name__


def short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 40 else text[:37] + "..."
