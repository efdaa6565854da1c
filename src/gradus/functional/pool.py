"""Pooling: what a window sees becomes one number, its largest or its average."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ArgumentError, ShapeError
from ..ops import arange, sliding_window
from ..ops.primitive import promote
from ..tensor import Tensor
from .conv import Size
from .windows import pad_ends, per_axis


def max_pool1d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1) -> Tensor:
    """`max_pool2d` with one axis: (..., l) becomes (..., places).

    >>> max_pool1d([[1.0, 5.0, 2.0, 3.0]], 2)
    tensor([[5., 3.]])
    """
    return _windows(x, 1, kernel_size, stride, padding, dilation, -math.inf).max(0)


def max_pool2d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1) -> Tensor:
    """The largest element of each window; unlike in PyTorch, equal ones share the gradient.

    Args:
        x: (..., h, w).
        kernel_size: of the window.
        stride: how far it moves; its own size unless given.
        padding: how many -inf on each side, at most half the window.
        dilation: the distance of the elements that a window sees.

    Each size is one integer or a pair (h, w). The result is (..., places h, places w), as in `conv2d`.

    >>> max_pool2d([[1.0, 2.0, 5.0, 0.0], [3.0, 4.0, 0.0, 0.0]], 2)
    tensor([[4., 5.]])
    """
    return _windows(x, 2, kernel_size, stride, padding, dilation, -math.inf).max(0)


def avg_pool1d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Tensor:
    """`avg_pool2d` with one axis: (..., l) becomes (..., places).

    >>> avg_pool1d([[1.0, 5.0, 2.0, 4.0]], 2)
    tensor([[3., 3.]])
    """
    return _windows(x, 1, kernel_size, stride, padding, 1, 0).mean(0)


def avg_pool2d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Tensor:
    """The average of each window, padding counted in; arguments and result as in `max_pool2d`, padded with zeros.

    >>> avg_pool2d([[1.0, 2.0, 5.0, 0.0], [3.0, 4.0, 0.0, 3.0]], 2)
    tensor([[2.5, 2. ]])
    """
    return _windows(x, 2, kernel_size, stride, padding, 1, 0).mean(0)


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
    sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    oh, ow = per_axis("output_size", [n if s is None else s for s, n in zip(sizes, (h, w), strict=True)], 2)
    narrow: Tensor = x @ _averages(ow, w, x).T
    return _averages(oh, h, x) @ narrow


def _averages(parts: int, length: int, x: Tensor) -> Tensor:
    """The matrix (parts, length) that averages over equal parts."""
    if not length:
        raise ShapeError(f"adaptive_avg_pool2d: there is nothing to average in {x.shape}")
    i, place = arange(parts).reshape(parts, 1), arange(length)
    start, stop = i * length // parts, ((i + 1) * length + parts - 1) // parts
    return ((place >= start) & (place < stop)).astype(x.dtype) / (stop - start).astype(x.dtype)


def _windows(
    x: Any, axes: int, kernel_size: Size, stride: Size | None, padding: Size, dilation: Size, value: float
) -> Tensor:
    """All windows, (elements of a window, ..., *places).

    The window comes first and is copied together: NumPy reduces a long-strided first axis some ten times faster than
    two short last ones, forward and backward.
    """
    x = promote(x, floats=True)[0]
    kernel = per_axis("kernel_size", kernel_size, axes)
    steps = kernel if stride is None else per_axis("stride", stride, axes)
    apart, sides = per_axis("dilation", dilation, axes), per_axis("padding", padding, axes, 0)
    if any(2 * p > k for p, k in zip(sides, kernel, strict=True)):
        raise ArgumentError(f"padding {sides} is more than half the window {kernel}: it would see nothing else")
    if x.ndim < axes:
        raise ShapeError(f"pooling over {axes} axes needs as many, got shape {x.shape}")
    windows = sliding_window(pad_ends(x, sides, sides, value), kernel, steps, apart)
    rest = windows.ndim - axes
    first = windows.permute(*range(rest, windows.ndim), *range(rest))
    return first.reshape(math.prod(kernel), *first.shape[axes:])
