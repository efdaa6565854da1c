"""Tensors made from nothing: constants, ranges, random bits."""

from __future__ import annotations

import math
from operator import index
from typing import Any

import numpy as np

from ... import dtypes
from ..._methods import method
from ...errors import ArgumentError, DtypeError, ShapeError
from ...tensor import Tensor, as_tensor
from ..core.lowering import Constant
from ..core.primitive import Primitive, Shaped, bind, cast, constant, require_in_range
from ..elementwise.choice import where
from ._philox import random_words

__all__ = [
    "arange",
    "eye",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "tri",
    "zeros",
    "zeros_like",
]

Shape = int | tuple[int, ...] | list[int]


def as_shape(shape: Any) -> tuple[int, ...]:
    """A shape from an integer, a tuple or a list; lengths are never negative."""
    try:
        lengths = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(map(index, shape))
    except (TypeError, ValueError):
        raise ShapeError(f"{shape!r} is no shape", "Give an integer or a tuple of integers.") from None
    if any(n < 0 for n in lengths):
        raise ShapeError(f"a shape has no negative lengths, got {lengths}")
    return lengths


def _filled(value: int, shape: tuple[Any, ...], dtype: Any) -> Tensor:
    """`f(2, 3)` and `f((2, 3))` mean the same; a dtype may stand behind either."""
    if len(shape) > 1 and not isinstance(shape[-1], (int, np.integer)):
        *shape, dtype = shape  # type: ignore[assignment]
    lengths = shape[0] if len(shape) == 1 else shape
    return constant(as_shape(lengths), value, dtypes.as_dtype(dtype))


