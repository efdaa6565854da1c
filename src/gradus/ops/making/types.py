"""Types of numbers: their limits, what they become together, of which kind they are."""

from __future__ import annotations

from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from ... import dtypes
from ...errors import ArgumentError, DtypeError, one_of
from ...tensor import Tensor

__all__ = ["can_cast", "finfo", "iinfo", "isdtype", "promote_types", "result_type"]

KINDS: dict[str, tuple[dtypes.Dtype, ...]] = {
    "bool": (dtypes.bool_,),
    "signed integer": (dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64),
    "unsigned integer": (dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64),
    "real floating": (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64),
    "complex floating": (),
}
KINDS["integral"] = KINDS["signed integer"] + KINDS["unsigned integer"]
KINDS["numeric"] = KINDS["integral"] + KINDS["real floating"]


def _of(thing: Any) -> dtypes.Dtype:
    return thing.dtype if isinstance(thing, (Tensor, np.ndarray)) else dtypes.as_dtype(thing)


class FloatLimits(NamedTuple):
    """The limits of a floating-point dtype: `eps` is the distance from 1 to the next number, `tiny` the smallest
    number with all digits, which is also called `smallest_normal`; `max`, `min` the largest and the smallest number."""

    bits: int
    eps: float
    max: float
    min: float
    tiny: float
    smallest_normal: float
    resolution: float
    dtype: dtypes.Dtype


class IntegerLimits(NamedTuple):
    """The limits of a dtype of integers: the largest and the smallest number."""

    bits: int
    max: int
    min: int
    dtype: dtypes.Dtype


def finfo(type: Any) -> FloatLimits:
    """The limits of a floating-point dtype, or of a tensor's: PyTorch's, NumPy's and the array API's.

    >>> finfo("float16").max, finfo("float32").eps
    (65504.0, 1.1920928955078125e-07)
    """
    dtype = _of(type)
    if not dtypes.is_float(dtype):
        raise DtypeError(f"finfo: {dtype} is not floating point. Use iinfo.")
    look: Any = ml_dtypes.finfo  # which knows bfloat16, and asks NumPy for others
    found = look(dtype)
    eps, most, least, normal, digits = map(
        float, (found.eps, found.max, found.min, found.smallest_normal, found.resolution)
    )
    return FloatLimits(int(found.bits), eps, most, least, normal, normal, digits, dtype)


def iinfo(type: Any) -> IntegerLimits:
    """The limits of a dtype of integers, or of a tensor's.

    >>> iinfo("uint8").max
    255
    """
    dtype = _of(type)
    if dtypes.kind(dtype) != dtypes.INTEGER:
        raise DtypeError(f"iinfo: {dtype} is no dtype of integers. Use finfo.")
    found = np.iinfo(dtype)
    return IntegerLimits(found.bits, int(found.max), int(found.min), dtype)


def promote_types(type1: Any, type2: Any) -> dtypes.Dtype:
    """The dtype of a result made from two dtypes; the higher kind wins, and within a kind the wider type.

    >>> promote_types("int64", "float16")
    dtype('float16')
    """
    return dtypes.promote(_of(type1), _of(type2))


def result_type(*things: Any) -> dtypes.Dtype:
    """The dtype of a result made from these tensors, dtypes and Python numbers, which have no width.

    >>> result_type("float16", 2.5), result_type("int32", 2.5)
    (dtype('float16'), dtype('float32'))
    """
    numbers = [t for t in things if isinstance(t, (int, float)) and not isinstance(t, type)]
    found = [_of(t) for t in things if not any(t is n for n in numbers)]
    dtype = found[0] if found else dtypes.bool_
    for other in found[1:]:
        dtype = dtypes.promote(dtype, other)
    if not things:
        raise ArgumentError("result_type: names no tensor, no dtype and no number")
    for number in numbers:
        dtype = dtypes.scalar_dtype(number, dtype)
    return dtype


def can_cast(from_: Any, to: Any) -> bool:
    """Whether every number of one dtype is one of another of its kind, so that results are made of the other.

    >>> can_cast("int8", "int32"), can_cast("float64", "float32")
    (True, False)
    """
    a, b = _of(from_), _of(to)
    return dtypes.kind(a) == dtypes.kind(b) and dtypes.promote(a, b) == b


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether a dtype is of a kind, is another dtype, or one of several: the array API's and NumPy's.

    The kinds are "bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating" and
    "numeric".

    >>> isdtype("int8", "integral"), isdtype("int8", ("bool", "real floating"))
    (True, False)
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if isinstance(kind, str) and kind in KINDS:
        return _of(dtype) in KINDS[kind]
    if isinstance(kind, str) and " " in kind:
        one_of("isdtype", "kind", kind, KINDS)
    return _of(dtype) == _of(kind)
