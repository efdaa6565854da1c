"""Comparisons, element by element: the result is boolean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes
from ..._methods import method
from ...tensor import Tensor
from ..core.elementwise import binary
from ..core.primitive import cast, promote

__all__ = ["equal", "greater", "greater_equal", "less", "less_equal", "not_equal"]

_OPERANDS = (Tensor, bool, int, float, np.ndarray, np.generic, list, tuple)  # None, say, equals no tensor


def _comparison(name: str, operator: str | None, doc: str, example: str) -> Callable[[Any, Any], Tensor]:
    return binary(
        name,
        lambda xp, x1, x2: getattr(xp, name)(x1, x2),
        (None, None),
        doc,
        example,
        operator=operator,
        result=dtypes.bool_,
        promoted=_comparable,
    )


def _comparable(x1: Any, x2: Any) -> list[Tensor]:
    """The operands in one dtype; integers meet floats in float64, which holds both exactly up to 2^53."""
    operands = promote(x1, x2)
    if dtypes.is_float(operands[0].dtype) and any(_is_whole(x) for x in (x1, x2)):
        operands = [cast(promote(x)[0], dtypes.float64) for x in (x1, x2)]
    return operands


def _is_whole(x: Any) -> bool:
    """Whether x holds integers that floats may not: all types of floats have those of 8 bits."""
    return isinstance(x, (Tensor, np.ndarray)) and x.dtype.kind in "iu" and x.dtype.itemsize > 1


equal = _comparison(
    "equal",
    None,
    "Whether x1 = x2, element by element, as in NumPy; PyTorch's `equal`, one answer, is `(x1 == x2).all()`.",
    "equal([1, 2], [1, 3]) -> tensor([ True, False])",
)
not_equal = _comparison(
    "not_equal",
    None,
    "Whether x1 and x2 differ, element by element.",
    "not_equal([1, 2], [1, 3]) -> tensor([False,  True])",
)


@method("__eq__")
def _eq(x: Tensor, other: Any) -> Tensor:
    return equal(x, other) if isinstance(other, _OPERANDS) else NotImplemented


@method("__ne__")
def _ne(x: Tensor, other: Any) -> Tensor:
    return not_equal(x, other) if isinstance(other, _OPERANDS) else NotImplemented


less = _comparison(
    "less", "lt", "Whether x1 < x2, element by element.", "less([1, 2, 3], 2) -> tensor([ True, False, False])"
)
less_equal = _comparison(
    "less_equal",
    "le",
    "Whether x1 <= x2, element by element.",
    "less_equal([1, 2, 3], 2) -> tensor([ True,  True, False])",
)
greater = _comparison(
    "greater", "gt", "Whether x1 > x2, element by element.", "greater([1, 2, 3], 2) -> tensor([False, False,  True])"
)
greater_equal = _comparison(
    "greater_equal",
    "ge",
    "Whether x1 >= x2, element by element.",
    "greater_equal([1, 2, 3], 2) -> tensor([False,  True,  True])",
)
