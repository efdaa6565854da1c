"""Layers that find the size of their input at the first batch, and from then on are those without "Lazy"."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ... import interpret, random
from ...errors import ArgumentError, ShapeError
from ...interpret import Eager
from ...tensor import Tensor
from ..core.module import Module, Parameter
from ..core.summary import Shapes
from ..core.unsized import UninitializedParameter
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .linear import Linear
from .norm import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d

__all__ = [
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LazyLinear",
]


class _Lazy(Module):
    """What lazy layers share. `becomes`, the other base, is what one is once its input is known.

    Its first argument is the size, which is 0 until then.
    """

    becomes: ClassVar[Callable[..., Module]]
    size: ClassVar[str]  # what it is called
    axis: ClassVar[int]  # of the input, whose length is the size
    sized_by: ClassVar[tuple[str, int]] = ("weight", 1)  # a saved tensor, and the axis of it that has the size

    def __init_subclass__(cls) -> None:
        cls.becomes = cls.__bases__[1]
        size, *others = inspect.signature(cls.becomes).parameters.values()
        cls.__signature__ = inspect.Signature(others)  # type: ignore[attr-defined]
        cls.size = size.name

    def __init__(self, *args: Any, **options: Any) -> None:
        signature = inspect.signature(type(self))
        try:
            given = signature.bind(*args, **options).arguments
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}{signature}: {error}") from None
        self._made_with = args, options
        example = self._for(given.get("groups", 1))
        for name, value in vars(example).items():
            vars(self)[name] = UninitializedParameter() if isinstance(value, Parameter) else value
        vars(self)[self.size] = 0

    def _for(self, size: int) -> Module:
        """The layer for inputs of a size, made now whatever is done around it."""
        args, options = self._made_with
        token = interpret.current.set(Eager())
        try:
            return self.becomes(size, *args, **options)
        finally:
            interpret.current.reset(token)

    def forward(self, x: Tensor, *others: Any) -> Any:
        if x.ndim < max(-self.axis, self.axis + 1):
            raise ShapeError(f"{type(self).__name__}: input of shape {x.shape} has too few axes")
        around = interpret.current.get()
        if isinstance(around, Shapes):  # asks without computing, and puts back what was there
            state = random.default.state.numpy().copy()
            vars(self).update({n: v for n, v in vars(self._for(x.shape[self.axis])).items() if n != "training"})
            random.default.state.data[:] = state
            return super().forward(x, *others)
        if not isinstance(x.data, np.ndarray):
            raise ArgumentError(
                f"{type(self).__name__} finds its sizes at the first batch, which a compiled function cannot do. Call "
                "the model once before: model(x)."
            )
        self._become(x.shape[self.axis])
        return self.forward(x, *others)

    def _become(self, size: int) -> None:
        """Be the layer for inputs of a size; parameters stay the objects that they are."""
        for name, value in vars(self._for(size)).items():
            own = vars(self).get(name)
            if isinstance(own, UninitializedParameter):
                own.materialize(value)
            elif isinstance(value, Tensor) and isinstance(own, Tensor):
                vars(self)[name] = value.astype(own.dtype)
            else:
                vars(self)[name] = value
        del self._made_with
        self.__class__ = self.becomes  # type: ignore[assignment]

    def _take_sizes(self, prefix: str, state: Any) -> None:
        name, axis = self.sized_by
        saved = state.get(f"{prefix}{name}", state.get(f"{prefix}running_mean"))
        if saved is not None and len(saved.shape) > axis and saved.shape != (0,):
            self._become(saved.shape[axis] * getattr(self, "groups", 1) ** axis)


class LazyLinear(_Lazy, Linear):
    """`Linear` whose in_features is found at the first batch; the arguments are the others.

    An optimizer may be made before that. A model of lazy layers is called once before it is compiled, which a Trainer
    does by itself.

    >>> import gradus
    >>> layer = LazyLinear(2)
    >>> layer(gradus.ones((5, 3))).shape, layer
    ((5, 2), Linear(in_features=3, out_features=2, bias=True))
    """

    axis = -1


class LazyConv1d(_Lazy, Conv1d):
    """`Conv1d` whose in_channels is found at the first batch; otherwise as LazyLinear.

    >>> import gradus
    >>> LazyConv1d(4, 3)(gradus.ones((5, 2, 10))).shape
    (5, 4, 8)
    """

    axis = -2


class LazyConv2d(_Lazy, Conv2d):
    """`Conv2d` whose in_channels is found at the first batch; otherwise as LazyLinear.

    >>> import gradus
    >>> LazyConv2d(6, 5, padding=2)(gradus.ones((2, 3, 28, 28))).shape
    (2, 6, 28, 28)
    """

    axis = -3


class LazyConv3d(_Lazy, Conv3d):
    """`Conv3d` whose in_channels is found at the first batch; otherwise as LazyLinear.

    >>> import gradus
    >>> LazyConv3d(4, 3, padding=1)(gradus.ones((1, 2, 4, 5, 6))).shape
    (1, 4, 4, 5, 6)
    """

    axis = -4


class LazyConvTranspose1d(_Lazy, ConvTranspose1d):
    """`ConvTranspose1d` whose in_channels is found at the first batch; otherwise as LazyLinear.

    >>> import gradus
    >>> LazyConvTranspose1d(4, 2, stride=2)(gradus.ones((1, 8, 7))).shape
    (1, 4, 14)
    """

    axis = -2
    sized_by = ("weight", 0)


class LazyConvTranspose2d(_Lazy, ConvTranspose2d):
    """`ConvTranspose2d` whose in_channels is found at the first batch; otherwise as LazyLinear.

    >>> import gradus
    >>> LazyConvTranspose2d(4, 2, stride=2)(gradus.ones((1, 8, 7, 7))).shape
    (1, 4, 14, 14)
    """

    axis = -3
    sized_by = ("weight", 0)


class LazyConvTranspose3d(_Lazy, ConvTranspose3d):
    """`ConvTranspose3d` whose in_channels is found at the first batch; otherwise as LazyLinear.

    >>> import gradus
    >>> LazyConvTranspose3d(1, 2, stride=2)(gradus.ones((1, 2, 3, 3, 3))).shape
    (1, 1, 6, 6, 6)
    """

    axis = -4
    sized_by = ("weight", 0)


class LazyBatchNorm1d(_Lazy, BatchNorm1d):
    """`BatchNorm1d` whose num_features is found at the first batch; otherwise as LazyLinear.

    >>> import gradus
    >>> LazyBatchNorm1d()(gradus.ones((2, 3))).shape
    (2, 3)
    """

    axis = 1
    sized_by = ("weight", 0)


class LazyBatchNorm2d(_Lazy, BatchNorm2d):
    """`BatchNorm2d` whose num_features is found at the first batch; otherwise as LazyLinear.

    >>> import gradus
    >>> LazyBatchNorm2d()(gradus.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    axis = 1
    sized_by = ("weight", 0)


class LazyBatchNorm3d(_Lazy, BatchNorm3d):
    """`BatchNorm3d` whose num_features is found at the first batch; otherwise as LazyLinear.

    >>> import gradus
    >>> LazyBatchNorm3d()(gradus.ones((2, 3, 4, 4, 4))).shape
    (2, 3, 4, 4, 4)
    """

    axis = 1
    sized_by = ("weight", 0)


class LazyInstanceNorm1d(_Lazy, InstanceNorm1d):
    """`InstanceNorm1d` whose num_features is found at the first batch; otherwise as LazyLinear.

    >>> import gradus
    >>> LazyInstanceNorm1d()(gradus.ones((2, 3, 4))).shape
    (2, 3, 4)
    """

    axis = -2
    sized_by = ("weight", 0)


class LazyInstanceNorm2d(_Lazy, InstanceNorm2d):
    """`InstanceNorm2d` whose num_features is found at the first batch; otherwise as LazyLinear.

    >>> import gradus
    >>> LazyInstanceNorm2d()(gradus.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    axis = -3
    sized_by = ("weight", 0)


class LazyInstanceNorm3d(_Lazy, InstanceNorm3d):
    """`InstanceNorm3d` whose num_features is found at the first batch; otherwise as LazyLinear.

    >>> import gradus
    >>> LazyInstanceNorm3d()(gradus.ones((2, 3, 4, 4, 4))).shape
    (2, 3, 4, 4, 4)
    """

    axis = -4
    sized_by = ("weight", 0)
