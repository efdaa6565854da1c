"""Objects of Python's library and of NumPy, in which a user's stand."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
from typing import Any
from unittest import mock

import numpy as np

from .world import Thing, World, changed, refused, way


@way
def an_object_in_a_context_manager() -> World:
    thing = Thing(alpha=2.0)
    context = contextlib.nullcontext(thing)

    def f(x: Any) -> Any:
        with context as entered:
            return x * entered.alpha

    return World(f, changed(thing, "alpha", 3.0))


@way
def an_attribute_of_a_mock() -> World:
    thing = mock.Mock(alpha=2.0)
    return World(lambda x: x * thing.alpha, changed(thing, "alpha", 3.0))


@refused
def a_mock_that_counts_its_calls() -> World:
    thing = mock.Mock(return_value=2.0)
    return World(lambda x: x * thing(), seen=lambda: thing.call_count)


@way
def numpys_polynomial() -> World:
    line = np.poly1d([2.0, 0.0])
    return World(lambda x: x * float(line(1.0)), lambda: line.coeffs.fill(3.0))


@way
def options_that_are_compared() -> World:
    options, others = argparse.Namespace(alpha=2.0), argparse.Namespace(alpha=2.0)
    return World(lambda x: x if options == others else -x, changed(options, "alpha", 3.0))


@way
def a_dataclass_as_text() -> World:
    @dataclasses.dataclass
    class Options:
        alpha: float

    options = Options(2.0)
    return World(lambda x: x * len(repr(options)), changed(options, "alpha", 3.25))


@way
def a_class_that_exec_made() -> World:
    names: dict[str, Any] = {}
    exec("class Options:\n    alpha = 2.0\noptions = Options()", names)
    return World(lambda x: x * names["options"].alpha, changed(names["Options"], "alpha", 3.0))


@way
def an_attribute_of_a_partial() -> World:
    half: Any = functools.partial(max, 0.5)
    return World(lambda x: x * half(0.2) * getattr(half, "gain", 1.0), changed(half, "gain", 3.0))


@way
def an_attribute_of_an_array() -> World:
    class Scaled(np.ndarray):
        gain = 1.0

    a = np.ones(3, np.float32).view(Scaled)
    return World(lambda x: x * a.gain, changed(a, "gain", 3.0))
