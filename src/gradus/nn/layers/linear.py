"""Layers of weighted sums, and of looked-up vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

from ... import functional as F
from ...autograd import no_grad
from ...errors import ShapeError, one_of
from ...functional.checks import at_least_one, flags, in_range
from ...ops import arange, where, zeros
from ...ops.core.primitive import normalize_axis
from ...tensor import Tensor, as_tensor
from ..core import init
from ..core.module import Module, Parameter

__all__ = ["Bilinear", "Embedding", "EmbeddingBag", "Flatten", "Linear", "Unflatten"]


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
        flags("Linear", bias=bias)
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
        remedy, mistake = f"Make it in_features={shape[-1]}, or bring the input to (..., {n}).", "sizes-of-layers"
        if math.prod(shape[1:]) == n:
            mistake = "flatten-forgotten"
            remedy = f"Put a Flatten() before it, or reshape the input to ({shape[0]}, {n})."
        return ShapeError(f"{name}: input's last axis is {shape[-1]}", remedy, mistake)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Embedding(Module):
    """A table of vectors, looked up by number: integers (...) become (..., embedding_dim).

    `weight` (num_embeddings, embedding_dim) starts with normal numbers; row `padding_idx` with zeros, and gets no
    gradient.

    >>> import gradus
    >>> Embedding(10, 4)(gradus.tensor([[1, 2, 9]])).shape
    (1, 3, 4)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None) -> None:
        at_least_one(type(self).__name__, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        if padding_idx is not None:
            in_range(type(self).__name__, "padding_idx", padding_idx, f"[-{num_embeddings}, {num_embeddings})")
        self.padding_idx = padding_idx
        self.weight = Parameter(zeros((num_embeddings, embedding_dim)))
        init.normal_(self.weight)
        if padding_idx is not None:
            with no_grad():
                empty = arange(num_embeddings).reshape(-1, 1) == padding_idx % num_embeddings
                self.weight.assign_(where(empty, 0, self.weight))

    @classmethod
    def from_pretrained(cls, embeddings: Any, freeze: bool = True, padding_idx: int | None = None) -> Self:
        """A layer of vectors that are there already, (num_embeddings, embedding_dim); `freeze` keeps them.

        >>> Embedding.from_pretrained([[1.0, 2.0], [3.0, 4.0]])([1]).tolist()
        [[3.0, 4.0]]
        """
        table = as_tensor(embeddings)
        layer = cls(table.shape[0], table.shape[1], padding_idx=padding_idx)
        layer.weight = Parameter(table, requires_grad=not freeze)
        return layer

    def forward(self, x: Tensor) -> Tensor:
        return F.embedding(x, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


class EmbeddingBag(Embedding):
    """The sum, mean or largest of the vectors that a bag of numbers names: see `functional.embedding_bag`.

    >>> import gradus
    >>> EmbeddingBag(10, 4)(gradus.tensor([[1, 2, 9]])).shape
    (1, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        mode: str = "mean",
        padding_idx: int | None = None,
        include_last_offset: bool = False,
    ) -> None:
        one_of("EmbeddingBag", "mode", mode, ("sum", "mean", "max"))
        super().__init__(num_embeddings, embedding_dim, padding_idx)
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(self, x: Tensor, offsets: Any = None, per_sample_weights: Any = None) -> Tensor:
        ends = self.include_last_offset
        return F.embedding_bag(x, self.weight, offsets, self.mode, per_sample_weights, self.padding_idx, ends)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, mode={self.mode!r}"


class Bilinear(Module):
    """y_o = x1^T W_o x2 + b_o: see `functional.bilinear`.

    >>> import gradus
    >>> Bilinear(3, 4, 2)(gradus.ones((5, 3)), gradus.ones((5, 4))).shape
    (5, 2)
    """

    def __init__(self, in1_features: int, in2_features: int, out_features: int, bias: bool = True) -> None:
        at_least_one("Bilinear", in1_features=in1_features, in2_features=in2_features, out_features=out_features)
        flags("Bilinear", bias=bias)
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        shape = (out_features, in1_features, in2_features)
        self.weight, self.bias = weight_and_bias(shape, in1_features, out_features, bias)

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.bilinear(x1, x2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{self.in1_features}, {self.in2_features}, {self.out_features}, bias={self.bias is not None}"


class Unflatten(Module):
    """One axis becomes several: (n, 12) with `Unflatten(1, (3, 4))` becomes (n, 3, 4).

    >>> import gradus
    >>> Unflatten(1, (3, -1))(gradus.ones((2, 12))).shape
    (2, 3, 4)
    """

    def __init__(self, axis: int, unflattened_size: Sequence[int]) -> None:
        self.axis, self.unflattened_size = axis, tuple(unflattened_size)

    def forward(self, x: Tensor) -> Tensor:
        axis = normalize_axis("Unflatten", self.axis, x.ndim)
        length, sizes = x.shape[axis], self.unflattened_size
        if -1 in sizes:
            known = -math.prod(sizes)
            sizes = tuple(length // max(known, 1) if n == -1 else n for n in sizes)
        if math.prod(sizes) != length:
            raise ShapeError(f"Unflatten: axis {self.axis} of {x.shape} does not become {self.unflattened_size}")
        return x.reshape((*x.shape[:axis], *sizes, *x.shape[axis + 1 :]))

    def extra_repr(self) -> str:
        return f"axis={self.axis}, unflattened_size={self.unflattened_size}"


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
