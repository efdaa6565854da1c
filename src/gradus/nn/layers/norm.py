"""Layers that bring numbers to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ... import functional as F
from ...dtypes import accumulator
from ...errors import ShapeError
from ...functional.checks import at_least_one
from ...ops import ones, zeros
from ...ops.making.create import as_shape
from ...tensor import Tensor, tensor
from ..core.module import Module, Parameter

__all__ = ["BatchNorm1d", "BatchNorm2d", "LayerNorm"]


class _BatchNorm(Module):
    axes: ClassVar[dict[int, str]]  # the numbers of axes an input may have, and what they are

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True
    ) -> None:
        at_least_one(type(self).__name__, num_features=num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(ones(num_features)) if affine else None
        self.bias = Parameter(zeros(num_features)) if affine else None
        self.running_mean, self.running_var = tensor(zeros(num_features)), tensor(ones(num_features))
        self.num_batches_tracked = tensor(0)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim not in self.axes or x.shape[1] != self.num_features:
            wanted = " or ".join(self.axes.values())
            raise ShapeError(
                f"{type(self).__name__}(num_features={self.num_features}): input has shape {x.shape}",
                f"It must be {wanted} with c = {self.num_features}.",
            )
        mean, var, momentum = self.running_mean, self.running_var, self._share()
        y = F.batch_norm(x, mean, var, self.weight, self.bias, self.training, momentum, self.eps)
        if self.training:
            self.num_batches_tracked.assign_(self.num_batches_tracked + 1)
        return y

    def _share(self) -> float | Tensor:
        """Of this batch in the averages; without a momentum, all batches count alike."""
        if self.momentum is not None:
            return self.momentum
        return 1 / (self.num_batches_tracked + 1).astype(accumulator(self.running_mean.dtype))

    def extra_repr(self) -> str:
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.weight is not None}"


class BatchNorm1d(_BatchNorm):
    """Each feature of (n, c), or channel of (n, c, l), brought to mean 0 and variance 1; see `F.batch_norm`.

    In training with the batch's own mean and variance, which are mixed into `running_mean` and `running_var` (a share
    `momentum` of the new; with None, the average of all batches so far); after `eval()` with these.

    >>> import gradus
    >>> BatchNorm1d(1)(gradus.tensor([[1.0], [3.0]])).round()
    tensor([[-1.],
            [ 1.]], from=round)
    """

    axes: ClassVar = {2: "(n, c)", 3: "(n, c, l)"}


class BatchNorm2d(_BatchNorm):
    """Each channel of images (n, c, h, w) brought to mean 0 and variance 1; otherwise as BatchNorm1d.

    >>> import gradus
    >>> BatchNorm2d(3)(gradus.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    axes: ClassVar = {4: "(n, c, h, w)"}


class LayerNorm(Module):
    """The last axes of each sample brought to mean 0 and variance 1; see `F.layer_norm`.

    >>> import gradus
    >>> LayerNorm(2)(gradus.tensor([[1.0, 3.0]])).round()
    tensor([[-1.,  1.]], from=round)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        shape = as_shape(normalized_shape)
        self.normalized_shape, self.eps = shape, eps
        self.weight = Parameter(ones(shape)) if elementwise_affine else None
        self.bias = Parameter(zeros(shape)) if elementwise_affine and bias else None

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.weight is not None}"
