"""Products of vectors and of tensors: inner, outer, across, and distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...tensor import Tensor
from ..core.primitive import broadcast, case, normalize_axes, normalize_axis, promote, public
from ..core.wide import in_float32
from ..elementwise.arithmetic import power
from ..making.create import iota
from ..reductions.norms import norm
from ..shapes.movement import expand_dims, flip, permute, reshape
from ..shapes.repeating import roll
from .matmul import matmul

__all__ = ["cdist", "cross", "dot", "inner", "kron", "outer", "tensordot", "vander", "vdot", "vecdot"]


@public(case((3,), (4,)), case((2, 2), (3,)))
def outer(x1: Any, x2: Any) -> Tensor:
    """All products of an element of x1 and one of x2: (n,) and (m,), flattened, give (n, m). Gradients: g x2, g^T x1.

    >>> outer([1, 2], [3, 4])
    tensor([[3, 4],
            [6, 8]])
    """
    a, b = promote(x1, x2)
    return reshape(a, (-1, 1)) * reshape(b, (1, -1))


@public(case((2, 3, 4), (3, 4, 5)), case((2, 3, 4), (4, 3), args=([[1, 2], [1, 0]],)), case((2,), (3,), args=(0,)))
def tensordot(x1: Any, x2: Any, axes: int | Sequence[Any] = 2) -> Tensor:
    """Summed over pairs of axes: the last `axes` of x1 with the first of x2, or axes[0] of x1 with axes[1] of x2.

    >>> tensordot([[1, 2]], [[3], [4]], 1)
    tensor([[11]])
    """
    a, b = promote(x1, x2)
    if isinstance(axes, (int, np.integer)):
        if not 0 <= axes <= min(a.ndim, b.ndim):
            raise ShapeError(f"tensordot: {a.shape} and {b.shape} have no {axes} axes to sum over")
        first, second = tuple(range(a.ndim - axes, a.ndim)), tuple(range(int(axes)))
    else:
        first, second = (normalize_axes("tensordot", _tuple(g), x.ndim) for g, x in zip(axes, (a, b), strict=True))
    lengths = [tuple(x.shape[i] for i in group) for x, group in ((a, first), (b, second))]
    if lengths[0] != lengths[1]:
        raise ShapeError(f"tensordot: the axes {first} of {a.shape} and {second} of {b.shape} differ in length")
    kept, others = ([i for i in range(x.ndim) if i not in group] for x, group in ((a, first), (b, second)))
    size = int(np.prod(lengths[0], dtype=int))
    rows = tuple(a.shape[i] for i in kept)
    columns = tuple(b.shape[i] for i in others)
    left = reshape(permute(a, (*kept, *first)), (int(np.prod(rows, dtype=int)), size))
    right = reshape(permute(b, (*second, *others)), (size, int(np.prod(columns, dtype=int))))
    return reshape(matmul(left, right), (*rows, *columns))


def _tuple(axes: Any) -> tuple[int, ...]:
    return tuple(axes) if isinstance(axes, (tuple, list)) else (axes,)


@public(case((2, 4), (3, 4)), case((4,), (4,)), methods=("inner",))
def inner(x1: Any, x2: Any) -> Tensor:
    """Summed over the last axis of both: (..., n) and (..., n). Of vectors, their scalar product.

    >>> inner([1, 2], [3, 4])
    tensor(11)
    """
    a, b = promote(x1, x2)
    return tensordot(a, b, (-1, -1)) if a.ndim and b.ndim else a * b


@public(case((4,), (4,)), case((2, 3), (2, 3)))
def vdot(x1: Any, x2: Any) -> Tensor:
    """The scalar product of two vectors, flattened.

    >>> vdot([1, 2], [3, 4])
    tensor(11)
    """
    return matmul(reshape(x1, -1), reshape(x2, -1))


@public(case((4,), (4,)), case((2, 3), (3, 4)), case((3, 4), (4,)), case((2, 3, 4), (5, 4, 2)))
def dot(x1: Any, x2: Any) -> Tensor:
    """NumPy's: the product of vectors or matrices; beyond, summed over the last axis of x1 and the last but one of x2.

    >>> dot([1, 2], [3, 4])
    tensor(11)
    """
    a, b = promote(x1, x2)
    if not a.ndim or not b.ndim:
        return a * b
    return matmul(a, b) if a.ndim < 3 and b.ndim < 3 else tensordot(a, b, (-1, -2 if b.ndim > 1 else -1))


@public(case((2, 4), (2, 4)), case((4, 2), (4, 2), axis=0))
def vecdot(x1: Any, x2: Any, axis: int = -1) -> Tensor:
    """The scalar products of vectors along an axis.

    >>> vecdot([[1, 2], [3, 4]], [[1, 1], [0, 1]])
    tensor([3, 4])
    """
    a, b = promote(x1, x2)
    lengths = [x.shape[normalize_axis("vecdot", axis, x.ndim)] for x in (a, b)]
    if lengths[0] != lengths[1]:
        raise ShapeError(f"vecdot: vectors of {lengths[0]} and {lengths[1]} numbers have no scalar product")
    a, b = broadcast("vecdot", a, b)
    axis = normalize_axis("vecdot", axis, a.ndim)
    a, b = (permute(x, (*(i for i in range(x.ndim) if i != axis), axis)) for x in (a, b))
    return reshape(matmul(expand_dims(a, -2), expand_dims(b, -1)), a.shape[:-1])


@public(case((2, 3), (2, 3)), case((3, 4), (3, 1), axis=0), refuses=("bool",))
def cross(x1: Any, x2: Any, axis: int = -1) -> Tensor:
    """The vectors at right angles to pairs of vectors in space, along an axis of length 3. Gradients: x2 x g, g x x1.

    >>> cross([1, 0, 0], [0, 1, 0])
    tensor([0, 0, 1])
    """
    given = promote(x1, x2)
    a, b = broadcast("cross", *given)
    axis = normalize_axis("cross", axis, a.ndim)
    for x in given:  # a length of 1 would be stretched
        if (length := (1, *x.shape)[max(axis - a.ndim + x.ndim + 1, 0)]) != 3:
            raise ShapeError(f"cross: vectors have three numbers, those along axis {axis} of {x.shape} have {length}")
    return roll(a, -1, axis) * roll(b, -2, axis) - roll(a, -2, axis) * roll(b, -1, axis)


@public(
    case((3,)),
    case((4,), args=(3,)),
    case((2, 3), increasing=True),
    reference=lambda x, n=None, increasing=False: (
        x[..., None] ** np.arange(n or x.shape[-1])[:: 1 if increasing else -1]
    ),
    methods=(),
    refuses=("bool",),
)
def vander(x: Any, n: int | None = None, increasing: bool = False) -> Tensor:
    """The powers n - 1 ... 1, 0 of each number of x (..., k), as rows (..., k, n); or `increasing`. By default n = k.

    >>> vander([2, 3], 3)
    tensor([[4, 2, 1],
            [9, 3, 1]])
    """
    x = promote(x)[0]
    if not x.ndim:
        raise ShapeError("vander: needs numbers along an axis, got a tensor without axes")
    powers = iota(x.shape[-1] if n is None else n).astype(x.dtype)
    return power(expand_dims(x, -1), powers if increasing else flip(powers))


@public(case((2, 3), (3, 2)), case((2,), (2, 3)))
def kron(x1: Any, x2: Any) -> Tensor:
    """Kronecker's product: x1 with each element replaced by its product with x2.

    >>> kron([1, 10], [1, 2])
    tensor([ 1,  2, 10, 20])
    """
    a, b = promote(x1, x2)
    ndim = max(a.ndim, b.ndim)
    first, second = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    left = reshape(a, tuple(n for length in first for n in (length, 1)))
    right = reshape(b, tuple(n for length in second for n in (1, length)))
    return reshape(left * right, tuple(n * m for n, m in zip(first, second, strict=True)))


@public(
    case((2, 3, 4), (2, 5, 4)),
    case((3, 4), (5, 4), p=1),
    gives="float",
    reference=lambda a, b, p=2: np.linalg.norm(a[..., :, None, :] - b[..., None, :, :], p, -1),
)
@in_float32
def cdist(x1: Any, x2: Any, p: float = 2) -> Tensor:
    """The distances between all points (..., n, d) and all points (..., m, d): (..., n, m), in the norm of order p.

    Gradient: that of `norm`; between equal points it is 0.

    >>> cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 0.0]])
    tensor([[5., 0.]])
    """
    a, b = promote(x1, x2, floats=True)
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-1]:
        raise ShapeError(f"cdist: needs points (..., n, d) and (..., m, d), got {a.shape} and {b.shape}")
    return norm(expand_dims(a, -2) - expand_dims(b, -3), p, axis=-1)
