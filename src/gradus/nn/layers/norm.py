"""Layers that bring numbers to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ... import functional as F
from ...dtypes import accumulator
from ...errors import ArgumentError, ShapeError
from ...functional.checks import at_least_one, flags
from ...ops import ones, zeros
from ...ops.making.create import as_shape
from ...tensor import Tensor, tensor
from ..core.applied import Applied
from ..core.module import Module, Parameter

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LocalResponseNorm",
    "RMSNorm",
]


class _BatchNorm(Module):
    axes: ClassVar[dict[int, str]]  # the numbers of axes an input may have, and what they are
    counts: ClassVar[bool] = True  # its batches

    @property
    def _by_mode(self) -> bool:
        return self.running_mean is not None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        bias: bool = True,
    ) -> None:
        at_least_one(type(self).__name__, num_features=num_features)
        flags(type(self).__name__, affine=affine, track_running_stats=track_running_stats, bias=bias)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(ones(num_features)) if affine else None
        self.bias = Parameter(zeros(num_features)) if affine and bias else None
        self.track_running_stats = track_running_stats
        self.running_mean = tensor(zeros(num_features)) if track_running_stats else None
        self.running_var = tensor(ones(num_features)) if track_running_stats else None
        self.num_batches_tracked = tensor(0) if track_running_stats else None

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim not in self.axes or x.shape[1] != self.num_features:
            wanted = " or ".join(self.axes.values())
            raise ShapeError(
                f"{type(self).__name__}(num_features={self.num_features}): input has shape {x.shape}",
                f"It must be {wanted} with c = {self.num_features}.",
            )
        y = self._normalised(x, self.running_mean, self.running_var, self._share())
        if self.training and self.num_batches_tracked is not None and self.counts:
            self.num_batches_tracked.assign_(self.num_batches_tracked + 1)
        return y

    def _normalised(self, x: Tensor, mean: Tensor | None, var: Tensor | None, momentum: float | Tensor) -> Tensor:
        training = self.training or mean is None
        return F.batch_norm(x, mean, var, self.weight, self.bias, training, momentum, self.eps)

    def _share(self) -> float | Tensor:
        """Of this batch in the averages; without a momentum, all batches count alike."""
        if self.momentum is not None or self.num_batches_tracked is None or self.running_mean is None:
            return self.momentum or 0.0
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
            [ 1.]], from=rint)
    """

    axes: ClassVar = {2: "(n, c)", 3: "(n, c, l)"}


class BatchNorm2d(_BatchNorm):
    """Each channel of images (n, c, h, w) brought to mean 0 and variance 1; otherwise as BatchNorm1d.

    >>> import gradus
    >>> BatchNorm2d(3)(gradus.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    axes: ClassVar = {4: "(n, c, h, w)"}


class BatchNorm3d(_BatchNorm):
    """Each channel of volumes (n, c, d, h, w) brought to mean 0 and variance 1; otherwise as BatchNorm1d.

    >>> import gradus
    >>> BatchNorm3d(3)(gradus.ones((2, 3, 4, 4, 4))).shape
    (2, 3, 4, 4, 4)
    """

    axes: ClassVar = {5: "(n, c, d, h, w)"}


class _InstanceNorm(_BatchNorm):
    counts = False

    def _share(self) -> float | Tensor:
        return self.momentum or 0.0

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim + 1 in self.axes and x.shape[0] == self.num_features:  # one sample
            return super().forward(x.expand_dims(0))[0]
        return super().forward(x)

    def _normalised(self, x: Tensor, mean: Tensor | None, var: Tensor | None, momentum: float | Tensor) -> Tensor:
        own = self.training or mean is None
        return F.instance_norm(x, mean, var, self.weight, self.bias, own, momentum, self.eps)


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each sample (n, c, l) brought to mean 0 and variance 1; see `F.instance_norm`.

    Unlike BatchNorm it has no weights and keeps no averages unless `affine` and `track_running_stats` ask for them.

    >>> import gradus
    >>> InstanceNorm1d(1)(gradus.tensor([[[1.0, 3.0]]])).round()
    tensor([[[-1.,  1.]]])
    """

    axes: ClassVar = {3: "(n, c, l)"}


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each image (n, c, h, w) brought to mean 0 and variance 1; otherwise as InstanceNorm1d.

    >>> import gradus
    >>> InstanceNorm2d(3)(gradus.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    axes: ClassVar = {4: "(n, c, h, w)"}


class InstanceNorm3d(_InstanceNorm):
    """Each channel of each volume (n, c, d, h, w) brought to mean 0 and variance 1; otherwise as InstanceNorm1d.

    >>> import gradus
    >>> InstanceNorm3d(1)(gradus.ones((2, 1, 2, 2, 2))).shape
    (2, 1, 2, 2, 2)
    """

    axes: ClassVar = {5: "(n, c, d, h, w)"}


class GroupNorm(Module):
    """Groups of channels of each sample brought to mean 0 and variance 1; see `F.group_norm`.

    >>> import gradus
    >>> GroupNorm(2, 4)(gradus.tensor([[1.0, 3.0, 10.0, 30.0]])).round()
    tensor([[-1.,  1., -1.,  1.]], from=rint)
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, bias: bool = True
    ) -> None:
        flags("GroupNorm", affine=affine, bias=bias)
        at_least_one("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise ArgumentError(f"GroupNorm: {num_channels} channels do not divide into {num_groups} groups")
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight = Parameter(ones(num_channels)) if affine else None
        self.bias = Parameter(zeros(num_channels)) if affine and bias else None

    def forward(self, x: Tensor) -> Tensor:
        return F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.weight is not None}"


class RMSNorm(Module):
    """The last axes of each sample divided by their root mean square; see `F.rms_norm`.

    >>> import gradus
    >>> RMSNorm(2)(gradus.tensor([[5.0, 5.0]])).round()
    tensor([[1., 1.]], from=rint)
    """

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float | None = None, elementwise_affine: bool = True
    ) -> None:
        shape = as_shape(normalized_shape)
        self.normalized_shape, self.eps = shape, eps
        self.weight = Parameter(ones(shape)) if elementwise_affine else None

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.weight is not None}"


class LocalResponseNorm(Applied):
    function = staticmethod(F.local_response_norm)


class LayerNorm(Module):
    """The last axes of each sample brought to mean 0 and variance 1; see `F.layer_norm`.

    >>> import gradus
    >>> LayerNorm(2)(gradus.tensor([[1.0, 3.0]])).round()
    tensor([[-1.,  1.]], from=rint)
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
