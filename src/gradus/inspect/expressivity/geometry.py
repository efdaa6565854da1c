"""What a layer does to space: y = a(W x + b) as rotation, scaling, rotation, translation, and bending."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...autograd import no_grad
from ...data import TensorDataset
from ...errors import ArgumentError, DataError, ShapeError
from ...functional.checks import at_least_one, in_range
from ...models import Margin, widest_margin
from ...nn import Dropout, Flatten, Linear, Module, ModuleList
from ...nn.core.checks import require_model
from ...tensor import Tensor, as_tensor, tensor
from ...train import Trainer
from ...train.fitting.evaluation import mode


class Factors(NamedTuple):
    """W = left @ scale @ right: two rotations, and between them lengthening or shortening along each axis.

    Attributes:
        left: (out, out), a rotation.
        scale: (out, in), numbers on the diagonal, the others 0; the last is below 0 where W mirrors.
        right: (in, in), a rotation.

    >>> rotation_scaling_rotation([[0.0, -2.0], [1.0, 0.0]]).scale.tolist()
    [[2.0, 0.0], [0.0, 1.0]]
    """

    left: np.ndarray
    scale: np.ndarray
    right: np.ndarray


def rotation_scaling_rotation(W: Any) -> Factors:
    """Any linear map as a rotation, a scaling along the axes, and a rotation: the singular value decomposition.

    Both outer factors are made rotations proper: where one would mirror, its last axis is turned round, and so is the
    last scale, unless that axis is left out, as where the dimension changes.

    Args:
        W: (out, in).

    Raises:
        ShapeError: no matrix.

    >>> f = rotation_scaling_rotation([[1.0, 0.0], [0.0, -3.0]])
    >>> np.diagonal(f.scale).tolist(), np.round(f.left @ f.scale @ f.right, 6).tolist()
    ([3.0, -1.0], [[1.0, 0.0], [0.0, -3.0]])
    """
    W = as_tensor(W).numpy().astype(np.float64)
    if W.ndim != 2:
        raise ShapeError(f"rotation_scaling_rotation: W has shape {W.shape}", "A linear layer's weight is (out, in).")
    if not np.isfinite(W).all():
        raise DataError("rotation_scaling_rotation: W holds NaN or infinity")
    left, sizes, right = np.linalg.svd(W)
    scale = np.zeros(W.shape)
    np.fill_diagonal(scale, sizes)
    if np.linalg.det(left) < 0:
        left[:, -1] *= -1
        scale[-1] *= -1
    if np.linalg.det(right) < 0:
        right[-1] *= -1
        scale[:, -1] *= -1
    return Factors(left, scale, right)


class Stage(NamedTuple):
    """Where points are after a step of a layer.

    Attributes:
        name: what the step was: "data", "rotate", "scale", "translate", "bend".
        detail: the same in numbers: an angle, the scales, the shift, the activation's name.
        points: (n, d).
        layer: which linear layer the step belongs to, counted from 0; -1 for the data.

    >>> Stage("data", "", np.zeros((5, 2)), -1).points.shape
    (5, 2)
    """

    name: str
    detail: str
    points: np.ndarray
    layer: int


def layer_stages(layer: Linear, activation: Module | None, x: Any, number: int = 0) -> list[Stage]:
    """The steps of y = a(W x + b) on points: rotate, scale, rotate, translate, bend.

    Scaling is where the dimension goes up (the new axes are 0) or down (an axis is dropped).

    Args:
        layer: a linear layer.
        activation: what bends; None leaves the last step out.
        x: (n, in) points.
        number: which layer it is, for the names.

    Raises:
        ShapeError: points of another dimension than the layer takes.

    >>> from gradus import nn
    >>> [stage.name for stage in layer_stages(nn.Linear(2, 3), nn.Tanh(), np.zeros((5, 2)))]
    ['rotate', 'scale', 'rotate', 'translate', 'bend']
    """
    if not isinstance(layer, Linear):
        raise ArgumentError(f"layer_stages: the layer must be a Linear, got {layer!r:.80}")
    points = as_tensor(x).numpy().astype(np.float64)
    if points.ndim != 2 or points.shape[1] != layer.in_features:
        raise ShapeError(
            f"layer_stages: points of shape {points.shape} for {layer!r}", f"They are (n, {layer.in_features})."
        )
    f = rotation_scaling_rotation(layer.weight)
    shift = np.zeros(layer.out_features) if layer.bias is None else layer.bias.numpy().astype(np.float64)
    stages = []

    def then(name: str, detail: str, moved: np.ndarray) -> np.ndarray:
        stages.append(Stage(name, detail, moved, number))
        return moved

    points = then("rotate", _angle(f.right), points @ f.right.T)
    points = then("scale", _scales(f.scale), points @ f.scale.T)
    points = then("rotate", _angle(f.left), points @ f.left.T)
    points = then("translate", f"by {_vector(shift)}", points + shift)
    if activation is not None:
        with no_grad():
            then("bend", type(activation).__name__, activation(tensor(points)).numpy())
    return stages


def network_stages(model: Module, x: Any) -> list[Stage]:
    """The points themselves, and then every step of every layer of a chain of linear layers and activations.

    Args:
        model: a Sequential or an MLP.
        x: (n, in) points.

    Raises:
        ArgumentError: a layer that is neither linear nor elementwise, or none that is linear.

    >>> from gradus.models import MLP
    >>> [stage.name for stage in network_stages(MLP([2, 2, 1]), np.zeros((5, 2)))][-4:]
    ['rotate', 'scale', 'rotate', 'translate']
    """
    points = as_tensor(x).numpy().astype(np.float64)
    stages = [Stage("data", "", points, -1)]
    layers = chain(model)
    for number, (linear, activation) in enumerate(layers):
        stages += layer_stages(linear, activation, stages[-1].points, number)
    return stages


def chain(model: Module) -> list[tuple[Linear, Module | None]]:
    """A network's linear layers, each with the activation behind it.

    >>> from gradus.models import MLP
    >>> [(linear.out_features, type(bend).__name__) for linear, bend in chain(MLP([2, 3, 1]))]
    [(3, 'ReLU'), (1, 'NoneType')]
    """
    require_model("chain", model)
    found: list[tuple[Linear, Module | None]] = []
    for module in model.modules():
        if isinstance(module, (Dropout, Flatten, ModuleList)) or any(True for _ in module.children()):
            continue
        if isinstance(module, Linear):
            found.append((module, None))
        elif found and found[-1][1] is None and not list(module.parameters()):
            found[-1] = (found[-1][0], module)
        else:
            raise ArgumentError(
                f"the steps of layers are shown for linear layers with an activation behind each, not for "
                f"{type(module).__name__}. Take an MLP without normalisation."
            )
    if not found:
        raise ArgumentError(f"{type(model).__name__} has no linear layer")
    return found


def _angle(rotation: np.ndarray) -> str:
    if len(rotation) == 2:
        return f"by {np.degrees(np.arctan2(rotation[1, 0], rotation[0, 0])):.0f}°"
    return "" if len(rotation) == 1 else f"in {len(rotation)} dimensions"


def _scales(scale: np.ndarray) -> str:
    out, into = scale.shape
    sizes = np.diagonal(scale)
    change = "" if out == into else f"{into} → {out} dimensions, "
    return f"{change}by {_vector(sizes)}"


def _vector(numbers: np.ndarray) -> str:
    return ", ".join(f"{v:.2g}" for v in numbers) if len(numbers) <= 3 else f"{len(numbers)} numbers"


# -- until a straight line separates -----------------------------------------------------------------------------------


class Untangled(NamedTuple):
    """A network trained until its last hidden layer is linearly separable.

    Attributes:
        model: the network.
        epochs: passes it took.
        margins: at the data, behind each hidden layer: whether and how widely a straight boundary separates.
        accuracy: on the data it was trained on.

    >>> Untangled(Linear(2, 2), 0, [], 1.0).separable
    False
    """

    model: Module
    epochs: int
    margins: list[Margin]
    accuracy: float

    @property
    def separable(self) -> bool:
        """Whether a straight boundary separates the classes behind the last hidden layer."""
        return bool(self.margins) and self.margins[-1].separable


def hidden_points(model: Module, x: Any) -> list[np.ndarray]:
    """The data, and where each hidden layer has moved them: [(n, in), (n, hidden 1), ...].

    >>> from gradus.models import MLP
    >>> [points.shape for points in hidden_points(MLP([2, 16, 3, 1]), np.zeros((5, 2)))]
    [(5, 2), (5, 16), (5, 3)]
    """
    points: Tensor = tensor(as_tensor(x).numpy())
    found = [points.numpy()]
    with no_grad():
        for linear, activation in chain(model)[:-1]:
            points = linear(points)
            points = points if activation is None else activation(points)
            found.append(points.numpy())
    return found


def untangle(
    model: Module, optimizer: Any, data: TensorDataset, rounds: int = 40, epochs: int = 50, batch_size: int = 32
) -> Untangled:
    """Train a network of two classes until a straight line separates them behind its last hidden layer.

    Args:
        model: a chain of linear layers and activations with 2 outputs.
        optimizer: it holds the model's parameters.
        data: x (n, in), y (n,) of two classes.
        rounds: how often it is looked whether they are separable; it is trained no longer.
        epochs: passes between two looks.
        batch_size: samples in a step.

    >>> import gradus
    >>> from gradus import nn
    >>> from gradus.data import rings
    >>> model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    >>> found = untangle(model, gradus.optim.Adam(model.parameters(), lr=0.02), rings(80), epochs=20)
    >>> found.separable, found.margins[0].separable
    (True, False)
    """
    at_least_one("untangle", rounds=rounds, epochs=epochs)
    trainer = Trainer(model, "cross_entropy", optimizer)
    x, y = data.arrays
    done = 0
    while done < rounds:
        trainer.fit(data, epochs=epochs, batch_size=batch_size, progress=False, seed=done)
        done += 1
        if widest_margin(hidden_points(model, x)[-1], y).separable:
            break
    margins = [widest_margin(points, y) for points in hidden_points(model, x)]
    return Untangled(model, done * epochs, margins, float(trainer.evaluate(data)["accuracy"]))


class Plane(NamedTuple):
    """A network's scores over a rectangle of the plane.

    Attributes:
        x, y: (columns,) and (rows,) places.
        scores: (rows, columns, outputs).

    >>> Plane(np.zeros(3), np.zeros(2), np.zeros((2, 3, 4))).predicted.shape
    (2, 3)
    """

    x: np.ndarray
    y: np.ndarray
    scores: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The class with the highest score (rows, columns); of a single score, whether it is above 0."""
        if self.scores.shape[-1] == 1:
            return np.asarray(self.scores[..., 0] > 0).astype(np.int64)
        return np.asarray(self.scores.argmax(-1))


