"""An array namespace whose arrays are vector registers.

A primitive's meaning is written once, as a function of an array namespace `xp`. Eager mode hands it NumPy. The compiler
hands it the `Kit`, whose functions emit vector instructions: so the meaning is the lowering.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes
from . import half, integers, vector_math
from .code import Code, Ref
from .value import Value

LLVM_TYPES = {
    dtypes.bool_: "i1",
    dtypes.uint8: "i8",
    np.dtype(np.int8): "i8",
    np.dtype(np.int16): "i16",
    np.dtype(np.uint16): "i16",
    dtypes.int32: "i32",
    dtypes.uint32: "i32",
    dtypes.int64: "i64",
    dtypes.uint64: "i64",
    dtypes.float16: "i16",  # half types are bits in registers, too; they are worked with as float32
    dtypes.bfloat16: "i16",
    dtypes.float32: "float",
    dtypes.float64: "double",
}


def is_half(dtype: dtypes.Dtype) -> bool:
    """Whether numbers of this type are worked with in float32, and rounded after each operation."""
    return dtype in (dtypes.float16, dtypes.bfloat16)


def memory_type(dtype: dtypes.Dtype) -> str:
    """How a number lies in memory: a boolean takes a byte."""
    return "i8" if dtype == dtypes.bool_ else LLVM_TYPES[dtype]


def literal(value: Any, dtype: dtypes.Dtype) -> str:
    """A number as LLVM writes it; floats as the bits of a double."""
    if dtype == dtypes.bool_:
        return "true" if value else "false"
    if not dtypes.is_float(dtype):
        return str(int(value))
    rounded = float(np.asarray(value, dtype))
    if is_half(dtype):
        return str(int(np.asarray(value, dtype).view(np.uint16)))
    return f"0x{struct.unpack('<Q', struct.pack('<d', rounded))[0]:016X}"


class Kit:
    """The namespace: `lanes` numbers at a time, into `code`. With 0 lanes, scalars."""

    def __init__(self, code: Code, lanes: int) -> None:
        self.code, self.lanes = code, lanes

    # -- types and constants -------------------------------------------------------------------------------------------

    def type(self, dtype: dtypes.Dtype) -> str:
        return f"<{self.lanes} x {LLVM_TYPES[dtype]}>" if self.lanes else LLVM_TYPES[dtype]

    def suffix(self, dtype: dtypes.Dtype) -> str:
        """How intrinsics name a type: v16f32."""
        bits = dtype.itemsize * 8
        base = f"{'f' if dtypes.is_float(dtype) and not is_half(dtype) else 'i'}{bits}"
        return f"v{self.lanes}{base}" if self.lanes else base

    def constant(self, value: Any, dtype: dtypes.Dtype) -> Value:
        text = literal(value, dtype)
        if self.lanes:
            text = f"splat ({LLVM_TYPES[dtype]} {text})"
        return Value(self, dtype, text)

    def splat(self, ref: Ref, dtype: dtypes.Dtype) -> Value:
        """One scalar in every lane."""
        if not self.lanes:
            return Value(self, dtype, ref)
        type_ = self.type(dtype)
        first = self.code.op(f"insertelement {type_} poison, {LLVM_TYPES[dtype]} {ref}, i64 0")
        spread = self.code.op(
            f"shufflevector {type_} {first}, {type_} poison, <{self.lanes} x i32> zeroinitializer"
        )
        return Value(self, dtype, spread)

    def lane_numbers(self) -> Value:
        """0, 1, 2 ... in int64."""
        if not self.lanes:
            return self.constant(0, dtypes.int64)
        return Value(self, dtypes.int64, "<" + ", ".join(f"i64 {i}" for i in range(self.lanes)) + ">")

    def _both(self, a: Any, b: Any) -> tuple[Value, Value]:
        if not isinstance(a, Value):
            a = self.constant(a, b.dtype)
        if not isinstance(b, Value):
            b = self.constant(b, a.dtype)
        return a, b

    def _binary(self, a: Any, b: Any, on_floats: str, on_integers: str) -> Value:
        a, b = self._both(a, b)
        if is_half(a.dtype):
            return self._in_float32(lambda x, y: self._binary(x, y, on_floats, on_integers), a, b)
        floats = dtypes.is_float(a.dtype)
        text = on_floats if floats else on_integers
        if not floats and a.dtype.kind in "ub":
            text = text.replace("sdiv", "udiv").replace("srem", "urem").replace("ashr", "lshr")
        return Value(self, a.dtype, self.code.op(f"{text} {a.type} {a.ref}, {b.ref}"))

    def _in_float32(self, function: Callable[..., Value], *halves: Value) -> Value:
        """Worked out in float32, and rounded."""
        return self.cast(function(*(self.cast(h, dtypes.float32) for h in halves)), halves[0].dtype)

    # -- arithmetic ----------------------------------------------------------------------------------------------------

    def add(self, a: Any, b: Any) -> Value:
        a, b = self._both(a, b)
        if a.dtype == dtypes.bool_:
            return self.bitwise_or(a, b)
        return self._binary(a, b, "fadd", "add")

    def subtract(self, a: Any, b: Any) -> Value:
        return self._binary(a, b, "fsub", "sub")

    def multiply(self, a: Any, b: Any) -> Value:
        a, b = self._both(a, b)
        if a.dtype == dtypes.bool_:
            return self.bitwise_and(a, b)
        return self._binary(a, b, "fmul", "mul")

    def divide(self, a: Any, b: Any) -> Value:
        return self._binary(a, b, "fdiv", "")

    def floor_divide(self, a: Any, b: Any) -> Value:
        a, b = self._both(a, b)
        if is_half(a.dtype):
            return self._in_float32(self.floor_divide, a, b)
        if dtypes.is_float(a.dtype):
            rest = self._binary(a, b, "frem", "")
            near = self.rint((a - rest) / b - self.where(self._apart(rest, b), self.constant(1, a.dtype), 0))
            whole = self.where(self.equal(near, 0), self.copysign(self.constant(0, a.dtype), a / b), near)
            return self.where(self.equal(b, 0), a / b, whole)
        return integers.floor_divide(self, a, b)

    def machine_division(self, a: Value, b: Value) -> Value:
        """The machine's division of integers, which traps: b must not be 0, nor -1 if it has a sign."""
        return self._binary(a, b, "", "sdiv")

    def remainder(self, a: Any, b: Any) -> Value:
        a, b = self._both(a, b)
        if is_half(a.dtype):
            return self._in_float32(self.remainder, a, b)
        if dtypes.is_float(a.dtype):
            rest = self._binary(a, b, "frem", "")
            exact = self.where(self.equal(rest, 0), self.copysign(rest, b), rest)
            return self.where(self._apart(rest, b), rest + b, exact)
        return integers.remainder(self, a, b)

    def _apart(self, rest: Value, b: Value) -> Value:
        """Whether a remainder has the other sign than the divisor."""
        return self.bitwise_and(self.not_equal(rest, 0), self.not_equal(self.less(rest, 0), self.less(b, 0)))

    def power(self, a: Any, b: Any) -> Value:
        a, b = self._both(a, b)
        if dtypes.is_float(a.dtype):
            return self.intrinsic("pow", a, b)
        return integers.power(self, a, b)

    def negative(self, a: Value) -> Value:
        if is_half(a.dtype):
            return Value(self, a.dtype, self.code.op(f"xor {a.type} {a.ref}, {self._bits(0x8000)}"))
        if dtypes.is_float(a.dtype):
            return Value(self, a.dtype, self.code.op(f"fneg {a.type} {a.ref}"))
        return self.subtract(0, a)

    def abs(self, a: Value) -> Value:
        if is_half(a.dtype):
            return Value(self, a.dtype, self.code.op(f"and {a.type} {a.ref}, {self._bits(0x7FFF)}"))
        if dtypes.is_float(a.dtype):
            return self.intrinsic("fabs", a)
        return a if a.dtype.kind in "ub" else self.where(self.less(a, 0), self.negative(a), a)

    absolute = abs

    def sign(self, a: Value) -> Value:
        ones = self.where(self.greater(a, 0), 1, self.where(self.less(a, 0), -1, a))
        return self.where(self.equal(a, 0), 0, ones)

    def maximum(self, a: Any, b: Any) -> Value:
        return self._first_of(a, b, self.greater, self.greater_equal)

    def minimum(self, a: Any, b: Any) -> Value:
        return self._first_of(a, b, self.less, self.less_equal)

    def _first_of(self, a: Any, b: Any, before: Callable[..., Value], not_after: Callable[..., Value]) -> Value:
        """The one that comes first in an order, b of equals; NaN if either is.

        A comparison with NaN is false, so that the second is chosen: a number is compared first, and one test will do.
        """
        a, b = self._both(a, b)
        if _is_number(b):
            return self.where(not_after(b, a), b, a)
        first = self.where(before(a, b), a, b)
        return self.where(self.isnan(a), a, first) if dtypes.is_float(a.dtype) and not _is_number(a) else first

    def fma(self, a: Any, b: Any, c: Any) -> Value:
        """a b + c, rounded once where the machine can."""
        like = next(v for v in (a, b, c) if isinstance(v, Value))
        values = [v if isinstance(v, Value) else self.constant(v, like.dtype) for v in (a, b, c)]
        return self.intrinsic("fmuladd", *values) if dtypes.is_float(like.dtype) else values[0] * values[1] + values[2]

    def copysign(self, a: Value, b: Value) -> Value:
        return self.intrinsic("copysign", a, b)

    def nextafter(self, a: Value, b: Value) -> Value:
        """The bits as an integer, one more away from 0, one less towards it."""
        word = np.dtype(f"int{8 * a.dtype.itemsize}")
        away = self.equal(self.less(a, b), self.greater(a, 0))
        step = self.where(away, self.constant(1, word), self.constant(-1, word))
        next_ = self._read_as(self._read_as(a, word) + step, a.dtype)
        smallest = self.copysign(self._read_as(self.constant(1, word), a.dtype), b)
        found = self.where(self.equal(a, b), b, self.where(self.equal(a, 0), smallest, next_))
        return self.where(self.isnan(a), a, self.where(self.isnan(b), b, found))

    def _read_as(self, a: Value, dtype: dtypes.Dtype) -> Value:
        """The same bits; those of half types are integers as it is."""
        same = self.type(a.dtype) == self.type(dtype)
        return Value(self, dtype, a.ref) if same else self.bitcast(a, dtype)

    def intrinsic(self, name: str, *values: Value) -> Value:
        a = values[0]
        if is_half(a.dtype):
            return self._in_float32(lambda *wide: self.intrinsic(name, *wide), *values)
        ref = self.code.call(a.type, f"llvm.{name}.{self.suffix(a.dtype)}", *(f"{v.type} {v.ref}" for v in values))
        return Value(self, a.dtype, ref)

    # -- functions -----------------------------------------------------------------------------------------------------

    def _function(self, name: str, a: Value) -> Value:
        if is_half(a.dtype):
            return self._in_float32(lambda x: self._function(name, x), a)
        if a.dtype == dtypes.float32:
            function = getattr(vector_math, name)
        else:
            function = getattr(vector_math, f"{name}_exact", lambda kit, x: kit.intrinsic(name, x))
        found: Value = function(self, a)
        return found

    def exp(self, a: Value) -> Value:
        return self._function("exp", a)

    def expm1(self, a: Value) -> Value:
        return self._function("expm1", a)

    def log(self, a: Value) -> Value:
        return self._function("log", a)

    def log1p(self, a: Value) -> Value:
        return self._function("log1p", a)

    def sin(self, a: Value) -> Value:
        return self._function("sin", a)

    def cos(self, a: Value) -> Value:
        return self._function("cos", a)

    def tanh(self, a: Value) -> Value:
        return self._function("tanh", a)

    def logaddexp(self, a: Any, b: Any) -> Value:
        a, b = self._both(a, b)
        if is_half(a.dtype):
            return self._in_float32(self.logaddexp, a, b)
        apart = self.where(self.equal(a, b), 0, a - b)  # infinities have no difference
        return self.maximum(a, b) + self.log1p(self.exp(self.negative(self.abs(apart))))

    def library(self, name: str, *values: Value) -> Value:
        """A function of C's library, number by number: of those that are seldom met, which it works out exactly."""
        first = values[0]
        if is_half(first.dtype):
            return self._in_float32(lambda *wide: self.library(name, *wide), *values)
        number, function = LLVM_TYPES[first.dtype], name if first.dtype == dtypes.float64 else f"{name}f"
        if not self.lanes:
            return Value(self, first.dtype, self.code.call(number, function, *(f"{v.type} {v.ref}" for v in values)))
        found = "poison"
        for lane in range(self.lanes):
            alone = (self.code.op(f"extractelement {v.type} {v.ref}, i64 {lane}") for v in values)
            one = self.code.call(number, function, *(f"{number} {a}" for a in alone))
            found = self.code.op(f"insertelement {first.type} {found}, {number} {one}, i64 {lane}")
        return Value(self, first.dtype, found)

    def zeros(self, shape: tuple[int, ...], dtype: dtypes.Dtype) -> Value:
        return self.constant(0, dtype)

    def zeros_like(self, a: Value) -> Value:
        return self.constant(0, a.dtype)

    def sqrt(self, a: Value) -> Value:
        return self.intrinsic("sqrt", a)

    def floor(self, a: Value) -> Value:
        return self.intrinsic("floor", a)

    def rint(self, a: Value) -> Value:
        return self.intrinsic("roundeven", a)

    # -- comparisons, bits, choice -------------------------------------------------------------------------------------

    def _compare(self, a: Any, b: Any, on_floats: str, on_integers: str) -> Value:
        a, b = self._both(a, b)
        if is_half(a.dtype):
            a, b = self.cast(a, dtypes.float32), self.cast(b, dtypes.float32)
        if dtypes.is_float(a.dtype):
            text = f"fcmp {on_floats}"
        else:
            text = "icmp " + (on_integers.replace("s", "u", 1) if a.dtype.kind in "ub" else on_integers)
        return Value(self, dtypes.bool_, self.code.op(f"{text} {a.type} {a.ref}, {b.ref}"))

    def equal(self, a: Any, b: Any) -> Value:
        return self._compare(a, b, "oeq", "eq")

    def not_equal(self, a: Any, b: Any) -> Value:
        return self._compare(a, b, "une", "ne")

    def less(self, a: Any, b: Any) -> Value:
        return self._compare(a, b, "olt", "slt")

    def less_equal(self, a: Any, b: Any) -> Value:
        return self._compare(a, b, "ole", "sle")

    def greater(self, a: Any, b: Any) -> Value:
        return self._compare(a, b, "ogt", "sgt")

    def greater_equal(self, a: Any, b: Any) -> Value:
        return self._compare(a, b, "oge", "sge")

    def isnan(self, a: Value) -> Value:
        if is_half(a.dtype):
            a = self.cast(a, dtypes.float32)
        return Value(self, dtypes.bool_, self.code.op(f"fcmp uno {a.type} {a.ref}, {a.ref}"))

    def bitwise_and(self, a: Any, b: Any) -> Value:
        return self._binary(a, b, "", "and")

    def bitwise_or(self, a: Any, b: Any) -> Value:
        return self._binary(a, b, "", "or")

    def bitwise_xor(self, a: Any, b: Any) -> Value:
        return self._binary(a, b, "", "xor")

    def right_shift(self, a: Value, b: Any) -> Value:
        return self._shift(a, b, to_the_left=False)

    def left_shift(self, a: Value, b: Any) -> Value:
        return self._shift(a, b, to_the_left=True)

    def _shift(self, a: Value, b: Any, to_the_left: bool) -> Value:
        if isinstance(b, Value):
            return integers.shift(self, a, b, to_the_left)
        return self.machine_shift(a, self.constant(b, a.dtype), to_the_left)

    def machine_shift(self, a: Value, b: Value, to_the_left: bool) -> Value:
        """The machine's shift: b must not be negative, and be less than the type has bits."""
        return self._binary(a, b, "", "shl" if to_the_left else "ashr")

    def where(self, condition: Value, a: Any, b: Any) -> Value:
        if not isinstance(a, Value) and not isinstance(b, Value):
            a = self.constant(a, dtypes.float32)
        a, b = self._both(a, b)
        return Value(
            self, a.dtype, self.code.op(f"select {condition.type} {condition.ref}, {a.type} {a.ref}, {b.type} {b.ref}")
        )

    def cast(self, a: Value, dtype: dtypes.Dtype) -> Value:
        if a.dtype == dtype:
            return a
        if dtype == dtypes.bool_:
            return self.not_equal(a, 0)
        if is_half(a.dtype):
            return self.cast(half.widen(self, a), dtype)
        if is_half(dtype):
            return half.narrow(self, a, dtype)
        if dtypes.is_float(a.dtype) and not dtypes.is_float(dtype):
            return integers.truncated(self, a, dtype)
        text = _conversion(a.dtype, dtype)
        if text is None:
            return Value(self, dtype, a.ref)
        return Value(self, dtype, self.code.op(f"{text} {a.type} {a.ref} to {self.type(dtype)}"))

    def _bits(self, value: int) -> str:
        return f"splat (i16 {value})" if self.lanes else str(value)

    def pair(self, first: Value, second: Value) -> Value:
        """Two float32 numbers as bfloat16 in one word, the first below."""
        return half.pair(self, first, second)

    def bitcast(self, a: Value, dtype: dtypes.Dtype) -> Value:
        """The same bits, read as another type of the same width."""
        return Value(self, dtype, self.code.op(f"bitcast {a.type} {a.ref} to {self.type(dtype)}"))


IN_THE_LIBRARY = {name: name for name in ("tan", "sinh", "cosh", "log2", "log10", "hypot")}  # by C's name
IN_THE_LIBRARY |= {f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")}
for _name, _function in IN_THE_LIBRARY.items():
    setattr(Kit, _name, lambda kit, *values, function=_function: kit.library(function, *values))


def _is_number(a: Value) -> bool:
    """Whether a value is a constant, and no NaN."""
    return not a.ref.startswith("%") and not is_half(a.dtype) and "0x7FF8" not in a.ref


def _conversion(source: dtypes.Dtype, target: dtypes.Dtype) -> str | None:
    """The instruction that converts; None where the bits stay as they are."""
    unsigned = source.kind in "ub"
    if dtypes.is_float(source) and dtypes.is_float(target):
        return "fpext" if target.itemsize > source.itemsize else "fptrunc"
    if dtypes.is_float(target):
        return "uitofp" if unsigned else "sitofp"
    width = 0 if source == dtypes.bool_ else source.itemsize
    if target.itemsize == width:
        return None
    return "trunc" if target.itemsize < width else "zext" if unsigned else "sext"
