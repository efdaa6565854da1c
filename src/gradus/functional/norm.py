"""Normalisation: numbers brought to mean 0 and variance 1, then scaled and shifted by what is learned.

Half precision is normalised in float32: its squares may be too large for float16.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import ArgumentError, ShapeError
from ..ops import where
from ..ops.core import cascade
from ..ops.core.by_hand import Saved, by_hand
from ..ops.core.primitive import Shaped, cast, constant, promote
from ..ops.making.create import as_shape
from ..tensor import Tensor

__all__ = ["batch_norm", "layer_norm"]


def batch_norm(
    x: Any,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float | Tensor = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """weight (x - mean) / sqrt(var + eps) + bias, with mean and variance of each channel (Ioffe and Szegedy, 2015).

    Args:
        x: (n, c) or (n, c, ...).
        running_mean, running_var: (c,) averages over the batches seen so far. Used when not training; in training
            the batch's own are used, and a share `momentum` of them (the variance divided by the count - 1) is
            written into the averages.
        weight, bias: (c,), or None.
        eps: keeps the root away from 0.

    Raises:
        ShapeError: in training with one number a channel, whose variance says nothing.
        ArgumentError: without running averages outside training.

    >>> batch_norm([[1.0], [3.0]], training=True, eps=0)
    tensor([[-1.],
            [ 1.]])
    """
    x = promote(x, floats=True)[0]
    dtype, x = x.dtype, cast(x, dtypes.accumulator(x.dtype))
    if x.ndim < 2:
        raise ShapeError(f"batch_norm: expects (n, c) or (n, c, ...), got {x.shape}")
    channels = (-1, *(1,) * (x.ndim - 2))
    scale = None if weight is None else weight.reshape(channels)
    if training:
        y = _by_batch(x, running_mean, running_var, scale, momentum, eps)
    elif running_mean is None or running_var is None:
        raise ArgumentError("batch_norm: outside training the running mean and variance are needed")
    else:
        root = (running_var.reshape(channels) + eps).sqrt()
        y = (x - running_mean.reshape(channels)) * (1 / root if scale is None else scale / root)
    return cast(y if bias is None else y + bias.reshape(channels), dtype)


def _by_batch(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    scale: Tensor | None,
    momentum: float | Tensor,
    eps: float,
) -> Tensor:
    """Normalised by the batch's own mean and variance, which are mixed into the running averages."""
    count = x.size // max(x.shape[1], 1)
    if count < 2:
        raise ShapeError(
            f"batch_norm: training needs more than one value per channel, got shape {x.shape}",
            "Use a larger batch (drop_last=True in the loader), or model.eval().",
        )
    axes = (0, *range(2, x.ndim))
    found: list[np.ndarray] = []
    y = _standardised_by_hand(x, axes=axes, eps=eps, saved=found)
    if y is not None:
        mean, var = Tensor(found[0]), Tensor(found[1])
        y = y if scale is None else y * scale
    else:
        mean = x.mean(axes, keepdims=True)
        centred = x - mean
        var = (centred * centred).mean(axes, keepdims=True)
        root = (var + eps).sqrt()
        y = centred * (1 / root if scale is None else scale / root)
    for running, new in ((running_mean, mean), (running_var, var * (count / (count - 1)))):
        if running is not None:
            old = cast(running, dtypes.accumulator(running.dtype))
            mixed = old * (1 - momentum) + new.detach().reshape(running.shape) * momentum
            running.assign_(cast(mixed, running.dtype))
    return y


def layer_norm(
    x: Any,
    normalized_shape: int | Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """weight (x - mean) / sqrt(var + eps) + bias, with mean and variance over the last axes (Ba et al., 2016).

    Args:
        x: (..., *normalized_shape).
        normalized_shape: the lengths of the axes that are normalised together.
        weight, bias: of that shape, or None.

    >>> layer_norm([[1.0, 3.0], [10.0, 30.0]], 2, eps=0)
    tensor([[-1.,  1.],
            [-1.,  1.]])
    """
    x = promote(x, floats=True)[0]
    dtype, x = x.dtype, cast(x, dtypes.accumulator(x.dtype))
    shape = as_shape(normalized_shape)
    if x.shape[-len(shape) :] != shape:
        raise ShapeError(f"layer_norm: normalises the last axes {shape}, got shape {x.shape}")
    y = _by_row(x, tuple(range(x.ndim - len(shape), x.ndim)), eps)
    y = y if weight is None else y * weight
    return cast(y if bias is None else y + bias, dtype)


def _by_row(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    found: list[np.ndarray] = []
    y = _standardised_by_hand(x, axes=axes, eps=eps, saved=found)
    if y is not None and np.isfinite(found[1]).all():
        return y
    unit = _unit(x, axes)
    centred = (x - x.mean(axes, keepdims=True)) * unit
    return centred / ((centred * centred).mean(axes, keepdims=True) + eps * unit * unit).sqrt()


def _unit(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """1, or for rows of numbers whose squares would be infinite a small power of 2, by which nothing is rounded."""
    half = np.finfo(x.dtype).maxexp // 2
    one = constant((), 1.0, x.dtype)
    return where(x.detach().absolute().max(axes, keepdims=True) < 2.0 ** (half - 14), one, 2.0 ** (-half * 5 // 4))


def _standardised(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    """(x - mean) / sqrt(var + eps), over some axes."""
    centred = x - x.mean(axes, keepdims=True)
    return centred / ((centred * centred).mean(axes, keepdims=True) + eps).sqrt()


def _mean(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    shape = [1 if i in axes else n for i, n in enumerate(x.shape)]
    total = cascade.total(x, axes, x.dtype).reshape(shape)
    found: np.ndarray = np.divide(total, math.prod(x.shape[i] for i in axes), dtype=x.dtype)
    return found


def _forward(x: np.ndarray, axes: tuple[int, ...], eps: float, saved: Saved) -> np.ndarray:
    mean = _mean(x, axes)
    y: np.ndarray = x - mean
    var = _mean(y * y, axes)
    root = np.sqrt(var + eps)
    y /= root
    saved[:] = mean, var, root
    return y


def _backward(
    g: np.ndarray, y: np.ndarray, x: np.ndarray, axes: tuple[int, ...], eps: float, saved: Saved
) -> list[np.ndarray]:
    """(g - mean(g) - y mean(g y)) / sqrt(var + eps)."""
    d = g - _mean(g, axes)
    d -= y * _mean(g * y, axes)
    d /= saved[2]
    return [d]


_standardised_by_hand = by_hand(
    "standardise", _standardised, lambda x, axes, eps: Shaped(x.shape, x.dtype), _forward, _backward
)
