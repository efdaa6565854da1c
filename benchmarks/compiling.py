"""What compiling costs, part by part: `python -m benchmarks.compiling [NAME ...]`.

Each workload is compiled and run once in a process of its own, with an empty cache and again with what that has left
there. `first step` is what one waits for after import: a model is made, its step compiled, and run. `compiling` is what
one waits for of that until the code is loaded. The other columns are seconds of processor time: of all threads for the
compiling, and of each part of it; so they may be more than the time waited, where several threads compile.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .records import Training, classifier
from .runner import Runner
from .worker import ROOT

WHOLE = "compiled.Compiled._made"  # all of compiling
COMPILER = "gradus.compiler."
PARTS: dict[str, tuple[str, ...]] = {  # of each part the functions that do it; what they call of another counts there
    "tracing": ("surroundings.sound.once",),
    "surroundings": ("surroundings.version.soundly",),
    "rewriting": ("native.stages.simplify",),
    "planning": ("native.outline.Native._made",),
    "emitting": ("native.stages.Stages.emit", "native.program.Program.text"),
    "cache": ("native.outline._name", "native.cache.key", "native.cache.load", "native.cache.save"),
    "parsing": ("native.target.parsed",),
    "LLVM's passes": ("native.target.optimized",),
    "code generation": ("native.target.generated",),
    "loading": ("native.target.Loaded.__init__",),
}


class Clock:
    """Adds up the processor time of each part; what one part calls of another counts for that."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self._open = threading.local()
        self._lock = threading.Lock()
        self.waited = self.used = 0.0  # for all of it
        for part, places in PARTS.items():
            for place in places:
                self._watch(COMPILER + place, partial(self._timed, part))
        self._watch(COMPILER + WHOLE, self._whole)

    def _watch(self, place: str, timed: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        owner, name = _found(place)
        setattr(owner, name, timed(getattr(owner, name)))

    def _whole(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            started, used = time.perf_counter(), time.process_time()
            found = function(*arguments, **options)
            self.waited += time.perf_counter() - started
            self.used += time.process_time() - used
            return found

        return timed

    def _timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            stack = vars(self._open).setdefault("stack", [])
            stack.append(0.0)  # what others take meanwhile
            started = time.thread_time()
            try:
                return function(*arguments, **options)
            finally:
                taken = time.thread_time() - started
                with self._lock:
                    self.seconds[part] += taken - stack.pop()
                if stack:
                    stack[-1] += taken

        return timed


def _found(place: str) -> tuple[Any, str]:
    """A module or class, and the name in it of what stands at a place such as `package.module.Class.method`."""
    path, _, name = place.rpartition(".")
    try:
        return importlib.import_module(path), name
    except ModuleNotFoundError:
        outer, _, inner = path.rpartition(".")
        return getattr(importlib.import_module(outer), inner), name


# -- deep networks -----------------------------------------------------------------------------------------------------


def resnet18(size: int) -> Training:
    """ResNet-18 (He et al., 2016) for pictures of 3 x size x size."""
    from gradus import functional as F
    from gradus import nn

    class Block(nn.Module):
        def __init__(self, before: int, width: int, stride: int) -> None:
            self.first = nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False)
            self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
            self.norms = nn.ModuleList([nn.BatchNorm2d(width), nn.BatchNorm2d(width)])
            self.past: Any = nn.Identity()
            if stride > 1:
                past = nn.Conv2d(before, width, 1, stride=stride, bias=False)
                self.past = nn.Sequential(past, nn.BatchNorm2d(width))

        def forward(self, x: Any) -> Any:
            y = F.relu(self.norms[0](self.first(x)))
            return F.relu(self.norms[1](self.second(y)) + self.past(x))

    def model(_: Any) -> Any:
        layers = [nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
        for before, width in ((64, 64), (64, 128), (128, 256), (256, 512)):
            layers += [Block(before, width, width // before), Block(width, width, 1)]
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))

    return classifier(f"resnet18-{size}", f"ResNet-18, 3x{size}x{size}, batch 16", model, (16, 3, size, size))


def transformer(depth: int) -> Training:
    """A decoder of so many equal layers, of width 128."""
    from gradus import functional as F
    from gradus import nn

    class Block(nn.Module):
        def __init__(self) -> None:
            self.attention = nn.MultiheadAttention(128, 4, batch_first=True)
            self.norms = nn.ModuleList([nn.LayerNorm(128), nn.LayerNorm(128)])
            self.up, self.down = nn.Linear(128, 512), nn.Linear(512, 128)

        def forward(self, x: Any) -> Any:
            y = self.norms[0](x)
            x = x + self.attention(y, y, y, is_causal=True)[0]
            return x + self.down(F.gelu(self.up(self.norms[1](x))))

    def model(_: Any) -> Any:
        return nn.Sequential(*(Block() for _ in range(depth)), nn.LayerNorm(128))

    title = f"a transformer of {depth} layers"
    return Training(f"transformer-{depth}", title, model=model, x=(8, 64, 128), y=(8, 64, 128), optimizer="Adam")


DEEP: dict[str, Callable[[], Training]] = {
    "resnet18-32": lambda: resnet18(32),
    "resnet18-64": lambda: resnet18(64),
    "transformer-2": lambda: transformer(2),
    "transformer-8": lambda: transformer(8),
}


# -- one process -------------------------------------------------------------------------------------------------------


def one(name: str) -> dict[str, float]:
    """Compile a workload and run it once: the seconds waited, and those of each part."""
    from . import with_gradus
    from .workloads import find

    clock = Clock()
    w = DEEP[name]() if name in DEEP else find(name)
    started = time.perf_counter()
    runner: Runner = getattr(with_gradus, w.kind)(w)
    np.asarray(runner.values(runner.call()))
    first = time.perf_counter() - started
    return {"first step": first, "compiling": clock.waited, "all threads": clock.used} | clock.seconds


def apart(name: str, cache: str) -> dict[str, float]:
    """The same in a process of its own, with this folder for a cache."""
    command = [sys.executable, "-m", "benchmarks.compiling", "--one", name]
    environment = os.environ | {"GRADUS_CACHE": cache, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure, and print a table."""
    from .workloads import WORKLOADS

    parser = argparse.ArgumentParser("python -m benchmarks.compiling", description=__doc__)
    every = [w.name for w in WORKLOADS] + list(DEEP)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(every)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(one(args.one)))
        return
    head = ["first step", "compiling", "all threads", *PARTS]
    print(f"| workload | cache | {' | '.join(head)} |\n|---|---|{'---:|' * len(head)}")
    for name in args.names or every:
        rounds: dict[str, list[dict[str, float]]] = {"empty": [], "warm": []}
        for _ in range(args.rounds):
            with tempfile.TemporaryDirectory() as cache:
                for found in rounds.values():
                    found.append(apart(name, cache))
        for kind, found in rounds.items():
            medians = [f"{statistics.median(f[column] for f in found):.3f}" for column in head]
            print(f"| {name} | {kind} | {' | '.join(medians)} |", flush=True)


if __name__ == "__main__":
    main()
