"""The order of the numbers of each row."""

from __future__ import annotations

from typing import NamedTuple

from ... import dtypes
from ...ops.core.places import Loop, flatten, variable
from ..emit.code import Ref
from ..emit.kit import Kit
from ..emit.value import Value
from ..graph.reads import at, loops_over
from .loop_kernels import LoopKernel


class Row(NamedTuple):
    """A row that is sorted: where its places lie, its loops, and where these stand."""

    places: Ref
    rows: list[Loop]
    registers: dict[Loop, Ref]


class SortKernel(LoopKernel):
    """The places of each row's numbers, in order: heapsort (Williams, 1964) of the places, where they lie.

    It needs no memory besides, and takes n log n steps whatever the numbers. It would not keep the order of equals: so
    of two that are equal, the one that stood first is taken for the smaller.
    """

    def _argsort(self) -> None:
        n = self.kernel.main[0]
        rows, length = loops_over(n.shape[:-1]), n.shape[-1]

        def inside(registers: dict[Loop, Ref], _: Value | None) -> None:
            code = self.code
            first = self.body(0, None, registers).scalar(flatten((*at(rows), variable(Loop("r", 1))), n.shape))
            row = Row(code.element("i64", self.pointer(n), first), rows, registers)
            with code.loop(0, length) as i:
                code.do(f"store i64 {i}, ptr {code.element('i64', row.places, i)}")
            with code.loop(0, length // 2) as i:
                root = code.op(f"sub i64 {length // 2 - 1}, {i}")
                self._sift(row, self._place(row, root), root, str(length))
            with code.loop(1, length) as i:
                end = code.op(f"sub i64 {length}, {i}")
                last, largest = self._place(row, end), self._place(row, "0")
                code.do(f"store i64 {largest}, ptr {code.element('i64', row.places, end)}")
                self._sift(row, last, "0", end)

        self.places(rows or [Loop("i", 1)], 0, inside)

    def _place(self, row: Row, i: Ref) -> Ref:
        return self.code.op(f"load i64, ptr {self.code.element('i64', row.places, i)}")

    def _sift(self, row: Row, moving: Ref, root: Ref, end: Ref) -> None:
        """Let a place sink from the root of a heap that ends somewhere, below all that come after it."""
        code = self.code
        hole = code.variable("i64")
        code.do(f"store i64 {root}, ptr {hole}")
        with code.again() as leave:
            here = code.op(f"load i64, ptr {hole}")
            left = code.add(code.mul(here, 2), 1)
            leave(code.op(f"icmp sge i64 {left}, {end}"))
            right = code.least(code.add(left, 1), code.op(f"sub i64 {end}, 1"))
            one, other = self._place(row, left), self._place(row, right)
            later = self._before(row, one, other)
            child = code.op(f"select i1 {later}, i64 {right}, i64 {left}")
            place = code.op(f"select i1 {later}, i64 {other}, i64 {one}")
            leave(self._before(row, place, moving))
            code.do(f"store i64 {place}, ptr {code.element('i64', row.places, here)}")
            code.do(f"store i64 {child}, ptr {hole}")
        here = code.op(f"load i64, ptr {hole}")
        code.do(f"store i64 {moving}, ptr {code.element('i64', row.places, here)}")

    def _before(self, row: Row, one: Ref, other: Ref) -> Ref:
        """Whether the number at one place comes before that at another; NaN is the largest."""
        x, kit = self.kernel.main[0].inputs[0], Kit(self.code, 0)
        along = Loop("r", max(x.shape[-1], 2))
        a, b = (
            self.body(0, None, row.registers | {along: place}).value(x, (*at(row.rows), variable(along)))
            for place in (one, other)
        )
        before, after = a < b, b < a
        if dtypes.is_float(x.dtype):
            one_is_nan, other_is_nan = kit.isnan(a), kit.isnan(b)
            before = before | (other_is_nan & self._not(one_is_nan))
            after = after | (one_is_nan & self._not(other_is_nan))
        first = Value(kit, dtypes.bool_, self.code.op(f"icmp slt i64 {one}, {other}"))
        return (before | (first & self._not(after))).ref
