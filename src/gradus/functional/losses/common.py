"""What losses share: a loss for each element or sample, gathered by `reduction`.

Each takes the predictions first, then the targets; `reduction` is "mean" (over all elements), "sum", or "none".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ... import dtypes
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
    x = as_tensor(predictions)
    number = isinstance(targets, float) and dtypes.is_float(x.dtype)  # which has no width of its own
    y = as_tensor(targets, x.dtype if number else None)
    same_shape(name, x, y)
    return x, y


def weighted(weight: Tensor, x: Tensor) -> Tensor:
    """weight x, but 0 where the weight is 0 and x infinite: what counts for nothing gives no NaN."""
    return weight * where((weight == 0) & (x.absolute() == math.inf), 0, x)


def shares(name: str, targets: Tensor) -> None:
    """Refuse targets that are no probabilities."""
    message = "targets[{place}] is {value}. Targets are probabilities, in [0, 1]."
    refuse(name, targets, Outside(0, 1), message, "no-probabilities-as-targets")
