"""float16 and bfloat16 from and to float32, in integer operations: the same bits on every machine.

Conversion to a half type rounds to the nearest, ties to the even one, and keeps infinities, NaN and denormal numbers.
"""

from __future__ import annotations

import numpy as np

from ... import dtypes
from .value import Instructions, Value

_INFINITY = 0x7F800000  # float32's
_BITS = np.dtype(np.uint16)


def widen(kit: Instructions, a: Value) -> Value:
    """A half type as float32, exactly."""
    bits = kit.cast(Value(kit, _BITS, a.ref), dtypes.uint32)
    if a.dtype == dtypes.bfloat16:
        return kit.bitcast(bits << 16, dtypes.float32)
    size = (bits & 0x7FFF) << 13
    finite = kit.bitcast(kit.bitcast(size, dtypes.float32) * 2.0**112, dtypes.uint32)  # the exponent's other offset
    value = kit.where(size >= 0x0F800000, size | _INFINITY, finite)
    return kit.bitcast(value | ((bits & 0x8000) << 16), dtypes.float32)


def narrow(kit: Instructions, a: Value, dtype: dtypes.Dtype) -> Value:
    """Any number as a half type."""
    if a.dtype == dtypes.float64 and dtype == dtypes.float16:
        a = _to_odd(kit, a)
    bits = kit.bitcast(kit.cast(a, dtypes.float32), dtypes.uint32)
    rounded = (_bfloat16 if dtype == dtypes.bfloat16 else _float16)(kit, bits)
    return Value(kit, dtype, kit.cast(rounded, _BITS).ref)


def pair(kit: Instructions, first: Value, second: Value) -> Value:
    """Two float32 numbers as bfloat16 in one word, the first below."""
    low, high = (_bfloat16(kit, kit.bitcast(v, dtypes.uint32)) for v in (first, second))
    return low | (high << 16)


def _bfloat16(kit: Instructions, bits: Value) -> Value:
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    sign = (bits >> 16) & 0x8000
    return kit.where((bits & 0x7FFFFFFF) > _INFINITY, sign | 0x7FC0, rounded)


def _float16(kit: Instructions, bits: Value) -> Value:
    size = bits & 0x7FFFFFFF
    normal = (size + 0xC8000FFF + ((size >> 13) & 1)) >> 13
    # adding 1/2 moves a denormal result's bits to the end of the number, rounded
    denormal = kit.bitcast(kit.bitcast(size, dtypes.float32) + 0.5, dtypes.uint32) - 0x3F000000
    value = kit.where(size < 0x38800000, denormal, normal)
    value = kit.where(size >= 0x47800000, 0x7C00, value)
    value = kit.where(size > _INFINITY, 0x7E00, value)
    return value | ((bits >> 16) & 0x8000)


def _to_odd(kit: Instructions, a: Value) -> Value:
    """float64 as float32, the last bit set where digits were lost: then a second rounding is as good as one."""
    near = kit.cast(a, dtypes.float32)
    back = kit.cast(near, dtypes.float64)
    bits = kit.bitcast(near, dtypes.uint32)
    towards_zero = kit.where(abs(back) > abs(a), bits - 1, bits)
    lost = kit.bitwise_or(back < a, back > a)
    return kit.bitcast(kit.where(lost, towards_zero | 1, bits), dtypes.float32)
