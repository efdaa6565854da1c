"""Losses: one number that says how far predictions are from targets.

Each takes the predictions first, then the targets, and gathers the losses of the samples by `reduction`: "mean"
(over all elements), "sum", or "none".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import dtypes
from ..errors import DtypeError, ShapeError
from ..interpret import OtherThan, Outside
from ..ops import log, log1p, relu, softplus, where
from ..ops.core.primitive import promote
from ..ops.core.wide import in_float32
from ..ops.making.create import iota
from ..tensor import Tensor, as_tensor
from .activations import log_softmax
from .checks import in_range, one_of, refuse, same_shape

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
]

_REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda losses: losses.mean(),
    "sum": lambda losses: losses.sum(),
    "none": lambda losses: losses,
}


def _reduce(name: str, losses: Tensor, reduction: str) -> Tensor:
    return _REDUCTIONS[one_of(name, "reduction", reduction, _REDUCTIONS)](losses)


def _alike(name: str, predictions: Any, targets: Any) -> tuple[Tensor, Tensor]:
    """Both as Tensors, which must be of one shape."""
    predictions, targets = as_tensor(predictions), as_tensor(targets)
    same_shape(name, predictions, targets)
    return predictions, targets


def _weighted(weight: Tensor, x: Tensor) -> Tensor:
    """weight x, but 0 where the weight is 0 and x infinite: what counts for nothing gives no NaN."""
    return weight * where((weight == 0) & (x.absolute() == math.inf), 0, x)


# -- of numbers --------------------------------------------------------------------------------------------------------


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
    x, y = _alike("l1_loss", predictions, targets)
    return _reduce("l1_loss", (x - y).absolute(), reduction)


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
    x, y = _alike("mse_loss", predictions, targets)
    difference = x - y
    return _reduce("mse_loss", difference * difference, reduction)


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
    x, y = _alike("huber_loss", predictions, targets)
    r = x - y
    slope = r.clip(-delta, delta)
    return _reduce("huber_loss", slope * (r - 0.5 * slope), reduction)


# -- of classes --------------------------------------------------------------------------------------------------------


@in_float32
def cross_entropy(logits: Any, targets: Any, label_smoothing: float = 0.0, reduction: str = "mean") -> Tensor:
    """The cross-entropy of softmax(z) to the targets: -sum_c t_c log softmax(z)_c, averaged over the samples.

    With integer labels t is 1 at the label. Smoothing with s takes t to (1 - s) t + s / classes (Szegedy et al.,
    2016, section 7).

    Args:
        logits: z, (n, classes, ...): scores before the softmax.
        targets: labels, integers (n, ...); or probabilities (one-hot, or soft), (n, classes, ...).
        label_smoothing: s, in [0, 1].
        reduction: "mean", "sum" or "none", which gives (n, ...).

    Raises:
        ShapeError: the shapes fit neither form.
        DtypeError: labels that are no integers.
        DataError: a label outside 0 ... classes - 1.

    >>> cross_entropy([[100.0, 0.0], [0.0, 0.0]], [1, 1], reduction="none")
    tensor([100.       ,   0.6931472])
    """
    z, y = as_tensor(logits), as_tensor(targets)
    in_range("cross_entropy", "label_smoothing", label_smoothing, "[0, 1]")
    if y.shape == z.shape:
        _several_classes(z)
        log_p = log_softmax(z, axis=1)
        losses = -_weighted(y, log_p).sum(1)
    else:
        label = _one_hot("cross_entropy", z, y)
        log_p = log_softmax(z, axis=1)
        losses = _negative_at(log_p, label)
    if label_smoothing:
        losses = (1 - label_smoothing) * losses - label_smoothing * log_p.mean(1)
    return _reduce("cross_entropy", losses, reduction)


@in_float32
def nll_loss(log_probabilities: Any, targets: Any, reduction: str = "mean") -> Tensor:
    """The negative log-likelihood of the labels, mean -log p_label: cross-entropy after a log-softmax.

    Args:
        log_probabilities: log p, (n, classes, ...).
        targets: labels, integers (n, ...).
        reduction: "mean", "sum" or "none", which gives (n, ...).

    >>> nll_loss([[-0.5, -1.0], [-0.1, -2.0]], [0, 1])
    tensor(1.25)
    """
    log_p, y = as_tensor(log_probabilities), as_tensor(targets)
    return _reduce("nll_loss", _negative_at(log_p, _one_hot("nll_loss", log_p, y)), reduction)


def _negative_at(log_p: Tensor, chosen: Tensor) -> Tensor:
    """-log p at the chosen class. Compared, not gathered: it fuses, and log p may be -inf elsewhere."""
    return -where(chosen, log_p, 0).sum(1)


def _one_hot(name: str, scores: Tensor, labels: Tensor) -> Tensor:
    """Whether each class is the label: booleans in the shape of `scores`, (n, classes, ...)."""
    if scores.ndim < 2 or labels.shape != (scores.shape[0], *scores.shape[2:]):
        raise ShapeError(
            f"{name}: logits have shape {scores.shape}, targets {labels.shape}",
            f"Labels of (n, classes, ...) have shape (n, ...){_expected_labels(scores)}.",
        )
    if dtypes.is_float(labels.dtype):
        raise DtypeError(
            f"{name}: labels are integers, but targets of shape {labels.shape} hold {labels.dtype}. "
            f"Use targets.astype(int), or give probabilities of shape {scores.shape}."
        )
    classes = scores.shape[1]
    refuse(
        name,
        labels,
        Outside(0, classes - 1),
        f"logits have {classes} classes (shape {scores.shape}), but targets hold the label {{value}} at "
        f"targets[{{place}}]. Labels run from 0 to {classes - 1}.",
    )
    names = iota(classes).reshape(classes, *(1,) * (scores.ndim - 2))
    return labels.expand_dims(1) == names


def _expected_labels(scores: Tensor) -> str:
    return f", here {(scores.shape[0], *scores.shape[2:])}" if scores.ndim > 1 else ""


def _several_classes(logits: Tensor) -> None:
    if logits.ndim < 2:
        raise ShapeError(
            f"cross_entropy: logits have shape {logits.shape}, and no axis of classes", "They are (n, classes, ...)."
        )
    if logits.shape[1] == 1:
        raise ShapeError(
            f"cross_entropy: logits have one class only (shape {logits.shape}), whose probability is always 1",
            "For yes or no use binary_cross_entropy_with_logits.",
        )


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
        )
        ahead = s * y
    else:
        right = _one_hot("hinge_loss", s, y)
        ahead = where(right, s, 0).sum(1) - where(right, -float("inf"), s).max(1)
    return _reduce("hinge_loss", relu(margin - ahead), reduction)


# -- of probabilities --------------------------------------------------------------------------------------------------


@in_float32
def binary_cross_entropy(probabilities: Any, targets: Any, reduction: str = "mean") -> Tensor:
    """The cross-entropy of yes and no, mean -(y log p + (1 - y) log(1 - p)); a logarithm of 0 counts as -100.

    At that logarithm of 0 the gradient is 0; PyTorch's is 1e12. From scores rather than probabilities,
    `binary_cross_entropy_with_logits` is more exact.

    Args:
        probabilities: p, of any shape, in [0, 1].
        targets: y, of the same shape, in [0, 1].
        reduction: "mean", "sum" or "none".

    >>> binary_cross_entropy([0.5, 0.5], [1.0, 0.0])
    tensor(0.6931472)
    """
    p, y = _alike("binary_cross_entropy", probabilities, targets)
    outside = "probabilities[{place}] is {value}. Probabilities are in [0, 1]; scores need a sigmoid first."
    refuse("binary_cross_entropy", p, Outside(0, 1), outside)
    _shares("binary_cross_entropy", y)
    yes = _at_least_minus_100(p == 0, p, log)
    no = _at_least_minus_100(p == 1, -p, log1p)  # of a small p, 1 - p would be 1
    return _reduce("binary_cross_entropy", -(y * yes + (1 - y) * no), reduction)


def _at_least_minus_100(impossible: Tensor, p: Tensor, logarithm: Callable[[Tensor], Tensor]) -> Tensor:
    """The logarithm, or -100 where that of 0 is asked for: an error costs much, but its gradient is no NaN."""
    return where(impossible, -100, logarithm(where(impossible, 0.5, p)).clip(-100))


def _shares(name: str, targets: Tensor) -> None:
    message = "targets[{place}] is {value}. Targets are probabilities, in [0, 1]."
    refuse(name, targets, Outside(0, 1), message)


@in_float32
def binary_cross_entropy_with_logits(logits: Any, targets: Any, reduction: str = "mean") -> Tensor:
    """The cross-entropy of yes and no to sigmoid(z), mean log(1 + e^z) - y z, exact for scores of any size.

    Worked out as log(1 + e^-|z|) + (1 - y) z, or - y z where z < 0: no two large numbers are subtracted.

    Args:
        logits: z, of any shape: scores before the sigmoid.
        targets: y, of the same shape, in [0, 1].
        reduction: "mean", "sum" or "none".

    >>> binary_cross_entropy_with_logits([0.0, 100.0], [1.0, 0.0], reduction="none")
    tensor([  0.6931472, 100.       ])
    """
    name = "binary_cross_entropy_with_logits"
    z, y = _alike(name, logits, targets)
    _shares(name, y)
    z, y = promote(z, y, floats=True)  # -y has no meaning for booleans, and another for unsigned integers
    positive = z > 0
    size = _weighted(where(positive, 1 - y, -y), z)
    return _reduce(name, size + softplus(where(positive, -z, z)), reduction)


@in_float32
def kl_div(log_probabilities: Any, targets: Any, reduction: str = "batchmean") -> Tensor:
    """The Kullback-Leibler divergence of q from p, sum p (log p - log q) per sample; unlike in PyTorch, "batchmean".

    PyTorch's default averages over all elements, which is no divergence.

    Args:
        log_probabilities: log q, of any shape, the model's, as from log_softmax.
        targets: p, probabilities of the same shape; where p is 0 the loss is 0.
        reduction: "batchmean" (the sum, divided by the length of the first axis), "mean", "sum" or "none".

    >>> kl_div([[-0.6931472, -0.6931472]], [[1.0, 0.0]])
    tensor(0.6931472)
    """
    log_q, p = _alike("kl_div", log_probabilities, targets)
    one_of("kl_div", "reduction", reduction, ["batchmean", *_REDUCTIONS])
    _shares("kl_div", p)
    present = p > 0
    losses = p * where(present, p, 1).log() - _weighted(p, log_q)
    if reduction == "batchmean":
        return losses.sum() / (losses.shape[0] if losses.ndim else 1)
    return _reduce("kl_div", losses, reduction)
