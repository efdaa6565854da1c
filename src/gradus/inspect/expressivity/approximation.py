"""How near networks come to a curve: the error against the number of units, built by hand or trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import random
from ...autograd import no_grad
from ...data import TensorDataset
from ...errors import ArgumentError, ShapeError
from ...functional.checks import at_least, at_least_one, require_function, sizes_of
from ...models import MLP
from ...nn import Module, ReLU
from ...nn.core.checks import require_model
from ...optim import Adam
from ...optim.schedules import cosine
from ...tensor import tensor
from ...train import Trainer
from ...train.fitting.evaluation import mode

Curve = Callable[[np.ndarray], np.ndarray]
_FINE = 2001  # places at which a curve and its approximation are compared


class Fit(NamedTuple):
    """How near a network came to a curve.

    Attributes:
        width: units of each hidden layer.
        parameters: all its weights and biases.
        rms, largest: the error's root mean square, and its largest absolute value.
        x, y: where they were compared, and the network's values (2001,).

    >>> x = np.zeros(2)
    >>> Fit(width=4, parameters=13, rms=0.1, largest=0.3, x=x, y=x).largest
    0.3
    """

    width: int
    parameters: int
    rms: float
    largest: float
    x: np.ndarray
    y: np.ndarray


def curve_fit(model: Module, curve: Curve, low: float = -1.0, high: float = 1.0) -> Fit:
    """Compare a network of one input and one output with a curve, at 2001 places from low to high, in evaluation mode.

    Args:
        model: from (n, 1) to (n, 1).
        curve: a function of an array of places, in float64.
        low, high: the ends of the comparison.

    Raises:
        ArgumentError: low is not below high.

    >>> from gradus.models import relu_curve
    >>> ends = np.array([-1.0, 0.0, 1.0])
    >>> fit = curve_fit(relu_curve(ends, ends**2), lambda x: x**2)
    >>> fit.width, round(fit.largest, 4)
    (3, 0.25)
    """
    require_function("curve_fit", curve=curve)
    require_model("curve_fit", model)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ArgumentError(f"curve_fit: low must be below high, both finite, got {low} and {high}")
    x = np.linspace(low, high, _FINE)
    parameters = list(model.parameters())
    with mode(model, training=False), no_grad():
        y = model(tensor(x[:, None].astype(parameters[0].dtype))).numpy().ravel().astype(np.float64)
    if len(y) != len(x):
        raise ShapeError(f"curve_fit: the model gives {len(y)} numbers for {len(x)} places", "It needs one output.")
    error = y - curve(x)
    size, width = sum(p.size for p in parameters), parameters[0].shape[0]
    return Fit(width, size, float(np.sqrt((error**2).mean())), float(np.abs(error).max()), x, y)


def built_fits(
    build: Callable[[Any, Any], Module], curve: Curve, pieces: Sequence[int], low: float = -1.0, high: float = 1.0
) -> list[Fit]:
    """Networks written down, through so many equal pieces of a curve, and how near each comes.

    Where the curve's second derivative is at most M, straight pieces of length h are nearer than M h^2 / 8: twice the
    pieces, a quarter of the error.

    Args:
        build: `models.relu_curve`, `models.hard_sigmoid_curve` or `models.sigmoid_curve`.
        curve: a function of an array of places.
        pieces: how many pieces each network has.
        low, high: the ends.

    >>> from gradus.models import hard_sigmoid_curve
    >>> fits = built_fits(hard_sigmoid_curve, lambda x: x**2, [2, 4, 8])
    >>> [round(fit.largest, 4) for fit in fits]
    [0.25, 0.0625, 0.0156]
    """
    require_function("built_fits", build=build, curve=curve)
    pieces = sizes_of("built_fits", "pieces", pieces)
    fits = []
    for n in pieces:
        at_least_one("built_fits", pieces=n)
        ends = np.linspace(low, high, n + 1)
        fits.append(curve_fit(build(ends, curve(ends)), curve, low, high))
    return fits


def trained_fits(
    curve: Curve,
    widths: Sequence[int],
    hidden: int = 1,
    epochs: int = 500,
    activation: Callable[[], Module] = ReLU,
    seeds: Sequence[int] = (0,),
    low: float = -1.0,
    high: float = 1.0,
) -> list[Fit]:
    """Networks trained on a curve, and how near each comes: of each width the best of several first values.

    Args:
        curve: a function of an array of places.
        widths: units of each hidden layer, one network for each.
        hidden: hidden layers.
        epochs: passes through 512 places, in batches of 64.
        activation: makes the activation of each hidden layer.
        seeds: of the first values; the network with the least error is kept.
        low, high: the ends.

    Raises:
        ArgumentError: no seeds, or a count below 1.

    Source: Cybenko, "Approximation by superpositions of a sigmoidal function" (1989): with enough units a network of
    one hidden layer comes as near to a continuous curve as one likes.

    >>> fits = trained_fits(lambda x: np.abs(x), [4], epochs=2)
    >>> fits[0].width, fits[0].parameters
    (4, 13)
    """
    require_function("trained_fits", curve=curve)
    widths = sizes_of("trained_fits", "widths", widths)
    at_least_one("trained_fits", hidden=hidden, seeds=len(seeds), epochs=epochs)
    x = np.linspace(low, high, 512, dtype=np.float32)[:, None]
    data = TensorDataset(x, curve(x.astype(np.float64)).astype(np.float32), name="curve")
    fits = []
    for width in widths:
        at_least(1, "trained_fits", width=width)
        found = [_train(data, [1, *[width] * hidden, 1], epochs, activation, seed) for seed in seeds]
        fits.append(min((curve_fit(model, curve, low, high) for model in found), key=lambda fit: fit.rms))
    return fits


def _train(
    data: TensorDataset, sizes: Sequence[int], epochs: int, activation: Callable[[], Module], seed: int
) -> Module:
    random.seed(seed)
    model = MLP(sizes, activation)
    steps = epochs * (len(data) // 64)
    trainer = Trainer(model, "mse", Adam(model.parameters(), lr=cosine(0.02, steps)))
    trainer.fit(data, epochs=epochs, batch_size=64, progress=False, seed=seed)
    return model
