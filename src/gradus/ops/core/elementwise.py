"""Functions of each element by itself, y[i] = f(x[i]): what they have in common, of which each is made in one block.

A block says all of an op: its meaning in NumPy's functions, its gradient, the numbers it is tested on. Dtypes
are settled before the primitive is reached; shapes need only fit together (a compiler stretches them beforehand).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import DtypeError
from ...tensor import Tensor
from .lowering import Elementwise
from .primitive import (
    Primitive,
    Shaped,
    Vjp,
    bind,
    broadcast_shapes,
    case,
    promote,
    public,
    require_float,
    unbroadcast,
)

Domain = tuple[float, float]
FUNCTION = 5  # about the effort of a function that is worked out by a polynomial, or of a division
Check = Callable[..., None]


def unary(
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
    whole: bool = False,
) -> Callable[[Any], Tensor]:
    """A primitive of one operand and its public function; `floats` if integers become floating point first.

    `check` refuses operands that the function has no meaning for; `whole` if it leaves integers as they are.
    """

    def rule(x: Any) -> Shaped:
        if floats:
            require_float(name, x)
        if check:
            check(name, x)
        return Shaped(x.shape, x.dtype)

    primitive = Primitive(name, rule, _exactly(forward, effort), (vjp,), Elementwise(effort))

    def function(x: Any) -> Tensor:
        x = promote(x, floats=floats and not whole)[0]
        return x if whole and not dtypes.is_float(x.dtype) else bind(primitive, x)

    _name(function, forward, name, doc, example)
    return public(
        case((3, 4), domain=domain),
        reference=reference,
        operator=operator,
        elementwise=True,
        gives="float" if floats and not whole else "same",
        refuses=refused(check),
    )(function)


def binary(
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
    promoted: Callable[..., list[Tensor]] = promote,
) -> Callable[[Any, Any], Tensor]:
    """A primitive of two operands, of shapes that fit together, and its public function, which promotes.

    `result` is the dtype of the result if it is not that of the operands; `check` refuses operands that the function
    has no meaning for; `promoted` brings them to one dtype.
    """

    def rule(x1: Any, x2: Any) -> Shaped:
        if check:
            check(name, x1, x2)
        return Shaped(broadcast_shapes(name, x1.shape, x2.shape), result or x1.dtype)

    primitive = Primitive(name, rule, _exactly(forward, effort), _fitting(vjp), Elementwise(effort))

    def function(x1: Any, x2: Any) -> Tensor:
        operands = promote(x1, x2, floats=True) if floats else promoted(x1, x2)
        if check:
            check(name, *operands)  # here too, because for booleans NumPy may have an answer, in int8
        return bind(primitive, *operands)

    _name(function, forward, name, doc, example)
    tried = case((3, 4), (3, 4), domain=domain, dtype=tried_on)
    return public(
        tried,
        reference=reference,
        operator=operator,
        elementwise=True,
        gives="float" if floats else result.name if result else "same",
        refuses=refused(check),
    )(function)


def _fitting(vjps: tuple[Callable[..., Tensor] | None, ...]) -> tuple[Vjp | None, ...]:
    """The gradients summed to their operands' shapes."""

    def fitting(i: int, vjp: Callable[..., Tensor]) -> Vjp:
        return lambda g, y, *xs: unbroadcast(vjp(g, y, *xs), xs[i].shape)

    return tuple(None if vjp is None else fitting(i, vjp) for i, vjp in enumerate(vjps))


def _exactly(forward: Callable[..., Any], effort: int) -> Callable[..., Any]:
    """The meaning of a function, for half precision in float32 and rounded once: NumPy's own may be off by a digit."""
    if effort < FUNCTION:
        return forward

    def exact(xp: Any, *xs: Any) -> Any:
        dtype = xs[0].dtype
        wide = dtypes.accumulator(dtype)
        return forward(xp, *xs) if wide == dtype else forward(xp, *(x.astype(wide) for x in xs)).astype(dtype)

    return exact


def _name(function: Callable[..., Any], forward: Callable[..., Any], name: str, doc: str, example: str) -> None:
    """Give a function its name, the module of its meaning, and a docstring with the example `call -> what it shows`."""
    call, shown = example.split(" -> ")
    function.__module__ = forward.__module__
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{doc}\n\n    >>> {call}\n    {shown}\n"


def numbers(name: str, x: Any, *others: Any) -> None:
    if x.dtype == dtypes.bool_:
        raise DtypeError(f"{name}: needs numbers, got booleans. Use ~, &, | or ^ on them, or astype(int).")


def no_floats(name: str, x1: Any, x2: Any) -> None:
    if dtypes.is_float(x1.dtype):
        raise DtypeError(f"{name}: needs integers or booleans, got {x1.dtype}. Use astype(int).")


def integers(name: str, x1: Any, x2: Any) -> None:
    numbers(name, x1)
    no_floats(name, x1, x2)


def refused(check: Check | None) -> tuple[str, ...]:
    """The kinds of numbers that a check has no meaning for, found by asking it."""
    kinds = {"bool": dtypes.bool_, "integer": dtypes.int64, "float": dtypes.float64}
    found = []
    for kind, dtype in kinds.items():
        operand = np.zeros((), dtype)
        try:
            if check is not None:
                check("", operand, operand)
        except DtypeError:
            found.append(kind)
    return tuple(found)
