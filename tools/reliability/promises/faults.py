"""Faults that are made on purpose are noticed by the tests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from ..faults.mutants import Mutant
from ..faults.sample import ENGINE, explained, killers, sample
from ..faults.trying import Warm, tried_anew
from ..promise import Outcome, Promise, Trial

_SECONDS = 60  # for a test with a fault; the quickest that fails is the one that is known
_HOW = ("noticed", "explained", "open")


def _tries(rooms: dict[str, float], times: int) -> Iterator[Outcome]:
    """Each mutant of the sample with the test that is known to fail for it; those that one file of tests has first."""
    chosen = sorted(sample(rooms), key=_order)[:times]
    with Warm(sorted({_test(mutant).partition("::")[0] for mutant in chosen if _test(mutant)})) as warm:
        for mutant in chosen:
            yield Outcome(_failed(mutant, warm), _standing(rooms) if mutant is chosen[-1] else "")


def _standing(rooms: dict[str, float]) -> str:
    """What the hunt has found of the whole sample, room by room."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant in sample(rooms):
        how = "noticed" if mutant.name in killers() else "explained" if mutant.name in explained() else "open"
        for room in (mutant.file.rpartition("/")[0] or mutant.file, "all"):
            counts[room][how] += 1
    return "; ".join(
        f"{room}: {', '.join(f'{found[h]} {h}' for h in _HOW if found[h])}" for room, found in counts.items()
    )


def _order(mutant: Mutant) -> tuple[bool, bool, str, float]:
    return not _test(mutant), not mutant.alive, _test(mutant).partition("::")[0], mutant.lot


def _test(mutant: Mutant) -> str:
    return str(killers()[mutant.name]["test"]) if mutant.name in killers() else ""


def _failed(mutant: Mutant, warm: Warm) -> str:
    if mutant.name in explained():
        return ""
    if not (test := _test(mutant)):
        return f"open: {mutant.name}"
    if not warm.sound(test):
        return f"{test} fails, or is no more; it is to notice {mutant.name}"
    verdict = warm.tried(mutant, [test], _SECONDS)
    if not verdict.found:
        verdict = tried_anew(mutant, [test], 2 * _SECONDS)
    return "" if verdict.found else f"{test} does not notice {mutant.name}"


FAULTS = Promise(
    "faults",
    "A fault that is made in the source makes a test fail",
    (
        Trial(
            "engine",
            "small changes of tensors, autograd, operations, layers, losses, optimizers and training, by lot, each with"
            " the test that is known to notice it; at the end, what is known of the whole sample",
            lambda times: _tries(ENGINE, times),
            short=6,
            long=300,
        ),
    ),
    limits=(
        "Changes that make nothing different but time, and those that no test can see, are listed with the reason in"
        " `tools/reliability/faults/explained.jsonl`.",
        "What is open was survived by the quickest tests that reach it, some seconds of them, or is not tried yet:"
        " `python -m tools.reliability.faults` goes on with it. The tries above are 300 of those that are noticed.",
        "The compiler's files are not in the sample; faults in them are looked for by the sanitizer and by random"
        " programs.",
    ),
)
