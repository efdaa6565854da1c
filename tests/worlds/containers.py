"""What holds things, and is seldom looked at."""

from __future__ import annotations

import array
import collections
import configparser
import contextvars
import queue
import threading
import types
import weakref
from typing import Any

import numpy as np

import gradus

from .world import Thing, World, changed, refused, way


@way
def an_object_that_is_a_key() -> World:
    key = Thing(scale=2.0)
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
    thing = Thing(scale=2.0)
    things = np.array([thing], object)
    return World(lambda x: x * things[0].scale, changed(thing, "scale", 3.0))


@way
def a_range_of_as_many_numbers() -> World:
    thing = Thing(numbers=range(0, 3, 2))
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
    thing, scales = Thing(), weakref.WeakKeyDictionary[Any, float]()
    scales[thing] = 2.0
    return World(lambda x: x * scales[thing], lambda: scales.__setitem__(thing, 3.0))


@way
def a_dict_of_weak_values() -> World:
    thing = Thing(scale=2.0)
    things = weakref.WeakValueDictionary({"a": thing})
    return World(lambda x: x * things["a"].scale, changed(thing, "scale", 3.0))


@way
def a_set_of_weak_references() -> World:
    a, b = Thing(), Thing()
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


class Larger(list[float]):
    """A list that goes through its larger elements only."""

    def __iter__(self) -> Any:
        return (v for v in list.__iter__(self) if v > 3)


class Hiding(dict[str, float]):
    """A dict that tells of no key with an underscore."""

    def __iter__(self) -> Any:
        return (k for k in dict.__iter__(self) if not k.startswith("_"))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def keys(self) -> Any:
        return list(iter(self))

    def values(self) -> Any:
        return [self[k] for k in self]

    def items(self) -> Any:
        return [(k, self[k]) for k in self]


@way
def an_element_that_a_list_does_not_go_through() -> World:
    numbers = Larger([2.0, 5.0])
    return World(lambda x: x * numbers[0], lambda: numbers.__setitem__(0, 3.0))


@way
def a_key_that_a_dict_does_not_tell_of() -> World:
    options = Hiding(_scale=2.0)
    return World(lambda x: x * options["_scale"], lambda: options.__setitem__("_scale", 3.0))


@refused
def an_element_added_that_a_list_does_not_go_through() -> World:
    numbers = Larger([2.0, 5.0])
    return World(lambda x: numbers.append(1.0) or x, seen=lambda: [numbers[i] for i in range(len(numbers))])


@way
def the_first_attribute_of_a_function_in_a_list() -> World:
    def helper() -> None:
        pass

    helpers = [helper]
    return World(lambda x: x * getattr(helpers[0], "alpha", 2.0), changed(helper, "alpha", 3.0))
