"""Attributes read by names that are not written in the function."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import operator
import string
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
def an_attribute_in_a_format_that_is_made_up() -> World:
    thing, name = Thing(alpha=2.0), "al"
    return World(lambda x: x * float(("{t." + name + "pha}").format(t=thing)), changed(thing, "alpha", 3.0))


@way
def an_attribute_of_a_local_variable_in_a_format_that_is_made_up() -> World:
    thing, name = Thing(alpha=2.0), "al"

    def f(x: Any) -> Any:
        t = thing
        return x * float(("{t." + name + "pha}").format_map(locals()))

    return World(f, changed(thing, "alpha", 3.0))


@way
def an_attribute_in_a_format_by_a_formatter() -> World:
    thing, name = Thing(alpha=2.0), "al"
    formatter = string.Formatter()
    return World(
        lambda x: x * float(formatter.vformat("{t." + name + "pha}", (), {"t": thing})), changed(thing, "alpha", 3.0)
    )


@way
def the_names_that_dir_tells() -> World:
    thing, name = Thing(alpha1=2.0), "alpha"
    return World(lambda x: x * sum(n.startswith(name) for n in dir(thing)), changed(thing, "alpha2", 2.0))


@way
def the_members_that_inspect_tells() -> World:
    thing, name = Thing(alpha=2.0), "al"
    return World(lambda x: x * dict(inspect.getmembers(thing))[name + "pha"], changed(thing, "alpha", 3.0))


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
