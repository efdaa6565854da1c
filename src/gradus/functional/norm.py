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
from ..ops import pad, where
from ..ops.core import cascade
from ..ops.core.by_hand import Saved, by_hand
from ..ops.core.primitive import Shaped, cast, constant, promote
from ..ops.making.create import as_shape
from ..ops.reductions.reduce import kept
from ..tensor import Tensor
from .checks import in_range

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"]


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
    in_range("batch_norm", "eps", eps, "[0, inf)")
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
    axes = (0, *range(2, x.ndim))
    count = math.prod(x.shape[a] for a in axes)
    if count < 2:
        raise ShapeError(
            f"batch_norm: training needs more than one value per channel, got shape {x.shape}",
            "Use a larger batch (drop_last=True in the loader), or model.eval().",
            mistake="batch-norm-of-one",
        )
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
    if not x.size:
        return one
    return where(x.detach().absolute().max(axes, keepdims=True) < 2.0 ** (half - 14), one, 2.0 ** (-half * 5 // 4))


def _standardised(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    """(x - mean) / sqrt(var + eps), over some axes."""
    centred = x - x.mean(axes, keepdims=True)
    return centred / ((centred * centred).mean(axes, keepdims=True) + eps).sqrt()


def _mean(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    total = cascade.total(x, axes, x.dtype).reshape(kept(x.shape, axes))
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


def rms_norm(
    x: Any, normalized_shape: int | Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """weight x / sqrt(mean x^2 + eps), with the mean over the last axes (Zhang and Sennrich, 2019).

    Args:
        x: (..., *normalized_shape).
        normalized_shape: the lengths of the axes that are normalised together.
        weight: of that shape, or None.
        eps: keeps the root away from 0; the distance of 1 to the next number of x's type unless given.

    >>> rms_norm([[3.0, 4.0]], 2, eps=0.0) * 12.5 ** 0.5
    tensor([[3., 4.]])
    """
    x = promote(x, floats=True)[0]
    eps = float(np.finfo(dtypes.accumulator(x.dtype)).eps) if eps is None else eps
    dtype, x = x.dtype, cast(x, dtypes.accumulator(x.dtype))
    shape = as_shape(normalized_shape)
    if x.shape[-len(shape) :] != shape:
        raise ShapeError(f"rms_norm: normalises the last axes {shape}, got shape {x.shape}")
    axes = tuple(range(-len(shape), 0))
    unit = _unit(x, axes)
    small = x * unit
    y: Tensor = small / ((small * small).mean(axes, keepdims=True) + eps * unit * unit).sqrt()
    return cast(y if weight is None else y * weight, dtype)


def group_norm(
    x: Any, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """weight (x - mean) / sqrt(var + eps) + bias, over groups of a sample's channels (Wu and He, 2018).

    Args:
        x: (n, c, ...).
        num_groups: into how many groups the channels are cut; it divides c.
        weight, bias: (c,), or None.

    >>> group_norm([[1.0, 3.0, 10.0, 30.0]], 2, eps=0)
    tensor([[-1.,  1., -1.,  1.]])
    """
    x = promote(x, floats=True)[0]
    if x.ndim < 2 or num_groups < 1 or x.shape[1] % num_groups:
        raise ShapeError(f"group_norm: {num_groups} groups do not divide the channels of {x.shape}, (n, c, ...)")
    grouped = x.reshape(x.shape[0], num_groups, -1)
    y = layer_norm(grouped, grouped.shape[-1], eps=eps).reshape(x.shape)
    return _scaled(y, weight, bias)


def _scaled(y: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """Each channel, axis 1, multiplied and shifted."""
    channels = (-1, *(1,) * (y.ndim - 2))
    y = y if weight is None else y * weight.reshape(channels)
    return y if bias is None else y + bias.reshape(channels)


def instance_norm(
    x: Any,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float | Tensor = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """weight (x - mean) / sqrt(var + eps) + bias, over each channel of each sample (Ulyanov et al., 2016).

    Args:
        x: (n, c, ...), with at least one axis after the channels.
        running_mean, running_var: (c,): averages over samples, written with a share `momentum` of the new; used in
            place of the sample's own where `use_input_stats` is False.
        weight, bias: (c,), or None.

    >>> instance_norm([[[1.0, 3.0], [10.0, 30.0]]], eps=0)
    tensor([[[-1.,  1.],
             [-1.,  1.]]])
    """
    x = promote(x, floats=True)[0]
    if x.ndim < 3:
        raise ShapeError(f"instance_norm: expects (n, c, ...) with places after the channels, got {x.shape}")
    if not use_input_stats:
        return batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
    n, c, *places = x.shape
    if x.size and math.prod(places) < 2:
        raise ShapeError(f"instance_norm: needs more than one value per channel, got shape {x.shape}")
    if running_mean is not None or running_var is not None:
        _running(cast(x, dtypes.accumulator(x.dtype)), running_mean, running_var, momentum)
    rows = x.reshape(n * c, -1)
    return _scaled(layer_norm(rows, rows.shape[-1], eps=eps).reshape(x.shape), weight, bias)


def _running(x: Tensor, running_mean: Tensor | None, running_var: Tensor | None, momentum: float | Tensor) -> None:
    """Mix the mean over samples of each channel's mean and variance into the running averages."""
    axes = tuple(range(2, x.ndim))
    mean, var = x.detach().mean(axes).mean(0), x.detach().var(axes, ddof=1).mean(0)
    for running, new in ((running_mean, mean), (running_var, var)):
        if running is not None:
            old = cast(running, dtypes.accumulator(running.dtype))
            running.assign_(cast(old * (1 - momentum) + new * momentum, running.dtype))


def local_response_norm(x: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha / size sum x^2)^beta, the sum over `size` neighbouring channels (Krizhevsky et al., 2012).

    Args:
        x: (n, c, ...).
        size: how many channels, the element's own in the middle.

    >>> local_response_norm([[[1.0], [2.0]]], 1, alpha=1.0, beta=1.0, k=0.0)
    tensor([[[1. ],
             [0.5]]])
    """
    x = promote(x, floats=True)[0]
    if x.ndim < 3:
        raise ShapeError(f"local_response_norm: expects (n, c, ...), got {x.shape}")
    square = x * x
    before, after = size // 2, (size - 1) // 2
    longer = pad(square, [(0, 0), (before, after), *[(0, 0)] * (x.ndim - 2)])
    total = sum((longer[:, i : i + x.shape[1]] for i in range(1, size)), longer[:, : x.shape[1]])
    y: Tensor = x / (k + alpha / size * total) ** beta
    return y
