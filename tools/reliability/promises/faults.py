"""Faults that are made on purpose are noticed by the tests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from ..faults.mutants import Mutant
from ..faults.sample import ENGINE, explained, killers, sample
from ..faults.trying import Warm, tried_anew
from ..promise import HELD, Outcome, Promise, Trial

_SECONDS = 60  # for a test with a fault; the quickest that fails is the one that is known


def _tries(rooms: dict[str, float], times: int) -> Iterator[Outcome]:
    """Each mutant of the sample with the test that is known to fail for it; those that one file of tests has first."""
    chosen = sorted(sample(rooms), key=_order)[:times]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    with Warm(sorted({_test(mutant).partition("::")[0] for mutant in chosen if _test(mutant)})) as warm:
        for number, mutant in enumerate(chosen, 1):
            what, outcome = _tried(mutant, warm)
            counts[_room(mutant)][what] += 1
            note = "; ".join(f"{room}: {_counted(found)}" for room, found in counts.items())
            yield Outcome(outcome.failed, note if number == len(chosen) else "")


def _order(mutant: Mutant) -> tuple[bool, bool, str, float]:
    return not _test(mutant), not mutant.alive, _test(mutant).partition("::")[0], mutant.lot


def _test(mutant: Mutant) -> str:
    return str(killers()[mutant.name]["test"]) if mutant.name in killers() else ""


def _room(mutant: Mutant) -> str:
    return mutant.file.rpartition("/")[0] or mutant.file


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in found.most_common())


def _tried(mutant: Mutant, warm: Warm) -> tuple[str, Outcome]:
    if mutant.name in explained():
        return "explained", HELD
    if not (test := _test(mutant)):
        hunt = f"python -m tools.reliability.faults {mutant.file}"
        return "survived", Outcome(f"nothing is known of {mutant.name}: {hunt}")
    if not warm.sound(test):
        return "unsound", Outcome(f"{test} fails, or is no more; it is to notice {mutant.name}")
    verdict = warm.tried(mutant, [test], _SECONDS)
    if not verdict.found:
        verdict = tried_anew(mutant, [test], 2 * _SECONDS)
    failed = "" if verdict.found else f"{test} does not notice {mutant.name}"
    return ("survived" if failed else verdict.verdict), Outcome(failed)


FAULTS = Promise(
    "faults",
    "A fault that is made in the source makes a test fail",
    (
        Trial(
            "engine",
            "small changes of tensors, autograd, operations, layers, losses, optimizers and the loop, a sample by lot",
            lambda times: _tries(ENGINE, times),
            short=6,
            long=100_000,
        ),
    ),
    limits=(
        "Changes that make nothing different but time, and those that no test can see, are listed with the reason in"
        " `tools/reliability/faults/explained.jsonl`.",
    ),
)
