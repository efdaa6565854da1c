"""One linear layer: linear regression, and softmax regression, which differ in the loss alone."""

from __future__ import annotations

from typing import Any

from ..nn import Linear, Module
from ..tensor import Tensor


class LinearRegression(Module):
    """A weighted sum of the inputs, and a bias: y = W x + b.

    Args:
        in_features: the numbers in one sample, over all its axes.
        out_features: the numbers to predict.

    An input of shape (n, ...) is flattened to (n, in_features); the result has shape (n, out_features).
    Train it with `mse_loss`.

    >>> import gradus
    >>> LinearRegression(2)(gradus.zeros((5, 2))).shape
    (5, 1)
    """

    def __init__(self, in_features: int, out_features: int = 1) -> None:
        self.linear = Linear(in_features, out_features)

    def forward(self, x: Tensor) -> Any:
        return self.linear(x.flatten(1))


class SoftmaxRegression(LinearRegression):
    """One score (logit) for each class, from which softmax makes probabilities: p = softmax(W x + b).

    The softmax is part of the loss: train it with `cross_entropy`. Shapes as in LinearRegression.

    >>> import gradus
    >>> SoftmaxRegression(784, 10)(gradus.zeros((5, 1, 28, 28))).shape
    (5, 10)
    """

    def __init__(self, in_features: int, classes: int) -> None:
        super().__init__(in_features, classes)
