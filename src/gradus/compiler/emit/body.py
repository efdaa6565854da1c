"""Working out fused expressions inside a loop: every node's value at the place where the loops stand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ... import dtypes
from ...errors import TraceError
from ...ops.core.places import Condition, Index, Loop, Quotient, Remainder, flatten
from ..graph.graph import Node
from ..graph.lowerings import Piece, is_elementwise, is_indexed, is_view, pull
from ..graph.reads import in_rows
from . import some_lanes
from .code import Code, Ref, split_type
from .kit import LLVM_TYPES, Kit, memory_type
from .value import Value


class Memory(NamedTuple):
    """What a body knows of buffers.

    Attributes:
        pointer: gives the address of a buffer, so many numbers further.
        is_buffer: whether a node is read from memory.
        place: where an element of a buffer lies, from its first number.
    """

    pointer: Callable[..., Ref]
    is_buffer: Callable[[Node], bool]
    place: Callable[[Node, tuple[Index, ...]], Index]


class Body:
    """The inside of a loop nest, at which every loop variable has a register.

    Args:
        code: where instructions go.
        lanes: how many places of the loop `across` are worked on at once; 0 for one by one.
        across: the loop the lanes lie along.
        registers: the register that holds each loop variable; for `across`, the first lane's.
        memory: where buffers lie.
        tail: a mask of the lanes that are inside the loop, or None if all are.
    """

    def __init__(
        self,
        code: Code,
        lanes: int,
        across: Loop | None,
        registers: dict[Loop, Ref],
        memory: Memory,
        tail: Value | None = None,
    ) -> None:
        self.code, self.lanes, self.across = code, lanes, across
        self.registers, self.tail = registers, tail
        self.pointer, self.is_buffer, self.place = memory
        self.kit = Kit(code, lanes)
        self.scalars = Kit(code, 0)
        self._known: dict[object, Value] = {}
        self._indices: dict[Index, Ref] = {}

    # -- indices -------------------------------------------------------------------------------------------------------

    def varies(self, index: Index) -> bool:
        """Whether the lanes have different values of an index."""
        return bool(self.lanes) and self.across in index.loops()

    def step(self, index: Index) -> int | None:
        """By how much an index grows from lane to lane; None where that is not fixed."""
        if not self.varies(index):
            return 0
        index = index.opened()
        for atom, _ in index.terms:
            if not isinstance(atom, Loop) and self.across in atom.inner.loops():
                return None
        return index.coefficient(self.across)  # type: ignore[arg-type]

    def scalar(self, index: Index) -> Ref:
        """An index as an i64 register; in lane 0 where the lanes differ."""
        if index not in self._indices:
            opened = index.opened()
            total: Ref = str(opened.constant)
            for atom, c in opened.terms:
                if isinstance(atom, Loop):
                    value = self.registers[atom]
                else:
                    value = self._divided(self.scalar(atom.inner), atom)
                total = self.code.add(self.code.mul(value, c), total)
            self._indices[index] = total
        return self._indices[index]

    def _divided(self, inner: Ref, atom: object) -> Ref:
        low, _ = atom.inner.bounds  # type: ignore[attr-defined]
        divisor = atom.divisor  # type: ignore[attr-defined]
        shift = 0 if low >= 0 else -(low // divisor) * divisor  # so that rounding towards 0 is rounding down
        what = "udiv" if isinstance(atom, Quotient) else "urem"
        value = self.code.op(f"{what} i64 {self.code.add(inner, shift)}, {divisor}")
        return self.code.add(value, -(shift // divisor)) if what == "udiv" else value

    def vector(self, index: Index) -> Value:
        """An index in every lane, as int64."""
        key = ("index", index)
        if key in self._known:
            return self._known[key]
        step = self.step(index)
        if step is not None:
            value = self.kit.splat(self.scalar(index), dtypes.int64)
            if step:
                value = value + self.kit.lane_numbers() * step
        else:
            opened = index.opened()
            value = self.kit.constant(opened.constant, dtypes.int64)
            for atom, c in opened.terms:
                if isinstance(atom, Loop):
                    part = self.vector(Index(0, ((atom, 1),)))
                elif isinstance(atom, (Quotient, Remainder)):
                    inner = self.vector(atom.inner)
                    part = (self.kit.floor_divide if isinstance(atom, Quotient) else self.kit.remainder)(
                        inner, atom.divisor
                    )
                value = value + part * c
        self._known[key] = value
        return value

    # -- values --------------------------------------------------------------------------------------------------------

    def set(self, node: Node, index: tuple[Index, ...], value: Value) -> None:
        """Make a value known: it was just worked out."""
        self._known[node, str(in_rows(node, index))] = value

    def value(self, node: Node, index: tuple[Index, ...], mask: Value | None = None) -> Value:
        """The node's value at an index; where the mask is false, anything."""
        flat = in_rows(node, index)
        key = (node, str(flat)) if mask is None else (node, str(flat), mask.ref)
        for known in (key, (node, str(flat))):
            if known in self._known:
                return self._known[known]
        value = self._work_out(node, index, flat, mask)
        self._known[key] = value
        return value

    def _work_out(self, node: Node, index: tuple[Index, ...], flat: Index, mask: Value | None) -> Value:
        if node.kind == "full":
            return self.kit.constant(node.params["value"], node.dtype)
        if node.kind == "iota":
            return self.kit.cast(self.vector(flat), node.dtype)
        if self.is_buffer(node):
            return self.load(node, self.place(node, index), mask)
        if is_view(node):
            return self.pieces(pull(node, index), node.params.get("value", 0), node.dtype, mask)
        if is_indexed(node):
            return self._take(node, index, mask)
        if is_elementwise(node):
            values = [self.value(x, index, mask) for x in node.inputs]
            return self.kit.cast(node.primitive.forward(self.kit, *values, **node.params), node.dtype)
        raise TraceError(f"{node.kind} cannot be worked out inside a loop")

    def root(self, node: Node, index: tuple[Index, ...]) -> Value:
        """The value of a node that this loop is there to work out, though it is a buffer for others."""
        flat = in_rows(node, index)
        key = (node, str(flat))
        if key not in self._known:
            was, self.is_buffer = self.is_buffer, lambda n: n is not node and was(n)
            self._known[key] = self._work_out(node, index, flat, None)
            self.is_buffer = was
        return self._known[key]

    def pieces(self, pieces: list[Piece], otherwise: float, dtype: dtypes.Dtype, mask: Value | None = None) -> Value:
        """The value of the last piece whose conditions hold, or a constant."""
        total: Value | None = None
        for piece in pieces:
            if not piece.conditions:
                total = self.value(piece.source, piece.at, mask)
                continue
            rest = self.kit.constant(otherwise, dtype) if total is None else total
            if self.lanes and not any(self.varies(c.index) for c in piece.conditions):
                total = self._branched(piece, rest, mask)
                continue
            holds = self._conjunction(piece.conditions, self.kit)
            if self.lanes:  # here, so that the choice below is seen to be that of the read
                holds.ref = split_type(some_lanes.hidden(self.code, f"{holds.type} {holds.ref}"))[1]
            value = self.value(piece.source, piece.at, holds if mask is None else self.kit.bitwise_and(holds, mask))
            total = self.kit.where(holds, value, rest)
        return self.kit.constant(otherwise, dtype) if total is None else total

    def _branched(self, piece: Piece, rest: Value, mask: Value | None) -> Value:
        """A piece whose conditions are the same in all lanes: where they do not hold, nothing is read."""
        memory = self.code.variable(rest.type)
        self.code.do(f"store {rest.type} {rest.ref}, ptr {memory}")
        with self.code.when(self._conjunction(piece.conditions, self.scalars).ref):
            known, indices = dict(self._known), dict(self._indices)  # what is worked out here is known only here
            value = self.value(piece.source, piece.at, mask)
            self.code.do(f"store {value.type} {value.ref}, ptr {memory}")
            self._known, self._indices = known, indices
        return Value(self.kit, rest.dtype, self.code.op(f"load {rest.type}, ptr {memory}"))

    def _conjunction(self, conditions: tuple[Condition, ...], kit: Kit) -> Value:
        """Whether all hold, in each lane, or with the kit of scalars in all."""
        total = kit.constant(True, dtypes.bool_)
        for c in conditions:
            low, high = c.index.bounds
            index = self.vector(c.index) if kit is self.kit else Value(kit, dtypes.int64, self.scalar(c.index))
            if low < c.low:
                total = total & (index >= c.low)
            if high >= c.high:
                total = total & (index < c.high)
        return total

    def _take(self, node: Node, index: tuple[Index, ...], mask: Value | None) -> Value:
        table, indices = node.inputs
        if table.size == 0:  # there is nothing that might be read, and no place that is not refused
            return self.kit.constant(0, node.dtype)
        axis, count = node.params["axis"], len(indices.shape)
        where = index[axis : axis + count]
        rest = flatten((*index[:axis], Index(), *index[axis + count :]), table.shape)
        stride = math.prod(table.shape[axis + 1 :])
        if self.lanes and mask is None and self.step(rest) == 1 and not any(self.varies(i) for i in where):
            alone = Body(self.code, 0, None, self.registers, Memory(self.pointer, self.is_buffer, self.place))
            place = alone._place_in(table.shape[axis], alone.value(indices, where))
            flat = self.code.add(self.scalar(rest), (place * stride).ref)
            address = self.code.element(memory_type(node.dtype), self.pointer(table), flat)
            return self._from_memory(self._neighbours(table, address, self.tail), node.dtype)
        place = self._place_in(table.shape[axis], self.value(indices, where, mask))
        return self.gather(table, self.vector(rest) + place * stride, mask)

    def _place_in(self, length: int, place: Value) -> Value:
        """An index as a place of an axis: from its end if below 0, and always on it, so that nothing else is read."""
        place = self.kit.cast(place, dtypes.int64)
        place = self.kit.where(place < 0, place + length, place)
        return self.kit.minimum(self.kit.maximum(place, 0), max(length - 1, 0))

    # -- memory --------------------------------------------------------------------------------------------------------

    def _in_loop(self, mask: Value | None) -> Value | None:
        """A mask, without the lanes that are beyond the loop."""
        if self.tail is None or mask is None:
            return self.tail or mask
        return self.kit.bitwise_and(self.tail, mask)

    def load(self, node: Node, flat: Index, mask: Value | None = None) -> Value:
        """A buffer's elements at a flat index: a vector where the lanes are neighbours, one number where they agree."""
        start, flat = self.pointer(node, flat.constant), flat - flat.constant
        step = self.step(flat)
        if step == 0 and mask is None:
            value = self._load_scalar(node, start, self.scalar(flat))
            return self.kit.splat(value, node.dtype)
        if step == 1:
            address = self.code.element(memory_type(node.dtype), start, self.scalar(flat))
            return self._from_memory(self._neighbours(node, address, self._in_loop(mask)), node.dtype)
        if step == 2:
            return self._from_memory(self._every_other(node, start, self.scalar(flat), self._in_loop(mask)), node.dtype)
        return self.gather(node, self.vector(flat), mask, start)

    def _neighbours(self, node: Node, address: Ref, wanted: Value | None) -> Ref:
        """A vector of numbers from an address on, or those of them that are wanted."""
        vector = self._vector_of(node)
        if wanted is None:
            return self.code.op(f"load {vector.type}, ptr {address}, align {node.dtype.itemsize}")
        return some_lanes.load(self.code, vector, address, f"{wanted.type} {wanted.ref}")

    def _every_other(self, node: Node, start: Ref, place: Ref, wanted: Value | None) -> Ref:
        """Numbers two apart: picked from two vectors, the second of which ends with the last of them."""
        lanes, half, type_ = self.lanes, self.lanes // 2, memory_type(node.dtype)
        parts = []
        for first in (0, lanes - 1):
            here = None
            if wanted is not None:  # in memory, the number of lane l stands at 2 l
                held = ((first + i) // 2 if (first + i) % 2 == 0 else lanes for i in range(lanes))
                spread = self._shuffled(f"{wanted.type} {wanted.ref}", "zeroinitializer", held)
                here = Value(self.kit, dtypes.bool_, spread)
            address = self.code.element(type_, start, self.code.add(place, first))
            parts.append(self._neighbours(node, address, here))
        picked = (*range(0, lanes, 2), *(lanes + 1 + 2 * i for i in range(half)))
        return self._shuffled(f"<{lanes} x {type_}> {parts[0]}", parts[1], picked)

    def _shuffled(self, a: str, b: Ref, places: Iterable[int]) -> Ref:
        """Lanes of two vectors, numbered through; the first is given with its type."""
        order = ", ".join(f"i32 {place}" for place in places)
        return self.code.op(f"shufflevector {a}, {split_type(a)[0]} {b}, <{self.lanes} x i32> <{order}>")

    def _load_scalar(self, node: Node, start: Ref, place: Ref) -> Ref:
        type_ = memory_type(node.dtype)
        value = self.code.op(f"load {type_}, ptr {self.code.element(type_, start, place)}")
        return self.code.op(f"trunc i8 {value} to i1") if node.dtype == dtypes.bool_ else value

    def gather(self, node: Node, places: Value, mask: Value | None, start: Ref = "") -> Value:
        """A buffer's elements at a vector of places."""
        type_, start = memory_type(node.dtype), start or self.pointer(node)
        if not self.lanes:
            if mask is not None:
                places = self.kit.where(mask, places, 0)
            return Value(self.kit, node.dtype, self._load_scalar(node, start, places.ref))
        text = f"getelementptr inbounds {type_}, ptr {start}, {places.type} {places.ref}"
        addresses, wanted = self.code.op(text), self._in_loop(mask) or self.kit.constant(True, dtypes.bool_)
        loaded = some_lanes.gather(
            self.code, self._vector_of(node), f"<{self.lanes} x ptr> {addresses}", f"{wanted.type} {wanted.ref}"
        )
        return self._from_memory(loaded, node.dtype)

    def store(self, node: Node, index: tuple[Index, ...], value: Value) -> None:
        """Write a value to a buffer: neighbours at once, or one number."""
        flat, type_ = self.place(node, index), memory_type(node.dtype)
        ref = value.ref
        if node.dtype == dtypes.bool_:
            ref = self.code.op(f"zext {value.type} {ref} to {f'<{self.lanes} x i8>' if self.lanes else 'i8'}")
        start, flat = self.pointer(node, flat.constant), flat - flat.constant
        address = self.code.element(type_, start, self.scalar(flat))
        if not self.lanes:
            self.code.do(f"store {type_} {ref}, ptr {address}")
            return
        vector, step = self._vector_of(node), self.step(flat)
        wanted = self.tail or self.kit.constant(True, dtypes.bool_)
        if step == 0:  # the lanes lie along an axis of length 1
            self.code.do(f"store {type_} {self.code.op(f'extractelement {vector.type} {ref}, i64 0')}, ptr {address}")
        elif step == 1 and self.tail is None:
            self.code.do(f"store {vector.type} {ref}, ptr {address}, align {node.dtype.itemsize}")
        elif step == 1:
            some_lanes.store(self.code, vector, ref, address, f"{wanted.type} {wanted.ref}")
        else:
            to = self._addresses(node, start, flat)
            some_lanes.scatter(self.code, vector, ref, to, f"{wanted.type} {wanted.ref}")

    def _addresses(self, node: Node, start: Ref, flat: Index) -> str:
        """The address of each lane's number, with its type."""
        places = self.vector(flat)
        text = f"getelementptr inbounds {memory_type(node.dtype)}, ptr {start}, {places.type} {places.ref}"
        return f"<{self.lanes} x ptr> {self.code.op(text)}"

    def _vector_of(self, node: Node) -> some_lanes.Vector:
        """As many of a node's numbers as there are lanes, as they lie in memory."""
        return some_lanes.Vector(self.lanes, memory_type(node.dtype))

    def _from_memory(self, ref: Ref, dtype: dtypes.Dtype) -> Value:
        if dtype == dtypes.bool_:
            ref = self.code.op(f"trunc <{self.lanes} x i8> {ref} to <{self.lanes} x i1>")
        return Value(self.kit, dtype, ref)


__all__ = ["LLVM_TYPES", "Body"]
