"""Losses of margins and distances: what belongs together is near, the rest ahead by a margin, or apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...errors import ArgumentError, ShapeError
from ...interpret import OtherThan, Outside
from ...ops import relu, softplus, where
from ...ops.core.primitive import promote
from ...ops.core.wide import in_float32
from ...ops.making.create import iota
from ...tensor import Tensor, as_tensor
from ..checks import in_range, refuse
from ..distances import pairwise_distance
from .classes import chosen, cross_entropy
from .common import alike, reduce
from .probabilities import binary_cross_entropy_with_logits

__all__ = [
    "cosine_embedding_loss",
    "focal_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def _signs(name: str, targets: Tensor) -> None:
    message = "targets[{place}] is {value}. They are -1 and +1; for 0 and 1 use 2 * targets - 1."
    refuse(name, targets, OtherThan((-1, 1)), message, "signs-as-targets")


@in_float32
def margin_ranking_loss(x1: Any, x2: Any, targets: Any, margin: float = 0.0, reduction: str = "mean") -> Tensor:
    """max(0, margin - y (x1 - x2)): with y = 1 the first should be larger, with -1 the second.

    >>> margin_ranking_loss([1.0, 2.0], [0.0, 5.0], [1, 1], reduction="none")
    tensor([0., 3.])
    """
    y = as_tensor(targets)
    _signs("margin_ranking_loss", y)
    x1, x2 = promote(x1, x2, floats=True)
    return reduce("margin_ranking_loss", relu(margin - y * (x1 - x2)), reduction)


@in_float32
def hinge_embedding_loss(distances: Any, targets: Any, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """x where y is 1 (alike), max(0, margin - x) where it is -1; x is a distance.

    >>> hinge_embedding_loss([0.5, 0.25], [1, -1], reduction="none")
    tensor([0.5 , 0.75])
    """
    x, y = promote(distances, floats=True)[0], as_tensor(targets)
    _signs("hinge_embedding_loss", y)
    return reduce("hinge_embedding_loss", where(y == 1, x, relu(margin - x)), reduction)


@in_float32
def soft_margin_loss(scores: Any, targets: Any, reduction: str = "mean") -> Tensor:
    """log(1 + e^(-y x)), for targets of -1 and +1, exact for scores of any size.

    >>> soft_margin_loss([0.0, 2.0], [1, -1], reduction="none")
    tensor([0.6931472, 2.126928 ])
    """
    x, y = alike("soft_margin_loss", promote(scores, floats=True)[0], targets)
    _signs("soft_margin_loss", y)
    return reduce("soft_margin_loss", softplus(-y * x), reduction)


@in_float32
def multi_margin_loss(
    scores: Any, targets: Any, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """sum over j other than the label of max(0, margin - s_label + s_j)^p, divided by the number of classes.

    Args:
        scores: s, (n, classes), or of one sample (classes,).
        targets: labels, integers (n,).
        p: 1 or 2.
        weight: (classes,): how much the loss of a sample of each class counts.

    >>> multi_margin_loss([[1.0, 3.0, 2.5]], [1])
    tensor(0.16666667)
    """
    s, y = as_tensor(scores), as_tensor(targets)
    if p not in (1, 2):
        raise ArgumentError(f"multi_margin_loss: p is 1 or 2, got {p!r}")
    one = s.ndim == 1
    if one:
        s, y = s[None], y.reshape(1)
    right = chosen("multi_margin_loss", s, y)
    ahead = relu(margin - where(right, s, 0).sum(1, keepdims=True) + s)
    if weight is not None:
        ahead = ahead * where(right, as_tensor(weight), 0).sum(1, keepdims=True) ** (1 / p)
    losses = where(right, 0, ahead if p == 1 else ahead**p).sum(1) / s.shape[1]
    return reduce("multi_margin_loss", losses[0] if one else losses, reduction)


@in_float32
def multilabel_margin_loss(scores: Any, targets: Any, reduction: str = "mean") -> Tensor:
    """sum over labels y and other classes j of max(0, 1 - (s_y - s_j)), divided by the number of classes.

    Args:
        scores: s, (n, classes), or of one sample (classes,).
        targets: labels in the same shape, integers; those before the first -1 of a row count.

    >>> multilabel_margin_loss([[0.1, 0.2, 0.4, 0.8]], [[3, 0, -1, 1]])
    tensor(0.85)
    """
    s, y = alike("multilabel_margin_loss", scores, targets)
    if s.ndim > 2 or not s.ndim:
        raise ShapeError(f"multilabel_margin_loss: needs (n, classes) or (classes,), got {s.shape}")
    most = f"Labels run from 0 to {s.shape[-1] - 1}, and -1 ends a row."
    refuse("multilabel_margin_loss", y, Outside(-math.inf, s.shape[-1] - 1), "targets[{place}] is {value}. " + most)
    rows, labels = s.reshape(-1, s.shape[-1]), y.reshape(-1, s.shape[-1])
    counts = (labels < 0).astype(int).cumsum(1) == 0
    at = where(counts, labels, -1).expand_dims(2) == iota(s.shape[-1])  # (n, labels, classes)
    right = at.any(1)
    mine = (at.astype(rows.dtype) * rows.expand_dims(1)).sum(2).expand_dims(2)
    behind = where(counts.expand_dims(2) & ~right.expand_dims(1), relu(1 - mine + rows.expand_dims(1)), 0)
    losses = behind.sum((1, 2)) / s.shape[-1]
    return reduce("multilabel_margin_loss", losses[0] if s.ndim == 1 else losses, reduction)


@in_float32
def multilabel_soft_margin_loss(scores: Any, targets: Any, weight: Any = None, reduction: str = "mean") -> Tensor:
    """Yes or no for each class, averaged over them: `binary_cross_entropy_with_logits`, mean over the last axis.

    >>> multilabel_soft_margin_loss([[0.0, 0.0]], [[1.0, 0.0]])
    tensor(0.6931472)
    """
    losses = binary_cross_entropy_with_logits(scores, targets, weight, reduction="none")
    return reduce("multilabel_soft_margin_loss", losses.mean(-1), reduction)


@in_float32
def cosine_embedding_loss(x1: Any, x2: Any, targets: Any, margin: float = 0.0, reduction: str = "mean") -> Tensor:
    """1 - cos(x1, x2) where y is 1, max(0, cos - margin) where it is -1; cos is over the last axis.

    >>> cosine_embedding_loss([[1.0, 0.0]], [[1.0, 0.0]], [-1])
    tensor(1.)
    """
    x1, x2 = promote(x1, x2, floats=True)
    y = as_tensor(targets)
    _signs("cosine_embedding_loss", y)
    tiny = 1e-12  # as in PyTorch, where a vector is 0
    product = (x1 * x2).sum(-1)
    cos = product / (((x1 * x1).sum(-1) + tiny) * ((x2 * x2).sum(-1) + tiny)).sqrt()
    return reduce("cosine_embedding_loss", where(y == 1, 1 - cos, relu(cos - margin)), reduction)


@in_float32
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(a, p) - d(a, n) + margin): the positive is nearer than the negative (Balntas et al., 2016).

    Args:
        anchor, positive, negative: a, p and n, (..., features).
        p, eps: of the distance, `pairwise_distance`.
        swap: take d(p, n) for d(a, n) where it is smaller.

    >>> triplet_margin_loss([[0.0]], [[1.0]], [[1.5]], eps=0.0)
    tensor(0.5)
    """

    def distance(x: Any, y: Any) -> Tensor:
        return pairwise_distance(x, y, p, eps)

    return triplet_margin_with_distance_loss(anchor, positive, negative, distance, margin, swap, reduction)


