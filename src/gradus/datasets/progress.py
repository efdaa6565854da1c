"""How a download is shown: a bar in a terminal, one line elsewhere if it takes long."""

from __future__ import annotations

import sys
import time
from typing import Any

_PATIENCE = 2.0  # seconds until a pipe is told


class DownloadProgress:
    """What pooch tells how far a download is: sets `total`, calls `update`, `reset` and `close`."""

    def __init__(self, address: str, size: int) -> None:
        self.address, self.total = address, size
        self._begun, self._said = time.monotonic(), False
        self._bar: Any = None
        if sys.stderr is not None and sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task(address.rsplit("/", 1)[-1], total=size)

    def update(self, count: int) -> None:
        """`count` bytes more have come."""
        if self._bar is not None:
            self._bar.update(self._task, advance=count, total=self.total or None)
        elif not self._said and time.monotonic() - self._begun > _PATIENCE:
            print(f"downloading {self.address} ({self.total / 1e6:.1f} MB)", file=sys.stderr)
            self._said = True

    def reset(self) -> None:
        """Count from 0 again."""
        if self._bar is not None:
            self._bar.reset(self._task)

    def close(self) -> None:
        """Take the bar away; may be called twice."""
        if self._bar is not None:
            self._bar.stop()


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
