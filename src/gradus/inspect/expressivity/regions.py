"""The straight pieces of a ReLU network, counted exactly: along a line, and over a rectangle of a plane.

Along a line x(t) every unit is, between two breakpoints, a straight line in t; the next layer's units bend only where
they cross 0. So the pieces are walked through layer by layer, in float64, with nothing sampled. Over a plane the
pieces are polygons, and each unit cuts those that its line crosses.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...autograd import no_grad
from ...errors import ArgumentError, DataError, ShapeError
from ...nn import (
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Identity,
    LeakyReLU,
    Linear,
    Module,
    ModuleList,
    ReLU,
    Sequential,
)
from ...nn.core.checks import require_model
from ...tensor import as_tensor, tensor

AFFINE = (Linear, Conv2d, AvgPool2d, BatchNorm1d, BatchNorm2d, Dropout, Flatten, Identity)
BENT = (ReLU, LeakyReLU)
_NOTHING = 1e-12  # of the whole length: two breakpoints nearer than this are one


@dataclass(frozen=True)
class LinePieces:
    """A network along x(t) = start + t (end - start), 0 <= t <= 1: piece i is intercept_i + slope_i t.

    Attributes:
        breaks: (pieces + 1,) the ends of the pieces, from 0 to 1.
        intercept, slope: (pieces, outputs).

    >>> from gradus.models import sawtooth
    >>> found = line_pieces(sawtooth(1), [0.0], [1.0])
    >>> found.breaks.tolist(), found.slope.ravel().tolist(), found(np.array([0.25])).tolist()
    ([0.0, 0.5, 1.0], [2.0, -2.0], [[0.5]])
    """

    breaks: np.ndarray
    intercept: np.ndarray
    slope: np.ndarray

    def __len__(self) -> int:
        return len(self.slope)

    def __call__(self, t: Any) -> np.ndarray:
        """The network's outputs (n, outputs) at the places t (n,)."""
        t = np.asarray(t, dtype=np.float64)
        i = np.clip(np.searchsorted(self.breaks, t, side="right") - 1, 0, len(self) - 1)
        return np.asarray(self.intercept[i] + self.slope[i] * t[:, None])


def line_pieces(model: Module, start: Any, end: Any) -> LinePieces:
    """The straight pieces of a ReLU network on the way from one input to another, exactly.

    Pieces are those of the activation pattern: where a unit starts or stops to fire, one ends.

    Args:
        model: layers in a chain: linear, convolution, average pooling, batch normalisation, dropout, flatten, and ReLU
            or leaky ReLU between. It is taken in evaluation mode.
        start, end: two samples, without the batch's axis.

    Raises:
        ArgumentError: a layer of another kind, or a model that is no chain of layers.
        ShapeError: unlike shapes.

    Source: Montufar, Pascanu, Cho and Bengio, "On the number of linear regions of deep neural networks" (2014).

    >>> from gradus.models import sawtooth
    >>> [len(line_pieces(sawtooth(depth), [0.0], [1.0])) for depth in (1, 2, 3, 10)]
    [2, 4, 8, 1024]
    """
    require_model("line_pieces", model)
    a, b = _samples("line_pieces", start, end)
    breaks, base, slope = np.array([0.0, 1.0]), a[None], (b - a)[None]
    for layer in _layers(model, a, b):
        if isinstance(layer, BENT):
            breaks, base, slope = _bend(breaks, base, slope, getattr(layer, "negative_slope", 0.0))
        else:
            base, slope = _affine(layer, base, slope)
    return LinePieces(breaks, base.reshape(len(base), -1), slope.reshape(len(slope), -1))


def _bend(breaks: np.ndarray, base: np.ndarray, slope: np.ndarray, leak: float) -> tuple[np.ndarray, ...]:
    """Cut each piece where a unit crosses 0, then let each unit through where it is above."""
    axes = (slice(None), *[None] * (base.ndim - 1))
    low, high = breaks[:-1][axes], breaks[1:][axes]
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = -base / slope
    inside = (crossing > low + _NOTHING) & (crossing < high - _NOTHING)
    found = np.unique(np.concatenate([breaks, crossing[inside]]))
    found = found[np.append(True, np.diff(found) > _NOTHING)]
    middle = (found[:-1] + found[1:]) / 2
    piece = np.searchsorted(breaks, middle, side="right") - 1
    base, slope = base[piece], slope[piece]
    factor = np.where(base + slope * middle[axes] > 0, 1.0, leak)
    return found, base * factor, slope * factor


