"""How many processors this process may use."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from ...errors import ArgumentError

MOST_THREADS = 1024
CONTROL_GROUPS = Path("/sys/fs/cgroup")  # where Linux tells how much of the processors' time a group of processes gets
OWN_GROUPS = Path("/proc/self/cgroup")
VARIABLE = "GRADUS_THREADS"  # how many to count on, if not all


@cache
def processors() -> int:
    """Those it may run on, but no more than its share of their time allows; or as many as $GRADUS_THREADS says.

    More threads than that share would stand still, all together, for most of each tenth of a second.

    Raises:
        ArgumentError: what the variable says is no number above 0.
    """
    if told := os.environ.get(VARIABLE, "").strip():
        if not told.isdecimal() or not 0 < int(told) <= MOST_THREADS:
            raise ArgumentError(f"{VARIABLE}={told!r} is no number of threads. Give one from 1 to {MOST_THREADS}.")
        return int(told)
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, round(min(allowed, share(CONTROL_GROUPS, OWN_GROUPS))))


def share(mounted: Path, own: Path) -> float:
    """How many processors' time the process gets: the least of its control groups, from its own to the outermost."""
    try:
        names = [line.split(":", 2)[2] for line in own.read_text().splitlines()]
    except (OSError, IndexError):
        return float("inf")
    groups = {mounted / kind / part.lstrip("/") for kind in ("", "cpu") for name in names for part in _outwards(name)}
    return min(map(_quota, groups), default=float("inf"))


def _outwards(name: str) -> list[str]:
    return [name, *map(str, Path(name).parents)]


def _quota(group: Path) -> float:
    """Of one group: version 2 has it in one file, version 1 in two; a quota of -1 or "max" is none."""
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = ((group / f"cpu.cfs_{part}_us").read_text() for part in ("quota", "period"))
        return float(quota) / float(period) if float(quota) > 0 else float("inf")
    except (OSError, ValueError, ZeroDivisionError):
        return float("inf")
