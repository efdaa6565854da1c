"""Where an array lies in memory, and where NumPy notes whether it may be written: for native code."""

from __future__ import annotations

import ctypes
from functools import cache

import numpy as np

WRITEABLE = 0x400  # NPY_ARRAY_WRITEABLE, a bit of an array's flags
_FLAGS = object.__basicsize__ + 6 * ctypes.sizeof(ctypes.c_void_p)  # of PyArrayObject, in NumPy's C interface


def address(array: np.ndarray) -> int:
    """The address of an array's first element: three times as quick as `array.ctypes.data`."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]
    except (TypeError, ValueError, BufferError):  # not to be written, empty, or of a type without buffers
        return int(array.ctypes.data)


def flags_address(array: np.ndarray) -> int:
    """The address of the word with the array's flags; 0 in a Python that lays objects out otherwise."""
    return id(array) + _FLAGS if _flags_are_there() else 0


@cache
def _flags_are_there() -> bool:
    array, told = np.zeros(1), []
    for wanted in (True, False, True):
        array.flags.writeable = wanted
        told.append(ctypes.c_int.from_address(id(array) + _FLAGS).value == array.flags.num)
    return all(told)
