"""The multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ..functional.checks import sizes_of
from ..nn import BatchNorm1d, Dropout, Linear, Module, ReLU, Sequential
from ..tensor import Tensor


class MLP(Module):
    """Linear layers with an activation between them: h = activation(W x + b), layer after layer.

    Between a linear layer and its activation comes batch normalisation where asked for, after it dropout; the last
    layer has neither, and no activation.

    Args:
        sizes: the length of a sample, of each hidden layer, and of the result: `[784, 256, 10]`.
        activation: makes the activation of each hidden layer, `nn.ReLU` or `nn.Tanh` and so on.
        batch_norm: normalise each hidden layer over the batch.
        dropout: the share of each hidden layer that is dropped in training.

    An input of shape (n, ...) is flattened to (n, sizes[0]); the result has shape (n, sizes[-1]).

    >>> import gradus
    >>> MLP([784, 256, 10])(gradus.zeros((5, 1, 28, 28))).shape
    (5, 10)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Callable[[], Module] = ReLU,
        batch_norm: bool = False,
        dropout: float = 0.0,
    ) -> None:
        sizes = sizes_of("MLP", "sizes", sizes, least=2)
        layers: list[Module] = []
        for before, after in pairwise(sizes[:-1]):
            layers.append(Linear(before, after))
            if batch_norm:
                layers.append(BatchNorm1d(after))
            layers.append(activation())
            if dropout:
                layers.append(Dropout(dropout))
        self.layers = Sequential(*layers, Linear(sizes[-2], sizes[-1]))

    def forward(self, x: Tensor) -> Any:
        return self.layers(x.flatten(1))
