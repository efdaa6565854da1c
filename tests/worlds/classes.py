"""Classes, and what libraries and gradus itself have under a name."""

from __future__ import annotations

import inspect
import math
from collections import OrderedDict
from typing import Any

import gradus
from gradus import functional as F
from gradus import nn

from .world import World, changed, refused, way

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


@way
def a_method_that_is_only_compared() -> World:
    class Base:
        def hook(self, x: Any) -> Any:
            return x

    usual, thing = Base.hook, Base()
    other = changed(Base, "hook", lambda self, x: x + 1)
    return World(lambda x: x * (2 if type(thing).hook is usual else 3), other)


@way
def a_method_that_can_be_called_no_more() -> World:
    class Base:
        def extra(self, x: Any) -> Any:
            return x

    thing = Base()
    return World(lambda x: x * (2 if callable(getattr(thing, "extra", None)) else 3), changed(Base, "extra", None))


@way
def a_property_that_is_only_written() -> World:
    class Scale:
        dial = property(None, lambda self, v: setattr(self, "twice", 2 * v))

    scale: Any = Scale()

    def f(x: Any) -> Any:
        scale.dial = 3.0
        return x * scale.twice

    return World(f, changed(Scale, "dial", property(None, lambda self, v: setattr(self, "twice", 20 * v))))


@way
def a_slot_of_a_private_name() -> World:
    class Scale:
        __slots__ = ("__value",)

        def __init__(self) -> None:
            self.__value = 2.0

        def get(self) -> float:
            return self.__value

        def put(self, value: float) -> None:
            self.__value = value

    scale = Scale()
    return World(lambda x: x * scale.get(), lambda: scale.put(3.0))


@way
def the_class_of_a_layer() -> World:
    class Doubled(nn.ReLU):
        def forward(self, x: Any) -> Any:
            return 2 * super().forward(x)

    net = nn.Sequential(nn.ReLU())
    return World(lambda x: net(x), changed(net[0], "__class__", Doubled))


@way
def an_attribute_of_a_dict_that_had_none() -> World:
    class Missing(dict[str, float]):
        value = 2.0

        def __missing__(self, key: str) -> float:
            return self.value

    found = Missing()
    return World(lambda x: x * found["a"], changed(found, "value", 3.0))


@way
def an_attribute_of_a_list_that_had_none() -> World:
    class Scaled(list[float]):
        value = 2.0

        def total(self) -> float:
            return self.value * sum(self)

    found = Scaled([1.0])
    return World(lambda x: x * found.total(), changed(found, "value", 3.0))


@way
def a_default_that_is_only_looked_at() -> World:
    def helper(a: float, b: float = 2.0) -> float:
        return a * b

    def default() -> Any:
        return inspect.signature(helper).parameters["b"].default

    return World(lambda x: x * default(), changed(helper, "__defaults__", (3.0,)))


@way
def a_method_that_tensors_were_given() -> World:
    tensors: Any = gradus.Tensor
    tensors.scaled = lambda self: self * 2
    return World(lambda x: x.scaled(), changed(tensors, "scaled", lambda self: self * 3))


@way
def a_method_that_layers_were_given() -> World:
    layers: Any = nn.Module
    layers.scaled = lambda self, x: self(x) * 2
    net: Any = nn.ReLU()
    return World(lambda x: net.scaled(x), changed(layers, "scaled", lambda self, x: self(x) * 3))


@way
def an_attribute_of_a_function_that_has_not_run() -> World:
    def marked() -> None:
        raise NotImplementedError

    function: Any = marked
    function.alpha = 2.0
    return World(lambda x: x * function.alpha, changed(function, "alpha", 3.0))


@refused
def a_counter_on_a_function_that_had_no_attributes() -> World:
    def helper(x: Any) -> Any:
        helper.calls = getattr(helper, "calls", 0) + 1  # type: ignore[attr-defined]
        return x

    return World(lambda x: helper(x), seen=lambda: dict(vars(helper)))


@refused
def a_tensor_kept_by_a_function_that_had_no_attributes() -> World:
    def helper() -> None:
        raise NotImplementedError

    function: Any = helper

    def f(x: Any) -> Any:
        function.last = x * 2
        return x

    return World(f, seen=lambda: dict(vars(helper)))


@refused
def a_list_made_anew_on_an_ordered_dict() -> World:
    kept: Any = OrderedDict(a=1)

    def f(x: Any) -> Any:
        kept.shape = [*x.shape]
        return x

    return World(f, seen=lambda: dict(vars(kept)))


@way
def a_class_that_gets_an_init() -> World:
    class Scale:
        alpha = 2.0

    return World(lambda x: x * Scale().alpha, changed(Scale, "__init__", lambda self: setattr(self, "alpha", 3.0)))
