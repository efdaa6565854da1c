"""`python tuning.py TIMES`: searches that share a study, and are killed; a line for each: empty, or what went wrong.

Each try forks searches, after all that takes long to import is there, and sends them signals at moments that are drawn.
They say on a file of their own what came to its end. In the end nothing of that may be missing, or be there twice.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from gradus import startup, tune
from gradus.tune import search, study  # noqa: F401 - before the first fork
from gradus.tune.study import optuna_

TRIALS = 12
SPACE = {"x": tune.Range(0, 1, log=False), "n": tune.Range(1, 100, whole=True)}
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
CREATED, ENDED = 4, 6  # lines of a study: a trial begins, a trial ends (or goes on, with state 0)
LINE = re.compile(r"trial (\d+): .* score (\S+?)(?: |;)")


def objective(attempt: tune.Attempt) -> float:
    """Something that takes some milliseconds, and reports."""
    for _ in range(3):
        time.sleep(0.002)
        attempt.report(attempt["x"])
    return float(attempt["x"])


def begun(file: Path, said: Path, seed: int) -> int:
    """A search in another process; its number."""
    number = os.fork()
    if number:
        return number
    status = 9
    try:
        sys.stderr = said.open("a", buffering=1)
        tune.search(objective, SPACE, TRIALS, "random", file, seed=seed, progress=True)
        status = 0
    except KeyboardInterrupt as stop:
        status = startup.status(stop)
    except BaseException as problem:
        print(f"{type(problem).__name__}: {problem}", flush=True)
    os._exit(status)


def tried(seed: int, folder: Path) -> str:
    """What went wrong."""
    draw, file, said = random.Random(seed), folder / "study.jsonl", folder / "said"
    killed = False
    for _ in range(draw.randint(1, 3)):
        searches = [begun(file, said, seed) for _ in range(draw.choice([1, 1, 2, 3]))]
        victims = draw.sample(searches, draw.randint(1, len(searches)))
        kind = draw.choice(SIGNALS)
        for victim in victims:
            time.sleep(draw.uniform(0, 0.15))
            os.kill(victim, kind)
        for number in searches:
            wrong = ended(os.waitpid(number, 0)[1], kind if number in victims else None)
            if wrong:
                return wrong
        killed |= kind == signal.SIGKILL
        if not killed and (left := running(file)):
            return f"after {kind.name} trials {left} are left running"
    return lost(file, said, seed)


def ended(status: int, kind: signal.Signals | None) -> str:
    """What is wrong with how a search ended."""
    code = os.waitstatus_to_exitcode(status)
    usual = {0} if kind is None else {0, -kind, 128 + kind}  # it may have been ready, or not have begun
    return "" if code in usual else f"a search that was sent {kind.name if kind else 'nothing'} ended with {code}"


def running(file: Path) -> list[int]:
    """The trials of a study that have no end."""
    begun, over = 0, set()
    for line in map(json.loads, file.read_text().splitlines() if file.exists() else []):
        begun += line["op_code"] == CREATED
        over |= {line["trial_id"]} if line["op_code"] == ENDED and line["state"] else set()
    return sorted(set(range(begun)) - over)


def lost(file: Path, said: Path, seed: int) -> str:
    """What is missing in a study, or is there too often, once it is gone on with to its end."""
    found = tune.search(objective, SPACE, TRIALS, "random", file, seed=seed)
    if found.count() != TRIALS:
        return f"{found.count()} trials have a result, not {TRIALS}: {Counter(t.state for t in found.trials)}"
    lines = said.read_text().splitlines() if said.exists() else []
    told = [(int(match[1]), float(match[2])) for line in lines if (match := LINE.search(line))]
    there = {t.number: round(t.score or 0.0, 4) for t in found.ranked()}
    missing = [(number, score) for number, score in told if there.get(number) != score]
    if missing or len(dict(told)) != len(told):
        return f"said to be done, and not there, or twice: {missing or told}"
    ends = Counter(
        line["trial_id"]
        for line in map(json.loads, file.read_text().splitlines())
        if line["op_code"] == ENDED and line["state"] in (1, 2)
    )
    twice = [number for number, count in ends.items() if count > 1]
    left = [path.name for path in file.parent.iterdir() if path not in (file, said)]
    return f"done twice: {twice}; left over: {left}" if twice or left else ""


def main() -> None:
    """So many tries."""
    optuna_()
    tune.search(lambda attempt: 1.0, SPACE, 1)  # imports what a search imports
    for seed in range(int(sys.argv[1])):
        folder = Path(tempfile.mkdtemp())
        print(tried(seed, folder).replace("\n", " "), flush=True)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
