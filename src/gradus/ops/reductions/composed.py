"""Functions of arrays made from the primitives: nothing here has a gradient of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes
from ..._methods import method
from ...tensor import Tensor
from ..core.primitive import case, normalize_axes, promote, public
from ..core.wide import in_float32, integers_in_float64
from ..elementwise.arithmetic import negative
from ..elementwise.bits import invert
from ..elementwise.choice import where
from ..elementwise.comparison import greater, less, not_equal
from ..shapes.movement import swapaxes, transpose
from .reduce import Axis, argmax, max, sum

__all__ = ["all", "any", "argmin", "clip", "logsumexp", "mean", "min", "std", "var"]


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True), gives="float")
@in_float32
@integers_in_float64
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The average along `axis`: sum / n; of integers rounded once.

    >>> mean([1.0, 2.0, 6.0])
    tensor(3.)
    """
    x = promote(x, floats=True)[0]
    count = math.prod(x.shape[a] for a in normalize_axes("mean", axis, x.ndim))
    return sum(x, axis, keepdims) / (count or math.nan)


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True), gives="float")
@in_float32
@integers_in_float64
def var(x: Any, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
    """The variance along `axis`: sum((x - mean)^2) / (n - ddof). As in NumPy, and unlike in PyTorch, ddof is 0.

    >>> var([1.0, 2.0, 6.0])
    tensor(4.6666665)
    """
    x = promote(x, floats=True)[0]
    count = math.prod(x.shape[a] for a in normalize_axes("var", axis, x.ndim)) - ddof
    centred = x - mean(x, axis, keepdims=True)
    centred = centred - mean(centred.detach(), axis, keepdims=True)  # the mean of large numbers was rounded
    return sum(centred * centred, axis, keepdims) / (count if count > 0 else math.nan)


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True), gives="float")
@in_float32
def std(x: Any, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
    """The standard deviation: the square root of `var`. Gradient of equal numbers: 0.

    >>> std([1.0, 3.0])
    tensor(1.)
    """
    square = var(x, axis, keepdims, ddof)
    zero = square == 0  # where the root has a corner, and all differences from the mean are 0
    return where(zero, 0, where(zero, 1, square).sqrt())


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True))
def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element along `axis`: -max(-x). Gradient: as that of `max`.

    >>> min([[1, 2], [3, 0]], axis=1)
    tensor([1, 0])
    """
    return _reverse(max(_reverse(promote(x)[0]), axis, keepdims))


@public(case((2, 3, 4)), case((2, 3, 4), axis=1), gives="int64")
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the smallest element stands along `axis`.

    >>> argmin([3, 1, 2])
    tensor(1)
    """
    return argmax(_reverse(promote(x)[0]), axis, keepdims)


def _reverse(x: Tensor) -> Tensor:
    """The order of the numbers turned round: -x, or for integers and booleans ~x, which never runs over."""
    return negative(x) if dtypes.is_float(x.dtype) else invert(x)


@public(case((2, 3), domain=(0, 2), dtype="int64"), case((2, 3), domain=(0, 2), dtype="int64", axis=1), gives="bool")
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether any element along `axis` is not 0.

    >>> any([[0, 0], [0, 1]], axis=1)
    tensor([False,  True])
    """
    return sum(promote(x)[0] != 0, axis, keepdims) > 0


@public(case((2, 3), domain=(0, 2), dtype="int64"), case((2, 3), domain=(0, 2), dtype="int64", axis=1), gives="bool")
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether every element along `axis` is not 0.

    >>> all([[1, 0], [1, 1]], axis=1)
    tensor([False,  True])
    """
    return sum(promote(x)[0] == 0, axis, keepdims) == 0


@public(case((3, 4), args=(-0.5, 0.5)), methods=("clip",), gives="float")
def clip(x: Any, lowest: float | None = None, highest: float | None = None) -> Tensor:
    """Numbers below `lowest` become it, above `highest` that. Gradient: g at the bounds, unlike PyTorch at NaN too.

    Outside it is 0; a bound that is a tensor gets g where it holds.

    >>> clip([-2.0, 0.3, 5.0], 0, 1)
    tensor([0. , 0.3, 1. ])
    """
    x = promote(x)[0]
    if lowest is not None:
        x = _bounded(x, lowest, less)
    return x if highest is None else _bounded(x, highest, greater)


def _bounded(x: Tensor, bound: Any, beyond: Callable[[Any, Any], Tensor]) -> Tensor:
    """The bound where x is beyond it, or where the bound is NaN."""
    outside = beyond(x, bound)
    if not isinstance(bound, (int, float)) or bound != bound:
        outside = outside | not_equal(bound, bound)
    return where(outside, bound, x)


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
    highest = max(x.detach(), axis, keepdims=True)
    highest = where(highest.absolute() < math.inf, highest, 0)  # of infinities alone, nothing is taken out
    total = sum((x - highest).exp(), axis, keepdims=True)
    nothing = total == 0  # -inf alone: the logarithm is -inf, and no number has a share in it
    total = where(nothing, -math.inf, where(nothing, 1, total).log() + highest)
    return total if keepdims else total.squeeze(normalize_axes("logsumexp", axis, x.ndim))


def T(x: Tensor) -> Tensor:
    """The axes turned round: of a matrix, its transpose.

    >>> import gradus
    >>> gradus.ones((2, 3)).T.shape
    (3, 2)
    """
    return transpose(x)


def mT(x: Tensor) -> Tensor:
    """The last two axes exchanged: of a batch of matrices, their transposes.

    >>> import gradus
    >>> gradus.ones((5, 2, 3)).mT.shape
    (5, 3, 2)
    """
    return swapaxes(x, -1, -2)


method("T")(property(T))
method("mT")(property(mT))
