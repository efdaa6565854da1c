"""Eager gradus beside eager PyTorch: `python -m benchmarks.eager [--only NAME ...] [--threads N ...]`.

Training steps with nothing compiled, on the same number of threads. Both run in processes of their own and take turns,
round by round; a figure is the median over the rounds of the ratio of two neighbouring measurements: above 1, gradus
takes longer. `--other FOLDER` adds another checkout's gradus, as from before a change.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from .contestants import CONTESTANTS, CORES, EAGER, Contestant
from .rounds import SETTLE
from .worker import ROOT, ContestantError, Worker
from .workloads import find

NAMES = (
    *("linear", "softmax", "mlp", "mlp_norm", "autoencoder", "lstm", "bilstm", "gru"),
    *("lenet_relu", "deep_convnet", "transformer_block", "embedding_bag"),
)


def limited(contestant: Contestant, threads: int) -> Contestant:
    """One that computes with so many threads, and is else as a user has it."""
    environment = {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS")}
    return replace(contestant, environment=environment)


def compare(
    name: str, threads: int, trees: Sequence[Path], rounds: int, patience: float, seconds: float
) -> list[float]:
    """Seconds a step of PyTorch, and how many times as long gradus takes, of each checkout."""
    ours, theirs = limited(EAGER, threads), limited(CONTESTANTS["torch"], threads)
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(theirs, patience))]
        workers += [stack.enter_context(Worker(ours, patience, root=tree)) for tree in trees]
        values = []
        for worker in workers:
            worker.imported()
            values.append(worker.prepare(name)["values"])
        workload = find(name)
        if not np.allclose(values, values[0], rtol=workload.agree, atol=0):
            raise ContestantError(f"the results differ: {values}")
        times: list[list[float]] = [[] for _ in workers]
        for k in range(rounds):
            for i in range(len(workers))[:: 1 if k % 2 else -1]:
                time.sleep(SETTLE)
                times[i].append(workers[i].measure(seconds))
    ratios = [statistics.median(a / b for a, b in zip(own, times[0], strict=True)) for own in times[1:]]
    return [statistics.median(times[0]), *ratios]


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser("python -m benchmarks.eager", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", default=NAMES, help=f"of {', '.join(NAMES)}")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, CORES])
    parser.add_argument("--other", type=Path, help="another checkout")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.2, help="how long a measurement takes at least")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds that building may take")
    args = parser.parse_args()
    trees = [ROOT, *([args.other.resolve()] if args.other else [])]
    who = ["gradus / torch", "the other / torch"][: len(trees)]
    for threads in dict.fromkeys(args.threads):
        print(f"\n{threads} threads\n\n| workload | torch, us | {' | '.join(who)} |\n|---|---:|{'---:|' * len(who)}")
        found = []
        for name in args.only:
            try:
                micros, *ratios = compare(name, threads, trees, args.rounds, args.patience, args.seconds)
            except ContestantError as problem:
                print(f"| {name} | {problem} |", flush=True)
                continue
            found.append(ratios)
            print(f"| {name} | {micros * 1e6:,.0f} | {' | '.join(f'{r:.2f}' for r in ratios)} |", flush=True)
        for title, pick in (("median", np.median), ("worst", np.max)):
            print(f"| {title} | | {' | '.join(f'{r:.2f}' for r in pick(found, axis=0))} |")


if __name__ == "__main__":
    main()
