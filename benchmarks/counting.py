"""The least that a training step must do, counted from the model: shapes only, nothing is computed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from gradus import functional as F
from gradus import interpret, nn, no_grad, optim
from gradus.ops.core.primitive import Primitive, Shaped
from gradus.tensor import Tensor

if TYPE_CHECKING:
    from .records import Prediction, Training


class Counter(interpret.Eager):
    """An interpreter that applies the shape rules, and counts the multiply-adds of matrix products."""

    in_place = False

    def __init__(self) -> None:
        self.multiply_adds = 0

    def apply(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Shaped:
        out = primitive.rule(*(t.data for t in inputs), **params)
        if primitive.name == "matmul":
            self.multiply_adds += math.prod(out.shape) * inputs[0].shape[-1]
        return out

    def assign(self, target: Tensor, value: Tensor, followed: bool = False) -> None:
        pass

    def check(self, *_: Any, **__: Any) -> None:
        pass

    def concrete(self, tensor: Tensor) -> np.ndarray:
        return tensor.data if isinstance(tensor.data, np.ndarray) else np.zeros(tensor.shape, tensor.dtype)


def count(w: Training) -> tuple[float, float]:
    """Floating-point operations, and bytes moved, of one step."""
    model = w.model(nn)
    optimizer = getattr(optim, w.optimizer)(model.parameters(), lr=w.lr, **w.options)
    shape_x, shape_y = w.step_shapes
    with _counting() as counter:
        x, y = (Tensor(Shaped(s, np.dtype(d))) for s, d in zip((shape_x, shape_y), w.dtypes, strict=True))
        y = y if w.y else x
        getattr(F, w.loss)(w.output(model(x)), y).backward()
    parameters = sum(p.size for p in model.parameters())
    kept = 1 + len(optimizer.slots)
    inputs = math.prod(shape_x) + (math.prod(shape_y) if w.y else 0)
    return 2.0 * counter.multiply_adds, 4.0 * (inputs + 2 * kept * parameters)


def count_prediction(w: Prediction) -> tuple[float, float]:
    """Floating-point operations, and bytes moved, of one prediction."""
    model = w.model(nn).eval()
    with _counting() as counter, no_grad():
        model(Tensor(Shaped(w.x, np.dtype("int64" if w.words else "float32"))))
    return 2.0 * counter.multiply_adds, 4.0 * (math.prod(w.x) + sum(p.size for p in model.parameters()))


@contextmanager
def _counting() -> Iterator[Counter]:
    """The shape rules in place of the numbers."""
    counter = Counter()
    token = interpret.current.set(counter)
    try:
        yield counter
    finally:
        interpret.current.reset(token)
