"""Half precision goes in and comes out, and what lies between is float32: one rounding rather than one an operation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ... import dtypes
from ...tensor import Tensor, as_tensor
from .primitive import cast, promote

F = TypeVar("F", bound=Callable[..., Tensor])


def in_float32(function: F) -> F:
    """The function, but in float32 where tensors are of half precision; the result is rounded to the type they share.

    >>> import gradus
    >>> little = in_float32(lambda x: x + 0.0078125 - x)
    >>> x = gradus.tensor([5.0], "bfloat16")
    >>> (x + 0.0078125 - x).item(), little(x).item()
    (0.0, 0.0078125)
    """

    @functools.wraps(function)
    def wide(*args: Any, **options: Any) -> Tensor:
        floats = [x.dtype for x in (*args, *options.values()) if _is_float(x)]
        dtype = functools.reduce(dtypes.promote, floats) if floats else dtypes.float32
        if dtype == dtypes.accumulator(dtype):
            return function(*args, **options)
        return cast(function(*map(_widened, args), **{k: _widened(x) for k, x in options.items()}), dtype)

    return wide  # type: ignore[return-value]


def integers_in_float64(function: F) -> F:
    """The function, but in float64 where its first argument holds integers, which float32 may not; then in float32.

    >>> import gradus
    >>> halved = integers_in_float64(lambda x: x / 2 - 2**23)
    >>> halved(gradus.tensor([2**24 + 1])).item()
    0.5
    """

    @functools.wraps(function)
    def exact(x: Any, *args: Any, **options: Any) -> Tensor:
        numbers = as_tensor(x)
        if dtypes.kind(numbers.dtype) != dtypes.INTEGER:
            return function(numbers, *args, **options)
        return cast(function(cast(numbers, dtypes.float64), *args, **options), dtypes.DEFAULT_FLOAT)

    return exact  # type: ignore[return-value]


def of_dtype(function: F) -> F:
    """The function, with an option `dtype` for the type in which its first argument is taken, and its result given.

    >>> import gradus
    >>> @of_dtype
    ... def doubled(x, *, dtype=None): return x * 2
    >>> doubled(gradus.tensor([100], "uint8")).tolist(), doubled(gradus.tensor([0.5]), dtype=int).tolist()
    ([200], [0])
    """

    @functools.wraps(function)
    def told(x: Any, *args: Any, dtype: Any = None, **options: Any) -> Tensor:
        if dtype is None:
            return function(x, *args, **options)
        wanted = dtypes.as_dtype(dtype)
        return cast(function(cast(promote(x)[0], wanted), *args, **options), wanted)

    return told  # type: ignore[return-value]


def _is_float(x: Any) -> bool:
    return isinstance(x, (Tensor, np.ndarray)) and x.dtype in dtypes.FLOATS


def _widened(x: Any) -> Any:
    return cast(as_tensor(x), dtypes.accumulator(x.dtype)) if _is_float(x) else x
