"""Convolutions of images that are cut into pieces, so that there are as many images as a vector has lanes.

A piece is what some neighbouring results see: pieces overlap where windows do, and beyond the edges they hold zeros.

    an image                 8 pieces, each of a quarter of two rows        a pixel of each piece
    +-----------------+      +---+---+---+---+                              is a vector
    |                 |  ->  | 0 | 1 | 2 | 3 |                              [0 1 2 3 4 5 6 7]
    |                 |      +---+---+---+---+
    +-----------------+      | 4 | 5 | 6 | 7 |
                             +---+---+---+---+

The pieces lie with the batch inside (`layouts.py`), and all that is done with many images is done with them: direct
convolution, Winograd's algorithm, the gradient to the kernels. Then the results are joined to images again.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..graph.graph import Node
from .convolution import weight_gradient
from .rewriting import call, node, own_kernel

CUT = own_kernel("cut_images")
JOIN = own_kernel("join_images")


class CutAxis(NamedTuple):
    """How an axis of images is cut.

    Piece i has the results from i `size` on, and sees the source from i `step` + `first` on, `length` numbers.
    `before` is the window's in each piece.
    """

    pieces: int
    size: int
    step: int
    length: int
    first: int
    before: int


def of_result(pieces: int, places: int, kernel: int, stride: int, dilation: int, before: int) -> CutAxis:
    """An axis of a convolution, its results in so many pieces or fewer.

    >>> of_result(4, 56, 3, 1, 1, 1)
    CutAxis(pieces=4, size=14, step=14, length=16, first=-1, before=0)
    """
    size = -(-places // pieces)
    length = (size - 1) * stride + (kernel - 1) * dilation + 1
    return CutAxis(-(-places // size), size, size * stride, length, -before, 0)


def of_source(pieces: int, places: int, kernel: int, stride: int, dilation: int, before: int) -> CutAxis:
    """An axis of the gradient to a convolution's input: an element sees the places whose windows saw it.

    >>> of_source(4, 56, 3, 2, 1, 1)
    CutAxis(pieces=4, size=14, step=7, length=8, first=0, before=1)
    """
    size = -(-places // (pieces * stride)) * stride
    first = -(((kernel - 1) * dilation - before) // stride)
    last = (size - 1 + before) // stride
    return CutAxis(-(-places // size), size, size // stride, last - first + 1, first, before - stride * first)


def convolution(n: Node, how: tuple[CutAxis, ...]) -> Node:
    """A convolution, or the gradient to its input, of pieces; joined again."""
    images, weight = n.inputs
    batch = n.shape[0] * math.prod(a.pieces for a in how)
    shape = (batch, n.shape[1], *(a.size for a in how))
    pieces = _cut(images, how)
    params = {k: v for k, v in n.params.items() if k != "shape"} | {"before": tuple(a.before for a in how)}
    y = node(n.primitive, (pieces, weight), shape, **params)
    return node(JOIN, (y,), n.shape, grid=tuple(a.pieces for a in how))


def weight(n: Node, how: tuple[CutAxis, ...], lanes: int) -> Node:
    """The gradient to the kernels of the same pieces; beyond the edges of the results the gradients are zeros."""
    x, g = n.inputs
    whole = tuple(CutAxis(a.pieces, a.size, a.size, a.size, 0, 0) for a in how)
    params = {k: v for k, v in n.params.items() if k != "shape"} | {"before": (0,) * len(how)}
    total = weight_gradient(_cut(x, how), _cut(g, whole), n.shape[1:], lanes, **params)
    return call("reshape", [total], shape=n.shape)


def _cut(x: Node, how: tuple[CutAxis, ...]) -> Node:
    grid = tuple(a.pieces for a in how)
    shape = (x.shape[0] * math.prod(grid), x.shape[1], *(a.length for a in how))
    return node(CUT, (x,), shape, grid=grid, step=tuple(a.step for a in how), first=tuple(a.first for a in how))


__all__ = ["CutAxis", "convolution", "of_result", "of_source", "weight"]
