"""Convolutions of few images, beside PyTorch: `python -m benchmarks.small_batches`.

One convolution, forward and both gradients, for batches from 1 to 16. Gradus and PyTorch's two layouts take turns in
one process, so that what is slow or fast in the machine meets all; medians, in milliseconds. The ratio is gradus' time
over PyTorch's better layout; the growth is gradus' time over its own for half as many images; the floor is the time of
the direct way's operations at the rate of multiply-adds in registers. With `--threads 1` it is the processor's time
that is taken, to which other programs add little: so a busy machine can compare, too.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

import gradus
from gradus.nn import functional as F

from . import floor
from .contestants import CORES

BATCHES = (1, 2, 4, 8, 16)
SETTLE = 0.01  # seconds before each turn, in which the last contestant's waiting threads stop spinning
TURN = 0.02  # seconds, about, that a turn takes
Clock = Callable[[], float]
LAYOUTS = {"torch": "contiguous_format", "channels last": "channels_last"}


class Layer(NamedTuple):
    """A square convolution."""

    channels: int
    out: int
    size: int
    kernel: int = 3
    stride: int = 1

    def __str__(self) -> str:
        stride = f", stride {self.stride}" if self.stride > 1 else ""
        return f"{self.channels}-{self.out}, {self.size}x{self.size}, {self.kernel}x{self.kernel}{stride}"

    @property
    def places(self) -> int:
        """Along a side of the result."""
        return (self.size + 2 * (self.kernel // 2) - self.kernel) // self.stride + 1

    def data(self, n: int) -> list[np.ndarray]:
        """Images, weight, and the gradient that comes to the result."""
        rng = np.random.default_rng(0)
        images, weight = (n, self.channels, self.size, self.size), (self.out, self.channels, *[self.kernel] * 2)
        shapes = images, weight, (n, self.out, self.places, self.places)
        return [rng.standard_normal(shape, np.float32) for shape in shapes]

    def operations(self, n: int) -> float:
        """Of the direct way, three times: forward and both gradients."""
        return 3 * 2.0 * n * self.channels * self.out * (self.places * self.kernel) ** 2


LAYERS = (
    Layer(32, 16, 64),
    Layer(64, 64, 56),
    Layer(3, 16, 32),
    Layer(128, 128, 14),
    Layer(256, 256, 7),
    Layer(64, 128, 28, 1),
    Layer(16, 32, 28, 5),
    Layer(64, 128, 56, 3, 2),
    Layer(3, 32, 64, 7, 2),
)


def with_gradus(layer: Layer, n: int, precision: str) -> Callable[[], Any]:
    """Compiled as one program."""
    leaves = [gradus.tensor(a) for a in layer.data(n)]

    def step(x: gradus.Tensor, weight: gradus.Tensor, g: gradus.Tensor) -> list[gradus.Tensor]:
        x, weight = x.detach().requires_grad_(), weight.detach().requires_grad_()
        y = F.conv2d(x, weight, stride=layer.stride, padding=layer.kernel // 2)
        return [y.detach(), *gradus.grad((y * g).sum(), [x, weight])]

    compiled = gradus.compile(step, precision=precision)
    return lambda: compiled(*leaves)


def with_torch(layer: Layer, n: int, precision: str, layout: str) -> Callable[[], Any]:
    """Eager."""
    import torch

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    memory = getattr(torch, layout)
    x, weight, g = (torch.from_numpy(a).to(dtype).contiguous(memory_format=memory) for a in layer.data(n))
    leaves = [x.requires_grad_(), weight.requires_grad_()]

    def step() -> list[Any]:
        y = torch.nn.functional.conv2d(x, weight, stride=layer.stride, padding=layer.kernel // 2)
        return [y, *torch.autograd.grad(y, leaves, g)]

    return step


@dataclass
class Row:
    """What the rounds gave: seconds by contestant."""

    layer: Layer
    n: int
    times: dict[str, list[float]] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """A contestant's."""
        return float(np.median(self.times[name]))

    @property
    def ratio(self) -> float:
        """Of gradus' time to that of PyTorch's better layout."""
        return self.median("gradus") / min(self.median(name) for name in LAYOUTS)

    def line(self, half: Row | None, operations: float) -> str:
        """A line of the table."""
        growth = f"{self.median('gradus') / half.median('gradus'):.2f}" if half else ""
        least = self.layer.operations(self.n) / operations
        times = " | ".join(f"{self.median(name) * 1e3:.3f}" for name in ("gradus", *LAYOUTS))
        return f"| {self.layer} | {self.n} | {times} | {self.ratio:.2f} | {growth} | {least * 1e3:.3f} |"


def measured(layer: Layer, n: int, precision: str, rounds: int, clock: Clock) -> Row:
    """All take turns."""
    steps = {"gradus": with_gradus(layer, n, precision)}
    steps |= {name: with_torch(layer, n, precision, layout) for name, layout in LAYOUTS.items()}
    _agree({name: step() for name, step in steps.items()}, precision)
    often = {name: max(1, round(TURN / _timed(step, 2, clock))) for name, step in steps.items()}
    row = Row(layer, n, {name: [] for name in steps})
    for _ in range(rounds):
        for name, step in steps.items():
            time.sleep(SETTLE)
            row.times[name].append(_timed(step, often[name], clock))
    return row


def _timed(step: Callable[[], Any], often: int, clock: Clock) -> float:
    """Seconds of one call, of so many after one that wakes threads and fills caches."""
    step()
    started = clock()
    for _ in range(often):
        step()
    return (clock() - started) / often


def _agree(results: dict[str, Sequence[Any]], precision: str) -> None:
    """Fail where they worked out different numbers."""
    tolerance = 1e-4 if precision == "float32" else 0.05
    ours, theirs = results["gradus"], results["torch"]
    for a, b in zip(ours, theirs, strict=True):
        expected = b.detach().float().numpy()
        np.testing.assert_allclose(a.numpy(), expected, rtol=0, atol=tolerance * np.abs(expected).max())


def _run_on(threads: int) -> Clock:
    """Let all work on so many threads; what to time that with."""
    import torch

    torch.set_num_threads(threads)
    gradus.set_num_threads(threads)
    return time.process_time if threads == 1 else time.perf_counter


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser("python -m benchmarks.small_batches", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batches", type=int, nargs="+", default=list(BATCHES))
    parser.add_argument("--layers", type=int, nargs="+", default=list(range(len(LAYERS))), help="numbers, from 0")
    parser.add_argument("--precision", choices=("float32", "bf16"), default="float32")
    parser.add_argument("--threads", type=int, default=CORES)
    args = parser.parse_args()
    clock = _run_on(args.threads)
    operations = max(floor.measure().operations for _ in range(3)) / CORES * args.threads
    print(f"{operations / 1e9:.0f} GFLOP/s on {args.threads} cores; milliseconds, {args.precision}.\n")
    print(f"| layer | batch | gradus | {' | '.join(LAYOUTS)} | ratio | growth | floor |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for layer in (LAYERS[i] for i in args.layers):
        done: dict[int, Row] = {}
        for n in args.batches:
            done[n] = measured(layer, n, args.precision, args.rounds, clock)
            print(done[n].line(done.get(n // 2) if n % 2 == 0 else None, operations), flush=True)


if __name__ == "__main__":
    main()
