"""What arrays held when the program that reads them first met them: a function may change one between two uses."""

from __future__ import annotations

import zlib

import numpy as np


class Seen:
    """Arrays, and a checksum of the numbers each held.

    >>> seen, a = Seen(), np.zeros(3)
    >>> seen.add(a)
    >>> a += 1
    >>> seen.changed() is a
    True
    """

    def __init__(self) -> None:
        self._arrays: list[tuple[np.ndarray, int]] = []

    def add(self, array: np.ndarray) -> None:
        """The array is met."""
        self._arrays.append((array, _checksum(array)))

    def changed(self) -> np.ndarray | None:
        """The first array that holds other numbers by now."""
        return next((a for a, before in self._arrays if _checksum(a) != before), None)


def _checksum(array: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
