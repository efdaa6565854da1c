"""Zeiler and Fergus's deconvolutional network: from a feature's strongest activation back to the pixels behind it."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from ...autograd import no_grad, vjp
from ...errors import ArgumentError, ShapeError
from ...functional.checks import at_least, at_least_one, require_tensor
from ...nn import Module, ReLU
from ...ops import relu
from ...tensor import Tensor, tensor
from ...train.fitting.evaluation import mode
from .layers import Ran, layer_output, one_picture, pictures, require_layer, run_through


class Projection(NamedTuple):
    """What in each picture excites a feature most: `pictures` (n, c, h, w), with values of both signs.

    `places` (n, 2) says in which row and column of the feature's map the strongest activation stands, `activations`
    (n,) how strong it is.

    >>> Projection(np.zeros((1, 1, 28, 28)), np.array([[3, 4]]), np.array([0.5])).places.tolist()
    [[3, 4]]
    """

    pictures: np.ndarray
    places: np.ndarray
    activations: np.ndarray


def deconvolution(model: Module, x: Any, layer: str, feature: int) -> Projection:
    """The pixels behind a feature's strongest activation: the way back through the layers, one after the other.

    Everything in the layer but the feature's strongest activation is set to 0. Then, from the last layer to the first:
    a max pooling puts each value back where its maximum came from (the "switches"); a ReLU lets what is positive in
    the signal pass; a convolution applies its filters transposed. All but the ReLU's is the layer's own gradient rule.

    Args:
        model: a network whose layers run one after the other.
        x: pictures (n, c, h, w).
        layer: the layer's name.
        feature: which of its maps, from 0.

    Returns:
        A Projection; its pictures have the size of what the first layer takes.

    Raises:
        ArgumentError: no such layer or feature, or the layers are no chain.
        DataError: the pictures hold NaN or infinity.

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014), section 2.1.

    >>> from gradus.models import LeNet
    >>> found = deconvolution(LeNet(), np.ones((2, 1, 28, 28)), "features.4", feature=3)
    >>> found.pictures.shape, found.places.shape
    ((2, 1, 28, 28), (2, 2))
    """
    chain = _chain(model, pictures("deconvolution", x), layer)
    last = chain[-1].y
    place = _strongest_place("deconvolution", last, layer, feature)
    strongest = np.zeros_like(last.numpy()).reshape(len(place), last.shape[1], -1)
    index = np.arange(len(place)), feature, place
    strongest[index] = activations = last.numpy().reshape(strongest.shape)[index]
    signal = tensor(strongest.reshape(last.shape))
    with mode(model, training=False):
        for ran in reversed(chain):
            signal = back_through(ran.layer, ran.x, signal)
    width = last.shape[-1] if last.ndim == 4 else 1
    return Projection(signal.numpy(), np.stack([place // width, place % width], axis=1), activations)


def back_through(layer: Module, x: Tensor, signal: Tensor) -> Tensor:
    """A signal to a layer's output, brought to its input: rectified by a ReLU, else by the gradient of the layer at x.

    >>> import gradus
    >>> back_through(ReLU(), gradus.tensor([-1.0, 2.0]), gradus.tensor([3.0, -4.0]))
    tensor([3., 0.])
    """
    require_tensor("back_through", x=x, signal=signal)
    if isinstance(layer, ReLU):
        return relu(signal)
    _, pull = vjp(layer, x)
    back: Tensor = pull(signal)
    return back


def extent(picture: np.ndarray) -> tuple[slice, slice]:
    """Where a picture is not 0: of a deconvolution, the pixels that the activation depends on.

    Args:
        picture: (c, h, w).

    Returns:
        The rows and the columns of the smallest rectangle that holds all that is not 0; all of them if all is 0.

    >>> extent(np.array([[[0.0, 0.0, 0.0], [0.0, 2.0, 1.0]]]))
    (slice(1, 2, None), slice(1, 3, None))
    """
    given = np.asarray(picture)
    if given.ndim != 3:
        raise ShapeError(f"extent: expects one picture (c, h, w), got {given.shape}", "Of several take one: x[0].")
    there = np.any(given != 0, axis=0)
    found = [np.flatnonzero(there.any(axis=axis)) for axis in (1, 0)]
    rows, columns = (slice(int(f[0]), int(f[-1]) + 1) if f.size else slice(None) for f in found)
    return rows, columns


def strongest(model: Module, x: Any, layer: str, feature: int, count: int = 9) -> np.ndarray:
    """The pictures in which a feature is most active, the strongest first.

    Args:
        model: any model of pictures.
        x: pictures (n, c, h, w).
        layer: the layer's name.
        feature: which of its maps, from 0.
        count: how many pictures.

    Returns:
        Their numbers in x, (count,) int64.

    Raises:
        ArgumentError: no such layer or feature.

    >>> from gradus import nn
    >>> x = np.arange(3.0).reshape(3, 1, 1, 1)
    >>> strongest(nn.Sequential(nn.ReLU()), x, "0", feature=0, count=2)
    array([2, 1])
    """
    at_least_one("strongest", count=count)
    require_layer("strongest", model, layer)
    phi = layer_output(model, layer)
    x = pictures("strongest", x)
    tops = []
    with mode(model, training=False), no_grad():
        for i in range(0, len(x), 256):
            y = phi(x[i : i + 256])
            _check_feature("strongest", y, layer, feature)
            tops.append(y.numpy().reshape(*y.shape[:2], -1)[:, feature].max(axis=1))
    return np.argsort(-np.concatenate(tops), kind="stable")[:count]


def most_active(model: Module, picture: Any, layer: str) -> int:
    """The feature of a layer with the strongest activation for one picture (c, h, w).

    >>> from gradus import nn
    >>> most_active(nn.Sequential(nn.ReLU()), np.array([[[1.0]], [[3.0]], [[2.0]]]), "0")
    1
    """
    require_layer("most_active", model, layer)
    with mode(model, training=False), no_grad():
        y = layer_output(model, layer)(one_picture("most_active", picture))
    return int(y.numpy().reshape(y.shape[1], -1).max(axis=1).argmax())


def _chain(model: Module, x: Tensor, layer: str) -> list[Ran]:
    """The layers up to this one; each must take what the one before it gave."""
    require_layer("deconvolution", model, layer)
    ran = run_through(model, x)
    names = [r.name for r in ran]
    if layer not in names:
        raise ArgumentError(f"deconvolution: {layer} is made of layers. Take one of them: {', '.join(names)}.")
    chain = ran[: names.index(layer) + 1]
    for before, after in itertools.pairwise(chain):
        if after.x is not before.y:
            raise ArgumentError(
                f"deconvolution: {after.name} does not take what {before.name} gave: the way back needs layers one "
                "after the other. Put what the model does between them into a layer."
            )
    return chain


def _strongest_place(where: str, y: Tensor, layer: str, feature: int) -> np.ndarray:
    """Where in the feature's map, laid out flat, each picture's strongest activation stands."""
    _check_feature(where, y, layer, feature)
    return np.asarray(y.numpy().reshape(*y.shape[:2], -1)[:, feature].argmax(axis=1))


def _check_feature(where: str, y: Tensor, layer: str, feature: int) -> None:
    at_least(0, where, feature=feature)
    if feature >= y.shape[1]:
        raise ArgumentError(f"{where}: {layer} has {y.shape[1]} features, 0 to {y.shape[1] - 1}; got {feature}")
