"""From the shell's prompt to a trained network: whole commands, started with an empty cache of compiled code."""

from __future__ import annotations

import compileall
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gradus.datasets.locate import locate

from . import report
from .contestants import CONTESTANTS

ROOT = Path(__file__).parent.parent
WANTED = 0.88  # test accuracy on Fashion-MNIST
FIRST, LAST = 2, 15  # epochs to try
ASKED = 5.0  # times torch's speed
TITLES = {"gradus": "`gradus train lenet --data fashion_mnist`", "torch": "`benchmarks/torch_lenet.py`"}


class Outcome(NamedTuple):
    """Seconds until the test accuracy was known and until the command returned, and the accuracy."""

    known: float
    returned: float
    accuracy: float

    def __str__(self) -> str:
        return f"{self.known:.2f} s, returned after {self.returned:.2f} s, test accuracy {self.accuracy:.4f}"


def lines(rounds: int, say: Callable[[str], None]) -> list[str]:
    """The section: seconds of each command, with as few epochs as reach the accuracy with every seed."""
    compileall.compile_dir(ROOT / "src", quiet=1)  # as an installer leaves it, and as torch lies there
    taking_part = [name for name in TITLES if CONTESTANTS[name].installed]
    epochs = dict.fromkeys(taking_part, FIRST)
    found: dict[str, list[Outcome]] = {name: [] for name in taking_part}
    seed = 0
    while seed < rounds:
        for name in taking_part:
            outcome = _run(name, epochs[name], seed)
            say(f"{name}, {epochs[name]} epochs, seed {seed}: {outcome}")
            found[name].append(outcome)
        short = [name for name in taking_part if found[name][-1].accuracy < WANTED and epochs[name] < LAST]
        for name in short:
            epochs[name] += 1
        if short:  # once more from the first seed, so that all rounds are of the same commands
            found, seed = {name: [] for name in taking_part}, 0
        else:
            seed += 1
    rows = [_row(name, epochs[name], found[name]) for name in taking_part]
    head = ["command", "epochs", "seconds to the accuracy", "to the prompt's return", "test accuracy"]
    text = (
        "Seconds from the prompt until the test accuracy is printed, and until the prompt returns, medians over seeds; "
        f"each with the fewest epochs, from {FIRST}, that reach a test accuracy of {WANTED} with every seed. Both "
        "train with the same batches, optimizer and schedule, and look at the test pictures once, at the end. gradus "
        "starts with an empty cache, validates after each epoch, and writes a report; the script in PyTorch trains and "
        "tests."
    )
    return [*report.circumstances(rounds), text, "", *report.table(head, rows), *_ratio(found)]


def _row(name: str, epochs: int, found: Sequence[Outcome]) -> list[str]:
    known, returned, accuracies = zip(*found, strict=True)
    times = [f"{np.median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})" for seconds in (known, returned)]
    return [TITLES[name], str(epochs), *times, f"{min(accuracies):.4f}-{max(accuracies):.4f}"]


def _ratio(found: dict[str, list[Outcome]]) -> list[str]:
    """How many times as long torch takes."""
    if len(found) < len(TITLES):
        return ["torch is not installed."]
    known, returned = (
        float(
            np.median([getattr(o, what) for o in found["torch"]])
            / np.median([getattr(o, what) for o in found["gradus"]])
        )
        for what in ("known", "returned")
    )
    reached = "reached" if known >= ASKED else "**not reached**"
    return [
        f"Asked: {ASKED:g} times torch's speed; to the accuracy: {known:.2f}, {reached}; to the return: {returned:.2f}."
    ]


def _run(name: str, epochs: int, seed: int) -> Outcome:
    options = ["--epochs", str(epochs), "--seed", str(seed)]
    with tempfile.TemporaryDirectory() as folder:
        if name == "gradus":
            command = ["-m", "gradus", "train", "lenet", "--data", "fashion_mnist", "--quiet", "--out", f"{folder}/run"]
        else:
            command = [str(ROOT / "benchmarks" / "torch_lenet.py"), str(locate("fashion_mnist")[0].parent)]
        environment = CONTESTANTS[name].full_environment(cache=f"{folder}/cache")
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), environment.get("PYTHONPATH", "")])
        return _timed([sys.executable, *command, *options], environment)


def _timed(command: list[str], environment: dict[str, str]) -> Outcome:
    """Run a command; it prints the test accuracy in a line of its own."""
    known, accuracy, start = 0.0, "", time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            if row := re.match(r"test .*?([0-9.]+)$", line):
                known, accuracy = time.perf_counter() - start, row[1]
        errors = process.stderr.read() if process.stderr else ""
    if process.returncode or not accuracy:
        raise SystemExit(f"{command[1:4]} failed: {errors}")
    return Outcome(known, time.perf_counter() - start, float(accuracy))
