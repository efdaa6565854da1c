"""Every common mistake gets a message that mends it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gradus.mistakes.catalogue import catalogue

from ...mistakes.run import said
from ..promise import HELD, Outcome, Promise, Trial


def _told(times: int) -> Iterator[Outcome]:
    """Each wrong program is told what the catalogue says, and that names a mistake of it."""
    for mistake in list(catalogue().values())[:times]:
        now = said(mistake, mistake.wrong, "wrong.py")
        named = re.findall(r"\(gradus help ([a-z-]+)\)", now)
        if now != mistake.message:
            yield Outcome(f"{mistake.slug} is told: {now or 'nothing'}; run: python -m tools.mistakes --write")
        else:
            known = len(named) == 1 and named[0] in catalogue()
            yield HELD if known else Outcome(f"{mistake.slug} is not named: {now}")


def _mended(times: int) -> Iterator[Outcome]:
    """The right program beside each is told nothing."""
    for mistake in list(catalogue().values())[:times]:
        now = said(mistake, mistake.right, "right.py")
        yield Outcome(f"the right program of {mistake.slug} is told: {now}") if now else HELD


_ALL = len(catalogue())

MISTAKES = Promise(
    "mistakes",
    "Every common mistake gets a message that mends it",
    (
        Trial("told", "wrong programs, each of which is told its mistake", _told, short=_ALL, long=_ALL),
        Trial("mended", "the right programs beside them, which are told nothing", _mended, short=_ALL, long=_ALL),
    ),
    tests=("test_mistakes.py",),
    limits=(
        "A program that does something else than was meant, and could be meant, is told nothing: inputs and targets "
        "that were shuffled apart, a reshape where a transpose was meant, a score on data that were looked at before.",
    ),
)
