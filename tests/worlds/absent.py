"""Names that were not there, and come; some where another goes, so that there are as many as before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from gradus import nn

from .world import Net, Thing, World, changed, way


def _in_place_of(thing: Any, gone: str, name: str, value: Any) -> Callable[[], Any]:
    def change() -> None:
        delattr(thing, gone)
        setattr(thing, name, value)

    return change


@way
def an_attribute_where_another_goes() -> World:
    thing = Thing(tmp=1, alpha=2.0)
    return World(lambda x: x * (3.0 if hasattr(thing, "late") else thing.alpha), _in_place_of(thing, "tmp", "late", 1))


@way
def an_attribute_where_one_of_many_goes() -> World:
    thing = Thing(**{f"tmp{i}": i for i in range(20)})
    return World(lambda x: x * getattr(thing, "late", 2.0), _in_place_of(thing, "tmp7", "late", 3.0))


@way
def a_part_where_another_goes() -> World:
    net = Net(lambda self, x: x * (3 if hasattr(self, "extra") else 2), old=nn.ReLU())
    return World(lambda x: net(x), _in_place_of(net, "old", "extra", nn.ReLU()))


@way
def an_attribute_over_the_classs_where_another_goes() -> World:
    class Scale:
        alpha = 2.0

    scale = Scale()
    scale.tmp = 1  # type: ignore[attr-defined]
    return World(lambda x: x * scale.alpha, _in_place_of(scale, "tmp", "alpha", 3.0))


@way
def a_global_over_a_builtin_where_another_goes() -> World:
    names: dict[str, Any] = {"tmp": 1}
    exec("def f(x): return x * abs(-2.0)", names)

    def change() -> None:
        del names["tmp"]
        names["abs"] = lambda value: 3.0

    return World(names["f"], change)


@way
def a_slot_filled() -> World:
    class Options:
        __slots__ = ("gain",)

    options = Options()
    return World(lambda x: x * getattr(options, "gain", 2.0), changed(options, "gain", 3.0))


@way
def a_context_variable_set() -> World:
    variable: ContextVar[float] = ContextVar("variable")
    return World(lambda x: x * variable.get(2.0), lambda: variable.set(3.0))


@way
def an_attribute_of_a_thread_where_another_goes() -> World:
    local = threading.local()
    local.tmp = 1
    return World(lambda x: x * getattr(local, "alpha", 2.0), _in_place_of(local, "tmp", "alpha", 3.0))


@way
def a_variable_filled() -> World:
    def made() -> tuple[Callable[[Any], Any], Callable[[], None]]:
        def f(x: Any) -> Any:
            try:
                return x * alpha
            except NameError:
                return x * 2.0

        def fill() -> None:
            nonlocal alpha
            alpha = 3.0

        alpha = 1.0
        del alpha
        return f, fill

    return World(*made())
