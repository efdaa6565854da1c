"""Globals, variables of enclosing functions, defaults, modes."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import gradus

from .world import Net, World, changed, way

GLOBAL = 2.0
GLOBAL_ARRAY = np.array([1.0, 2.0, 3.0], np.float32)
GLOBAL_LIST = [1.0, 2.0]


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
    return World(lambda x: gradus.full((2,), GLOBAL), _set_global("GLOBAL", True))


@way
def true_for_one_in_a_set() -> World:
    globals()["GLOBAL"] = frozenset([1])
    return World(lambda x: gradus.full((2,), *GLOBAL), _set_global("GLOBAL", frozenset([True])))


@way
def minus_zero() -> World:
    globals()["GLOBAL"] = 0.0
    return World(lambda x: 1.0 / (x * GLOBAL), _set_global("GLOBAL", -0.0))


@way
def minus_zero_of_numpys() -> World:
    globals()["GLOBAL"] = np.float32(0)
    return World(lambda x: 1.0 / (x * float(GLOBAL)), _set_global("GLOBAL", np.float32(-0.0)))


@way
def an_array_whose_bytes_are_other_numbers() -> World:
    globals()["GLOBAL_ARRAY"] = np.ones(3, np.float32)

    def f(x: Any) -> Any:
        return x * len(str(GLOBAL_ARRAY.dtype)) * float(GLOBAL_ARRAY[0])

    def change() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # NumPy's, from 2.5 on
            GLOBAL_ARRAY.dtype = np.dtype("int32")  # type: ignore[misc]

    return World(f, change)


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
def a_variable_of_a_function_that_numpy_holds() -> World:
    scale = 2.0
    each = np.vectorize(lambda v: v * scale, otypes=["float32"])

    def change() -> None:
        nonlocal scale
        scale = 3.0

    return World(lambda x: x * each(np.ones(3)), change)


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
def keyword_defaults_replaced() -> World:
    def f(x: Any, *, scale: float = 2.0) -> Any:
        return x * scale

    return World(f, lambda: setattr(f, "__kwdefaults__", {"scale": 3.0}))


@way
def a_global_taken_away_that_hid_a_builtin() -> World:
    globals()["abs"] = lambda v: 5.0
    return World(lambda x: x * abs(-2.0), lambda: globals().pop("abs"))


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
