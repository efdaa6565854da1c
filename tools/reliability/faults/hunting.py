"""`python -m tools.reliability.faults`: which test fails for each mutant of a sample, found and written down.

What tests reach is noted first (`--reach`, as long as the tests take, twice); then each mutant is tried with those that
reach its lines, the quickest first, until one fails. `killers.jsonl` keeps which; what survives is printed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .mutants import Mutant
from .reaching import FOLDER
from .trying import Verdict, Warm, tried_anew

_MOST, _LONGEST = 100, 8.0  # tests that are tried with one mutant; seconds that they take without it


class Reach:
    """Which tests reach which lines."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._imported: dict[str, set[int]] = defaultdict(set)
        self._lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for file in sorted(FOLDER.glob("*.json")):
            found = json.loads(file.read_text())
            for source, imported in found["imported"].items():
                self._imported[source].update(imported)
            self.seconds |= zip(found["tests"], found["seconds"], strict=True)
            for source, lines in found["lines"].items():
                for line, numbers in lines.items():
                    self._lines[source][int(line)].update(found["tests"][number] for number in numbers)

    def while_imported(self, mutant: Mutant) -> bool:
        """Whether its line is run while the file is imported, be it in a function."""
        return not self._imported[mutant.file].isdisjoint(range(mutant.lines[0], mutant.lines[1] + 1))

    def of(self, mutant: Mutant) -> list[str]:
        """Those that reach a mutant, the nearest and quickest first, of each test function one before a second."""
        found: dict[str, None] = {}
        for first, last in (mutant.lines, mutant.around, (0, 10**6)):
            found |= dict.fromkeys(self._ordered(self._within(mutant.file, first, last)))
            if found and (mutant.alive or len(found) > _MOST):
                break
        return self._some(found)

    def _within(self, file: str, first: int, last: int) -> set[str]:
        lines = self._lines[file]
        return {test for line in lines if first <= line <= last for test in lines[line]}

    def _ordered(self, tests: Iterable[str]) -> list[str]:
        turns: dict[str, int] = defaultdict(int)
        keyed = []
        for test in sorted(tests, key=lambda test: (self.seconds[test], test)):
            name = test.partition("[")[0]
            keyed.append((turns[name], self.seconds[test], test))
            turns[name] += 1
        return [test for *_, test in sorted(keyed)]

    def _some(self, tests: Iterable[str]) -> list[str]:
        chosen, seconds = [], 0.0
        for test in tests:
            if len(chosen) < _MOST and seconds + self.seconds[test] < _LONGEST:
                chosen.append(test)
                seconds += self.seconds[test]
        return chosen


def hunted(chosen: Iterable[Mutant], reach: Reach) -> Iterator[tuple[Mutant, Verdict]]:
    """Each mutant, and what came of it."""
    plans = [(mutant, reach.of(mutant)) for mutant in chosen]
    files = {test.partition("::")[0] for mutant, tests in plans if mutant.alive for test in tests}
    with Warm(sorted(files)) as warm:
        for mutant, tests in plans:
            yield mutant, _hunt(mutant, tests, reach, warm)


def _hunt(mutant: Mutant, tests: list[str], reach: Reach, warm: Warm) -> Verdict:
    if not tests:
        return Verdict("no test", "", 0)
    verdict = _hunt_warm(mutant, tests, reach, warm) if mutant.alive else None
    if verdict is None or (verdict.verdict == "survived" and reach.while_imported(mutant)):
        return tried_anew(mutant, _of_few_files(tests), 120)
    return verdict


def _hunt_warm(mutant: Mutant, tests: list[str], reach: Reach, warm: Warm) -> Verdict | None:
    """In forks, as long as tests fail that do so without the mutant, too; None if it is not met there."""
    while tests:
        verdict = warm.tried(mutant, tests, 10 + 10 * max(reach.seconds[test] for test in tests))
        if verdict.verdict == "not alive":
            return None
        alone = [verdict.test] if verdict.found else []
        if not alone or (warm.sound(verdict.test) and warm.tried(mutant, alone, 60).found):  # not by chance
            return verdict
        tests = [test for test in tests if test != verdict.test]
    return Verdict("no test", "", 0)


def _of_few_files(tests: list[str]) -> list[str]:
    """Of those that are imported for them alone, what lies in few files."""
    files: dict[str, int] = {}
    for test in tests:
        files[test.partition("::")[0]] = files.get(test.partition("::")[0], 0) + 1
    few = sorted(files, key=lambda file: -files[file])[:5]
    return [test for test in tests if test.partition("::")[0] in few][:80]


def record(file: Path, mutant: Mutant, verdict: Verdict) -> None:
    """Add a line."""
    line: dict[str, Any] = {"mutant": mutant.name, "verdict": verdict.verdict, "test": verdict.test}
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
