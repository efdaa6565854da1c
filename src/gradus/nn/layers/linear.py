"""Layers of weighted sums, and of looked-up vectors."""

from __future__ import annotations

import math

from ... import functional as F
from ...errors import ShapeError
from ...functional.checks import at_least_one
from ...ops import zeros
from ...ops.core.primitive import normalize_axis
from ...tensor import Tensor
from ..core import init
from ..core.module import Module, Parameter

__all__ = ["Embedding", "Flatten", "Linear"]


def weight_and_bias(shape: tuple[int, ...], fan_in: int, out: int, bias: bool) -> tuple[Parameter, Parameter | None]:
    """First values of a linear or convolutional layer: uniform, up to 1 / sqrt(fan in) (LeCun et al., 1998)."""
    limit = 1 / math.sqrt(fan_in)
    weight, offset = Parameter(zeros(shape)), Parameter(zeros(out)) if bias else None
    init.uniform_(weight, -limit, limit)
    if offset is not None:
        init.uniform_(offset, -limit, limit)
    return weight, offset


class Linear(Module):
    """The fully connected layer, z = x W^T + b: (..., in_features) becomes (..., out_features).

    `weight` (out, in) and `bias` (out,) start uniform between -1 / sqrt(in) and 1 / sqrt(in).

    >>> import gradus
    >>> Linear(3, 2)(gradus.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        at_least_one("Linear", in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight, self.bias = weight_and_bias((out_features, in_features), in_features, out_features, bias)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1:] != (self.in_features,):
            raise self._misfit(x.shape)
        return F.linear(x, self.weight, self.bias)

    def _misfit(self, shape: tuple[int, ...]) -> ShapeError:
        name, n = f"Linear(in_features={self.in_features})", self.in_features
        if not shape:
            return ShapeError(f"{name}: input has no axes", f"It must be (..., {n}).")
        remedy = f"Make it in_features={shape[-1]}, or bring the input to (..., {n})."
        if math.prod(shape[1:]) == n:
            remedy = f"Put a Flatten() before it, or reshape the input to ({shape[0]}, {n})."
        return ShapeError(f"{name}: input's last axis is {shape[-1]}", remedy)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Embedding(Module):
    """A table of vectors, looked up by number: integers (...) become (..., embedding_dim).

    `weight` (num_embeddings, embedding_dim) starts with normal numbers.

    >>> import gradus
    >>> Embedding(10, 4)(gradus.tensor([[1, 2, 9]])).shape
    (1, 3, 4)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        at_least_one("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(zeros((num_embeddings, embedding_dim)))
        init.normal_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.embedding(x, self.weight)

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}"


class Flatten(Module):
    """Axes start_dim to end_dim become one: images (n, c, h, w) become rows (n, c h w).

    >>> import gradus
    >>> Flatten()(gradus.ones((2, 3, 4, 5))).shape
    (2, 60)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Tensor) -> Tensor:
        start, end = (normalize_axis("Flatten", axis, x.ndim) for axis in (self.start_dim, self.end_dim))
        if end < start:
            raise ShapeError(f"Flatten: axis {self.end_dim} comes before axis {self.start_dim} in shape {x.shape}")
        return x.reshape((*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :]))

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
