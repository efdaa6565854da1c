"""Pooling: what a window sees becomes one number, its largest or its average."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from ..errors import ArgumentError, ShapeError
from ..ops import arange, sliding_window, take, where
from ..ops.core.primitive import cast, promote
from ..tensor import Tensor
from .conv import Size
from .windows import pad_ends, per_axis

__all__ = ["adaptive_avg_pool2d", "avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d"]


def max_pool1d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1) -> Tensor:
    """`max_pool2d` with one axis: (..., l) becomes (..., places).

    >>> max_pool1d([[1.0, 5.0, 2.0, 3.0]], 2)
    tensor([[5., 3.]])
    """
    return _windows(promote(x)[0], 1, kernel_size, stride, padding, dilation, smallest=True).max(0)


def max_pool2d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1) -> Tensor:
    """The largest element of each window, integers too; unlike in PyTorch, equal ones share the gradient.

    Args:
        x: (..., h, w).
        kernel_size: of the window.
        stride: how far it moves; its own size unless given.
        padding: how many -inf (of integers, the smallest) on each side, at most half the window.
        dilation: the distance of the elements that a window sees.

    Each size is one integer or a pair (h, w). The result is (..., places h, places w), as in `conv2d`.

    >>> max_pool2d([[1.0, 2.0, 5.0, 0.0], [3.0, 4.0, 0.0, 0.0]], 2)
    tensor([[4., 5.]])
    """
    return _windows(promote(x)[0], 2, kernel_size, stride, padding, dilation, smallest=True).max(0)


def avg_pool1d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Tensor:
    """`avg_pool2d` with one axis: (..., l) becomes (..., places).

    >>> avg_pool1d([[1.0, 5.0, 2.0, 4.0]], 2)
    tensor([[3., 3.]])
    """
    return _windows(promote(x, floats=True)[0], 1, kernel_size, stride, padding).mean(0)


def avg_pool2d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Tensor:
    """The average of each window, padding counted in; arguments and result as in `max_pool2d`, padded with zeros.

    >>> avg_pool2d([[1.0, 2.0, 5.0, 0.0], [3.0, 4.0, 0.0, 3.0]], 2)
    tensor([[2.5, 2. ]])
    """
    return _windows(promote(x, floats=True)[0], 2, kernel_size, stride, padding).mean(0)


def adaptive_avg_pool2d(x: Any, output_size: int | tuple[int | None, int | None] | None) -> Tensor:
    """Averages over as many equal parts of height and width as the result shall have: (..., h, w) to (..., oh, ow).

    Part i of an axis runs from floor(i length / parts) to ceil((i + 1) length / parts). None keeps an axis as it is;
    `output_size=1` is the average of the whole image.

    >>> adaptive_avg_pool2d([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]], 1)
    tensor([[3.]])
    """
    x = promote(x, floats=True)[0]
    if x.ndim < 2:
        raise ShapeError(f"adaptive_avg_pool2d: needs (..., h, w), got {x.shape}")
    h, w = x.shape[-2:]
    if not h * w:
        raise ShapeError(f"adaptive_avg_pool2d: there is nothing to average in {x.shape}")
    sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    oh, ow = per_axis("output_size", [n if s is None else s for s, n in zip(sizes, (h, w), strict=True)], 2)
    wide = cast(x, dtypes.accumulator(x.dtype))
    narrow = _averages(wide, ow)
    return cast(_averages(narrow.swapaxes(-1, -2), oh).swapaxes(-1, -2), x.dtype)


def _averages(x: Tensor, parts: int) -> Tensor:
    """The averages over so many equal parts of the last axis; where they overlap, each takes its elements by number.

    No product with zeros: an infinite element belongs to its own parts only.
    """
    length = x.shape[-1]
    if length == parts:
        return x
    if length % parts == 0:
        return x.reshape(*x.shape[:-1], parts, length // parts).mean(-1)
    longest = max(-(-(i + 1) * length // parts) - i * length // parts for i in range(parts))
    i = arange(parts).reshape(parts, 1)
    start, stop = i * length // parts, ((i + 1) * length + parts - 1) // parts
    places = start + arange(longest)
    terms = where(places < stop, take(x, places.clip(None, length - 1), axis=-1), 0)
    return terms.sum(-1) / (stop - start).reshape(parts).astype(x.dtype)


def _windows(
    x: Tensor,
    axes: int,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    dilation: Size = 1,
    smallest: bool = False,
) -> Tensor:
    """All windows, (elements of a window, ..., *places), padded with zeros or with the smallest number there is.

    The window comes first and is copied together: NumPy reduces a long-strided first axis some ten times faster than
    two short last ones, forward and backward.
    """
    kernel = per_axis("kernel_size", kernel_size, axes)
    steps = kernel if stride is None else per_axis("stride", stride, axes)
    apart, sides = per_axis("dilation", dilation, axes), per_axis("padding", padding, axes, 0)
    if any(2 * p > k for p, k in zip(sides, kernel, strict=True)):
        raise ArgumentError(f"padding {sides} is more than half the window {kernel}: it would see nothing else")
    if x.ndim < axes:
        raise ShapeError(f"pooling over {axes} axes needs as many, got shape {x.shape}")
    value = dtypes.limits(x.dtype)[0] if smallest else 0
    windows = sliding_window(pad_ends(x, sides, sides, value), kernel, steps, apart)
    rest = windows.ndim - axes
    first = windows.permute(*range(rest, windows.ndim), *range(rest))
    return first.reshape(math.prod(kernel), *first.shape[axes:])
