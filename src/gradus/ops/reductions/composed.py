"""Functions of arrays made from the primitives: nothing here has a gradient of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes
from ..._methods import method
from ...errors import ArgumentError
from ...tensor import Tensor
from ..core.primitive import case, cast, normalize_axes, promote, public
from ..core.wide import in_float32, integers_in_float64
from ..elementwise.arithmetic import negative
from ..elementwise.bits import invert
from ..elementwise.choice import where
from ..elementwise.comparison import greater, less, not_equal
from ..elementwise.logic import isclose
from ..shapes.movement import swapaxes, transpose
from .reduce import Axis, argmax, max, sum

__all__ = [
    "all",
    "allclose",
    "any",
    "argmin",
    "clip",
    "count_nonzero",
    "logsumexp",
    "mean",
    "min",
    "nanmean",
    "nansum",
    "norm",
    "ptp",
    "std",
    "var",
]


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
        raise ArgumentError(f"norm: the order is a number, got {order!r}. Of all elements, 2 is Frobenius' norm.")
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


@public(case((2, 3)), case((2, 3), axis=1), gives="sum")
def nansum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum along `axis` of all that is no NaN. Gradient: g, to each number.

    >>> nansum([1.0, math.nan, 2.0])
    tensor(3.)
    """
    x = promote(x)[0]
    return sum(where(x != x, False, x), axis, keepdims)


@public(case((2, 3)), case((2, 3), axis=1), gives="float")
@in_float32
@integers_in_float64
def nanmean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The average along `axis` of all that is no NaN; NaN if nothing is.

    >>> nanmean([1.0, math.nan, 2.0])
    tensor(1.5)
    """
    x = promote(x, floats=True)[0]
    return nansum(x, axis, keepdims) / sum(x == x, axis, keepdims).astype(x.dtype)


@public(
    case((2, 3), domain=(0, 2), dtype="int64"), case((2, 3), domain=(0, 2), dtype="int64", axis=1), gives="int64"
)
def count_nonzero(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """How many elements along `axis` are not 0.

    >>> count_nonzero([[0, 3], [1, 2]], axis=1)
    tensor([1, 2])
    """
    return sum(promote(x)[0] != 0, axis, keepdims)


@public(case((2, 3)), case((2, 3), axis=1), refuses=("bool",))
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """From the smallest element along `axis` to the largest: their difference.

    >>> ptp([3, 8, 5])
    tensor(5)
    """
    a = promote(x)[0]
    return max(a, axis, keepdims) - min(a, axis, keepdims)


@public(case((3, 4), (3, 4)), gives="bool")
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether all pairs of elements are close, as `isclose` has it.

    >>> allclose([1.0, 2.0], [1.0, 2.000001])
    tensor(True)
    """
    return all(isclose(x1, x2, rtol, atol, equal_nan))


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
