"""A model as an attacker sees it: probabilities of the classes, and the gradient of its loss to the pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import compiler
from ...autograd import grad, no_grad
from ...compiler import Compiled, Uncompiled
from ...errors import ArgumentError, DataError, ShapeError
from ...functional import cross_entropy, softmax
from ...nn import Module
from ...nn.core.checks import require_model
from ...tensor import Tensor, tensor
from ...train.fitting.evaluation import EVAL_BATCH, mode


class Classifier:
    """A model that gives scores (n, classes) for inputs in [0, 1], in evaluation mode, as native code over batches.

    Args:
        where: the function that asks, for messages.
        model: gives scores before the softmax.
        x: (n, ...) some inputs, numbers in [0, 1].
        y: (n,) their labels.

    Raises:
        ArgumentError: the model is no classifier.
        DataError, ShapeError: inputs outside [0, 1], none at all, or labels that are not of these classes.
    """

    def __init__(self, where: str, model: Module, x: Any, y: Any) -> None:
        self.where, self.model = where, model
        self.x, self.y = _inputs(where, x), np.asarray(y)
        self.classes = _classes(where, model, self.x)
        check_labels(where, "label", self.y, len(self.x), self.classes)
        self.y = self.y.astype(np.int64)
        self._probabilities = compiler.natively(lambda x: softmax(model(x), axis=-1))
        self._gradient = compiler.natively(self._input_gradient)

    def _input_gradient(self, x: Tensor, y: Tensor) -> Any:
        x = x.detach().requires_grad_()
        return grad(cross_entropy(self.model(x), y, reduction="sum"), x)

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """(n, classes): softmax of the scores."""
        with mode(self.model, training=False), no_grad():
            return over_batches(self._probabilities, x)

    def gradient(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The gradient of the cross-entropy of each input and its label, to the input: of the shape of x."""
        with mode(self.model, training=False):
            return over_batches(self._gradient, x, y)


def over_batches(function: Compiled | Uncompiled, *arrays: np.ndarray) -> np.ndarray:
    """What a function gives for all rows, a batch at a time; the last batch is filled up with first rows."""
    n = len(arrays[0])
    batch = min(n, EVAL_BATCH)
    rows = np.resize(np.arange(n), (-(-n // batch), batch))
    parts = np.concatenate([part[0] for part in function.slices(arrays, rows)])
    return parts.reshape(-1, *parts.shape[2:])[:n]


def check_labels(where: str, what: str, y: np.ndarray, n: int, classes: int) -> None:
    """Refuse what is not one class for each of n inputs."""
    if y.shape != (n,):
        raise ShapeError(f"{where}: {n} inputs need {what}s of shape ({n},), got {y.shape}", "Give one for each input.")
    if y.dtype.kind not in "iu":
        raise DataError(f"{where}: a {what} is the number of a class, an integer, got {y.dtype}")
    wrong = (y < 0) | (y >= classes)
    if wrong.any():
        i = int(wrong.argmax())
        raise DataError(f"{where}: {what} {y[i]} at place {i}; the model's {classes} classes are 0 to {classes - 1}")


def _inputs(where: str, x: Any) -> np.ndarray:
    x = np.asarray(x.numpy() if isinstance(x, Tensor) else x)
    if x.dtype.kind != "f":
        raise DataError(f"{where}: inputs are floating-point numbers in [0, 1], got {x.dtype}. Divide bytes by 255.")
    if x.ndim < 2 or not x.size:
        raise ShapeError(f"{where}: inputs have shape {x.shape}", "Give one or more as (n, ...): x[None] for one.")
    if not (x.min() >= 0 and x.max() <= 1):  # so written, NaN is refused too
        raise DataError(
            f"{where}: inputs lie in [0, 1], got numbers from {x.min():g} to {x.max():g}. Scale them; a model of "
            "standardised inputs gets the standardisation as its first layer."
        )
    return np.ascontiguousarray(x)


def _classes(where: str, model: Any, x: np.ndarray) -> int:
    require_model(where, model)
    with mode(model, training=False), no_grad():
        scores = model(tensor(x[:1]))
    if not isinstance(scores, Tensor) or scores.ndim != 2 or scores.shape[1] < 2:
        got = f"shape {scores.shape[1:]}" if isinstance(scores, Tensor) else f"a {type(scores).__name__}"
        raise ArgumentError(
            f"{where}: {type(model).__name__} is no classifier: for an input it gives {got}, and not scores of two or "
            "more classes. Attacks need a model that ends in Linear(..., classes)."
        )
    return scores.shape[1]
