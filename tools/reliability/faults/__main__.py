"""`python -m tools.reliability.faults`: find a test for each mutant of the sample, and write down which."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter

from .hunting import Reach, hunted, record
from .mutants import SOURCE
from .reaching import FOLDER
from .sample import ENGINE, EXPLAINED, KILLERS, explained, killers, read, sample

ROOT = SOURCE.parent.parent
_UNTRIED = ("reliability", "architecture", "pages", "published", "examples", "systems", "benchmarks", "sanitizer")


def main() -> None:
    """Hunt in what is named."""
    parser = argparse.ArgumentParser("python -m tools.reliability.faults", description=__doc__)
    parser.add_argument("rooms", nargs="*", help="below src/gradus: optim, ops/core, tensor.py ...; all if none")
    parser.add_argument("--reach", action="store_true", help="first note anew what each test reaches, for long")
    options = parser.parse_args()
    if options.reach or not FOLDER.exists():
        _note_reach()
    known = killers().keys() | explained().keys()
    everything = sample(ENGINE)
    chosen = [mutant for mutant in everything if mutant.file.startswith(tuple(options.rooms or [""]))]
    counts: Counter[str] = Counter()
    for mutant, verdict in hunted([mutant for mutant in chosen if mutant.name not in known], Reach()):
        counts[verdict.verdict] += 1
        if verdict.found:
            record(KILLERS, mutant, verdict)
        else:
            print(f"{mutant.file}:{mutant.lines[0]}: {verdict.verdict}: {mutant.name}", flush=True)
    print(dict(counts))
    _tidy({mutant.name for mutant in everything})


def _note_reach() -> None:
    tests = [file for file in sorted((ROOT / "tests").glob("test_*.py")) if file.stem[5:] not in _UNTRIED]
    for what in [*tests, ROOT / "src"]:
        print(what.relative_to(ROOT), flush=True)
        plugin = ("-p", "tools.reliability.faults.reaching")
        subprocess.run([sys.executable, "-m", "pytest", "-n", "0", "-q", *plugin, str(what)], cwd=ROOT, check=False)


def _tidy(names: set[str]) -> None:
    """In order, and without those that are no more."""
    for file in (KILLERS, EXPLAINED):
        lines = [line for name, line in sorted(read(file).items()) if name in names]
        file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
