"""Cost against size: batch, width and depth of a perceptron, and the time to compile it against depth."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import report
from .contestants import Contestant
from .worker import ContestantError, Worker

SIZES = {
    "batch": [2**k for k in range(17)],
    "width": [*(2**k for k in range(4, 13)), 100, 300, 1000, 3000],
    "depth": [1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200],
}
PEERS = ("torch", "jax")  # torch.compile would take minutes
FIRST = "first step, depth"
CLIFF = 2.0  # times the straight line through a point's neighbours

Points = list[tuple[int, float]]
Costs = dict[str, dict[str, Points]]  # by axis and contestant's title


def lines(
    contestants: Sequence[Contestant],
    seconds: float,
    rounds: int,
    patience: float,
    picture: Path,
    say: Callable[[str], None],
    quick: bool = False,
) -> list[str]:
    """The section, with its picture."""
    costs: Costs = {}
    skipped = []
    for axis, all_sizes in SIZES.items():
        sizes = sorted(all_sizes)[:3] if quick else sorted(all_sizes)
        for c in (c for c in contestants if c.name in ("gradus", *PEERS)):
            for size, found in _measured(c, axis, sizes, seconds, rounds, patience):
                if isinstance(found, str):
                    skipped.append(f"- {c.title}, {axis} {size}: {found}")
                    continue
                step, first = found
                say(f"{c.title}, {axis} {size}: {step * 1e6:.1f} us a step, first step after {first:.2f} s")
                costs.setdefault(axis, {}).setdefault(c.title, []).append((size, step))
                if axis == "depth":
                    costs.setdefault(FIRST, {}).setdefault(c.title, []).append((size, first))
    _draw(costs, picture)
    ours = {axis: by_title["gradus"] for axis, by_title in costs.items() if "gradus" in by_title}
    found_cliffs = [f"- {axis} {n}: {over:.1f} times the line" for axis, p in ours.items() for n, over in cliffs(p)]
    return [
        *report.circumstances(rounds),
        "Of an MLP 784-1x128-10 with ReLU, batch 64, SGD, one thing varies; the best of the rounds. A cliff is a point "
        "above twice the straight line through its neighbours. The first step is counted from after the import, of "
        "gradus in a process of its own with an empty cache, of a peer in one process for all sizes of an axis.",
        "",
        f"![cost against size]({picture.name})",
        "",
        *(["Cliffs of gradus:", "", *found_cliffs, ""] if found_cliffs else ["No cliffs of gradus.", ""]),
        *(line for axis, by_title in costs.items() for line in _table(axis, by_title)),
        *(["Left out:", "", *skipped] if skipped else []),
    ]


def _measured(
    c: Contestant, axis: str, sizes: Iterable[int], seconds: float, rounds: int, patience: float
) -> Iterator[tuple[int, tuple[float, float] | str]]:
    """For each size the seconds of a step, the best of some rounds, and of the first one; or what went wrong."""
    with _workers(c, patience) as worker:
        for size in sizes:
            try:
                found = worker()
                first = found.prepare(f"{axis}-{size}")["first"]
                yield size, (min(found.measure(seconds) for _ in range(rounds)), first)
            except ContestantError as error:
                yield size, str(error)


@contextmanager
def _workers(c: Contestant, patience: float) -> Iterator[Callable[[], Worker]]:
    """Gives, for each size, the process to do it: of gradus a new one with an empty cache, of a peer always the same,
    whose import takes seconds."""
    workers: list[Worker] = []
    folder = tempfile.TemporaryDirectory()

    def worker() -> Worker:
        if not c.installed:
            raise ContestantError(f"{c.package} is not installed")
        if c.name == "gradus" or not workers:
            for w in workers:
                w.close()
            workers[:] = [Worker(c, patience, cache=tempfile.mkdtemp(dir=folder.name))]
            workers[0].imported()
        return workers[0]

    with folder:
        try:
            yield worker
        finally:
            for w in workers:
                w.close()


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


def _table(axis: str, by_title: dict[str, Points]) -> list[str]:
    """A row for each size, a column for each contestant."""
    by_size = {title: dict(points) for title, points in by_title.items()}
    sizes = sorted({size for points in by_size.values() for size in points})
    unit = "s" if axis == FIRST else "us"
    rows = [[f"{n:,}", *(_cost(axis, points.get(n)) for points in by_size.values())] for n in sizes]
    return report.table([f"{axis}, {unit}", *by_size], rows)


def _cost(axis: str, seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds:.2g}" if axis == FIRST else report.micro(seconds)


def _draw(costs: Costs, picture: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7), layout="constrained")
    for axes, (axis, by_title) in zip(figure.subplots(2, 2).flat, costs.items(), strict=False):
        for title, points in by_title.items():
            axes.loglog(*zip(*points, strict=True), marker="o", markersize=4, label=title)
        axes.set_xlabel(axis)
        axes.set_ylabel("seconds" if axis == FIRST else "seconds a step")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.savefig(picture, dpi=150)
