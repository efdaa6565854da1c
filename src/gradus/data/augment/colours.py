"""Colours of pictures from 0 to 1: brighter, of more contrast, greyer, of another hue; and brought to mean 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ArgumentError, ShapeError
from ...functional.checks import in_range
from ...ops import concatenate, maximum, minimum, where
from ...random import Generator
from ...tensor import Tensor, as_tensor
from ._ranges import around, uniform
from .change import Change, Size

__all__ = ["ColorJitter", "Grayscale", "Normalize", "RandomGrayscale"]

_SHARES = (0.299, 0.587, 0.114)  # of red, green and blue in brightness (ITU-R BT.601)


class ColorJitter(Change):
    """Brightness, contrast, saturation and hue of each sample changed at random, in this order; kept from 0 to 1.

    With a factor f, drawn evenly, brightness makes x to f x, contrast to f x + (1 - f) m with the mean m of the
    picture's greys, saturation to f x + (1 - f) g with the grey g of each pixel. Hue turns each pixel's by a share of
    the circle. (torchvision draws one order of the four for a batch; a compiled step has one for good.)

    Args:
        brightness, contrast, saturation: the factor lies from 1 - it to 1 + it, but not below 0; or a range of two.
        hue: from -hue to hue, at most 0.5; or a range of two.
        p: the probability with which a sample is changed.

    Raises:
        ShapeError: saturation or hue of pictures with other than 1 or 3 channels; those with 1 keep them.

    >>> import gradus
    >>> ColorJitter(brightness=(0.5, 0.5))(gradus.tensor([[[1.0, 0.5]]])).tolist()
    [[[0.5, 0.25]]]
    """

    def __init__(
        self,
        brightness: float | Sequence[float] = 0,
        contrast: float | Sequence[float] = 0,
        saturation: float | Sequence[float] = 0,
        hue: float | Sequence[float] = 0,
        p: float = 1.0,
    ) -> None:
        self.brightness, self.contrast, self.saturation = (
            around("ColorJitter", name, value, 1, 0)
            for name, value in (("brightness", brightness), ("contrast", contrast), ("saturation", saturation))
        )
        self.hue = around("ColorJitter", "hue", hue, 0, -0.5, 0.5)
        in_range("ColorJitter", "p", p, "[0, 1]")
        self.p = p

    def draw(self, size: Size, numbers: Generator) -> Any:
        """A factor for each of the four; None for what stays."""
        still = ((1, 1), (1, 1), (1, 1), (0, 0))
        ranges = self.brightness, self.contrast, self.saturation, self.hue
        return [
            None if between == nothing else uniform(numbers, size.n, between).reshape(-1, 1, 1, 1)
            for between, nothing in zip(ranges, still, strict=True)
        ]

    def pictures(self, x: Tensor, drawn: Any) -> Tensor:
        brightness, contrast, saturation, hue = drawn
        if brightness is not None:
            x = (x * brightness).clip(0, 1)
        if contrast is not None:
            grey = x if x.shape[1] != 3 else _grey("ColorJitter", x)
            x = _blend(x, grey.mean((1, 2, 3), keepdims=True), contrast)
        if saturation is not None:
            grey = _grey("ColorJitter", x)
            x = x if grey is x else _blend(x, grey, saturation)
        if hue is not None and _grey("ColorJitter", x) is not x:
            x = _turned(x, hue)
        return x


def _blend(x: Tensor, other: Tensor, factor: Tensor) -> Tensor:
    return (x * factor + other * (1 - factor)).clip(0, 1)


def _grey(where_: str, x: Tensor) -> Tensor:
    """The brightness of each pixel, (n, 1, h, w); x itself if that is all it has."""
    if x.shape[1] == 1:
        return x
    if x.shape[1] != 3:
        raise ShapeError(f"{where_}: pictures have 1 channel, or red, green and blue, got {x.shape}")
    red, green, blue = (x[:, i : i + 1] * share for i, share in enumerate(_SHARES))
    return red + green + blue


def _turned(x: Tensor, turn: Tensor) -> Tensor:
    """The hue turned by a share of the circle; the largest and the least of the three colours stay."""
    red, green, blue = (x[:, i : i + 1] for i in range(3))
    most, least = maximum(maximum(red, green), blue), minimum(minimum(red, green), blue)
    chroma = most - least
    safe = where(chroma > 0, chroma, 1)
    sixths = where(
        most == red,
        (green - blue) / safe,
        where(most == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    sixths = sixths + turn * 6
    colours = []
    for first in (5, 3, 1):  # of red, green and blue, by Foley's formula
        k = sixths + first
        k = k - (k / 6).floor() * 6
        colours.append(most - chroma * minimum(k, 4 - k).clip(0, 1))
    return concatenate(colours, 1)


class Grayscale(Change):
    """The brightness of each pixel, 0.299 red + 0.587 green + 0.114 blue, after `eval()`, too.

    Args:
        num_output_channels: 1, or 3 of the same.

    >>> import gradus
    >>> Grayscale()(gradus.ones((3, 1, 2))).shape
    (1, 1, 2)
    """

    fixed = True

    def __init__(self, num_output_channels: int = 1) -> None:
        if num_output_channels not in (1, 3):
            raise ArgumentError(f"Grayscale: num_output_channels is 1 or 3, got {num_output_channels!r}")
        self.num_output_channels = num_output_channels

    def pictures(self, x: Tensor, drawn: Any) -> Tensor:
        grey = _grey("Grayscale", x)
        return grey if self.num_output_channels == 1 else grey.broadcast_to((x.shape[0], 3, *x.shape[2:]))


class RandomGrayscale(Change):
    """Each sample grey with probability p, with as many channels as before.

    >>> import gradus
    >>> RandomGrayscale(p=1)(gradus.ones((3, 1, 1))).round().tolist()
    [[[1.0]], [[1.0]], [[1.0]]]
    """

    def __init__(self, p: float = 0.1) -> None:
        in_range("RandomGrayscale", "p", p, "[0, 1]")
        self.p = p

    def pictures(self, x: Tensor, drawn: Any) -> Tensor:
        return _grey("RandomGrayscale", x).broadcast_to(x.shape)


class Normalize(Change):
    """(x - mean) / std of each channel, after `eval()`, too: it belongs into the model.

    Args:
        mean, std: a number for each channel.

    >>> import gradus
    >>> Normalize([0.5], [0.25])(gradus.tensor([[[1.0, 0.5]]])).tolist()
    [[[2.0, 0.0]]]
    """

    fixed = True

    def __init__(self, mean: Sequence[float] | Tensor, std: Sequence[float] | Tensor) -> None:
        self.mean, self.std = (as_tensor(v).astype("float32").reshape(-1) for v in (mean, std))
        if self.mean.shape != self.std.shape:
            raise ShapeError(f"Normalize: mean has {self.mean.size} channels, std {self.std.size}")
        if not (self.std > 0).all():
            raise ArgumentError(f"Normalize: std holds numbers above 0, got {self.std.tolist()}")

    def pictures(self, x: Tensor, drawn: Any) -> Tensor:
        if self.mean.size not in (1, x.shape[1]):
            raise ShapeError(f"Normalize: pictures have shape {x.shape}, mean and std {self.mean.size} channels")
        mean, std = (t.astype(x.dtype).reshape(-1, 1, 1) for t in (self.mean, self.std))
        return (x - mean) / std
