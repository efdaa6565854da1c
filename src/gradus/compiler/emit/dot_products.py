"""Sums of bfloat16 products by the processor's dot products: each lane adds two products at once to a float32.

An operand is a vector of pairs. A word, 32 bits, is a pair: two numbers that lie next to each other, the first below.
"""

from __future__ import annotations

from ... import dtypes
from .accumulators import Accumulators, load, store
from .code import Ref
from .kit import Kit
from .value import Value

LANES = 16  # of float32, for which there is the instruction
PAIRS = f"<{2 * LANES} x bfloat>"
NUMBERS = f"<{2 * LANES} x i16>"
WORDS = f"<{LANES} x i32>"


def dot(total: Value, a: Value, b: Value) -> Value:
    """total + a0 b0 + a1 b1, in each lane."""
    code = total.kit.code
    pairs = (f"{PAIRS} {code.op(f'bitcast {v.type} {v.ref} to {PAIRS}')}" for v in (a, b))
    name = "llvm.x86.avx512bf16.dpbf16ps.512"
    return Value(total.kit, total.dtype, code.call(total.type, name, f"{total.type} {total.ref}", *pairs))


def add_product(total: Value, a: Value, b: Value, of_pairs: bool) -> Value:
    """total + a b, of numbers or of pairs."""
    return dot(total, a, b) if of_pairs else total.kit.fma(a, b, total)


class DotAccumulators(Accumulators):
    """Sums of the products of pairs."""

    def add(self, i: int, a: Value, b: Value) -> None:
        store(dot(load(self.kit, self.dtype, self._memory[i]), a, b), self._memory[i])


def rounded(first: Value, second: Value) -> Ref:
    """Two vectors of float32, the one behind the other, as one of bfloat16."""
    name = "llvm.x86.avx512bf16.cvtne2ps2bf16.512"
    return first.kit.code.call(PAIRS, name, *(f"{v.type} {v.ref}" for v in (second, first)))


def paired(first: Value, second: Value) -> Ref:
    """Two vectors of float32 as one of bfloat16, in pairs, lane by lane."""
    order = ", ".join(f"i32 {i}, i32 {i + LANES}" for i in range(LANES))
    numbers = rounded(first, second)
    return first.kit.code.op(f"shufflevector {PAIRS} {numbers}, {PAIRS} poison, <{2 * LANES} x i32> <{order}>")


def interleaved(kit: Kit, first: Ref, second: Ref) -> list[Value]:
    """The numbers of two vectors in pairs: two vectors of words, each half of them (see `in_order`)."""
    found = []
    for start in (0, 4):  # in each quarter of the registers, its first or its second four: one instruction each
        places = (8 * quarter + i for quarter in range(4) for i in range(start, start + 4))
        order = ", ".join(f"i32 {i}, i32 {i + 2 * LANES}" for i in places)
        text = f"shufflevector {NUMBERS} {first}, {NUMBERS} {second}, <{2 * LANES} x i32> <{order}>"
        words = kit.code.op(f"bitcast {NUMBERS} {kit.code.op(text)} to {WORDS}")
        found.append(Value(kit, dtypes.uint32, words))
    return found


def in_order(low: Value, high: Value) -> list[Value]:
    """Sums that were made of the two vectors of `interleaved`, lane by lane as the numbers lay."""
    found = []
    for start in (0, LANES):
        numbers = range(start, start + LANES)
        order = ", ".join(f"i32 {n // 8 * 4 + n % 4 + (LANES if n % 8 >= 4 else 0)}" for n in numbers)
        text = f"shufflevector {low.type} {low.ref}, {high.type} {high.ref}, <{LANES} x i32> <{order}>"
        found.append(Value(low.kit, low.dtype, low.kit.code.op(text)))
    return found
