"""What a way is made of."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gradus import nn


class World(NamedTuple):
    """A function, a change to its surroundings, and what is seen of them."""

    function: Callable[[Any], Any]
    change: Callable[[], Any] = lambda: None
    seen: Callable[[], Any] = lambda: None


WAYS: dict[str, Callable[[], World]] = {}


REFUSED: set[str] = set()


def way(make: Callable[[], World]) -> Callable[[], World]:
    """A change that is followed, or an effect that is done again."""
    WAYS[make.__name__] = make
    return make


def refused(make: Callable[[], World]) -> Callable[[], World]:
    """An effect that the compiled function refuses."""
    REFUSED.add(make.__name__)
    return way(make)


class Net(nn.Module):
    """A module that does what a test wants."""

    size = 3.0

    def __init__(self, forward: Callable[[Any, Any], Any], **attributes: Any) -> None:
        self.w = nn.Parameter(np.ones(3, np.float32))
        self.does = types.MethodType(forward, self)
        for name, value in attributes.items():
            setattr(self, name, value)

    def forward(self, x: Any) -> Any:
        return self.does(x)


def changed(thing: Any, name: str, value: Any) -> Callable[[], Any]:
    return lambda: setattr(thing, name, value)


class Thing:
    """An object with attributes."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


def new_module() -> Any:
    module: Any = types.ModuleType("a_hidden_config")
    module.scale = 2.0
    sys.modules[module.__name__] = module
    return module
