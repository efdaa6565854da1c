"""Dropout: some numbers, chosen anew each time, are left out."""

from __future__ import annotations

import sys
from typing import Any

from .. import random
from ..errors import MistakeWarning, ShapeError, is_users, warn
from ..ops import ones, where
from ..ops.core.primitive import promote
from ..tensor import Tensor
from .checks import in_range

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]


def dropout(x: Any, p: float = 0.5, training: bool | None = None) -> Tensor:
    """Each element becomes 0 with probability p, else x / (1 - p), so that the mean stays (Srivastava et al., 2014).

    Outside training x is passed on as it is; unless told, it is training. The random numbers are the default
    generator's.

    >>> import gradus
    >>> gradus.seed(0)
    >>> dropout([1.0, 1.0, 1.0, 1.0], p=0.5).sum() % 2
    tensor(0.)
    """
    in_range("dropout", "p", p, "[0, 1]")
    y = promote(x, floats=True)[0]
    if training is None:
        _look_at_mode()
    if training is False or p == 0:
        return y
    scale = 1 / (1 - p) if p < 1 else 0.0
    return where(random.rand(y.shape) >= p, y * scale, 0)


def _look_at_mode() -> None:
    """Warn where a module in evaluation mode asks for dropout, and does not say that it is."""
    frame: Any = sys._getframe(2)
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None or frame.f_code.co_name != "forward":
        return
    owner = frame.f_locals.get("self")
    if getattr(owner, "training", True) is False and hasattr(owner, "named_modules"):
        warn(
            f"dropout drops in {type(owner).__name__}, which is in evaluation mode: it was not told. Write "
            "dropout(x, p, self.training), or use nn.Dropout.",
            MistakeWarning,
            mistake="dropout-always-on",
        )


def dropout1d(x: Any, p: float = 0.5, training: bool = True) -> Tensor:
    """`dropout` of whole channels of (n, c, l) or (c, l).

    >>> import gradus
    >>> dropout1d(gradus.ones((2, 3, 4)), p=0.0).shape
    (2, 3, 4)
    """
    return _of_channels(x, 1, p, training)


def dropout2d(x: Any, p: float = 0.5, training: bool = True) -> Tensor:
    """`dropout` of whole channels of images, (n, c, h, w) or (c, h, w) (Tompson et al., 2015).

    >>> import gradus
    >>> gradus.seed(0)
    >>> channels = dropout2d(gradus.ones((1, 8, 2, 2))).reshape(8, 4)
    >>> (channels == channels[:, :1]).all()
    tensor(True)
    """
    return _of_channels(x, 2, p, training)


def dropout3d(x: Any, p: float = 0.5, training: bool = True) -> Tensor:
    """`dropout` of whole channels of volumes, (n, c, d, h, w) or (c, d, h, w).

    >>> import gradus
    >>> dropout3d(gradus.ones((3, 2, 2, 2)), p=0.0).shape
    (3, 2, 2, 2)
    """
    return _of_channels(x, 3, p, training)


def _of_channels(x: Any, places: int, p: float, training: bool) -> Tensor:
    y = promote(x, floats=True)[0]
    if y.ndim not in (places + 1, places + 2):
        raise ShapeError(f"dropout{places}d: expects (n, c, ...) or (c, ...) with {places} axes after, got {y.shape}")
    if not training or p == 0:
        return y
    kept: Tensor = y * dropout(ones((*y.shape[:-places], *(1,) * places), y.dtype), p)
    return kept


def alpha_dropout(x: Any, p: float = 0.5, training: bool = True) -> Tensor:
    """Dropout to the least value of SELU in place of 0, scaled so that mean and variance stay.

    Of Klambauer et al. (2017).

    >>> alpha_dropout([1.0, 2.0], training=False)
    tensor([1., 2.])
    """
    in_range("alpha_dropout", "p", p, "[0, 1)")
    y = promote(x, floats=True)[0]
    return y if not training or p == 0 else _to_least(y, random.rand(y.shape) >= p, p)


def feature_alpha_dropout(x: Any, p: float = 0.5, training: bool = True) -> Tensor:
    """`alpha_dropout` of whole channels, (n, c, ...).

    >>> feature_alpha_dropout([[[1.0, 2.0]]], training=False).tolist()
    [[[1.0, 2.0]]]
    """
    in_range("feature_alpha_dropout", "p", p, "[0, 1)")
    y = promote(x, floats=True)[0]
    if y.ndim < 2:
        raise ShapeError(f"feature_alpha_dropout: expects (n, c, ...), got {y.shape}")
    shape = (*y.shape[:2], *(1,) * (y.ndim - 2))
    return y if not training or p == 0 else _to_least(y, random.rand(shape) >= p, p)


def _to_least(y: Tensor, kept: Tensor, p: float) -> Tensor:
    least = -1.0507009873554805 * 1.6732632423543772
    scale = ((1 - p) * (1 + p * least * least)) ** -0.5
    dropped: Tensor = where(kept, y, least) * scale - scale * least * p
    return dropped
