"""What losses share: a loss for each element or sample, gathered by `reduction`.

Each takes the predictions first, then the targets; `reduction` is "mean" (over all elements), "sum", or "none".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...errors import one_of
from ...interpret import Outside
from ...ops import where
from ...tensor import Tensor, as_tensor
from ..checks import refuse, same_shape

REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda losses: losses.mean(),
    "sum": lambda losses: losses.sum(),
    "none": lambda losses: losses,
}


def reduce(name: str, losses: Tensor, reduction: str) -> Tensor:
    return REDUCTIONS[one_of(name, "reduction", reduction, REDUCTIONS)](losses)


def alike(name: str, predictions: Any, targets: Any) -> tuple[Tensor, Tensor]:
    """Both as Tensors, which must be of one shape."""
    predictions, targets = as_tensor(predictions), as_tensor(targets)
    same_shape(name, predictions, targets)
    return predictions, targets


def weighted(weight: Tensor, x: Tensor) -> Tensor:
    """weight x, but 0 where the weight is 0 and x infinite: what counts for nothing gives no NaN."""
    return weight * where((weight == 0) & (x.absolute() == math.inf), 0, x)


def shares(name: str, targets: Tensor) -> None:
    """Refuse targets that are no probabilities."""
    message = "targets[{place}] is {value}. Targets are probabilities, in [0, 1]."
    refuse(name, targets, Outside(0, 1), message)
