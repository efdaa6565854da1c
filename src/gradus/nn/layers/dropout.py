"""The layer that leaves numbers out."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from ... import functional as F
from ...autograd import recording
from ...errors import MistakeWarning, warn
from ...functional.checks import in_range
from ...tensor import Tensor
from ..core.looks import look_at_dropout
from ..core.module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class Dropout(Module):
    """In training each element becomes 0 with probability p, else x / (1 - p); after `eval()` x is passed on.

    >>> import gradus
    >>> Dropout(0.5).eval()(gradus.ones(3))
    tensor([1., 1., 1.])
    """

    @property
    def _by_mode(self) -> bool:
        return self.p > 0

    def __init__(self, p: float = 0.5) -> None:
        in_range(type(self).__name__, "p", p, "[0, 1]")
        if p == 1:
            warn(
                f"{type(self).__name__}(1.0) leaves all out. p is the share that is left out, not what stays.",
                MistakeWarning,
                mistake="dropout-of-all",
            )
        self.p = p

    function: ClassVar[Callable[..., Tensor]] = staticmethod(F.dropout)

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self._by_mode and not recording():
            look_at_dropout(self)
        return type(self).function(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Dropout1d(Dropout):
    """In training `functional.dropout1d`; after `eval()` x is passed on.

    >>> import gradus
    >>> Dropout1d(0.5).eval()(gradus.ones((1, 2, 3))).shape
    (1, 2, 3)
    """

    function = staticmethod(F.dropout1d)


class Dropout2d(Dropout):
    """In training `functional.dropout2d`; after `eval()` x is passed on.

    >>> import gradus
    >>> Dropout2d(0.5).eval()(gradus.ones((1, 2, 3, 3))).shape
    (1, 2, 3, 3)
    """

    function = staticmethod(F.dropout2d)


class Dropout3d(Dropout):
    """In training `functional.dropout3d`; after `eval()` x is passed on.

    >>> import gradus
    >>> Dropout3d(0.5).eval()(gradus.ones((1, 2, 3, 3, 3))).shape
    (1, 2, 3, 3, 3)
    """

    function = staticmethod(F.dropout3d)


class AlphaDropout(Dropout):
    """In training `functional.alpha_dropout`; after `eval()` x is passed on.

    >>> import gradus
    >>> AlphaDropout(0.5).eval()(gradus.ones((1, 2, 3))).shape
    (1, 2, 3)
    """

    function = staticmethod(F.alpha_dropout)


class FeatureAlphaDropout(Dropout):
    """In training `functional.feature_alpha_dropout`; after `eval()` x is passed on.

    >>> import gradus
    >>> FeatureAlphaDropout(0.5).eval()(gradus.ones((1, 2, 3))).shape
    (1, 2, 3)
    """

    function = staticmethod(F.feature_alpha_dropout)
