"""The sizes in a convolutional network: how many places a window has, layer by layer, and what one place sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...functional.conv import ends
from ...functional.windows import per_axis
from ...nn import AvgPool2d, Conv2d, MaxPool2d, Module
from ...ops import zeros
from ...ops.shapes.window import output_length
from .layers import run_through

Pair = tuple[int, ...]


class WindowRow(NamedTuple):
    """A layer with a sliding window; sizes are (height, width).

    `places` is the size that its output has by the formula, `sees` how many pixels of the picture one element of the
    output depends on, and `apart` by how many pixels the sights of neighbours are moved.

    >>> from gradus.models import LeNet
    >>> window_sizes(LeNet(), (1, 28, 28))[1].apart
    (2, 2)
    """

    name: str
    kind: str
    length: Pair
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    places: Pair
    sees: Pair
    apart: Pair


def window_sizes(model: Module, input_shape: Sequence[int]) -> list[WindowRow]:
    """The convolutions and poolings of a network, with their sizes worked out by the formulas.

    places = (length + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down;
    sees' = sees + dilation (kernel - 1) apart, and apart' = stride apart, from sees = apart = 1 for a pixel.

    Args:
        model: a network whose layers run one after the other.
        input_shape: of one picture, (channels, height, width).

    Returns:
        A row for each Conv2d, MaxPool2d and AvgPool2d, in the order in which they run.

    Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), relationship 6.

    >>> from gradus.models import LeNet
    >>> for row in window_sizes(LeNet(), (1, 28, 28)):
    ...     print(row.name, row.length, "->", row.places, "sees", row.sees)
    features.0 (28, 28) -> (28, 28) sees (5, 5)
    features.2 (28, 28) -> (14, 14) sees (6, 6)
    features.3 (14, 14) -> (10, 10) sees (14, 14)
    features.5 (10, 10) -> (5, 5) sees (16, 16)
    """
    rows = []
    sees: Pair = (1, 1)
    apart: Pair = (1, 1)
    for name, layer, x, _ in run_through(model, zeros((1, *input_shape))):
        if not isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d)):
            continue
        kernel, stride, dilation, before, after = _options(layer)
        whole = [sum(parts) for parts in zip(x.shape[2:], before, after, strict=True)]
        places = tuple(map(output_length, whole, kernel, stride, dilation))
        sees = tuple(s + d * (k - 1) * a for s, d, k, a in zip(sees, dilation, kernel, apart, strict=True))
        apart = tuple(s * a for s, a in zip(stride, apart, strict=True))
        kind = type(layer).__name__
        rows.append(WindowRow(name, kind, x.shape[2:], kernel, stride, before, dilation, places, sees, apart))
    return rows


def _options(layer: Any) -> tuple[Pair, Pair, Pair, Pair, Pair]:
    """Kernel, stride and dilation, and how much is padded before and after."""
    kernel = per_axis("kernel_size", layer.kernel_size, 2)
    stride = kernel if layer.stride is None else per_axis("stride", layer.stride, 2)
    dilation = per_axis("dilation", vars(layer).get("dilation", 1), 2)
    return kernel, stride, dilation, *ends(layer.padding, kernel, stride, dilation)
