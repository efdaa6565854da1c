"""What an expression reads: followed down through views and elementwise operations to the buffers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...ops.core.places import Condition, Index, Loop, flatten, variable
from .graph import Node
from .lowerings import Piece, is_constant, is_elementwise, is_indexed, is_view, pull


class Read(NamedTuple):
    """One place that is read: a buffer, the flat index in it, and the conditions under which it is."""

    node: Node
    flat: Index
    conditions: tuple[Condition, ...]
    dynamic: bool = False  # from there on, as far as a computed index says


def pieces_below(n: Node, index: tuple[Index, ...]) -> list[Piece]:
    """The inputs an element of a fused node is made of."""
    if is_view(n):
        return pull(n, index)
    if is_elementwise(n):
        return [Piece(x, index) for x in n.inputs]
    if is_indexed(n):
        axis, count = n.params["axis"], len(n.inputs[1].shape)
        return [Piece(n.inputs[1], index[axis : axis + count])]
    raise TypeError(f"{n.kind} is not fused")


def in_rows(n: Node, index: tuple[Index, ...]) -> Index:
    """The number of an element, counted row by row."""
    return flatten(index, n.shape).opened()


def reads(
    pieces: Sequence[Piece],
    is_buffer: Callable[[Node], bool],
    place: Callable[[Node, tuple[Index, ...]], Index] = in_rows,
) -> list[Read]:
    """All that the pieces read; `place` says where an element of a buffer is."""
    found: dict[Read, None] = {}
    seen: set[tuple[int, tuple[Index, ...]]] = set()
    stack = list(pieces)
    while stack:
        n, index, conditions = stack.pop()
        if (is_constant(n) and not is_buffer(n)) or (id(n), index) in seen:
            continue
        seen.add((id(n), index))
        if is_buffer(n):
            found[Read(n, place(n, index), conditions)] = None
            continue
        if is_indexed(n):
            axis, count, table = n.params["axis"], len(n.inputs[1].shape), n.inputs[0]
            rest = in_rows(table, (*index[:axis], Index(), *index[axis + count :]))
            found[Read(table, rest, conditions, dynamic=True)] = None
        below = pieces_below(n, index)
        stack.extend(Piece(p.source, p.at, (*conditions, *p.conditions)) for p in below)
    return list(found)


def loops_over(shape: Sequence[int], stem: str = "i") -> list[Loop]:
    """One loop for each axis."""
    return [Loop(f"{stem}{a}", n) for a, n in enumerate(shape)]


def at(loops: Sequence[Loop]) -> tuple[Index, ...]:
    """The index that the loops stand at."""
    return tuple(variable(loop) for loop in loops)


def strides(
    pieces: Sequence[Piece], loops: Sequence[Loop], is_buffer: Callable[[Node], bool]
) -> tuple[Node, Index] | None:
    """If the pieces are one unconditional read, linear in the loops: the buffer and its flat index; else None."""
    if len(pieces) != 1:
        return None
    n, index, conditions = pieces[0]
    while not is_buffer(n):
        if not is_view(n) or conditions:
            return None
        below = pull(n, index)
        if len(below) != 1:
            return None
        n, index, conditions = below[0]
    flat = flatten(index, n.shape)
    return (n, flat) if not conditions and flat.is_linear() else None
