"""Running a native program on all threads at once.

The caller's thread is thread 0. The others are Python threads that wait inside native code (`board.py`), without the
interpreter's lock, for the next program.
"""

from __future__ import annotations

import atexit
import ctypes
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ArgumentError
from ...process.forks import Lock, in_child
from ..trace.address import flags_address
from .board import BOARD, CALL, CALL_BOARD, CALL_FLAGS, CALL_THREADS, CALL_WRITES, GENERATION, native
from .processors import MOST_THREADS, bounded, processors
from .target import Loaded


class Call:
    """A function of a loaded program and the table it works on, ready to be run again and again.

    It is refused where an array among `written` may not be written.
    """

    def __init__(self, loaded: Loaded, name: str, table: Any, written: Sequence[np.ndarray] = ()) -> None:
        self.loaded, self._table = loaded, table
        self.words = (ctypes.c_uint64 * CALL)(loaded.address(name), ctypes.addressof(table))
        flags = [flags_address(a) for a in written]
        self._flags = (ctypes.c_uint64 * max(len(flags), 1))(*flags)
        self._written = written  # they must live as long
        if all(flags):
            self.words[CALL_FLAGS], self.words[CALL_WRITES] = ctypes.addressof(self._flags), len(flags)
            self._asked: Sequence[np.ndarray] = ()
        else:
            self._asked = written
        self.address = ctypes.addressof(self.words)
        self.pool: Pool | None = None  # where it ran last, and on how many threads
        self.threads = 1
        self._alone = native().alone

    def run(self, threads: int) -> bool:
        """Run it on so many threads; it returns when all have finished. Whether it was refused."""
        if self._asked and not all(a.flags.writeable for a in self._asked):
            return True
        if threads == 1:
            return self._alone(self.address)  # type: ignore[no-any-return]
        return pool().run(self, threads)


class Pool:
    """The waiting threads, and the board on which they find their work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._together, self._serve = native().together, native().serve
        self._memory = (ctypes.c_uint64 * (BOARD + 8))()
        self.board = -(-ctypes.addressof(self._memory) // 64) * 64
        native().set_up(self.board)
        self._workers: list[threading.Thread] = []
        self._left: dict[int, Loaded] = {}  # by the number of threads: some may still be leaving their last program
        self._ended = False

    def run(self, call: Call, threads: int) -> bool:
        """Run a call on some of the threads, this one among them; whether it was refused."""
        with self._lock:
            if call.pool is not self or call.threads != threads:
                self._prepare(call, threads)
            refused = call.run(1) if self._ended else self._together(call.address)
            self._left[threads] = call.loaded
            return bool(refused)

    def _prepare(self, call: Call, threads: int) -> None:
        call.words[CALL_THREADS], call.words[CALL_BOARD] = threads, self.board
        call.pool, call.threads = self, threads
        seen = ctypes.c_uint64.from_address(self.board + 8 * GENERATION).value
        try:
            for who in range(len(self._workers) + 1, threads):
                worker = threading.Thread(target=self._serve, args=(self.board, who, seen), daemon=True)
                worker.start()
                self._workers.append(worker)
        except RuntimeError:  # the process may have no more threads, or is ending
            self._ended = True

    def end(self) -> None:
        """Let the threads go; what runs from now on runs on one."""
        if not self._lock.acquire(timeout=1):  # a program is still running, in a thread that nobody waits for
            return
        self._ended = True
        last = (ctypes.c_uint64 * CALL)(0, 0, 0, self.board)  # for no thread
        self._together(ctypes.addressof(last))
        self._lock.release()
        for worker in self._workers:
            worker.join()


_pool: Pool | None = None
_threads = 0


def num_threads() -> int:
    """How many threads compiled programs use: as set, else as many as may run at once.

    That is one for each processor that the process may use, or as many as its share of their time is worth; fewer where
    $GRADUS_THREADS or $OMP_NUM_THREADS says so.

    >>> num_threads() >= 1
    True
    """
    return _threads or processors()


def set_num_threads(threads: int, force: bool = False) -> None:
    """Use so many threads for compiled programs; 0 for as many as may run at once.

    The results do not depend on it, to the last bit.

    Args:
        threads: how many. If fewer may run at once, as many as these are used, with a warning.
        force: use so many all the same.

    >>> set_num_threads(1)
    >>> num_threads()
    1
    >>> set_num_threads(0)
    """
    global _threads
    whole = isinstance(threads, (int, np.integer)) and not isinstance(threads, bool)
    if not whole or not 0 <= threads <= MOST_THREADS:
        raise ArgumentError(f"set_num_threads takes a whole number from 0 to {MOST_THREADS}, got {threads!r}")
    said = f"set_num_threads({threads}"
    _threads = int(threads) if force else bounded(int(threads), f"{said})", f"{said}, force=True)")


def pool() -> Pool:
    """The threads of this process, started when first needed."""
    global _pool
    if _pool is None:
        with _making:
            _pool = _pool or Pool()
    return _pool


def _end() -> None:
    """Before the interpreter goes, and with it the code that the threads are in."""
    if _pool is not None:
        _pool.end()


@in_child
def _after_fork() -> None:
    """In a child process: the threads have stayed with the parent, and perhaps the lock that one of them held."""
    global _pool
    _pool = None


_making = Lock()
atexit.register(_end)
