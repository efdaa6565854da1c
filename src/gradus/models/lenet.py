"""LeNet-5, the convolutional network that read cheques."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ArgumentError
from ..nn import Conv2d, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential
from ..ops.shapes.window import output_length
from ..tensor import Tensor

SMALLEST = 12  # pixels: below it nothing is left after the second pooling


class LeNet(Module):
    """LeNet-5 (LeCun et al., 1998) in the form of "Dive into Deep Learning", section 7.6.

    Convolution to 6 channels (5x5, padding 2), pooling; convolution to 16 channels (5x5), pooling; linear layers of
    120, 84 and `classes`. By default with ReLU and max pooling; the original had
    `activation=nn.Sigmoid, pooling=nn.AvgPool2d`, which is the ready model "lenet1998".

    Args:
        channels: those of the pictures.
        size: height and width of the pictures, each at least 12.
        classes: the numbers to predict.
        activation: makes an activation.
        pooling: makes a pooling of a kernel size, 2.

    The input has shape (n, channels, height, width), the result (n, classes).

    >>> import gradus
    >>> LeNet()(gradus.zeros((5, 1, 28, 28))).shape
    (5, 10)
    """

    def __init__(
        self,
        channels: int = 1,
        size: tuple[int, int] = (28, 28),
        classes: int = 10,
        activation: Callable[[], Module] = ReLU,
        pooling: Callable[[int], Module] = MaxPool2d,
    ) -> None:
        if min(size) < SMALLEST:
            raise ArgumentError(
                f"LeNet: pictures of {size[0]}x{size[1]} are too small, {SMALLEST}x{SMALLEST} are needed. "
                "Enlarge them, or take ConvNet."
            )
        h, w = (output_length(length // 2, 5) // 2 for length in size)
        self.features = Sequential(
            Conv2d(channels, 6, 5, padding=2),
            activation(),
            pooling(2),
            Conv2d(6, 16, 5),
            activation(),
            pooling(2),
        )
        self.classifier = Sequential(
            Flatten(),
            Linear(16 * h * w, 120),
            activation(),
            Linear(120, 84),
            activation(),
            Linear(84, classes),
        )

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.features(x))
