"""What gradus itself would run natively, where native code cannot be made: the same calls, carried out eagerly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import compiling
from .compiled import Compiled
from .native.job import first_of, one_by_one
from .native.target import missing


class Uncompiled:
    """A function with the calls of a compiled one, computed operation by operation.

    >>> import gradus
    >>> double = Uncompiled(lambda x: x * 2)
    >>> [part.tolist() for (part,) in double.slices((np.arange(4.0),), [[0, 1], [2, 3]])]
    [[[0.0, 2.0]], [[4.0, 6.0]]]
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self.function(*arguments, **options)

    def prepare(self, data: Sequence[Any], batches: Any) -> None:
        """There is nothing to make ready."""

    def slices(self, data: Sequence[Any], batches: Any) -> Iterator[list[np.ndarray]]:
        """As `Compiled.slices`, a step at a time."""
        return one_by_one(self.function, data, batches)

    def epoch(self, data: Sequence[Any], batches: Any) -> np.ndarray:
        """As `Compiled.epoch`: the first result of each step."""
        return first_of(self.slices(data, batches))


def natively(function: Callable[..., Any]) -> Compiled | Uncompiled:
    """A function of gradus's own as native code where that can be made, and else as it is, with the same calls.

    >>> type(natively(lambda x: x)).__name__ in ("Compiled", "Uncompiled")
    True
    """
    made: Compiled | Uncompiled = Uncompiled(function) if missing() else compiling.compile(function)
    return made
