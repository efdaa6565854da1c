"""Axes moved, cut in two, added where there are too few, and turned."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..._methods import method
from ...errors import ArgumentError, ShapeError
from ...tensor import Tensor
from ..core.primitive import case, normalize_axes, normalize_axis, promote, public
from ..core.whole import require_whole
from .movement import expand_dims, flip, permute, reshape, swapaxes, transpose

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "fliplr",
    "flipud",
    "matrix_transpose",
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


def _each(function: Callable[[Any], Tensor], xs: tuple[Any, ...]) -> Any:
    return function(*xs) if len(xs) == 1 else [function(x) for x in xs]


@public(case(()), case((3,)), case((), (2,)), methods=())
def atleast_1d(*xs: Any) -> Any:
    """With an axis, if it has none; of several tensors, a list.

    >>> atleast_1d(5)
    tensor([5])
    """
    return _each(_row, xs)


def _row(x: Any) -> Tensor:
    x = promote(x)[0]
    return x if x.ndim else reshape(x, 1)


@public(case(()), case((3,)), case((), (2,)), methods=())
def atleast_2d(*xs: Any) -> Any:
    """With two axes; an only one becomes the last. Of several tensors, a list.

    >>> atleast_2d([1, 2])
    tensor([[1, 2]])
    """
    return _each(_matrix, xs)


def _matrix(x: Any) -> Tensor:
    x = _row(x)
    return x if x.ndim > 1 else expand_dims(x, 0)


@public(case(()), case((3,)), case((2, 3)), case((), (2,)), methods=())
def atleast_3d(*xs: Any) -> Any:
    """With three axes; an only one becomes the middle one, of two a third becomes the last. Of several, a list.

    >>> atleast_3d([1, 2]).shape
    (1, 2, 1)
    """
    return _each(lambda x: expand_dims(m, -1) if (m := _matrix(x)).ndim < 3 else m, xs)


@public(case((2, 3)))
def flipud(x: Any) -> Tensor:
    """The first axis turned round: upside down.

    >>> flipud([[1, 2], [3, 4]])
    tensor([[3, 4],
            [1, 2]])
    """
    t = promote(x)[0]
    if not t.ndim:
        raise ShapeError("flipud: needs one axis or more, got a tensor without")
    return flip(t, 0)


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
    if len(axes) != 2:
        raise ArgumentError(f"rot90: turns from one axis to another, two of them, got {axes!r}")
    first, second = normalize_axes("rot90", tuple(axes), x.ndim)
    require_whole("rot90", "the number of quarters", k)
    if k % 2 == 0:
        return flip(x, (first, second)) if k % 4 else x
    turned = swapaxes(x, first, second)
    return flip(turned, first if k % 4 == 1 else second)


def T(x: Tensor) -> Tensor:
    """The axes turned round: of a matrix, its transpose.

    >>> import gradus
    >>> gradus.ones((2, 3)).T.shape
    (3, 2)
    """
    return transpose(x)


@public(case((2, 3)), case((2, 3, 4)), reference=lambda x: x.swapaxes(-1, -2))
def matrix_transpose(x: Any) -> Tensor:
    """The last two axes exchanged: of a batch of matrices, their transposes; as a property of tensors, `x.mT`.

    >>> matrix_transpose([[[1, 2, 3]]]).shape
    (1, 3, 1)
    """
    x = promote(x)[0]
    if x.ndim < 2:
        raise ShapeError(f"matrix_transpose: needs a matrix, or several, got shape {x.shape}")
    return swapaxes(x, -1, -2)


method("T")(property(T))
method("mT")(property(matrix_transpose, doc="The transpose of the last two axes, `matrix_transpose`."))
