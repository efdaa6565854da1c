"""Logic and bits, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes
from ...tensor import Tensor
from ..core.elementwise import Check, Domain, binary, integers, no_floats
from ..core.primitive import case, promote, public

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]


def _bits(
    name: str, operator: str, doc: str, example: str, domain: Domain = (0, 99), check: Check = no_floats
) -> Callable[[Any, Any], Tensor]:
    return binary(
        name,
        lambda xp, x1, x2: getattr(xp, name)(x1, x2),
        (None, None),
        doc,
        example,
        domain=domain,
        operator=operator,
        check=check,
        tried_on="int64",
    )


bitwise_and = _bits(
    "bitwise_and",
    "and",
    "x1 & x2: logical and for booleans, bit by bit for integers.",
    "bitwise_and([6, 5], 3) -> tensor([2, 1])",
)
bitwise_or = _bits(
    "bitwise_or",
    "or",
    "x1 | x2: logical or for booleans, bit by bit for integers.",
    "bitwise_or([6, 5], 3) -> tensor([7, 7])",
)
bitwise_xor = _bits(
    "bitwise_xor",
    "xor",
    "x1 ^ x2: exclusive or for booleans, bit by bit for integers.",
    "bitwise_xor([6, 5], 3) -> tensor([5, 6])",
)
right_shift = _bits(
    "right_shift",
    "rshift",
    "x1 shifted to the right by x2 bits.",
    "right_shift([8, 7], 1) -> tensor([4, 3])",
    domain=(0, 9),
    check=integers,
)


left_shift = _bits(
    "left_shift",
    "lshift",
    "x1 shifted to the left by x2 bits.",
    "left_shift([1, 3], 2) -> tensor([ 4, 12])",
    domain=(0, 9),
    check=integers,
)


@public(case((3, 4), domain=(0, 9), dtype="int64"), operator="invert", refuses=("float",))
def invert(x: Any) -> Tensor:
    """Logical not for booleans, every bit turned for integers.

    >>> import gradus
    >>> ~gradus.tensor([True, False])
    tensor([False,  True])
    """
    x = promote(x)[0]
    no_floats("invert", x, x)
    return bitwise_xor(x, True if x.dtype == dtypes.bool_ else _all_bits(x.dtype))


def _all_bits(dtype: dtypes.Dtype) -> int:
    return -1 if dtype.kind == "i" else int(np.iinfo(dtype).max)
