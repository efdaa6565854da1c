"""Integers where the machine's instructions trap or mean nothing: every operand has a result, that of NumPy.

The smallest number divided by -1, and a division by 0, would end the process; a shift by the type's width or more, and
a float without a place among the integers, give LLVM the right to any result.
"""

from __future__ import annotations

import numpy as np

from ... import dtypes
from .value import Instructions, Value


def floor_divide(kit: Instructions, a: Value, b: Value) -> Value:
    """a / b rounded down; 0 where b is 0."""
    zero = kit.equal(b, 0)
    if a.dtype.kind != "i":
        return kit.where(zero, 0, kit.machine_division(a, kit.where(zero, 1, b)))
    minus_one = kit.equal(b, -1)
    safe = kit.where(kit.bitwise_or(zero, minus_one), 1, b)
    quotient = kit.machine_division(a, safe)
    rest = a - quotient * safe
    wrong = kit.bitwise_and(kit.not_equal(rest, 0), kit.less(kit.bitwise_xor(rest, safe), 0))
    quotient = quotient - kit.cast(wrong, a.dtype)
    return kit.where(zero, 0, kit.where(minus_one, kit.negative(a), quotient))


def remainder(kit: Instructions, a: Value, b: Value) -> Value:
    """What is left of a, with the sign of b; 0 where b is 0."""
    return kit.where(kit.equal(b, 0), 0, a - floor_divide(kit, a, b) * b)


def power(kit: Instructions, a: Value, b: Value) -> Value:
    """a^b by squaring, which runs over as products do; 1 where b is negative, which is refused elsewhere.

    The bits of the exponent are taken one after the other, from the lowest.
    """
    code, type_ = kit.code, a.type
    result, square, left = (code.variable(type_) for _ in range(3))
    kept = ((result, kit.constant(1, a.dtype)), (square, a), (left, kit.maximum(b, 0)))
    for memory, start in kept:
        code.do(f"store {type_} {start.ref}, ptr {memory}")

    def held(memory: str) -> Value:
        return Value(kit, a.dtype, code.op(f"load {type_}, ptr {memory}"))

    with code.loop(0, a.dtype.itemsize * 8):
        base, so_far, exponent = held(square), held(result), held(left)
        odd = kit.not_equal(kit.bitwise_and(exponent, 1), 0)
        for memory, now in (
            (result, kit.where(odd, so_far * base, so_far)),
            (square, base * base),
            (left, kit.right_shift(exponent, 1)),
        ):
            code.do(f"store {type_} {now.ref}, ptr {memory}")
    return held(result)


def shift(kit: Instructions, a: Value, b: Value, to_the_left: bool) -> Value:
    """a shifted by b bits; by more than there are, or by a negative number of them, all are shifted out."""
    bits = a.dtype.itemsize * 8
    unsigned = Value(kit, np.dtype(f"uint{bits}"), b.ref)  # a negative number is a very high one
    inside = kit.less(unsigned, bits)
    shifted = kit.machine_shift(a, kit.where(inside, b, bits - 1), to_the_left)
    return shifted if a.dtype.kind == "i" and not to_the_left else kit.where(inside, shifted, 0)


def truncated(kit: Instructions, a: Value, dtype: dtypes.Dtype) -> Value:
    """A float as an integer, rounded towards 0; what does not fit gives the number that C gives on x86."""
    wide = dtypes.int64 if dtype.itemsize == 8 or dtype == dtypes.uint32 else dtypes.int32
    whole = _fitting(kit, a, wide)
    if dtype == dtypes.uint64:
        beyond = a >= 2.0**63
        upper = kit.bitwise_xor(_fitting(kit, a - 2.0**63, wide), -(2**63))
        whole = kit.where(beyond, upper, whole)
    return kit.cast(whole, dtype)


def _fitting(kit: Instructions, a: Value, dtype: dtypes.Dtype) -> Value:
    """A float as a signed integer; the smallest one if it is no number of the type, as on x86."""
    limit = 2.0 ** (8 * dtype.itemsize - 1)
    fits = kit.bitwise_and(a >= -limit, a < limit)
    safe = kit.where(fits, a, 0)
    whole = Value(kit, dtype, kit.code.op(f"fptosi {a.type} {safe.ref} to {kit.type(dtype)}"))
    return kit.where(fits, whole, int(-limit))
