"""Adaptive pooling: of each axis as many parts as are wanted, however long it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import dtypes
from ..errors import ArgumentError, ShapeError
from ..ops import arange, take, where
from ..ops.core.primitive import cast, promote
from ..ops.making.create import iota
from ..tensor import Tensor
from .pool import at_first_largest
from .windows import Sizes, per_axis

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
]

OutputSize = int | tuple[int | None, ...] | list[int | None] | None


def adaptive_avg_pool1d(x: Any, output_size: OutputSize) -> Tensor:
    """`adaptive_avg_pool2d` with one axis.

    >>> adaptive_avg_pool1d([[1.0, 2.0, 3.0, 4.0]], 2)
    tensor([[1.5, 3.5]])
    """
    return _adaptive("adaptive_avg_pool1d", x, 1, output_size, _averages)


def adaptive_avg_pool2d(x: Any, output_size: OutputSize) -> Tensor:
    """Averages over as many equal parts of height and width as the result shall have: (..., h, w) to (..., oh, ow).

    Part i of an axis runs from floor(i length / parts) to ceil((i + 1) length / parts). None keeps an axis as it is;
    `output_size=1` is the average of the whole image.

    >>> adaptive_avg_pool2d([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]], 1)
    tensor([[3.]])
    """
    return _adaptive("adaptive_avg_pool2d", x, 2, output_size, _averages)


def adaptive_avg_pool3d(x: Any, output_size: OutputSize) -> Tensor:
    """`adaptive_avg_pool2d` with three axes.

    >>> import gradus
    >>> adaptive_avg_pool3d(gradus.ones((4, 5, 6)), (2, None, 1)).shape
    (2, 5, 1)
    """
    return _adaptive("adaptive_avg_pool3d", x, 3, output_size, _averages)


def adaptive_max_pool1d(x: Any, output_size: OutputSize, return_indices: bool = False) -> Any:
    """`adaptive_max_pool2d` with one axis.

    >>> adaptive_max_pool1d([[1.0, 2.0, 3.0, 4.0]], 2)
    tensor([[2., 4.]])
    """
    name = "adaptive_max_pool1d"
    if return_indices:
        return _adaptive_with_places(name, x, 1, output_size)
    return _adaptive(name, x, 1, output_size, _largest_of_parts)


def adaptive_max_pool2d(x: Any, output_size: OutputSize, return_indices: bool = False) -> Any:
    """The largest of as many parts as the result shall have; the parts are those of `adaptive_avg_pool2d`.

    With `return_indices` its place in (h w), too.

    >>> adaptive_max_pool2d([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]], 1)
    tensor([[5.]])
    """
    name = "adaptive_max_pool2d"
    if return_indices:
        return _adaptive_with_places(name, x, 2, output_size)
    return _adaptive(name, x, 2, output_size, _largest_of_parts)


def adaptive_max_pool3d(x: Any, output_size: OutputSize, return_indices: bool = False) -> Any:
    """`adaptive_max_pool2d` with three axes.

    >>> import gradus
    >>> adaptive_max_pool3d(gradus.arange(8).reshape(2, 2, 2), 1).item()
    7
    """
    name = "adaptive_max_pool3d"
    if return_indices:
        return _adaptive_with_places(name, x, 3, output_size)
    return _adaptive(name, x, 3, output_size, _largest_of_parts)


def _adaptive(name: str, x: Any, axes: int, output_size: OutputSize, part: Callable[[Tensor, int], Tensor]) -> Tensor:
    x = promote(x, floats=part is _averages)[0]
    parts = _output_size(name, x, axes, output_size)
    y = cast(x, dtypes.accumulator(x.dtype))
    for axis in range(-1, -axes - 1, -1):
        y = part(y.swapaxes(axis, -1), parts[axis]).swapaxes(axis, -1)
    return cast(y, x.dtype)


def _adaptive_with_places(name: str, x: Any, axes: int, output_size: OutputSize) -> tuple[Tensor, Tensor]:
    x = promote(x)[0]
    parts, lengths = _output_size(name, x, axes, output_size), x.shape[-axes:]
    windows, numbers = x, iota(math.prod(lengths)).reshape(lengths)
    for k in range(axes):  # each axis becomes two, the parts and what is in them, from the last on
        axis = -1 - 2 * k
        windows = _parts_of_axis(windows, axis, parts[-1 - k], dtypes.limits(x.dtype)[0])
        numbers = _parts_of_axis(numbers, axis, parts[-1 - k], -1)
    inside = range(-1, -2 * axes, -2)
    windows, numbers = (_inside_first(t, [a % t.ndim for a in inside]) for t in (windows, numbers))
    return windows.max(0), at_first_largest(windows, numbers)


def _parts_of_axis(x: Tensor, axis: int, parts: int, rest: float) -> Tensor:
    last = x.ndim + axis
    order = [*range(last), *range(last + 1, x.ndim), last]
    cut = _parts(x.permute(*order), parts, rest)[0]  # (..., parts, inside)
    after = x.ndim - 1 - last
    return cut.permute(*range(last), cut.ndim - 2, cut.ndim - 1, *range(last, last + after))


def _inside_first(x: Tensor, inside: list[int]) -> Tensor:
    inside = sorted(inside)
    kept = [a for a in range(x.ndim) if a not in inside]
    first = x.permute(*inside, *kept)
    return first.reshape(-1, *first.shape[len(inside) :])


def _output_size(name: str, x: Tensor, axes: int, output_size: OutputSize) -> Sizes:
    if x.ndim < axes:
        raise ShapeError(f"{name}: needs (..., {', '.join('dhw'[-axes:])}), got {x.shape}")
    lengths = x.shape[-axes:]
    if not math.prod(lengths):
        raise ShapeError(f"{name}: there is nothing to average in {x.shape}")
    sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size,)
    sizes = tuple(sizes) * axes if len(sizes) == 1 else sizes
    if len(sizes) != axes:
        raise ArgumentError(f"{name}: output_size is one integer or {axes} of them, got {output_size!r}")
    return per_axis("output_size", [n if s is None else s for s, n in zip(sizes, lengths, strict=True)], axes)


def _averages(x: Tensor, parts: int) -> Tensor:
    """The averages over so many equal parts of the last axis; where they overlap, each takes its elements by number.

    No product with zeros: an infinite element belongs to its own parts only.
    """
    length = x.shape[-1]
    if length == parts:
        return x
    if length % parts == 0:
        return x.reshape(*x.shape[:-1], parts, length // parts).mean(-1)
    terms, counts = _parts(x, parts, 0)
    return terms.sum(-1) / counts.astype(x.dtype)


def _largest_of_parts(x: Tensor, parts: int) -> Tensor:
    length = x.shape[-1]
    if length % parts == 0:
        return x.reshape(*x.shape[:-1], parts, length // parts).max(-1)
    return _parts(x, parts, dtypes.limits(x.dtype)[0])[0].max(-1)


def _parts(x: Tensor, parts: int, rest: float) -> tuple[Tensor, Tensor]:
    """The elements of each part of the last axis, filled up with `rest`, and how many they are."""
    length = x.shape[-1]
    longest = max(-(-(i + 1) * length // parts) - i * length // parts for i in range(parts))
    i = arange(parts).reshape(parts, 1)
    start, stop = i * length // parts, ((i + 1) * length + parts - 1) // parts
    places = start + arange(longest)
    return where(places < stop, take(x, places.clip(None, length - 1), axis=-1), rest), (stop - start).reshape(parts)
