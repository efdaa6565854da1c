"""Memory against unreadable pages: who reads or writes outside an array ends the process there and then.

Each array lies in pages of its own between two that may not be touched, once with its end against the upper one, once
with its beginning against the lower one. `GuardedRoom` gives a compiled step such memory for all that is its own:
results, batches, and every slot of the arena, which otherwise lie side by side.
"""

from __future__ import annotations

import ctypes
import math
import mmap
import weakref
from typing import Any

import numpy as np

from gradus.compiler.native.outline import Native
from gradus.compiler.native.room import Room
from gradus.compiler.plan.memory import _home

PAGE = mmap.PAGESIZE
SIDES = ("upper", "lower")
UNSET = 0xA5  # what memory holds before it is written: a number that shows
_NONE, _READ_WRITE, _PRIVATE_ANONYMOUS = 0, 3, 0x22

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def guarded(size: int, side: str) -> Any:
    """So many bytes against an unreadable page: a ctypes array, with which the memory goes."""
    inside = max(-(-size // PAGE), 1) * PAGE
    whole = _libc.mmap(None, inside + 2 * PAGE, _READ_WRITE, _PRIVATE_ANONYMOUS, -1, 0)
    if whole in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "no memory with guards")
    for guard in (whole, whole + PAGE + inside):
        if _libc.mprotect(guard, PAGE, _NONE):
            raise OSError(ctypes.get_errno(), "a page cannot be made unreadable")
    buffer = (ctypes.c_char * size).from_address(whole + PAGE + (inside - size if side == "upper" else 0))
    ctypes.memset(buffer, UNSET, size)
    weakref.finalize(buffer, _libc.munmap, whole, inside + 2 * PAGE)
    return buffer


def array(shape: tuple[int, ...], dtype: Any, side: str) -> np.ndarray:
    """An array against an unreadable page, its numbers not set."""
    dtype = np.dtype(dtype)
    buffer = guarded(math.prod(shape) * dtype.itemsize, side)
    return np.ndarray(shape, dtype, buffer=buffer)


def copied(a: np.ndarray, side: str) -> np.ndarray:
    """An array's numbers against an unreadable page."""
    copy = array(a.shape, a.dtype, side)
    copy[...] = a
    return copy


class GuardedRoom(Room):
    """Memory for steps (`Step.room`), every piece of it against an unreadable page."""

    def __init__(self, side: str) -> None:
        self.side = side

    def result(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        return array(shape, dtype, self.side)

    batch = result

    def arena(self, native: Native) -> tuple[dict[int, int], Any]:
        """A mapping for each slot; the pieces of what is joined in place lie in that of the whole."""
        program, kept, addresses = native.program, [], {}
        plan = program.plan
        sizes = {s: program.schedule.span(n) * n.dtype.itemsize for n, s in plan.slots.items()}
        sizes |= {slot: scratch.size for scratch, slot in plan.scratch.items()}
        pieces = {}
        for n, slot in plan.slots.items():
            whole, start = _home(n, program.schedule)
            if whole is not n and slot in plan.offsets:
                pieces[slot] = plan.slots[whole], start * n.dtype.itemsize
        for slot in plan.offsets:
            if slot not in pieces:
                kept.append(guarded(sizes[slot], self.side))
                addresses[slot] = ctypes.addressof(kept[-1])
        for slot, (whole, start) in pieces.items():
            addresses[slot] = addresses[whole] + start
        return addresses, kept
