"""Which mutants are tried: a share of each room, by lot, and what is known of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from .mutants import SOURCE, Mutant, mutants

KILLERS = Path(__file__).with_name("killers.jsonl")  # mutant, verdict, and the test that fails; written by the command
EXPLAINED = Path(__file__).with_name("explained.jsonl")  # mutants that change nothing that matters, and why; by hand
_MORE, _SOME = 0.13, 0.062
ENGINE = {
    **dict.fromkeys(("tensor.py", "autograd.py", "ops/core", "ops/elementwise", "optim", "nn/core"), _MORE),
    **dict.fromkeys(("functional/losses", "train/fitting/loop.py", "train/runs"), _MORE),
    **dict.fromkeys(("interpret.py", "dtypes.py", "random.py", "control.py", "ops", "functional", "nn"), _SOME),
    **dict.fromkeys(("transforms", "linalg", "train/fitting"), _SOME),
}


def sample(rooms: dict[str, float]) -> list[Mutant]:
    """Those on whom the lot falls; a file belongs to the first room that holds it."""
    shares: dict[str, float] = {}
    for room, share in rooms.items():
        for file in files(room):
            shares.setdefault(file, share)
    return [mutant for file, share in sorted(shares.items()) for mutant in mutants(file) if mutant.lot < share]


def files(room: str) -> Iterator[str]:
    """The files of a room, below src/gradus."""
    path = SOURCE / room
    found: Iterable[Path] = [path] if path.suffix else sorted(path.rglob("*.py"))
    return (file.relative_to(SOURCE).as_posix() for file in found)


def read(file: Path) -> dict[str, dict[str, Any]]:
    """What a file says of mutants, by their names; the last of two counts."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {line["mutant"]: line for line in map(json.loads, lines)}


@cache
def killers() -> dict[str, dict[str, Any]]:
    """Of mutants that are noticed: how, and by which test."""
    return read(KILLERS)


@cache
def explained() -> dict[str, dict[str, Any]]:
    """Of mutants that no test can notice: why."""
    return read(EXPLAINED)
