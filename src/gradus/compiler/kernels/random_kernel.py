"""Random bits: Philox-4x32-10, a vector of counters at a time, in eager order (`ops/making/_philox.py`)."""

from __future__ import annotations

from typing import Any

from ... import dtypes
from ...ops.making import _philox
from ..emit import some_lanes
from ..emit.accumulators import store
from ..emit.code import Ref
from ..emit.kit import Kit
from ..emit.value import Value
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
