"""Modules, and what stands in them."""

from __future__ import annotations

import builtins
import os
import sys
from importlib import import_module
from os import getenv
from typing import Any

import numpy as np

import gradus
from gradus import nn

from .world import World, changed, new_module, way

HIDDEN = 2.0
ABS = abs


@way
def a_module_imported_inside() -> World:
    module = new_module()

    def f(x: Any) -> Any:
        import a_hidden_config  # type: ignore[import-not-found]

        return x * a_hidden_config.scale

    return World(f, changed(module, "scale", 3.0))


@way
def a_name_imported_inside() -> World:
    module = new_module()

    def f(x: Any) -> Any:
        from a_hidden_config import scale

        return x * scale

    return World(f, changed(module, "scale", 3.0))


@way
def a_module_among_all() -> World:
    return World(lambda x: x * sys.modules["a_hidden_config"].scale, changed(new_module(), "scale", 3.0))


@way
def a_module_imported_again() -> World:
    new_module()

    def f(x: Any) -> Any:
        import a_hidden_config

        return x * a_hidden_config.scale

    return World(f, lambda: setattr(new_module(), "scale", 3.0))


@way
def a_module_imported_again_by_its_name() -> World:
    new_module()
    return World(
        lambda x: x * import_module("a_hidden_config").scale, lambda: setattr(new_module(), "scale", 3.0)
    )


@way
def a_module_that_was_not_there() -> World:
    module = new_module()
    del sys.modules[module.__name__]

    def f(x: Any) -> Any:
        try:
            import a_hidden_config

            return x * a_hidden_config.scale
        except ImportError:
            return x * 3.0

    return World(f, new_module)


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


@way
def a_builtin_replaced() -> World:
    builtins.abs = ABS

    def change() -> None:
        builtins.abs = lambda v: 5.0  # type: ignore[assignment]

    return World(lambda x: x * abs(-2.0), change)


@way
def an_option_of_a_layer_that_is_a_function() -> World:
    layer = nn.LeakyReLU(0.5)
    return World(lambda x: layer(-x), changed(layer, "negative_slope", 0.25))


@way
def an_option_of_a_loss() -> World:
    loss = nn.CrossEntropyLoss()
    z, y = gradus.tensor([[1.0, 2.0, 3.0], [0.0, 1.0, 5.0]]), gradus.tensor([0, 1])
    return World(lambda x: loss(z * x, y), changed(loss, "ignore_index", 1))


@way
def what_a_weight_is_made_of() -> World:
    gradus.seed(0)
    layer = nn.weight_norm(nn.Linear(3, 3))
    return World(lambda x: layer(x), changed(layer, "weight_g", nn.Parameter(np.ones((3, 1), np.float32))))


@way
def what_a_weight_is_divided_by() -> World:
    layer = nn.spectral_norm(nn.Linear(3, 3, bias=False)).eval()
    layer.weight_orig.assign_(gradus.eye(3) * 2)
    for name in ("weight_u", "weight_v"):
        setattr(layer, name, gradus.tensor([1.0, 0.0, 0.0]))
    return World(lambda x: layer(x), changed(layer, "weight_u", gradus.tensor([0.5, 0.0, 0.0])))
