"""What a register holds: a vector of numbers, with Python's operators, which emit the instructions of its `Kit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import dtypes
from .code import Ref

if TYPE_CHECKING:
    from .kit import Kit


class Value:
    """A vector (or scalar) of numbers in a register."""

    __slots__ = ("dtype", "kit", "ref")

    def __init__(self, kit: Kit, dtype: dtypes.Dtype, ref: Ref) -> None:
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
