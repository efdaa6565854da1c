"""Layers that are a function with its options kept: each is made in two lines."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ...errors import OptionError, one_of
from ...functional.checks import in_range
from ...tensor import Tensor, as_tensor
from .module import Module


class Applied(Module):
    """A layer that applies a function of tensors; the function's options are given to the layer.

    The first parameters of the function, as many as `tensors` says, are what it is called with, the rest are options:
    arrays among them are buffers, saved with the model. `intervals` and `choices` say which values make sense.

    >>> class Double(Applied):
    ...     function = staticmethod(lambda x, times=2: x * times)
    >>> Double(times=3)(4)
    12
    """

    function: ClassVar[Callable[..., Tensor]]
    tensors: ClassVar[int] = 1
    arrays: ClassVar[tuple[str, ...]] = ("weight", "pos_weight")  # options that are arrays, given as lists too
    intervals: ClassVar[dict[str, str]] = {}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {}

    def __init_subclass__(cls) -> None:
        if not hasattr(cls, "function"):
            return
        options = [*inspect.signature(cls.function).parameters.values()][cls.tensors :]
        cls.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        if not cls.__doc__:  # the function's, without its example
            cls.__doc__ = f"As a layer: {cls.function.__doc__ or ''}".partition(">>>")[0].rstrip()

    def __init__(self, *values: Any, **options: Any) -> None:
        signature = inspect.signature(type(self))
        if len(values) > 1 and self.tensors > 1 and all(isinstance(v, Tensor) for v in values[:2]):
            name = type(self).__name__
            raise OptionError(
                f"{name} is a class: make one with its options first, then call it: {name}()(predictions, targets).",
                mistake="loss-class-called",
            )
        if len(values) == len(signature.parameters) + 1 and isinstance(values[-1], bool):
            values = values[:-1]  # `inplace`, where PyTorch has it by place: nn.ReLU(True)
        try:
            bound = signature.bind(*values, **options)
        except TypeError as error:
            raise OptionError(f"{type(self).__name__}{signature}: {error}") from None
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            self._check(name, value)
        self._names = tuple(bound.arguments)
        for name, value in bound.arguments.items():
            array = isinstance(value, np.ndarray) or (name in self.arrays and value is not None)
            setattr(self, name, as_tensor(value) if array else value)

    def _check(self, name: str, value: Any) -> None:
        where = type(self).__name__
        if name in self.intervals and value is not None:
            in_range(where, name, value, self.intervals[name])
        if name in self.choices:
            one_of(where, name, value, self.choices[name])

    def forward(self, *xs: Any) -> Tensor:
        return type(self).function(*xs, **{name: getattr(self, name) for name in self._names})

    def extra_repr(self) -> str:
        shown = {name: v for name in self._names if (v := getattr(self, name)) is not None}
        return ", ".join(f"{name}={v.shape if isinstance(v, Tensor) else repr(v)}" for name, v in shown.items())
