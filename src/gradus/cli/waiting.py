"""What is seen while something takes long whose end nobody knows: a spinner in a terminal, lines in a pipe."""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

FIRST, BETWEEN = 2.0, 15.0  # seconds until the first line, and between two


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on stderr that this is being done, and for how long, until the block ends."""
    if sys.stderr is None:
        yield
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            bar.add_task(what, total=None)
            yield
    else:
        done = threading.Event()
        thread = threading.Thread(target=_lines, args=(what, done), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def _lines(what: str, done: threading.Event) -> None:
    started, pause = time.perf_counter(), FIRST
    while not done.wait(pause):
        print(f"{what}: {time.perf_counter() - started:.0f} s ...", file=sys.stderr, flush=True)
        pause = BETWEEN


def while_waiting(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with `waiting` around each call."""

    @functools.wraps(function)
    def called(*arguments: Any, **options: Any) -> Any:
        with waiting(what):
            return function(*arguments, **options)

    return called
