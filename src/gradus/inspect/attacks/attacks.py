"""Attacks: small changes of a picture that change what a classifier sees in it. Here those that follow the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import DataError
from ...functional.checks import at_least_one, in_range
from ...nn import Module
from .classifier import Classifier, check_labels


@dataclass(frozen=True)
class Attack:
    """What an attack came to: n pictures, before and after.

    Attributes:
        x: (n, ...) the pictures as they were.
        attacked: (n, ...) as the attack left them.
        y: (n,) their classes.
        before, after: (n, classes) the model's probabilities for the pictures, and for the attacked ones.
        targets: (n,) the classes the model should see, or None where any wrong one will do.

    >>> p, q = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.4, 0.6], [0.1, 0.9]])
    >>> found = Attack(np.zeros((2, 1)), np.ones((2, 1)), np.array([0, 0]), p, q)
    >>> found.right.tolist(), found.fooled.tolist(), found.success_rate
    ([True, False], [True, False], 1.0)
    """

    x: np.ndarray
    attacked: np.ndarray
    y: np.ndarray
    before: np.ndarray
    after: np.ndarray
    targets: np.ndarray | None = None

    @property
    def right(self) -> np.ndarray:
        """(n,) whether the model saw the true class before the attack."""
        return np.asarray(self.before.argmax(1) == self.y)

    @property
    def fooled(self) -> np.ndarray:
        """(n,) whether it was right before, and sees after the attack the target, or a wrong class."""
        return np.asarray(self.right & reached(self.after, self.y, self.targets))

    @property
    def success_rate(self) -> float:
        """The share of the pictures seen rightly before that are fooled; NaN where there were none."""
        return float(self.fooled.sum() / self.right.sum()) if self.right.any() else float("nan")

    @property
    def accuracy(self) -> float:
        """The share of all pictures in which the model sees the true class after the attack."""
        return float((self.after.argmax(1) == self.y).mean())


def reached(probabilities: np.ndarray, y: np.ndarray, targets: np.ndarray | None) -> np.ndarray:
    """(n,) whether the likeliest class is the target, or, without targets, a wrong one."""
    seen = probabilities.argmax(1)
    return np.asarray(seen != y if targets is None else seen == targets)


def fgsm(model: Module, x: Any, y: Any, eps: float = 0.1, targets: Any = None) -> Attack:
    """The fast gradient sign method: one step of length eps in each pixel, to where the loss grows.

    x' = x + eps sign(dL/dx), cut off at 0 and 1; with targets t it goes to where the loss of t falls.

    Args:
        model: gives scores (n, classes) before the softmax.
        x: (n, ...) pictures, numbers in [0, 1].
        y: (n,) their classes.
        eps: the largest change of a pixel, in [0, 1].
        targets: (n,) the classes that the model should see, each another than the true one.

    Raises:
        ArgumentError: the model is no classifier, or an argument is out of range.
        DataError, ShapeError: pictures outside [0, 1], or labels that do not fit.

    Source: Goodfellow, Shlens and Szegedy, "Explaining and Harnessing Adversarial Examples" (2015), section 4.

    >>> from gradus.models import SoftmaxRegression
    >>> found = fgsm(SoftmaxRegression(4, 3), np.full((2, 4), 0.5, "float32"), [0, 2], eps=0.1)
    >>> np.unique(np.abs(found.attacked - found.x).round(6)).tolist()
    [0.10000000149011612]
    """
    in_range("fgsm", "eps", eps, "[0, 1]")
    seer = Classifier("fgsm", model, x, y)
    aim, labels, sign = _aim(seer, targets)
    step = sign * np.float32(eps) * np.sign(seer.gradient(seer.x, labels))
    return finished(seer, np.clip(seer.x + step, 0, 1), aim)


def pgd(
    model: Module,
    x: Any,
    y: Any,
    eps: float = 0.1,
    steps: int = 20,
    step: float | None = None,
    targets: Any = None,
    seed: int | None = 0,
) -> Attack:
    """Projected gradient descent: small fast gradient sign steps, never further than eps from the picture.

    x_0 is drawn evenly from the ball |x' - x| <= eps, and x_(k+1) = P(x_k + step sign(dL/dx)): P cuts off at the ball,
    and at 0 and 1.

    Args:
        model: gives scores (n, classes) before the softmax.
        x: (n, ...) pictures, numbers in [0, 1].
        y: (n,) their classes.
        eps: the largest change of a pixel, in [0, 1].
        steps: how many.
        step: the length of one, in each pixel; 2.5 eps / steps where it is not given.
        targets: (n,) the classes that the model should see, each another than the true one.
        seed: of the start; None starts from the picture itself.

    Raises:
        ArgumentError: the model is no classifier, or an argument is out of range.
        DataError, ShapeError: pictures outside [0, 1], or labels that do not fit.

    Source: Madry, Makelov, Schmidt, Tsipras and Vladu, "Towards Deep Learning Models Resistant to Adversarial Attacks"
    (2018), section 2.1.

    >>> from gradus.models import SoftmaxRegression
    >>> found = pgd(SoftmaxRegression(4, 3), np.full((2, 4), 0.5, "float32"), [0, 2], eps=0.1)
    >>> bool(np.abs(found.attacked - found.x).max() <= 0.1001)
    True
    """
    in_range("pgd", "eps", eps, "[0, 1]")
    at_least_one("pgd", steps=steps)
    step = 2.5 * eps / steps if step is None else step
    in_range("pgd", "step", step, "[0, 1]")
    seer = Classifier("pgd", model, x, y)
    aim, labels, sign = _aim(seer, targets)
    low, high = np.clip(seer.x - eps, 0, 1), np.clip(seer.x + eps, 0, 1)
    z = seer.x.copy()
    if seed is not None:
        z += np.random.default_rng(seed).uniform(-eps, eps, z.shape).astype(z.dtype)
    for _ in range(steps):
        z = np.clip(z, low, high)
        z = z + sign * np.float32(step) * np.sign(seer.gradient(z, labels))
    return finished(seer, np.clip(z, low, high), aim)


def every_target(x: Any, y: Any, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each picture once for every other class, for targeted attacks: x, y and targets, each (n (classes - 1), ...).

    >>> every_target(np.zeros((2, 4)), [0, 2], classes=3)[1:]
    (array([0, 0, 2, 2]), array([1, 2, 0, 1]))
    """
    at_least_one("every_target", classes=classes)
    x, y = np.atleast_1d(x), np.asarray(y)
    check_labels("every_target", "label", y, len(x), classes)
    others = np.array([[c for c in range(classes) if c != label] for label in y], np.int64)
    return np.repeat(x, classes - 1, axis=0), np.repeat(y, classes - 1), others.ravel()


def aims(seer: Classifier, targets: Any) -> np.ndarray | None:
    """The targets as an array, checked."""
    if targets is None:
        return None
    t = np.asarray(targets)
    check_labels(seer.where, "target", t, len(seer.x), seer.classes)
    if (t == seer.y).any():
        i = int((t == seer.y).argmax())
        raise DataError(f"{seer.where}: target {t[i]} at place {i} is the picture's own class. Choose another.")
    return t.astype(np.int64)


def _aim(seer: Classifier, targets: Any) -> tuple[np.ndarray | None, np.ndarray, np.float32]:
    """The targets, the labels whose loss counts, and whether it is to grow (1) or to fall (-1)."""
    t = aims(seer, targets)
    return (t, seer.y, np.float32(1)) if t is None else (t, t, np.float32(-1))


def finished(seer: Classifier, attacked: np.ndarray, targets: np.ndarray | None) -> Attack:
    """The attack with the probabilities before and after, measured anew."""
    attacked = np.ascontiguousarray(attacked, seer.x.dtype)
    before, after = seer.probabilities(seer.x), seer.probabilities(attacked)
    return Attack(seer.x, attacked, seer.y, before, after, targets)
