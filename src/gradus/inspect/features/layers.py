"""A model's layers by name: which there are, what each takes and gives, and what a layer makes of a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ...autograd import no_grad
from ...errors import ArgumentError, ShapeError, nearest
from ...functional.checks import at_least, refuse
from ...nn import Conv2d, Module
from ...nn.core.checks import require_model
from ...ops import argmax
from ...tensor import Tensor, as_tensor, tensor
from ...train.fitting.evaluation import mode


class Ran(NamedTuple):
    """A layer that ran: its dotted name, the layer, what it took and what it gave.

    >>> import gradus
    >>> run_through(gradus.nn.Sequential(gradus.nn.ReLU()), gradus.ones((1, 2)))[0].name
    '0'
    """

    name: str
    layer: Module
    x: Tensor
    y: Tensor


def run_through(model: Module, x: Any) -> list[Ran]:
    """The model's layers, those without parts, in the order in which they run on x, in evaluation mode.

    Args:
        model: any model; a layer that runs twice comes twice.
        x: an input of the model, (n, ...).

    >>> import gradus
    >>> from gradus.models import LeNet
    >>> [(ran.name, ran.y.shape) for ran in run_through(LeNet(), gradus.zeros((1, 1, 28, 28)))][:3]
    [('features.0', (1, 6, 28, 28)), ('features.1', (1, 6, 28, 28)), ('features.2', (1, 6, 14, 14))]
    """
    require_model("run_through", model)
    found: list[Ran] = []
    layers = [(name, m) for name, m in model.named_modules() if not any(m.children())]

    def watch(name: str, layer: Module) -> Callable[[], None]:
        return layer.register_forward_hook(lambda m, inputs, y: found.append(Ran(name, m, inputs[0], y)))

    removals = [watch(name, layer) for name, layer in layers]
    try:
        with mode(model, training=False), no_grad():
            model(as_tensor(x))
    finally:
        for remove in removals:
            remove()
    return found


def layer_output(model: Module, layer: str) -> Callable[[Tensor], Tensor]:
    """phi, the function from a model's input to what one of its layers gives.

    Args:
        model: the model.
        layer: the layer's dotted name, as `nn.summary` shows it: "features.3".

    Raises:
        ArgumentError: the model has no such layer; the names that it has are listed.

    >>> import gradus
    >>> phi = layer_output(gradus.models.LeNet(), "features.2")
    >>> phi(gradus.zeros((5, 1, 28, 28))).shape
    (5, 6, 14, 14)
    """
    require_layer("layer_output", model, layer)

    def phi(x: Tensor) -> Tensor:
        with watched(model, layer) as seen:
            model(x)
        return seen[-1]

    return phi


def require_layer(where: str, model: Module, layer: str) -> Module:
    """The layer of that name, or an error that lists the names."""
    require_model(where, model)
    layers = {name: m for name, m in model.named_modules() if name}
    if layer not in layers:
        raise ArgumentError(f"{where}: {type(model).__name__} has no layer {layer!r}. {nearest(str(layer), layers)}")
    return layers[layer]


@contextmanager
def watched(model: Module, layer: str) -> Iterator[list[Tensor]]:
    """A list to which the layer adds each of its outputs, within this block."""
    seen: list[Tensor] = []
    remove = dict(model.named_modules())[layer].register_forward_hook(lambda m, inputs, y: seen.append(y))
    try:
        yield seen
    finally:
        remove()


def first_convolution(where: str, model: Module) -> str:
    """The name of the first convolution."""
    require_model(where, model)
    for name, m in model.named_modules():
        if isinstance(m, Conv2d):
            return name
    raise ArgumentError(f"{where}: {type(model).__name__} has no convolution. Take a convolutional network, as LeNet.")


def pictures(where: str, x: Any) -> Tensor:
    """x as a Tensor of pictures (n, c, h, w), all finite."""
    given: Tensor = as_tensor(x).detach()
    if given.ndim != 4 or not given.size:
        raise ShapeError(f"{where}: expects pictures (n, c, h, w), got {given.shape}", "Of one picture make x[None].")
    refuse(where, given, lambda v: ~np.isfinite(v), "the pictures hold {value} at [{place}]; all must be finite.")
    return given


def one_picture(where: str, x: Any) -> Tensor:
    """A picture (c, h, w), as a batch of one."""
    if np.ndim(x.data if isinstance(x, Tensor) else x) != 3:
        raise ShapeError(f"{where}: expects one picture (c, h, w), got {np.shape(x)}", "Of several take one: x[0].")
    return pictures(where, as_tensor(x)[None])


def targets_of(where: str, model: Module, x: Tensor, target: Any = None) -> Tensor:
    """The classes asked about, (n,), by default those predicted; the model's outputs must be scores of classes."""
    require_model(where, model)
    with mode(model, training=False), no_grad():
        z = model(x)
    if z.ndim != 2 or z.shape[1] < 2:
        raise ArgumentError(
            f"{where}: {type(model).__name__} is no classifier: for {len(x)} pictures it gives {z.shape}, where scores "
            f"({len(x)}, classes) are expected. Take a model whose outputs are scores of classes."
        )
    if target is None:
        return argmax(z, axis=1)
    wanted = np.asarray(target.numpy() if isinstance(target, Tensor) else target)
    if wanted.shape not in ((), (1,), (len(x),)):
        raise ShapeError(
            f"{where}: {len(x)} pictures, but targets of shape {wanted.shape}", "Give one class, or one for each."
        )
    wanted = np.broadcast_to(wanted, (len(x),))
    for t in wanted.tolist():
        at_least(0, where, target=t)
        if t >= z.shape[1]:
            raise ArgumentError(f"{where}: there are {z.shape[1]} classes, 0 to {z.shape[1] - 1}; target is {t}")
    return tensor(wanted)
