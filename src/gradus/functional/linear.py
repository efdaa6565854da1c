"""The weighted sum, and tables of vectors looked up by number."""

from __future__ import annotations

from typing import Any

from ..errors import DtypeError
from ..interpret import Outside
from ..ops import arange, matmul, take
from ..ops.core.primitive import promote
from ..tensor import Tensor
from .checks import at_least_one, refuse

__all__ = ["embedding", "linear", "one_hot"]


def linear(x: Any, weight: Any, bias: Any = None) -> Tensor:
    """x W^T + b.

    Args:
        x: (..., in).
        weight: (out, in).
        bias: (out,), or None.

    The result is (..., out).

    >>> linear([1.0, 2.0], [[3.0, 4.0]], [0.5])
    tensor([11.5])
    """
    z = matmul(x, promote(weight)[0].T)
    return z if bias is None else z + bias


def embedding(x: Any, weight: Any) -> Tensor:
    """Row x of the table for each number in x; the numbers are places in it.

    Args:
        x: integers (...).
        weight: the table (rows, d).

    The result is (..., d). Gradient: each row's g added up over the places where it was looked up.

    Raises:
        DataError: a number has no row.

    >>> embedding([1, 0], [[0.0, 0.5], [1.0, 1.5]])
    tensor([[1. , 1.5],
            [0. , 0.5]])
    """
    numbers, table = promote(x)[0], promote(weight)[0]
    rows = table.shape[0]
    message = f"{{value}} at [{{place}}] has no row: the table has {rows}, counted from 0."
    refuse("embedding", numbers, Outside(0, rows - 1), message)
    return take(table, numbers, axis=0)


def one_hot(x: Any, num_classes: int) -> Tensor:
    """1 at the place that the label names, else 0: integers (...) become int64 (..., num_classes).

    Raises:
        DataError: a label is no class.

    >>> one_hot([2, 0], 3)
    tensor([[0, 0, 1],
            [1, 0, 0]])
    """
    at_least_one("one_hot", num_classes=num_classes)
    labels = promote(x)[0]
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"one_hot: labels are integers, got {labels.dtype}. Use astype(int).")
    limit = f"Labels run from 0 to {num_classes - 1}."
    refuse("one_hot", labels, Outside(0, num_classes - 1), "the label {value} at [{place}]. " + limit)
    return (labels.expand_dims(-1) == arange(num_classes)).astype(int)
