"""Functions of each element by itself: y[i] = f(x[i]).

One line says all of an op: its meaning in NumPy's functions, its gradient, the numbers it is tested on. Dtypes and
broadcasting are settled before the primitive is reached, so it sees operands of one shape and one dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from .._methods import method
from ..errors import ArgumentError, DtypeError
from ..tensor import Tensor
from ._erf import erf as _erf
from .lowering import Elementwise
from .primitive import Primitive, Shaped, bind, broadcast, case, cast, promote, public, require_float

Domain = tuple[float, float]
FUNCTION = 5  # about the effort of a function that is worked out by a polynomial, or of a division
Check = Callable[..., None]


def _unary(
    name: str,
    forward: Callable[..., Any],
    vjp: Callable[..., Tensor],
    doc: str,
    example: str,
    domain: Domain = (-3.0, 3.0),
    reference: Callable[..., Any] | None = None,
    operator: str | None = None,
    floats: bool = True,
    check: Check | None = None,
    effort: int = 1,
) -> Callable[[Any], Tensor]:
    """A primitive of one operand and its public function; `floats` if integers become floating point first.

    `check` refuses operands that the function has no meaning for.
    """

    def rule(x: Any) -> Shaped:
        if floats:
            require_float(name, x)
        if check:
            check(name, x)
        return Shaped(x.shape, x.dtype)

    primitive = Primitive(name, rule, forward, (vjp,), Elementwise(effort))

    def function(x: Any) -> Tensor:
        return bind(primitive, promote(x, floats=floats)[0])

    _name(function, name, doc, example)
    return public(case((3, 4), domain=domain), reference=reference, operator=operator, elementwise=True)(function)


def _binary(
    name: str,
    forward: Callable[..., Any],
    vjp: tuple[Callable[..., Tensor] | None, ...],
    doc: str,
    example: str,
    domain: Domain = (-3.0, 3.0),
    reference: Callable[..., Any] | None = None,
    operator: str | None = None,
    floats: bool = False,
    result: dtypes.Dtype | None = None,
    check: Check | None = None,
    tried_on: str = "float64",
    effort: int = 1,
) -> Callable[[Any, Any], Tensor]:
    """A primitive of two operands and its public function, which promotes and broadcasts.

    `result` is the dtype of the result if it is not that of the operands; `check` refuses operands that the function
    has no meaning for.
    """

    def rule(x1: Any, x2: Any) -> Shaped:
        if check:
            check(name, x1, x2)
        return Shaped(x1.shape, result or x1.dtype)

    primitive = Primitive(name, rule, forward, vjp, Elementwise(effort))

    def function(x1: Any, x2: Any) -> Tensor:
        operands = broadcast(name, *promote(x1, x2, floats=floats))
        if check:
            check(name, *operands)  # here too, because for booleans NumPy may have an answer, in int8
        return bind(primitive, *operands)

    _name(function, name, doc, example)
    tried = case((3, 4), (3, 4), domain=domain, dtype=tried_on)
    return public(tried, reference=reference, operator=operator, elementwise=True)(function)


def _name(function: Callable[..., Any], name: str, doc: str, example: str) -> None:
    """Give a function its name, and a docstring with the example `call -> what it shows`."""
    call, shown = example.split(" -> ")
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{doc}\n\n    >>> {call}\n    {shown}\n"


def _numbers(name: str, x: Any, *others: Any) -> None:
    if x.dtype == dtypes.bool_:
        raise DtypeError(f"{name}: needs numbers, got booleans. Use ~, &, | or ^ on them, or astype(int).")


def _no_floats(name: str, x1: Any, x2: Any) -> None:
    if dtypes.is_float(x1.dtype):
        raise DtypeError(f"{name}: needs integers or booleans, got {x1.dtype}. Use astype(int).")


def _integers(name: str, x1: Any, x2: Any) -> None:
    _numbers(name, x1)
    _no_floats(name, x1, x2)


def _base_and_exponent(name: str, x1: Any, x2: Any) -> None:
    _numbers(name, x1)
    if isinstance(x2, np.ndarray) and not dtypes.is_float(x2.dtype) and (x2 < 0).any():
        raise ArgumentError(f"{name}: an integer to a negative power is no integer. Use astype(float) first.")


# -- arithmetic --------------------------------------------------------------------------------------------------------

add = _binary(
    "add",
    lambda xp, x1, x2: xp.add(x1, x2),
    (lambda g, y, x1, x2: g, lambda g, y, x1, x2: g),
    "x1 + x2. Gradients: g, g.",
    "add([1, 2], 0.5) -> tensor([1.5, 2.5])",
    operator="add",
)
subtract = _binary(
    "subtract",
    lambda xp, x1, x2: xp.subtract(x1, x2),
    (lambda g, y, x1, x2: g, lambda g, y, x1, x2: -g),
    "x1 - x2. Gradients: g, -g.",
    "subtract([5, 7], [1, 2]) -> tensor([4, 5])",
    operator="sub",
    check=_numbers,
)
multiply = _binary(
    "multiply",
    lambda xp, x1, x2: xp.multiply(x1, x2),
    (lambda g, y, x1, x2: g * x2, lambda g, y, x1, x2: g * x1),
    "x1 x2, element by element. Gradients: g x2, g x1.",
    "multiply([1, 2], [3, 4]) -> tensor([3, 8])",
    operator="mul",
)
divide = _binary(
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
floor_divide = _binary(
    "floor_divide",
    lambda xp, x1, x2: xp.floor_divide(x1, x2),
    (None, None),
    "x1 / x2 rounded down; an integer by 0 gives 0. No gradient.",
    "floor_divide([7, -7], 2) -> tensor([ 3, -4])",
    domain=(1.0, 9.0),
    operator="floordiv",
    check=_numbers,
    effort=FUNCTION,
)
remainder = _binary(
    "remainder",
    lambda xp, x1, x2: xp.remainder(x1, x2),
    (lambda g, y, x1, x2: g, lambda g, y, x1, x2: -g * floor_divide(x1, x2)),
    "What is left of x1 after division by x2, with the sign of x2; an integer by 0 gives 0. "
    "Gradients: g, -g floor(x1 / x2).",
    "remainder([7, -7], 3) -> tensor([1, 2])",
    domain=(1.0, 9.0),
    operator="mod",
    check=_numbers,
    effort=FUNCTION,
)


def _base_gradient(g: Tensor, y: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    return where(x2 == 0, 0, g * x2 * x1 ** where(x2 == 0, 1, x2 - 1))


def _exponent_gradient(g: Tensor, y: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    return where(x1 == 0, 0, g * y * log(where(x1 == 0, 1, x1)))


power = _binary(
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
negative = _unary(
    "negative",
    lambda xp, x: xp.negative(x),
    lambda g, y, x: -g,
    "-x. Gradient: -g.",
    "negative([1, -2]) -> tensor([-1,  2])",
    operator="neg",
    floats=False,
    check=_numbers,
)
absolute = _unary(
    "absolute",
    lambda xp, x: xp.abs(x),
    lambda g, y, x: g * x.sign(),
    "|x|. Gradient: g sign(x).",
    "absolute([1, -2]) -> tensor([1, 2])",
    operator="abs",
    floats=False,
)
sign = _unary(
    "sign",
    lambda xp, x: xp.sign(x),
    lambda g, y, x: g.full_like(0),
    "-1, 0 or 1. Gradient: 0.",
    "sign([-3.0, 0.0, 2.0]) -> tensor([-1.,  0.,  1.])",
    floats=False,
    check=_numbers,
)
maximum = _binary(
    "maximum",
    lambda xp, x1, x2: xp.maximum(x1, x2),
    (lambda g, y, x1, x2: g * _share(x1, x2), lambda g, y, x1, x2: g * _share(x2, x1)),
    "The larger of x1 and x2. Gradient: g to the larger one, shared half and half where they are equal.",
    "maximum([1, 5], [3, 2]) -> tensor([3, 5])",
)
minimum = _binary(
    "minimum",
    lambda xp, x1, x2: xp.minimum(x1, x2),
    (lambda g, y, x1, x2: g * _share(x2, x1), lambda g, y, x1, x2: g * _share(x1, x2)),
    "The smaller of x1 and x2. Gradient: g to the smaller one, shared half and half where they are equal.",
    "minimum([1, 5], [3, 2]) -> tensor([1, 2])",
)


def _share(a: Tensor, b: Tensor) -> Tensor:
    """1 where a > b, 1/2 where they are equal, else 0."""
    return ((a > b).astype(a.dtype) + (a >= b).astype(a.dtype)) * 0.5


copy = _unary(
    "copy",
    lambda xp, x: x.copy(),
    lambda g, y, x: g,
    "The same numbers in memory of their own. Gradient: g.",
    "copy([1, 2]) -> tensor([1, 2])",
    reference=np.copy,
    floats=False,
)

method("abs")(absolute)  # PyTorch's names
method("clone")(copy)

# -- functions of floating-point numbers -------------------------------------------------------------------------------

exp = _unary(
    "exp",
    lambda xp, x: xp.exp(x),
    lambda g, y, x: g * y,
    "e^x. Gradient: g y.",
    "f'{exp(1.0):.4f}' -> '2.7183'",
    effort=FUNCTION,
)
log = _unary(
    "log",
    lambda xp, x: xp.log(x),
    lambda g, y, x: g / x,
    "The natural logarithm. Gradient: g / x.",
    "f'{log(10.0):.4f}' -> '2.3026'",
    domain=(0.2, 4.0),
    effort=FUNCTION,
)
log1p = _unary(
    "log1p",
    lambda xp, x: xp.log1p(x),
    lambda g, y, x: g / (1 + x),
    "log(1 + x), exact for small x. Gradient: g / (1 + x).",
    "f'{log1p(1e-8):.1e}' -> '1.0e-08'",
    domain=(-0.5, 4.0),
    effort=FUNCTION,
)
sqrt = _unary(
    "sqrt",
    lambda xp, x: xp.sqrt(x),
    lambda g, y, x: g / (2 * y),
    "The square root. Gradient: g / 2y.",
    "sqrt([4.0, 9.0]) -> tensor([2., 3.])",
    domain=(0.2, 4.0),
    effort=FUNCTION,
)
sin = _unary(
    "sin",
    lambda xp, x: xp.sin(x),
    lambda g, y, x: g * x.cos(),
    "The sine. Gradient: g cos(x).",
    "f'{sin(1.0):.4f}' -> '0.8415'",
    effort=FUNCTION,
)
cos = _unary(
    "cos",
    lambda xp, x: xp.cos(x),
    lambda g, y, x: -g * x.sin(),
    "The cosine. Gradient: -g sin(x).",
    "f'{cos(1.0):.4f}' -> '0.5403'",
    effort=FUNCTION,
)
tanh = _unary(
    "tanh",
    lambda xp, x: xp.tanh(x),
    lambda g, y, x: g * (1 - y * y),
    "The hyperbolic tangent. Gradient: g (1 - y^2).",
    "f'{tanh(1.0):.4f}' -> '0.7616'",
    effort=FUNCTION,
)
sigmoid = _unary(
    "sigmoid",
    lambda xp, x: xp.where(x >= 0, 1, xp.exp(-abs(x))).astype(x.dtype) / (1 + xp.exp(-abs(x))),
    lambda g, y, x: g * y * (1 - y),
    "1 / (1 + e^-x), without overflow. Gradient: g y (1 - y).",
    "f'{sigmoid(1.0):.4f}' -> '0.7311'",
    reference=lambda x: 1 / (1 + np.exp(-x)),
    effort=FUNCTION,
)
relu = _unary(  # a primitive, because where() takes ten times as long in NumPy, and maximum() halves the gradient at 0
    "relu",
    lambda xp, x: xp.maximum(x, xp.zeros((), x.dtype)),
    lambda g, y, x: g * (y > 0).astype(g.dtype),
    "max(x, 0) (Nair and Hinton, 2010). Gradient: g where x > 0, else 0.",
    "relu([-1.0, 2.0]).tolist() -> [0.0, 2.0]",
    reference=lambda x: np.maximum(x, np.zeros_like(x)),
    floats=False,
)
softplus = _unary(
    "softplus",
    lambda xp, x: xp.logaddexp(x, xp.zeros_like(x)),
    lambda g, y, x: g * sigmoid(x),
    "log(1 + e^x), without overflow: a smooth ReLU. Gradient: g sigmoid(x).",
    "f'{softplus(1.0):.4f}' -> '1.3133'",
    reference=lambda x: np.logaddexp(x, 0),
    effort=FUNCTION,
)
erf = _unary(
    "erf",
    lambda xp, x: _erf(xp, x.astype(dtypes.accumulator(x.dtype))).astype(x.dtype),
    lambda g, y, x: g * (2 / np.sqrt(np.pi)).item() * exp(-x * x),
    "The error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x. Gradient: g 2/sqrt(pi) e^(-x^2).",
    "f'{erf(0.5):.4f}' -> '0.5205'",
    reference=np.vectorize(math.erf, otypes=[float]),
    effort=FUNCTION,
)
floor = _unary(
    "floor",
    lambda xp, x: xp.floor(x),
    lambda g, y, x: g.full_like(0),
    "Rounded down. Gradient: 0.",
    "floor([1.7, -1.2]) -> tensor([ 1., -2.])",
)
round = _unary(
    "round",
    lambda xp, x: xp.rint(x),
    lambda g, y, x: g.full_like(0),
    "Rounded to the nearest integer, halves to the even one. Gradient: 0.",
    "round([0.5, 1.5, 2.6]) -> tensor([0., 2., 3.])",
)

# -- comparisons, logic, bits ------------------------------------------------------------------------------------------

_OPERANDS = (Tensor, bool, int, float, np.ndarray, np.generic, list, tuple)  # None, say, equals no tensor


def _comparison(name: str, operator: str | None, doc: str, example: str) -> Callable[[Any, Any], Tensor]:
    return _binary(
        name,
        lambda xp, x1, x2: getattr(xp, name)(x1, x2),
        (None, None),
        doc,
        example,
        operator=operator,
        result=dtypes.bool_,
    )


equal = _comparison(
    "equal", None, "Whether x1 = x2, element by element.", "equal([1, 2], [1, 3]) -> tensor([ True, False])"
)
not_equal = _comparison(
    "not_equal",
    None,
    "Whether x1 and x2 differ, element by element.",
    "not_equal([1, 2], [1, 3]) -> tensor([False,  True])",
)


@method("__eq__")
def _eq(x: Tensor, other: Any) -> Tensor:
    return equal(x, other) if isinstance(other, _OPERANDS) else NotImplemented


@method("__ne__")
def _ne(x: Tensor, other: Any) -> Tensor:
    return not_equal(x, other) if isinstance(other, _OPERANDS) else NotImplemented


less = _comparison(
    "less", "lt", "Whether x1 < x2, element by element.", "less([1, 2, 3], 2) -> tensor([ True, False, False])"
)
less_equal = _comparison(
    "less_equal",
    "le",
    "Whether x1 <= x2, element by element.",
    "less_equal([1, 2, 3], 2) -> tensor([ True,  True, False])",
)
greater = _comparison(
    "greater", "gt", "Whether x1 > x2, element by element.", "greater([1, 2, 3], 2) -> tensor([False, False,  True])"
)
greater_equal = _comparison(
    "greater_equal",
    "ge",
    "Whether x1 >= x2, element by element.",
    "greater_equal([1, 2, 3], 2) -> tensor([False,  True,  True])",
)


def _bits(
    name: str, operator: str, doc: str, example: str, domain: Domain = (0, 99), check: Check = _no_floats
) -> Callable[[Any, Any], Tensor]:
    return _binary(
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
    check=_integers,
)


@public(case((3, 4), domain=(0, 9), dtype="int64"), operator="invert")
def invert(x: Any) -> Tensor:
    """Logical not for booleans, every bit turned for integers.

    >>> import gradus
    >>> ~gradus.tensor([True, False])
    tensor([False,  True])
    """
    x = promote(x)[0]
    _no_floats("invert", x, x)
    return bitwise_xor(x, True if x.dtype == dtypes.bool_ else _all_bits(x.dtype))


def _all_bits(dtype: dtypes.Dtype) -> int:
    return -1 if dtype.kind == "i" else int(np.iinfo(dtype).max)


# -- choice and conversion ---------------------------------------------------------------------------------------------


def _chosen(g: Tensor, condition: Tensor) -> Tensor:
    return where(condition, g, 0)


_where = Primitive(
    "where",
    rule=lambda condition, x1, x2: Shaped(x1.shape, x1.dtype),
    forward=lambda xp, condition, x1, x2: xp.where(condition, x1, x2),
    vjp=(
        None,
        lambda g, y, condition, x1, x2: _chosen(g, condition),
        lambda g, y, condition, x1, x2: _chosen(g, ~condition),
    ),
    lower=Elementwise(),
)


@public(
    case((3, 4), (3, 4), (3, 4)),
    case((3, 4), (3, 4), (3, 4), domain=(0, 2), dtype="int64"),
    methods=(),
    reference=lambda condition, x1, x2: np.where(condition != 0, x1, x2),
)
def where(condition: Any, x1: Any, x2: Any) -> Tensor:
    """x1 where the condition is true, else x2. Gradient: g to the one that was chosen.

    >>> import gradus
    >>> where(gradus.tensor([True, False]), 1.0, 2.0)
    tensor([1., 2.])
    """
    condition = promote(condition)[0]
    return bind(_where, *broadcast("where", cast(condition, dtypes.bool_), *promote(x1, x2)))


@public(case((3, 4), dtype="float32"), methods=("astype",), reference=lambda x, dtype="float64": x.astype(dtype))
def astype(x: Any, dtype: Any = "float64") -> Tensor:
    """The same numbers in another dtype.

    >>> import gradus
    >>> gradus.tensor([1.7, -1.7]).astype(int)
    tensor([ 1, -1])
    """
    return cast(promote(x)[0], dtypes.as_dtype(dtype))
