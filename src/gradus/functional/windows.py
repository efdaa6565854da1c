"""What convolution and pooling share: sizes for each axis, and padding at both ends."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from ..errors import ArgumentError
from ..ops import pad
from ..tensor import Tensor

Sizes = tuple[int, ...]


def per_axis(what: str, value: Any, axes: int, least: int = 1) -> Sizes:
    """One integer for each axis, from an integer or as many as there are axes.

    >>> per_axis("stride", 2, axes=2)
    (2, 2)
    """
    sizes = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    sizes = sizes * axes if len(sizes) == 1 else sizes
    if len(sizes) != axes or not all(isinstance(n, Integral) and int(n) >= least for n in sizes):
        raise ArgumentError(f"{what} is an integer of {least} or more, or {axes} of them, got {value!r}")
    return tuple(map(int, sizes))


def pad_ends(x: Tensor, before: Sizes, after: Sizes, value: float = 0) -> Tensor:
    """The last axes lengthened at both ends."""
    rest = x.ndim - len(before)
    return pad(x, [(0, 0)] * rest + list(zip(before, after, strict=True)), value=value)
