"""Classes, and what libraries and gradus itself have under a name."""

from __future__ import annotations

import math
from typing import Any

import gradus
from gradus import functional as F
from gradus import nn

from .world import World, changed, way

_RELU, _LINEAR, _PI = F.relu, nn.Linear.forward, math.pi


@way
def an_attribute_of_a_metaclass() -> World:
    class Meta(type):
        scale = 2.0

    class Options(metaclass=Meta):
        pass

    return World(lambda x: x * Options.scale, changed(Meta, "scale", 3.0))


@way
def an_operator_of_a_class() -> World:
    class Scale:
        def __mul__(self, x: Any) -> Any:
            return x * 2

    scale = Scale()
    return World(lambda x: scale * x, changed(Scale, "__mul__", lambda self, x: x * 3))


@way
def how_a_class_makes_its_objects() -> World:
    class Options:
        def __init__(self) -> None:
            self.scale = 2.0

    return World(lambda x: x * Options().scale, changed(Options, "__init__", lambda self: setattr(self, "scale", 3.0)))


@way
def how_an_object_is_shown() -> World:
    class Scale:
        def __repr__(self) -> str:
            return "2"

    scale = Scale()
    return World(lambda x: x * float(f"{scale}"), changed(Scale, "__repr__", lambda self: "3"))


@way
def an_objects_class() -> World:
    class Twice(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 2

    class Thrice(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 3

    net = Twice()
    return World(lambda x: net(x), changed(net, "__class__", Thrice))


@way
def a_forward_of_gradus_replaced() -> World:
    nn.Linear.forward = _LINEAR  # type: ignore[method-assign]
    gradus.seed(0)
    net = nn.Linear(3, 3)
    return World(lambda x: net(x), changed(nn.Linear, "forward", lambda self, x: x * 3), _mend)


@way
def a_function_of_gradus_replaced() -> World:
    F.relu = _RELU
    return World(lambda x: F.relu(x), changed(F, "relu", lambda x: x * 3), _mend)


@way
def a_number_of_a_library() -> World:
    math.pi = 2.0  # type: ignore[misc]
    return World(lambda x: x * math.pi, changed(math, "pi", 3.0), _mend)


def _mend() -> None:
    F.relu, math.pi = _RELU, _PI  # type: ignore[misc]
    nn.Linear.forward = _LINEAR  # type: ignore[method-assign]
