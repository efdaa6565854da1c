"""The softmax and its logarithm, composed of primitives and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.core import cascade
from ..ops.core.by_hand import Saved, by_hand
from ..ops.core.primitive import Shaped, normalize_axes
from ..tensor import Tensor


def softmax_of(z: Tensor, axis: int) -> Tensor:
    """e^z / sum(e^z) of numbers with a point; eager mode does it in one piece."""
    if not z.size:
        normalize_axes("softmax", axis, z.ndim)
        return z
    y = _softmax_by_hand(z, axis=axis) if _is_axis(z, axis) else None
    return softmax_composed(z, axis) if y is None else y


def log_softmax_of(z: Tensor, axis: int) -> Tensor:
    """z - log(sum(e^z)), likewise."""
    if not z.size:
        normalize_axes("log_softmax", axis, z.ndim)
        return z
    y = _log_softmax_by_hand(z, axis=axis) if _is_axis(z, axis) else None
    return log_softmax_composed(z, axis) if y is None else y


def _is_axis(z: Tensor, axis: Any) -> bool:
    return isinstance(axis, int) and -z.ndim <= axis < z.ndim and z.size > 0


def softmax_composed(z: Tensor, axis: int) -> Tensor:
    e = (z - z.detach().max(axis, keepdims=True)).exp()
    return e / e.sum(axis, keepdims=True)


def log_softmax_composed(z: Tensor, axis: int) -> Tensor:
    z = z - z.detach().max(axis, keepdims=True)  # first, so that the digits of large numbers cancel
    return z - z.exp().sum(axis, keepdims=True).log()


def _total(x: np.ndarray, axis: int) -> np.ndarray:
    return np.expand_dims(cascade.total(x, (axis % x.ndim,), x.dtype), axis)


def _softmax_forward(z: np.ndarray, axis: int, saved: Saved) -> np.ndarray:
    e: np.ndarray = np.exp(z - z.max(axis, keepdims=True))
    e /= _total(e, axis)
    return e


def _softmax_backward(g: np.ndarray, y: np.ndarray, z: np.ndarray, axis: int, saved: Saved) -> list[np.ndarray]:
    """y (g - sum(g y))."""
    return [y * (g - _total(g * y, axis))]


def _log_softmax_forward(z: np.ndarray, axis: int, saved: Saved) -> np.ndarray:
    y: np.ndarray = z - z.max(axis, keepdims=True)
    y -= np.log(_total(np.exp(y), axis))
    return y


def _log_softmax_backward(g: np.ndarray, y: np.ndarray, z: np.ndarray, axis: int, saved: Saved) -> list[np.ndarray]:
    """g - e^y sum(g)."""
    return [g - np.exp(y) * _total(g, axis)]


def _rule(z: Any, axis: int) -> Shaped:
    return Shaped(z.shape, z.dtype)


_softmax_by_hand = by_hand("softmax", softmax_composed, _rule, _softmax_forward, _softmax_backward)
_log_softmax_by_hand = by_hand("log_softmax", log_softmax_composed, _rule, _log_softmax_forward, _log_softmax_backward)
