"""Windows: weights for a piece of a signal, that fall off towards its ends. NumPy's, and by its names."""

from __future__ import annotations

import math
from typing import Any

from ... import dtypes
from ...errors import ArgumentError
from ...tensor import Tensor
from ..core.primitive import constant
from ..elementwise.angles import cos
from ..elementwise.special import i0
from .create import iota

__all__ = ["bartlett", "blackman", "hamming", "hanning", "kaiser"]


def _places(name: str, length: int) -> Tensor:
    """From -1 at the first number to 1 at the last; of one number 0."""
    if length < 0:
        raise ArgumentError(f"{name}: the length is 0 or more, got {length}")
    if length == 1:
        return constant((1,), 0, dtypes.float64)
    return (iota(length, dtypes.float64) * 2 - (length - 1)) / max(length - 1, 1)


def _cosines(name: str, length: int, weights: tuple[float, ...], dtype: Any) -> Tensor:
    places = _places(name, length) * math.pi
    total: Any = places * 0
    for k, weight in enumerate(weights):
        total = total + weight * cos(places * k)
    return total.astype(dtypes.as_dtype(dtype))  # type: ignore[no-any-return]


def bartlett(length: int, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
    """A triangle: 0 at both ends, 1 in the middle.

    >>> bartlett(5)
    tensor([0. , 0.5, 1. , 0.5, 0. ])
    """
    return (1 - _places("bartlett", length).absolute()).astype(dtypes.as_dtype(dtype))


def hanning(length: int, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
    """Hann's: (1 + cos(pi t)) / 2, for t from -1 to 1. One that repeats, as of PyTorch's, is hanning(length + 1)[:-1].

    >>> hanning(3).round(6)
    tensor([0., 1., 0.])
    """
    return _cosines("hanning", length, (0.5, 0.5), dtype)


def hamming(length: int, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
    """Hamming's: 0.54 + 0.46 cos(pi t), for t from -1 to 1.

    >>> hamming(3).round(2)
    tensor([0.08, 1.  , 0.08])
    """
    return _cosines("hamming", length, (0.54, 0.46), dtype)


def blackman(length: int, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
    """Blackman's: 0.42 + 0.5 cos(pi t) + 0.08 cos(2 pi t), for t from -1 to 1.

    >>> blackman(3).round(6).absolute()
    tensor([0., 1., 0.])
    """
    return _cosines("blackman", length, (0.42, 0.5, 0.08), dtype)


def kaiser(length: int, beta: float, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
    """Kaiser's: i0(beta sqrt(1 - t^2)) / i0(beta), for t from -1 to 1; the larger beta, the narrower.

    >>> kaiser(3, 0.0)
    tensor([1., 1., 1.])
    """
    t = _places("kaiser", length)
    inside = (1 - t * t).clip(0, None).sqrt()
    return (i0(inside * beta) / i0(constant((), beta, dtypes.float64))).astype(dtypes.as_dtype(dtype))
