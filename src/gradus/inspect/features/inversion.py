"""Pictures found by gradient descent: one that a layer cannot tell from another, one that excites a feature most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import compiler
from ...autograd import grad, no_grad
from ...errors import ArgumentError
from ...functional.checks import at_least, at_least_one, in_range, require_tensor, sizes_of
from ...nn import Module, Parameter
from ...nn.core.checks import require_model
from ...ops import clip
from ...optim import Adam
from ...tensor import Tensor
from ...train.fitting.evaluation import mode
from .layers import layer_output, one_picture, require_layer


class Sought(NamedTuple):
    """A picture (c, h, w) with values in [0, 1], and how what was sought went, at each step of the way.

    >>> Sought(np.zeros((1, 8, 8)), np.array([1.0, 0.5])).course[-1]
    np.float64(0.5)
    """

    picture: np.ndarray
    course: np.ndarray


def invert(
    model: Module,
    picture: Any,
    layer: str,
    steps: int = 400,
    lr: float = 0.05,
    size: float = 1e-3,
    variation: float = 0.2,
    seed: int = 0,
    compile: bool = True,
) -> Sought:
    """A picture x that a layer sees as it sees x0: it shows what the layer keeps of a picture, and what it forgets.

    min over x of |phi(x) - phi(x0)|^2 / |phi(x0)|^2 + size mean|2 x - 1|^6 + variation TV(x), from noise, by Adam.

    Args:
        model: any model of pictures; phi is what its layer gives.
        picture: x0, (c, h, w) with values in [0, 1].
        layer: the layer's name.
        steps, lr: of the descent.
        size: the weight of the 6-norm, which keeps values from the ends of [0, 1].
        variation: the weight of the total variation, see `total_variation`, which keeps neighbours alike.
        seed: of the noise to start from.
        compile: make a step one native program.

    Returns:
        x, and the relative error |phi(x) - phi(x0)| / |phi(x0)| before each step and at the end, (steps + 1,).

    Raises:
        ArgumentError: no such layer, or it gives nothing but zeros for the picture; or a weight below 0 or not finite.
        DataError: the picture holds NaN or infinity.

    Source: Mahendran and Vedaldi, "Understanding deep image representations by inverting them" (2015), equation 1.

    >>> from gradus import nn
    >>> x0 = np.random.default_rng(0).uniform(size=(1, 6, 6))
    >>> found = invert(nn.Sequential(nn.Conv2d(1, 4, 3, padding=1)), x0, "0", steps=20, compile=False)
    >>> bool(found.course[-1] < found.course[0])
    True
    """
    in_range("invert", "size", size, "[0, inf)")
    in_range("invert", "variation", variation, "[0, inf)")
    x0 = one_picture("invert", picture)
    require_layer("invert", model, layer)
    phi = layer_output(model, layer)
    with mode(model, training=False), no_grad():
        wanted = phi(x0)
        whole = (wanted**2).sum()
    if not whole.item() > 0:
        raise ArgumentError(f"invert: {layer} gives only zeros for this picture, so there is nothing to find again")

    def error(x: Tensor) -> Tensor:
        return ((phi(x) - wanted) ** 2).sum() / whole

    def penalty(x: Tensor) -> Tensor:
        return size * ((2 * x - 1) ** 6).mean() + variation * total_variation(x)

    found = _descend(model, error, penalty, x0.shape, steps, lr, seed, compile)
    return Sought(found.picture, np.sqrt(found.course))


def maximise(
    model: Module,
    input_shape: Sequence[int],
    unit: int,
    layer: str | None = None,
    steps: int = 200,
    lr: float = 0.05,
    size: float = 1.0,
    variation: float = 30.0,
    seed: int = 0,
    compile: bool = True,
) -> Sought:
    """The picture that excites a unit most: max over x of a(x) - size mean (2 x - 1)^2 - variation TV(x).

    a is the score of a class, before softmax; or, of a layer that gives maps, the mean of one map.

    Args:
        model: any model of pictures.
        input_shape: (c, h, w).
        unit: the class, or which of the layer's maps or units, from 0.
        layer: the layer's name; None for the model's outputs.
        steps, lr: of the ascent, by Adam.
        size: the weight of the squared values, which keeps the picture near grey.
        variation: the weight of the total variation: the larger, the smoother; some times the score of a class.
        seed: of the noise to start from.
        compile: make a step one native program.

    Returns:
        x, and the activation a before each step and at the end, (steps + 1,).

    Raises:
        ArgumentError: no such layer or unit, or a weight below 0 or not finite.

    Source: Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks" (2014), section 2.

    >>> from gradus import nn
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    >>> course = maximise(model, (1, 4, 4), unit=1, steps=10, variation=0, compile=False).course
    >>> bool(course[-1] > course[0])
    True
    """
    in_range("maximise", "size", size, "[0, inf)")
    in_range("maximise", "variation", variation, "[0, inf)")
    at_least(0, "maximise", unit=unit)
    count = unit_count(model, input_shape, layer)
    if unit >= count:
        what = layer or type(model).__name__
        raise ArgumentError(f"maximise: {what} has {count} units, 0 to {count - 1}; got {unit}")
    phi: Callable[[Tensor], Tensor] = model if layer is None else layer_output(model, layer)

    def lack(x: Tensor) -> Tensor:
        return -phi(x)[:, unit].mean()

    def penalty(x: Tensor) -> Tensor:
        return size * ((2 * x - 1) ** 2).mean() + variation * total_variation(x)

    found = _descend(model, lack, penalty, (1, *input_shape), steps, lr, seed, compile)
    return Sought(found.picture, -found.course)


def unit_count(model: Module, input_shape: Sequence[int], layer: str | None = None) -> int:
    """How many units, or maps, a layer has; by default how many outputs the model has.

    Args:
        model: any model of pictures.
        input_shape: (c, h, w).
        layer: the layer's name.

    >>> from gradus.models import LeNet
    >>> unit_count(LeNet(), (1, 28, 28)), unit_count(LeNet(), (1, 28, 28), "features.3")
    (10, 16)
    """
    require_model("unit_count", model)
    sizes_of("unit_count", "input_shape", input_shape, least=3)
    if layer is not None:
        require_layer("unit_count", model, layer)
    phi: Callable[[Tensor], Tensor] = model if layer is None else layer_output(model, layer)
    with mode(model, training=False), no_grad():
        return int(phi(one_picture("unit_count", np.full(tuple(input_shape), 0.5, np.float32))).shape[1])


def total_variation(x: Tensor) -> Tensor:
    """How much neighbours differ: the mean of (x[i, j + 1] - x[i, j])^2 and of (x[i + 1, j] - x[i, j])^2, added.

    Args:
        x: pictures (n, c, h, w).

    >>> import gradus
    >>> total_variation(gradus.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])).item()
    1.0
    """
    require_tensor("total_variation", x=x)
    right = x[:, :, :, 1:] - x[:, :, :, :-1]
    down = x[:, :, 1:, :] - x[:, :, :-1, :]
    return (right**2).mean() + (down**2).mean()


def _descend(
    model: Module,
    error: Callable[[Tensor], Tensor],
    penalty: Callable[[Tensor], Tensor],
    shape: tuple[int, ...],
    steps: int,
    lr: float,
    seed: int,
    compile: bool,
) -> Sought:
    """Adam on the pixels, which are kept in [0, 1]; the model's parameters are not touched."""
    at_least_one("the descent", steps=steps)
    at_least(0, "the descent", seed=seed)
    in_range("the descent", "lr", lr, "(0, inf)")
    noise = np.random.default_rng(seed).normal(0.5, 0.1, shape).astype(np.float32)
    x = Parameter(np.clip(noise, 0, 1))
    optimizer = Adam([x], lr=lr)

    def step() -> Tensor:
        value = error(x)
        x.grad = grad(value + penalty(x), x)
        optimizer.step()
        with no_grad():
            x.assign_(clip(x, 0, 1))
        return value.detach()

    once = compiler.natively(step) if compile else step
    with mode(model, training=False):
        course = [once().item() for _ in range(steps)]
        with no_grad():
            course.append(error(x).item())
    return Sought(x.numpy()[0].copy(), np.array(course))