@dataclass(frozen=True)
class PlanePieces:
    """A network over x(u, v) = origin + u (right - origin) + v (up - origin): on polygon i it is c_i + u s_i + v r_i.

    Attributes:
        polygons: the corners (k, 2) of each piece, in u and v, counterclockwise.
        constant, along_u, along_v: (pieces, outputs).

    >>> from gradus.models import sawtooth
    >>> len(plane_pieces(sawtooth(2), [0.0], [1.0], [0.0]))
    4
    """

    polygons: list[np.ndarray]
    constant: np.ndarray
    along_u: np.ndarray
    along_v: np.ndarray

    def __len__(self) -> int:
        return len(self.polygons)

    def areas(self) -> np.ndarray:
        """The area (pieces,) of each polygon."""
        return np.array([_area(corners) for corners in self.polygons])


def plane_pieces(
    model: Module,
    origin: Any,
    right: Any,
    up: Any,
    u: tuple[float, float] = (0.0, 1.0),
    v: tuple[float, float] = (0.0, 1.0),
) -> PlanePieces:
    """The straight pieces of a ReLU network over a rectangle of the plane through three inputs, exactly.

    Args:
        model: as for `line_pieces`.
        origin, right, up: three samples, at (u, v) = (0, 0), (1, 0) and (0, 1).
        u, v: the ends of the rectangle.

    Raises:
        ArgumentError: as `line_pieces`; or an empty rectangle.

    >>> from gradus import nn
    >>> from gradus.models import MLP
    >>> plane = plane_pieces(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), [0, 0], [1, 0], [0, 1], u=(-9, 9), v=(-9, 9))
    >>> len(plane)  # three lines, each two of which cross: 1 + 3 + 3
    7
    """
    require_model("plane_pieces", model)
    if not (u[0] < u[1] and v[0] < v[1]):
        raise ArgumentError(f"plane_pieces: the rectangle u={u}, v={v} is empty")
    a, b, c = _samples("plane_pieces", origin, right, up)
    polygons = [np.array([(u[0], v[0]), (u[1], v[0]), (u[1], v[1]), (u[0], v[1])], dtype=np.float64)]
    parts = [a[None], (b - a)[None], (c - a)[None]]
    for layer in _layers(model, a, b, c):
        if isinstance(layer, BENT):
            polygons, parts = _cut(polygons, parts, getattr(layer, "negative_slope", 0.0))
        else:
            parts = list(_affine(layer, *parts))
    constant, along_u, along_v = (p.reshape(len(p), -1) for p in parts)
    return PlanePieces(polygons, constant, along_u, along_v)


