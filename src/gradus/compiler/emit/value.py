"""What a register holds: a vector of numbers, with Python's operators, which emit the instructions of its `Kit`.

What is written against these instructions asks for `Instructions`; the `Kit`, which has them, stands above it.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ... import dtypes
from .code import Code, Ref


class Value:
    """A vector (or scalar) of numbers in a register."""

    __slots__ = ("dtype", "kit", "ref")

    def __init__(self, kit: Instructions, dtype: dtypes.Dtype, ref: Ref) -> None:
        self.kit, self.dtype, self.ref = kit, dtype, ref

    @property
    def type(self) -> str:
        return self.kit.type(self.dtype)

    def astype(self, dtype: Any, copy: bool = True) -> Value:
        return self.kit.cast(self, np.dtype(dtype))

    def copy(self) -> Value:
        return self

    def __add__(self, other: Any) -> Value:
        return self.kit.add(self, other)

    def __sub__(self, other: Any) -> Value:
        return self.kit.subtract(self, other)

    def __mul__(self, other: Any) -> Value:
        return self.kit.multiply(self, other)

    def __truediv__(self, other: Any) -> Value:
        return self.kit.divide(self, other)

    def __radd__(self, other: Any) -> Value:
        return self.kit.add(other, self)

    def __rsub__(self, other: Any) -> Value:
        return self.kit.subtract(other, self)

    def __rmul__(self, other: Any) -> Value:
        return self.kit.multiply(other, self)

    def __rtruediv__(self, other: Any) -> Value:
        return self.kit.divide(other, self)

    def __neg__(self) -> Value:
        return self.kit.negative(self)

    def __abs__(self) -> Value:
        return self.kit.abs(self)

    def __lt__(self, other: Any) -> Value:
        return self.kit.less(self, other)

    def __le__(self, other: Any) -> Value:
        return self.kit.less_equal(self, other)

    def __gt__(self, other: Any) -> Value:
        return self.kit.greater(self, other)

    def __ge__(self, other: Any) -> Value:
        return self.kit.greater_equal(self, other)

    def __and__(self, other: Any) -> Value:
        return self.kit.bitwise_and(self, other)

    def __or__(self, other: Any) -> Value:
        return self.kit.bitwise_or(self, other)

    def __xor__(self, other: Any) -> Value:
        return self.kit.bitwise_xor(self, other)

    def __rshift__(self, other: Any) -> Value:
        return self.kit.right_shift(self, other)

    def __lshift__(self, other: Any) -> Value:
        return self.kit.left_shift(self, other)


class Instructions(Protocol):
    """What emits the instructions for values of `lanes` numbers (with 0, of scalars) into `code`: a `Kit`.

    Where a value may be `Any`, it may be a Python number, which becomes a constant of the other's type.
    """

    code: Code
    lanes: int

    # types and constants
    def type(self, dtype: dtypes.Dtype) -> str: ...
    def constant(self, value: Any, dtype: dtypes.Dtype) -> Value: ...
    def cast(self, a: Value, dtype: dtypes.Dtype) -> Value: ...
    def bitcast(self, a: Value, dtype: dtypes.Dtype) -> Value: ...

    # arithmetic
    def add(self, a: Any, b: Any) -> Value: ...
    def subtract(self, a: Any, b: Any) -> Value: ...
    def multiply(self, a: Any, b: Any) -> Value: ...
    def divide(self, a: Any, b: Any) -> Value: ...
    def machine_division(self, a: Value, b: Value) -> Value: ...
    def negative(self, a: Value) -> Value: ...
    def abs(self, a: Value) -> Value: ...
    def maximum(self, a: Any, b: Any) -> Value: ...
    def minimum(self, a: Any, b: Any) -> Value: ...
    def fma(self, a: Any, b: Any, c: Any) -> Value: ...
    def copysign(self, a: Value, b: Value) -> Value: ...
    def intrinsic(self, name: str, *values: Value) -> Value: ...

    # comparisons, bits, choice
    def equal(self, a: Any, b: Any) -> Value: ...
    def not_equal(self, a: Any, b: Any) -> Value: ...
    def less(self, a: Any, b: Any) -> Value: ...
    def less_equal(self, a: Any, b: Any) -> Value: ...
    def greater(self, a: Any, b: Any) -> Value: ...
    def greater_equal(self, a: Any, b: Any) -> Value: ...
    def isnan(self, a: Value) -> Value: ...
    def bitwise_and(self, a: Any, b: Any) -> Value: ...
    def bitwise_or(self, a: Any, b: Any) -> Value: ...
    def bitwise_xor(self, a: Any, b: Any) -> Value: ...
    def left_shift(self, a: Value, b: Any) -> Value: ...
    def right_shift(self, a: Value, b: Any) -> Value: ...
    def machine_shift(self, a: Value, b: Value, to_the_left: bool) -> Value: ...
    def where(self, condition: Value, a: Any, b: Any) -> Value: ...
