"""Parameters whose shape is found later, with what has their shape, as an optimizer's state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import ArgumentError
from ...ops import full
from ...tensor import Tensor
from .module import Parameter

__all__ = ["UninitializedParameter"]


class UninitializedParameter(Parameter):
    """A parameter without numbers yet, of shape (0,), as layers have that find their sizes at the first batch.

    An optimizer may be made of it: what it keeps for the parameter gets its shape with it.

    >>> from gradus import nn
    >>> layer = nn.LazyLinear(2)
    >>> layer.weight
    tensor([], requires_grad=True)
    """

    __slots__ = ("alike",)

    def __init__(self, requires_grad: bool = True) -> None:
        super().__init__(np.zeros(0, dtypes.DEFAULT_FLOAT), requires_grad)
        self.alike: list[tuple[Tensor, float]] | None = []  # what gets its shape with it; None once it has one

    def materialize(self, value: Tensor) -> None:
        """Take numbers, in the type that the parameter has."""
        self.data = dtypes.converted(value.data, self.dtype)
        self.writes[0] += 1
        for t, start in self.alike or ():
            t.data = np.full(self.shape, start, t.dtype)
        self.alike = None

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restored, (self.dtype, self.requires_grad, self.alike)) if is_unsized(self) else super().__reduce__()


def _restored(dtype: dtypes.Dtype, requires_grad: bool, alike: list[tuple[Tensor, float]]) -> UninitializedParameter:
    made = UninitializedParameter(requires_grad)
    made.data, made.alike = made.data.astype(dtype), alike
    return made


def is_unsized(t: Tensor) -> bool:
    """Whether a tensor is a parameter that has no shape yet."""
    return isinstance(t, UninitializedParameter) and getattr(t, "alike", None) is not None


def like(p: Tensor, start: float, dtype: dtypes.Dtype) -> Tensor:
    """A tensor in the shape of a parameter, now or once it has one, filled with a number."""
    made = full(p.shape, start, dtype)
    if is_unsized(p):
        p.alike.append((made, start))  # type: ignore[attr-defined]
    return made


def require_sized(where: str, parameters: Iterable[Tensor]) -> None:
    """Refuse parameters without a shape."""
    if any(map(is_unsized, parameters)):
        raise ArgumentError(
            f"{where}: a layer of this model finds its sizes at the first batch, and has none yet. Call the model "
            "once before: model(x)."
        )
