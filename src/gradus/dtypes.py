"""The types of numbers a Tensor holds, and what two of them become together.

Promotion, in one rule: **the higher kind wins, and within a kind the wider type.** Kinds, from low to high:
bool, integer, float. So `int64 + float16` is `float16` (as in PyTorch, unlike NumPy), and `float16 + bfloat16`,
neither of which holds the other, is `float32`. Python numbers have a kind but no width: `float16_tensor * 2.5`
stays `float16`, `int_tensor * 2.5` becomes the default, `float32`. Unlike in PyTorch a tensor without axes is an
ordinary tensor, no Python number.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from .aligned import copied
from .errors import DtypeError, nearest

Dtype = np.dtype[Any]

bool_: Dtype = np.dtype(np.bool_)
int8: Dtype = np.dtype(np.int8)
int16: Dtype = np.dtype(np.int16)
uint8: Dtype = np.dtype(np.uint8)
uint16: Dtype = np.dtype(np.uint16)
int32: Dtype = np.dtype(np.int32)
int64: Dtype = np.dtype(np.int64)
uint32: Dtype = np.dtype(np.uint32)
uint64: Dtype = np.dtype(np.uint64)
float16: Dtype = np.dtype(np.float16)
bfloat16: Dtype = np.dtype(ml_dtypes.bfloat16)
float32: Dtype = np.dtype(np.float32)
float64: Dtype = np.dtype(np.float64)

DEFAULT_FLOAT, DEFAULT_INT = float32, int64

FLOATS = (float16, bfloat16, float32, float64)
_FLOATING = frozenset(FLOATS)
_INTEGERS = (uint8, int32, int64, uint32, uint64, int8, int16, uint16)
_BY_NAME = {d.name: d for d in (bool_, *_INTEGERS, *FLOATS)}
_BY_PYTHON_TYPE: dict[Any, Dtype] = {bool: bool_, int: DEFAULT_INT, float: DEFAULT_FLOAT, None: DEFAULT_FLOAT}

BOOL, INTEGER, FLOAT = 0, 1, 2
DEFAULTS = (bool_, DEFAULT_INT, DEFAULT_FLOAT)  # what a Python value of each kind becomes
_KINDS = {d: FLOAT if d in FLOATS else BOOL if d == bool_ else INTEGER for d in _BY_NAME.values()}


def as_dtype(dtype: Any) -> Dtype:
    """The dtype that a name, a Python type or a NumPy type stands for; of None the default.

    >>> as_dtype("float16"), as_dtype(float)
    (dtype('float16'), dtype('float32'))
    """
    if dtype in _BY_PYTHON_TYPE:
        return _BY_PYTHON_TYPE[dtype]
    name = str(dtype).removeprefix("torch.")  # what PyTorch and TensorFlow have for a dtype is known by its name
    name = getattr(dtype, "name", name) if name not in _BY_NAME else name
    if name in _BY_NAME:
        return _BY_NAME[name]
    try:
        found: Dtype | None = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in _KINDS:
        raise DtypeError(f"{dtype!r} is no dtype of gradus. {nearest(str(dtype), _BY_NAME)}")
    return found


def kind(dtype: Dtype) -> int:
    """BOOL, INTEGER or FLOAT."""
    try:
        return _KINDS[dtype]
    except KeyError:
        raise DtypeError(
            f"arrays of {dtype} cannot be computed with. {nearest(str(dtype), _BY_NAME)}",
            mistake="texts-in-a-tensor",
        ) from None


def converted(array: np.ndarray, dtype: Dtype, copy: bool = True) -> np.ndarray:
    """The array's numbers in another type; what is too large for it becomes infinite, silently, as in arithmetic.

    >>> converted(np.array([1e6]), float16)
    array([inf], dtype=float16)
    """
    with np.errstate(all="ignore"):
        return copied(array, dtype) if copy else array.astype(dtype, copy=False)


def is_float(dtype: Dtype) -> bool:
    """Whether a gradient can flow through numbers of this type."""
    return dtype in _FLOATING or kind(dtype) == FLOAT  # of what is no dtype of gradus, that is refused


def limits(dtype: Dtype) -> tuple[float, float]:
    """The smallest and the largest number of this type.

    >>> limits(uint8), limits(bool_), limits(float32)
    ((0, 255), (0, 1), (-inf, inf))
    """
    if dtype.kind == "b":
        return 0, 1
    if dtype.kind not in "iu":
        return -np.inf, np.inf
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def promote(a: Dtype, b: Dtype) -> Dtype:
    """The dtype of a result made from an `a` and a `b`; the module's docstring has the rule.

    >>> promote(int64, float16), promote(float16, bfloat16)
    (dtype('float16'), dtype('float32'))
    """
    if a == b:
        return a
    if kind(a) != kind(b):
        return a if kind(a) > kind(b) else b
    if {a, b} == {float16, bfloat16}:
        return float32
    both = np.promote_types(a, b)
    return both if kind(both) == kind(a) else int64  # uint64 with a signed type: NumPy would say float64


def scalar_dtype(value: bool | int | float, beside: Dtype) -> Dtype:
    """The dtype a Python number takes beside a tensor of dtype `beside`."""
    own = BOOL if isinstance(value, bool) else INTEGER if isinstance(value, int) else FLOAT
    if own <= kind(beside):
        return beside
    return DEFAULTS[own]


def accumulator(dtype: Dtype) -> Dtype:
    """The dtype in which sums of this type are gathered: half precision adds up in float32."""
    return float32 if dtype in (float16, bfloat16) else dtype
