"""What loops over time cost to compile, against their length: `python -m benchmarks.loops`.

A training step of a recurrent layer and a linear one is compiled for sequences of many lengths, each from an empty
cache: as the step stands, with the loop as a loop of the program, and with all its steps written out, as a Python `for`
would be. Then it runs, and its time for a step of the loop is given, forward and backward.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

import gradus
from gradus import nn, optim
from gradus.functional import cross_entropy

LENGTHS = (10, 50, 500, 5000)
WRITTEN_OUT = 50  # steps up to which that is tried, too
INPUTS, HIDDEN, BATCH, CLASSES = 64, 128, 64, 10


def step_of(layer: Any, written_out: bool) -> Callable[..., Any]:
    """A training step that classifies by the mean of the outputs: gradients through the last one alone would come to
    the smallest numbers there are, which processors are slow with."""
    head = nn.Linear(HIDDEN, CLASSES)
    optimizer = optim.SGD([*layer.parameters(), *head.parameters()], 0.1)

    def step(x: gradus.Tensor, y: gradus.Tensor) -> gradus.Tensor:
        optimizer.zero_grad()
        last, means = None, []
        for piece in x.split(len(x)) if written_out else (x,):
            outputs, last = layer(piece, last)
            means.append(outputs.mean(axis=0))
        loss = cross_entropy(head(sum(means) / len(means)), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def measured(kind: str, layers: int, length: int, written_out: bool, runs: int) -> tuple[float, float, int]:
    """Seconds to compile, seconds of a step of training, and how many kernels the program has."""
    gradus.seed(0)
    layer = getattr(nn, kind)(INPUTS, HIDDEN, layers)
    x, y = gradus.randn((length, BATCH, INPUTS)), gradus.randint(0, CLASSES, (BATCH,))
    with tempfile.TemporaryDirectory() as cache:
        os.environ["GRADUS_CACHE"] = cache
        compiled = gradus.compile(step_of(layer, written_out))
        started = time.perf_counter()
        step = compiled.version((x, y), {})
        took = time.perf_counter() - started
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        compiled(x, y)
        times.append(time.perf_counter() - started)
    return took, min(times), len(step.program.stages)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser("python -m benchmarks.loops", description=__doc__)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--kinds", nargs="+", default=["LSTM", "GRU"])
    args = parser.parse_args()
    measured("RNN", 1, 10, False, 1)  # what is made once in a process
    print("| layer | steps | compiles in, s | kernels | a step forward and back, us | written out, s |")
    print("|---|---:|---:|---:|---:|---:|")
    for kind in args.kinds:
        for length in LENGTHS:
            took, run, kernels = measured(kind, args.layers, length, False, max(3, 200 // length))
            out = f"{measured(kind, args.layers, length, True, 1)[0]:.2f}" if length <= WRITTEN_OUT else ""
            name, time_of_one = f"{kind}, {args.layers} layers", run / length * 1e6
            print(f"| {name} | {length} | {took:.2f} | {kernels} | {time_of_one:.0f} | {out} |", flush=True)


if __name__ == "__main__":
    main()
