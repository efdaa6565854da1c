"""Padding by PyTorch's order of axes: the last one first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ShapeError
from ..ops import pad as pad_by_axis
from ..tensor import Tensor, as_tensor

__all__ = ["pad"]


def pad(x: Any, pad: Sequence[Any], mode: str = "constant", value: float | None = None) -> Tensor:
    """`gradus.pad`, with the ends counted as in PyTorch: (before, after) of the last axis, then of the one before it.

    Args:
        pad: integers, two an axis, below 0 to cut off; pairs, one for each axis in order, mean what `gradus.pad` means.
        mode: "constant", "reflect", "replicate" or "circular".
        value: of the constant; 0 unless given.

    >>> pad([[1, 2]], (1, 0))
    tensor([[0, 1, 2]])
    """
    x = as_tensor(x)
    ends = list(pad)
    if ends and not isinstance(ends[0], Sequence):
        if len(ends) % 2 or len(ends) > 2 * x.ndim:
            raise ShapeError(f"pad: {tuple(ends)} are no pairs of ends of the last axes of {x.shape}")
        pairs = [(ends[i], ends[i + 1]) for i in range(0, len(ends), 2)]
        ends = [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1]
    return pad_by_axis(x, ends or [(0, 0)] * x.ndim, mode, value or 0)
