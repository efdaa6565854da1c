"""Pictures made worse: noise, blur, and parts erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ArgumentError, ShapeError
from ...functional.checks import in_range
from ...functional.windows import per_axis
from ...ops import arange, pad, where
from ...random import Generator
from ...tensor import Tensor, as_tensor
from ._ranges import Range, ends, uniform
from .change import Change, Size
from .flips_and_crops import part_of

__all__ = ["GaussianBlur", "GaussianNoise", "RandomErasing"]


class GaussianNoise(Change):
    """x + mean + sigma z, with z from the normal distribution for each pixel and channel.

    Args:
        mean, sigma: of the noise.
        clip: keep the result from 0 to 1.
        p: the probability with which a sample is changed.

    >>> import gradus
    >>> GaussianNoise(sigma=0.0)(gradus.tensor([[[0.5, 1.0]]])).tolist()
    [[[0.5, 1.0]]]
    """

    def __init__(self, mean: float = 0.0, sigma: float = 0.1, clip: bool = True, p: float = 1.0) -> None:
        in_range("GaussianNoise", "sigma", sigma, "[0, inf)")
        in_range("GaussianNoise", "p", p, "[0, 1]")
        self.mean, self.sigma, self.clip, self.p = mean, sigma, clip, p

    def draw(self, size: Size, numbers: Generator) -> Any:
        return numbers.randn(*size)

    def pictures(self, x: Tensor, drawn: Any) -> Tensor:
        noisy: Tensor = x + (drawn * self.sigma + self.mean).astype(x.dtype)
        return noisy.clip(0, 1) if self.clip else noisy


class GaussianBlur(Change):
    """Each pixel the mean of those around it, by weights exp(-d^2 / (2 sigma^2)); the border is reflected.

    Args:
        kernel_size: pixels that count, downwards and to the right, odd, or one number for both.
        sigma: the least and the largest, in pixels, drawn evenly for each sample; or one number.
        p: the probability with which a sample is changed.

    Raises:
        ShapeError: a kernel that reaches further than the picture.

    >>> import gradus
    >>> GaussianBlur(3)(gradus.ones((1, 4, 4))).round().sum()
    tensor(16.)
    """

    def __init__(
        self, kernel_size: int | Sequence[int], sigma: float | Range = (0.1, 2.0), p: float = 1.0
    ) -> None:
        self.kernel_size = per_axis("GaussianBlur: kernel_size", kernel_size, 2)
        if not all(k % 2 for k in self.kernel_size):
            raise ArgumentError(f"GaussianBlur: kernel_size is odd, got {kernel_size!r}")
        sigma = sigma if isinstance(sigma, Sequence) else (sigma, sigma)
        self.sigma = ends("GaussianBlur", "sigma", sigma, 1e-3)
        in_range("GaussianBlur", "p", p, "[0, 1]")
        self.p = p

    def draw(self, size: Size, numbers: Generator) -> Any:
        return uniform(numbers, size.n, self.sigma)

    def pictures(self, x: Tensor, drawn: Any) -> Tensor:
        for axis, k in zip((2, 3), self.kernel_size, strict=True):
            if k // 2 >= x.shape[axis]:
                raise ShapeError(f"GaussianBlur: a kernel of {self.kernel_size} reaches over pictures of {x.shape[2:]}")
            away = arange(k).astype(x.dtype) - k // 2
            weights = (away.square() / (-2 * drawn.astype(x.dtype).square().reshape(-1, 1))).exp()
            weights = weights / weights.sum(1, keepdims=True)
            wide = pad(x, [(k // 2, k // 2) if i == axis else (0, 0) for i in range(4)], "reflect")
            n = x.shape[axis]
            parts = [wide[:, :, i : i + n] if axis == 2 else wide[..., i : i + n] for i in range(k)]
            shares = [weights[:, i].reshape(-1, 1, 1, 1) for i in range(k)]
            x = sum((part * share for part, share in zip(parts[1:], shares[1:], strict=True)), parts[0] * shares[0])
        return x


class RandomErasing(Change):
    """A rectangle of random area, form and place replaced (Zhong et al., 2017); no mask is changed.

    One that would be higher or wider than the picture is as high or wide as that.

    Args:
        p: the probability with which a sample is changed.
        scale: the least and the largest area, as a share of the picture's.
        ratio: the least and the largest height divided by width; the logarithm is drawn evenly.
        value: what stands there then: a number, one for each channel, or "random" for normal numbers.

    >>> import gradus
    >>> RandomErasing(p=1, scale=(1.0, 1.0), ratio=(1.0, 1.0), value=7)(gradus.zeros((1, 1, 2, 2))).tolist()
    [[[[7.0, 7.0], [7.0, 7.0]]]]
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Range = (0.02, 0.33),
        ratio: Range = (0.3, 3.3),
        value: float | Sequence[float] | str = 0,
    ) -> None:
        in_range("RandomErasing", "p", p, "[0, 1]")
        if isinstance(value, str) and value != "random":
            raise ArgumentError(f"RandomErasing: value is a number, one a channel, or 'random', got {value!r}")
        self.p, self.value = p, value
        self.scale = ends("RandomErasing", "scale", scale, 0, 1)
        self.ratio = ends("RandomErasing", "ratio", ratio, 1e-3, 1e3)

    def draw(self, size: Size, numbers: Generator) -> Any:
        """Top, bottom, left, right of the rectangles, and what stands in them where that is drawn."""
        upright = size._replace(h=size.w, w=size.h)
        w, h = (t.round() for t in part_of(numbers, upright, self.scale, self.ratio))
        top = (numbers.rand(size.n) * (size.h - h + 1)).floor()
        left = (numbers.rand(size.n) * (size.w - w + 1)).floor()
        return (top, top + h, left, left + w), numbers.randn(*size) if self.value == "random" else None

    def pictures(self, x: Tensor, drawn: Any) -> Tensor:
        sides, noise = drawn
        within = rectangle(x, sides)
        if noise is not None:
            return where(within, noise.astype(x.dtype), x)
        value = as_tensor(self.value).astype(x.dtype).reshape(-1, 1, 1)
        if value.size not in (1, x.shape[1]):
            raise ShapeError(f"RandomErasing: pictures have shape {x.shape}, value {value.size} channels")
        return where(within, value, x)


def rectangle(x: Tensor, sides: Sequence[Tensor]) -> Tensor:
    """Whether each pixel of pictures (n, c, h, w) is in its sample's rectangle, (n, 1, h, w): from top and left on, up
    to bottom and right, without these."""
    top, bottom, left, right = (side.reshape(-1, 1, 1, 1) for side in sides)
    y, x_ = (arange(n).astype(top.dtype) for n in x.shape[2:])
    y = y.reshape(-1, 1)
    return (y >= top) & (y < bottom) & (x_ >= left) & (x_ < right)
