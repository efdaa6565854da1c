"""What gradus itself would run natively, where native code cannot be made: the same calls, carried out eagerly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor
from . import compiled
from .compiled import Compiled
from .target import missing
from .tree import flatten


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
        arrays = [a.numpy() if isinstance(a, Tensor) else np.asarray(a) for a in data]
        for rows in np.asarray(batches):
            results: list[Tensor] = []
            flatten(self.function(*(Tensor(np.ascontiguousarray(a[rows])) for a in arrays)), results)
            yield [np.array(t.numpy())[None] for t in results]

    def epoch(self, data: Sequence[Any], batches: Any) -> np.ndarray:
        """As `Compiled.epoch`: the first result of each step."""
        return np.concatenate([results[0] for results in self.slices(data, batches)] or [np.empty(0, np.float32)])


def natively(function: Callable[..., Any]) -> Compiled | Uncompiled:
    """A function of gradus' own as native code where that can be made, and else as it is, with the same calls.

    >>> type(natively(lambda x: x)).__name__ in ("Compiled", "Uncompiled")
    True
    """
    made: Compiled | Uncompiled = Uncompiled(function) if missing() else compiled.compile(function)
    return made
