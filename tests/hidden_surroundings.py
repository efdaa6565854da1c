"""More ways to change what stands around a compiled function: where Python keeps things that are seldom looked at."""

from __future__ import annotations

import array
import collections
import configparser
import contextvars
import dataclasses
import enum
import functools
import math
import operator
import os
import queue
import sys
import threading
import types
import weakref
from os import getenv
from typing import Any

import numpy as np
from surroundings import World, changed, refused, way

import gradus
from gradus import functional as F
from gradus import nn

HIDDEN = 2.0
_RELU, _LINEAR, _PI = F.relu, nn.Linear.forward, math.pi


class _Thing:
    """An object with attributes."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


# -- classes -----------------------------------------------------------------------------------------------------------


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


# -- modules -----------------------------------------------------------------------------------------------------------


def _module() -> Any:
    module: Any = types.ModuleType("a_hidden_config")
    module.scale = 2.0
    sys.modules[module.__name__] = module
    return module


@way
def a_module_imported_inside() -> World:
    module = _module()

    def f(x: Any) -> Any:
        import a_hidden_config  # type: ignore[import-not-found]

        return x * a_hidden_config.scale

    return World(f, changed(module, "scale", 3.0))


@way
def a_name_imported_inside() -> World:
    module = _module()

    def f(x: Any) -> Any:
        from a_hidden_config import scale

        return x * scale

    return World(f, changed(module, "scale", 3.0))


@way
def a_module_among_all() -> World:
    return World(lambda x: x * sys.modules["a_hidden_config"].scale, changed(_module(), "scale", 3.0))


@way
def this_module_among_all() -> World:
    globals()["HIDDEN"] = 2.0
    return World(lambda x: x * sys.modules[__name__].HIDDEN, lambda: globals().update(HIDDEN=3.0))


@way
def a_global_by_its_name() -> World:
    globals()["HIDDEN"] = 2.0
    return World(lambda x: x * globals()["HIDDEN"], lambda: globals().update(HIDDEN=3.0))


@way
def the_environment_by_another_name() -> World:
    os.environ["A_SCALE"] = "2"
    return World(lambda x: x * float(str(getenv("A_SCALE"))), lambda: os.environ.update(A_SCALE="3"))


@way
def the_command_line() -> World:
    arguments = ["2"]
    sys.argv[1:] = arguments
    return World(lambda x: x * float(sys.argv[1]), lambda: sys.argv.__setitem__(1, "3"))


# -- attributes read by names that are not written in the function -----------------------------------------------------


@way
def a_getter_of_an_attribute() -> World:
    thing, get = _Thing(alpha=2.0), operator.attrgetter("alpha")
    return World(lambda x: x * get(thing), changed(thing, "alpha", 3.0))


@way
def a_partial_getter() -> World:
    thing = _Thing(alpha=2.0)
    get = functools.partial(getattr, thing, "alpha")
    return World(lambda x: x * get(), changed(thing, "alpha", 3.0))


@way
def a_caller_of_a_method() -> World:
    class Scale:
        def value(self) -> float:
            return 2.0

    scale, call = Scale(), operator.methodcaller("value")
    return World(lambda x: x * call(scale), changed(Scale, "value", lambda self: 3.0))


@way
def an_attribute_of_a_module_by_a_made_up_name() -> World:
    module, name = _module(), "sca"
    return World(lambda x: x * getattr(module, name + "le"), changed(module, "scale", 3.0))


@way
def an_attribute_in_a_format() -> World:
    thing = _Thing(alpha=2.0)
    return World(lambda x: x * float("{t.alpha}".format(t=thing)), changed(thing, "alpha", 3.0))  # noqa: UP032


@way
def all_fields_of_a_dataclass() -> World:
    @dataclasses.dataclass
    class Options:
        gain: float = 2.0

    options = Options()
    return World(lambda x: x * sum(dataclasses.astuple(options)), changed(options, "gain", 3.0))


@way
def an_attribute_under_another_name() -> World:
    class Options:
        def __getattribute__(self, name: str) -> Any:
            return object.__getattribute__(self, "_" + name)

    options = Options()
    options._alpha = 2.0
    return World(lambda x: x * options.alpha, changed(options, "_alpha", 3.0))


@way
def attributes_matched_by_position() -> World:
    class Line:
        __match_args__ = ("slope", "offset")

        def __init__(self, **attributes: float) -> None:
            self.__dict__.update(attributes)

    line = Line(slope=2.0, offset=1.0)

    def f(x: Any) -> Any:
        match line:
            case Line(a, b):
                return x * a + b

    return World(f, changed(line, "slope", 3.0))


# -- containers --------------------------------------------------------------------------------------------------------


@way
def an_object_that_is_a_key() -> World:
    key = _Thing(scale=2.0)
    table = {key: 1.0}
    return World(lambda x: sum((x * k.scale + v for k, v in table.items()), x), changed(key, "scale", 3.0))


@way
def a_slot_of_a_list() -> World:
    class Scales(list[float]):
        __slots__ = ("scale",)

    scales = Scales([1.0])
    scales.scale = 2.0
    return World(lambda x: x * scales.scale, changed(scales, "scale", 3.0))


@way
def an_attribute_of_a_tuple() -> World:
    class Scales(tuple[float, ...]):
        pass

    scales = Scales([1.0])
    scales.scale = 2.0
    return World(lambda x: x * scales.scale, changed(scales, "scale", 3.0))


@way
def an_attribute_of_a_number() -> World:
    class Scale(float):
        pass

    scale = Scale(1.0)
    scale.factor = 2.0
    return World(lambda x: x * scale * scale.factor, changed(scale, "factor", 3.0))


@way
def an_attribute_of_a_tensor() -> World:
    class Scaled(gradus.Tensor):
        pass

    t = Scaled(np.ones(3, np.float32))
    t.scale = 2.0
    return World(lambda x: x * t * t.scale, changed(t, "scale", 3.0))


@way
def bytes_that_are_written() -> World:
    numbers = bytearray(b"\2")
    return World(lambda x: x * numbers[0], lambda: numbers.__setitem__(0, 3))


@way
def bytes_through_a_view() -> World:
    numbers = bytearray(b"\2")
    view = memoryview(numbers)
    return World(lambda x: x * view[0], lambda: numbers.__setitem__(0, 3))


@way
def an_array_of_pythons() -> World:
    numbers = array.array("d", [2.0])
    return World(lambda x: x * numbers[0], lambda: numbers.__setitem__(0, 3.0))


@way
def an_array_of_objects() -> World:
    thing = _Thing(scale=2.0)
    things = np.array([thing], object)
    return World(lambda x: x * things[0].scale, changed(thing, "scale", 3.0))


@way
def a_range_of_as_many_numbers() -> World:
    thing = _Thing(numbers=range(0, 3, 2))
    return World(lambda x: x * thing.numbers.stop, changed(thing, "numbers", range(0, 4, 2)))


@way
def a_dict_that_is_only_shown() -> World:
    options = {"gain": 2.0}
    shown = types.MappingProxyType(options)
    return World(lambda x: x * shown["gain"], lambda: options.update(gain=3.0))


@way
def the_values_of_a_dict() -> World:
    options = {"gain": 2.0}
    values = options.values()
    return World(lambda x: x * sum(values), lambda: options.update(more=3.0))


@way
def a_dict_of_weak_keys() -> World:
    thing, scales = _Thing(), weakref.WeakKeyDictionary[Any, float]()
    scales[thing] = 2.0
    return World(lambda x: x * scales[thing], lambda: scales.__setitem__(thing, 3.0))


@way
def a_dict_of_weak_values() -> World:
    thing = _Thing(scale=2.0)
    things = weakref.WeakValueDictionary({"a": thing})
    return World(lambda x: x * things["a"].scale, changed(thing, "scale", 3.0))


@way
def a_set_of_weak_references() -> World:
    a, b = _Thing(), _Thing()
    things = weakref.WeakSet([a])
    return World(lambda x: x * len(things), lambda: things.add(b))


@way
def a_chain_of_dicts() -> World:
    options = {"gain": 2.0}
    chain = collections.ChainMap({}, options)
    return World(lambda x: x * chain["gain"], lambda: options.update(gain=3.0))


@way
def a_configuration() -> World:
    options = configparser.ConfigParser()
    options.read_dict({"net": {"scale": "2"}})
    return World(lambda x: x * options.getfloat("net", "scale"), lambda: options.set("net", "scale", "3"))


@way
def what_waits_in_a_queue() -> World:
    waiting: queue.Queue[float] = queue.Queue()
    waiting.put(2.0)
    return World(lambda x: x * waiting.queue[0], lambda: waiting.queue.__setitem__(0, 3.0))


@way
def a_context_variable() -> World:
    scale = contextvars.ContextVar("scale", default=2.0)
    return World(lambda x: x * scale.get(), lambda: scale.set(3.0))


@way
def an_attribute_of_a_thread() -> World:
    here: Any = threading.local()
    here.scale = 2.0
    return World(lambda x: x * here.scale, changed(here, "scale", 3.0))


# -- what a function does besides computing ----------------------------------------------------------------------------


@way
def a_member_of_an_enum_left_behind() -> World:
    class Mode(enum.Enum):
        ADD = 1
        MULTIPLY = 2

    thing = _Thing(mode=Mode.ADD)

    def f(x: Any) -> Any:
        thing.mode = Mode.MULTIPLY
        return x * 2

    return World(f, changed(thing, "mode", Mode.ADD), lambda: thing.mode.name)


@way
def a_layer_left_behind() -> World:
    net = nn.Sequential(nn.ReLU())
    thing = _Thing(last=None)

    def f(x: Any) -> Any:
        thing.last = net[0]
        return net(x)

    return World(f, changed(thing, "last", None), lambda: thing.last is net[0])


@refused
def the_same_numbers_written_each_time() -> World:
    table = np.zeros(3, np.float32)
    t = gradus.as_tensor(table)

    def f(x: Any) -> Any:
        y = x * t
        table.fill(2)
        return y

    return World(f, seen=table.tolist)


@refused
def a_counter_of_a_context() -> World:
    calls = contextvars.ContextVar("calls", default=0)

    def f(x: Any) -> Any:
        calls.set(calls.get() + 1)
        return x * 2

    calls.set(0)
    return World(f, seen=calls.get)


@refused
def a_counter_under_an_object() -> World:
    key = _Thing(calls=0)
    table = {key: 1}

    def f(x: Any) -> Any:
        for k in table:
            k.calls += 1
        return x * 2

    return World(f, seen=lambda: key.calls)


@refused
def a_counter_in_bytes() -> World:
    calls = bytearray(b"1")

    def f(x: Any) -> Any:
        calls.append(1)
        return x * 2

    return World(f, seen=lambda: bytes(calls))