def decision_plane(
    model: Module, x: tuple[float, float] = (-2, 2), y: tuple[float, float] = (-2, 2), steps: int = 200
) -> Plane:
    """What a network of two inputs says at each place of a grid; where its class changes is the decision boundary.

    It is taken in evaluation mode.

    Args:
        model: from (n, 2) to (n, outputs).
        x, y: the ends of the grid.
        steps: places along each side.

    >>> from gradus.models import MLP
    >>> decision_plane(MLP([2, 3]), steps=5).scores.shape
    (5, 5, 3)
    """
    require_model("decision_plane", model)
    at_least_one("decision_plane", steps=steps)
    for name, ends in {"x": x, "y": y}.items():
        for end in ends:
            in_range("decision_plane", f"each end of {name}", end, "(-inf, inf)")
    columns, rows = np.linspace(*x, steps), np.linspace(*y, steps)
    places = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    dtype = next((p.dtype for p in model.parameters()), np.dtype(np.float32))
    with mode(model, training=False), no_grad():
        scores = model(tensor(places.astype(dtype))).numpy()
    return Plane(columns, rows, scores.reshape(steps, steps, -1))


def grid_lines(low: float = -2.0, high: float = 2.0, lines: int = 9, steps: int = 60) -> np.ndarray:
    """The lines of a square grid as points, to be sent through a layer with the data: (2 lines, steps, 2).

    >>> grid_lines(lines=3, steps=4).shape
    (6, 4, 2)
    """
    at_least_one("grid_lines", lines=lines, steps=steps)
    in_range("grid_lines", "low", low, "(-inf, inf)")
    in_range("grid_lines", "high", high, "(-inf, inf)")
    along, across = np.linspace(low, high, steps), np.linspace(low, high, lines)
    level = np.stack(np.meshgrid(along, across), axis=-1)
    return np.concatenate([level, level[..., ::-1]])
