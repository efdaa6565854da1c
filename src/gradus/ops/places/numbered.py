"""Elements by keys of all axes, and by their numbers in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import DtypeError
from ...tensor import Tensor
from ..core.primitive import bind, case, promote, public
from ..elementwise.arithmetic import add
from ..making.create import iota
from .index import _scatter_add, as_places, getitem
from .put import as_value, assigned

__all__ = ["index_put", "unravel_index"]


def _put_in(x: np.ndarray, indices: Any, values: Any, accumulate: bool = False) -> np.ndarray:
    y = x.copy()
    if accumulate:
        np.add.at(y, indices, values)
    else:
        y[indices] = values
    return y


_AT = (np.array([0, 2, 0]), np.array([1, 1, 1]))


@public(
    case((3, 4), args=(_AT, True)),
    case((3, 4), args=((np.array([0, 2]),), np.array([True, False, True, True]))),
    case((3, 4), args=(_AT, np.array([True, True, True])), accumulate=True),
    reference=_put_in,
)
def index_put(x: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Tensor:
    """x with values at x[indices]; with `accumulate`, added there, those of equal places together. PyTorch's.

    >>> index_put([1, 2, 3], ([0, 0],), [10, 20], accumulate=True)
    tensor([31,  2,  3])
    """
    x, key = promote(x)[0], tuple(indices)
    value = as_value(x, values)
    if not accumulate:
        return assigned(x, key, value)
    places = getitem(iota(x.size).reshape(x.shape), key)
    more = bind(_scatter_add, value.broadcast_to(places.shape), places, axis=0, length=x.size)
    return add(x, more.reshape(x.shape))


@public(
    case((5,), args=((3, 4),), domain=(0, 12), dtype="int64"),
    case((2, 3), args=(5,), domain=(0, 5), dtype="int64"),
    methods=(),
    gives="int64",
    refuses=("bool", "float"),
)
def unravel_index(indices: Any, shape: int | Sequence[int]) -> tuple[Tensor, ...]:
    """Where elements stand that have these numbers in a tensor of a shape, row by row: a key of all its axes.

    >>> unravel_index([1, 5], (2, 3))
    (tensor([0, 1]), tensor([1, 2]))
    """
    numbers = promote(indices)[0]
    if dtypes.kind(numbers.dtype) != dtypes.INTEGER:
        raise DtypeError(f"unravel_index: needs integers, got {numbers.dtype}. Use astype(int).")
    lengths = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(shape)
    rest, found = as_places(numbers), []
    for n in reversed(lengths):
        found.append(rest % n)
        rest = rest // n
    return tuple(reversed(found))
