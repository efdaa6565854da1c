"""What losses share: a loss for each element or sample, gathered by `reduction`.

Each takes the predictions first, then the targets; `reduction` is "mean" (over all elements), "sum", or "none".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import DataError, MistakeWarning, one_of, warn
from ...interpret import Outside
from ...ops import where
from ...ops.reductions.softmax import made_by
from ...tensor import Tensor, as_tensor
from ..checks import refuse, same_shape

_ABOVE = 0.01  # what no rounding makes of a logarithm of 1
REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda losses: losses.mean(),
    "sum": lambda losses: losses.sum(),
    "none": lambda losses: losses,
}


def reduce(name: str, losses: Tensor, reduction: str) -> Tensor:
    if reduction == "mean" and not losses.size:
        raise DataError(
            f"{name}: there are no samples, and their mean would be NaN. Leave out such a batch, or take "
            "reduction='sum'.",
            mistake="mean-of-nothing",
        )
    return REDUCTIONS[one_of(name, "reduction", reduction, REDUCTIONS)](losses)


def alike(name: str, predictions: Any, targets: Any) -> tuple[Tensor, Tensor]:
    """Both as Tensors, which must be of one shape."""
    x = as_tensor(predictions)
    number = isinstance(targets, float) and dtypes.is_float(x.dtype)  # which has no width of its own
    y = as_tensor(targets, x.dtype if number else None)
    same_shape(name, x, y)
    return x, y


def numbers(x: Tensor) -> np.ndarray | None:
    """The numbers of a tensor, where there are some to look at: not while a graph is traced."""
    return x.data if isinstance(x.data, np.ndarray) else None


def look_at_logarithms(name: str, log_p: Tensor, mistake: str, hint: str = "") -> None:
    """Warn of what is no logarithm of probabilities: it is above 0."""
    found = None if made_by("log_softmax", log_p) else numbers(log_p)
    if found is not None and found.size and float(found.max()) > _ABOVE:
        warn(
            f"{name}: logarithms of probabilities are 0 or less, and these go up to {float(found.max()):.3g}. Give it "
            f"log_softmax(scores, 1){hint}.",
            MistakeWarning,
            mistake=mistake,
        )


def weighted(weight: Tensor, x: Tensor) -> Tensor:
    """weight x, but 0 where the weight is 0 and x infinite: what counts for nothing gives no NaN."""
    return weight * where((weight == 0) & (x.absolute() == math.inf), 0, x)


def shares(name: str, targets: Tensor) -> None:
    """Refuse targets that are no probabilities."""
    message = "targets[{place}] is {value}. Targets are probabilities, in [0, 1]."
    refuse(name, targets, Outside(0, 1), message, "no-probabilities-as-targets")