def zeros(*shape: Any, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
    """Zeros. `zeros(2, 3)` is `zeros((2, 3))`.

    >>> zeros((2, 2))
    tensor([[0., 0.],
            [0., 0.]])
    """
    return _filled(0, shape, dtype)


def ones(*shape: Any, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
    """Ones. `ones(2, 3)` is `ones((2, 3))`.

    >>> ones(2, dtype=int)
    tensor([1, 1])
    """
    return _filled(1, shape, dtype)


def full(shape: Shape, value: float, dtype: Any = None) -> Tensor:
    """One number everywhere; its dtype is that of a Python number unless given.

    >>> full((2,), 7)
    tensor([7, 7])
    """
    number = value.item() if isinstance(value, np.generic) else value
    wanted = dtypes.scalar_dtype(number, dtypes.bool_) if dtype is None else dtypes.as_dtype(dtype)
    return constant(as_shape(shape), number, wanted)


@method("full_like")
def full_like(x: Any, value: float, dtype: Any = None) -> Tensor:
    """One number everywhere, with the shape and, unless given, the dtype of x.

    >>> full_like([1.0, 2.0], 7)
    tensor([7., 7.])
    """
    x = as_tensor(x)
    return constant(x.shape, value, x.dtype if dtype is None else dtypes.as_dtype(dtype))


def zeros_like(x: Any, dtype: Any = None) -> Tensor:
    """Zeros with the shape and, unless given, the dtype of x.

    >>> zeros_like([1.0, 2.0])
    tensor([0., 0.])
    """
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Tensor:
    """Ones with the shape and, unless given, the dtype of x.

    >>> ones_like([1.0, 2.0])
    tensor([1., 1.])
    """
    return full_like(x, 1, dtype)


_iota = Primitive(
    "iota",
    rule=lambda length, dtype: Shaped((length,), dtype),
    forward=lambda xp, length, dtype: xp.arange(length).astype(dtype),
    vjp=(),
    lower=Constant(),
)


def iota(length: int, dtype: dtypes.Dtype = dtypes.int64) -> Tensor:
    """0, 1, 2 ... length - 1.

    >>> iota(3)
    tensor([0, 1, 2])
    """
    return bind(_iota, length=length, dtype=dtype)


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """start, start + step, ... up to, not including, stop; `arange(n)` counts from 0.

    >>> arange(3), arange(1, 2, 0.25)
    (tensor([0, 1, 2]), tensor([1.  , 1.25, 1.5 , 1.75]))
    """
    if stop is None:
        start, stop = 0, start
    start, stop, step = (v.item() if isinstance(v, np.generic) else v for v in (start, stop, step))
    if not all(math.isfinite(v) for v in (start, stop, step)):
        raise ArgumentError(f"arange: start, stop and step must be finite, got {start}, {stop} and {step}")
    if step == 0:
        raise ArgumentError("arange: the step must not be 0")
    if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
        wanted = dtypes.DEFAULT_INT if dtype is None else dtypes.as_dtype(dtype)
        return _whole(max(0, -((start - stop) // step)), start, step, 0, 1, wanted)
    wanted = dtypes.DEFAULT_FLOAT if dtype is None else dtypes.as_dtype(dtype)
    length = max(0, math.ceil((stop - start) / step))
    return (iota(length, dtypes.float64) * step + start).astype(wanted)


def _whole(length: int, start: int, step: int, rest: int, parts: int, dtype: dtypes.Dtype) -> Tensor:
    """start + i step + floor(i rest / parts) for i = 0, 1, 2 ... length - 1: exact, in 64 bits."""
    word = dtypes.uint64 if dtype == dtypes.uint64 else dtypes.int64
    last = max(length - 1, 0)
    whole = dtype if dtypes.kind(dtype) == dtypes.INTEGER else word
    for end in (start, start + last * step + last * rest // parts):
        require_in_range(whole, end, "Ask for a wider dtype.")
    i = iota(length, word)
    steps = i * in_64_bits(step, word)
    if rest:
        steps = steps + i * rest // parts
    return cast(steps + in_64_bits(start, word), dtype)


def in_64_bits(value: int, word: dtypes.Dtype) -> int:
    """An integer as the one that 64 bits hold of it: what runs over on the way comes back in the sum."""
    value %= 2**64
    return value - 2**64 if word == dtypes.int64 and value >= 2**63 else value


def linspace(
    start: float, stop: float, num: int = 50, dtype: Any = dtypes.DEFAULT_FLOAT, *, endpoint: bool = True
) -> Tensor:
    """`num` numbers at equal distances from start to stop, both included exactly; integers are rounded down.

    Without the `endpoint`, the distance is (stop - start) / num, and stop is left out.

    >>> linspace(0, 1, 5)
    tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    >>> linspace(0, 10, 4, dtype=int)
    tensor([ 0,  3,  6, 10])
    """
    if not isinstance(num, (int, np.integer)) or num < 0:
        raise ArgumentError(f"linspace: the number of numbers must be an integer of 0 or more, got {num!r}")
    if not endpoint:
        return linspace(start, stop, num + 1, dtype)[:num]
    start, stop = (v.item() if isinstance(v, np.generic) else v for v in (start, stop))
    wanted, parts = dtypes.as_dtype(dtype), max(num - 1, 1)
    if dtypes.kind(wanted) == dtypes.INTEGER:
        if isinstance(start, int) and isinstance(stop, int):
            return _whole(num, start, *divmod(stop - start, parts), parts, wanted)
        for end in (start, stop):
            require_in_range(wanted, math.floor(end) if math.isfinite(end) else end, "Ask for a wider dtype.")
    i, distance = iota(num, dtypes.float64), stop - start
    if math.isinf(distance):  # too large for a float, though its parts are none
        y = i * (stop / parts) + (parts - i) * (start / parts)
    elif distance / parts:
        y = i * (distance / parts) + start
    else:  # too small
        y = i / parts * distance + start
    y = where(i == parts, stop, y)  # which rounding may have missed
    return (y if dtypes.is_float(wanted) else y.floor()).astype(wanted)


def eye(n: int, m: int | None = None, k: int = 0, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
    """A matrix, n by m (n by n), of ones on the k-th diagonal, else zeros: the identity.

    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    n, m = _sides(n, m)
    return (iota(n).reshape(n, 1) + k == iota(m)).astype(dtypes.as_dtype(dtype))


def tri(n: int, m: int | None = None, k: int = 0, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
    """A matrix, n by m (n by n), of ones on the k-th diagonal and below, else zeros.

    >>> tri(2, dtype=int)
    tensor([[1, 0],
            [1, 1]])
    """
    n, m = _sides(n, m)
    return (iota(n).reshape(n, 1) + k >= iota(m)).astype(dtypes.as_dtype(dtype))


def _sides(*sides: int | None) -> tuple[int, ...]:
    """The lengths of a matrix' axes, each the first unless given."""
    return as_shape([sides[0] if n is None else n for n in sides])


def logspace(
    start: float, stop: float, num: int = 50, base: float = 10.0, dtype: Any = dtypes.DEFAULT_FLOAT
) -> Tensor:
    """`num` numbers from base^start to base^stop, each the same multiple of the one before.

    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    powers: Tensor = float(base) ** linspace(start, stop, num, dtypes.float64)
    return powers.astype(dtypes.as_dtype(dtype))


def _random_rule(state: Any, shape: tuple[int, ...]) -> Shaped:
    if state.shape != (2,) or state.dtype != dtypes.uint64:
        raise DtypeError(f"random_bits: the state is two uint64, key and counter, got {state.dtype} of {state.shape}")
    return Shaped(shape, dtypes.uint32)


_random_bits = Primitive(
    "random_bits",
    rule=_random_rule,
    forward=lambda xp, state, shape: random_words(xp, state, shape),
    vjp=(None,),
)


def random_bits(state: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Random uint32 numbers from a state (key, counter); the same state gives the same numbers."""
    return bind(_random_bits, state, shape=shape)
