"""Layers that put something around the last axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ... import functional as F
from ...functional.windows import per_axis
from ...tensor import Tensor
from ..core.module import Module

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Pad(Module):
    """So many elements around the last axes: one number, or (before, after) of the last axis, then of the one before.

    >>> import gradus
    >>> ReflectionPad1d(1)(gradus.tensor([[1.0, 2.0, 3.0]]))
    tensor([[2., 1., 2., 3., 2.]])
    """

    axes: ClassVar[int]
    mode: ClassVar[str] = "constant"
    value: float = 0.0

    def __init__(self, padding: int | Sequence[int]) -> None:
        self.padding = per_axis(f"{type(self).__name__}: padding", padding, 2 * self.axes, least=-(2**31))

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        return str(self.padding)


class _ConstantPad(_Pad):
    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        return f"{self.padding}, value={self.value}"


class ZeroPad1d(_Pad):
    """The last axis of (n, c, l) surrounded by zeros: see `functional.pad`.

    >>> import gradus
    >>> ZeroPad1d(1)(gradus.ones((1, 1, 3))).shape
    (1, 1, 5)
    """

    axes = 1


class ZeroPad2d(_Pad):
    """The last 2 axes of (n, c, h, w) surrounded by zeros: see `functional.pad`.

    >>> import gradus
    >>> ZeroPad2d(1)(gradus.ones((1, 1, 3, 3))).shape
    (1, 1, 5, 5)
    """

    axes = 2


class ZeroPad3d(_Pad):
    """The last 3 axes of (n, c, d, h, w) surrounded by zeros: see `functional.pad`.

    >>> import gradus
    >>> ZeroPad3d(1)(gradus.ones((1, 1, 3, 3, 3))).shape
    (1, 1, 5, 5, 5)
    """

    axes = 3


class ConstantPad1d(_ConstantPad):
    """The last axis of (n, c, l) surrounded by a value: see `functional.pad`.

    >>> import gradus
    >>> ConstantPad1d(1, 7.0)(gradus.ones((1, 1, 3))).shape
    (1, 1, 5)
    """

    axes = 1


class ConstantPad2d(_ConstantPad):
    """The last 2 axes of (n, c, h, w) surrounded by a value: see `functional.pad`.

    >>> import gradus
    >>> ConstantPad2d(1, 7.0)(gradus.ones((1, 1, 3, 3))).shape
    (1, 1, 5, 5)
    """

    axes = 2


class ConstantPad3d(_ConstantPad):
    """The last 3 axes of (n, c, d, h, w) surrounded by a value: see `functional.pad`.

    >>> import gradus
    >>> ConstantPad3d(1, 7.0)(gradus.ones((1, 1, 3, 3, 3))).shape
    (1, 1, 5, 5, 5)
    """

    axes = 3


class ReflectionPad1d(_Pad):
    """The last axis of (n, c, l) surrounded by mirrored elements: see `functional.pad`.

    >>> import gradus
    >>> ReflectionPad1d(1)(gradus.ones((1, 1, 3))).shape
    (1, 1, 5)
    """

    axes = 1
    mode = "reflect"


class ReflectionPad2d(_Pad):
    """The last 2 axes of (n, c, h, w) surrounded by mirrored elements: see `functional.pad`.

    >>> import gradus
    >>> ReflectionPad2d(1)(gradus.ones((1, 1, 3, 3))).shape
    (1, 1, 5, 5)
    """

    axes = 2
    mode = "reflect"


class ReflectionPad3d(_Pad):
    """The last 3 axes of (n, c, d, h, w) surrounded by mirrored elements: see `functional.pad`.

    >>> import gradus
    >>> ReflectionPad3d(1)(gradus.ones((1, 1, 3, 3, 3))).shape
    (1, 1, 5, 5, 5)
    """

    axes = 3
    mode = "reflect"


class ReplicationPad1d(_Pad):
    """The last axis of (n, c, l) surrounded by copies of the outermost elements: see `functional.pad`.

    >>> import gradus
    >>> ReplicationPad1d(1)(gradus.ones((1, 1, 3))).shape
    (1, 1, 5)
    """

    axes = 1
    mode = "replicate"


class ReplicationPad2d(_Pad):
    """The last 2 axes of (n, c, h, w) surrounded by copies of the outermost elements: see `functional.pad`.

    >>> import gradus
    >>> ReplicationPad2d(1)(gradus.ones((1, 1, 3, 3))).shape
    (1, 1, 5, 5)
    """

    axes = 2
    mode = "replicate"


class ReplicationPad3d(_Pad):
    """The last 3 axes of (n, c, d, h, w) surrounded by copies of the outermost elements: see `functional.pad`.

    >>> import gradus
    >>> ReplicationPad3d(1)(gradus.ones((1, 1, 3, 3, 3))).shape
    (1, 1, 5, 5, 5)
    """

    axes = 3
    mode = "replicate"


class CircularPad1d(_Pad):
    """The last axis of (n, c, l) surrounded by the elements of the other end: see `functional.pad`.

    >>> import gradus
    >>> CircularPad1d(1)(gradus.ones((1, 1, 3))).shape
    (1, 1, 5)
    """

    axes = 1
    mode = "circular"


class CircularPad2d(_Pad):
    """The last 2 axes of (n, c, h, w) surrounded by the elements of the other end: see `functional.pad`.

    >>> import gradus
    >>> CircularPad2d(1)(gradus.ones((1, 1, 3, 3))).shape
    (1, 1, 5, 5)
    """

    axes = 2
    mode = "circular"


class CircularPad3d(_Pad):
    """The last 3 axes of (n, c, d, h, w) surrounded by the elements of the other end: see `functional.pad`.

    >>> import gradus
    >>> CircularPad3d(1)(gradus.ones((1, 1, 3, 3, 3))).shape
    (1, 1, 5, 5, 5)
    """

    axes = 3
    mode = "circular"
