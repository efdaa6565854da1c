"""A small convolutional network for small pictures."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from ..nn import Conv2d, Dropout, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential
from ..tensor import Tensor

SMALLEST = 4  # pixels: two poolings


class ConvNet(Module):
    """Two 3x3 convolutions, each with ReLU and max pooling, and two linear layers with dropout between them.

    Args:
        channels: those of the pictures.
        size: height and width of the pictures, each at least 4.
        classes: the numbers to predict.
        width: channels of the first convolution; the second has twice as many.
        dropout: the share of the hidden layer that is dropped in training.

    The input has shape (n, channels, height, width), the result (n, classes).

    >>> import gradus
    >>> ConvNet()(gradus.zeros((5, 1, 8, 8))).shape
    (5, 10)
    """

    def __init__(
        self,
        channels: int = 1,
        size: tuple[int, int] = (8, 8),
        classes: int = 10,
        width: int = 16,
        dropout: float = 0.2,
    ) -> None:
        if min(size) < SMALLEST:
            raise ArgumentError(
                f"ConvNet: pictures of {size[0]}x{size[1]} are too small, {SMALLEST}x{SMALLEST} are needed. "
                "Take an MLP."
            )
        self.features = Sequential(
            Conv2d(channels, width, 3, padding=1),
            ReLU(),
            MaxPool2d(2),
            Conv2d(width, 2 * width, 3, padding=1),
            ReLU(),
            MaxPool2d(2),
        )
        self.classifier = Sequential(
            Flatten(),
            Linear(2 * width * (size[0] // 4) * (size[1] // 4), 4 * width),
            ReLU(),
            Dropout(dropout),
            Linear(4 * width, classes),
        )

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.features(x))
