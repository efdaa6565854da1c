"""Pictures and series made larger and smaller, and windows laid out as columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from ...errors import ArgumentError, ShapeError, one_of
from ...ops import reshape, sliding_window, sliding_window_adjoint, take
from ...ops.core.primitive import promote
from ...tensor import Tensor, as_tensor
from ..adaptive_pool import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from ..conv import Size
from ..windows import pad_ends, per_axis

__all__ = [
    "channel_shuffle",
    "fold",
    "interpolate",
    "pixel_shuffle",
    "pixel_unshuffle",
    "unfold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]

MODES = {"nearest": 0, "nearest-exact": 0, "linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2, "area": 0}
Numbers = TypeVar("Numbers", np.ndarray, Tensor)
_A = -0.75  # of the cubic, as in PyTorch and OpenCV


def interpolate(
    x: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> Tensor:
    """The axes after (n, c) made longer or shorter, by `size` or by a factor: each number from its neighbours.

    Args:
        x: (n, c, l), (n, c, h, w) or (n, c, d, h, w).
        size: the lengths of the result.
        scale_factor: how many times as long; rounded down.
        mode: "nearest" (the neighbour before), "nearest-exact" (the nearest), "linear" of one axis, "bilinear" of two,
            "trilinear" of three, "bicubic" of two, or "area" (`adaptive_avg_pool`).
        align_corners: whether the middles of the first and last pixels fall together, or their edges; for the modes
            with "linear" or "cubic" in their names.
        recompute_scale_factor: use the factor that the rounded size has.

    >>> interpolate([[[1.0, 3.0]]], scale_factor=2, mode="linear", align_corners=True)[0, 0].round()
    tensor([1., 2., 2., 3.])
    >>> interpolate([[[1.0, 3.0]]], size=4)
    tensor([[[1., 1., 3., 3.]]])
    """
    x = promote(x, floats=True)[0] if mode != "nearest" else promote(x)[0]
    axes = MODES[one_of("interpolate", "mode", mode, MODES)] or x.ndim - 2
    if x.ndim - 2 != axes or axes not in (1, 2, 3):
        raise ShapeError(f"interpolate: {mode!r} needs (n, c) and {axes or 'up to three'} axes more, got {x.shape}")
    if align_corners and ("linear" not in mode and "cubic" not in mode):
        raise ArgumentError(f"interpolate: align_corners means nothing in the mode {mode!r}")
    lengths = x.shape[2:]
    sizes, factors = _sizes(lengths, size, scale_factor, recompute_scale_factor)
    if mode == "area":
        pools = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)
        pooled: Tensor = pools[axes - 1](x, sizes)
        return pooled
    for axis, (n, out, factor) in enumerate(zip(lengths, sizes, factors, strict=True), 2):
        x = _along(x, axis, n, out, factor, mode, bool(align_corners))
    return x  # type: ignore[no-any-return]


def _sizes(
    lengths: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool | None
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """The lengths of the result, and the factors that were asked for."""
    axes = len(lengths)
    if (size is None) == (scale_factor is None):
        raise ArgumentError("interpolate: give either size or scale_factor")
    if size is not None:
        return per_axis("size", size, axes), (None,) * axes
    factors = tuple(scale_factor) if isinstance(scale_factor, Sequence) else (scale_factor,) * axes
    if len(factors) != axes or not all(f > 0 for f in factors):
        raise ArgumentError(f"interpolate: scale_factor is a number above 0, or {axes} of them, got {scale_factor!r}")
    sizes = tuple(math.floor(n * f) for n, f in zip(lengths, factors, strict=True))
    return sizes, (None,) * axes if recompute else factors


def _along(x: Tensor, axis: int, n: int, out: int, factor: float | None, mode: str, aligned: bool) -> Tensor:
    """One axis: the sum over the neighbours of each place, times their weights."""
    step = n / out if factor is None else 1 / factor
    i = np.arange(out)
    if mode.startswith("nearest"):
        whole = i * n // out if factor is None else np.floor(i * step)
        at = (whole if mode == "nearest" else np.floor((i + 0.5) * step)).astype(np.int64)
        return take(x, at.clip(0, n - 1), axis)
    places = i * ((n - 1) / (out - 1) if out > 1 else 0.0) if aligned else (i + 0.5) * step - 0.5
    four = mode == "bicubic"
    if not four:
        places = places.clip(0)
    first = np.floor(places).astype(np.int64)
    if not four:
        first = first.clip(0, n - 1)
    rest = places - first
    y = None
    for k, weight in enumerate(cubic(rest) if four else (1 - rest, rest)):
        taken = take(x, (first + k - four).clip(0, n - 1), axis)
        share = as_tensor(weight.astype(x.dtype)).reshape(-1, *(1,) * (x.ndim - axis - 1))
        y = taken * share if y is None else y + taken * share
    return x if y is None else y


def cubic(t: Numbers) -> list[Numbers]:
    """The weights of the four neighbours at -1, 0, 1, 2 (Keys, 1981)."""
    near: Callable[[Any], Any] = lambda d: ((_A + 2) * d - (_A + 3)) * d * d + 1  # noqa: E731
    far: Callable[[Any], Any] = lambda d: ((_A * d - 5 * _A) * d + 8 * _A) * d - 4 * _A  # noqa: E731
    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def upsample(
    x: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """`interpolate`, by its name as a layer.

    >>> upsample([[[1.0, 3.0]]], scale_factor=2)
    tensor([[[1., 1., 3., 3.]]])
    """
    return interpolate(x, size, scale_factor, mode, align_corners)


def upsample_nearest(
    x: Any, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
) -> Tensor:
    """`interpolate` with the neighbour before.

    >>> upsample_nearest([[[1.0, 3.0]]], size=4)
    tensor([[[1., 1., 3., 3.]]])
    """
    return interpolate(x, size, scale_factor)


def upsample_bilinear(
    x: Any, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
) -> Tensor:
    """`interpolate` of images, bilinear, where the middles of the first and last pixels fall together.

    >>> upsample_bilinear([[[[1.0, 3.0]]]], size=(1, 3))
    tensor([[[[1., 2., 3.]]]])
    """
    return interpolate(x, size, scale_factor, "bilinear", align_corners=True)


def pixel_shuffle(x: Any, upscale_factor: int) -> Tensor:
    """r^2 channels become one, r times as high and wide: (..., c r^2, h, w) to (..., c, h r, w r) (Shi et al., 2016).

    >>> import gradus
    >>> pixel_shuffle(gradus.arange(4).reshape(4, 1, 1), 2)
    tensor([[[0, 1],
             [2, 3]]])
    """
    x, r = as_tensor(x), upscale_factor
    if x.ndim < 3 or r < 1 or x.shape[-3] % (r * r):
        raise ShapeError(f"pixel_shuffle: the channels of {x.shape}, (..., c, h, w), do not divide by {r} squared")
    *front, c, h, w = x.shape
    k = len(front)
    parts = x.reshape(*front, c // (r * r), r, r, h, w).permute(*range(k), k, k + 3, k + 1, k + 4, k + 2)
    return reshape(parts, (*front, c // (r * r), h * r, w * r))


def pixel_unshuffle(x: Any, downscale_factor: int) -> Tensor:
    """`pixel_shuffle` undone: (..., c, h r, w r) to (..., c r^2, h, w).

    >>> pixel_unshuffle([[[0, 1], [2, 3]]], 2).reshape(4)
    tensor([0, 1, 2, 3])
    """
    x, r = as_tensor(x), downscale_factor
    if x.ndim < 3 or r < 1 or x.shape[-1] % r or x.shape[-2] % r:
        raise ShapeError(f"pixel_unshuffle: height and width of {x.shape} do not divide by {r}")
    *front, c, h, w = x.shape
    k = len(front)
    parts = x.reshape(*front, c, h // r, r, w // r, r).permute(*range(k), k, k + 2, k + 4, k + 1, k + 3)
    return reshape(parts, (*front, c * r * r, h // r, w // r))


def channel_shuffle(x: Any, groups: int) -> Tensor:
    """The channels of (n, c, ...) dealt out anew: the first of each group, then the second ... (Zhang et al., 2018).

    >>> channel_shuffle([[[0], [1], [2], [3]]], 2).reshape(4)
    tensor([0, 2, 1, 3])
    """
    x = as_tensor(x)
    if x.ndim < 3 or groups < 1 or x.shape[1] % groups:
        raise ShapeError(f"channel_shuffle: {groups} groups do not divide the channels of {x.shape}, (n, c, ...)")
    n, c, *places = x.shape
    return reshape(x.reshape(n, groups, c // groups, *places).swapaxes(1, 2), x.shape)


def unfold(x: Any, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Tensor:
    """The windows of images as columns, im2col: (n, c, h, w) to (n, c kernel h kernel w, places).

    >>> unfold([[[[1, 2], [3, 4]]]], 2)
    tensor([[[1],
             [2],
             [3],
             [4]]])
    """
    x = promote(x)[0]
    if x.ndim == 3:
        return unfold(x.expand_dims(0), kernel_size, dilation, padding, stride)[0]
    if x.ndim != 4:
        raise ShapeError(f"unfold: expects images (n, c, h, w) or (c, h, w), got {x.shape}")
    kernel, sides = per_axis("kernel_size", kernel_size, 2), per_axis("padding", padding, 2, 0)
    steps, apart = per_axis("stride", stride, 2), per_axis("dilation", dilation, 2)
    windows = sliding_window(pad_ends(x, sides, sides), kernel, steps, apart)  # (n, c, h', w', kernel)
    n, c, h, w = windows.shape[:4]
    return windows.permute(0, 1, 4, 5, 2, 3).reshape(n, c * math.prod(kernel), h * w)


def fold(
    x: Any, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Tensor:
    """Columns put back where `unfold` took them, added where they overlap: (n, c kernel h kernel w, places) to images.

    >>> fold([[[1], [2], [3], [4]]], 2, 2)
    tensor([[[[1, 2],
              [3, 4]]]])
    """
    x = promote(x)[0]
    if x.ndim == 2:
        return fold(x.expand_dims(0), output_size, kernel_size, dilation, padding, stride)[0]
    size, kernel = per_axis("output_size", output_size, 2), per_axis("kernel_size", kernel_size, 2)
    steps, apart = per_axis("stride", stride, 2), per_axis("dilation", dilation, 2)
    sides = per_axis("padding", padding, 2, 0)
    whole = tuple(n + 2 * p for n, p in zip(size, sides, strict=True))
    places = tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(whole, kernel, steps, apart, strict=True))
    if x.ndim != 3 or x.shape[1] % math.prod(kernel) or x.shape[2] != math.prod(places):
        raise ShapeError(
            f"fold: {x.shape} are no columns (n, c {math.prod(kernel)}, {math.prod(places)}) of images {size}"
        )
    n, c = x.shape[0], x.shape[1] // math.prod(kernel)
    windows = x.reshape(n, c, *kernel, *places).permute(0, 1, 4, 5, 2, 3)
    image = sliding_window_adjoint(windows, (n, c, *whole), kernel, steps, apart)
    (top, left), (h, w) = sides, size
    return image[:, :, top : top + h, left : left + w]
