"""Attributes read by names that are not written in the function."""

from __future__ import annotations

import dataclasses
import functools
import operator
from typing import Any

from .world import Thing, World, changed, new_module, way


@way
def a_getter_of_an_attribute() -> World:
    thing, get = Thing(alpha=2.0), operator.attrgetter("alpha")
    return World(lambda x: x * get(thing), changed(thing, "alpha", 3.0))


@way
def a_partial_getter() -> World:
    thing = Thing(alpha=2.0)
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
    module, name = new_module(), "sca"
    return World(lambda x: x * getattr(module, name + "le"), changed(module, "scale", 3.0))


@way
def an_attribute_in_a_format() -> World:
    thing = Thing(alpha=2.0)
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
