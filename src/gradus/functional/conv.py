"""Convolution: a small window slides over the input, and at each place a matrix product is made of what it sees."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ArgumentError, ShapeError, did_you_mean
from ..ops import sliding_window, sliding_window_adjoint
from ..ops.core.primitive import promote
from ..tensor import Tensor
from .windows import Sizes, pad_ends, per_axis

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

Size = int | tuple[int, ...] | list[int]


def conv1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """`conv2d` with one axis: x (n, c, l), weight (out, c / groups, k); the result is (n, out, places).

    >>> conv1d([[[1.0, 2.0, 4.0]]], [[[-1.0, 1.0]]])
    tensor([[[1., 2.]]])
    """
    return _convolve("conv1d", 1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation: y[n, o, i, j] = bias[o] + sum over c, u, v of weight[o, c, u, v] x[n, c, i + u, j + v].

    Args:
        x: images (n, c, h, w).
        weight: kernels (out, c / groups, kernel h, kernel w).
        bias: (out,), or None.
        stride: how far the window moves.
        padding: how many zeros on each side; "same" for as many as keep h and w, "valid" for none.
        dilation: the distance of the elements that a window sees.
        groups: channels are cut into so many parts, each with kernels of its own.

    Each size is one integer or a pair (h, w). The result is (n, out, places h, places w), where
    places = (length + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down.

    Raises:
        ShapeError: x has other axes or channels than the weight asks for, or is smaller than the window.
        ArgumentError: a size makes no sense.

    It is what the textbooks call im2col: pad, lay the windows out as columns, and make one matrix product.

    >>> import gradus
    >>> conv2d(gradus.ones((1, 1, 3, 3)), gradus.ones((1, 1, 2, 2)), padding="same").tolist()
    [[[[4.0, 4.0, 2.0], [4.0, 4.0, 2.0], [2.0, 2.0, 1.0]]]]
    """
    return _convolve("conv2d", 2, x, weight, bias, stride, padding, dilation, groups)


