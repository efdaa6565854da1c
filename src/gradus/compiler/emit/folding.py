"""Bringing lanes together: those of one vector, or of several, lane j of the result being made of all of vector j."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .kit import Kit
from .value import Instructions, Value

Combine = Callable[[Value, Value], Value]


def folded(vectors: Sequence[Value], combine: Combine) -> Value:
    """Combine each vector's lanes in halves; beyond the last vector, the result's lanes hold anything.

    With four lanes:  a0 a1 a2 a3   b0 b1 b2 b3   ->   a02 a13 b02 b13   (with c and d likewise)   ->   a b c d
    """
    return _in_groups(vectors, vectors[0].kit.lanes, combine)


def into_one(value: Value, combine: Callable[[Kit, Value, Value], Value]) -> Value:
    """All lanes combined into one, in halves: an order that never changes."""
    code, dtype, lanes, ref = value.kit.code, value.dtype, value.kit.lanes, value.ref
    scalars = Kit(code, 0)
    while lanes > 1:
        half, type_ = lanes // 2, f"<{lanes} x {scalars.type(dtype)}>"
        parts = []
        for start in (0, half):
            places = ", ".join(f"i32 {start + i}" for i in range(half))
            parts.append(code.op(f"shufflevector {type_} {ref}, {type_} poison, <{half} x i32> <{places}>"))
        kit = Kit(code, half)
        ref = combine(kit, Value(kit, dtype, parts[0]), Value(kit, dtype, parts[1])).ref
        lanes = half
    return Value(scalars, dtype, code.op(f"extractelement <1 x {scalars.type(dtype)}> {ref}, i64 0"))


def _in_groups(vectors: Sequence[Value], groups: int, combine: Combine) -> Value:
    """One group of lanes for each vector, in their order; as many groups as are asked for."""
    if groups == 1:
        return vectors[0]
    even = _in_groups(vectors[0::2], groups // 2, combine)
    odd = _in_groups(vectors[1::2], groups // 2, combine) if len(vectors) > 1 else None
    return _halved(even, odd, even.kit.lanes * 2 // groups, combine)


def _halved(x: Value, y: Value | None, group: int, combine: Combine) -> Value:
    """The halves of each group of lanes combined; a group of x, then one of y, and so on."""
    kit, half = x.kit, group // 2
    parts = []
    for start in (0, half):
        places = [
            vector * kit.lanes + first + start + i
            for first in range(0, kit.lanes, group)
            for vector in (0, 1)
            for i in range(half)
        ]
        parts.append(_shuffled(kit, x, y, places))
    return combine(*parts)


def _shuffled(kit: Instructions, x: Value, y: Value | None, places: Sequence[int]) -> Value:
    mask = f"<{kit.lanes} x i32> <{', '.join(f'i32 {i}' for i in places)}>"
    other = "poison" if y is None else y.ref
    return Value(kit, x.dtype, kit.code.op(f"shufflevector {x.type} {x.ref}, {x.type} {other}, {mask}"))
