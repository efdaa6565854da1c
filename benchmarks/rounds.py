"""All contestants do one workload in turn, round after round; what is slow or fast in the machine meets them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from . import floor
from .contestants import Contestant
from .floor import Limits
from .records import Asked, Workload
from .worker import ContestantError, Worker

SETTLE = 0.3  # seconds before each turn, in which the last contestant's waiting threads stop spinning
LONG, FEW = 1.0, 3  # if once takes the slowest contestant longer than so many seconds, so many rounds are enough


@dataclass
class Outcome:
    """What the rounds of one workload gave: seconds a step by contestant, and why others did not take part."""

    workload: Workload
    times: dict[str, list[float]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    def median(self, name: str) -> float:
        """The median of a contestant's rounds."""
        return float(np.median(self.times[name]))

    def quartiles(self, name: str) -> tuple[float, float]:
        """Between which half of the rounds lie."""
        low, high = np.percentile(self.times[name], [25, 75])
        return float(low), float(high)

    def slowest(self) -> float:
        """The longest median, of all the steps that are done at a time."""
        return self.workload.steps * max(map(self.median, self.times), default=0.0)

    def best_peer(self, of: str = "") -> str | None:
        """The peer with the lowest median, among those whose names begin with `of`."""
        peers = [n for n in self.times if n != "gradus" and n.startswith(of)]
        return min(peers, key=self.median, default=None)

    def ratio(self, peer: str) -> float:
        """How many times as long as gradus a peer takes, by medians."""
        return self.median(peer) / self.median("gradus")

    def ratio_by_round(self, peer: str) -> float:
        """The same, by the median of the rounds' ratios."""
        return float(np.median(np.divide(self.times[peer], self.times["gradus"])))

    def ratio_to(self, asked: Asked) -> float | None:
        """The ratio that a figure asks for; None if it was not measured."""
        peer = self.best_peer(asked.of)
        return self.ratio(peer) if peer and "gradus" in self.times else None


def run(
    w: Workload,
    contestants: Sequence[Contestant],
    rounds: int,
    seconds: float,
    patience: float,
    say: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Let the contestants do a workload in turn; those that fail, or whose results differ, are left out and why."""
    outcome = Outcome(w, limits=floor.measure())
    with ExitStack() as stack:
        workers = _ready(stack, w, contestants, patience, outcome, say)
        for r in range(rounds):
            if r >= FEW and outcome.slowest() > LONG:
                break
            names = list(workers)
            for name in names[r % max(len(names), 1) :] + names[: r % max(len(names), 1)]:
                time.sleep(SETTLE)
                try:
                    outcome.times.setdefault(name, []).append(workers[name].measure(seconds))
                except ContestantError as error:
                    outcome.skipped[name] = str(error)
                    del workers[name], outcome.times[name]
    return outcome


def _ready(
    stack: ExitStack,
    w: Workload,
    contestants: Sequence[Contestant],
    patience: float,
    outcome: Outcome,
    say: Callable[[str], None],
) -> dict[str, Worker]:
    """The processes of those who take part, each with the workload built and compiled."""
    workers, values = {}, {}
    for c in contestants:
        if not c.takes_part(w):
            continue
        try:
            if not c.installed:
                raise ContestantError(f"{c.package} is not installed")
            worker = stack.enter_context(Worker(c, patience))
            worker.imported()
            prepared = worker.prepare(w.name)
        except ContestantError as error:
            outcome.skipped[c.name] = str(error)
        else:
            workers[c.name], values[c.name] = worker, prepared["values"]
        say(f"{w.name}: {c.name} {outcome.skipped.get(c.name, 'is ready')}")
    for name, others in _dissenters(values, w.agree).items():
        outcome.skipped[name] = others
        workers.pop(name).close()
    return workers


def _dissenters(values: dict[str, list[float]], agree: float) -> dict[str, str]:
    """Those whose results are not those of most others, with what they are."""
    if not values:
        return {}
    middle = np.nanmedian(list(values.values()), axis=0)
    return {
        name: f"its results differ: {own}, where most have {middle.tolist()}"
        for name, own in values.items()
        if not np.allclose(own, middle, rtol=agree, atol=0)
    }
