"""How long one waits for the first trained step of a small net."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence

import numpy as np

from . import report
from .contestants import Contestant
from .worker import ContestantError, Worker
from .workloads import find

WORKLOAD = "mlp"
ASKED = {"empty": 0.6, "warm": 0.15}  # seconds after import


def lines(contestants: Sequence[Contestant], rounds: int, patience: float) -> list[str]:
    """The section: seconds from the start of the process, and after import, with an empty and with a warm cache."""
    head = ["", "import", "empty cache: from the start", "after import", "warm cache: from the start", "after import"]
    workload = find(WORKLOAD)
    times: dict[str, list[list[float]]] = {}
    why: dict[str, str] = {}
    for _ in range(rounds):
        for c in (c for c in contestants if c.takes_part(workload) and c.name not in why):
            try:
                times.setdefault(c.title, []).append(list(_once(c, patience)))
            except ContestantError as error:
                times.pop(c.title, None)
                why[c.name] = str(error)
    rows = []
    for title, rounds_of in times.items():
        imported, *medians = np.median(rounds_of, axis=0)
        rows.append([title, *(f"{t:.2f}" for t in (imported, imported + medians[0], medians[0]))])
        rows[-1] += [f"{t:.2f}" for t in (imported + medians[1], medians[1])]
    asked = f"Seconds. Asked of gradus after import: {ASKED['empty']} with an empty cache, {ASKED['warm']} if warm"
    if "gradus" in times:
        _, empty, warm = np.median(times["gradus"], axis=0)
        reached = [empty <= ASKED["empty"], warm <= ASKED["warm"]]
        asked += "; " + " and ".join("reached" if r else "**not reached**" for r in reached)
    left_out = [f"- {name}: {reason}" for name, reason in why.items()]
    return [*report.circumstances(rounds), asked + ".", "", *report.table(head, rows), *left_out]


def _once(c: Contestant, patience: float) -> Iterator[float]:
    """Seconds of the import, and from there to the first step with an empty and with a warm cache."""
    if not c.installed:
        raise ContestantError(f"{c.package} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        for cache in ("empty", "warm"):
            with Worker(c, patience, cache=folder) as worker:
                imported = worker.imported()
                first = worker.prepare(WORKLOAD)["first"]
            if cache == "empty":
                yield imported
            yield first
