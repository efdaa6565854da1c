"""Reductions of short rows: as many rows at a time as a vector has lanes.

A row's terms are gathered in a vector, and the lanes of all these vectors are brought together at once. What follows,
as the logarithm of a row's sum, is then worked out for all of the rows in one vector.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...ops.core.places import Loop, unflatten
from ..emit.code import Ref
from ..emit.folding import folded
from ..emit.kit import Kit
from ..emit.value import Value
from .loop_kernels import LoopKernel

SHORT = 4  # vectors of terms, up to which bringing a row's lanes together is a large part of the work


class RowKernel(LoopKernel):
    """A reduction; if its lanes lie along short rows, it takes several rows at a time."""

    def _along(self, kept: Sequence[Loop], reduced: Sequence[Loop]) -> None:
        long = math.prod(loop.extent for loop in reduced) > SHORT * self.lanes
        if long or 2 * kept[-1].extent < self.lanes or any(type(loop) is not Loop for loop in (*kept, *reduced)):
            super()._along(kept, reduced)
            return
        kit, rows = Kit(self.code, self.lanes), kept[-1]
        types = [kit.type(n.dtype) for n in self.kernel.main]
        kept_sums = [self.code.variable(f"[{self.lanes} x {type_}]") for type_ in types]

        def inside(registers: dict[Loop, Ref], tail: Value | None) -> None:
            with self.code.loop(0, self.lanes) as i:
                row = self.code.least(self.code.add(registers[rows], i), str(rows.extent - 1))
                for memory, sums, type_ in zip(
                    self.gathered(registers | {rows: row}, kept, reduced), kept_sums, types, strict=True
                ):
                    value = self.code.op(f"load {type_}, ptr {memory}")
                    self.code.do(f"store {type_} {value}, ptr {self.code.element(type_, sums, i)}")
            body, flat = self.body(self.lanes, rows, registers, tail), self.place(kept)
            for n, sums, type_ in zip(self.kernel.main, kept_sums, types, strict=True):
                places = (self.code.element(type_, sums, i) for i in range(self.lanes))
                vectors = [Value(kit, n.dtype, self.code.op(f"load {type_}, ptr {place}")) for place in places]
                total = folded(vectors, lambda a, b, n=n: self.combine(kit, n, a, b))  # type: ignore[misc]
                body.set(n, unflatten(flat, n.shape), total)
            self.finish(body, flat)

        self.places(kept, self.lanes, inside)
