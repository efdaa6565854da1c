"""Classes in clusters by how often they occur: a softmax that spends few weights on rare ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ... import functional as F
from ...errors import ArgumentError, ShapeError
from ...functional.checks import at_least_one, refuse
from ...interpret import Outside
from ...ops import concatenate, take_along_axis
from ...tensor import Tensor, as_tensor
from ..core.containers import ModuleList, Sequential
from ..core.module import Module
from .linear import Linear

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class Output(NamedTuple):
    """The log-probability of each target, and the mean of their negatives."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """A softmax over many classes, the commonest first, the rarer ones in clusters (Grave et al., 2017).

    The head gives log-probabilities of the first classes and of each cluster; a cluster's own ones come from fewer
    features. All are worked out, also those of clusters without a target: what is saved are weights, not steps.

    Args:
        in_features: of the input (n, in_features).
        n_classes: how many classes.
        cutoffs: the first class of each cluster, rising.
        div_value: cluster i has in_features / div_value^(i + 1) features.
        head_bias: whether the head has biases.

    >>> import gradus
    >>> layer = AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs=[4, 10], div_value=2.0)
    >>> out = layer(gradus.ones((3, 8)), gradus.tensor([0, 5, 19]))
    >>> out.output.shape, layer.log_prob(gradus.ones((3, 8))).shape
    ((3,), (3, 20))
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
    ) -> None:
        at_least_one("AdaptiveLogSoftmaxWithLoss", in_features=in_features, n_classes=n_classes)
        ends = [*cutoffs, n_classes]
        if not cutoffs or any(a >= b for a, b in pairwise([0, *ends])):
            raise ArgumentError(
                f"AdaptiveLogSoftmaxWithLoss: cutoffs rise from 1 or more to less than n_classes={n_classes}, "
                f"got {list(cutoffs)}"
            )
        self.in_features, self.n_classes, self.cutoffs = in_features, n_classes, ends
        self.head = Linear(in_features, ends[0] + len(cutoffs), head_bias)
        self.tail = ModuleList()
        for i, size in enumerate(b - a for a, b in pairwise(ends)):
            hidden = int(in_features // div_value ** (i + 1))
            at_least_one("AdaptiveLogSoftmaxWithLoss", features_of_a_cluster=hidden)
            self.tail.append(Sequential(Linear(in_features, hidden, bias=False), Linear(hidden, size, bias=False)))

    def log_prob(self, x: Any) -> Tensor:
        """The log-probabilities of all classes, (n, n_classes)."""
        x = as_tensor(x)
        if x.ndim != 2:
            remedy = f"It is (n, {self.in_features})."
            raise ShapeError(f"AdaptiveLogSoftmaxWithLoss: input has shape {x.shape}", remedy)
        head, first = F.log_softmax(self.head(x), axis=1), self.cutoffs[0]
        parts = [head[:, first + i : first + i + 1] + F.log_softmax(c(x), axis=1) for i, c in enumerate(self.tail)]
        return concatenate([head[:, :first], *parts], axis=1)

    def predict(self, x: Any) -> Tensor:
        """The likeliest class of each sample, (n,)."""
        return self.log_prob(x).argmax(1)

    def forward(self, x: Tensor, target: Any) -> Output:
        """The log-probabilities of the targets (n,), and the loss; of one sample (in_features,) that of one target."""
        labels = as_tensor(target)
        if x.ndim == 1 and labels.ndim == 0:
            output, loss = self.forward(x[None], labels[None])
            return Output(output[0], loss)
        if labels.shape != x.shape[:1]:
            raise ShapeError(
                f"AdaptiveLogSoftmaxWithLoss: input has shape {x.shape}, the targets {labels.shape}",
                f"They are (n, {self.in_features}) and (n,).",
            )
        message = f"target[{{place}}] is {{value}}, of classes 0 to {self.n_classes - 1}."
        refuse("AdaptiveLogSoftmaxWithLoss", labels, Outside(0, self.n_classes - 1), message)
        output = take_along_axis(self.log_prob(x), labels.expand_dims(1), axis=1)[:, 0]
        return Output(output, -output.mean())
