"""Random bits: Philox-4x32-10, sixteen counters at a time, in the order that eager mode has (`ops/_philox.py`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..ops import _philox
from .code import Ref
from .index import Loop
from .kit import Kit, Value
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
        n = self.kernel.main[0]
        kit, code = Kit(self.code, _philox.LANES), self.code
        groups = -(-n.size // _philox.GROUP)
        state = [code.op(f"load i64, ptr {code.element('i64', self.pointer(n.inputs[0]), i)}") for i in range(2)]
        key = kit.splat(state[0], dtypes.uint64)
        if not n.size:
            return
        first, end = self.share(groups)
        with code.loop(first, end) as g:
            start = kit.splat(code.add(state[1], code.mul(g, _philox.LANES)), dtypes.uint64)
            counters = start + Value(kit, dtypes.uint64, kit.lane_numbers().ref)
            words = _philox.philox(_Namespace(kit), key, counters)
            base = code.mul(g, _philox.GROUP)
            for lane, word in enumerate(words):
                narrow = kit.cast(word, dtypes.uint32)
                self._store(narrow, code.add(base, lane * _philox.LANES), n.size)

    def _store(self, word: Value, place: Ref, size: int) -> None:
        """Sixteen words; those beyond the end of the buffer are left out."""
        kit, n = word.kit, self.kernel.main[0]
        body = self.body(_philox.LANES, Loop("i", size), {})
        left = kit.splat(self.code.op(f"sub i64 {size}, {place}"), dtypes.int64)
        mask = kit.lane_numbers() < left
        address = self.code.element("i32", self.pointer(n), place)
        suffix = body.kit.suffix(np.dtype(np.uint32))
        self.code.call(
            "void", f"llvm.masked.store.{suffix}.p0", f"{word.type} {word.ref}", f"ptr {address}", "i32 4",
            f"{mask.type} {mask.ref}",
        )  # fmt: skip


