"""What a search leaves: its trials, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ArgumentError

DONE, PRUNED, DIVERGED, INTERRUPTED, RUNNING = "done", "pruned", "diverged", "interrupted", "running"


@dataclass(frozen=True)
class Trial:
    """One setting of the hyper-parameters, and what came of it.

    Attributes:
        number: from 0, in the order in which they began.
        params: the hyper-parameters by name.
        score: on the validation data; of a pruned trial the last one that it reported; None where there is none.
        state: "done", "pruned", "diverged", "interrupted" or "running".
        curve: the score after each epoch, where it was reported.
        train_curve: the same on the training data.
        seconds: that it took.

    >>> Trial(0, {"lr": 0.1}, 0.9, "done").score
    0.9
    """

    number: int
    params: Mapping[str, Any]
    score: float | None
    state: str
    curve: tuple[float, ...] = ()
    train_curve: tuple[float, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        trials: all of them, in order.
        better: whether a "higher" or a "lower" score is better.

    >>> found = Found([Trial(0, {"lr": 0.1}, 0.9, "done"), Trial(1, {"lr": 0.2}, 0.8, "done")], "higher")
    >>> found.best.number, [trial.number for trial in found.ranked()]
    (0, [0, 1])
    """

    trials: list[Trial] = field(repr=False)
    better: str = "higher"

    @property
    def best(self) -> Trial:
        """The trial with the best score of those that were not broken off.

        Raises:
            ArgumentError: there is none yet.
        """
        ranked = self.ranked()
        if not ranked:
            raise ArgumentError(f"none of the {len(self.trials)} trials came to its end, so there is no best one")
        return ranked[0]

    def ranked(self) -> list[Trial]:
        """The trials that came to their end, the best first; of equal ones the earlier."""
        sign = -1 if self.better == "higher" else 1
        return sorted((t for t in self.trials if t.state == DONE), key=lambda t: (sign * (t.score or 0.0), t.number))

    def count(self) -> int:
        """How many trials have a result: done, pruned or diverged."""
        return sum(t.state in (DONE, PRUNED, DIVERGED) for t in self.trials)


def table(found: Found, rows: int = 10) -> str:
    """The best trials as text, one a line, the best first.

    >>> print(table(Found([Trial(0, {"lr": 0.1}, 0.9, "done", seconds=2.0)], "higher")))
    trial     score  seconds  lr
        0    0.9000      2.0  0.1
    """
    ranked = found.ranked()[:rows]
    names = list(ranked[0].params) if ranked else []
    cells = [[f"{v:.3g}" if isinstance(v, float) else str(v) for v in t.params.values()] for t in ranked]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    lines = ["trial     score  seconds  " + "  ".join(n.ljust(w) for n, w in zip(names, widths, strict=True))]
    for t, row in zip(ranked, cells, strict=True):
        values = "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True))
        lines.append(f"{t.number:5}  {t.score:8.4f}  {t.seconds:7.1f}  {values}")
    return "\n".join(line.rstrip() for line in lines)
