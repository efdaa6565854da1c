"""Threads and processes that read batches ahead, in order; what goes wrong in them reaches the loop at its turn."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime
from contextlib import contextmanager
from itertools import islice
from typing import Any

from ..errors import ArgumentError, DataError
from ..process.parent import end_after

METHODS = ("spawn", "fork", "forkserver")
END = object()  # what is read after the last batch of a stream
_here = threading.local()  # of each worker: what it reads with, and why it could not begin


class Workers:
    """Threads or processes that read, until they are ended.

    Attributes:
        ended: whether they were.
        process: the number of the process that they read for.
    """

    def __init__(self, executor: Executor, leave: Callable[[], None] = lambda: None) -> None:
        self.executor, self.ended, self._leave = executor, False, leave
        self.process = os.getpid()

    def here(self) -> bool:
        """Whether they read for this process, and not for the one that it was forked from."""
        return self.process == os.getpid()

    def end(self, wait: bool = True) -> None:
        """End them, and unless one hangs wait for them; what they read is given up."""
        self.ended = True
        if not self.here():
            return
        self._leave()
        hanging = [] if wait else list((getattr(self.executor, "_processes", None) or {}).values())
        self.executor.shutdown(wait, cancel_futures=True)
        for process in hanging:
            process.terminate()


def threads(
    count: int, read: Callable[..., Any], init: Callable[[int], Any] | None, leave: Callable[[], None]
) -> Workers:
    """So many threads that read; `init` is called in each with its number, `leave` when nobody waits any more."""
    begun = (read, init, _counted(queue.SimpleQueue(), count))
    return Workers(ThreadPoolExecutor(count, "gradus-loader", _begin, begun), leave)


def processes(context: Any, count: int, read: Callable[..., Any], init: Callable[[int], Any] | None) -> Workers:
    """So many processes that read, started as the context says: one of METHODS, or of multiprocessing's contexts."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    if isinstance(context, str):
        context = multiprocessing.get_context(context)
    begun = (read, init, _counted(context.SimpleQueue(), count))
    return Workers(ProcessPoolExecutor(count, mp_context=context, initializer=_begin_alone, initargs=begun))


def _counted(numbers: Any, count: int) -> Any:
    for number in range(count):
        numbers.put(number)
    return numbers


def _begin(read: Callable[..., Any], init: Callable[[int], Any] | None, numbers: Any) -> None:
    _here.read, _here.failed = read, None
    try:
        number = numbers.get()
        if init is not None:
            init(number)
    except Exception as problem:  # told with the first batch
        _here.failed = problem


def _begin_alone(read: Any, init: Callable[[int], Any] | None, numbers: Any) -> None:
    import multiprocessing

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the loop's own ends the others
    parent = multiprocessing.parent_process()
    if parent is not None:
        end_after(parent.join, asked=False)  # who is killed ends nobody
    read.alone = True
    _begin(read, init, numbers)


def _work(*job: Any) -> Any:
    """In a worker: read a batch."""
    if _here.failed is not None:
        problem = _here.failed
        raise DataError(f"DataLoader: worker_init_fn failed: {type(problem).__name__}: {problem}") from problem
    return _here.read(*job)


def in_order(
    workers: Workers, jobs: Iterable[tuple[Any, ...]], ahead: int, timeout: float, keep: bool = False
) -> Iterator[Any]:
    """What the workers read, job after job, up to so many before they are asked for; then the workers are ended.

    Args:
        timeout: seconds to wait for a batch; 0 waits as long as it takes.
        keep: leave the workers at work if all went well.
    """
    left, wait = iter(jobs), True
    waiting: deque[Future[Any]] = deque()
    try:
        waiting.extend(_given(workers.executor, job) for job in islice(left, ahead))
        while waiting:
            if not workers.here():
                raise DataError(
                    "DataLoader: this epoch was begun in the process that this one was forked from, whose workers read "
                    "it. Begin another: iter(loader)."
                )
            batch = _result(waiting.popleft(), timeout)
            if batch is END:
                return
            waiting.extend(_given(workers.executor, job) for job in islice(left, 1))
            yield batch
    except Exception as problem:
        keep, wait = False, not isinstance(problem.__cause__, OutOfTime)
        raise
    finally:
        for future in waiting if workers.here() else ():
            future.cancel()
        if not keep:
            workers.end(wait)


def _given(pool: Executor, job: tuple[Any, ...]) -> Future[Any]:
    """Give a job to the pool, which starts its processes when it gets the first ones."""
    try:
        with _without_ctrl_c():
            return pool.submit(_work, *job)
    except BrokenExecutor as problem:
        raise _ended() from problem
    except RuntimeError as problem:
        if "shutdown" not in str(problem):
            raise
        if threading.current_thread() is not threading.main_thread():
            raise SystemExit from None  # a thread that nobody waits for ends with the program, as Python's own do
        raise DataError("DataLoader: the program is ending, and starts no workers any more") from problem
    except Exception as problem:  # pickle's errors are of several kinds
        raise ArgumentError(
            "DataLoader: processes are sent the data set, collate_fn and worker_init_fn, and these cannot be sent: "
            f"{problem}. Define classes and functions at the top of a file, not in functions and not as lambdas; or "
            "leave out multiprocessing_context=, so that threads read."
        ) from problem


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Ctrl-C comes after this block, and never to processes started in it: Python's own beginning is not to show it."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _result(future: Future[Any], timeout: float) -> Any:
    try:
        return future.result(timeout or None)
    except BrokenExecutor as problem:
        raise _ended() from problem
    except OutOfTime as problem:
        if future.done():  # it is the data set's own
            raise
        raise DataError(f"DataLoader: no batch came for {timeout:g} seconds, the timeout") from problem
    finally:
        del future  # it holds its error, whose traceback holds this frame, until the collector comes


def _ended() -> DataError:
    return DataError(
        "DataLoader: a process that read ended, killed or with an error that is shown above. A program that starts "
        'processes begins below `if __name__ == "__main__":`, as each of them imports it.'
    )
