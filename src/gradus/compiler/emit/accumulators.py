"""Vectors of sums that stay in registers while an innermost loop runs."""

from __future__ import annotations

from collections.abc import Sequence

from ... import dtypes
from . import some_lanes
from .code import Ref
from .kit import Kit, memory_type
from .value import Value


def load(kit: Kit, dtype: dtypes.Dtype, address: Ref, inside: int = 0) -> Value:
    """A vector, or with a kit of scalars a number, from memory; of a vector only so many lanes, if not 0 or all."""
    if 0 < inside < kit.lanes:
        vector = some_lanes.Vector(kit.lanes, memory_type(dtype))
        return Value(kit, dtype, some_lanes.load(kit.code, vector, address, some_lanes.first(inside, kit.lanes)))
    return Value(kit, dtype, kit.code.op(f"load {kit.type(dtype)}, ptr {address}, align {dtype.itemsize}"))


def store(value: Value, address: Ref, inside: int = 0) -> None:
    """A vector, or a number, to memory; of a vector only so many lanes, if not 0 or all."""
    kit = value.kit
    if 0 < inside < kit.lanes:
        vector = some_lanes.Vector(kit.lanes, memory_type(value.dtype))
        some_lanes.store(kit.code, vector, value.ref, address, some_lanes.first(inside, kit.lanes))
        return
    kit.code.do(f"store {value.type} {value.ref}, ptr {address}, align {value.dtype.itemsize}")


class Accumulators:
    """So many vectors: local variables, which LLVM keeps in registers if there are enough.

    They begin as zeros.
    """

    def __init__(self, kit: Kit, dtype: dtypes.Dtype, count: int) -> None:
        self.kit, self.dtype = kit, dtype
        self._memory = [kit.code.variable(kit.type(dtype)) for _ in range(count)]
        self._begin()

    def _begin(self) -> None:
        for memory in self._memory:
            store(self.kit.constant(0, self.dtype), memory)

    def _element(self, address: Ref, i: int) -> Ref:
        return self.kit.code.element(self.kit.type(self.dtype), address, i)

    def add(self, i: int, a: Value, b: Value) -> None:
        """Add a b to number i."""
        store(self.kit.fma(a, b, load(self.kit, self.dtype, self._memory[i])), self._memory[i])

    def values(self) -> list[Value]:
        """All of them."""
        return [load(self.kit, self.dtype, memory) for memory in self._memory]

    def leave(self, address: Ref, values: Sequence[Value] = ()) -> None:
        """Write them, or what was made of them, one after the other."""
        for i, value in enumerate(values or self.values()):
            store(value, self._element(address, i))

    def empty(self, address: Ref, values: Sequence[Value] = ()) -> None:
        """Add them, or what was made of them, to what lies there one after the other, and begin anew."""
        for i, value in enumerate(values or self.values()):
            place = self._element(address, i)
            store(load(self.kit, self.dtype, place) + value, place)
        self._begin()
