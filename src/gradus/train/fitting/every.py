"""How often a training is saved within an epoch."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from ...errors import ArgumentError

USUALLY = "10min"
_UNITS = {"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")

Often = int | str | timedelta | None


class Every:
    """After so many steps of an epoch, or after so much time, something is due.

    Args:
        often: steps, as 500 or "500"; a time, as "30s", "10min", "2h" or a `timedelta`; None for never.

    Raises:
        ArgumentError: it is none of these, or no more than 0.

    >>> Every("10min").seconds, Every(500).steps
    (600.0, 500)
    """

    def __init__(self, often: Often) -> None:
        self.steps, self.seconds = _steps_or_seconds(often)
        self.start()

    def start(self) -> None:
        """Count the time from now on."""
        self._started = time.monotonic()

    def due(self, batch: int) -> bool:
        """Whether it is, after so many batches of an epoch."""
        if self.steps is not None:
            return batch % self.steps == 0
        return self.seconds is not None and time.monotonic() - self._started >= self.seconds

    def pieces(self, rows: np.ndarray, batch: int) -> Iterator[np.ndarray]:
        """The rows of batches in pieces, so that each ends where something is due; so many batches are done before.

        >>> [len(piece) for piece in Every(4).pieces(np.zeros((9, 2)), 2)]
        [2, 4, 3]
        """
        start = 0
        while start < len(rows):
            most = len(rows) if self.steps is None else self.steps - (batch + start) % self.steps
            yield rows[start : start + most]
            start += most


def _steps_or_seconds(often: Often) -> tuple[int | None, float | None]:
    if often is None:
        return None, None
    number, unit = _parsed(often)
    steps = not unit and number == int(number)
    if number <= 0 or not (steps or unit in _UNITS):
        raise ArgumentError(
            f"checkpoint_every is a number of steps, as 500, or a time, as '30s', '10min', '2h', or None, got {often!r}"
        )
    return (int(number), None) if steps else (None, number * _UNITS[unit])


def _parsed(often: Often) -> tuple[float, str]:
    """A number and its unit; 0 where it is neither."""
    if isinstance(often, timedelta):
        return often.total_seconds(), "s"
    if isinstance(often, int) and not isinstance(often, bool):
        return often, ""
    found = _WRITTEN.fullmatch(often.strip()) if isinstance(often, str) else None
    return (float(found[1]), found[2]) if found else (0, "")
