"""How far vectors are from each other, and vectors of length 1."""

from __future__ import annotations

from typing import Any

from ..ops import maximum, norm
from ..ops.core.primitive import broadcast, promote
from ..ops.core.wide import in_float32
from ..tensor import Tensor

__all__ = ["cosine_similarity", "normalize", "pairwise_distance"]


@in_float32
def cosine_similarity(x1: Any, x2: Any, axis: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosines of the angles between vectors along an axis: x1 x2 / (max(|x1|, eps) max(|x2|, eps)).

    >>> cosine_similarity([1.0, 0.0], [1.0, 1.0], axis=0)
    tensor(0.70710677)
    >>> cosine_similarity([[1.0, 1.0]], [[2.0]]).round()
    tensor([1.])
    """
    a, b = broadcast("cosine_similarity", *promote(x1, x2, floats=True))
    first, second = (maximum(norm(x, 2, axis), eps) for x in (a, b))
    return (a * b).sum(axis) / (first * second)


@in_float32
def normalize(x: Any, p: float = 2, axis: int = 1, eps: float = 1e-12) -> Tensor:
    """Vectors along an axis divided by their length in the norm of order p, or by eps: x / max(|x|, eps).

    >>> normalize([[3.0, 4.0]])
    tensor([[0.6, 0.8]])
    """
    a = promote(x, floats=True)[0]
    return a / maximum(norm(a, p, axis, keepdims=True), eps)


@in_float32
def pairwise_distance(x1: Any, x2: Any, p: float = 2, eps: float = 1e-6, keepdims: bool = False) -> Tensor:
    """The distances |x1 - x2 + eps| of pairs of vectors along the last axis, in the norm of order p.

    >>> pairwise_distance([[0.0, 0.0]], [[3.0, 4.0]], eps=0)
    tensor([5.])
    """
    a, b = promote(x1, x2, floats=True)
    return norm(a - b + eps, p, -1, keepdims)
