"""How large the gradient is in each layer: whether it vanishes, keeps its size or explodes on its way back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...autograd import grad
from ...errors import ArgumentError, ShapeError, one_of
from ...functional import cross_entropy
from ...functional.checks import at_least
from ...models import MLP
from ...nn import Linear, Module, ReLU, Sigmoid, Tanh, init
from ...nn.core.checks import require_model
from ...random import seed as start_from
from ...tensor import Tensor, as_tensor

ACTIVATIONS: dict[str, tuple[Callable[[], Module], Callable[..., Tensor]]] = {
    "sigmoid": (Sigmoid, init.xavier_normal_),
    "tanh": (Tanh, init.xavier_normal_),
    "relu": (ReLU, lambda weight: init.kaiming_normal_(weight, nonlinearity="relu")),
}


class LayerGradient(NamedTuple):
    """Of the weights of one layer: its name, the norm of their gradient, and the norm of the weights themselves."""

    name: str
    gradient: float
    weight: float


def gradient_norms(model: Module, loss: Callable[[Tensor, Tensor], Tensor], *batch: Any) -> list[LayerGradient]:
    """The norm of the loss' gradient to each weight (parameters with two axes or more), from input to output.

    ||dL/dW|| = sqrt(sum of (dL/dw)^2). The model is left as it is: no gradient stays in `grad`, and the
    running averages that change are those of a copy.

    Args:
        model: any model, in the mode (training or evaluation) that is to be looked at.
        loss: a function of outputs and targets.
        batch: the model's inputs, and then the targets.

    Raises:
        ArgumentError: the model has no weights, or the batch no targets.

    >>> import gradus
    >>> from gradus.nn import functional as F
    >>> model = MLP([4, 8, 3])
    >>> [layer.name for layer in gradient_norms(model, F.cross_entropy, gradus.randn(5, 4), [0, 1, 2, 1, 0])]
    ['layers.0.weight', 'layers.2.weight']
    """
    require_model("gradient_norms", model)
    if len(batch) < 2:
        raise ArgumentError(f"gradient_norms: give the model's inputs and then the targets, got {len(batch)} part")
    own = copy.deepcopy(model)
    *inputs, targets = map(as_tensor, batch)
    weights = {name: p for name, p in own.named_parameters() if p.ndim >= 2}
    if not weights:
        raise ArgumentError(f"gradient_norms: {type(model).__name__} has no weights to look at")
    gradients = grad(loss(own(*inputs), targets), list(weights.values()))
    return [
        LayerGradient(name, _norm(g), _norm(p)) for (name, p), g in zip(weights.items(), gradients, strict=True)
    ]


def _norm(x: Tensor) -> float:
    return float(np.linalg.norm(x.numpy().astype("float64")))


def gradients_by_depth(
    x: Any,
    y: Any,
    depths: Sequence[int] = (2, 5, 10, 20, 50),
    activation: str = "sigmoid",
    width: int = 100,
    seed: int = 0,
) -> dict[int, np.ndarray]:
    """Gradient norms by layer of untrained networks of several depths, before the first step.

    With sigmoid each layer multiplies the gradient by sigma'(z) <= 1/4, so that it vanishes toward the input; with ReLU
    and He's initial values it keeps its size. Weights start by Xavier (sigmoid, tanh) or He (ReLU), biases at 0.

    Args:
        x: (n, ...) samples.
        y: (n,) labels from 0.
        depths: how many layers of weights each network has, 2 or more.
        activation: "sigmoid", "tanh" or "relu".
        width: units of a hidden layer.
        seed: of the initial values.

    Returns:
        For each depth the norms (depth,), from the first layer to the last.

    Raises:
        ArgumentError: an unknown activation, or a depth below 2.

    Source: Hochreiter (1991); Glorot and Bengio (2010).

    >>> import gradus
    >>> norms = gradients_by_depth(gradus.randn(20, 8), [0, 1] * 10, (2, 10), "sigmoid", width=16)
    >>> norms[10].shape, bool(norms[10][0] < norms[10][-1] / 1000)
    ((10,), True)
    """
    make, start = ACTIVATIONS[one_of("gradients_by_depth", "activation", activation, ACTIVATIONS)]
    samples, labels = as_tensor(x).flatten(1), as_tensor(y)
    if not samples.size or labels.shape != samples.shape[:1]:
        raise ShapeError(
            f"gradients_by_depth: x has shape {samples.shape} and y {labels.shape}", "They are (n, ...) and (n,)."
        )
    classes = int(labels.numpy().max()) + 1
    found = {}
    for depth in depths:
        at_least(2, "gradients_by_depth", depth=depth)
        start_from(seed)
        model = MLP([samples.shape[1], *[width] * (depth - 1), classes], make)
        for layer in model.layers:
            if isinstance(layer, Linear):
                start(layer.weight)
                init.zeros_(layer.bias)  # type: ignore[arg-type]
        found[depth] = np.array([g.gradient for g in gradient_norms(model, cross_entropy, samples, labels)])
    return found
