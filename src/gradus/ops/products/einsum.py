"""Sums of products, said by naming axes: Einstein's convention."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...errors import ArgumentError, ShapeError
from ...tensor import Tensor
from ..core.primitive import case, cast, promote, public
from ..core.wide import in_float32
from ..reductions.reduce import sum as total
from ..shapes.diagonals import diagonal
from .matmul import matmul

__all__ = ["einsum"]

Labels = tuple[Any, ...]  # letters, and numbers of the axes that `...` stands for


def _labels(text: str, ndim: int, operand: int) -> Labels:
    """The names of an operand's axes; those that `...` stands for are counted from the last, 1, 2 ..."""
    before, dots, after = text.partition("...")
    letters = before + after
    if not all(c.isascii() and c.isalpha() for c in letters):
        raise ArgumentError(f"einsum: axes are named by letters, got {text!r}")
    more = ndim - len(letters)
    if more < 0 or (more and not dots):
        raise ShapeError(f"einsum: operand {operand} has {ndim} axes, but {text!r} names {len(letters)}")
    return (*before, *range(more, 0, -1), *after)


def _parsed(subscripts: str, operands: Sequence[Tensor]) -> tuple[list[Labels], Labels]:
    """The names of all operands' axes, and of the result's."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    parts = inputs.split(",")
    if len(parts) != len(operands):
        raise ArgumentError(f"einsum: {subscripts!r} names {len(parts)} operands, got {len(operands)}")
    found = [_labels(p, x.ndim, i) for i, (p, x) in enumerate(zip(parts, operands, strict=True))]
    named = [label for labels in found for label in labels]
    dotted = tuple(sorted({n for n in named if isinstance(n, int)}, reverse=True))
    if not arrow:
        return found, (*dotted, *sorted(c for c in set(named) if isinstance(c, str) and named.count(c) == 1))
    before, dots, after = output.partition("...")
    wanted = (*before, *(dotted if dots else ()), *after)
    missing = set(wanted) - set(named)
    if missing or len(set(wanted)) != len(wanted):
        raise ArgumentError(f"einsum: the result {output!r} names an axis twice, or one that no operand has")
    return found, wanted


def _once(x: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """An operand in which no name comes twice: where one did, its diagonal."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            x = diagonal(x, 0, first, second)
            labels = (*(a for i, a in enumerate(labels) if i not in (first, second)), label)
    return x, labels


def _summed(x: Tensor, labels: Labels, needed: Iterable[Any]) -> tuple[Tensor, Labels]:
    """Summed over the axes that nothing names besides."""
    needed = set(needed)
    axes = tuple(i for i, label in enumerate(labels) if label not in needed)
    return (cast(total(x, axes), x.dtype) if axes else x), tuple(a for a in labels if a in needed)


def _arranged(x: Tensor, labels: Labels, order: Labels) -> Tensor:
    """The axes in an order, those it lacks with length 1."""
    x = x.permute(tuple(labels.index(a) for a in order if a in labels))
    lengths = iter(x.shape)
    return x.reshape(tuple(next(lengths) if a in labels else 1 for a in order))


def _contracted(a: Tensor, la: Labels, b: Tensor, lb: Labels, needed: set[Any]) -> tuple[Tensor, Labels]:
    """Two operands as one: a product of matrices, or where nothing is summed, of numbers."""
    (a, la), (b, lb) = _summed(a, la, needed | set(lb)), _summed(b, lb, needed | set(la))
    length = dict(zip(la, a.shape, strict=True))
    for label, n in zip(lb, b.shape, strict=True):
        known = length.setdefault(label, n)
        if n != known and 1 not in (n, known):
            raise ShapeError(f"einsum: axis {label!r} is {known} long in one operand, {n} in another")
        length[label] = max(n, known) if n and known else 0
    batch = tuple(x for x in la if x in lb and x in needed)
    inner = tuple(x for x in la if x in lb and x not in needed)
    rows, columns = (tuple(x for x in labels if x not in other) for labels, other in ((la, lb), (lb, la)))
    order = (*batch, *rows, *columns)
    if not inner:
        return _arranged(a, la, order) * _arranged(b, lb, order), order

    def matrix(x: Tensor, labels: Labels, *axes: Labels) -> Tensor:
        spread = _arranged(x, labels, (*batch, *axes[0], *axes[1]))
        spread = spread.broadcast_to(tuple(length[n] for n in (*batch, *axes[0], *axes[1])))
        sizes = (math.prod(length[n] for n in group) for group in axes)
        return spread.reshape((*(length[n] for n in batch), *sizes))

    product = matmul(matrix(a, la, rows, inner), matrix(b, lb, inner, columns))
    return product.reshape(tuple(length[n] for n in order)), order


@public(
    case((3, 4), (4, 2), lead=("ij,jk->ik",)),
    case((2, 3, 4), (2, 4, 5), lead=("bij,bjk->bki",)),
    case((3, 4), lead=("ij->j",)),
    case((4, 4), lead=("ii->i",)),
    case((4, 4), lead=("ii",)),
    case((3,), (4,), lead=("i,j->ij",)),
    case((2, 3, 4), (4, 5), lead=("...i,ij",)),
    case((2, 3), (3, 4), (4, 2), lead=("ab,bc,ca->",)),
    case((2, 3, 4), (3,), lead=("aij,i->a",)),
    case((2, 1, 4), (2, 3, 4), lead=("bhd,bhd->bh",)),
    methods=(),
    reference=lambda subscripts, *xs: np.einsum(subscripts, *xs),
)
@in_float32
def einsum(subscripts: str, *operands: Any) -> Tensor:
    """Sums of products: each axis has a letter, letters that the result does not name are summed over.

    `...` stands for any axes in front. Without `->` the result names those that come once, in the alphabet's order.
    Several operands are multiplied from left to right. Gradient: that of matrix products.

    >>> einsum("ij,jk->ik", [[1, 2]], [[3], [4]])
    tensor([[11]])
    >>> einsum("ii", [[1, 2], [3, 4]])
    tensor(5)
    """
    if not isinstance(subscripts, str):
        raise ArgumentError('einsum: begins with the names of axes, as in einsum("ij,jk->ik", x, y)')
    listed = operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else ()
    xs = promote(*(listed if listed and isinstance(listed[0], (Tensor, np.ndarray)) else operands))
    labels, wanted = _parsed(subscripts, xs)
    left = [_once(x, names) for x, names in zip(xs, labels, strict=True)]
    x, names = left.pop(0)
    while left:
        later = {n for _, others in left[1:] for n in others}
        x, names = _contracted(x, names, *left.pop(0), set(wanted) | later)
    x, names = _summed(x, names, wanted)
    return _arranged(x, names, wanted)
