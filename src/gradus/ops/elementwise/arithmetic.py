"""Arithmetic, element by element."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ... import dtypes, interpret
from ...errors import ArgumentError
from ...interpret import Outside
from ...tensor import Tensor
from ..core.elementwise import FUNCTION, binary, numbers, unary
from ..core.primitive import case, promote, public
from .choice import where
from .functions import log

__all__ = [
    "absolute",
    "add",
    "copy",
    "copysign",
    "divide",
    "floor_divide",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "positive",
    "power",
    "remainder",
    "sign",
    "subtract",
]


def _base_and_exponent(name: str, x1: Any, x2: Any) -> None:
    numbers(name, x1)
    if dtypes.is_float(x2.dtype):
        return
    if isinstance(x2, Tensor):
        interpret.current.get().check(x2, Outside(0, np.inf), partial(_base_and_exponent, name, x1), by_forward=True)
    elif isinstance(x2, np.ndarray) and (x2 < 0).any():
        raise ArgumentError(f"{name}: an integer to a negative power is no integer. Use astype(float) first.")


add = binary(
    "add",
    lambda xp, x1, x2: xp.add(x1, x2),
    (lambda g, y, x1, x2: g, lambda g, y, x1, x2: g),
    "x1 + x2. Gradients: g, g.",
    "add([1, 2], 0.5) -> tensor([1.5, 2.5])",
    operator="add",
)
subtract = binary(
    "subtract",
    lambda xp, x1, x2: xp.subtract(x1, x2),
    (lambda g, y, x1, x2: g, lambda g, y, x1, x2: -g),
    "x1 - x2. Gradients: g, -g.",
    "subtract([5, 7], [1, 2]) -> tensor([4, 5])",
    operator="sub",
    check=numbers,
)
multiply = binary(
    "multiply",
    lambda xp, x1, x2: xp.multiply(x1, x2),
    (lambda g, y, x1, x2: g * x2, lambda g, y, x1, x2: g * x1),
    "x1 x2, element by element. Gradients: g x2, g x1.",
    "multiply([1, 2], [3, 4]) -> tensor([3, 8])",
    operator="mul",
)
divide = binary(
    "divide",
    lambda xp, x1, x2: xp.divide(x1, x2),
    (lambda g, y, x1, x2: g / x2, lambda g, y, x1, x2: -g * y / x2),
    "x1 / x2; integers become floating point first. Gradients: g / x2, -g x1 / x2^2.",
    "divide([3, 4], 2) -> tensor([1.5, 2. ])",
    domain=(0.5, 3.0),
    operator="truediv",
    floats=True,
    effort=FUNCTION,
)
floor_divide = binary(
    "floor_divide",
    lambda xp, x1, x2: xp.floor_divide(x1, x2),
    (None, None),
    "x1 / x2 rounded down; an integer by 0 gives 0. No gradient.",
    "floor_divide([7, -7], 2) -> tensor([ 3, -4])",
    domain=(1.0, 9.0),
    operator="floordiv",
    check=numbers,
    effort=FUNCTION,
)
remainder = binary(
    "remainder",
    lambda xp, x1, x2: xp.remainder(x1, x2),
    (lambda g, y, x1, x2: g, lambda g, y, x1, x2: -g * floor_divide(x1, x2)),
    "What is left of x1 after division by x2, with the sign of x2; an integer by 0 gives 0. "
    "Gradients: g, -g floor(x1 / x2).",
    "remainder([7, -7], 3) -> tensor([1, 2])",
    domain=(1.0, 9.0),
    operator="mod",
    check=numbers,
    effort=FUNCTION,
)


def _base_gradient(g: Tensor, y: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    return where(x2 == 0, 0, g * x2 * x1 ** where(x2 == 0, 1, x2 - 1))


def _exponent_gradient(g: Tensor, y: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    flat = (x1 == 0) & (x2 >= 0)  # 0 to any power above 0 is 0, so that log(0) does not count
    return where(flat, 0, g * y * log(where(flat, 1, x1)))


power = binary(
    "power",
    lambda xp, x1, x2: xp.power(x1, x2),
    (_base_gradient, _exponent_gradient),
    "x1 to the power x2. Gradients: g x2 x1^(x2 - 1), g y log(x1).",
    "power([2.0, 3.0], 2) -> tensor([4., 9.])",
    domain=(0.5, 3.0),
    operator="pow",
    check=_base_and_exponent,
    effort=FUNCTION,
)
negative = unary(
    "negative",
    lambda xp, x: xp.negative(x),
    lambda g, y, x: -g,
    "-x. Gradient: -g.",
    "negative([1, -2]) -> tensor([-1,  2])",
    operator="neg",
    floats=False,
    check=numbers,
)
absolute = unary(
    "absolute",
    lambda xp, x: xp.abs(x),
    lambda g, y, x: g * x.sign(),
    "|x|. Gradient: g sign(x), which is NaN at NaN, unlike in PyTorch.",
    "absolute([1, -2]) -> tensor([1, 2])",
    operator="abs",
    floats=False,
)
sign = unary(
    "sign",
    lambda xp, x: xp.sign(x),
    lambda g, y, x: g.full_like(0),
    "-1, 0 or 1; of NaN it is NaN, as in NumPy, unlike in PyTorch. Gradient: 0.",
    "sign([-3.0, 0.0, 2.0]) -> tensor([-1.,  0.,  1.])",
    floats=False,
    check=numbers,
)
maximum = binary(
    "maximum",
    lambda xp, x1, x2: xp.maximum(x1, x2),
    (lambda g, y, x1, x2: _share(g, x1 < x2, x1 == x2), lambda g, y, x1, x2: _share(g, x2 < x1, x1 == x2)),
    "The larger of x1 and x2, NaN if either is. Gradient: g to the larger one, half of it to each of equals; at NaN to "
    "both.",
    "maximum([1, 5], [3, 2]) -> tensor([3, 5])",
)
minimum = binary(
    "minimum",
    lambda xp, x1, x2: xp.minimum(x1, x2),
    (lambda g, y, x1, x2: _share(g, x1 > x2, x1 == x2), lambda g, y, x1, x2: _share(g, x2 > x1, x1 == x2)),
    "The smaller of x1 and x2, NaN if either is. Gradient: g to the smaller one, half of it to each of equals; at NaN "
    "to both.",
    "minimum([1, 5], [3, 2]) -> tensor([1, 2])",
)


def _share(g: Tensor, loses: Tensor, equal: Tensor) -> Tensor:
    """What an operand gets of g: nothing where it loses, half where the two are equal, else all: chosen, as g may be
    infinite."""
    return where(loses, 0, where(equal, g * 0.5, g))


copysign = binary(
    "copysign",
    lambda xp, x1, x2: xp.copysign(x1, x2),
    (lambda g, y, x1, x2: g * x1.sign() * y.sign(), lambda g, y, x1, x2: g.full_like(0)),
    "|x1| with the sign of x2, which a zero has, too. Gradients: g sign(x1) sign(y), 0.",
    "copysign([1.0, -2.0], [-1.0, 0.0]) -> tensor([-1.,  2.])",
    floats=True,
)
copy = unary(
    "copy",
    lambda xp, x: x.copy(),
    lambda g, y, x: g,
    "The same numbers in memory of their own. Gradient: g.",
    "copy([1, 2]) -> tensor([1, 2])",
    reference=np.copy,
    floats=False,
)

@public(case((3, 4)), elementwise=True, operator="pos", reference=lambda x: x)
def positive(x: Any) -> Tensor:
    """+x, which is x. Gradient: g.

    >>> positive([1, -2])
    tensor([ 1, -2])
    """
    return promote(x)[0]

