"""Where a classifier looks: the pixels that its score of a class depends on, by gradients and by hiding."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import enable_grad, grad, no_grad, vjp
from ...errors import ArgumentError
from ...functional import softmax
from ...functional.checks import at_least_one, in_range
from ...nn import Module
from ...ops import absolute, ones, pick, relu
from ...tensor import tensor
from ...train.fitting.evaluation import mode
from .layers import first_convolution, one_picture, pictures, require_layer, run_through, targets_of, watched

_AT_ONCE = 256  # covered copies of a picture in a batch: bounds the memory


def saliency(model: Module, x: Any, target: Any = None) -> np.ndarray:
    """How strongly the score of a class depends on each pixel: M = max over channels of |dS_c / dx|.

    Args:
        model: a classifier: its outputs are scores (n, classes).
        x: pictures (n, c, h, w).
        target: the class c of each picture, (n,), or one for all; by default the one predicted.

    Returns:
        (n, h, w), in scores for a change of 1 in the pixel.

    Raises:
        ShapeError: x are no pictures.
        DataError: they hold NaN or infinity.
        ArgumentError: the model is no classifier, or has no such class.

    Source: Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks" (2014), section 3.

    >>> from gradus import nn
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    >>> bool(np.allclose(saliency(model, np.zeros((1, 1, 2, 2)), 1).ravel(), abs(model[1].weight.numpy()[1])))
    True
    """
    x = pictures("saliency", x)
    target = targets_of("saliency", model, x, target)
    with mode(model, training=False):
        _, pull = vjp(lambda x: pick(model(x), target).sum(), x)
        slope = pull(ones(()))
    return np.asarray(absolute(slope).max(axis=1).numpy())


def grad_cam(model: Module, x: Any, target: Any = None, layer: str | None = None) -> np.ndarray:
    """Which regions speak for a class: L = relu(sum over k of alpha_k A_k), with alpha_k the mean of dS_c / dA_k.

    A_k are the maps that a convolution layer gives, one for each feature k; so L has their size, and is enlarged to
    the picture's by linear interpolation.

    Args:
        model: a classifier with convolutions.
        x: pictures (n, c, h, w).
        target: the class c of each picture, (n,), or one for all; by default the one predicted.
        layer: the name of the layer that gives the maps; by default the last one that does, before pooling.

    Returns:
        (n, h, w), 0 or more.

    Raises:
        ArgumentError: the model is no classifier, has no convolution, no such layer, or the layer gives no maps.
        DataError: the pictures hold NaN or infinity.

    Source: Selvaraju et al., "Grad-CAM" (2017), equations 1 and 2.

    >>> from gradus.models import LeNet
    >>> grad_cam(LeNet(), np.ones((2, 1, 28, 28)), target=3).shape
    (2, 28, 28)
    """
    x = pictures("grad_cam", x)
    target = targets_of("grad_cam", model, x, target)
    first_convolution("grad_cam", model)
    layer = last_maps(model, x[:1]) if layer is None else layer
    require_layer("grad_cam", model, layer)
    with mode(model, training=False), enable_grad(), watched(model, layer) as seen:
        score = pick(model(x.requires_grad_()), target).sum()
    maps = seen[-1]
    if maps.ndim != 4:
        raise ArgumentError(f"grad_cam: {layer} gives {maps.shape}, no maps (n, k, h, w). Take a convolution's name.")
    alpha = grad(score, maps).mean(axis=(2, 3), keepdims=True)
    with no_grad():
        seen_as_class = relu((alpha * maps).sum(axis=1))
    return enlarged(seen_as_class.numpy(), x.shape[2:])


def last_maps(model: Module, x: Any) -> str:
    """The last layer that gives maps (n, k, h, w) and does not pool them: the last convolution, with its activation.

    Args:
        model: a convolutional network.
        x: pictures (n, c, h, w).

    Raises:
        ArgumentError: there is no convolution.

    >>> from gradus.models import LeNet
    >>> last_maps(LeNet(), np.ones((1, 1, 28, 28), np.float32))
    'features.4'
    """
    first_convolution("last_maps", model)
    ran = run_through(model, x)
    return [r.name for r in ran if r.y.ndim == 4 and "Pool" not in type(r.layer).__name__][-1]


def enlarged(maps: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Maps (n, h, w) at another size, by linear interpolation between the centres of their cells.

    >>> enlarged(np.array([[[0.0, 1.0]]]), (1, 4)).tolist()
    [[[0.0, 0.25, 0.75, 1.0]]]
    """
    for axis, length in zip((1, 2), size, strict=True):
        last = maps.shape[axis] - 1
        place = np.clip((np.arange(length) + 0.5) * maps.shape[axis] / length - 0.5, 0, last)
        low = np.floor(place).astype(int)
        share = (place - low).reshape((-1, 1) if axis == 1 else (1, -1)).astype(maps.dtype)
        above, below = maps.take(np.minimum(low + 1, last), axis), maps.take(low, axis)
        maps = (1 - share) * below + share * above
    return maps


def occlusion(
    model: Module, picture: Any, target: int, size: int = 8, stride: int = 1, value: float = 0.5
) -> np.ndarray:
    """The probability of the true class while a grey square hides a part: low where the square hides what matters.

    Args:
        model: a classifier.
        picture: one picture (c, h, w).
        target: the true class.
        size: the square's side, in pixels; at the borders it is cut off.
        stride: how far the square moves.
        value: what the hidden pixels become; 0.5 is grey.

    Returns:
        (h / stride, w / stride), rounded up: element (i, j) with the square's centre at pixel (i stride, j stride).

    Raises:
        ShapeError: it is not one picture.
        ArgumentError: the model is no classifier, has no such class, or the square is larger than the picture.

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014), section 4.2.

    >>> from gradus.models import LeNet
    >>> occlusion(LeNet(), np.ones((1, 28, 28)), target=3, stride=4).shape
    (7, 7)
    """
    x = one_picture("occlusion", picture)
    at_least_one("occlusion", size=size, stride=stride)
    in_range("occlusion", "value", value, "(-inf, inf)")
    if size > min(x.shape[2:]):
        raise ArgumentError(f"occlusion: a square of {size}x{size} hides the whole picture of {x.shape[2:]}")
    target = int(targets_of("occlusion", model, x, target).numpy()[0])
    rows, columns = (range(0, length, stride) for length in x.shape[2:])
    hidden = np.stack([_square(x.shape[2:], i, j, size) for i in rows for j in columns])[:, None]
    probabilities = []
    with mode(model, training=False), no_grad():
        for part in np.split(hidden, range(_AT_ONCE, len(hidden), _AT_ONCE)):
            copies = np.where(part, np.asarray(value, x.dtype), x.numpy())
            probabilities.append(softmax(model(tensor(copies)), axis=1).numpy()[:, target])
    return np.concatenate(probabilities).reshape(len(rows), len(columns))


def _square(shape: tuple[int, ...], i: int, j: int, size: int) -> np.ndarray:
    """True in the square around (i, j), as far as it lies in the picture."""
    inside = np.zeros(shape, dtype=bool)
    top, left = i - size // 2, j - size // 2
    inside[max(top, 0) : top + size, max(left, 0) : left + size] = True
    return inside

