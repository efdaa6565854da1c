"""Work in foreign code that hears no signal, as a compiler's: done by threads that nobody waits for who ends.

Python waits for its threads when a process ends, and the foreign code would be torn down under those that it does not
wait for. So where some still work at the end, the process leaves by `_exit`, with its status, once Python has ended.
"""

from __future__ import annotations

import atexit
import ctypes
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, TypeVar

T = TypeVar("T")
_threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
locks: list[AbstractContextManager[Any]] = []  # of the foreign code: who leaves holds them, lest a thread has one then


class Aside:
    """Some threads for such work, which is done in the order in which it is given.

    Args:
        most: how many threads.
        name: what they are called.

    >>> Aside(2, "adds").submit(lambda: 1 + 1).result()
    2
    """

    def __init__(self, most: int, name: str) -> None:
        self.most, self.name = most, name
        self._left: deque[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = deque()
        self._lock, self._running = threading.Lock(), 0

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Do it, now or when a thread is free.

        Raises:
            RuntimeError: the process may have no more threads.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._running < self.most:
                thread = threading.Thread(target=self._work, name=self.name, daemon=True)
                thread.start()
                _threads.add(thread)
                self._running += 1
            self._left.append((future, function, arguments))
        return future

    def drop(self) -> None:
        """Leave undone what has not begun."""
        with self._lock:
            for future, *_ in self._left:
                future.cancel()
            self._left.clear()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._left:
                    self._running -= 1
                    return
                future, function, arguments = self._left.popleft()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function(*arguments))
                except BaseException as problem:
                    future.set_exception(problem)
            del future, function, arguments  # while it waits for the lock it keeps nothing


@atexit.register
def _leave() -> None:
    """Leave without those that still work; where that cannot be, wait for them."""
    working = [thread for thread in _threads if thread.is_alive()]
    if working and sys.platform == "linux":
        try:
            for lock in locks:
                lock.__enter__()
            libc = ctypes.CDLL(None)
            libc.on_exit(libc._exit, None)  # called with the status, before what came earlier is torn down
            return
        except (OSError, AttributeError):  # another C library
            pass
    for thread in working:
        thread.join()
