"""How many processors this process may use."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from ...errors import ArgumentError, warn

MOST_THREADS = 1024
CONTROL_GROUPS = Path("/sys/fs/cgroup")  # where Linux tells how much of the processors' time a group of processes gets
OWN_GROUPS = Path("/proc/self/cgroup")
VARIABLES = ("GRADUS_THREADS", "GRADUS_NUM_THREADS")  # how many to count on, if not all: one name, and what some try
OPENMP = "OMP_NUM_THREADS"  # what programs for many cores are usually told by


@cache
def processors() -> int:
    """How many threads to count on: those that may run at once, or fewer if the environment says so.

    $GRADUS_THREADS says it for gradus alone, $OMP_NUM_THREADS for all of a process. More than may run at once would
    wait for one another, so they are not taken, unless there is an exclamation mark: `GRADUS_THREADS=64!`.

    Raises:
        ArgumentError: what $GRADUS_THREADS says is no number above 0.
    """
    for name in VARIABLES:
        if told := os.environ.get(name, "").strip():
            number = told.removesuffix("!")
            if not number.isdecimal() or not 0 < int(number) <= MOST_THREADS:
                raise ArgumentError(f"{name}={told!r} is no number of threads. Give one from 1 to {MOST_THREADS}.")
            return int(number) if told.endswith("!") else bounded(int(number), f"{name}={told}", f"{name}={told}!")
    first = os.environ.get(OPENMP, "").split(",")[0].strip()  # the others are for threads that threads start
    return min(allowed(), int(first)) if first.isdecimal() and int(first) else allowed()


def bounded(threads: int, said: str, forced: str) -> int:
    """So many threads, or if fewer may run at once, as many as these; which is said."""
    if threads <= allowed():
        return threads
    warn(
        f"{said}: {allowed()} threads may run at once here, as many are used. More would wait for one another. "
        f"{forced} takes them all the same."
    )
    return allowed()


@cache
def allowed() -> int:
    """How many threads may run at once: on the processors of this process, but no more than its share of their time.

    More than that share would stand still, all together, for most of each tenth of a second.
    """
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, round(min(own, share(CONTROL_GROUPS, OWN_GROUPS))))


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
