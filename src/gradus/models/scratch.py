"""The convolutional networks of "Deep Learning from Scratch" (Saitoh, 2016)."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from ..nn import Conv2d, Dropout, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential, init
from ..tensor import Tensor

SMALLEST_SIMPLE = 6  # pixels: a window of 5, and a pooling
SMALLEST_DEEP = 4  # pixels: three poolings, and one convolution that adds to each side


class SimpleConvNet(Module):
    """The network of chapter 7: convolution (30 kernels, 5x5), ReLU, max pooling; linear layers of 100 and `classes`.

    The first weights are normal with a standard deviation of 0.01, the biases 0.

    Args:
        channels: those of the pictures.
        size: height and width of the pictures, each at least 6.
        classes: the numbers to predict.

    The input has shape (n, channels, height, width), the result (n, classes).

    >>> import gradus
    >>> SimpleConvNet()(gradus.zeros((5, 1, 28, 28))).shape
    (5, 10)
    """

    def __init__(self, channels: int = 1, size: tuple[int, int] = (28, 28), classes: int = 10) -> None:
        _check("SimpleConvNet", size, SMALLEST_SIMPLE)
        h, w = ((length - 4) // 2 for length in size)
        self.layers = Sequential(
            *(Conv2d(channels, 30, 5), ReLU(), MaxPool2d(2)),
            *(Flatten(), Linear(30 * h * w, 100), ReLU(), Linear(100, classes)),
        )
        for name, p in self.named_parameters():
            init.normal_(p, std=0.01) if name.endswith("weight") else init.zeros_(p)

    def forward(self, x: Tensor) -> Any:
        return self.layers(x)


class DeepConvNet(Module):
    """The network of chapter 8: six 3x3 convolutions, with He's first weights and dropout.

    Pairs of convolutions to 16, 32 and 64 channels, each with ReLU, and max pooling behind each pair; all are padded
    by 1 but the fourth, by 2. Then linear layers of 50 and `classes`, with dropout behind both.

    Args:
        channels: those of the pictures.
        size: height and width of the pictures, each at least 4.
        classes: the numbers to predict.
        dropout: the share that is dropped in training, of the hidden units and of the scores.

    The input has shape (n, channels, height, width), the result (n, classes).

    >>> import gradus
    >>> DeepConvNet()(gradus.zeros((5, 1, 28, 28))).shape
    (5, 10)
    """

    def __init__(
        self, channels: int = 1, size: tuple[int, int] = (28, 28), classes: int = 10, dropout: float = 0.5
    ) -> None:
        _check("DeepConvNet", size, SMALLEST_DEEP)
        h, w = ((length // 2 + 2) // 2 // 2 for length in size)
        self.features = Sequential(
            *(Conv2d(channels, 16, 3, padding=1), ReLU(), Conv2d(16, 16, 3, padding=1), ReLU(), MaxPool2d(2)),
            *(Conv2d(16, 32, 3, padding=1), ReLU(), Conv2d(32, 32, 3, padding=2), ReLU(), MaxPool2d(2)),
            *(Conv2d(32, 64, 3, padding=1), ReLU(), Conv2d(64, 64, 3, padding=1), ReLU(), MaxPool2d(2)),
        )
        self.classifier = Sequential(
            *(Flatten(), Linear(64 * h * w, 50), ReLU(), Dropout(dropout)),
            *(Linear(50, classes), Dropout(dropout)),
        )
        for name, p in self.named_parameters():
            init.kaiming_normal_(p, nonlinearity="relu") if name.endswith("weight") else init.zeros_(p)

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.features(x))


def _check(name: str, size: tuple[int, int], smallest: int) -> None:
    if min(size) < smallest:
        raise ArgumentError(
            f"{name}: pictures of {size[0]}x{size[1]} are too small, {smallest}x{smallest} are needed. "
            "Enlarge them, or take an MLP."
        )
