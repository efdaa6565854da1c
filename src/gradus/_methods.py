"""What a Tensor can do, gathered from the places that define it.

An op is written once, as a function; registering it here makes it a method or an operator of Tensor too. The stub
beside this file (`_methods.pyi`) tells editors and type checkers the same; `python tools/write_stubs.py` renews it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any] | property)


class Methods:
    """The base of Tensor that `method` fills."""

    __slots__ = ()


def method(*names: str) -> Callable[[F], F]:
    """Make a function a method of Tensor (or a property one of its), under each of the names."""

    def register(function: F) -> F:
        for name in names:
            setattr(Methods, name, function)
        return function

    return register


def reflected(name: str, function: Callable[..., Any]) -> None:
    """Make a function of two operands the operator `name` with its operands exchanged: `2 - x` is `sub(2, x)`."""
    setattr(Methods, name, lambda self, other: function(other, self))
