"""This checkout beside another one, as from before a change: `python -m benchmarks.pairs OTHER [--only NAME ...]`.

Both run in processes of their own and take turns, round by round, so that what disturbs the machine disturbs both. A
workload's figure is the median over the rounds of the ratio of two neighbouring measurements: below 1, this is faster.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from .contestants import CONTESTANTS
from .records import Workload
from .rounds import SETTLE
from .worker import ROOT, ContestantError, Worker
from .workloads import WORKLOADS, find, names


def compare(workload: Workload, trees: tuple[Path, Path], rounds: int, patience: float, seconds: float = 0.1) -> str:
    """A line of the table: microseconds a step of both, the ratio, and its quartiles."""
    times: tuple[list[float], list[float]] = [], []
    with (
        Worker(CONTESTANTS["gradus"], patience, root=trees[0]) as a,
        Worker(CONTESTANTS["gradus"], patience, root=trees[1]) as b,
    ):
        for worker in (a, b):
            worker.imported()
            worker.prepare(workload.name)
        for k in range(rounds):
            for i in (0, 1) if k % 2 else (1, 0):
                time.sleep(SETTLE)
                times[i].append((a, b)[i].measure(seconds))
    ratios = sorted(x / y for x, y in zip(*times, strict=True))
    low, middle, high = statistics.quantiles(ratios, n=4)
    here, there = (statistics.median(t) * 1e6 for t in times)
    return f"| {workload.name} | {here:,.1f} | {there:,.1f} | {middle:.3f} | {low:.3f} to {high:.3f} |"


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser("python -m benchmarks.pairs", description=__doc__)
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"of {', '.join(names())}")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--patience", type=float, default=120.0, help="seconds that building and compiling may take")
    args = parser.parse_args()
    chosen = [find(name) for name in args.only] if args.only else WORKLOADS
    print("| workload | here, us | other, us | ratio | its quartiles |\n|---|---:|---:|---:|---|")
    for workload in chosen:
        try:
            print(compare(workload, (ROOT, args.other.resolve()), args.rounds, args.patience), flush=True)
        except ContestantError as problem:
            print(f"| {workload.name} | {problem} | | | |", flush=True)


if __name__ == "__main__":
    main()
