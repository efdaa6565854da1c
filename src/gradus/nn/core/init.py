"""Initial values: each function overwrites its tensor in place and returns it.

How large the first weights are decides whether signals and gradients keep their size from layer to layer.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ... import dtypes, random
from ...autograd import no_grad
from ...errors import ArgumentError, ShapeError, one_of
from ...names.elsewhere import door as _door
from ...ops import full_like, where
from ...tensor import Tensor, as_tensor

_F = TypeVar("_F", bound=Callable[..., Tensor])

_GAINS = {"linear": 1.0, "conv": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much weights must be larger to make up for what an activation takes away.

    1 for linear, conv and sigmoid, 5/3 for tanh, sqrt(2) for relu, 3/4 for selu, and sqrt(2 / (1 + a^2)) for leaky_relu
    with slope a = `param` (0.01 unless given).

    >>> calculate_gain("leaky_relu", 1.0)
    1.0
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    return _GAINS[one_of("calculate_gain", "nonlinearity", nonlinearity, [*_GAINS, "leaky_relu"])]


def fans(tensor: Tensor) -> tuple[int, int]:
    """How many numbers a neuron gathers from, and how many it goes to, by a weight (out, in, *kernel).

    >>> import gradus
    >>> fans(gradus.zeros((6, 3, 5, 5)))
    (75, 150)
    """
    if tensor.ndim < 2:
        raise ShapeError(
            f"fan in and fan out need a weight (out, in, ...), got shape {tensor.shape}",
            "For a bias use zeros_, constant_, uniform_ or normal_.",
        )
    out, into, *kernel = tensor.shape
    window = math.prod(kernel)
    return into * window, out * window


def _of_a_tensor(function: _F) -> _F:
    """A function that refuses what is no Tensor, as a layer's `weight.data` is none."""

    @functools.wraps(function)
    def fill(tensor: Any, *args: Any, **options: Any) -> Any:
        if not isinstance(tensor, Tensor):
            name = function.__name__
            raise ArgumentError(
                f"{name}: expects a Tensor, got a {type(tensor).__name__}. Of a layer: nn.init.{name}(layer.weight)."
            )
        return function(tensor, *args, **options)

    return fill  # type: ignore[return-value]


@_of_a_tensor
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Normal numbers.

    >>> import gradus
    >>> normal_(gradus.zeros((2, 2)), mean=5.0, std=0.0)
    tensor([[5., 5.],
            [5., 5.]])
    """
    return tensor.assign_(random.randn(tensor.shape, dtype=tensor.dtype) * std + mean)


@_of_a_tensor
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Uniform numbers from a to b, b itself left out unless it is a.

    >>> import gradus
    >>> uniform_(gradus.zeros(3), 2.0, 2.0)
    tensor([2., 2., 2.])
    """
    numbers = random.rand(tensor.shape, dtype=tensor.dtype) * (b - a) + a
    below = np.nextafter(np.asarray(b, tensor.dtype), np.asarray(a, tensor.dtype)).item()
    return tensor.assign_(where(numbers < b, numbers, below) if a < b else numbers)


@_of_a_tensor
def constant_(tensor: Tensor, value: float) -> Tensor:
    """One number everywhere.

    >>> import gradus
    >>> constant_(gradus.zeros(2), 0.5)
    tensor([0.5, 0.5])
    """
    return tensor.assign_(full_like(tensor, value))


@_of_a_tensor
def zeros_(tensor: Tensor) -> Tensor:
    """Zeros.

    >>> import gradus
    >>> zeros_(gradus.ones(2))
    tensor([0., 0.])
    """
    return constant_(tensor, 0)


@_of_a_tensor
def ones_(tensor: Tensor) -> Tensor:
    """Ones.

    >>> import gradus
    >>> ones_(gradus.zeros(2))
    tensor([1., 1.])
    """
    return constant_(tensor, 1)


@_of_a_tensor
def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Uniform from -a to a, a = gain sqrt(6 / (fan in + fan out)) (Glorot and Bengio, 2010).

    >>> import gradus
    >>> bool((xavier_uniform_(gradus.zeros((3, 3))).absolute() <= 1).all())
    True
    """
    a = gain * math.sqrt(6 / sum(fans(tensor)))
    return uniform_(tensor, -a, a)


@_of_a_tensor
def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Normal with std = gain sqrt(2 / (fan in + fan out)) (Glorot and Bengio, 2010).

    >>> import gradus
    >>> xavier_normal_(gradus.zeros((3, 3)), gain=0.0).sum()
    tensor(0.)
    """
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(fans(tensor))))


@_of_a_tensor
def kaiming_uniform_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
) -> Tensor:
    """Uniform from -b to b, b = gain sqrt(3 / fan) (He et al., 2015).

    Args:
        a: the slope of the leaky ReLU behind the layer.
        mode: "fan_in" keeps the size of signals, "fan_out" that of gradients.
        nonlinearity: what is behind the layer; see `calculate_gain`.

    >>> import gradus
    >>> bool((kaiming_uniform_(gradus.zeros((2, 6))).absolute() <= 1).all())
    True
    """
    b = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -b, b)


@_of_a_tensor
def kaiming_normal_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Normal with std = gain / sqrt(fan) (He et al., 2015); arguments as in `kaiming_uniform_`.

    >>> import gradus
    >>> kaiming_normal_(gradus.zeros((2, 6)), nonlinearity="relu").shape
    (2, 6)
    """
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity))


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    modes = ("fan_in", "fan_out")
    fan = fans(tensor)[modes.index(one_of("kaiming", "mode", mode, modes))]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


@_of_a_tensor
@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Rows, or columns if they are fewer, at right angles and of length `gain` (Saxe et al., 2013).

    All axes but the first count as one.

    >>> import gradus
    >>> w = orthogonal_(gradus.zeros((2, 3)))
    >>> (w @ w.T).round().absolute().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if tensor.ndim < 2:
        raise ShapeError(f"orthogonal_ needs two axes or more, got shape {tensor.shape}")
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    normal = random.randn(max(rows, columns), min(rows, columns), dtype=dtypes.float64).numpy()
    q, r = np.linalg.qr(normal)
    q *= np.sign(np.diag(r))  # else the signs would not be random: the factorisation chooses them
    value = q if rows >= columns else q.T
    return tensor.assign_(as_tensor(gain * value.reshape(tensor.shape), tensor.dtype))


if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("nn.init")
