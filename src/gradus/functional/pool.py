"""Pooling: what a window sees becomes one number, its largest or its average."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from ..errors import ArgumentError, ShapeError
from ..ops import ones, segment_sum, sliding_window, where
from ..ops.core.primitive import cast, promote
from ..ops.making.create import iota
from ..tensor import Tensor
from .conv import Size
from .windows import Sizes, pad_ends, per_axis

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]

# -- the largest -------------------------------------------------------------------------------------------------------


def max_pool1d(
    x: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`max_pool2d` with one axis: (..., l) becomes (..., places).

    >>> max_pool1d([[1.0, 5.0, 2.0, 3.0]], 2)
    tensor([[5., 3.]])
    """
    return _largest(x, 1, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    x: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window, integers too; unlike in PyTorch, equal ones share the gradient.

    Args:
        x: (..., h, w).
        kernel_size: of the window.
        stride: how far it moves; its own size unless given.
        padding: how many -inf (of integers, the smallest) on each side, at most half the window.
        dilation: the distance of the elements that a window sees.
        ceil_mode: count a last window that reaches beyond the end, if it begins within.
        return_indices: give the places, too: where in (h w) each largest stands, the first of equal ones.

    Each size is one integer or a pair (h, w). The result is (..., places h, places w), as in `conv2d`.

    >>> max_pool2d([[1.0, 2.0, 5.0, 0.0], [3.0, 4.0, 0.0, 0.0]], 2)
    tensor([[4., 5.]])
    """
    return _largest(x, 2, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    x: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`max_pool2d` with three axes: (..., d, h, w).

    >>> import gradus
    >>> max_pool3d(gradus.arange(8).reshape(2, 2, 2), 2).tolist()
    [[[7]]]
    """
    return _largest(x, 3, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _largest(
    x: Any,
    axes: int,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    dilation: Size,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    x = promote(x)[0]
    least = dtypes.limits(x.dtype)[0]
    walk = _Walk(x, axes, kernel_size, stride, padding, dilation, ceil_mode)
    windows = walk.windows(x, least)
    if not return_indices:
        return windows.max(0)
    lengths = x.shape[-axes:]
    numbers = walk.windows(iota(math.prod(lengths)).reshape(lengths), -1)
    return windows.max(0), at_first_largest(windows, numbers)


def at_first_largest(windows: Tensor, numbers: Tensor) -> Tensor:
    """Of the largest of each window its number; `numbers` are those of the places, of the last axes only."""
    numbers = numbers.reshape(numbers.shape[0], *(1,) * (windows.ndim - numbers.ndim), *numbers.shape[1:])
    first = windows.argmax(0)
    at = iota(windows.shape[0]).reshape(-1, *(1,) * first.ndim) == first
    return where(at, numbers, 0).sum(0)


def max_unpool1d(
    x: Any, indices: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, output_size: Any = None
) -> Tensor:
    """`max_unpool2d` with one axis.

    >>> max_unpool1d([[5.0, 3.0]], [[1, 3]], 2)
    tensor([[0., 5., 0., 3.]])
    """
    return _unpooled(x, indices, 1, kernel_size, stride, padding, output_size)


def max_unpool2d(
    x: Any, indices: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, output_size: Any = None
) -> Tensor:
    """Zeros, with each element where `max_pool2d(..., return_indices=True)` found it; of several at one place the mean.

    Args:
        x: (..., places h, places w).
        indices: of the same shape: places in (h w) of the result.
        kernel_size, stride, padding: those of the pooling, from which the result's size follows.
        output_size: the result's last axes, where several are possible.

    >>> max_unpool2d([[4.0, 5.0]], [[5, 2]], 2)
    tensor([[0., 0., 5., 0.],
            [0., 4., 0., 0.]])
    """
    return _unpooled(x, indices, 2, kernel_size, stride, padding, output_size)


def max_unpool3d(
    x: Any, indices: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, output_size: Any = None
) -> Tensor:
    """`max_unpool2d` with three axes.

    >>> max_unpool3d([[[7.0]]], [[[7]]], 2).sum().item()
    7.0
    """
    return _unpooled(x, indices, 3, kernel_size, stride, padding, output_size)


def _unpooled(
    x: Any, indices: Any, axes: int, kernel_size: Size, stride: Size | None, padding: Size, output_size: Any
) -> Tensor:
    x, indices = promote(x)[0], promote(indices)[0]
    if indices.shape != x.shape or x.ndim < axes:
        raise ShapeError(f"max_unpool: indices have shape {indices.shape}, the numbers {x.shape}; both (..., places)")
    kernel = per_axis("kernel_size", kernel_size, axes)
    steps = kernel if stride is None else per_axis("stride", stride, axes)
    sides = per_axis("padding", padding, axes, 0)
    usual = tuple((n - 1) * s - 2 * p + k for n, s, p, k in zip(x.shape[-axes:], steps, sides, kernel, strict=True))
    size = usual if output_size is None else tuple(output_size)[-axes:]
    rows = math.prod(x.shape[:-axes])
    length = math.prod(size)
    flat = indices.reshape(rows, -1) + iota(rows).reshape(rows, 1) * length
    whole = segment_sum(x.reshape(-1), flat.reshape(-1), rows * length)
    times = segment_sum(flat.reshape(-1).full_like(1), flat.reshape(-1), rows * length).maximum(1)
    return (whole / times.astype(x.dtype)).reshape(*x.shape[:-axes], *size)


# -- averages ----------------------------------------------------------------------------------------------------------


def avg_pool1d(
    x: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """`avg_pool2d` with one axis: (..., l) becomes (..., places).

    >>> avg_pool1d([[1.0, 5.0, 2.0, 4.0]], 2)
    tensor([[3., 3.]])
    """
    return _average(x, 1, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    x: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The average of each window, padding counted in; arguments and result as in `max_pool2d`, padded with zeros.

    Args:
        x, kernel_size, stride, padding, ceil_mode: see `max_pool2d`.
        count_include_pad: whether the padding counts.
        divisor_override: what the sum is divided by instead of the count.

    >>> avg_pool2d([[1.0, 2.0, 5.0, 0.0], [3.0, 4.0, 0.0, 3.0]], 2)
    tensor([[2.5, 2. ]])
    """
    return _average(x, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    x: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """`avg_pool2d` with three axes: (..., d, h, w).

    >>> import gradus
    >>> avg_pool3d(gradus.ones((2, 2, 2)), 2).tolist()
    [[[1.0]]]
    """
    return _average(x, 3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def _average(
    x: Any,
    axes: int,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None = None,
) -> Tensor:
    x = promote(x, floats=True)[0]
    walk = _Walk(x, axes, kernel_size, stride, padding, 1, ceil_mode)
    windows = walk.windows(x, 0)
    if divisor == 0:
        raise ArgumentError("avg_pool: divisor_override is what the sum is divided by, and cannot be 0")
    if divisor is not None:
        return windows.sum(0) / divisor
    if (count_include_pad or not any(walk.before)) and walk.after == walk.before:
        return windows.mean(0)
    counted = ones(x.shape[-axes:])
    if count_include_pad:  # the padding that was asked for, not what the last window reaches beyond it
        counted = pad_ends(counted, walk.before, walk.before, 1)
        rest = tuple(a - b for a, b in zip(walk.after, walk.before, strict=True))
        counts = walk.windows(counted, 0, (0,) * axes, rest)
    else:
        counts = walk.windows(counted, 0)
    wide = dtypes.accumulator(x.dtype)
    return cast(cast(windows, wide).sum(0) / cast(counts.sum(0), wide), x.dtype)


def lp_pool1d(
    x: Any, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Tensor:
    """`lp_pool2d` with one axis.

    >>> lp_pool1d([[3.0, 4.0]], 2, 2)
    tensor([[5.]])
    """
    return _root_of_powers(x, 1, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    x: Any, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Tensor:
    """(sum x^p)^(1/p) over each window, between average and largest; arguments as in `max_pool2d`.

    >>> lp_pool2d([[1.0, 1.0], [1.0, 1.0]], 2, 2)
    tensor([[2.]])
    """
    return _root_of_powers(x, 2, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    x: Any, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Tensor:
    """`lp_pool2d` with three axes.

    >>> import gradus
    >>> lp_pool3d(gradus.ones((2, 2, 1)), 2, (2, 2, 1)).tolist()
    [[[2.0]]]
    """
    return _root_of_powers(x, 3, norm_type, kernel_size, stride, ceil_mode)


def _root_of_powers(
    x: Any, axes: int, norm_type: float, kernel_size: Size, stride: Size | None, ceil_mode: bool
) -> Tensor:
    x = promote(x, floats=True)[0]
    powers: Tensor = _Walk(x, axes, kernel_size, stride, 0, 1, ceil_mode).windows(x**norm_type, 0).sum(0)
    nothing = powers == 0  # whose root has no gradient
    return where(nothing, 0, where(nothing, 1, powers) ** (1 / norm_type))


# -- the walk of the window --------------------------------------------------------------------------------------------


class _Walk:
    """Where a window goes: its sizes, checked, and how much is added before and after each axis."""

    def __init__(
        self,
        x: Tensor,
        axes: int,
        kernel_size: Size,
        stride: Size | None,
        padding: Size,
        dilation: Size,
        ceil_mode: bool,
    ) -> None:
        self.axes, self.kernel = axes, per_axis("kernel_size", kernel_size, axes)
        self.steps = per_axis("stride", stride, axes) if stride or stride == 0 else self.kernel
        self.apart, self.before = per_axis("dilation", dilation, axes), per_axis("padding", padding, axes, 0)
        if any(2 * p > k for p, k in zip(self.before, self.kernel, strict=True)):
            raise ArgumentError(
                f"padding {self.before} is more than half the window {self.kernel}: it would see nothing else"
            )
        if x.ndim < axes:
            raise ShapeError(f"pooling over {axes} axes needs as many, got shape {x.shape}")
        self.after = self._rounded_up(x.shape[-axes:]) if ceil_mode else self.before

    def _rounded_up(self, lengths: tuple[int, ...]) -> Sizes:
        """What is added after each axis for a last window that begins within, or in the padding before."""
        after = []
        for n, k, s, d, p in zip(lengths, self.kernel, self.steps, self.apart, self.before, strict=True):
            reach = d * (k - 1) + 1
            count = -((reach - n - 2 * p) // s) + 1
            if (count - 1) * s >= n + p:
                count -= 1
            after.append(max(p, (count - 1) * s + reach - n - p))
        return tuple(after)

    def windows(self, x: Tensor, value: float, before: Sizes | None = None, after: Sizes | None = None) -> Tensor:
        """All windows, (elements of a window, ..., *places), padded with a value.

        The window comes first and is copied together: NumPy reduces a long-strided first axis some ten times faster
        than two short last ones, forward and backward.
        """
        longer = pad_ends(x, before or self.before, after or self.after, value)
        windows = sliding_window(longer, self.kernel, self.steps, self.apart)
        rest = windows.ndim - self.axes
        first = windows.permute(*range(rest, windows.ndim), *range(rest))
        return first.reshape(math.prod(self.kernel), *first.shape[self.axes :])
