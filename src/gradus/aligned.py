"""Where arrays lie: they begin at a line of the caches, and take memory that was freed before.

No vector crosses a line then, which would take two accesses. Of the memory: glibc gives large pieces back to the system
at once, and the system clears new ones page by page; a step of training, which makes and frees the same arrays each
time, may spend half its time on that.
"""

from __future__ import annotations

import ctypes
import functools
import math
import os

import numpy as np

LINE = 64  # bytes that caches take from memory at a time
FEW = 1024  # bytes for which it is not worth its while
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # the numbers of mallopt's settings
_FREE, _LARGEST = 1 << 30, 1 << 25  # bytes that may lie free at the end of the heap; of the largest piece kept


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


@functools.cache
def keep_freed_memory() -> bool:
    """Have the process keep up to 1 GiB of freed memory; whether it does.

    Not where there is no glibc, nor where the user's environment says what malloc shall do (`MALLOC_...`).
    """
    if any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library; Windows
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST) and mallopt(_TRIM_THRESHOLD, _FREE))
