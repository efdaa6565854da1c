"""Dropout: some numbers, chosen anew each time, are left out."""

from __future__ import annotations

from typing import Any

from .. import random
from ..ops import where
from ..ops.core.primitive import promote
from ..tensor import Tensor
from .checks import in_range

__all__ = ["dropout"]


def dropout(x: Any, p: float = 0.5, training: bool = True) -> Tensor:
    """Each element becomes 0 with probability p, else x / (1 - p), so that the mean stays (Srivastava et al., 2014).

    Outside training x is passed on as it is. The random numbers are the default generator's.

    >>> import gradus
    >>> gradus.seed(0)
    >>> dropout([1.0, 1.0, 1.0, 1.0], p=0.5).sum() % 2
    tensor(0.)
    """
    in_range("dropout", "p", p, "[0, 1]")
    y = promote(x, floats=True)[0]
    if not training or p == 0:
        return y
    scale = 1 / (1 - p) if p < 1 else 0.0
    return where(random.rand(y.shape) >= p, y * scale, 0)
