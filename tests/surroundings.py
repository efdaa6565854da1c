"""Ways to change what stands around a compiled function, and things that a function does besides computing.

Each way makes a small world anew: a function of a tensor, a change to its surroundings, and what can be seen of them.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import functools
import itertools
import os
import random
import time
import types
import weakref
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np

import gradus
from gradus import nn

config = types.ModuleType("a_users_config")  # a module, as a user's program imports it
config.scale, config.options = 2.0, {"gain": 1.0}
GLOBAL = 2.0
GLOBAL_ARRAY = np.array([1.0, 2.0, 3.0], np.float32)
GLOBAL_LIST = [1.0, 2.0]


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


# -- globals and variables ---------------------------------------------------------------------------------------------


def _set_global(name: str, value: Any) -> Callable[[], Any]:
    return lambda: globals().update({name: value})


@way
def a_global_number() -> World:
    globals()["GLOBAL"] = 2.0
    return World(lambda x: x * GLOBAL, _set_global("GLOBAL", 3.0))


@way
def a_global_number_of_another_type() -> World:
    globals()["GLOBAL"] = 1
    return World(lambda x: x.astype("int64") * GLOBAL, _set_global("GLOBAL", 1.0))


@way
def true_for_one() -> World:
    globals()["GLOBAL"] = 1
    return World(lambda x: gradus.tensor([1, 2]) * gradus.as_tensor(GLOBAL), _set_global("GLOBAL", True))


@way
def minus_zero() -> World:
    globals()["GLOBAL"] = 0.0
    return World(lambda x: 1.0 / (x * GLOBAL), _set_global("GLOBAL", -0.0))


@way
def a_global_array_rebound() -> World:
    globals()["GLOBAL_ARRAY"] = np.ones(3, np.float32)
    return World(lambda x: x * GLOBAL_ARRAY, _set_global("GLOBAL_ARRAY", np.full(3, 2, np.float32)))


@way
def a_global_array_written_to() -> World:
    globals()["GLOBAL_ARRAY"] = np.ones(3, np.float32)
    return World(lambda x: x * gradus.as_tensor(GLOBAL_ARRAY), lambda: GLOBAL_ARRAY.fill(2))


@way
def an_array_that_numpy_works_with() -> World:
    globals()["GLOBAL_ARRAY"] = np.ones(3, np.float32)
    return World(lambda x: x * (GLOBAL_ARRAY * 2 + 1), lambda: GLOBAL_ARRAY.fill(2))


@way
def an_element_of_an_array() -> World:
    globals()["GLOBAL_ARRAY"] = np.ones(3, np.float32)
    return World(lambda x: x * float(GLOBAL_ARRAY[1]), lambda: GLOBAL_ARRAY.fill(2))


@way
def a_numpy_scalar() -> World:
    globals()["GLOBAL"] = np.float32(2)
    return World(lambda x: x * GLOBAL, _set_global("GLOBAL", np.float32(3)))


@way
def a_global_in_a_helper() -> World:
    globals()["GLOBAL"] = 2.0
    return World(lambda x: _helper(x), _set_global("GLOBAL", 3.0))


def _helper(x: Any) -> Any:
    return x * GLOBAL


@way
def a_helper_replaced() -> World:
    globals()["_replaced"] = lambda x: x * 2
    return World(lambda x: _replaced(x), _set_global("_replaced", lambda x: x * 3))  # noqa: F821


@way
def a_builtin_hidden() -> World:
    globals().pop("abs", None)
    return World(lambda x: x * abs(-2.0), _set_global("abs", lambda v: v))


@way
def a_global_list() -> World:
    globals()["GLOBAL_LIST"] = [1.0, 2.0]
    return World(lambda x: x * sum(GLOBAL_LIST), lambda: GLOBAL_LIST.append(5.0))


@way
def a_global_used_in_a_submodules_forward() -> World:
    globals()["GLOBAL"] = 2.0
    inner = Net(lambda self, x: x * GLOBAL)
    outer = Net(lambda self, x: self.inner(x), inner=inner)
    return World(lambda x: outer(x), _set_global("GLOBAL", 3.0))


@way
def a_variable_of_an_enclosing_function() -> World:
    scale = 2.0

    def change() -> None:
        nonlocal scale
        scale = 3.0

    return World(lambda x: x * scale, change)


@way
def an_array_of_an_enclosing_function() -> World:
    scale = np.ones(3, np.float32)

    def change() -> None:
        nonlocal scale
        scale = scale * 2

    return World(lambda x: x * scale, change)


@way
def a_tensor_of_an_enclosing_function() -> World:
    scale = gradus.tensor([1.0])

    def change() -> None:
        nonlocal scale
        scale = gradus.tensor([2.0])

    return World(lambda x: x * scale, change)


@way
def an_equal_tensor_that_is_another() -> World:
    scale = gradus.tensor([1.0])
    other = gradus.tensor([1.0])

    def change() -> None:
        nonlocal scale
        scale = other
        other.assign_(other * 2)

    return World(lambda x: x * scale, change)


@way
def a_variable_two_functions_out() -> World:
    scale = 2.0

    def inner(x: Any) -> Any:
        return x * scale

    def change() -> None:
        nonlocal scale
        scale = 3.0

    return World(lambda x: inner(x), change)


@way
def a_variable_of_a_wrapped_function() -> World:
    scale = 2.0

    def wraps(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @functools.wraps(f)
        def wrapped(x: Any) -> Any:
            return f(x) * scale

        return wrapped

    def change() -> None:
        nonlocal scale
        scale = 3.0

    return World(wraps(lambda x: x + 1), change)


@way
def a_mutable_default() -> World:
    def f(x: Any, scales: list[float] = [1.0, 2.0]) -> Any:  # noqa: B006
        return x * sum(scales)

    return World(f, lambda: f.__defaults__[0].append(3.0))  # type: ignore[index]


@way
def defaults_replaced() -> World:
    def f(x: Any, scale: float = 2.0) -> Any:
        return x * scale

    return World(f, lambda: setattr(f, "__defaults__", (3.0,)))


@way
def a_keyword_default() -> World:
    def f(x: Any, *, scale: Any = {"s": 2.0}) -> Any:  # noqa: B006
        return x * scale["s"]

    return World(f, lambda: f.__kwdefaults__["scale"].update(s=3.0))


@way
def a_functions_attribute() -> World:
    def f(x: Any) -> Any:
        return x * f.scale

    f.scale = 2.0
    return World(f, changed(f, "scale", 3.0))


@way
def a_functions_code() -> World:
    def f(x: Any) -> Any:
        return x * 2

    def g(x: Any) -> Any:
        return x * 3

    return World(f, lambda: setattr(f, "__code__", g.__code__))


@way
def a_partials_keywords() -> World:
    f = functools.partial(lambda x, scale: x * scale, scale=2.0)
    return World(f, lambda: f.keywords.update(scale=3.0))


@way
def a_dict_of_functions() -> World:
    table = {"f": lambda x: x * 2}
    return World(lambda x: table["f"](x), lambda: table.update(f=lambda x: x * 3))


@way
def the_mode_of_gradients() -> World:
    w = gradus.tensor([1.0, 2.0, 3.0], requires_grad=True)
    switch = gradus.no_grad()

    def f(x: Any) -> Any:
        y = w * x
        return y * 2 if y.requires_grad else y * 3

    return World(f, switch.__enter__, lambda: None)


# -- objects -----------------------------------------------------------------------------------------------------------


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
def the_environment() -> World:
    os.environ["A_SCALE"] = "2"
    return World(lambda x: x * float(os.environ["A_SCALE"]), lambda: os.environ.update(A_SCALE="3"))


# -- tensors, layers, optimizers ---------------------------------------------------------------------------------------


@way
def a_tensor_replaced_in_a_list() -> World:
    tensors = [gradus.tensor([1.0]), gradus.tensor([2.0])]
    return World(lambda x: x * tensors[0] + tensors[1], lambda: tensors.__setitem__(0, gradus.tensor([5.0])))


@way
def a_tensor_appended_to_a_list() -> World:
    tensors = [gradus.tensor([1.0])]
    return World(lambda x: x * sum(tensors), lambda: tensors.append(gradus.tensor([5.0])))


@way
def a_tensors_data_replaced() -> World:
    t = gradus.tensor([1.0])
    return World(lambda x: x * t, lambda: setattr(t, "data", np.array([2.0], np.float32)))


@way
def a_tensors_shape_alone() -> World:
    t = gradus.ones((2, 2))
    return World(lambda x: x * t.shape[0], lambda: setattr(t, "data", np.ones((4, 4), np.float32)))


@way
def a_tensors_number_looked_at() -> World:
    t = gradus.tensor([2.0])
    return World(lambda x: x * float(t), lambda: t.assign_([3.0]))


@way
def a_tensors_number_changed_behind_it() -> World:
    t = gradus.tensor([2.0])
    return World(lambda x: x * float(t), lambda: t.numpy().fill(3.0))


@way
def a_layer_replaced() -> World:
    net = nn.Sequential(nn.Identity(), nn.ReLU())
    return World(lambda x: net(x - 2), lambda: net.__setitem__(1, nn.Tanh()))


@way
def a_layer_appended() -> World:
    net = nn.Sequential(nn.Identity(), nn.ReLU())
    return World(lambda x: net(x), lambda: net.append(nn.Tanh()))


@way
def evaluation_mode() -> World:
    net = nn.Sequential(nn.BatchNorm1d(3))
    return World(lambda x: net(x.reshape(1, 3).broadcast_to((2, 3)) * gradus.tensor([[1.0], [2.0]])), net.eval)


@way
def the_mode_of_one_part() -> World:
    net = nn.Sequential(nn.BatchNorm1d(3))
    return World(lambda x: net(x.reshape(1, 3).broadcast_to((2, 3)) * gradus.tensor([[1.0], [2.0]])), net[0].eval)


@way
def a_parameter_frozen() -> World:
    w = nn.Parameter(np.ones(3, np.float32))

    def f(x: Any) -> Any:
        y = x * w
        return y * 2 if y.requires_grad else y * 3

    return World(f, lambda: w.requires_grad_(False))


def _trained(net: nn.Module, optimizer: Any) -> Callable[[Any], Any]:
    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = (net(x) ** 2).sum()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


@way
def a_learning_rate() -> World:
    net = Net(lambda self, x: x * self.w)
    o = gradus.optim.SGD(net.parameters(), lr=0.1)
    return World(_trained(net, o), changed(o, "lr", 0.01), lambda: net.w.tolist())


@way
def a_momentum() -> World:
    net = Net(lambda self, x: x * self.w)
    o = gradus.optim.SGD(net.parameters(), lr=0.01, momentum=0.5)
    return World(_trained(net, o), changed(o, "momentum", 0.9), lambda: net.w.tolist())


@way
def a_schedule_for_a_number() -> World:
    net = Net(lambda self, x: x * self.w)
    o = gradus.optim.SGD(net.parameters(), lr=0.1)
    return World(_trained(net, o), changed(o, "lr", lambda t: 0.1 / (t + 1)), lambda: net.w.tolist())


@way
def a_schedules_own_number() -> World:
    net = Net(lambda self, x: x * self.w)
    rate = types.SimpleNamespace(first=0.1)
    o = gradus.optim.SGD(net.parameters(), lr=lambda t: rate.first / (t + 1))
    return World(_trained(net, o), changed(rate, "first", 0.01), lambda: net.w.tolist())


@way
def a_gradients_hook() -> World:
    net = Net(lambda self, x: x * self.w)
    o = gradus.optim.SGD(net.parameters(), lr=0.1)
    return World(_trained(net, o), lambda: net.w.register_hook(lambda g: g * 2), lambda: net.w.tolist())


@way
def a_forward_hook() -> World:
    net = nn.Sequential(nn.Identity())
    return World(lambda x: net(x), lambda: net[0].register_forward_hook(lambda m, i, o: o * 2))


@way
def a_seed() -> World:
    gradus.seed(1)
    return World(lambda x: x + gradus.rand(3), lambda: gradus.seed(1))


# -- what a function does besides computing ----------------------------------------------------------------------------


@refused
def a_counter_on_a_module() -> World:
    def forward(self: Any, x: Any) -> Any:
        self.n += 1
        return x * 0.9**self.n

    net = Net(forward, n=0)
    return World(lambda x: net(x), seen=lambda: net.n)


@refused
def a_counter_that_nothing_reads() -> World:
    def forward(self: Any, x: Any) -> Any:
        self.calls += 1
        return x * 2

    net = Net(forward, calls=0)
    return World(lambda x: net(x), seen=lambda: net.calls)


@refused
def a_counter_in_a_class() -> World:
    class Counts(nn.Module):
        n = 0

        def forward(self, x: Any) -> Any:
            Counts.n += 1
            return x * Counts.n

    net = Counts()
    return World(lambda x: net(x), seen=lambda: Counts.n)


@refused
def a_counter_in_a_function() -> World:
    def f(x: Any) -> Any:
        f.n += 1
        return x * 2

    f.n = 0
    return World(f, seen=lambda: f.n)


@refused
def a_global_counter() -> World:
    globals()["COUNT"] = 0

    def f(x: Any) -> Any:
        global COUNT
        COUNT += 1  # type: ignore[name-defined]
        return x * COUNT

    return World(f, seen=lambda: globals()["COUNT"])


@refused
def a_counter_of_an_enclosing_function() -> World:
    n = 0

    def f(x: Any) -> Any:
        nonlocal n
        n += 1
        return x * n

    return World(f, seen=lambda: n)


@refused
def a_list_that_grows() -> World:
    shapes: list[Any] = []

    def f(x: Any) -> Any:
        shapes.append(x.shape)
        return x * 2

    return World(f, seen=lambda: list(shapes))


@refused
def a_list_of_results() -> World:
    net = Net(lambda self, x: self.kept.append(x * 2) or x * 2, kept=[])
    return World(lambda x: net(x), seen=lambda: len(net.kept))


@refused
def a_result_kept_in_an_attribute() -> World:
    def forward(self: Any, x: Any) -> Any:
        self.last = x * 2
        return self.last

    net = Net(forward, last=None)
    return World(lambda x: net(x), seen=lambda: net.last is None)


@refused
def a_result_kept_in_a_dict() -> World:
    kept: dict[str, Any] = {}

    def f(x: Any) -> Any:
        kept["y"] = x * 2
        return kept["y"]

    return World(f, seen=lambda: list(kept))


@refused
def a_hook_that_keeps_what_it_sees() -> World:
    net, kept = nn.Sequential(nn.Identity()), []
    net[0].register_forward_hook(lambda m, i, o: kept.append(o))
    return World(lambda x: net(x), seen=lambda: len(kept))


@refused
def a_dict_that_counts() -> World:
    net = Net(lambda self, x: self.count.update("x") or x * 2, count=collections.Counter())
    return World(lambda x: net(x), seen=lambda: dict(net.count))


@refused
def a_set_that_grows() -> World:
    ids, numbers = set(), itertools.count()

    def f(x: Any) -> Any:
        ids.add(next(numbers))
        return x * 2

    return World(f, seen=lambda: len(ids))


@refused
def an_object_that_counts() -> World:
    class Schedule:
        def __init__(self) -> None:
            self.n = 0

        def __call__(self) -> float:
            self.n += 1
            return 1 / self.n

    rate = Schedule()
    return World(lambda x: x * rate(), seen=lambda: rate.n)


@refused
def numpys_random_numbers() -> World:
    np.random.seed(0)
    return World(lambda x: x * float(np.random.rand()))


@refused
def numpys_random_choice_that_changes_nothing() -> World:
    np.random.seed(0)
    return World(lambda x: x * 2 if np.random.rand() < 2 else x)


@refused
def a_generator_of_numpys() -> World:
    net = Net(lambda self, x: x + self.rng.normal(size=3).astype("float32"), rng=np.random.default_rng(0))
    return World(lambda x: net(x), seen=lambda: str(net.rng.bit_generator.state))


@refused
def a_new_generator_each_time() -> World:
    return World(lambda x: x * float(np.random.default_rng().normal()))


@refused
def pythons_random_numbers() -> World:
    random.seed(0)
    return World(lambda x: x * random.random(), seen=lambda: random.getstate())


@refused
def a_generator_of_pythons() -> World:
    rng = random.Random(0)
    return World(lambda x: x * (2 if rng.random() < 2 else 1), seen=lambda: rng.getstate())


@refused
def the_time() -> World:
    return World(lambda x: x * (1 if time.time() > 0 else 2))


@refused
def the_date() -> World:
    return World(lambda x: x * dt.datetime.now().year)


@refused
def random_bytes() -> World:
    return World(lambda x: x * len(os.urandom(3)))


@refused
def printing() -> World:
    return World(lambda x: print("called") or x * 2)


@refused
def an_iterator() -> World:
    numbers = itertools.count(1)
    return World(lambda x: x * next(numbers))


@refused
def a_generator() -> World:
    numbers = (float(n) for n in range(1, 100))
    return World(lambda x: x * next(numbers))


@refused
def a_file() -> World:
    def f(x: Any) -> Any:
        with open(os.devnull) as file:
            return x * len(file.read() + "a")

    return World(f)


@refused
def an_array_written_to() -> World:
    total = np.zeros(1, np.float32)

    def f(x: Any) -> Any:
        total[0] += 1
        return x * 2

    return World(f, seen=lambda: total.tolist())


@refused
def a_tensors_data_written_over() -> World:
    t = gradus.tensor([1.0, 2.0, 3.0])

    def f(x: Any) -> Any:
        t.data = (t * x).data
        return t * 1

    return World(f, seen=lambda: t.tolist())


@way
def a_shape_remembered() -> World:
    def forward(self: Any, x: Any) -> Any:
        self.last_shape = x.shape
        return x * 2

    net = Net(forward, last_shape=None)
    return World(lambda x: net(x), changed(net, "last_shape", "other"), lambda: net.last_shape)


@way
def a_table_made_at_the_first_call() -> World:
    def forward(self: Any, x: Any) -> Any:
        if self.table is None:
            self.table = np.arange(3, dtype=np.float32)
        return x * self.table

    net = Net(forward, table=None)
    return World(lambda x: net(x), lambda: net.table.fill(2), lambda: net.table.tolist())


@way
def a_cached_helper() -> World:
    @functools.cache
    def table(n: int) -> Any:
        return np.arange(n, dtype=np.float32)

    return World(lambda x: x * table(3))


@way
def a_local_list() -> World:
    def f(x: Any) -> Any:
        parts = []
        for i in range(3):
            parts.append(x * i)  # noqa: PERF401
        return gradus.stack(parts)

    return World(f)


@way
def a_local_generator_with_a_seed() -> World:
    return World(lambda x: x * float(np.random.default_rng(0).normal()))


@refused
def an_iterator_whose_number_nothing_uses() -> World:
    numbers = itertools.count(1)
    return World(lambda x: next(numbers) and x * 2)


@refused
def a_lists_iterator() -> World:
    numbers = iter([1.0] * 9)
    return World(lambda x: x * next(numbers))


@refused
def a_generator_of_the_same_numbers() -> World:
    numbers = (1.0 for n in range(1, 100))
    return World(lambda x: x * next(numbers))


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
