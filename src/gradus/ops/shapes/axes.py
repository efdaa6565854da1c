"""Axes moved, cut in two, added where there are too few, and turned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...errors import ArgumentError, ShapeError
from ...tensor import Tensor
from ..core.primitive import case, normalize_axes, normalize_axis, promote, public
from .movement import expand_dims, flip, permute, reshape, swapaxes

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "fliplr",
    "flipud",
    "moveaxis",
    "ravel",
    "rot90",
    "unflatten",
]


@public(case((2, 3, 4), args=(0, -1)), case((2, 3, 4), args=((0, 1), (2, 0))))
def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Axes moved to other places; the others keep their order.

    >>> moveaxis([[[1, 2, 3]]], -1, 0).shape
    (3, 1, 1)
    """
    x = promote(x)[0]
    old, new = (normalize_axes("moveaxis", a, x.ndim) for a in (source, destination))
    if len(old) != len(new):
        raise ArgumentError(f"moveaxis: as many places as axes are needed, got {source} and {destination}")
    order = [a for a in range(x.ndim) if a not in old]
    for place, axis in sorted(zip(new, old, strict=True)):
        order.insert(place, axis)
    return permute(x, tuple(order))


@public(
    case((2, 6), args=(1, (2, -1))),
    case((6, 2), args=(-2, (3, 2))),
    reference=lambda x, axis, lengths: x.reshape(*x.shape[: axis % 2], *lengths, *x.shape[axis % 2 + 1 :]),
)
def unflatten(x: Any, axis: int, lengths: Sequence[int]) -> Tensor:
    """One axis as several, whose lengths multiply to its own; one of them may be -1.

    >>> unflatten([1, 2, 3, 4], 0, (2, 2))
    tensor([[1, 2],
            [3, 4]])
    """
    x = promote(x)[0]
    axis = normalize_axis("unflatten", axis, x.ndim)
    known = math.prod(n for n in lengths if n != -1)
    if -1 in lengths and known:
        lengths = [x.shape[axis] // known if n == -1 else n for n in lengths]
    if math.prod(lengths) != x.shape[axis]:
        raise ShapeError(f"unflatten: axis {axis} of length {x.shape[axis]} is no {' x '.join(map(str, lengths))}")
    return reshape(x, (*x.shape[:axis], *lengths, *x.shape[axis + 1 :]))


@public(case((2, 3)), case(()))
def ravel(x: Any) -> Tensor:
    """All elements along one axis.

    >>> ravel([[1, 2], [3, 4]])
    tensor([1, 2, 3, 4])
    """
    return reshape(x, -1)


@public(case(()), case((3,)), methods=())
def atleast_1d(x: Any) -> Tensor:
    """With an axis, if it has none.

    >>> atleast_1d(5)
    tensor([5])
    """
    x = promote(x)[0]
    return x if x.ndim else reshape(x, 1)


@public(case(()), case((3,)), methods=())
def atleast_2d(x: Any) -> Tensor:
    """With two axes; an only one becomes the last.

    >>> atleast_2d([1, 2])
    tensor([[1, 2]])
    """
    x = atleast_1d(x)
    return x if x.ndim > 1 else expand_dims(x, 0)


@public(case(()), case((3,)), case((2, 3)), methods=())
def atleast_3d(x: Any) -> Tensor:
    """With three axes; an only one becomes the middle one, of two a third becomes the last.

    >>> atleast_3d([1, 2]).shape
    (1, 2, 1)
    """
    x = atleast_2d(x)
    return x if x.ndim > 2 else expand_dims(x, -1)


@public(case((2, 3)))
def flipud(x: Any) -> Tensor:
    """The first axis turned round: upside down.

    >>> flipud([[1, 2], [3, 4]])
    tensor([[3, 4],
            [1, 2]])
    """
    return flip(x, 0)


@public(case((2, 3)))
def fliplr(x: Any) -> Tensor:
    """The second axis turned round: left for right.

    >>> fliplr([[1, 2], [3, 4]])
    tensor([[2, 1],
            [4, 3]])
    """
    return flip(x, 1)


@public(case((2, 3)), case((2, 3, 4), k=-1, axes=(1, 2)), case((2, 3), k=2))
def rot90(x: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Tensor:
    """Turned by k quarters from the first of the axes towards the second.

    >>> rot90([[1, 2], [3, 4]])
    tensor([[2, 4],
            [1, 3]])
    """
    x = promote(x)[0]
    first, second = normalize_axes("rot90", tuple(axes), x.ndim)
    if k % 2 == 0:
        return flip(x, (first, second)) if k % 4 else x
    turned = swapaxes(x, first, second)
    return flip(turned, first if k % 4 == 1 else second)
