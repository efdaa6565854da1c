"""Choice by a condition, and conversion to another dtype, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import dtypes
from ...tensor import Tensor
from ..core.lowering import Elementwise
from ..core.primitive import (
    Primitive,
    Shaped,
    bind,
    broadcast_shapes,
    case,
    cast,
    cast_p,
    promote,
    public,
    unbroadcast,
)

__all__ = ["astype", "where"]

_NOT_GIVEN = object()

_MANY = 4096  # numbers from which on NumPy's where, which takes a branch for each, is the slower way
_WORDS = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}


def chosen(xp: Any, condition: Any, x1: Any, x2: Any) -> Any:
    """Bits chosen by a mask of ones or zeros: x2 ^ ((x1 ^ x2) & mask); of few numbers, by `where`."""
    if xp is not np or condition.size < _MANY or np.broadcast(condition, x1, x2).shape != condition.shape:
        return xp.where(condition, x1, x2)
    word = _WORDS[x1.dtype.itemsize]
    a, b, first = x1.view(word), x2.view(word), condition.view(np.int8)
    if _zero_everywhere(a):
        bits = np.subtract(first, 1, dtype=word)
        bits &= b
    else:
        bits = np.negative(first, dtype=word)
        if _zero_everywhere(b):
            bits &= a
        else:
            bits &= a ^ b
            bits ^= b
    return bits.view(x1.dtype)


def _zero_everywhere(x: Any) -> bool:
    """Whether x is a 0 that was stretched."""
    return not any(x.strides) and not x[(0,) * x.ndim]


def _chosen(condition: Tensor, x1: Any, x2: Any) -> Tensor:
    return where(condition, x1, x2)


_where = Primitive(
    "where",
    rule=lambda condition, x1, x2: Shaped(broadcast_shapes("where", condition.shape, x1.shape, x2.shape), x1.dtype),
    forward=chosen,
    vjp=(
        None,
        lambda g, y, condition, x1, x2: unbroadcast(_chosen(condition, g, 0), x1.shape),
        lambda g, y, condition, x1, x2: unbroadcast(_chosen(condition, 0, g), x2.shape),
    ),
    lower=Elementwise(),
)


@public(
    case((3, 4), (3, 4), (3, 4)),
    case((3, 4), (3, 4), (3, 4), domain=(0, 2), dtype="int64"),
    methods=(),
    reference=lambda condition, x1, x2: np.where(condition != 0, x1, x2),
)
def where(condition: Any, x1: Any = _NOT_GIVEN, x2: Any = _NOT_GIVEN) -> Tensor:
    """x1 where the condition is true, else x2. Gradient: g to the one that was chosen. `where(x)` is `nonzero(x)`.

    >>> import gradus
    >>> where(gradus.tensor([True, False]), 1.0, 2.0)
    tensor([1., 2.])
    """
    condition = promote(condition)[0]
    if x1 is _NOT_GIVEN and x2 is _NOT_GIVEN:
        places: Any = condition.nonzero()
        return places  # type: ignore[no-any-return]  # a tuple of them
    return bind(_where, cast(condition, dtypes.bool_), *promote(x1, x2))


@public(
    case((3, 4), dtype="float32"),
    methods=("astype",),
    reference=lambda x, dtype="float64": x.astype(dtype),
    gives="float64",
)
def astype(x: Any, dtype: Any = "float64", *, copy: bool = False) -> Tensor:
    """The same numbers in another dtype; with `copy` in memory of their own, were it the same one.

    >>> import gradus
    >>> gradus.tensor([1.7, -1.7]).astype(int)
    tensor([ 1, -1])
    """
    x, wanted = promote(x)[0], dtypes.as_dtype(dtype)
    return bind(cast_p, x, dtype=wanted) if copy else cast(x, wanted)
