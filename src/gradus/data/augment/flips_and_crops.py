"""Pictures turned round, and parts of them: no pixel is mixed with another, but where a part is resized."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ... import dtypes
from ...errors import ArgumentError, ShapeError, one_of
from ...functional.checks import in_range
from ...functional.pictures.grids import pixels, read_at
from ...functional.windows import per_axis
from ...ops import arange, pad, stack
from ...random import Generator
from ...tensor import Tensor, as_tensor
from ._ranges import Range, ends, uniform
from .change import Change, Size

__all__ = ["RandomCrop", "RandomHorizontalFlip", "RandomResizedCrop", "RandomVerticalFlip"]

_PADDING_MODES = {"constant": "constant", "edge": "replicate", "reflect": "reflect", "symmetric": "symmetric"}


class _Flip(Change):
    axis = -1

    def __init__(self, p: float = 0.5) -> None:
        in_range(type(self).__name__, "p", p, "[0, 1]")
        self.p = p

    def pictures(self, x: Tensor, drawn: Any) -> Tensor:
        return x.flip(self.axis)

    masks = moved = pictures

    def points(self, places: Tensor, drawn: Any, size: Size) -> Tensor:
        x, y = places[:, :, 0], places[:, :, 1]
        return stack([size.w - x, y] if self.axis == -1 else [x, size.h - y], -1)


class RandomHorizontalFlip(_Flip):
    """Left and right exchanged, of each sample with probability p.

    >>> import gradus
    >>> RandomHorizontalFlip(p=1)(gradus.tensor([[[1.0, 2.0]]])).tolist()
    [[[2.0, 1.0]]]
    """


class RandomVerticalFlip(_Flip):
    """Top and bottom exchanged, of each sample with probability p.

    >>> import gradus
    >>> RandomVerticalFlip(p=1)(gradus.tensor([[[1.0], [2.0]]])).tolist()
    [[[2.0], [1.0]]]
    """

    axis = -2


class RandomCrop(Change):
    """A part of each picture, at a random place; after `eval()` the middle.

    Args:
        size: its height and width, or one number for both.
        padding: pixels that are put around the picture before: one number; left and right, top and bottom; or left,
            top, right, bottom.
        fill: what these are.
        padding_mode: "constant" for `fill`, else as the picture goes on: "edge", "reflect", "symmetric".
        mask_fill: what they are in masks, where it is `fill` in pictures.

    Raises:
        ShapeError: the picture, with what is around it, is smaller.

    >>> import gradus
    >>> RandomCrop(32, padding=4)(gradus.rand(8, 3, 32, 32)).shape
    (8, 3, 32, 32)
    >>> RandomCrop(1).eval()(gradus.tensor([[[1.0, 2.0, 3.0]]])).tolist()
    [[[2.0]]]
    """

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] = 0,
        fill: float = 0,
        padding_mode: str = "constant",
        mask_fill: int = 0,
    ) -> None:
        self.size = per_axis("RandomCrop: size", size, 2)
        self.padding = _four_sides(padding)
        self.padding_mode = one_of("RandomCrop", "padding_mode", padding_mode, _PADDING_MODES)
        self.fill, self.mask_fill = fill, mask_fill

    def _room(self, size: Size) -> tuple[int, int]:
        """By how much the padded pictures are larger than what is cut out."""
        left, top, right, bottom = self.padding
        more = size.h + top + bottom - self.size[0], size.w + left + right - self.size[1]
        if min(more) < 0:
            raise ShapeError(
                f"RandomCrop: {self.size} is to be cut out of {size[2:]}, with padding {self.padding} around it",
                "Take a smaller size, or more padding.",
            )
        return more

    def draw(self, size: Size, numbers: Generator) -> Any:
        down, right = self._room(size)
        return numbers.randint(0, down + 1, (size.n,)), numbers.randint(0, right + 1, (size.n,))

    def at_rest(self, size: Size) -> Any:
        down, right = self._room(size)
        nothing = as_tensor([0] * size.n)
        return nothing + down // 2, nothing + right // 2

    def pictures(self, x: Tensor, drawn: Any) -> Tensor:
        return self._cut(x, drawn, self.fill)

    moved = pictures

    def masks(self, x: Tensor, drawn: Any) -> Tensor:
        return self._cut(x, drawn, self.mask_fill)

    def _cut(self, x: Tensor, drawn: Any, fill: float) -> Tensor:
        left, top, right, bottom = self.padding
        around = [(0, 0), (0, 0), (top, bottom), (left, right)]
        if any(self.padding):
            x = pad(x, around, _PADDING_MODES[self.padding_mode], fill)
        starts = (start.reshape(-1, 1, 1) for start in drawn)
        (h, w), (y, x_) = self.size, starts
        return pixels(x, [y + arange(h).reshape(-1, 1), x_ + arange(w)])

    def points(self, places: Tensor, drawn: Any, size: Size) -> Tensor:
        y, x = (start.reshape(-1, 1).astype(places.dtype) for start in drawn)
        left, top, _, _ = self.padding
        return stack([places[:, :, 0] + left - x, places[:, :, 1] + top - y], -1)


def _four_sides(padding: Any) -> tuple[int, int, int, int]:
    sides = [padding] if isinstance(padding, int) else list(padding)
    if len(sides) not in (1, 2, 4) or not all(isinstance(n, int) and n >= 0 for n in sides):
        raise ArgumentError(f"RandomCrop: padding is one, two or four integers of 0 or more, got {padding!r}")
    left, top, right, bottom = sides * (4 // len(sides))
    return left, top, right, bottom


class RandomResizedCrop(Change):
    """A part of each picture, of random area, form and place, resized; after `eval()` the whole picture, resized.

    Read between the four nearest pixels: a part that is much larger than `size` is not smoothed before. A part that
    would be higher or wider than the picture is as high or wide as that.

    Args:
        size: height and width of the result, or one number for both.
        scale: the least and the largest area, as a share of the picture's.
        ratio: the least and the largest width divided by height; the logarithm is drawn evenly.

    >>> import gradus
    >>> RandomResizedCrop(16)(gradus.rand(8, 3, 32, 32)).shape
    (8, 3, 16, 16)
    """

    def __init__(
        self, size: int | Sequence[int], scale: Range = (0.08, 1.0), ratio: Range = (3 / 4, 4 / 3)
    ) -> None:
        self.size = per_axis("RandomResizedCrop: size", size, 2)
        self.scale = ends("RandomResizedCrop", "scale", scale, 0, 1)
        self.ratio = ends("RandomResizedCrop", "ratio", ratio, 1e-3, 1e3)

    def draw(self, size: Size, numbers: Generator) -> Any:
        """Where the part begins, and how long it is: downwards, then to the right."""
        h, w = part_of(numbers, size, self.scale, self.ratio)
        y, x = numbers.rand(size.n) * (size.h - h), numbers.rand(size.n) * (size.w - w)
        return (y, h), (x, w)

    def at_rest(self, size: Size) -> Any:
        nothing = as_tensor([0.0] * size.n)
        return (nothing, nothing + size.h), (nothing, nothing + size.w)

    def _read(self, x: Tensor, drawn: Any, mode: str) -> Tensor:
        places = []
        for (start, length), n in zip(drawn, self.size, strict=True):
            step = (length / n).reshape(-1, 1)
            places.append(start.reshape(-1, 1) + (arange(n).astype(dtypes.float32) + 0.5) * step - 0.5)
        y, x_ = places
        return read_at(x, [y.expand_dims(2), x_.expand_dims(1)], mode, "border")

    def pictures(self, x: Tensor, drawn: Any) -> Tensor:
        return self._read(x, drawn, "bilinear")

    moved = pictures

    def masks(self, x: Tensor, drawn: Any) -> Tensor:
        return self._read(x, drawn, "nearest")

    def points(self, places: Tensor, drawn: Any, size: Size) -> Tensor:
        moved = []
        for i, n in ((1, self.size[1]), (0, self.size[0])):
            start, length = (t.reshape(-1, 1) for t in drawn[i])
            moved.append((places[:, :, 1 - i] - start) * (n / length))
        return stack(moved, -1)


def part_of(numbers: Generator, size: Size, scale: Range, ratio: Range) -> tuple[Tensor, Tensor]:
    """Heights and widths of parts whose area and form are drawn, each at most the picture's own."""
    area = uniform(numbers, size.n, scale) * (size.h * size.w)
    form = uniform(numbers, size.n, (math.log(ratio[0]), math.log(ratio[1]))).exp()
    return (area / form).sqrt().clip(0, size.h), (area * form).sqrt().clip(0, size.w)
