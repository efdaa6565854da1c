"""Pieces that are written where they are joined: a concatenation then moves no numbers.

A piece lies in the whole in stretches of `width` numbers, one every `pitch`. Joined along the first axis it is one
stretch; the columns that it is in a wider matrix are one stretch a row.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from ...ops.core.places import Index
from .graph import Node
from .lowerings import has_own_kernel, is_constant, is_indexed

MANY = 32  # pieces
Users = Mapping[Node, Sequence[Node]]


class Piece(NamedTuple):
    """Where a piece lies: in what, from which number on, and in which stretches."""

    whole: Node
    start: int
    width: int
    pitch: int

    @property
    def in_one_stretch(self) -> bool:
        return math.prod(self.whole.shape) == self.pitch

    def place(self, flat: Index) -> Index:
        """From the piece's first number to its number `flat`."""
        return flat if self.in_one_stretch else flat // self.width * self.pitch + flat % self.width

    def span(self, size: int) -> int:
        """From its first number to after its last."""
        return size + (size // max(self.width, 1) - 1) * (self.pitch - self.width)


def in_one_stretch(n: Node) -> bool:
    """Whether it joins pieces one after the other in memory."""
    return n.kind == "concatenate" and all(length == 1 for length in n.shape[: n.params["axis"]])


def stored_as(n: Node) -> Node:
    """The node whose memory, in its order, holds a node's numbers: what is only reshaped."""
    while n.kind == "reshape":
        n = n.inputs[0]
    return n


def is_written_in_pieces(n: Node, users: Users, outputs: Collection[Node]) -> bool:
    """Whether a node's pieces are written in their places: one stretch each, many, or what is stored in any case."""
    if n.kind != "concatenate" or n in outputs or n.size == 0:
        return False
    if in_one_stretch(n) or has_many_pieces(n):
        return True
    return any(u.kind == "matmul" or in_one_stretch(u) for u in _users_of_numbers(n, users))


def has_many_pieces(n: Node) -> bool:
    """Whether it joins so many that to choose among them at each place would take long."""
    return n.kind == "concatenate" and len(n.inputs) > MANY


def _users_of_numbers(n: Node, users: Users) -> Iterator[Node]:
    """What uses a node, itself or turned or reshaped."""
    waiting = list(reversed(users[n]))
    while waiting:
        u = waiting.pop()
        if u.kind in ("permute", "reshape"):
            waiting.extend(reversed(users[u]))
        else:
            yield u


def pieces_of(n: Node) -> dict[Node, Piece]:
    """The pieces of a node that is written in pieces, as they are stored."""
    after = math.prod(n.shape[n.params["axis"] + 1 :])
    pitch, start, found = n.shape[n.params["axis"]] * after, 0, {}
    for x in n.inputs:
        width = x.shape[n.params["axis"]] * after
        found[stored_as(x)] = Piece(n, start, width, pitch)
        start += width
    return found


def can_be_piece(x: Node, whole: Node, users: Users, outputs: Collection[Node]) -> bool:
    """Whether what is stored can be stored in the whole, rather than copied to it."""
    if x.op is None or is_constant(x) or x in outputs:
        return False
    if in_one_stretch(whole):
        return True
    one_by_one = has_own_kernel(x) and x.kind != "matmul"
    as_it_is = any(is_indexed(u) or u.kind == "loop" for u in users[x])
    return not (one_by_one or as_it_is or is_written_in_pieces(x, users, outputs))
