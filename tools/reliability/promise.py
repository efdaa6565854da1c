"""What a promise is: a sentence, and ways to break it, each of which can be tried any number of times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Outcome(NamedTuple):
    """What one try came to: `failed` is empty where the promise held; `note`, a figure, goes to the page."""

    failed: str = ""
    note: str = ""


HELD = Outcome()


@dataclass(frozen=True)
class Trial:
    """One way to try a promise.

    `run(times)` yields an Outcome for each try, as it is made, so that progress is seen and Ctrl-C keeps what was
    tried. What it draws follows from fixed seeds: the first tries are always the same. `short` is how often the tests
    try, in a few seconds, `long` how often the command does.
    """

    name: str
    what: str
    run: Callable[[int], Iterator[Outcome]]
    short: int
    long: int


@dataclass(frozen=True)
class Promise:
    """A sentence, its trials, the tests beside them that hold it, and what it does not promise."""

    name: str
    sentence: str
    trials: tuple[Trial, ...]
    tests: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
