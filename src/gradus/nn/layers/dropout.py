"""The layer that leaves numbers out."""

from __future__ import annotations

from ... import functional as F
from ...functional.checks import in_range
from ...tensor import Tensor
from ..core.module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training each element becomes 0 with probability p, else x / (1 - p); after `eval()` x is passed on.

    >>> import gradus
    >>> Dropout(0.5).eval()(gradus.ones(3))
    tensor([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5) -> None:
        in_range("Dropout", "p", p, "[0, 1]")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"