@in_float32
def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    distance_function: Callable[[Any, Any], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with a distance of one's own; that of rows unless given.

    >>> triplet_margin_with_distance_loss([0.0], [1.0], [1.5], lambda x, y: (x - y).absolute())
    tensor(0.5)
    """
    in_range("triplet_margin_loss", "margin", margin, "(0, inf)")
    distance = pairwise_distance if distance_function is None else distance_function
    a, near, far = promote(anchor, positive, negative, floats=True)
    away = distance(a, far)
    if swap:
        away = away.minimum(distance(near, far))
    return reduce("triplet_margin_with_distance_loss", relu(distance(a, near) - away + margin), reduction)


@in_float32
def focal_loss(
    logits: Any, targets: Any, alpha: float | None = 0.25, gamma: float = 2.0, reduction: str = "mean"
) -> Tensor:
    """Cross-entropy that counts less where the model is sure: alpha_t (1 - p_t)^gamma times it (Lin et al., 2017).

    Args:
        logits: z; for yes or no in the shape of the targets, for several classes (n, classes, ...).
        targets: y in [0, 1], or labels, integers (n, ...).
        alpha: how much a yes counts, a no 1 - alpha; None for 1. For labels all classes count alpha.
        gamma: 0 or more; with 0 and None it is the cross-entropy.

    >>> focal_loss([0.0], [1.0], alpha=None)
    tensor(0.1732868)
    """
    z, y = as_tensor(logits), as_tensor(targets)
    if z.shape == y.shape:
        losses = binary_cross_entropy_with_logits(z, y, reduction="none")
        p = z.sigmoid()
        wrong = p * (1 - y) + (1 - p) * y
        share: Tensor | float = 1.0 if alpha is None else alpha * y + (1 - alpha) * (1 - y)
    else:
        losses = cross_entropy(z, y, reduction="none")
        wrong = 1 - (-losses).exp()
        share = 1.0 if alpha is None else alpha
    return reduce("focal_loss", wrong**gamma * losses * share, reduction)