def _cut(polygons: list[np.ndarray], parts: list[np.ndarray], leak: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Cut each polygon by the lines of the units that cross it, then let each unit through where it is above."""
    flat = np.stack([p.reshape(len(p), -1) for p in parts], axis=1)  # (polygons, 3, units)
    found: list[np.ndarray] = []
    owner: list[int] = []
    for i, corners in enumerate(polygons):
        pieces = list(_pieces_of(corners, flat[i]))
        found += pieces
        owner += [i] * len(pieces)
    centres = np.array([corners.mean(axis=0) for corners in found])
    flat = flat[owner]
    height = flat[:, 0] + centres[:, :1] * flat[:, 1] + centres[:, 1:] * flat[:, 2]
    flat = flat * np.where(height > 0, 1.0, leak)[:, None]
    return found, [flat[:, k].reshape(len(found), *parts[k].shape[1:]) for k in range(3)]


def _pieces_of(corners: np.ndarray, units: np.ndarray) -> Iterator[np.ndarray]:
    """The pieces of a polygon between the lines where units (3, n) are 0."""
    open_ = [(corners, _crossing(corners, units, np.arange(units.shape[1])))]
    while open_:
        polygon, crossing = open_.pop()
        if not len(crossing):
            yield polygon
            continue
        sides = _halves(polygon, units[:, crossing[0]])
        open_ += [(side, _crossing(side, units, crossing[1:])) for side in sides]


def _heights(corners: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Each unit at each corner (corners, n); what is 0 up to rounding is 0."""
    height = units[0] + corners[:, :1] * units[1] + corners[:, 1:] * units[2]
    size = np.abs(units[0]) + np.abs(corners[:, :1] * units[1]) + np.abs(corners[:, 1:] * units[2])
    return np.where(np.abs(height) <= _NOTHING * size, 0.0, height)


def _crossing(corners: np.ndarray, units: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Those units that are above 0 at one corner and below at another."""
    if not len(among):
        return among
    height = _heights(corners, units[:, among])
    return np.asarray(among[(height.min(axis=0) < 0) & (height.max(axis=0) > 0)])


def _halves(corners: np.ndarray, unit: np.ndarray) -> Iterator[np.ndarray]:
    """A convex polygon's part where the unit is above 0, and the part below."""
    height = _heights(corners, unit[:, None])[:, 0]
    following, after = np.roll(corners, -1, axis=0), np.roll(height, -1)
    sides: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for corner, h, other, g in zip(corners, height, following, after, strict=True):
        if h >= 0:
            sides[0].append(corner)
        if h <= 0:
            sides[1].append(corner)
        if h * g < 0:
            cut = corner + (other - corner) * (h / (h - g))
            sides[0].append(cut)
            sides[1].append(cut)
    return (np.array(side) for side in sides)


def _area(corners: np.ndarray) -> float:
    (x, y), (x2, y2) = corners.T, np.roll(corners, -1, axis=0).T
    return float((x * y2 - x2 * y).sum() / 2)


# -- the model as a chain of layers ------------------------------------------------------------------------------------


def _samples(where: str, *samples: Any) -> list[np.ndarray]:
    arrays = [as_tensor(s).numpy().astype(np.float64) for s in samples]
    if len({a.shape for a in arrays}) > 1:
        shapes = ", ".join(str(a.shape) for a in arrays)
        raise ShapeError(f"{where}: the samples have shapes {shapes}", "Give samples of one shape.")
    if not all(np.isfinite(a).all() for a in arrays):
        raise DataError(f"{where}: a sample holds NaN or infinity")
    return arrays


def _layers(model: Module, *samples: np.ndarray) -> list[Module]:
    """The model's layers in float64, in the order in which they are called; checked on the samples."""
    model = copy.deepcopy(model).eval().astype(np.float64)
    called: list[Module] = []
    removers = [m.register_forward_hook(lambda m, _, __: called.append(m)) for m in model.modules() if _is_layer(m)]
    with no_grad():
        wanted = model(tensor(np.stack(samples))).numpy()
        for remove in removers:
            remove()
        x = tensor(np.stack(samples))
        for layer in called:
            if not isinstance(layer, AFFINE + BENT):
                kinds = ", ".join(kind.__name__ for kind in AFFINE + BENT)
                raise ArgumentError(
                    f"straight pieces are counted in networks of {kinds}; this one has a {type(layer).__name__}. "
                    "Take mlp or softmax, or a network of your own of those layers."
                )
            x = layer(x.flatten(1) if isinstance(layer, Linear) else x)
    if x.size != wanted.size or not np.allclose(x.numpy().ravel(), wanted.ravel(), rtol=1e-9, atol=1e-12):
        raise ArgumentError(
            f"{type(model).__name__} is no chain of layers: called one after the other they give something else. "
            "Write it as a Sequential, with the ReLUs as layers."
        )
    return called


def _is_layer(module: Module) -> bool:
    return not isinstance(module, (Sequential, ModuleList)) and not any(True for _ in module.children())


def _affine(layer: Module, base: np.ndarray, *directions: np.ndarray) -> tuple[np.ndarray, ...]:
    """What a layer L(x) = A x + b makes of a base point and of directions: A base + b, and A direction."""
    with no_grad():
        arrays = (base, *directions)
        if isinstance(layer, Linear):
            arrays = tuple(a.reshape(len(a), -1) for a in arrays)
        offset = layer(tensor(np.zeros_like(arrays[0][:1]))).numpy()
        mapped = [layer(tensor(a)).numpy() for a in arrays]
    return (mapped[0], *(m - offset for m in mapped[1:]))
