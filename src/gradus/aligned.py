"""Arrays that begin at a line of the caches: no vector of theirs crosses one, which would take two accesses."""

from __future__ import annotations

import math

import numpy as np

LINE = 64  # bytes that caches take from memory at a time
FEW = 1024  # bytes for which it is not worth its while


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array whose numbers are not set yet.

    >>> empty((30, 100), np.dtype("float32")).ctypes.data % LINE
    0
    """
    size = math.prod(shape) * dtype.itemsize
    if size < FEW:
        return np.empty(shape, dtype)
    room = np.empty(size + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size].view(dtype).reshape(shape)


def copied(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The array's numbers, as another type if need be, in memory of their own.

    >>> copied(np.array([1.5, 2.5]), np.dtype("int64"))
    array([1, 2])
    """
    copy = empty(array.shape, dtype)
    np.copyto(copy, array, casting="unsafe")
    return copy
