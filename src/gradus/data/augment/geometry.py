"""Pictures shifted, turned, scaled, sheared and stretched: whatever is done, each pixel is read once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...errors import ArgumentError, one_of
from ...functional import interpolate
from ...functional.checks import at_least, in_range
from ...functional.pictures.grids import MODES, PADDING_MODES, read_at
from ...ops import arange, stack
from ...random import Generator
from ...tensor import Tensor
from ._ranges import around, ends, uniform
from .change import Change, Size

__all__ = ["ElasticTransform", "RandomAffine", "RandomRotation"]


class _Resampled(Change):
    """Pictures read at other places; a class says where (`places`)."""

    interpolation: str
    padding_mode: str
    fill: float
    mask_fill: int

    def _set(self, interpolation: str, padding_mode: str, fill: float, mask_fill: int, p: float) -> None:
        where = type(self).__name__
        self.interpolation = one_of(where, "interpolation", interpolation, MODES)
        self.padding_mode = one_of(where, "padding_mode", padding_mode, PADDING_MODES)
        in_range(where, "p", p, "[0, 1]")
        self.fill, self.mask_fill, self.p = fill, mask_fill, p

    def places(self, drawn: Any, size: Size) -> list[Tensor]:
        """Where each pixel of the result is read, in pixels: y, then x, (n, h, w) both."""
        raise NotImplementedError

    def _read(self, x: Tensor, drawn: Any, mode: str, fill: float) -> Tensor:
        return read_at(x, self.places(drawn, Size(*x.shape)), mode, self.padding_mode, fill=fill)

    def pictures(self, x: Tensor, drawn: Any) -> Tensor:
        return self._read(x, drawn, self.interpolation, self.fill)

    def moved(self, x: Tensor, drawn: Any) -> Tensor:
        return self._read(x, drawn, self.interpolation, self.mask_fill)

    def masks(self, x: Tensor, drawn: Any) -> Tensor:
        return self._read(x, drawn, "nearest", self.mask_fill)


class RandomAffine(_Resampled):
    """Pictures turned, sheared, scaled and shifted about their middle, in one reading.

    A point goes to its middle + shift + s R H (point - middle), with the rotation R, the shears H and the scale s.

    Args:
        degrees: the angles, clockwise: from -degrees to degrees, or a range of two.
        translate: the largest shifts to the right or left, and down or up, as shares of width and height; None: none.
        scale: the least and the largest scale, drawn evenly; None: 1.
        shear: degrees by which the vertical is sheared, a number or a range of two; or a range of four, of which the
            last two are for the horizontal; None: none.
        interpolation: "bilinear", "nearest" or "bicubic"; masks are always read by "nearest".
        fill: what was outside, if `padding_mode` is "zeros".
        mask_fill: the same in masks, and in what moves with the pictures.
        padding_mode: "zeros", or as the picture goes on: "border" or "reflection".
        p: the probability with which a sample is changed.

    >>> import gradus
    >>> right = RandomAffine(0, translate=(0.5, 0), p=0.5)
    >>> right(gradus.rand(8, 3, 32, 32)).shape
    (8, 3, 32, 32)
    """

    clockwise = 1

    def __init__(
        self,
        degrees: float | Sequence[float],
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: float | Sequence[float] | None = None,
        interpolation: str = "bilinear",
        fill: float = 0,
        mask_fill: int = 0,
        padding_mode: str = "zeros",
        p: float = 1.0,
    ) -> None:
        where = type(self).__name__
        self.degrees = around(where, "degrees", degrees, 0, -math.inf)
        self.translate = None if translate is None else tuple(map(float, translate))
        if self.translate is not None and (len(self.translate) != 2 or not all(0 <= t <= 1 for t in self.translate)):
            raise ArgumentError(f"{where}: translate is two shares from 0 to 1, of width and height, got {translate!r}")
        self.scale = None if scale is None else ends(where, "scale", scale, 1e-6)
        sheared = list(shear) if isinstance(shear, Sequence) and len(shear) == 4 else [shear or 0.0]
        pairs = [sheared[:2], sheared[2:]] if len(sheared) == 4 else [*sheared, 0.0]
        self.shear = None if shear is None else tuple(around(where, "shear", s, 0, -89, 89) for s in pairs)
        self._set(interpolation, padding_mode, fill, mask_fill, p)

    def draw(self, size: Size, numbers: Generator) -> Any:
        """The matrix that turns, shears and scales, and the shift: a, b, c, d, right, down."""
        n = size.n
        angle = uniform(numbers, n, self.degrees) * (self.clockwise * math.pi / 180)
        cos, sin = angle.cos(), angle.sin()
        a, b, c, d = cos, -sin, sin, cos
        if self.shear is not None:
            x, y = (uniform(numbers, n, s) * (math.pi / 180) for s in self.shear)
            tan_x, tan_y = x.sin() / x.cos(), y.sin() / y.cos()
            a, c = a - b * tan_y, c - d * tan_y
            b, d = b - a * tan_x, d - c * tan_x
        if self.scale is not None:
            s = uniform(numbers, n, self.scale)
            a, b, c, d = a * s, b * s, c * s, d * s
        across, along = (0.0, 0.0) if self.translate is None else self.translate
        right, down = uniform(numbers, n, (-across, across)) * size.w, uniform(numbers, n, (-along, along)) * size.h
        return a, b, c, d, right, down

    def places(self, drawn: Any, size: Size) -> list[Tensor]:
        a, b, c, d, right, down = (t.reshape(-1, 1, 1) for t in drawn)
        middle_x, middle_y = (size.w - 1) / 2, (size.h - 1) / 2
        x = arange(size.w).astype(right.dtype) - middle_x - right
        y = arange(size.h).astype(down.dtype).reshape(-1, 1) - middle_y - down
        whole = a * d - b * c
        return [(a * y - c * x) / whole + middle_y, (d * x - b * y) / whole + middle_x]

    def points(self, places: Tensor, drawn: Any, size: Size) -> Tensor:
        a, b, c, d, right, down = (t.reshape(-1, 1) for t in drawn)
        x, y = places[:, :, 0] - size.w / 2, places[:, :, 1] - size.h / 2
        return stack([a * x + b * y + (right + size.w / 2), c * x + d * y + (down + size.h / 2)], -1)


class RandomRotation(RandomAffine):
    """Pictures turned about their middle.

    Args:
        degrees: the angles, counter-clockwise: from -degrees to degrees, or a range of two.
        interpolation, fill, mask_fill, padding_mode, p: see `RandomAffine`.

    >>> import gradus
    >>> quarter = RandomRotation((90, 90))
    >>> quarter(gradus.tensor([[[1.0, 2.0], [3.0, 4.0]]])).round().tolist()
    [[[2.0, 4.0], [1.0, 3.0]]]
    """

    clockwise = -1

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: str = "bilinear",
        fill: float = 0,
        mask_fill: int = 0,
        padding_mode: str = "zeros",
        p: float = 1.0,
    ) -> None:
        super().__init__(degrees, None, None, None, interpolation, fill, mask_fill, padding_mode, p)


class ElasticTransform(_Resampled):
    """Pictures stretched like rubber: U-Net's deformation (Ronneberger, Fischer and Brox, 2015, section 3.1).

    A few points of a coarse grid over the picture are displaced at random, and each pixel by what bicubic interpolation
    between these gives.

    Args:
        std: the displacements' standard deviation, in pixels.
        grid: how many points the grid has in each direction.
        interpolation, fill, mask_fill, padding_mode, p: see `RandomAffine`; outside the picture goes on reflected.

    Raises:
        ArgumentError: with points or boxes, whose new places no formula gives.

    >>> import gradus
    >>> ElasticTransform(std=4.0)(gradus.rand(8, 1, 64, 64)).shape
    (8, 1, 64, 64)
    """

    def __init__(
        self,
        std: float = 10.0,
        grid: int = 3,
        interpolation: str = "bilinear",
        fill: float = 0,
        mask_fill: int = 0,
        padding_mode: str = "reflection",
        p: float = 1.0,
    ) -> None:
        in_range("ElasticTransform", "std", std, "[0, inf)")
        at_least(2, "ElasticTransform", grid=grid)
        self.std, self.grid = std, grid
        self._set(interpolation, padding_mode, fill, mask_fill, p)

    def draw(self, size: Size, numbers: Generator) -> Any:
        return numbers.randn(size.n, 2, self.grid, self.grid) * self.std

    def places(self, drawn: Any, size: Size) -> list[Tensor]:
        further = interpolate(drawn, (size.h, size.w), mode="bicubic", align_corners=True)
        y, x = arange(size.h).astype(drawn.dtype).reshape(-1, 1), arange(size.w).astype(drawn.dtype)
        return [further[:, 0] + y, further[:, 1] + x]

    def points(self, places: Tensor, drawn: Any, size: Size) -> Tensor:
        raise ArgumentError(
            "ElasticTransform: where points and boxes go is known only the other way round. Move masks of them instead."
        )
