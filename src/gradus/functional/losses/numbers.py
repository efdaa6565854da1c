"""Losses of numbers: how far predictions are from what was measured."""

from __future__ import annotations

import math
from typing import Any

from ...interpret import Outside
from ...ops import log, where
from ...ops.core.primitive import promote
from ...ops.core.wide import in_float32
from ...tensor import Tensor
from ..checks import in_range, refuse
from .common import alike, reduce

__all__ = ["gaussian_nll_loss", "huber_loss", "l1_loss", "mse_loss", "poisson_nll_loss", "smooth_l1_loss"]


@in_float32
def l1_loss(predictions: Any, targets: Any, reduction: str = "mean") -> Tensor:
    """The absolute error, mean |x - y|. Its minimum is the median of the targets.

    Args:
        predictions: x, of any shape.
        targets: y, of the same shape; another one is a ShapeError, never broadcast.
        reduction: "mean", "sum" or "none".

    >>> l1_loss([1.0, 2.0], [0.0, 4.0])
    tensor(1.5)
    """
    x, y = alike("l1_loss", predictions, targets)
    return reduce("l1_loss", (x - y).absolute(), reduction)


@in_float32
def mse_loss(predictions: Any, targets: Any, reduction: str = "mean") -> Tensor:
    """The squared error, mean (x - y)^2. Its minimum is the mean of the targets.

    Args:
        predictions: x, of any shape.
        targets: y, of the same shape; another one is a ShapeError, never broadcast.
        reduction: "mean", "sum" or "none".

    >>> mse_loss([1.0, 2.0], [0.0, 4.0])
    tensor(2.5)
    """
    x, y = alike("mse_loss", predictions, targets)
    difference = x - y
    return reduce("mse_loss", difference * difference, reduction)


@in_float32
def huber_loss(predictions: Any, targets: Any, delta: float = 1.0, reduction: str = "mean") -> Tensor:
    """Squared near 0 and absolute beyond delta: r^2 / 2 where |r| <= delta, else delta (|r| - delta / 2); r = x - y.

    Outliers pull with a bounded force (Huber, 1964). PyTorch's `smooth_l1_loss(beta=delta)` is this divided by delta.

    Args:
        predictions: x, of any shape.
        targets: y, of the same shape; another one is a ShapeError, never broadcast.
        delta: where the square ends, above 0.
        reduction: "mean", "sum" or "none".

    >>> huber_loss([1.0, 4.0], [1.5, 0.0], reduction="none")
    tensor([0.125, 3.5  ])
    """
    in_range("huber_loss", "delta", delta, "(0, inf)")
    x, y = alike("huber_loss", predictions, targets)
    r = x - y
    slope = r.clip(-delta, delta)
    return reduce("huber_loss", slope * (r - 0.5 * slope), reduction)


@in_float32
def smooth_l1_loss(predictions: Any, targets: Any, beta: float = 1.0, reduction: str = "mean") -> Tensor:
    """`huber_loss` of delta = beta, divided by it: r^2 / (2 beta) where |r| < beta, else |r| - beta / 2.

    Of Girshick (2015).

    Args:
        predictions, targets: x and y, of one shape; r = x - y.
        beta: where the square ends, 0 or more; with 0 it is `l1_loss`.
        reduction: "mean", "sum" or "none".

    >>> smooth_l1_loss([1.0, 4.0], [1.5, 0.0], reduction="none")
    tensor([0.125, 3.5  ])
    """
    in_range("smooth_l1_loss", "beta", beta, "[0, inf)")
    if beta == 0:
        return l1_loss(predictions, targets, reduction)
    return huber_loss(predictions, targets, beta, reduction) / beta


@in_float32
def poisson_nll_loss(
    predictions: Any,
    targets: Any,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of counts y of a Poisson distribution with the mean e^x: e^x - y x.

    Args:
        predictions: x, the logarithm of the mean; with `log_input=False` the mean itself: x - y log(x + eps).
        targets: y, counts, of the same shape.
        full: with Stirling's y log y - y + log(2 pi y) / 2 where y > 1, which does not depend on x.
        eps: keeps the logarithm finite.
        reduction: "mean", "sum" or "none".

    >>> poisson_nll_loss([0.0, 0.0], [1.0, 2.0], reduction="none")
    tensor([1., 1.])
    """
    x, y = alike("poisson_nll_loss", predictions, targets)
    losses = x.exp() - y * x if log_input else x - y * log(x + eps)
    if full:
        many = where(y > 1, y, 1)
        losses = losses + where(y > 1, many * log(many) - many + 0.5 * log(2 * math.pi * many), 0)
    return reduce("poisson_nll_loss", losses, reduction)


@in_float32
def gaussian_nll_loss(
    predictions: Any, targets: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """The negative log-likelihood of y under a normal distribution: (log v + (x - y)^2 / v) / 2.

    Of Nix and Weigend (1994).

    Args:
        predictions: x, the means.
        targets: y, of the same shape.
        var: v, 0 or more, of the same shape or with a last axis of length 1, or without it; at least `eps` counts.
        full: with log(2 pi) / 2, which does not depend on x.
        eps: the least variance that counts; the gradient passes below it, too.
        reduction: "mean", "sum" or "none".

    >>> gaussian_nll_loss([1.0, 2.0], [0.0, 2.0], [1.0, 1.0], reduction="none")
    tensor([0.5, 0. ])
    """
    x, y = alike("gaussian_nll_loss", predictions, targets)
    v = promote(x, var, floats=True)[1]
    refuse("gaussian_nll_loss", v, Outside(0, math.inf), "var[{place}] is {value}. A variance is 0 or more.")
    if v.ndim and v.ndim == x.ndim - 1:
        v = v.expand_dims(-1)
    v = v + (v.maximum(eps) - v).detach()
    losses = 0.5 * (log(v) + (x - y) ** 2 / v)
    return reduce("gaussian_nll_loss", losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)
