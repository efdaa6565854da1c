"""Expressions written as text, computed with Tensors: numbers, names, + - * / **, parentheses and a few functions."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ... import ops
from ...errors import ArgumentError, nearest
from ...tensor import Tensor, tensor

_OPERATORS: dict[type[ast.operator], Callable[[Tensor, Tensor], Tensor]] = {
    ast.Add: ops.add,
    ast.Sub: ops.subtract,
    ast.Mult: ops.multiply,
    ast.Div: ops.divide,
    ast.Pow: ops.power,
}
_ONE_NUMBER = (
    *("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh"),
    *("sigmoid", "relu", "softplus", "erf", "erfc", "absolute"),
)
_FUNCTIONS: dict[str, tuple[int, Callable[..., Tensor]]] = {name: (1, getattr(ops, name)) for name in _ONE_NUMBER}
_FUNCTIONS |= {"maximum": (2, ops.maximum), "minimum": (2, ops.minimum)}
_DEEPEST = 100  # operations inside one another


class Expression(NamedTuple):
    """What an expression came to: `result`, a Tensor with its history, and the `variables` by name, its leaves.

    >>> expression("2 * x", {"x": 3}).variables["x"].item()
    3.0
    """

    result: Tensor
    variables: dict[str, Tensor]


def expression(text: str, values: Mapping[str, float]) -> Expression:
    """Compute an expression with Tensors of float64, so that its graph can be looked at.

    Names and numbers become leaves that require a gradient; a number that stands as an exponent is a constant. The
    functions are exp, expm1, log, log1p, sqrt, sin, cos, tanh, sigmoid, relu, softplus, erf, erfc, absolute, maximum
    and minimum.

    Args:
        text: as in Python, `"(2 * apple + 3 * orange) * tax"`.
        values: the number for each name.

    Raises:
        ArgumentError: it is no expression, holds something else, a name has no value, or a value no use.

    >>> found = expression("x ** 2 + exp(0)", {"x": 3})
    >>> found.result
    tensor(10., dtype=float64, from=add)
    """
    if not isinstance(text, str):
        raise ArgumentError(f"expression: the text must be a string, got {text!r:.80}")
    if not isinstance(values, Mapping):
        raise ArgumentError(f"expression: values must be a dict, a number for each name; got {values!r:.80}")
    tree = _parsed(text)
    variables = {name: tensor(_float(name, value), "float64", requires_grad=True) for name, value in values.items()}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for name in variables:
        if name not in used:
            raise ArgumentError(f"expression: {name} has a value, but {text!r} does not use it. Leave it out.")
    return Expression(_value(tree, variables, _DEEPEST), variables)


def _float(name: str, value: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"expression: the value of {name} is a number, got {value!r:.40}") from None


def _parsed(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        said = problem.msg if isinstance(problem, SyntaxError) else "it is too long, or holds what is no text"
        raise ArgumentError(
            f"expression: {text!r:.200} is none: {said}. Write it as in Python: (2 * apple + 3 * orange) * tax"
        ) from None


def _value(node: ast.expr, variables: dict[str, Tensor], depth: int) -> Tensor:
    if not depth:
        raise ArgumentError(f"expression: more than {_DEEPEST} operations inside one another. Write it in parts.")
    if (number := _number(node)) is not None:
        return tensor(number, "float64", requires_grad=True)
    match node:
        case ast.Name(id=name):
            if name not in variables:
                hint = nearest(name, variables) if variables else ""
                raise ArgumentError(f"expression: {name} has no value. Give it one: {name}=2. {hint}".rstrip())
            return variables[name]
        case ast.BinOp(left=base, op=ast.Pow(), right=power) if (number := _number(power)) is not None:
            return ops.power(_value(base, variables, depth - 1), tensor(number, "float64"))
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            x1, x2 = (_value(part, variables, depth - 1) for part in (left, right))
            return _OPERATORS[type(operator)](x1, x2)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ops.negative(_value(operand, variables, depth - 1))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, variables, depth - 1)
        case ast.Call(func=ast.Name(id=name), args=given, keywords=[]):
            return _function(name, len(given))(*(_value(part, variables, depth - 1) for part in given))
    raise ArgumentError(
        f"expression: {_source(node)} cannot stand in it. It is made of numbers, names, + - * / **, parentheses, and "
        f"the functions {', '.join(_FUNCTIONS)}."
    )


def _number(node: ast.expr) -> float | None:
    """A number as it is written, with its sign."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as operand):
            number = _number(operand)
            return None if number is None else -number
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            try:
                return float(value)
            except OverflowError:
                raise ArgumentError("expression: a number is beyond those of float64, up to 1.8e308") from None
    return None


def _function(name: str, given: int) -> Callable[..., Tensor]:
    if name not in _FUNCTIONS:
        raise ArgumentError(f"expression: there is no function {name!r}. {nearest(name, _FUNCTIONS)}")
    wanted, function = _FUNCTIONS[name]
    if given != wanted:
        raise ArgumentError(f"expression: {name} takes {wanted} number{'s' * (wanted > 1)}, got {given}")
    return function


def _source(node: ast.expr) -> str:
    try:
        return repr(ast.unparse(node))[:80]
    except RecursionError:
        return "something deep"
