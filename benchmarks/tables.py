"""How fast CSV files are read, and whether what is read is what pandas reads.

    GRADUS_DATA=... python -m benchmarks.tables

The largest CSV file of the data folder is read in turns by Python's `csv`, which gives texts alone, by `read_csv`, and
by pandas where that is installed; then a file of ten times its rows. The best of the rounds counts. Where pandas is
installed, the columns of all CSV files of the folder are compared with its own.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gradus.data import read_csv
from gradus.errors import DataWarning

Reader = Callable[[Path], Any]


def rows(path: Path) -> list[list[str]]:
    """All values as texts, by Python's own reader."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def quietly(path: Path) -> Any:
    """The table, without a word on what was guessed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return read_csv(path)


def readers() -> dict[str, Reader]:
    """Who takes part."""
    found: dict[str, Reader] = {"csv": rows, "gradus": quietly}
    if importlib.util.find_spec("pandas"):
        found["pandas"] = importlib.import_module("pandas").read_csv
    return found


def speeds(path: Path, rounds: int) -> dict[str, float]:
    """Megabytes a second of each, of processor time."""
    taken = {name: [] for name in readers()}
    for _ in range(rounds):
        for name, read in readers().items():
            started = time.process_time()
            read(path)
            taken[name].append(time.process_time() - started)
    return {name: path.stat().st_size / 1e6 / min(seconds) for name, seconds in taken.items()}


def larger(path: Path, folder: Path, times: int = 10) -> Path:
    """A file of as many times the rows."""
    header, body = path.read_text(encoding="utf-8").split("\n", 1)
    made = folder / "larger.csv"
    made.write_text(f"{header}\n{body * times}", encoding="utf-8")
    return made


def compared(files: list[Path]) -> tuple[int, int]:
    """Of how many columns of numbers, and of texts, pandas reads the same; dates, which it leaves as texts, are among
    neither."""
    pandas = importlib.import_module("pandas")
    numbers = texts = 0
    for path in files:
        ours, theirs = quietly(path), pandas.read_csv(path)
        for name in theirs.columns:
            column = theirs[name]
            if column.dtype.kind in "biuf":
                np.testing.assert_array_equal(ours[name], column.to_numpy(np.float64))
                numbers += 1
            elif ours.is_text(name):
                assert ours[name].tolist() == [None if pandas.isna(v) else str(v) for v in column]
                texts += 1
    return numbers, texts


def main() -> None:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser("python -m benchmarks.tables", description="Read CSV files beside pandas.")
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    files = sorted(Path(os.environ["GRADUS_DATA"]).rglob("*.csv"))
    largest = max(files, key=lambda path: path.stat().st_size)
    with tempfile.TemporaryDirectory() as folder:
        for path in (largest, larger(largest, Path(folder))):
            shown = ", ".join(f"{name} {speed:.0f}" for name, speed in speeds(path, args.rounds).items())
            print(f"{path.name}, {path.stat().st_size / 1e6:.1f} MB: {shown} MB/s")
    if "pandas" in readers():
        numbers, texts = compared(files)
        print(f"equal to pandas' in {len(files)} files: {numbers} columns of numbers, {texts} of texts")


if __name__ == "__main__":
    main()