def conv3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """`conv2d` with three axes: x (n, c, d, h, w), weight (out, c / groups, kernel d, kernel h, kernel w).

    >>> import gradus
    >>> conv3d(gradus.ones((1, 1, 2, 2, 2)), gradus.ones((1, 1, 2, 2, 2))).item()
    8.0
    """
    return _convolve("conv3d", 3, x, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """`conv_transpose2d` with one axis: x (n, c, l), weight (c, out / groups, k).

    >>> conv_transpose1d([[[1.0, 2.0]]], [[[1.0, 10.0]]], stride=2).tolist()
    [[[1.0, 10.0, 2.0, 20.0]]]
    """
    return _transposed("conv_transpose1d", 1, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """`conv_transpose2d` with three axes: x (n, c, d, h, w), weight (c, out / groups, kernel d, kernel h, kernel w).

    >>> import gradus
    >>> conv_transpose3d(gradus.ones((1, 1, 1, 1, 1)), gradus.ones((1, 2, 2, 2, 2))).shape
    (1, 2, 2, 2, 2)
    """
    return _transposed("conv_transpose3d", 3, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """The adjoint of `conv2d`: each element of x puts its multiple of the kernel into the result, and they add up.

    Args:
        x: (n, c, h, w).
        weight: (c, out / groups, kernel h, kernel w).
        padding: how many elements are cut off each side of the result.
        output_padding: how many are added at the end of each axis; smaller than the stride or the dilation.

    The rest is as in `conv2d`. The result is (n, out, h', w'), with
    h' = (h - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1.

    >>> conv_transpose2d([[[[1.0, 2.0]]]], [[[[1.0, 10.0]]]], stride=(1, 2)).tolist()
    [[[[1.0, 10.0, 2.0, 20.0]]]]
    """
    return _transposed("conv_transpose2d", 2, x, weight, bias, stride, padding, output_padding, groups, dilation)


def _transposed(
    name: str,
    axes: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Size,
    padding: Size,
    output_padding: Size,
    groups: int,
    dilation: Size,
) -> Tensor:
    x, weight = promote(x, weight)
    if x.ndim == axes + 1 and x.shape[:1] == weight.shape[:1]:
        options = (stride, padding, output_padding, groups, dilation)
        return _transposed(name, axes, x.expand_dims(0), weight, bias, *options)[0]
    kernel = weight.shape[2:]
    steps, apart = per_axis("stride", stride, axes), per_axis("dilation", dilation, axes)
    cut, extra = per_axis("padding", padding, axes, 0), per_axis("output_padding", output_padding, axes, 0)
    if any(e >= max(s, d) for e, s, d in zip(extra, steps, apart, strict=True)):
        raise ArgumentError(f"output_padding {extra} must be smaller than the stride {steps} or the dilation {apart}")
    _check(name, x, weight, axes, groups, weight.shape[0], weight.shape[0])
    n, c, *places = x.shape
    out = weight.shape[1] * groups

    rows = x.swapaxes(0, 1).reshape(groups, c // groups, n * math.prod(places))
    kernels = weight.reshape(groups, c // groups, weight.shape[1] * math.prod(kernel)).swapaxes(1, 2)
    windows = (kernels @ rows).reshape(out, *kernel, n, *places)
    windows = windows.permute(axes + 1, 0, *range(axes + 2, 2 * axes + 2), *range(1, axes + 1))
    spread = tuple((p - 1) * s + d * (k - 1) + 1 for p, s, d, k in zip(places, steps, apart, kernel, strict=True))
    whole = sliding_window_adjoint(windows, (n, out, *spread), kernel, steps, apart)

    longer = pad_ends(whole, (0,) * axes, extra)
    if any(length <= 2 * p for length, p in zip(longer.shape[2:], cut, strict=True)):
        raise ShapeError(f"{name}: padding {cut} cuts everything off a result of {longer.shape[2:]}")
    y: Tensor = longer[(..., *(slice(p, length - p) for p, length in zip(cut, longer.shape[2:], strict=True)))]
    return y if bias is None else y + promote(bias)[0].reshape(-1, *(1,) * axes)


def _convolve(
    name: str,
    axes: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Size,
    padding: Size | str,
    dilation: Size,
    groups: int,
) -> Tensor:
    x, weight = promote(x, weight)
    if x.ndim == axes + 1 == weight.ndim - 1 and x.shape[0] == weight.shape[1] * groups:  # one sample
        return _convolve(name, axes, x.expand_dims(0), weight, bias, stride, padding, dilation, groups)[0]
    kernel = weight.shape[2:]
    steps, apart = per_axis("stride", stride, axes), per_axis("dilation", dilation, axes)
    _check(name, x, weight, axes, groups, weight.shape[0], weight.shape[1] * groups if weight.ndim > 1 else 0)
    before, after = ends(padding, kernel, steps, apart)
    (n, c), out = x.shape[:2], weight.shape[0]

    windows = sliding_window(pad_ends(x, before, after), kernel, steps, apart)  # (n, c, *places, *kernel)
    places = windows.shape[2 : 2 + axes]
    front, back = range(2 + axes, 2 + 2 * axes), range(2, 2 + axes)
    columns = windows.permute(1, *front, 0, *back)  # whole rows of the image stay together, so the copy is fast
    columns = columns.reshape(groups, c // groups * math.prod(kernel), n * math.prod(places))
    kernels = weight.reshape(groups, out // groups, columns.shape[1])
    y: Tensor = (kernels @ columns).reshape(out, n, *places).permute(1, 0, *back)
    return y if bias is None else y + promote(bias)[0].reshape(-1, *(1,) * axes)


def ends(padding: Size | str, kernel: Sizes, stride: Sizes, dilation: Sizes) -> tuple[Sizes, Sizes]:
    """How much to pad before and after each axis."""
    if padding == "valid":
        padding = 0
    if padding == "same":
        if any(s != 1 for s in stride):
            raise ArgumentError(f'padding="same" needs a stride of 1, got {stride}. Give the padding in numbers.')
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
    if isinstance(padding, str):
        hint = did_you_mean(padding, ("same", "valid"))
        raise ArgumentError(f'padding is "same", "valid" or given in numbers, got {padding!r}. {hint}'.rstrip())
    sizes = per_axis("padding", padding, len(kernel), 0)
    return sizes, sizes


def _check(name: str, x: Tensor, weight: Tensor, axes: int, groups: int, divided: int, channels: int) -> None:
    """Refuse what does not fit: `divided` channels of the weight into groups, `channels` expected of x."""
    if weight.ndim != axes + 2 or x.ndim != axes + 2:
        wanted = {1: "(n, c, l)", 2: "(n, c, h, w)", 3: "(n, c, d, h, w)"}[axes]
        raise ShapeError(
            f"{name}: x must be {wanted}, the weight must have {axes + 2} axes too; got x {x.shape} and weight "
            f"{weight.shape}",
            "A batch of one is x[None]; gray images without a channel axis need x[:, None].",
        )
    if groups < 1 or divided % groups:
        raise ArgumentError(f"{name}: {divided} channels do not divide into {groups} groups")
    if x.shape[1] != channels:
        raise ShapeError(
            f"{name}: the weight {weight.shape} expects {channels} channels, x {x.shape} has {x.shape[1]} (axis 1)",
            "Images are (n, c, h, w): the channels come before height and width.",
        )
