"""What a function does besides computing."""

from __future__ import annotations

import collections
import contextvars
import datetime as dt
import enum
import functools
import itertools
import os
import random
import time
from typing import Any

import numpy as np

import gradus
from gradus import nn

from .world import Net, Thing, World, changed, refused, way


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
def a_member_of_an_enum_left_behind() -> World:
    class Mode(enum.Enum):
        ADD = 1
        MULTIPLY = 2

    thing = Thing(mode=Mode.ADD)

    def f(x: Any) -> Any:
        thing.mode = Mode.MULTIPLY
        return x * 2

    return World(f, changed(thing, "mode", Mode.ADD), lambda: thing.mode.name)


@way
def a_layer_left_behind() -> World:
    net = nn.Sequential(nn.ReLU())
    thing = Thing(last=None)

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
    key = Thing(calls=0)
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


@refused
def a_text_of_what_is_computed() -> World:
    thing = Thing(said="")

    def f(x: Any) -> Any:
        thing.said = f"{[x * 2]}"
        return x

    return World(f, seen=lambda: thing.said)


@way
def a_value_left_that_was_there_before() -> World:
    thing = Thing(last=(3,))

    def f(x: Any) -> Any:
        thing.last = x.shape
        return x

    return World(f, changed(thing, "last", None), lambda: thing.last)


@way
def a_value_left_in_a_slot_that_was_there_before() -> World:
    class Options:
        __slots__ = ("length",)

    options: Any = Options()
    options.length = 3

    def f(x: Any) -> Any:
        options.length = len(x)
        return x

    return World(f, changed(options, "length", 0), lambda: options.length)


@way
def a_value_that_another_branch_would_leave() -> World:
    thing = Thing(shape=(7,))

    def f(x: Any) -> Any:
        if len(x) > 5:
            thing.shape = x.shape
        return x

    return World(f, changed(thing, "shape", (8,)), lambda: thing.shape)


@refused
def an_element_of_an_array_of_objects() -> World:
    a = np.array([1, "a", None], dtype=object)

    def f(x: Any) -> Any:
        a[0] += 1
        return x

    return World(f, seen=lambda: a.tolist())


@refused
def an_attribute_taken_away_and_a_list_that_grows() -> World:
    thing = Thing(first=1, second=2)
    kept: list[int] = []

    def f(x: Any) -> Any:
        if hasattr(thing, "first"):
            del thing.first
        kept.append(1)
        return x

    return World(f, seen=lambda: (list(vars(thing)), list(kept)))
