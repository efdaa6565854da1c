"""Lengths of vectors, and sums of exponentials: powers summed, and the power undone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import ArgumentError
from ...tensor import Tensor
from ..core.primitive import case, cast, normalize_axes, promote, public
from ..core.wide import in_float32
from ..elementwise.choice import where
from .extremes import min
from .reduce import Axis, max, sum

__all__ = ["logsumexp", "norm"]


@public(
    case((2, 3, 4), axis=1),
    case((3,), axis=-1),
    reference=lambda x, axis: np.log(np.exp(x).sum(axis)),
    gives="float",
)
@in_float32
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum(e^x)), exact for large x: the largest is taken out first. Gradient: g softmax(x), 0 where all are -inf.

    >>> f"{logsumexp([1000.0, 1000.0]):.2f}"
    '1000.69'
    """
    x = promote(x, floats=True)[0]
    if not x.size:
        return sum(x, axis, keepdims) - math.inf  # of nothing, the sum is 0
    highest = max(x.detach(), axis, keepdims=True)
    highest = where(highest.absolute() < math.inf, highest, 0)  # of infinities alone, nothing is taken out
    total = sum((x - highest).exp(), axis, keepdims=True)
    nothing = total == 0  # -inf alone: the logarithm is -inf, and no number has a share in it
    total = where(nothing, -math.inf, where(nothing, 1, total).log() + highest)
    return total if keepdims else total.squeeze(normalize_axes("logsumexp", axis, x.ndim))


@public(
    case((2, 3, 4)),
    case((2, 3, 4), axis=1),
    case((2, 3), args=(1,), axis=0, keepdims=True),
    case((2, 3), args=(math.inf,), axis=0),
    case((2, 3), args=(3,), axis=-1, domain=(0.5, 2.0)),
    reference=lambda x, order=2, axis=None, keepdims=False: np.linalg.norm(
        x.ravel() if axis is None else x, order, axis, keepdims
    ),
    gives="float",
)
@in_float32
def norm(x: Any, order: float | str = 2, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The length along `axis`: (sum |x|^order)^(1/order). Gradient of order 2: g x / y; where all are 0, it is 0.

    Order 1 is the sum of |x|, infinity the largest, minus infinity the smallest of them, 0 how many are not 0; "fro",
    Frobenius' norm, is 2.

    >>> norm([3.0, 4.0]), norm([3.0, 4.0], math.inf)
    (tensor(5.), tensor(4.))
    """
    x = promote(x, floats=True)[0]
    order = 2 if order == "fro" else order
    if not isinstance(order, (int, float)):
        raise ArgumentError(f"norm: the order is a number, got {order!r}. For norms of matrices use linalg.norm.")
    if order == 0:
        return cast(sum(x != 0, axis, keepdims), x.dtype)
    size = x.absolute()
    if math.isinf(order):
        return max(size, axis, keepdims) if order > 0 else min(size, axis, keepdims)
    if order == 1:
        return sum(size, axis, keepdims)
    zero = x == 0
    powers = x * x if order == 2 else where(zero, 0 if order > 0 else math.inf, where(zero, 1, size) ** order)
    total = sum(powers, axis, keepdims)
    zero = total == 0  # where the root has a corner
    root = where(zero, 1, total)
    return where(zero, 0 if order > 0 else math.inf, root.sqrt() if order == 2 else root ** (1 / order))
