"""Where the memory of a step comes from: what its program works in, and the arrays of its results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import aligned
from ..plan.memory import ALIGNMENT

if TYPE_CHECKING:
    from .outline import Native


class Room:
    """Memory as the system gives it. Tests put another in its place, in which nothing lies beside anything else."""

    def result(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """An array that the caller may be given."""
        return np.empty(shape, dtype)

    def batch(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """An array into which rows are gathered."""
        return aligned.empty(shape, dtype)

    def arena(self, native: Native) -> tuple[dict[int, int], Any]:
        """The address of each slot that lives only during a step, and what keeps their memory."""
        memory = np.empty(native.outline.arena + ALIGNMENT, np.uint8)
        base = -(-memory.ctypes.data // ALIGNMENT) * ALIGNMENT
        return {slot: base + offset for slot, offset in native.outline.offsets}, memory
