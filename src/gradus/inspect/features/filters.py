"""The filters of a convolution, as plain numbers."""

from __future__ import annotations

import numpy as np

from ...errors import ArgumentError
from ...nn import Conv2d, Module
from .layers import first_convolution, require_layer


def filters(model: Module, layer: str | None = None) -> np.ndarray:
    """What a convolution layer has learned to look for: its kernels, one for each feature.

    Args:
        model: a convolutional network.
        layer: the name of a Conv2d; by default the first.

    Returns:
        A copy, (out, in, kernel h, kernel w).

    Raises:
        ArgumentError: the model has no convolution, no such layer, or the layer is no convolution.

    >>> from gradus.models import LeNet
    >>> filters(LeNet()).shape, filters(LeNet(), "features.3").shape
    ((6, 1, 5, 5), (16, 6, 5, 5))
    """
    layer = first_convolution("filters", model) if layer is None else layer
    convolution = require_layer("filters", model, layer)
    if not isinstance(convolution, Conv2d):
        raise ArgumentError(
            f"filters: {layer} is a {type(convolution).__name__} and has no filters. "
            f"The first convolution is {first_convolution('filters', model)}."
        )
    return np.array(convolution.weight.numpy())
