"""Convolutional layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ... import functional as F
from ...errors import ArgumentError, ShapeError, one_of
from ...functional.checks import at_least_one, flags
from ...functional.conv import Size, ends
from ...functional.windows import per_axis
from ...tensor import Tensor
from ..core.module import Module
from .linear import weight_and_bias

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


class _Convolution(Module):
    """What the convolutions share: the sizes, the check of channels, the first values."""

    axes: ClassVar[int] = 2
    transposed: ClassVar[bool] = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        name = type(self).__name__
        one_of(name, "padding_mode", padding_mode, ("zeros",) if self.transposed else tuple(_MODES))
        self.padding_mode = padding_mode
        at_least_one(name, in_channels=in_channels, out_channels=out_channels, groups=groups)
        flags(name, bias=bias)
        if in_channels % groups or out_channels % groups:
            raise ArgumentError(f"{name}: {in_channels} and {out_channels} channels do not divide into {groups} groups")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = per_axis(f"{name}: kernel_size", kernel_size, self.axes)
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self._check_sizes(name)
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = (first, second // groups, *self.kernel_size)
        self.weight, self.bias = weight_and_bias(shape, math.prod(shape[1:]), out_channels, bias)

    def _check_sizes(self, name: str) -> None:
        """Refuse now what would make no sense when the layer is called."""
        steps = per_axis(f"{name}: stride", self.stride, self.axes)
        apart = per_axis(f"{name}: dilation", self.dilation, self.axes)
        if self.transposed:
            per_axis(f"{name}: padding", self.padding, self.axes, 0)
        else:
            ends(self.padding, self.kernel_size, steps, apart)

    def _options(self) -> dict[str, Any]:
        names = ("stride", "padding", "dilation", "groups")
        return {name: getattr(self, name) for name in names}

    def _convolved(self, function: Callable[..., Tensor], x: Tensor) -> Tensor:
        self._check(x)
        options = self._options()
        if self.padding_mode != "zeros":
            sizes = (per_axis(n, getattr(self, n), self.axes) for n in ("stride", "dilation"))
            before, after = ends(self.padding, self.kernel_size, *sizes)
            around = [n for pair in zip(reversed(before), reversed(after), strict=True) for n in pair]
            x, options["padding"] = F.pad(x, around, _MODES[self.padding_mode]), 0
        return function(x, self.weight, self.bias, **options)

    def _check(self, x: Tensor) -> None:
        if x.ndim in (self.axes + 1, self.axes + 2) and x.shape[-self.axes - 1] == self.in_channels:
            return
        axes = {1: "(n, c, l)", 2: "(n, c, h, w)", 3: "(n, c, d, h, w)"}[self.axes]
        got = f"input has {x.shape[1]} channels" if x.ndim == self.axes + 2 else f"input has {x.ndim} axes"
        remedy, mistake = f"It must be {axes} with c = {self.in_channels}.", "other-count-of-channels"
        if x.ndim == self.axes + 1:
            remedy = f"It must be {axes}: for one sample use x[None], for single-channel data x[:, None]."
            mistake = "picture-without-channels"
        elif x.ndim == self.axes + 2 and x.shape[-1] == self.in_channels:
            remedy, mistake = f"{remedy} If the channels are last: x.moveaxis(-1, 1).", "channels-last"
        what = f"{type(self).__name__}(in_channels={self.in_channels})"
        raise ShapeError(f"{what}: {got}, shape {x.shape}", remedy, mistake)

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"]
        usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0}
        parts += [f"{name}={value!r}" for name, value in self._options().items() if value != usual[name]]
        parts += [f"padding_mode={self.padding_mode!r}"] * (self.padding_mode != "zeros")
        return ", ".join(parts + ["bias=False"] * (self.bias is None))


class Conv1d(_Convolution):
    """Cross-correlation over one axis: (n, in_channels, l) becomes (n, out_channels, places); see `F.conv2d`.

    >>> import gradus
    >>> Conv1d(2, 4, 3)(gradus.ones((5, 2, 10))).shape
    (5, 4, 8)
    """

    axes = 1

    def forward(self, x: Tensor) -> Tensor:
        return self._convolved(F.conv1d, x)


class Conv2d(_Convolution):
    """Cross-correlation over images: (n, in_channels, h, w) becomes (n, out_channels, h', w'); see `F.conv2d`.

    `weight` (out, in / groups, kernel h, kernel w) and `bias` (out,) start uniform up to 1 / sqrt(in / groups kh kw).

    >>> import gradus
    >>> Conv2d(3, 6, 5, padding=2)(gradus.ones((2, 3, 28, 28))).shape
    (2, 6, 28, 28)
    """

    def forward(self, x: Tensor) -> Tensor:
        return self._convolved(F.conv2d, x)


class Conv3d(_Convolution):
    """Cross-correlation over volumes: (n, in_channels, d, h, w) becomes (n, out_channels, d', h', w'); see `F.conv2d`.

    >>> import gradus
    >>> Conv3d(2, 4, 3, padding=1)(gradus.ones((1, 2, 4, 5, 6))).shape
    (1, 4, 4, 5, 6)
    """

    axes = 3

    def forward(self, x: Tensor) -> Tensor:
        return self._convolved(F.conv3d, x)


class _Transposed(_Convolution):
    transposed = True
    function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        self.output_padding = output_padding

    def _options(self) -> dict[str, Any]:
        return super()._options() | {"output_padding": self.output_padding}

    def forward(self, x: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The result; of the sizes that give this input when convolved, `output_size` chooses one."""
        self._check(x)
        options = self._options()
        if output_size is not None:
            options["output_padding"] = self._extra(x, tuple(output_size)[-self.axes :])
        return type(self).function(x, self.weight, self.bias, **options)

    def _extra(self, x: Tensor, wanted: tuple[int, ...]) -> tuple[int, ...]:
        sizes = (per_axis(n, getattr(self, n), self.axes, 0) for n in ("stride", "padding", "dilation"))
        every = zip(x.shape[-self.axes :], *sizes, self.kernel_size, wanted, strict=True)
        extra = tuple(w - ((n - 1) * s - 2 * p + d * (k - 1) + 1) for n, s, p, d, k, w in every)
        if min(extra) < 0:
            raise ShapeError(f"{type(self).__name__}: input {x.shape} does not become {wanted}: that is too small")
        return extra


class ConvTranspose1d(_Transposed):
    """The adjoint of Conv1d, for making series longer: (n, in_channels, l) becomes (n, out_channels, l').

    >>> import gradus
    >>> ConvTranspose1d(8, 4, 2, stride=2)(gradus.ones((1, 8, 7))).shape
    (1, 4, 14)
    """

    axes = 1
    function = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_Transposed):
    """The adjoint of Conv2d, for making images larger: (n, in_channels, h, w) becomes (n, out_channels, h', w').

    `weight` is (in, out / groups, kernel h, kernel w). See `F.conv_transpose2d`.

    >>> import gradus
    >>> ConvTranspose2d(8, 4, 2, stride=2)(gradus.ones((1, 8, 7, 7))).shape
    (1, 4, 14, 14)
    """

    function = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_Transposed):
    """The adjoint of Conv3d, for making volumes larger: (n, in_channels, d, h, w) to (n, out_channels, d', h', w').

    >>> import gradus
    >>> ConvTranspose3d(2, 1, 2, stride=2)(gradus.ones((1, 2, 3, 3, 3))).shape
    (1, 1, 6, 6, 6)
    """

    axes = 3
    function = staticmethod(F.conv_transpose3d)
