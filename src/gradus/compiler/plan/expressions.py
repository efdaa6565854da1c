"""How large a fused expression may become, before values inside it are stored.

What is fused is worked out anew by each kernel that needs it, at each place that it is needed at. A program can be as
long as its writer likes; what is emitted for one loop, and how deep it is, cannot: an expression of thousands of
operations would be worked out, optimized and kept in registers as a whole. Where one gets larger than the bounds here,
its largest parts become values of their own, which the same kernel can still hand on without storing them.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ...ops.core.elementwise import FUNCTION
from ..graph.graph import Node
from ..graph.lowerings import effort, is_constant, is_indexed, is_reduction

MOST = 500  # instructions, about
DEEPEST = 64  # operations on top of each other: they are emitted by recursion
TORN = 3  # reshapes on top of each other that cut across axes: each doubles the formulas of indices
GUARDED = 8  # instructions for a part that is read under conditions, or for a sum
WRITTEN_OUT = 4  # instructions of a function for one of its effort, which counts what they cost
SMALL = 32  # instructions that are not worth storing


class Size(NamedTuple):
    """About how many instructions an expression takes, and how deep it is: operations, and reshapes that tear axes."""

    work: int = 0
    depth: int = 0
    torn: int = 0


class Expressions:
    """The sizes of the expressions that the nodes of a graph are, down to what is stored.

    Args:
        is_buffer: whether a node is stored.
    """

    def __init__(self, is_buffer: Callable[[Node], bool]) -> None:
        self.is_buffer = is_buffer
        self.size: dict[Node, Size] = {}

    def add(self, n: Node) -> list[Node]:
        """Take in a node whose inputs are known; the inputs that must be stored, so that it is within bounds."""
        size = self._size(n, n.inputs)
        large = [x for x in dict.fromkeys(n.inputs) if self._too_large(x, n, size)]
        self.size[n] = self._size(n, [x for x in n.inputs if x not in large]) if large else size
        return large

    def _below(self, x: Node) -> Size:
        return Size() if self.is_buffer(x) or is_constant(x) else self.size[x]

    def _size(self, n: Node, inputs: Iterable[Node]) -> Size:
        below = [self._below(x) for x in inputs]
        work = _instructions(n) + sum(s.work for s in below)
        torn = max((s.torn for s in below), default=0) + _tears(n)
        return Size(max(work, 1), 1 + max((s.depth for s in below), default=0), torn)

    def _too_large(self, x: Node, n: Node, size: Size) -> bool:
        """Whether an input is among those that make an expression too large."""
        below = self._below(x)
        if size.work > MOST and below.work > max(MOST // len(n.inputs), SMALL):
            return True
        return 0 < below.depth == size.depth - 1 >= DEEPEST or 0 < below.torn == size.torn - _tears(n) >= TORN


def _instructions(n: Node) -> int:
    """What a node adds to an expression."""
    if n.kind in ("concatenate", "pad", "put_slice") or is_indexed(n):
        return GUARDED * len(n.inputs)
    if is_reduction(n):
        return GUARDED
    return effort(n) if effort(n) < FUNCTION else WRITTEN_OUT * effort(n)


def _tears(n: Node) -> bool:
    """Whether it is a reshape that joins axes: where its elements lie is then found by division."""
    if n.kind != "reshape":
        return False
    return not set(_steps(n.inputs[0].shape)) <= set(_steps(n.shape))


def _steps(shape: tuple[int, ...]) -> Iterator[int]:
    """From an element to the next along each axis."""
    return itertools.accumulate(reversed([n for n in shape if n != 1]), func=operator.mul, initial=1)


__all__ = ["Expressions", "Size"]
