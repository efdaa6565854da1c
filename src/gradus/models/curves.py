"""Networks whose weights are written down, not trained: curves of straight pieces, and the sawtooth."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, ShapeError
from ..functional.checks import at_least_one, floats
from ..nn import HardSigmoid, Linear, Module, ReLU, Sequential, Sigmoid

_HARD_WIDTH = 6.0  # hard_sigmoid rises from 0 to 1 over this length


def relu_curve(x: Any, y: Any) -> Sequential:
    """The network of ReLUs that is exactly the curve of straight lines through given points, level outside them.

    f(t) = y_0 + sum_i (slope_i - slope_{i-1}) relu(t - x_i), slope_i being that right of x_i, and slope_{-1} = 0.

    Args:
        x: (n,) places, growing.
        y: (n,) heights there.

    Returns:
        A network in float64 from (m, 1) to (m, 1), with one hidden layer of n units.

    Raises:
        ShapeError: no points, or unlike many places and heights.
        DataError: places that do not grow, or numbers that are not finite.

    >>> import gradus
    >>> curve = relu_curve([0.0, 1.0, 3.0], [1.0, 2.0, 0.0])
    >>> curve(gradus.tensor([[-1.0], [0.5], [2.0], [9.0]])).flatten().tolist()
    [1.0, 1.5, 1.0, 0.0]
    """
    x, y = _points("relu_curve", x, y)
    slopes = np.concatenate([[0.0], np.diff(y) / np.diff(x), [0.0]])
    return _one_hidden(np.ones(len(x)), -x, ReLU(), np.diff(slopes), y[0])


def hard_sigmoid_curve(x: Any, y: Any) -> Sequential:
    """The same curve as `relu_curve`, as a constant plus one hard sigmoid for each straight piece.

    f(t) = y_0 + sum_i (y_{i+1} - y_i) hard_sigmoid(6 (t - m_i) / (x_{i+1} - x_i)), m_i the middle of piece i.

    Args:
        x: (n,) places, growing, two or more.
        y: (n,) heights there.

    >>> import gradus
    >>> curve = hard_sigmoid_curve([0.0, 1.0, 3.0], [1.0, 2.0, 0.0])
    >>> curve(gradus.tensor([[-1.0], [0.5], [2.0], [9.0]])).flatten().tolist()
    [1.0, 1.5, 1.0, 0.0]
    """
    return _steps("hard_sigmoid_curve", x, y, HardSigmoid(), _HARD_WIDTH)


def sigmoid_curve(x: Any, y: Any, steepness: float = 4.0) -> Sequential:
    """Nearly the same curve, of soft sigmoids: as `hard_sigmoid_curve`, with sigmoid(steepness (t - m_i) / width_i).

    Args:
        x: (n,) places, growing, two or more.
        y: (n,) heights there.
        steepness: 4 gives each sigmoid the slope of its piece in the middle; large ones make stairs.

    >>> import gradus
    >>> sigmoid_curve([0.0, 1.0], [0.0, 1.0])(gradus.tensor([[0.5]])).tolist()
    [[0.5]]
    """
    return _steps("sigmoid_curve", x, y, Sigmoid(), steepness)


def sawtooth(depth: int) -> Sequential:
    """A network of 2 ReLUs a layer whose curve over [0, 1] has 2^depth straight pieces: a tooth put into a tooth.

    tooth(t) = 2 relu(t) - 4 relu(t - 1/2) goes up from 0 to 1 and down again; applied `depth` times it has 2^(depth-1)
    teeth.

    Args:
        depth: hidden layers, from 1 to 50 (all numbers in it are exact in float64).

    Returns:
        A network in float64 from (n, 1) to (n, 1).

    Source: Telgarsky, "Benefits of depth in neural networks" (2016).

    >>> import gradus
    >>> sawtooth(2)(gradus.tensor([[0.0], [0.25], [0.5], [0.75], [1.0]])).flatten().tolist()
    [0.0, 1.0, 0.0, 1.0, 0.0]
    """
    at_least_one("sawtooth", depth=depth)
    if depth > 50:
        raise ArgumentError(f"sawtooth: beyond depth 50 its places are not exact in float64, got {depth}")
    into, bias, out = np.array([[1.0], [1.0]]), np.array([0.0, -0.5]), np.array([[2.0, -4.0]])
    layers: list[Module] = [_linear(into, bias)]
    for _ in range(depth - 1):
        layers += [ReLU(), _linear(into @ out, bias)]
    return Sequential(*layers, ReLU(), _linear(out, np.zeros(1)))


def _points(where: str, x: Any, y: Any, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    x, y = floats(where, "x", x), floats(where, "y", y)
    if x.ndim != 1 or x.shape != y.shape or len(x) < least:
        raise ShapeError(
            f"{where}: places of shape {x.shape} and heights of shape {y.shape}",
            f"Give as many heights as places, {least} or more.",
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise DataError(f"{where}: the points hold NaN or infinity")
    falling = np.flatnonzero(np.diff(x) <= 0)
    if len(falling):
        i = int(falling[0])
        raise DataError(f"{where}: places must grow, but x[{i}] = {x[i]:g} is followed by {x[i + 1]:g}. Sort them.")
    return x, y


def _steps(where: str, x: Any, y: Any, activation: Module, steepness: float) -> Sequential:
    """y_0 and one step up or down for each piece, from the one height to the next."""
    x, y = _points(where, x, y, least=2)
    weight = steepness / np.diff(x)
    return _one_hidden(weight, -weight * (x[:-1] + x[1:]) / 2, activation, np.diff(y), y[0])


def _one_hidden(weight: Any, bias: Any, activation: Module, out: Any, level: float) -> Sequential:
    return Sequential(_linear(weight[:, None], bias), activation, _linear(out[None, :], np.array([level])))


def _linear(weight: np.ndarray, bias: np.ndarray) -> Linear:
    """A linear layer in float64 with these weights (out, in)."""
    layer = Linear(weight.shape[1], weight.shape[0]).astype(np.float64)
    layer.weight.assign_(weight)
    if layer.bias is not None:
        layer.bias.assign_(bias)
    return layer
