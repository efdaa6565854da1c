"""How each primitive that is not elementwise is found in, or made from, its inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .graph import Node
from .index import Condition, Index, flatten, unflatten

ELEMENTWISE = frozenset(
    """absolute add astype bitwise_and bitwise_or bitwise_xor cast copy cos divide equal erf exp floor
    floor_divide greater greater_equal less less_equal log log1p maximum minimum multiply negative not_equal
    power relu remainder right_shift round sigmoid sign sin softplus sqrt subtract tanh where""".split()  # noqa: SIM905
)
REDUCTIONS = frozenset({"sum", "max", "sliding_window_adjoint"})
SPECIAL = frozenset({"argmax", "cumsum", "scatter_add", "random_bits"})
COSTLY = frozenset(
    """cos divide erf exp floor_divide log log1p power remainder sigmoid sin softplus sqrt tanh""".split()  # noqa: SIM905
)


class Piece(NamedTuple):
    """Where an element of a view is found: which input, at which index, and when."""

    source: Node
    index: tuple[Index, ...]  # type: ignore[assignment]  # a tuple has a method of that name
    conditions: tuple[Condition, ...] = ()


View = Callable[[Node, tuple[Index, ...]], list[Piece]]


def _broadcast(n: Node, i: tuple[Index, ...]) -> list[Piece]:
    x = n.inputs[0]
    tail = i[len(i) - len(x.shape) :]
    return [Piece(x, tuple(Index() if length == 1 else j for j, length in zip(tail, x.shape, strict=True)))]


def _reshape(n: Node, i: tuple[Index, ...]) -> list[Piece]:
    return [Piece(n.inputs[0], unflatten(flatten(i, n.shape), n.inputs[0].shape))]


def _permute(n: Node, i: tuple[Index, ...]) -> list[Piece]:
    axes = n.params["axes"]
    return [Piece(n.inputs[0], tuple(i[axes.index(a)] for a in range(len(axes))))]


def _slice(n: Node, i: tuple[Index, ...]) -> list[Piece]:
    moved = (j * step + start for j, (start, _, step) in zip(i, n.params["ranges"], strict=True))
    return [Piece(n.inputs[0], tuple(moved))]


def _flip(n: Node, i: tuple[Index, ...]) -> list[Piece]:
    axes = n.params["axis"]
    turned = (j * -1 + (length - 1) if a in axes else j for a, (j, length) in enumerate(zip(i, n.shape, strict=True)))
    return [Piece(n.inputs[0], tuple(turned))]


def _pad(n: Node, i: tuple[Index, ...]) -> list[Piece]:
    x = n.inputs[0]
    index, conditions = [], []
    for j, length, (low, _, gap) in zip(i, x.shape, n.params["widths"], strict=True):
        moved = j - low
        if gap:
            conditions.append(Condition(moved % (gap + 1), 0, 1))
        place = moved // (gap + 1)
        conditions.append(Condition(place, 0, length))
        index.append(place)
    return [Piece(x, tuple(index), tuple(c for c in conditions if not c.always()))]


def _concatenate(n: Node, i: tuple[Index, ...]) -> list[Piece]:
    axis, start, pieces = n.params["axis"], 0, []
    for x in n.inputs:
        place = i[axis] - start
        condition = Condition(place, 0, x.shape[axis])
        index = (*i[:axis], place, *i[axis + 1 :])
        if not condition.never():
            pieces.append(Piece(x, index, () if condition.always() else (condition,)))
        start += x.shape[axis]
    return pieces


def _sliding_window(n: Node, i: tuple[Index, ...]) -> list[Piece]:
    stride, dilation = n.params["stride"], n.params["dilation"]
    d = len(stride)
    lead, places, offsets = i[: len(i) - 2 * d], i[len(i) - 2 * d : len(i) - d], i[len(i) - d :]
    moved = (p * s + k * t for p, s, k, t in zip(places, stride, offsets, dilation, strict=True))
    return [Piece(n.inputs[0], (*lead, *moved))]


VIEWS: dict[str, View] = {
    "broadcast_to": _broadcast,
    "reshape": _reshape,
    "permute": _permute,
    "slice": _slice,
    "flip": _flip,
    "pad": _pad,
    "concatenate": _concatenate,
    "sliding_window": _sliding_window,
}


class Reduction(NamedTuple):
    """An element of a reduction: the extents it runs over, and where each of its terms is found."""

    extents: tuple[int, ...]
    combine: str
    term: Callable[[tuple[Index, ...], tuple[Index, ...]], Piece]  # (index of the result, reduced index) -> piece


def reduction(n: Node) -> Reduction:
    """How a reduction node is made of its input."""
    x = n.inputs[0]
    if n.kind == "sliding_window_adjoint":
        return Reduction(n.params["kernel"], "sum", lambda i, r: _unwindow(n, i, r))
    axes = sorted(n.params["axis"])

    def term(i: tuple[Index, ...], r: tuple[Index, ...]) -> Piece:
        kept, reduced = iter(i), iter(r)
        return Piece(x, tuple(next(reduced) if a in axes else next(kept) for a in range(len(x.shape))))

    return Reduction(tuple(x.shape[a] for a in axes), n.kind, term)


def _unwindow(n: Node, i: tuple[Index, ...], r: tuple[Index, ...]) -> Piece:
    """The window element that was read from place i at offset r, if there is one."""
    x, stride, dilation = n.inputs[0], n.params["stride"], n.params["dilation"]
    d = len(stride)
    places: list[Index] = []
    conditions: list[Condition] = []
    for j, k, s, t, length in zip(i[len(i) - d :], r, stride, dilation, x.shape[-2 * d : -d], strict=True):
        moved = j - k * t
        if s > 1:
            conditions.append(Condition(moved % s, 0, 1))
        places.append(moved // s)
        conditions.append(Condition(moved // s, 0, length))
    kept = tuple(c for c in conditions if not c.always())
    return Piece(x, (*i[: len(i) - d], *places, *r), kept)


def is_constant(n: Node) -> bool:
    return n.kind in ("full", "iota")


def has_lowering(n: Node) -> bool:
    """Whether the compiler knows what to do with a node."""
    return (
        n.op is None
        or n.kind in ELEMENTWISE
        or n.kind in VIEWS
        or n.kind in REDUCTIONS
        or n.kind in SPECIAL
        or n.kind in ("full", "iota", "matmul", "take")
    )


