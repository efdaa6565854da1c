"""The weighted sum, and tables of vectors looked up by number."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ArgumentError, DtypeError, ShapeError, one_of
from ..interpret import Outside
from ..ops import arange, matmul, segment_sum, take, where, zeros
from ..ops.core.primitive import promote
from ..ops.order.finding import looked_at
from ..tensor import Tensor
from .checks import at_least_one, refuse

__all__ = ["bilinear", "embedding", "embedding_bag", "linear", "one_hot"]


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


def bilinear(x1: Any, x2: Any, weight: Any, bias: Any = None) -> Tensor:
    """y_o = x1^T W_o x2 + b_o, for each output o.

    Args:
        x1, x2: (..., in1) and (..., in2).
        weight: (out, in1, in2).
        bias: (out,), or None.

    >>> bilinear([1.0, 2.0], [3.0], [[[1.0], [10.0]]])
    tensor([63.])
    """
    x1, x2, weight = promote(x1, x2, weight, floats=True)
    out, n1, n2 = weight.shape
    if x1.shape[:-1] != x2.shape[:-1] or x1.shape[-1:] != (n1,) or x2.shape[-1:] != (n2,):
        raise ShapeError(
            f"bilinear: x1 {x1.shape} and x2 {x2.shape} do not fit the weight {weight.shape}, which is (out, in1, in2)"
        )
    rows = x1.reshape(-1, n1) @ weight.permute(1, 0, 2).reshape(n1, out * n2)  # (..., out in2)
    y: Tensor = (rows.reshape(-1, out, n2) * x2.reshape(-1, 1, n2)).sum(-1).reshape(*x1.shape[:-1], out)
    return y if bias is None else y + bias


def embedding(x: Any, weight: Any, padding_idx: int | None = None) -> Tensor:
    """Row x of the table for each number in x; the numbers are places in it.

    Args:
        x: integers (...).
        weight: the table (rows, d).
        padding_idx: a row that stands for nothing, and gets no gradient.

    The result is (..., d). Gradient: each row's g added up over the places where it was looked up.

    Raises:
        DataError: a number has no row.

    >>> embedding([1, 0], [[0.0, 0.5], [1.0, 1.5]])
    tensor([[1. , 1.5],
            [0. , 0.5]])
    """
    numbers, table = promote(x)[0], promote(weight)[0]
    if table.ndim != 2:
        raise ShapeError(f"embedding: the table of vectors is (rows, d), got {table.shape}")
    rows = table.shape[0]
    message = f"{{value}} at [{{place}}] has no row: the table has {rows}, counted from 0."
    refuse("embedding", numbers, Outside(0, rows - 1), message, "outside-the-embedding")
    found = take(table, numbers, axis=0)
    if padding_idx is None:
        return found
    return where((numbers == padding_idx % rows).expand_dims(-1), found.detach(), found)


def embedding_bag(
    x: Any,
    weight: Any,
    offsets: Any = None,
    mode: str = "mean",
    per_sample_weights: Any = None,
    padding_idx: int | None = None,
    include_last_offset: bool = False,
) -> Tensor:
    """The sum, mean or largest of the rows that each bag of numbers names, without storing the rows of one bag apart.

    Args:
        x: integers (bags, n); or all bags' numbers in one row, with `offsets`, where each bag begins.
        weight: the table (rows, d).
        mode: "sum", "mean" or "max".
        per_sample_weights: what each row is multiplied by, in the shape of x; for "sum".
        padding_idx: a row that does not count.
        include_last_offset: whether `offsets` end with the count of all numbers, as in a compressed sparse row.

    The result is (bags, d); an empty bag is zeros.

    >>> embedding_bag([[0, 1]], [[1.0], [3.0]])
    tensor([[2.]])
    """
    one_of("embedding_bag", "mode", mode, ("sum", "mean", "max"))
    numbers, table = promote(x)[0], promote(weight)[0]
    if include_last_offset and offsets is not None:
        offsets = promote(offsets)[0][:-1]
    if per_sample_weights is not None and mode != "sum":
        raise ArgumentError(f'embedding_bag: per_sample_weights belong to mode="sum", got {mode!r}')
    rows = embedding(numbers, table, padding_idx)
    counts = numbers.full_like(1) if padding_idx is None else (numbers != padding_idx % table.shape[0]).astype(int)
    if per_sample_weights is not None:
        rows = rows * promote(per_sample_weights)[0].expand_dims(-1)
    rows = where(counts.expand_dims(-1) > 0, rows, -math.inf if mode == "max" else 0)
    if numbers.ndim == 2:
        if mode == "max":
            best = rows.max(1) if rows.shape[1] else table[:1] * 0
            return where(best == -math.inf, 0, best)
        total, count = rows.sum(1), counts.sum(1)
    else:
        bag = _bags("embedding_bag", numbers, offsets)
        bags = len(promote(offsets)[0])
        if mode == "max":
            inside = bag.reshape(-1, 1) == arange(bags)
            best = where(inside.expand_dims(2), rows.expand_dims(1), -math.inf)
            most = best.max(0) if numbers.size else zeros((bags, table.shape[1]), table.dtype)
            return where(most == -math.inf, 0, most)
        total, count = segment_sum(rows, bag, bags), segment_sum(counts, bag, bags)
    return total if mode == "sum" else total / count.maximum(1).astype(total.dtype).expand_dims(-1)


def _bags(name: str, numbers: Tensor, offsets: Any) -> Tensor:
    """Which bag each number is in."""
    if numbers.ndim != 1 or offsets is None:
        raise ShapeError(f"{name}: numbers are (bags, n), or (n,) with offsets, got {numbers.shape}")
    starts = promote(offsets)[0]
    return (arange(numbers.shape[0]).reshape(-1, 1) >= starts).astype(int).sum(1) - 1


def one_hot(x: Any, num_classes: int = -1) -> Tensor:
    """1 at the place that the label names, else 0: integers (...) become int64 (..., num_classes).

    Without `num_classes` there are as many as the largest label says, which compiled functions refuse.

    Raises:
        DataError: a label is no class.

    >>> one_hot([2, 0], 3)
    tensor([[0, 0, 1],
            [1, 0, 0]])
    """
    labels = promote(x)[0]
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"one_hot: labels are integers, got {labels.dtype}. Use astype(int).")
    if num_classes == -1 and labels.size:
        known = looked_at("one_hot", labels, "how many classes there are depends on the largest label")
        num_classes = int(known.max()) + 1
    at_least_one("one_hot", num_classes=num_classes)
    limit = f"Labels run from 0 to {num_classes - 1}."
    refuse("one_hot", labels, Outside(0, num_classes - 1), "the label {value} at [{place}]. " + limit)
    return (labels.expand_dims(-1) == arange(num_classes)).astype(int)
