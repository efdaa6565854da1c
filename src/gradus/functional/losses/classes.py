"""Losses of classes: what a model says of each, against the one that is right."""

from __future__ import annotations

from typing import Any

from ... import dtypes
from ...errors import ArgumentError, DtypeError, MistakeWarning, ShapeError, warn
from ...interpret import OtherThan, Outside
from ...ops import log_softmax, relu, where
from ...ops.core.primitive import cast
from ...ops.core.wide import in_float32
from ...ops.making.create import iota
from ...ops.reductions.softmax import made_by
from ...tensor import Tensor, as_tensor
from ..checks import in_range, refuse, same_shape
from .common import look_at_logarithms, numbers, reduce, weighted

_TOGETHER = 1.01  # more than the probabilities of a sample are together

__all__ = ["cross_entropy", "hinge_loss", "nll_loss"]


@in_float32
def cross_entropy(
    logits: Any,
    targets: Any,
    weight: Any = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    """The cross-entropy of softmax(z) to the targets: -sum_c w_c t_c log softmax(z)_c, averaged over the samples.

    With integer labels t is 1 at the label. Smoothing with s takes t to (1 - s) t + s / classes (Szegedy et al.,
    2016, section 7). With weights the mean of labelled samples is weighted, too: the sum, divided by that of w_label.

    Args:
        logits: z, (n, classes, ...): scores before the softmax; or of one sample, (classes,).
        targets: labels, integers (n, ...); or probabilities (one-hot, or soft), (n, classes, ...).
        weight: w, (classes,): how much each class counts; 1 unless given.
        ignore_index: a label that counts for nothing, as of padding; unlike in PyTorch none unless given (-100 there).
        label_smoothing: s, in [0, 1].
        reduction: "mean", "sum" or "none", which gives (n, ...).

    Raises:
        ShapeError: the shapes fit neither form.
        DtypeError: labels that are no integers.
        DataError: a label outside 0 ... classes - 1.

    >>> cross_entropy([[100.0, 0.0], [0.0, 0.0]], [1, 1], reduction="none")
    tensor([100.       ,   0.6931472])
    >>> cross_entropy([[100.0, 0.0], [0.0, 0.0]], [-1, 1], ignore_index=-1)
    tensor(0.6931472)
    """
    z, y = as_tensor(logits), as_tensor(targets)
    if made_by("softmax", z):
        warn(
            "cross_entropy: the scores are the result of a softmax, and it has one inside. Give it the scores "
            "themselves.",
            MistakeWarning,
            mistake="softmax-before-cross-entropy",
        )
    in_range("cross_entropy", "label_smoothing", label_smoothing, "[0, 1]")
    if z.ndim == 1 and y.ndim in (0, 1):
        losses = cross_entropy(z[None], y[None], weight, ignore_index, label_smoothing, reduction)
        return losses.reshape(()) if reduction == "none" else losses
    w = None if weight is None else _of_classes("cross_entropy", z, weight)
    if y.shape == z.shape:
        if ignore_index is not None:
            raise ArgumentError("cross_entropy: ignore_index is a label, and these targets are probabilities")
        return _to_probabilities(z, y, w, label_smoothing, reduction)
    counts, label = _counted("cross_entropy", z, y, ignore_index)
    log_p = log_softmax(z, axis=1)
    losses = _negative_at(log_p if w is None else log_p * w, label)
    if label_smoothing:
        even = log_p.mean(1) if w is None else (log_p * w).mean(1)
        losses = (1 - label_smoothing) * losses - label_smoothing * even
    return _gathered("cross_entropy", losses, w, label, counts, reduction)


def _to_probabilities(z: Tensor, y: Tensor, w: Tensor | None, smoothing: float, reduction: str) -> Tensor:
    """The cross-entropy to probabilities of each class."""
    if z.ndim < 2:
        raise ShapeError(
            f"cross_entropy: logits have shape {z.shape}, and no axis of classes", "They are (n, classes, ...)."
        )
    if z.shape[1] == 1:
        raise ShapeError(
            f"cross_entropy: logits have one class only (shape {z.shape}), whose probability is always 1",
            "For yes or no use binary_cross_entropy_with_logits.",
        )
    _look_at_shares(y)
    log_p = log_softmax(z, axis=1)
    if w is not None:
        log_p = log_p * w
    losses = -weighted(y, log_p).sum(1)
    if smoothing:
        losses = (1 - smoothing) * losses - smoothing * log_p.mean(1)
    return reduce("cross_entropy", losses, reduction)


def _look_at_shares(targets: Tensor) -> None:
    """Warn of targets of 0 and 1 of which a sample has several: no probabilities of one class."""
    y = numbers(targets)
    if y is not None and y.size and y.sum(1).max() > _TOGETHER and ((y == 0) | (y == 1)).all():
        warn(
            "cross_entropy: samples have several classes, and the softmax shares one out among all. Where each class "
            "is yes or no by itself, take binary_cross_entropy_with_logits.",
            MistakeWarning,
            mistake="several-labels-a-sample",
        )


@in_float32
def nll_loss(
    log_probabilities: Any,
    targets: Any,
    weight: Any = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of the labels, mean -w_label log p_label: cross-entropy after a log-softmax.

    Args:
        log_probabilities: log p, (n, classes, ...); or of one sample, (classes,).
        targets: labels, integers (n, ...).
        weight, ignore_index: as in `cross_entropy`.
        reduction: "mean", "sum" or "none", which gives (n, ...).

    >>> nll_loss([[-0.5, -1.0], [-0.1, -2.0]], [0, 1])
    tensor(1.25)
    """
    log_p, y = as_tensor(log_probabilities), as_tensor(targets)
    look_at_logarithms("nll_loss", log_p, "scores-as-logarithms", ", or take cross_entropy of the scores")
    if log_p.ndim == 1 and y.ndim == 0:
        losses = nll_loss(log_p[None], y[None], weight, ignore_index, reduction)
        return losses.reshape(()) if reduction == "none" else losses
    w = None if weight is None else _of_classes("nll_loss", log_p, weight)
    counts, label = _counted("nll_loss", log_p, y, ignore_index)
    losses = _negative_at(log_p if w is None else log_p * w, label)
    return _gathered("nll_loss", losses, w, label, counts, reduction)


def _of_classes(name: str, scores: Tensor, weight: Any) -> Tensor:
    """Weights of the classes, in a shape that meets that of the scores."""
    w = as_tensor(weight)
    if scores.ndim < 2 or w.shape != (scores.shape[1],):
        raise ShapeError(
            f"{name}: weight has shape {w.shape}, logits {scores.shape}",
            "It is one number a class.",
            mistake="weights-of-classes",
        )
    return w.reshape(-1, *(1,) * (scores.ndim - 2))


def _counted(name: str, scores: Tensor, labels: Tensor, ignored: int | None) -> tuple[Tensor | None, Tensor]:
    """Which samples count (None if all), and whether each class is the label."""
    if ignored is None or dtypes.is_float(labels.dtype):
        return None, chosen(name, scores, labels)
    counts = labels != ignored
    return counts, chosen(name, scores, where(counts, labels, 0))


def _gathered(
    name: str, losses: Tensor, weight: Tensor | None, label: Tensor, counts: Tensor | None, reduction: str
) -> Tensor:
    """The losses of labelled samples gathered: the mean is that of those that count, by their weights."""
    if counts is not None:
        losses = where(counts, losses, 0)
    if reduction != "mean" or (weight is None and counts is None):
        return reduce(name, losses, reduction)
    shares = where(label, 1 if weight is None else weight, 0).sum(1)
    shares = shares if counts is None else where(counts, shares, 0)
    return losses.sum() / cast(shares.sum(), losses.dtype)


def _negative_at(log_p: Tensor, chosen: Tensor) -> Tensor:
    """-log p at the chosen class. Compared, not gathered: it fuses, and log p may be -inf elsewhere."""
    return -where(chosen, log_p, 0).sum(1)


def chosen(name: str, scores: Tensor, labels: Tensor) -> Tensor:
    """Whether each class is the label: booleans in the shape of `scores`, (n, classes, ...)."""
    if dtypes.is_float(labels.dtype) and labels.ndim == 2 and not dtypes.is_float(scores.dtype) and scores.ndim == 1:
        raise ShapeError(
            f"{name}: logits have shape {scores.shape} and are integers, targets {labels.shape} and floats",
            "The first are the predictions, the second the targets.",
            "swapped-labels",
        )
    if scores.ndim < 2 or labels.shape != (scores.shape[0], *scores.shape[2:]):
        raise ShapeError(
            f"{name}: logits have shape {scores.shape}, targets {labels.shape}",
            f"Labels of (n, classes, ...) have shape (n, ...){_expected_labels(scores)}.",
            mistake="labels-in-a-column",
        )
    if dtypes.is_float(labels.dtype):
        raise DtypeError(
            f"{name}: labels are integers, but targets of shape {labels.shape} hold {labels.dtype}. "
            f"Use targets.astype(int), or give probabilities of shape {scores.shape}.",
            mistake="labels-with-a-point",
        )
    classes = scores.shape[1]
    refuse(
        name,
        labels,
        Outside(0, classes - 1),
        f"logits have {classes} classes (shape {scores.shape}), but targets hold the label {{value}} at "
        f"targets[{{place}}]. Labels run from 0 to {classes - 1}.",
        "label-without-an-output",
    )
    names = iota(classes).reshape(classes, *(1,) * (scores.ndim - 2))
    return labels.expand_dims(1) == names


def _expected_labels(scores: Tensor) -> str:
    return f", here {(scores.shape[0], *scores.shape[2:])}" if scores.ndim > 1 else ""


@in_float32
def hinge_loss(scores: Any, targets: Any, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """The hinge loss of support vector machines, binary: max(0, m - y s); of several classes: max(0, m - s_y + s_j).

    Of several classes j is the best of the others (Crammer and Singer, 2001), as in scikit-learn; PyTorch's
    `multi_margin_loss` sums over all others instead, and divides by the number of classes.

    Args:
        scores: s, of any shape for two classes; (n, classes) for several.
        targets: y, -1 or +1 in the shape of `scores`; or labels, integers (n,).
        margin: m, how far the right side must be ahead.
        reduction: "mean", "sum" or "none".

    >>> hinge_loss([0.3, -2.0], [1, -1], reduction="none")
    tensor([0.7, 0. ])
    >>> hinge_loss([[1.0, 3.0, 2.5]], [1])
    tensor(0.5)
    """
    s, y = as_tensor(scores), as_tensor(targets)
    if y.shape == s.shape or s.ndim != 2:
        same_shape("hinge_loss", s, y)
        refuse(
            "hinge_loss",
            y,
            OtherThan((-1, 1)),
            "targets of two classes are -1 and +1, but targets[{place}] is {value}. For 0 and 1 use 2 * targets - 1.",
            "signs-as-targets",
        )
        ahead = s * y
    else:
        right = chosen("hinge_loss", s, y)
        ahead = where(right, s, 0).sum(1) - where(right, -float("inf"), s).max(1)
    return reduce("hinge_loss", relu(margin - ahead), reduction)
