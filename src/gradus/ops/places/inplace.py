"""PyTorch's methods that write: `x.masked_fill_(mask, 0)` is `x[...] = x.masked_fill(mask, 0)`, and gives x.

As with any assignment to elements, a leaf that requires a gradient is written under `no_grad`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..._methods import method
from ...tensor import Tensor
from ..elementwise.derived import clip
from .along import index_add, index_copy, index_fill, masked_fill, masked_scatter, scatter, scatter_add
from .put import setitem

__all__: list[str] = []


def _writes(function: Callable[..., Any], *names: str) -> None:
    """Make what a function gives of a tensor, written into that tensor, a method."""

    @functools.wraps(function)
    def write(x: Tensor, *args: Any, **options: Any) -> Tensor:
        setitem(x, ..., function(x, *args, **options))
        return x

    write.__doc__ = f"x[...] = {function.__name__.strip('_')}(x, ...); gives x."
    method(*names)(write)


def add_(x: Tensor, other: Any, alpha: float = 1) -> Any:
    return x + (other if alpha == 1 else other * alpha)


def sub_(x: Tensor, other: Any, alpha: float = 1) -> Any:
    return x - (other if alpha == 1 else other * alpha)


def mul_(x: Tensor, other: Any) -> Any:
    return x * other


def div_(x: Tensor, other: Any) -> Any:
    return x / other


def fill_(x: Tensor, value: Any) -> Any:
    return value


def copy_(x: Tensor, source: Any) -> Any:
    return source


def zero_(x: Tensor) -> Any:
    return 0


for _function in (add_, sub_, mul_, div_, fill_, copy_, zero_):
    _writes(_function, _function.__name__)
for _other in (masked_fill, masked_scatter, scatter, scatter_add, index_add, index_copy, index_fill):
    _writes(_other, f"{_other.__name__}_")
_writes(clip, "clip_", "clamp_")
