"""Primitives that are like no other: random bits, and the order of a row's numbers.

Random bits are Philox-4x32-10, a vector of counters at a time, in eager order (`ops/making/_philox.py`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import dtypes
from ...ops.core.places import Loop, flatten, variable
from ...ops.making import _philox
from ..emit import some_lanes
from ..emit.accumulators import store
from ..emit.code import Ref
from ..emit.kit import Kit
from ..emit.value import Value
from ..graph.reads import at, loops_over
from .loop_kernels import LoopKernel


class _Namespace:
    """What `_philox.philox` asks of an array namespace."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit

    def uint64(self, value: Any) -> Any:
        return value

    def zeros_like(self, like: Value) -> Value:
        return self.kit.constant(0, like.dtype)

    def stack(self, values: list[Value]) -> list[Value]:
        return values


class RandomKernel(LoopKernel):
    """Fills a buffer with random words; group g of 64 comes from counters 16 g to 16 g + 15."""

    def _random_bits(self) -> None:
        n, code = self.kernel.main[0], self.code
        if not n.size:
            return
        lanes = min(self.lanes, _philox.LANES)
        parts = _philox.LANES // lanes  # vectors that make up the counters of a group
        kit = Kit(code, lanes)
        key, counter = (code.op(f"load i64, ptr {code.element('i64', self.pointer(n.inputs[0]), i)}") for i in range(2))
        first, end = self.share(-(-n.size // _philox.GROUP) * parts)
        with code.loop(first, end) as step:
            start = kit.splat(code.add(counter, code.mul(step, lanes)), dtypes.uint64)
            counters = start + Value(kit, dtypes.uint64, kit.lane_numbers().ref)
            seed: Any = kit.splat(key, dtypes.uint64)
            words = _philox.philox(_Namespace(kit), seed, counters)
            group, part = code.op(f"udiv i64 {step}, {parts}"), code.op(f"urem i64 {step}, {parts}")
            base = code.add(code.mul(group, _philox.GROUP), code.mul(part, lanes))
            for i, word in enumerate(words):
                self._store(kit, kit.cast(word, dtypes.uint32), code.add(base, i * _philox.LANES), n.size)

    def _store(self, kit: Kit, word: Value, place: Ref, size: int) -> None:
        """A vector of words; those beyond the end of the buffer are left out."""
        code = self.code
        address = code.element("i32", self.pointer(self.kernel.main[0]), place)
        left = code.op(f"sub i64 {size}, {place}")
        whole = code.op(f"icmp sge i64 {left}, {kit.lanes}")
        with code.when(whole):
            store(word, address)
        if size % _philox.GROUP:
            with code.when(code.op(f"xor i1 {whole}, true")):
                there = kit.lane_numbers() < kit.splat(left, dtypes.int64)
                vector = some_lanes.Vector(kit.lanes, "i32")
                some_lanes.store(code, vector, word.ref, address, f"{there.type} {there.ref}")


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
