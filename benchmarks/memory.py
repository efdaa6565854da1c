"""The most memory that a process holds while it trains."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

from . import report
from .contestants import CONTESTANTS
from .records import Workload
from .worker import ContestantError, Worker


def lines(workloads: Sequence[Workload], patience: float) -> list[str]:
    """The section: the peak of gradus' and of torch's process for each workload, in the environment users have."""
    rows = []
    for w in (w for w in workloads if w.memory_asked is not None):
        with tempfile.TemporaryDirectory() as folder:
            first, ours = (_peak("gradus", w.name, patience, folder) for _ in range(2))
        theirs = _peak("torch", w.name, patience)
        rows.append([w.title, _mib(ours), _mib(first), _mib(theirs), "-", "-"])
        if isinstance(ours, int) and isinstance(theirs, int):
            share = ours / theirs
            reached = "reached" if share <= w.memory_asked else "**not reached**"
            rows[-1][4:] = [f"{share:.2f}", f"{w.memory_asked:g}: {reached}"]
    head = ["workload", "gradus", "empty cache", "torch eager", "gradus / torch", "asked, at most"]
    text = "Peak resident memory of the process in MiB, the interpreter, libraries and data included; with an empty "
    text += "cache, the first time on a machine, the code generator's too."
    return [*report.circumstances(1), text, "", *report.table(head, rows)]


def _peak(name: str, workload: str, patience: float, cache: str | None = None) -> int | str:
    """Bytes, or why there are none."""
    contestant = CONTESTANTS[name]
    if not contestant.installed:
        return f"{contestant.package} is not installed"
    try:
        with Worker(contestant, patience, tuned=False, cache=cache) as worker:
            worker.imported()
            worker.prepare(workload)
            worker.measure(0.1)
            return worker.peak()
    except ContestantError as error:
        return str(error)


def _mib(peak: int | str) -> str:
    return peak if isinstance(peak, str) else f"{peak / 2**20:.0f}"
