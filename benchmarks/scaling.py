"""Cost against size: batch, width and depth of a perceptron, and the time to compile it against depth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from . import report
from .contestants import CONTESTANTS
from .worker import ContestantError, Worker

SIZES = {
    "batch": [2**k for k in range(17)],
    "width": [*(2**k for k in range(4, 13)), 100, 300, 1000, 3000],
    "depth": [1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200],
}
CLIFF = 2.0  # times the straight line through a point's neighbours

Points = list[tuple[int, float]]


def lines(
    seconds: float, rounds: int, patience: float, picture: Path, say: Callable[[str], None], quick: bool = False
) -> list[str]:
    """The section, with its picture."""
    costs: dict[str, Points] = {}
    skipped = []
    for axis, sizes in SIZES.items():
        chosen = sorted(sizes)[:3] if quick else sorted(sizes)
        for size in chosen:
            try:
                step, compiled = _measure(f"{axis}-{size}", seconds, rounds, patience)
            except ContestantError as error:
                skipped.append(f"- {axis} {size}: {error}")
                continue
            say(f"{axis} {size}: {step * 1e6:.1f} us a step, first step after {compiled:.2f} s")
            costs.setdefault(axis, []).append((size, step))
            if axis == "depth":
                costs.setdefault("first step, depth", []).append((size, compiled))
    _draw(costs, picture)
    found = [f"- {axis} {size}: {over:.1f} times the line" for axis, p in costs.items() for size, over in cliffs(p)]
    return [
        *report.circumstances(rounds),
        "Of an MLP 784-1x128-10 with ReLU, batch 64, SGD, one thing varies. A cliff is a point above twice the "
        "straight line through its neighbours.",
        "",
        f"![cost against size]({picture.name})",
        "",
        *(["Cliffs:", "", *found, ""] if found else ["No cliffs.", ""]),
        *(line for axis, points in costs.items() for line in _table(axis, points)),
        *(["Left out:", "", *skipped] if skipped else []),
    ]


def _measure(name: str, seconds: float, rounds: int, patience: float) -> tuple[float, float]:
    """Seconds of a step, the best of some rounds, and until the first is done, the import not counted."""
    with Worker(CONTESTANTS["gradus"], patience) as worker:
        worker.imported()
        first = worker.prepare(name)["first"]
        return min(worker.measure(seconds) for _ in range(rounds)), first


def cliffs(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The sizes whose cost is above twice the straight line through their neighbours, and how many times it is.

    >>> cliffs([(1, 1.0), (2, 6.0), (3, 3.0)])
    [(2, 3.0)]
    """
    found = []
    for (a, low), (size, cost), (b, high) in zip(points, points[1:], points[2:], strict=False):
        line = low + (high - low) * (size - a) / (b - a)
        if cost > CLIFF * line:
            found.append((size, cost / line))
    return found


def _table(axis: str, points: Points) -> list[str]:
    first = axis.startswith("first")
    head = [axis, *(f"{size:,}" for size, _ in points)]
    costs = [f"{cost:.2f}" if first else report.micro(cost) for _, cost in points]
    return report.table(head, [["s" if first else "us", *costs]])


def _draw(costs: dict[str, Points], picture: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7), layout="constrained")
    for axes, (axis, points) in zip(figure.subplots(2, 2).flat, costs.items(), strict=False):
        axes.loglog(*zip(*points, strict=True), marker="o")
        axes.set_xlabel(axis)
        axes.set_ylabel("seconds" if axis.startswith("first") else "seconds a step")
        axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=150)
