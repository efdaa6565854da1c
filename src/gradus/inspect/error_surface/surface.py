"""The error surface: the loss over a plane through the space of a network's parameters."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ... import compiler
from ...autograd import no_grad
from ...errors import ArgumentError, DataError, ShapeError, did_you_mean
from ...functional.checks import at_least, at_least_one
from ...nn import Module
from ...nn.core.checks import require_model
from ...tensor import Tensor, tensor

POINTS = 41  # along a side, where no places are given
REACH = 1.0  # to each side, where no places are given

_ELEMENT = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<index>[-\d,\s]+)\])?")


@dataclass(frozen=True)
class Direction:
    """A straight way through the space of all parameters, and the coordinate at which the network stands on it.

    Args:
        name: what pictures write along the axis.
        arrays: for each parameter by name, in its shape, how it changes as the coordinate grows by one; parameters
            that are not named stay.
        start: the coordinate of the network as it is.

    >>> Direction("the bias", {"bias": np.ones(3)}).start
    0.0
    """

    name: str
    arrays: Mapping[str, np.ndarray]
    start: float = 0.0


class Surface(NamedTuple):
    """The loss over two coordinates: `loss[j, i]` at `a[i]`, `b[j]`.

    `names` are those of the two directions; `start` is where the network itself stands.

    >>> side = np.array([0.0, 1.0])
    >>> Surface(side, side, np.zeros((2, 2)), ("a", "b"), (0.0, 0.0)).loss[1, 0].item()
    0.0
    """

    a: np.ndarray
    b: np.ndarray
    loss: np.ndarray
    names: tuple[str, str]
    start: tuple[float, float]


def element(model: Module, place: str) -> Direction:
    """One number among a network's parameters as a direction; its coordinate is the number itself.

    Args:
        model: the network.
        place: the parameter's name and the index in it: "layers.0.weight[0,1]"; of one that holds a single number the
            name is enough.

    Raises:
        ArgumentError: there is no such parameter or index; the nearest names are in the message.

    >>> import gradus
    >>> model = gradus.nn.Linear(2, 1)
    >>> element(model, "weight[0,1]").start == model.weight[0, 1].item()
    True
    """
    require_model("element", model)
    parameters = {n: p.numpy() for n, p in model.named_parameters()}
    found = _ELEMENT.fullmatch(place.strip())
    name = found["name"].strip() if found else place
    if found is None or name not in parameters:
        raise ArgumentError(
            f"there is no parameter {name!r} in {type(model).__name__}. {_nearest_parameters(name, parameters)}"
        )
    p = parameters[name]
    index = _index(found["index"])
    within = len(index) == p.ndim > 0 and all(-n <= i < n for i, n in zip(index, p.shape, strict=True))
    if not within and not (p.size == 1 and not found["index"]):
        last = ",".join(str(n - 1) for n in p.shape)
        raise ArgumentError(
            f"{place!r} is no single number: {name} has shape {p.shape}. "
            f"Take one from {name}[{','.join('0' * p.ndim)}] to {name}[{last}]."
        )
    one = np.zeros_like(p)
    one[index or (0,) * p.ndim] = 1
    return Direction(place.strip(), {name: one}, float(p[index or (0,) * p.ndim]))


def _index(written: str | None) -> tuple[int, ...]:
    """The numbers between the brackets; none where they are no whole numbers."""
    try:
        return tuple(int(i) for i in written.split(",")) if written else ()
    except ValueError:
        return ()


def random_directions(model: Module, seed: int = 0) -> tuple[Direction, Direction]:
    """Two random directions, filter-normalised: each filter d_ij <- d_ij / ||d_ij|| * ||w_ij||.

    A filter is what makes one output: a kernel of a convolution over all its channels, a row of a linear layer. One
    step of the coordinate then changes each filter by its own length, so that surfaces of different networks can be
    compared although ReLU networks may be scaled without changing what they compute. Biases and the parameters of
    normalisation, which are vectors, stay as they are.

    Args:
        model: the network.
        seed: of the random directions.

    Raises:
        ArgumentError: the network has no weights of two or more axes.

    Source: Li, Xu, Taylor, Studer and Goldstein, "Visualizing the loss landscape of neural nets" (2018), section 4.

    >>> import gradus
    >>> model = gradus.nn.Linear(3, 2)
    >>> first, second = random_directions(model)
    >>> lengths = [np.linalg.norm(w, axis=1).round(4).tolist() for w in (first.arrays["weight"], model.weight.numpy())]
    >>> lengths[0] == lengths[1]
    True
    """
    require_model("random_directions", model)
    at_least(0, "random_directions", seed=seed)
    rng = np.random.default_rng(seed)
    weights = {n: p.numpy() for n, p in model.named_parameters() if p.ndim > 1}
    if not weights:
        raise ArgumentError(f"random_directions: {type(model).__name__} has no weights of two or more axes to move")

    def one(name: str) -> Direction:
        return Direction(name, {n: _filter_normalised(rng.standard_normal(w.shape), w) for n, w in weights.items()})

    return one("random direction 1"), one("random direction 2")


def _filter_normalised(d: np.ndarray, w: np.ndarray) -> np.ndarray:
    axes = tuple(range(1, w.ndim))
    lengths = [np.sqrt((v.astype(np.float64) ** 2).sum(axis=axes, keepdims=True)) for v in (w, d)]
    return np.asarray(d * lengths[0] / lengths[1], w.dtype)


def loss_surface(
    model: Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    x: Any,
    y: Any,
    first: str | Direction,
    second: str | Direction,
    a: Sequence[float] | np.ndarray | None = None,
    b: Sequence[float] | np.ndarray | None = None,
) -> Surface:
    """The loss over two numbers of a network, or over two directions: L(w + (a - a0) d1 + (b - b0) d2).

    All of it is computed on a copy, in evaluation mode, so that the network keeps its bits, its gradients and its mode
    whatever happens on the way. Moving the copy and its loss are compiled to one native program, which visits the
    points of the grid without coming back to Python.

    Args:
        model: the network; (a0, b0) is where it stands.
        loss: a function of outputs and targets to one number, such as `functional.cross_entropy`.
        x, y: the samples (n, ...) and their targets, all taken at once.
        first, second: each a Direction, or the place of a number: "layers.0.weight[0,1]".
        a, b: the coordinates of the grid along each, (columns,) and (rows,); by default 41 from 1 below to 1 above
            where the network stands.

    Returns:
        The grid and the loss (rows, columns), in float64; what overflows is inf or NaN.

    Raises:
        ArgumentError: a parameter that is not there, twice the same direction, no grid, a loss that is not one number.
        DataError: samples and targets of different number, or none.
        ShapeError: a direction of other shapes than the parameters.

    >>> import gradus
    >>> model, x = gradus.nn.Linear(1, 1), np.array([[0.0], [1.0]], "float32")
    >>> found = loss_surface(model, gradus.nn.functional.mse_loss, x, 2 * x + 1, "weight[0,0]", "bias[0]",
    ...                      a=[1.0, 2.0, 3.0], b=[0.0, 1.0])
    >>> found.loss.round(3).tolist()
    [[2.5, 1.0, 0.5], [0.5, 0.0, 0.5]]
    """
    require_model("loss_surface", model)
    twin = copy.deepcopy(model).eval()
    d1, d2 = (d if isinstance(d, Direction) else element(model, d) for d in (first, second))
    moves = _moves(twin, [d1, d2])
    grid_a, grid_b = _grid("a", a, d1), _grid("b", b, d2)
    xs, ys = tensor(x), tensor(y)
    if not xs.ndim or not len(xs) or len(xs) != len(ys):
        raise DataError(
            f"loss_surface: x has the shape {xs.shape} and y {ys.shape}; they need one sample each, or more"
        )

    def at(a: Tensor, b: Tensor) -> Tensor:
        with no_grad():
            for p, p0, (da, db) in moves:
                moved = p0 + a.astype(p.dtype) * da + b.astype(p.dtype) * db
                p.assign_(moved.reshape(p.shape))
            return loss(twin(xs), ys)

    offsets = np.meshgrid(grid_a - d1.start, grid_b - d2.start)
    found = _visit(at, [v.ravel() for v in offsets]).reshape(len(grid_b), len(grid_a))
    return Surface(grid_a, grid_b, found, (d1.name, d2.name), (d1.start, d2.start))


def _visit(at: Callable[[Tensor, Tensor], Tensor], offsets: list[np.ndarray]) -> np.ndarray:
    """The loss at each of the points, (points,)."""
    value = at(*(tensor(v[:1]) for v in offsets))  # eagerly: errors speak of the user's own network and loss
    if value.size != 1:
        raise ArgumentError(f"loss_surface: the loss must be one number, got the shape {value.shape}. Take its mean.")
    compiled = compiler.natively(at)
    parts = [part[0] for part in compiled.slices(offsets, np.arange(len(offsets[0]))[:, None])]
    return np.concatenate(parts).reshape(-1).astype(np.float64)


def _moves(model: Module, directions: list[Direction]) -> list[tuple[Tensor, Tensor, list[Tensor]]]:
    """Each parameter that moves, its value as it is, and how it moves along each direction."""
    parameters = dict(model.named_parameters())
    for d in directions:
        for name, v in d.arrays.items():
            if name not in parameters:
                raise ArgumentError(
                    f"{d.name}: there is no parameter {name!r} in {type(model).__name__}. "
                    f"{_nearest_parameters(name, parameters)}"
                )
            if np.shape(v) != parameters[name].shape:
                raise ShapeError(f"{d.name}: {name} has shape {parameters[name].shape}, its direction {np.shape(v)}")
    _require_a_plane(directions)

    def along(d: Direction, name: str, p: Tensor) -> Tensor:
        return tensor(np.asarray(d.arrays.get(name, np.zeros(p.shape)), p.numpy().dtype))

    moving = [n for n in parameters if any(n in d.arrays for d in directions)]
    return [
        (parameters[n], tensor(parameters[n].numpy().copy()), [along(d, n, parameters[n]) for d in directions])
        for n in moving
    ]


def _require_a_plane(directions: list[Direction]) -> None:
    """Refuse directions that are nothing, or one and the same, up to its length."""

    def inner(p: Direction, q: Direction) -> float:
        shared = [n for n in p.arrays if n in q.arrays]
        return sum(float(np.vdot(np.asarray(p.arrays[n], float), np.asarray(q.arrays[n], float))) for n in shared)

    first, second = directions
    lengths = [inner(d, d) for d in directions]
    if not all(np.isfinite(lengths)) or min(lengths) == 0:
        raise ArgumentError(f"{first.name!r} and {second.name!r}: a direction must be finite and change something")
    if inner(first, second) ** 2 > (1 - 1e-6) * lengths[0] * lengths[1]:
        raise ArgumentError(
            f"{first.name!r} and {second.name!r} are one direction, and span no plane. Take two different ones."
        )


def _grid(name: str, values: Any, direction: Direction) -> np.ndarray:
    if values is None:
        return np.linspace(direction.start - REACH, direction.start + REACH, POINTS)
    grid = np.asarray(values, np.float64)
    at_least_one("loss_surface", **{f"the number of {name}": grid.size})
    if grid.ndim != 1 or not np.isfinite(grid).all():
        raise ArgumentError(f"loss_surface: {name} holds the coordinates along an axis, finite numbers; got {values!r}")
    return grid


def _nearest_parameters(name: str, parameters: Mapping[str, Any]) -> str:
    """The names most like one that is not there, with their shapes."""
    hint = did_you_mean(name, parameters)
    some = [f"{n} {tuple(p.shape)}" for n, p in list(parameters.items())[:12]]
    more = f" and {len(parameters) - 12} more" if len(parameters) > 12 else ""
    return f"{hint} There are: {', '.join(some)}{more}.".lstrip()
