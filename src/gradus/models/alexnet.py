"""AlexNet, the network with which deep learning won."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from ..nn import Conv2d, Dropout, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential
from ..ops.shapes.window import output_length
from ..tensor import Tensor

SMALLEST = 65  # pixels: below it nothing is left after the third pooling
USUAL = 224  # pixels: the size it was made for


class AlexNet(Module):
    """AlexNet (Krizhevsky et al., 2012) in the form of "Dive into Deep Learning", section 8.1.

    Convolution to 96 channels (11x11, stride 4, padding 1), to 256 (5x5), to 384, 384 and 256 (3x3), each with ReLU;
    max pooling (3x3, stride 2) behind the first, the second and the last; linear layers of 4096, 4096 and `classes`,
    with dropout.

    Args:
        channels: those of the pictures.
        size: height and width of the pictures, each at least 65 when they are enlarged.
        classes: the numbers to predict.
        hidden: units of each of the two hidden linear layers.
        dropout: the share of each of them that is dropped in training.
        enlarge: each pixel becomes so many in height and width before anything else, so that small pictures do.

    The input has shape (n, channels, height, width), the result (n, classes).

    >>> import gradus
    >>> AlexNet(size=(28, 28), hidden=16, enlarge=4)(gradus.zeros((2, 1, 28, 28))).shape
    (2, 10)
    """

    def __init__(
        self,
        channels: int = 1,
        size: tuple[int, int] = (USUAL, USUAL),
        classes: int = 10,
        hidden: int = 4096,
        dropout: float = 0.5,
        enlarge: int = 1,
    ) -> None:
        if enlarge * min(size) < SMALLEST:
            raise ArgumentError(
                f"AlexNet: pictures of {size[0]}x{size[1]} are too small, {SMALLEST}x{SMALLEST} are needed. "
                f"Take enlarge={-(-SMALLEST // min(size))} or more, or another model."
            )
        self.enlarge = enlarge
        self.features = Sequential(
            *(Conv2d(channels, 96, 11, stride=4, padding=1), ReLU(), MaxPool2d(3, 2)),
            *(Conv2d(96, 256, 5, padding=2), ReLU(), MaxPool2d(3, 2)),
            *(Conv2d(256, 384, 3, padding=1), ReLU()),
            *(Conv2d(384, 384, 3, padding=1), ReLU()),
            *(Conv2d(384, 256, 3, padding=1), ReLU(), MaxPool2d(3, 2)),
        )
        h, w = (_places(enlarge * length) for length in size)
        self.classifier = Sequential(
            Flatten(),
            *(Linear(256 * h * w, hidden), ReLU(), Dropout(dropout)),
            *(Linear(hidden, hidden), ReLU(), Dropout(dropout)),
            Linear(hidden, classes),
        )

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.features(_enlarged(x, self.enlarge)))


def _places(length: int) -> int:
    """What the features leave of a length."""
    length = output_length(length + 2, 11, 4)
    for _ in range(3):
        length = output_length(length, 3, 2)
    return length


def _enlarged(x: Tensor, times: int) -> Tensor:
    """Each pixel becomes times x times; a view until something copies it."""
    if times == 1:
        return x
    n, c, h, w = x.shape
    return x.reshape(n, c, h, 1, w, 1).broadcast_to((n, c, h, times, w, times)).reshape(n, c, h * times, w * times)
