"""From the shell's prompt to a trained network: whole commands, started with an empty cache of compiled code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from gradus.datasets.locate import locate

from . import report
from .contestants import CONTESTANTS

ROOT = Path(__file__).parent.parent
WANTED = 0.88  # test accuracy on Fashion-MNIST
FIRST, LAST = 4, 15  # epochs to try
ASKED = 5.0  # times torch's speed
TITLES = {"gradus": "`gradus train lenet --data fashion_mnist`", "torch": "`benchmarks/torch_lenet.py`"}


def lines(rounds: int, say: Callable[[str], None]) -> list[str]:
    """The section: seconds of each command, with as few epochs as reach the accuracy with every seed."""
    taking_part = [name for name in TITLES if CONTESTANTS[name].installed]
    epochs = dict.fromkeys(taking_part, FIRST)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in taking_part}
    seed = 0
    while seed < rounds:
        for name in taking_part:
            seconds, accuracy = _run(name, epochs[name], seed)
            say(f"{name}, {epochs[name]} epochs, seed {seed}: {seconds:.1f} s, test accuracy {accuracy:.4f}")
            found[name].append((seconds, accuracy))
        short = [name for name in taking_part if found[name][-1][1] < WANTED and epochs[name] < LAST]
        for name in short:
            epochs[name] += 1
        if short:  # once more from the first seed, so that all rounds are of the same commands
            found, seed = {name: [] for name in taking_part}, 0
        else:
            seed += 1
    rows = [_row(name, epochs[name], found[name]) for name in taking_part]
    head = ["command", "epochs", "seconds", "test accuracy"]
    text = (
        f"Seconds from the prompt to its return, medians over seeds; each with the fewest epochs, from {FIRST}, that "
        f"reach a test accuracy of {WANTED} with every seed. gradus starts with an empty cache, validates after each "
        "epoch, and writes a report; the script in PyTorch trains and tests."
    )
    return [*report.circumstances(rounds), text, "", *report.table(head, rows), *_ratio(found)]


def _row(name: str, epochs: int, found: Sequence[tuple[float, float]]) -> list[str]:
    seconds, accuracies = zip(*found, strict=True)
    times = f"{np.median(seconds):.1f} ({min(seconds):.1f}-{max(seconds):.1f})"
    return [TITLES[name], str(epochs), times, f"{min(accuracies):.4f}-{max(accuracies):.4f}"]


def _ratio(found: dict[str, list[tuple[float, float]]]) -> list[str]:
    """How many times as long torch takes."""
    if len(found) < len(TITLES):
        return ["torch is not installed."]
    ours, theirs = (float(np.median([seconds for seconds, _ in found[name]])) for name in TITLES)
    reached = "reached" if theirs / ours >= ASKED else "**not reached**"
    return [f"Asked: {ASKED:g} times torch's speed; measured: {theirs / ours:.2f}, {reached}."]


def _run(name: str, epochs: int, seed: int) -> tuple[float, float]:
    """Seconds of a command, and the test accuracy that it prints."""
    options = ["--epochs", str(epochs), "--seed", str(seed)]
    with tempfile.TemporaryDirectory() as folder:
        if name == "gradus":
            command = ["-m", "gradus", "train", "lenet", "--data", "fashion_mnist", "--quiet", "--out", f"{folder}/run"]
        else:
            command = [str(ROOT / "benchmarks" / "torch_lenet.py"), str(locate("fashion_mnist")[0].parent)]
        environment = CONTESTANTS[name].full_environment(cache=f"{folder}/cache")
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), environment.get("PYTHONPATH", "")])
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *command, *options], env=environment, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - start
    row = re.search(r"^test .*?([0-9.]+)$", done.stdout, re.MULTILINE)
    if done.returncode or not row:
        raise SystemExit(f"{TITLES[name]} failed: {done.stderr}")
    return seconds, float(row[1])
