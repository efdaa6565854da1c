"""Attributes of modules, objects and classes."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import os
import string
import threading
import types
import weakref
from typing import Any, ClassVar, NamedTuple

import numpy as np

import gradus
from gradus import nn

from .world import Net, Thing, World, changed, way

config = types.ModuleType("a_users_config")  # a module, as a user's program imports it
config.scale, config.options = 2.0, {"gain": 1.0}


@way
def a_modules_number() -> World:
    net = Net(lambda self, x: x * self.alpha, alpha=2.0)
    return World(lambda x: net(x), changed(net, "alpha", 3.0))


@way
def a_modules_flag_that_was_not_there() -> World:
    net = Net(lambda self, x: x * (3 if getattr(self, "late", False) else 2))
    return World(lambda x: net(x), changed(net, "late", True))


@way
def an_attribute_by_hasattr() -> World:
    net = Net(lambda self, x: x * (3 if hasattr(self, "late") else 2))
    return World(lambda x: net(x), changed(net, "late", None))


@way
def an_attribute_by_a_made_up_name() -> World:
    net = Net(lambda self, x: x * getattr(self, f"alpha{1}"), alpha1=2.0)
    return World(lambda x: net(x), changed(net, "alpha1", 3.0))


@way
def all_attributes_by_vars() -> World:
    net = Net(lambda self, x: x * sum(v for v in vars(self).values() if isinstance(v, float)), alpha=2.0)
    return World(lambda x: net(x), changed(net, "beta", 3.0))


@way
def an_attribute_taken_away() -> World:
    net = Net(lambda self, x: x * self.size)
    net.size = 2.0
    return World(lambda x: net(x), lambda: delattr(net, "size"))


@way
def a_slot_emptied() -> World:
    class Options:
        __slots__ = ("gain",)

    options = Options()
    options.gain = 2.0
    return World(lambda x: x * getattr(options, "gain", 3.0), lambda: delattr(options, "gain"))


@way
def a_modules_list() -> World:
    net = Net(lambda self, x: x * sum(self.alphas), alphas=[1.0, 2.0])
    return World(lambda x: net(x), lambda: net.alphas.append(3.0))


@way
def an_element_of_a_modules_list() -> World:
    net = Net(lambda self, x: x * self.alphas[1], alphas=[1.0, 2.0])
    return World(lambda x: net(x), lambda: net.alphas.__setitem__(1, 5.0))


@way
def a_modules_dict() -> World:
    net = Net(lambda self, x: x * self.options["gain"], options={"gain": 1.0})
    return World(lambda x: net(x), lambda: net.options.update(gain=2.0))


@way
def a_key_added_to_a_dict() -> World:
    net = Net(lambda self, x: x * len(self.options), options={"gain": 1.0})
    return World(lambda x: net(x), lambda: net.options.update(more=2.0))


@way
def the_order_of_a_dict() -> World:
    net = Net(lambda self, x: x * float(list(self.options) == ["a", "b"]), options={"a": 1, "b": 2})
    return World(lambda x: net(x), lambda: net.options.update(a=net.options.pop("a")))


@way
def a_nested_dict() -> World:
    net = Net(lambda self, x: x * self.options["a"]["b"][0], options={"a": {"b": [2.0]}})
    return World(lambda x: net(x), lambda: net.options["a"]["b"].__setitem__(0, 3.0))


@way
def a_modules_set() -> World:
    net = Net(lambda self, x: x * (2 if "fast" in self.flags else 1), flags={"slow"})
    return World(lambda x: net(x), lambda: net.flags.add("fast"))


@way
def a_deque() -> World:
    net = Net(lambda self, x: x * sum(self.last), last=collections.deque([1.0], maxlen=2))
    return World(lambda x: net(x), lambda: net.last.append(2.0))


@way
def a_dataclass() -> World:
    @dataclasses.dataclass
    class Options:
        gain: float = 2.0

    net = Net(lambda self, x: x * self.options.gain, options=Options())
    return World(lambda x: net(x), changed(net.options, "gain", 3.0))


@way
def a_dataclass_with_slots() -> World:
    @dataclasses.dataclass(slots=True)
    class Options:
        gain: float = 2.0

    options = Options()
    return World(lambda x: x * options.gain, changed(options, "gain", 3.0))


@way
def a_slot_of_a_base_class() -> World:
    class Base:
        __slots__ = ("gain",)

    class Options(Base):
        __slots__ = ()

    options = Options()
    options.gain = 2.0
    return World(lambda x: x * options.gain, changed(options, "gain", 3.0))


@way
def a_simple_namespace() -> World:
    net = Net(lambda self, x: x * self.options.gain, options=types.SimpleNamespace(gain=2.0))
    return World(lambda x: net(x), changed(net.options, "gain", 3.0))


@way
def an_object_of_ones_own() -> World:
    class Scale:
        def __init__(self) -> None:
            self.value = 2.0

        def __call__(self, x: Any) -> Any:
            return x * self.value

    net = Net(lambda self, x: self.scale(x), scale=Scale())
    return World(lambda x: net(x), changed(net.scale, "value", 3.0))


@way
def an_object_two_steps_away() -> World:
    outer = types.SimpleNamespace(inner=types.SimpleNamespace(value=2.0))
    return World(lambda x: x * outer.inner.value, changed(outer.inner, "value", 3.0))


@way
def an_object_replaced() -> World:
    outer = types.SimpleNamespace(inner=types.SimpleNamespace(value=2.0))
    return World(lambda x: x * outer.inner.value, changed(outer, "inner", types.SimpleNamespace(value=3.0)))


@way
def a_numpy_scalar_on_a_module() -> World:
    net = Net(lambda self, x: x * self.alpha, alpha=np.float32(2))
    return World(lambda x: net(x), changed(net, "alpha", np.float32(3)))


@way
def a_class_attribute() -> World:
    class Scaled(nn.Module):
        alpha = 2.0

        def forward(self, x: Any) -> Any:
            return x * self.alpha

    net = Scaled()
    return World(lambda x: net(x), changed(Scaled, "alpha", 3.0))


@way
def a_base_classs_attribute() -> World:
    class Base(nn.Module):
        alpha = 2.0

    class Scaled(Base):
        def forward(self, x: Any) -> Any:
            return x * self.alpha

    net = Scaled()
    return World(lambda x: net(x), changed(Base, "alpha", 3.0))


@way
def an_instance_attribute_over_the_classs() -> World:
    class Scaled(nn.Module):
        alpha = 2.0

        def forward(self, x: Any) -> Any:
            return x * self.alpha

    net = Scaled()
    return World(lambda x: net(x), changed(net, "alpha", 3.0))


@way
def a_class_by_its_name() -> World:
    class Options:
        gain = 2.0

    return World(lambda x: x * Options.gain, changed(Options, "gain", 3.0))


@way
def a_method_replaced() -> World:
    class Scaled(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 2

    net = Scaled()
    return World(lambda x: net(x), changed(Scaled, "forward", lambda self, x: x * 3))


@way
def a_forward_of_its_own() -> World:
    gradus.seed(0)
    net = nn.Linear(3, 3)
    return World(lambda x: net(x), changed(net, "forward", lambda x: x * 3))


@way
def a_property() -> World:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            self._alpha = 2.0

        @property
        def alpha(self) -> float:
            return self._alpha * 2

        def forward(self, x: Any) -> Any:
            return x * self.alpha

    net = Scaled()
    return World(lambda x: net(x), changed(net, "_alpha", 3.0))


class _Mode(enum.Enum):
    ADD = 1
    MULTIPLY = 2


@way
def an_enum() -> World:
    net = Net(lambda self, x: x + 2 if self.mode is _Mode.ADD else x * 2, mode=_Mode.ADD)
    return World(lambda x: net(x), changed(net, "mode", _Mode.MULTIPLY))


@way
def the_value_of_an_enum() -> World:
    net = Net(lambda self, x: x * self.mode.value, mode=_Mode.ADD)
    return World(lambda x: net(x), changed(net, "mode", _Mode.MULTIPLY))


@way
def an_imported_modules_number() -> World:
    config.scale = 2.0
    return World(lambda x: x * config.scale, changed(config, "scale", 3.0))


@way
def an_imported_modules_dict() -> World:
    config.options = {"gain": 1.0}
    return World(lambda x: x * config.options["gain"], lambda: config.options.update(gain=2.0))


@way
def a_date() -> World:
    day = types.SimpleNamespace(value=dt.date(2020, 1, 1))
    return World(lambda x: x * day.value.year, changed(day, "value", dt.date(2021, 1, 1)))


@way
def a_named_tuple() -> World:
    class Options(NamedTuple):
        gain: float

    net = Net(lambda self, x: x * self.options.gain, options=Options(2.0))
    return World(lambda x: net(x), changed(net, "options", Options(3.0)))


@way
def something_behind_a_weak_reference() -> World:
    inner = Net(lambda self, x: x * self.alpha, alpha=2.0)
    reference = weakref.ref(inner)
    return World(lambda x: reference()(x), changed(inner, "alpha", 3.0))


@way
def something_behind_a_weak_proxy() -> World:
    thing = Thing(scale=2.0)
    proxy = weakref.proxy(thing)
    return World(lambda x: x * proxy.scale, changed(thing, "scale", 3.0))


@way
def an_event_between_threads() -> World:
    event = threading.Event()
    return World(lambda x: x * 2 if event.is_set() else x, event.set)


@way
def a_template_of_a_text() -> World:
    template = string.Template("2")
    return World(lambda x: x * float(template.substitute()), changed(template, "template", "3"))


@way
def the_environment() -> World:
    os.environ["A_SCALE"] = "2"
    return World(lambda x: x * float(os.environ["A_SCALE"]), lambda: os.environ.update(A_SCALE="3"))


@way
def a_dataclasss_class_variable() -> World:
    @dataclasses.dataclass
    class Options:
        width: int = 1
        gain: ClassVar[float] = 2.0

    options = Options()
    return World(lambda x: x * options.gain, changed(Options, "gain", 3.0))


@way
def a_field_that_nothing_sets() -> World:
    @dataclasses.dataclass(frozen=True)
    class Options:
        gain: float = dataclasses.field(init=False, default=2.0)

    options = Options()
    return World(lambda x: x * options.gain, changed(Options, "gain", 3.0))


@way
def an_object_in_a_frozen_field() -> World:
    @dataclasses.dataclass(frozen=True)
    class Options:
        inner: Any

    options = Options(types.SimpleNamespace(gain=2.0))
    return World(lambda x: x * options.inner.gain, changed(options.inner, "gain", 3.0))


@way
def an_attribute_beside_frozen_fields() -> World:
    @dataclasses.dataclass(frozen=True)
    class Options:
        width: int = 1

    class More(Options):
        pass

    options = More()
    options.gain = 2.0
    return World(lambda x: x * options.gain, changed(options, "gain", 3.0))


@way
def an_object_that_is_called_an_iterator() -> World:
    class data_iterator:  # noqa: N801
        scale = 1.0

        def __init__(self) -> None:
            self.scale = 2.0

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> float:
            return self.scale

    numbers = data_iterator()
    return World(lambda x: x * next(numbers), changed(numbers, "scale", 3.0))
