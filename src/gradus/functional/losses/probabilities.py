"""Losses of probabilities: yes or no, and how far one distribution is from another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import MistakeWarning, one_of, warn
from ...interpret import Outside
from ...ops import log, log1p, softplus, where
from ...ops.core.primitive import promote
from ...ops.core.wide import in_float32
from ...tensor import Tensor
from ..checks import refuse
from .common import REDUCTIONS, alike, look_at_logarithms, numbers, reduce, shares, weighted

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div"]


@in_float32
def binary_cross_entropy(
    probabilities: Any, targets: Any, weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """The cross-entropy of yes and no, mean -(y log p + (1 - y) log(1 - p)); a logarithm of 0 counts as -100.

    At that logarithm of 0 the gradient is 0; PyTorch's is 1e12. From scores rather than probabilities,
    `binary_cross_entropy_with_logits` is more exact.

    Args:
        probabilities: p, of any shape, in [0, 1].
        targets: y, of the same shape, in [0, 1].
        weight: what the loss of each element is multiplied by; broadcast.
        reduction: "mean", "sum" or "none".

    >>> binary_cross_entropy([0.5, 0.5], [1.0, 0.0])
    tensor(0.6931472)
    """
    p, y = alike("binary_cross_entropy", probabilities, targets)
    if y.requires_grad and not p.requires_grad and (found := numbers(p)) is not None and np.isin(found, (0, 1)).all():
        warn(
            "binary_cross_entropy: the probabilities are all 0 or 1, and the targets are computed. The first are the "
            "predictions, the second the targets.",
            MistakeWarning,
            mistake="swapped-arguments",
        )
    outside = "probabilities[{place}] is {value}. Probabilities are in [0, 1]; scores need a sigmoid first."
    refuse("binary_cross_entropy", p, Outside(0, 1), outside, "scores-as-probabilities")
    shares("binary_cross_entropy", y)
    yes = _at_least_minus_100(p == 0, p, log)
    no = _at_least_minus_100(p == 1, -p, log1p)  # of a small p, 1 - p would be 1
    losses = -(y * yes + (1 - y) * no)
    return reduce("binary_cross_entropy", losses if weight is None else losses * weight, reduction)


def _at_least_minus_100(impossible: Tensor, p: Tensor, logarithm: Callable[[Tensor], Tensor]) -> Tensor:
    """The logarithm, or -100 where that of 0 is asked for: an error costs much, but its gradient is no NaN."""
    return where(impossible, -100, logarithm(where(impossible, 0.5, p)).clip(-100))


@in_float32
def binary_cross_entropy_with_logits(
    logits: Any, targets: Any, weight: Any = None, pos_weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """The cross-entropy of yes and no to sigmoid(z), mean log(1 + e^z) - y z, exact for scores of any size.

    Worked out as log(1 + e^-|z|) + (1 - y) z, or - y z where z < 0: no two large numbers are subtracted.

    Args:
        logits: z, of any shape: scores before the sigmoid.
        targets: y, of the same shape, in [0, 1].
        weight: what the loss of each element is multiplied by; broadcast.
        pos_weight: how much more a yes counts than a no; broadcast.
        reduction: "mean", "sum" or "none".

    >>> binary_cross_entropy_with_logits([0.0, 100.0], [1.0, 0.0], reduction="none")
    tensor([  0.6931472, 100.       ])
    """
    name = "binary_cross_entropy_with_logits"
    z, y = alike(name, logits, targets)
    if z.origin is not None and z.origin.primitive.name == "sigmoid":
        warn(
            f"{name}: the scores are the result of a sigmoid, and it has one inside. Give it the scores themselves.",
            MistakeWarning,
            mistake="sigmoid-before-logits",
        )
    shares(name, y)
    z, y = promote(z, y, floats=True)  # -y has no meaning for booleans, and another for unsigned integers
    positive = z > 0
    if pos_weight is None:
        losses = weighted(where(positive, 1 - y, -y), z) + softplus(where(positive, -z, z))
    else:
        small = softplus(where(positive, -z, z))  # log(1 + e^-|z|)
        losses = weighted(y * pos_weight, small - where(positive, 0, z))
        losses = losses + weighted(1 - y, small + where(positive, z, 0))
    return reduce(name, losses if weight is None else losses * weight, reduction)


@in_float32
def kl_div(
    log_probabilities: Any, targets: Any, log_target: bool = False, reduction: str = "mean"
) -> Tensor:
    """The Kullback-Leibler divergence of q from p, p (log p - log q); "batchmean" is the divergence of a sample.

    The default is PyTorch's, the mean over all elements, which is smaller than the divergence by their number a sample.

    Args:
        log_probabilities: log q, of any shape, the model's, as from log_softmax.
        targets: p, probabilities of the same shape; where p is 0 the loss is 0.
        log_target: whether targets are log p instead.
        reduction: "batchmean" (the sum, divided by the length of the first axis), "mean", "sum" or "none".

    >>> kl_div([[-0.6931472, -0.6931472]], [[1.0, 0.0]], reduction="batchmean")
    tensor(0.6931472)
    """
    log_q, p = alike("kl_div", log_probabilities, targets)
    look_at_logarithms("kl_div", log_q, "probabilities-as-logarithms")
    one_of("kl_div", "reduction", reduction, ["batchmean", *REDUCTIONS])
    if log_target:
        p = p.exp()
    shares("kl_div", p)
    present = p > 0
    losses = p * where(present, p, 1).log() - weighted(p, log_q)
    if reduction == "batchmean":
        return losses.sum() / (losses.shape[0] if losses.ndim else 1)
    return reduce("kl_div", losses, reduction)
