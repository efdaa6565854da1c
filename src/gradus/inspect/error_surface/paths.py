"""The paths that optimizers take: over a function of two numbers, and of a whole network over its error surface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ...errors import ArgumentError, DataError, ShapeError
from ...functional.checks import at_least_one, floats, require_function
from ...nn import Module
from ...nn.core.checks import require_model
from ...optim import SGD, Adagrad, Adam, Optimizer, RMSprop
from ...tensor import Tensor, tensor
from ...train import Callback, Trainer
from ...train.runs.history import Record
from .surface import Direction

START = (-7.0, 2.0)
STEPS = 30
BOOK_OPTIMIZERS: dict[str, Callable[[list[Tensor]], Optimizer]] = {
    "SGD": lambda params: SGD(params, lr=0.95),
    "Momentum": lambda params: SGD(params, lr=0.1, momentum=0.9),
    "Adagrad": lambda params: Adagrad(params, lr=1.5),
    "RMSprop": lambda params: RMSprop(params, lr=0.3, alpha=0.9),
    "Adam": lambda params: Adam(params, lr=0.3),
}


def valley(x: Tensor, y: Tensor) -> Tensor:
    """A long valley, twenty times as steep across as along: f(x, y) = x^2 / 20 + y^2.

    Source: Saitoh, "Deep Learning from Scratch" (2016), section 6.1.

    >>> valley(tensor(-7.0), tensor(2.0)).item()
    6.449999809265137
    """
    return x**2 / 20 + y**2


def descend(
    f: Callable[[Tensor, Tensor], Tensor],
    optimizer: Callable[[list[Tensor]], Optimizer],
    start: tuple[float, float] = START,
    steps: int = STEPS,
) -> np.ndarray:
    """Where an optimizer goes on a function of two numbers: (x, y) <- optimizer((x, y), gradient of f).

    Args:
        f: a function of two tensors without axes to one.
        optimizer: makes an optimizer over a list of tensors: `lambda params: Adam(params, lr=0.3)`.
        start: the first place.
        steps: how many are made.

    Returns:
        (steps + 1, 2) in float64: the start, and the place after each step.

    >>> from gradus.optim import SGD
    >>> descend(valley, lambda params: SGD(params, lr=0.5), steps=2).round(3).tolist()
    [[-7.0, 2.0], [-6.65, 0.0], [-6.318, 0.0]]
    """
    require_function("descend", f=f, optimizer=optimizer)
    at_least_one("descend", steps=steps)
    place = [tensor(float(v), "float64", requires_grad=True) for v in start]
    chosen, path = optimizer(place), [start]
    for _ in range(steps):
        chosen.zero_grad()
        f(*place).backward()
        chosen.step()
        path.append((place[0].item(), place[1].item()))
    return np.array(path, np.float64)


class Zigzag(NamedTuple):
    """How much a path turns back, and how far round it leads.

    Attributes:
        reversals: the share of its turns that are sharper than a right angle: 1 is a zigzag, 0 a smooth curve.
        detour: its length over the distance from its first place to its last; 1 is a straight line.
        length: its length.

    >>> zigzag(np.array([[0, 0], [3, 0], [3, 4.0]]))
    Zigzag(reversals=0.0, detour=1.4, length=7.0)
    """

    reversals: float
    detour: float
    length: float


def zigzag(path: np.ndarray) -> Zigzag:
    """How much a path zigzags: step k turns back where d_k . d_(k-1) < 0, for the steps d_k = p_(k+1) - p_k.

    Args:
        path: (places, dimensions), three places or more. Steps of no length are passed over.

    >>> zigzag(np.array([[0, 0], [1, 3], [2, 0], [3, 3.0]])).reversals
    1.0
    >>> zigzag(np.array([[0, 0], [1, 0], [2, 1.0]])).reversals
    0.0
    """
    path = floats("zigzag", "path", path)
    if path.ndim != 2 or len(path) < 3 or not np.isfinite(path).all():
        raise DataError(f"zigzag: a path is (places, dimensions), three finite places or more; got {path.shape}")
    steps = np.diff(path, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    moved = steps[lengths > 0]
    turns = (moved[1:] * moved[:-1]).sum(axis=1)
    distance = float(np.linalg.norm(path[-1] - path[0]))
    length = float(lengths.sum())
    return Zigzag(float((turns < 0).mean()) if len(turns) else 0.0, length / distance if distance else np.inf, length)


class Trail(Callback):
    """Keeps all parameters of a network at the beginning of its training and after each epoch.

    Attributes:
        places: a list of flat arrays (parameters,) in float32, in the order of `model.parameters()`.

    >>> import gradus
    >>> model, trail = gradus.nn.Linear(1, 1), Trail()
    >>> data = gradus.data.TensorDataset([[0.0], [1.0]], [[1.0], [3.0]])
    >>> trainer = Trainer(model, "mse", SGD(model.parameters(), lr=0.1))
    >>> _ = trainer.fit(data, epochs=3, progress=False, callbacks=[trail])
    >>> len(trail.places), trail.places[0].shape
    (4, (2,))
    """

    def __init__(self) -> None:
        self.places: list[np.ndarray] = []

    def on_fit_begin(self, trainer: Trainer) -> None:
        self.places = [flat_parameters(trainer.model)]

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        self.places.append(flat_parameters(trainer.model))


def flat_parameters(model: Module) -> np.ndarray:
    """A copy of all parameters in one row, (parameters,) float32.

    >>> import gradus
    >>> flat_parameters(gradus.nn.Linear(3, 2)).shape
    (8,)
    """
    require_model("flat_parameters", model)
    return np.concatenate([p.numpy().ravel() for p in model.parameters()]).astype(np.float32)


class TrailPlane(NamedTuple):
    """The plane that holds as much of some trails as a plane can.

    Attributes:
        first, second: its directions, of length 1 and at right angles; the network stands at the origin.
        paths: by name (places, 2), the trails' shadows on it.
        share: of the squared distances from the network, what the plane holds, in [0, 1].

    >>> TrailPlane(Direction("d1", {}), Direction("d2", {}), {}, 0.89).share
    0.89
    """

    first: Direction
    second: Direction
    paths: dict[str, np.ndarray]
    share: float


def principal_plane(model: Module, trails: Mapping[str, Sequence[np.ndarray]]) -> TrailPlane:
    """The two leading principal directions of a training's trail: the singular vectors of [w_0 - w; w_1 - w; ...].

    Args:
        model: the network as it is, w: the origin of the plane, usually the end of one of the trails.
        trails: by name the places of a training, each (parameters,), as a Trail keeps them; of several trainings of
            one network together.

    Raises:
        ArgumentError: no trail, or places that lie on one line.
        ShapeError: places of another number of parameters.

    Source: Li et al., "Visualizing the loss landscape of neural nets" (2018), section 7.2.

    >>> import gradus
    >>> model = gradus.nn.Linear(1, 1)
    >>> w = flat_parameters(model)
    >>> plane = principal_plane(model, {"a walk": [w + [3, 0], w + [0, 1], w]})
    >>> np.abs(plane.paths["a walk"]).round(3).tolist(), round(plane.share, 6)
    ([[3.0, 0.0], [0.0, 1.0], [0.0, 0.0]], 1.0)
    """
    origin = flat_parameters(model)
    for name, places in trails.items():
        wrong = next((np.shape(p) for p in places if np.shape(p) != origin.shape), None)
        if wrong is not None:
            raise ShapeError(f"principal_plane: {name!r} holds places of {wrong}, the network's are {origin.shape}")
    if not any(len(places) for places in trails.values()):
        raise ArgumentError("principal_plane: there is no trail. Give a Trail() to fit(callbacks=[...]) first.")
    away = np.array([p for places in trails.values() for p in places], np.float64) - origin
    if not np.isfinite(away).all():
        raise DataError("principal_plane: the places hold NaN or infinity: the training diverged")
    _, s, v = np.linalg.svd(away, full_matrices=False)
    if len(s) < 2 or s[1] <= 1e-6 * s[0]:
        raise ArgumentError("principal_plane: the places lie on one line, which spans no plane. Train for longer.")
    named = list(model.named_parameters())
    ends = np.cumsum([p.size for _, p in named])[:-1]
    first, second = (
        Direction(
            f"principal direction {i + 1}",
            {n: part.reshape(p.shape) for (n, p), part in zip(named, np.split(v[i], ends), strict=True)},
        )
        for i in range(2)
    )
    paths = {name: (np.asarray(places, np.float64) - origin) @ v[:2].T for name, places in trails.items()}
    return TrailPlane(first, second, paths, float((s[:2] ** 2).sum() / (s**2).sum()))
