"""A window that slides over the last axes of a tensor, and its adjoint: what convolution and pooling are made of."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ...errors import ArgumentError, ShapeError
from ...tensor import Tensor
from ..core.lowering import Found, Indices, Reduction, View
from ..core.places import Condition
from ..core.primitive import Primitive, Shaped, bind, case, promote, public

__all__ = ["sliding_window", "sliding_window_adjoint"]

Sizes = tuple[int, ...]


def output_length(length: int, kernel: int, stride: int = 1, dilation: int = 1) -> int:
    """How many places a window has: (length - dilation (kernel - 1) - 1) / stride + 1, rounded down.

    >>> output_length(28, 5), output_length(28, 2, stride=2)
    (24, 14)
    """
    return (length - dilation * (kernel - 1) - 1) // stride + 1


def _rule(x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Shaped:
    lead, lengths = x.shape[: -len(kernel)], x.shape[-len(kernel) :]
    if len(x.shape) < len(kernel):
        raise ShapeError(f"a window of shape {kernel} needs {len(kernel)} axes to slide over, got shape {x.shape}")
    places = tuple(map(output_length, lengths, kernel, stride, dilation))
    if any(n < 1 for n in places):
        reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
        raise ShapeError(
            f"the window reaches over {reach} elements, but the axes it slides over have only {lengths}",
            "Use a smaller kernel, less dilation, or more padding.",
            mistake="kernel-larger-than-the-picture",
        )
    return Shaped((*lead, *places, *kernel), x.dtype)


def _forward(xp: Any, x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    shape = _rule(x, kernel, stride, dilation).shape
    steps = x.strides[-len(kernel) :]
    strides = (
        *x.strides[: -len(kernel)],
        *(s * t for s, t in zip(steps, stride, strict=True)),
        *(s * d for s, d in zip(steps, dilation, strict=True)),
    )
    return xp.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)


def _pull(index: Indices, x: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> list[Found]:
    d = len(kernel)
    lead, places, offsets = index[: -2 * d], index[-2 * d : -d], index[-d:]
    moved = (p * s + k * t for p, s, k, t in zip(places, stride, offsets, dilation, strict=True))
    return [Found(0, (*lead, *moved))]


def _met(kernel: Sizes, stride: Sizes, dilation: Sizes) -> Sizes:
    """How many windows an element can be in, along each axis; with gaps in the window, how many offsets to try."""
    return tuple(-(-k // s) if d == 1 else k for k, s, d in zip(kernel, stride, dilation, strict=True))


def _term(
    index: Indices, number: Indices, x: Sizes, shape: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes
) -> Found:
    """The window element that was read from a place, in the last window that reaches it, the one before, ..."""
    d = len(kernel)
    places, offsets, conditions = [], [], []
    for i, j, k, s, t, length in zip(index[-d:], number, kernel, stride, dilation, x[-2 * d : -d], strict=True):
        if t == 1:
            place, offset = i // s - j, i % s + j * s
            conditions.append(Condition(offset, 0, k))
        else:
            place, offset = (i - j * t) // s, j
            conditions.append(Condition((i - j * t) % s, 0, 1))
        conditions.append(Condition(place, 0, length))
        places.append(place)
        offsets.append(offset)
    return Found(0, (*index[:-d], *places, *offsets), tuple(c for c in conditions if not c.always()))


_windows = Primitive(
    "sliding_window",
    rule=_rule,
    forward=_forward,
    vjp=(
        lambda g, y, x, kernel, stride, dilation: bind(
            _unwindow, g, shape=x.shape, kernel=kernel, stride=stride, dilation=dilation
        ),
    ),
    view=True,
    lower=View(_pull),
)


def _unwindow_forward(xp: Any, x: Any, shape: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Each window's elements added to the places they were read from."""
    out = xp.zeros(shape, x.dtype)
    places = x.shape[-2 * len(kernel) : -len(kernel)]
    for offset in itertools.product(*map(range, kernel)):
        starts = [o * d for o, d in zip(offset, dilation, strict=True)]
        read_from = tuple(slice(a, a + (n - 1) * s + 1, s) for a, s, n in zip(starts, stride, places, strict=True))
        out[(..., *read_from)] += x[(..., *offset)]
    return out


_unwindow: Primitive = Primitive(
    "sliding_window_adjoint",
    rule=lambda x, shape, kernel, stride, dilation: Shaped(shape, x.dtype),
    forward=_unwindow_forward,
    vjp=(
        lambda g, y, x, shape, kernel, stride, dilation: bind(
            _windows, g, kernel=kernel, stride=stride, dilation=dilation
        ),
    ),
    lower=Reduction("sum", lambda x, shape, kernel, stride, dilation: _met(kernel, stride, dilation), _term),
)


def _reference(x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    axes = tuple(range(-len(kernel), 0))
    view: Any = np.lib.stride_tricks.sliding_window_view(x, reach, axis=axes)
    return view[(..., *(slice(None, None, s) for s in stride), *(slice(None, None, d) for d in dilation))]


@public(
    case((2, 6, 7), args=((3, 2), (1, 1), (1, 1))),
    case((6, 7), args=((2, 3), (2, 3), (1, 1))),
    case((1, 9), args=((3,), (2,), (2,))),
    case((0, 5), args=((3,), (1,), (1,))),
    methods=(),
    reference=_reference,
)
def sliding_window(x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Tensor:
    """All places of a window over the last axes: (..., lengths) becomes (..., places, kernel). Copies nothing.

    Element [..., p, k] is x[..., p stride + k dilation]. Gradient: each element of g added where it was read from.

    >>> sliding_window([1, 2, 3, 4], (2,), (1,), (1,))
    tensor([[1, 2],
            [2, 3],
            [3, 4]])
    """
    if any(n < 1 for n in (*kernel, *stride, *dilation)):
        raise ArgumentError(f"kernel {kernel}, stride {stride} and dilation {dilation} must be 1 or more")
    x = promote(x)[0]
    if not len(kernel) == len(stride) == len(dilation):
        raise ArgumentError(f"kernel {kernel}, stride {stride} and dilation {dilation} must name the same axes")
    _rule(x, kernel, stride, dilation)
    return bind(_windows, x, kernel=kernel, stride=stride, dilation=dilation)


@public(
    case((2, 4, 6, 3, 2), args=((2, 6, 7), (3, 2), (1, 1), (1, 1))),
    case((1, 3, 3), args=((1, 9), (3,), (2,), (2,))),
    methods=(),
    reference=lambda x, shape, kernel, stride, dilation: _unwindow_reference(x, shape, kernel, stride, dilation),
)
def sliding_window_adjoint(x: Any, shape: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Tensor:
    """The adjoint of `sliding_window`: windows (..., places, kernel) added up into a tensor of `shape`.

    >>> sliding_window_adjoint([[1, 1], [1, 1], [1, 1]], (4,), (2,), (1,), (1,))
    tensor([1, 2, 2, 1])
    """
    x = promote(x)[0]
    return bind(_unwindow, x, shape=tuple(shape), kernel=kernel, stride=stride, dilation=dilation)


def _unwindow_reference(x: Any, shape: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    places = _reference(np.arange(np.prod(shape)).reshape(shape), kernel, stride, dilation)
    return np.bincount(places.ravel(), x.ravel(), minlength=int(np.prod(shape))).reshape(shape)
