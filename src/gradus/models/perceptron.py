"""Rosenblatt's perceptron: its learning rule, the bound on its mistakes, and whether data can be separated at all."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, DataError, ShapeError
from ..functional import step
from ..functional.checks import at_least_one, floats
from ..nn import Module, Parameter
from ..tensor import Tensor, as_tensor

_TOUCHING = 1e-6  # of the radius: a narrower gap between two classes is none
_MOST_STEPS = 10_000


class Perceptron(Module):
    """A neuron with a weight for each input: y = 1 if w x + b > 0, else 0. It starts with zeros.

    Args:
        in_features: the numbers in one sample.

    An input of shape (n, ...) is flattened to (n, in_features); the result has shape (n,). `learn` trains it.

    Source: Rosenblatt, "The perceptron" (1958).

    >>> import gradus
    >>> unit = Perceptron(2)
    >>> learned = unit.learn([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> unit(gradus.tensor([[0.0, 1.0], [1.0, 1.0]])).tolist(), learned.separated
    ([0.0, 1.0], True)
    """

    def __init__(self, in_features: int) -> None:
        at_least_one("Perceptron", in_features=in_features)
        self.weight, self.bias = Parameter(np.zeros(in_features)), Parameter(np.zeros(()))

    def forward(self, x: Tensor) -> Any:
        return step(x.flatten(1) @ self.weight.astype(x.dtype) + self.bias.astype(x.dtype))

    def learn(self, x: Any, y: Any, max_epochs: int = 1000) -> Learned:
        """Go through the samples until none is mistaken: each mistake turns w towards the sample, or away from it.

        With z = (x, 1) for a sample of the second class and -(x, 1) for one of the first, a sample is mistaken when
        w z <= 0, and then w becomes w + z.

        Args:
            x: (n, ...) samples.
            y: (n,) of two classes; the larger label is the one for which the unit fires.
            max_epochs: passes through the samples, after which it gives up.

        Returns:
            The mistakes of each pass, and in words whether it has separated the classes, and why not.

        Raises:
            DataError: not two classes, or numbers that are not finite.
        """
        at_least_one("Perceptron.learn", max_epochs=max_epochs)
        z, labels = _signed(x, y)
        if z.shape[1] != self.weight.size + 1:
            raise ShapeError(
                f"Perceptron(in_features={self.weight.size}): a sample has {z.shape[1] - 1} numbers",
                f"Make it Perceptron({z.shape[1] - 1}).",
            )
        w = np.append(self.weight.numpy(), self.bias.numpy())
        mistakes: list[int] = []
        while len(mistakes) < max_epochs and (not mistakes or mistakes[-1]):
            mistakes.append(_one_pass(w, z))
        self.weight.data[...], self.bias.data[...] = w[:-1], w[-1]
        return Learned(tuple(mistakes), not mistakes[-1], _in_words(mistakes, z, labels))


class Learned(NamedTuple):
    """What came of learning: the mistakes of each pass, whether the last had none, and the same in words.

    >>> learned = Perceptron(1).learn([[0.0], [1.0], [2.0]], [0, 1, 0], max_epochs=50)
    >>> print(learned.message[:103])
    NOT separated after 50 passes and 101 mistakes: no straight boundary separates the classes 0 and 1, for
    """

    mistakes: tuple[int, ...]
    separated: bool
    message: str

    @property
    def total(self) -> int:
        """The mistakes of all passes."""
        return sum(self.mistakes)


def _one_pass(w: np.ndarray, z: np.ndarray) -> int:
    """Rosenblatt's rule, once through the samples; the number of mistakes."""
    mistakes = 0
    for sample in z:
        if w @ sample <= 0:
            w += sample
            mistakes += 1
    return mistakes


def _in_words(mistakes: list[int], z: np.ndarray, labels: np.ndarray) -> str:
    passes, made = len(mistakes), sum(mistakes)
    text = f"{passes:,} pass{'es' * (passes > 1)} and {made:,} mistake{'s' * (made != 1)}"
    if not mistakes[-1]:
        return f"separated after {text}"
    found = _widest(z)
    if not found.separable:
        return f"NOT separated after {text}: {_meeting(labels)}"
    return (
        f"NOT separated after {text}, though a boundary exists: its margin is narrow, and up to {found.bound:,.0f} "
        "mistakes may be needed. Raise max_epochs."
    )


def _meeting(labels: np.ndarray) -> str:
    return (
        f"no straight boundary separates the classes {labels[0]} and {labels[1]}, for a mixture of samples of the one "
        "is also a mixture of samples of the other. Give it features in which they lie apart, or layers."
    )


class Margin(NamedTuple):
    """The boundary with the widest margin, for samples (x, 1) with a 1 appended, and what follows from it.

    Attributes:
        gamma: the least distance of a sample (x, 1) from the boundary; 0 where there is none.
        radius: the length R of the longest sample (x, 1).
        weight, bias: the boundary w x + b = 0, with |(w, b)| = 1.
        support: the samples that hold it, indices.

    >>> Margin(gamma=0.5, radius=2.0, weight=np.array([1.0]), bias=0.0, support=np.array([0, 1])).bound
    16.0
    """

    gamma: float
    radius: float
    weight: np.ndarray
    bias: float
    support: np.ndarray

    @property
    def separable(self) -> bool:
        """Whether a straight boundary separates the classes."""
        return self.gamma > 0

    @property
    def bound(self) -> float:
        """(R / gamma)^2: no perceptron that starts with zeros makes more mistakes, in whatever order of samples."""
        return (self.radius / self.gamma) ** 2 if self.separable else np.inf


def widest_margin(x: Any, y: Any) -> Margin:
    """The boundary that leaves two classes the widest margin, or the certainty that there is none.

    gamma = max_{|u|=1} min_i u z_i, with z = (x, 1) for the second class and -(x, 1) for the first. It is the distance
    from 0 to the nearest mixture of the z (their convex hull), which is found by Wolfe's algorithm. Where 0 is itself
    a mixture, gamma is 0: no boundary exists.

    Args:
        x: (n, ...) samples.
        y: (n,) of two classes.

    Raises:
        DataError: not two classes, or numbers that are not finite.

    Source: Novikoff, "On convergence proofs for perceptrons" (1962); Wolfe, "Finding the nearest point in a polytope"
    (1976).

    >>> found = widest_margin([[0.0], [2.0]], [0, 1])
    >>> round(found.gamma, 4), round(found.bound, 4), widest_margin([[0.0], [1.0], [2.0]], [0, 1, 0]).separable
    (0.7071, 10.0, False)
    """
    return _widest(_signed(x, y)[0])


def _signed(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """The samples z = +-(x, 1) in float64, and the two labels."""
    samples = as_tensor(x).numpy().astype(np.float64)
    targets = as_tensor(y).numpy()
    if samples.ndim < 2 or targets.shape != samples.shape[:1]:
        raise ShapeError(
            f"perceptron: samples of shape {samples.shape} and labels of shape {targets.shape} do not belong together",
            "Samples are (n, ...), labels (n,).",
        )
    if not np.isfinite(targets).all():
        raise DataError(f"perceptron: label {int(np.argmin(np.isfinite(targets)))} is NaN or infinite")
    labels = np.unique(targets)
    if len(labels) != 2:
        raise DataError(f"perceptron: it tells two classes apart, the labels hold {len(labels)}: {labels[:5].tolist()}")
    flat = samples.reshape(len(samples), -1)
    if not np.isfinite(flat).all():
        raise DataError(f"perceptron: sample {int(np.argmin(np.isfinite(flat).all(1)))} holds NaN or infinity")
    return np.where(targets == labels[1], 1.0, -1.0)[:, None] * np.column_stack([flat, np.ones(len(flat))]), labels


def _widest(z: np.ndarray) -> Margin:
    radius = float(np.linalg.norm(z, axis=1).max())
    nearest, support = nearest_point(z)
    length = float(np.linalg.norm(nearest))
    if length <= _TOUCHING * radius:
        return Margin(0.0, radius, np.zeros(z.shape[1] - 1), 0.0, support)
    u = nearest / length
    gamma = max(0.0, float((z @ u).min()))
    return Margin(gamma, radius, u[:-1], float(u[-1]), support)


def nearest_point(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The point of a convex hull that is nearest to 0, and which of the points it is a mixture of.

    Wolfe's algorithm: it keeps a few points, takes the nearest point of the plane through them, drops a point that
    would need a share below 0, and adds the point that lies farthest on the side of 0, until none does.

    Args:
        points: (n, d), finite.

    >>> nearest, kept = nearest_point(np.array([[1.0, 1.0], [1.0, -1.0], [3.0, 0.0]]))
    >>> nearest.round(6).tolist(), sorted(kept.tolist())
    ([1.0, 0.0], [0, 1])
    """
    points = floats("nearest_point", "points", points)
    if points.ndim != 2 or not len(points):
        raise ArgumentError(f"nearest_point: expected points (n, d), got shape {points.shape}")
    longest = float((points**2).sum(1).max())
    kept = [int((points**2).sum(1).argmin())]
    share = np.ones(1)
    nearest = points[kept[0]]
    for _ in range(_MOST_STEPS):
        heights = points @ nearest
        farthest = int(heights.argmin())
        closest = heights[farthest] >= nearest @ nearest - 1e-12 * longest or farthest in kept
        if closest or nearest @ nearest <= _TOUCHING**2 * longest:
            break
        kept, share = [*kept, farthest], np.append(share, 0.0)
        kept, share = _inside(points, kept, share)
        nearest = share @ points[kept]
    return nearest, np.array(kept)


def _inside(points: np.ndarray, kept: list[int], share: np.ndarray) -> tuple[list[int], np.ndarray]:
    """Move to the nearest point of the plane through the kept points; drop those that stand in the way."""
    while True:
        wanted = _nearest_in_plane(points[kept])
        if (wanted > 0).all():
            return kept, wanted
        falling = wanted <= 0
        steps = share[falling] / np.maximum(share[falling] - wanted[falling], 1e-300)
        share = share + min(1.0, float(steps.min())) * (wanted - share)
        stays = share > 1e-14
        if stays.all():
            stays[np.flatnonzero(falling)[int(steps.argmin())]] = False
        kept, share = [k for k, s in zip(kept, stays, strict=True) if s], share[stays] / share[stays].sum()


def _nearest_in_plane(points: np.ndarray) -> np.ndarray:
    """Shares that sum to 1, perhaps below 0, of the point nearest to 0 in the plane through the points."""
    system = points @ points.T
    system = system / max(float(system.trace()) / len(points), 1e-300) + 1.0  # (P P^T + 1 1^T) s ~ 1
    try:
        shares = np.linalg.solve(system, np.ones(len(points)))
    except np.linalg.LinAlgError:  # the same point twice, or two opposite ones
        shares = np.linalg.lstsq(system, np.ones(len(points)), rcond=None)[0]
    return np.asarray(shares / shares.sum())
