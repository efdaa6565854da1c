"""Of many answers one: whether any is yes, whether all are, how many."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import dtypes
from ...tensor import Tensor
from ..core.primitive import case, constant, promote, public
from ..elementwise.logic import isclose
from .reduce import Axis, sum

__all__ = ["all", "allclose", "any", "array_equal", "count_nonzero"]


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


@public(
    case((2, 3), domain=(0, 2), dtype="int64"), case((2, 3), domain=(0, 2), dtype="int64", axis=1), gives="int64"
)
def count_nonzero(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """How many elements along `axis` are not 0.

    >>> count_nonzero([[0, 3], [1, 2]], axis=1)
    tensor([1, 2])
    """
    return sum(promote(x)[0] != 0, axis, keepdims)


@public(case((3, 4), (3, 4)), gives="bool")
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether all pairs of elements are close, as `isclose` has it.

    >>> allclose([1.0, 2.0], [1.0, 2.000001])
    tensor(True)
    """
    return all(isclose(x1, x2, rtol, atol, equal_nan))


@public(case((3, 4), (3, 4)), case((3, 4), (3,)), case((2, 2), args=(np.zeros((2, 2)),)), methods=(), gives="bool")
def array_equal(x1: Any, x2: Any, equal_nan: bool = False) -> Tensor:
    """Whether two tensors have the same shape and the same elements; with `equal_nan` NaN counts as the same.

    >>> array_equal([1, 2], [1, 2]), array_equal([1], [1, 1])
    (tensor(True), tensor(False))
    """
    a, b = promote(x1, x2)
    if a.shape != b.shape:
        return constant((), False, dtypes.bool_)
    return all((a == b) | ((a != a) & (b != b)) if equal_nan else a == b)
