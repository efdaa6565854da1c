"""The softmax and its logarithm, composed of primitives and by hand."""

from __future__ import annotations

from typing import Any
from weakref import ref

import numpy as np

from ...tensor import Tensor
from ..core import cascade
from ..core.by_hand import Saved, by_hand
from ..core.primitive import Shaped, case, normalize_axes, promote, public
from ..core.wide import in_float32, of_dtype

__all__ = ["log_softmax", "softmax"]

_last: dict[str, ref[Tensor]] = {}


def _reference(x: np.ndarray, axis: int = -1) -> np.ndarray:
    y: np.ndarray = np.exp(x) / np.exp(x).sum(axis, keepdims=True)
    return y


@public(case((2, 3), axis=-1), case((2, 3, 4), axis=1), methods=("softmax",), reference=_reference, gives="float")
@of_dtype
@in_float32
def softmax(x: Any, axis: int = -1, *, dtype: Any = None) -> Tensor:
    """Numbers above 0 that sum to 1 along `axis`: e^x / sum(e^x). No x is too large: the largest is taken out first.

    >>> softmax([1000.0, 1000.0])
    tensor([0.5, 0.5])
    """
    return _worked_out("softmax", promote(x, floats=True)[0], axis, _softmax_by_hand, softmax_composed)


@public(
    case((2, 3), axis=-1),
    case((2, 3, 4), axis=1),
    methods=("log_softmax",),
    reference=lambda x, axis=-1: np.log(_reference(x, axis)),
    gives="float",
)
@of_dtype
@in_float32
def log_softmax(x: Any, axis: int = -1, *, dtype: Any = None) -> Tensor:
    """log(softmax(x)), exact where a softmax would round to 0: x - log(sum(e^x)).

    >>> log_softmax([0.0, 1000.0])
    tensor([-1000.,     0.])
    """
    return _worked_out("log_softmax", promote(x, floats=True)[0], axis, _log_softmax_by_hand, log_softmax_composed)


def _worked_out(name: str, z: Tensor, axis: int, in_one_piece: Any, composed: Any) -> Tensor:
    """By hand, where eager mode does that."""
    if not z.size:
        normalize_axes(name, axis, z.ndim)
        return z
    y: Tensor | None = in_one_piece(z, axis=axis) if _is_axis(z, axis) else None
    found: Tensor = composed(z, axis) if y is None else y
    _last[name] = ref(found)
    return found


def made_by(name: str, x: Any) -> bool:
    """Whether a tensor is the last result of "softmax" or of "log_softmax".

    >>> x = softmax([1.0, 2.0])
    >>> made_by("softmax", x), made_by("log_softmax", x)
    (True, False)
    """
    return name in _last and _last[name]() is x


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
