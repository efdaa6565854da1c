"""Vectors of which only some lanes are read or written: the ends of rows, and what lies apart in memory.

Nothing but these lanes is touched. LLVM does not keep to that by itself: it joins a narrowing with the masked store
that follows it, and where one lane of the mask is set and known, writes that lane as wide as it was before the
narrowing, over its neighbours. So only numbers that come of no narrowing (float32, float64 and 64-bit integers) are
given to a masked store; all others are written lane by lane.

Of a mask LLVM must know all lanes or none. Where it can tell some, as those beyond a row's end, and others not, it may
take the known ones for lanes of which nothing is asked, and load the whole vector (x86 with AVX2). So a mask that is
worked out is hidden from it: joined with one that has no lane set, which it cannot know.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from .code import Code, Ref, split_type

WIDTHS = {"i8": 1, "i16": 2, "i32": 4, "i64": 8, "float": 4, "double": 8}
NEVER_NARROWED = ("float", "double", "i64")


class Vector(NamedTuple):
    """So many numbers of a type, as it lies in memory: `16`, `float`.

    >>> Vector(16, "float").type, Vector(16, "float").suffix, Vector(8, "i16").suffix
    ('<16 x float>', 'v16f32', 'v8i16')
    """

    lanes: int
    number: str

    @property
    def type(self) -> str:
        return f"<{self.lanes} x {self.number}>"

    @property
    def suffix(self) -> str:
        """How intrinsics name the type."""
        return f"v{self.lanes}{'i' if self.number.startswith('i') else 'f'}{8 * WIDTHS[self.number]}"

    @property
    def align(self) -> str:
        return f"i32 {WIDTHS[self.number]}"


def first(count: int, lanes: int) -> str:
    """The mask of the first lanes.

    >>> first(1, 2)
    '<2 x i1> <i1 true, i1 false>'
    """
    return f"<{lanes} x i1> <" + ", ".join(f"i1 {'true' if i < count else 'false'}" for i in range(lanes)) + ">"


def load(code: Code, vector: Vector, address: Ref, wanted: str) -> Ref:
    """Neighbours in memory, zeros in the lanes that are not wanted; `wanted` is a mask with its type."""
    name, zeros = f"llvm.masked.load.{vector.suffix}.p0", f"{vector.type} zeroinitializer"
    return code.call(vector.type, name, f"ptr {address}", vector.align, hidden(code, wanted), zeros)


def gather(code: Code, vector: Vector, addresses: str, wanted: str) -> Ref:
    """Numbers from an address each, zeros in the lanes that are not wanted."""
    name, zeros = f"llvm.masked.gather.{vector.suffix}.v{vector.lanes}p0", f"{vector.type} zeroinitializer"
    return code.call(vector.type, name, addresses, vector.align, hidden(code, wanted), zeros)


def store(code: Code, vector: Vector, numbers: Ref, address: Ref, wanted: str) -> None:
    """Write the wanted lanes to neighbours in memory."""
    if vector.number in NEVER_NARROWED:
        name = f"llvm.masked.store.{vector.suffix}.p0"
        code.call("void", name, f"{vector.type} {numbers}", f"ptr {address}", vector.align, hidden(code, wanted))
    else:
        _one_by_one(code, vector, numbers, wanted, lambda i: code.element(vector.number, address, i))


def scatter(code: Code, vector: Vector, numbers: Ref, addresses: str, wanted: str) -> None:
    """Write the wanted lanes to an address each."""
    if vector.number in NEVER_NARROWED:
        name = f"llvm.masked.scatter.{vector.suffix}.v{vector.lanes}p0"
        code.call("void", name, f"{vector.type} {numbers}", addresses, vector.align, hidden(code, wanted))
        return
    places = code.variable(f"[{vector.lanes} x ptr]")
    code.do(f"store {addresses}, ptr {places}")
    _one_by_one(code, vector, numbers, wanted, lambda i: code.op(f"load ptr, ptr {code.element('ptr', places, i)}"))


def hidden(code: Code, wanted: str) -> str:
    """A mask of which LLVM knows all lanes, if it is a constant, or none."""
    type_, mask = split_type(wanted)
    if "%" not in wanted or mask in code.hidden:
        return wanted
    found = code.op(f"or {wanted}, {code.unset(type_)}")
    code.hidden.add(found)
    return f"{type_} {found}"


def _one_by_one(code: Code, vector: Vector, numbers: Ref, wanted: str, place: Callable[[Ref | int], Ref]) -> None:
    """Write each wanted lane by itself: one after the other where the mask is known, else in a loop with a test."""
    known = _known_lanes(wanted, vector.lanes)
    if known is not None:
        for lane in known:
            number = code.op(f"extractelement {vector.type} {numbers}, i64 {lane}")
            code.do(f"store {vector.number} {number}, ptr {place(lane)}")
        return
    flags = code.op(f"zext {wanted} to <{vector.lanes} x i8>")
    kept, kept_flags = code.variable(vector.type), code.variable(f"<{vector.lanes} x i8>")
    code.do(f"store {vector.type} {numbers}, ptr {kept}")
    code.do(f"store <{vector.lanes} x i8> {flags}, ptr {kept_flags}")
    with code.loop(0, vector.lanes) as i:
        flag = code.op(f"load i8, ptr {code.element('i8', kept_flags, i)}")
        with code.when(code.op(f"icmp ne i8 {flag}, 0")):
            number = code.op(f"load {vector.number}, ptr {code.element(vector.number, kept, i)}")
            code.do(f"store {vector.number} {number}, ptr {place(i)}")


def _known_lanes(wanted: str, lanes: int) -> list[int] | None:
    """The lanes that a mask has set, if it is a constant."""
    if "splat" in wanted:
        return list(range(lanes)) if "true" in wanted else []
    if "%" in wanted:
        return None
    return [i for i, lane in enumerate(re.findall("true|false", wanted)) if lane == "true"]
