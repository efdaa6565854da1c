"""What comes out of each layer: histograms, and how they depend on the first weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...autograd import no_grad
from ...errors import ArgumentError, one_of
from ...functional.checks import at_least_one, floats
from ...nn import Linear, Module, ReLU, Sequential, Sigmoid, Tanh
from ...nn.core.checks import require_model
from ...random import Generator
from ...tensor import Tensor, as_tensor, tensor

ACTIVATIONS: dict[str, Callable[[], Module]] = {"sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU}
INITIAL_VALUES: dict[str, Callable[[int], float]] = {  # the standard deviation of a weight, from the units before it
    "1": lambda n: 1.0,
    "0.01": lambda n: 0.01,
    "Xavier": lambda n: 1 / math.sqrt(n),
    "He": lambda n: math.sqrt(2 / n),
}


class Histogram(NamedTuple):
    """How the numbers that leave a layer are spread.

    Attributes:
        name, kind: the layer's name in the model, and its class.
        counts: (bins,) how many lie between two neighbouring edges.
        edges: (bins + 1,).
        mean, std: of all of them.
        zeros: the share that is exactly 0: ReLU's silent units.
        response: the standard deviation of a unit over the samples, averaged over the units: what is left in it of the
            differences between samples. A unit that gives the same for all passes nothing on, however far apart the
            units are.

    >>> histogram(np.array([[1.0, 5.0], [3.0, 5.0]])).response
    0.5
    """

    name: str
    kind: str
    counts: np.ndarray
    edges: np.ndarray
    mean: float
    std: float
    zeros: float
    response: float


def activations(model: Module, *inputs: Any) -> dict[str, np.ndarray]:
    """What each layer of a model gives for a batch, by the layer's name, in the order of computing.

    Layers are the modules without parts. The model computes in the mode it is in, without gradients, and is left as it
    is: forward hooks are taken away again, and running averages put back. One that is used several times has the
    name's `#2`, `#3` and so on; of one that gives several tensors the first is taken.

    Args:
        model: any model.
        inputs: a batch, as the model takes it.

    Returns:
        Arrays (n, ...).

    >>> import gradus
    >>> from gradus import nn
    >>> found = activations(nn.Sequential(nn.Linear(4, 3), nn.ReLU()), gradus.randn(5, 4))
    >>> {name: a.shape for name, a in found.items()}
    {'0': (5, 3), '1': (5, 3)}
    """
    require_model("activations", model)
    found: dict[str, np.ndarray] = {}
    names = {id(m): name for name, m in model.named_modules()}

    def keep(module: Module, _: tuple[Any, ...], out: Any) -> None:
        first = next(iter(out)) if isinstance(out, (tuple, list)) else out
        name = names[id(module)] or type(module).__name__
        times = sum(known.partition("#")[0] == name for known in found)
        if isinstance(first, Tensor):
            found[name if not times else f"{name}#{times + 1}"] = np.array(first.numpy())

    buffers = [(b, tensor(b.numpy().copy())) for _, b in model.named_buffers()]
    removes = [m.register_forward_hook(keep) for m in model.modules() if not any(m.children())]
    try:
        with no_grad():
            model(*map(as_tensor, inputs))
    finally:
        for buffer, before in buffers:
            buffer.assign_(before)
        for remove in removes:
            remove()
    return found


def histogram(values: np.ndarray, name: str = "", kind: str = "", bins: int = 30, ends: Any = None) -> Histogram:
    """The histogram of what a layer gave, with its mean and spread.

    Args:
        values: (n, ...) numbers, the samples first.
        name, kind: what it is called.
        bins: how many bars.
        ends: the least and the greatest number of the histogram; None takes those of the values.

    Raises:
        ArgumentError: no numbers, or NaN or infinity among them.

    >>> found = histogram(np.array([[0.0], [0.0], [1.0], [3.0]]), bins=3)
    >>> found.counts.tolist(), found.mean, found.zeros
    ([2, 1, 1], 1.0, 0.5)
    """
    at_least_one("histogram", bins=bins)
    values = np.atleast_1d(floats("histogram", "values", values))
    if ends is not None and not (np.isfinite(ends).all() and ends[0] < ends[1]):
        raise ArgumentError(f"histogram: the ends are a number and a larger one, got {ends}")
    if not values.size or not np.isfinite(values).all():
        what = "there is no number" if not values.size else "there are NaN or infinities"
        raise ArgumentError(f"histogram: {what} in what {name or 'the layer'} gave")
    counts, edges = np.histogram(values, bins, ends)
    response = float(values.std(axis=0).mean())
    zeros = float(np.mean(values == 0))
    return Histogram(name, kind, counts, edges, float(values.mean()), float(values.std()), zeros, response)


def activation_histograms(model: Module, *inputs: Any, bins: int = 30) -> list[Histogram]:
    """The histogram of each layer's activations for a batch; see `activations`.

    Args:
        model: any model.
        inputs: a batch, as the model takes it.
        bins: how many bars.

    >>> import gradus
    >>> from gradus import nn
    >>> [h.kind for h in activation_histograms(nn.Sequential(nn.Linear(4, 3), nn.ReLU()), gradus.randn(5, 4))]
    ['Linear', 'ReLU']
    """
    require_model("activation_histograms", model)
    kinds = {name or type(m).__name__: type(m).__name__ for name, m in model.named_modules()}
    found = activations(model, *inputs)
    return [histogram(a, name, kinds[name.partition("#")[0]], bins) for name, a in found.items()]


def signals(
    activation: str, initial: str | float, layers: int = 5, units: int = 100, samples: int = 1000, seed: int = 0
) -> list[np.ndarray]:
    """Random numbers sent through untrained layers: a_0 = x, a_k = h(a_{k-1} W_k), x and W_k / std normal.

    Args:
        activation: h, "sigmoid", "tanh" or "relu".
        initial: the weights' standard deviation: "1", "0.01", "Xavier" (1 / sqrt(units)), "He" (sqrt(2 / units)), or a
            number.
        layers: how many.
        units: numbers of a sample, and units of each layer.
        samples: how many samples.
        seed: of the samples and the weights; the same for all activations and initial values.

    Returns:
        What each layer gives, `layers` arrays (samples, units).

    Raises:
        ArgumentError: an unknown activation or initial value.

    Source: Saitoh, "Deep Learning from Scratch" (2016), section 6.2; Glorot and Bengio (2010); He et al. (2015).

    >>> last = signals("sigmoid", "0.01", samples=50)[-1]
    >>> bool(abs(last - 0.5).max() < 0.1)
    True
    """
    make = ACTIVATIONS[one_of("signals", "activation", activation, ACTIVATIONS)]
    at_least_one("signals", layers=layers, units=units, samples=samples)
    std = initial if isinstance(initial, (int, float)) else _standard_deviation(initial, units)
    numbers = Generator(seed)
    x = numbers.randn(samples, units)
    model = Sequential()
    for _ in range(layers):
        linear = Linear(units, units, bias=False)
        linear.weight.assign_(numbers.randn(units, units) * std)
        model.extend([linear, make()])
    return list(activations(model, x).values())[1::2]


def _standard_deviation(initial: str, units: int) -> float:
    return INITIAL_VALUES[one_of("signals", "initial value", initial, INITIAL_VALUES)](units)
