"""Of the promise `killed`, what concerns a study of hyper-parameters and the processes that search."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gradus import tune
from gradus.tune.study import opened, trials_of

from ..children import SURROUNDINGS, outcomes
from ..promise import HELD, Outcome, Trial

_SPACE = {"x": tune.Range(0, 1, log=False)}
_TRIALS = 4
_ENDED = 6  # the lines of a study that say how a trial ended
_LATEST = 20.0  # seconds for workers to end after their parent


def _torn(times: int) -> Iterator[Outcome]:
    """A study is cut off anywhere, as by a kill or a full disk, in half of the tries while another search has it."""
    for number in range(times):
        draw = random.Random(number)
        with tempfile.TemporaryDirectory() as folder:
            study = Path(folder) / "study.jsonl"
            tune.search(_objective, _SPACE, draw.randint(1, _TRIALS), "random", study, seed=number)
            whole = study.read_bytes()
            first = whole.index(b"\n") + 1
            end = draw.randint(first if number % 2 else 0, len(whole))
            shared = number % 2 == 1
            yield Outcome(_after(study, end, shared) and f"study {number}, cut at {end}: {_after_words(study)}")


def _objective(attempt: tune.Attempt) -> float:
    attempt.report(attempt["x"])
    return float(attempt["x"])


def _after(study: Path, end: int, shared: bool) -> bool:
    """Whether something is wrong after a cut."""
    before = study.read_bytes()[:end]
    lines = [json.loads(line) for line in before.splitlines(keepends=True) if line.endswith(b"\n")]
    kept = {line["trial_id"]: line["values"][0] for line in lines if line["op_code"] == _ENDED and line["state"] == 1}
    if shared:
        with opened(study, None, "higher"):
            os.truncate(study, end)
            found = tune.search(_objective, _SPACE, _TRIALS, "random", study)
    else:
        os.truncate(study, end)
        found = tune.search(_objective, _SPACE, _TRIALS, "random", study)
    scores = {t.number: t.score for t in found.ranked()}
    lost = any(scores.get(number) != score for number, score in kept.items())
    waits = shared and any(t.state == "running" for t in found.trials)  # for the search that has begun that trial
    return lost or (found.count() != _TRIALS and not waits)


def _after_words(study: Path) -> str:
    with opened(study, None, "higher") as shared:
        return ", ".join(f"trial {t.number} {t.state} {t.score}" for t in trials_of(shared))


def _parents(times: int) -> Iterator[Outcome]:
    """`gradus tune --processes 2` is ended from outside: its workers end, and no trial is left running."""
    for number in range(times):
        draw = random.Random(number)
        with tempfile.TemporaryDirectory() as folder:
            kind = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)[number % 3]
            lines = draw.randint(kind == signal.SIGINT, 8)  # Python itself answers Ctrl-C before gradus has begun
            failed = _parent(Path(folder) / "study.jsonl", kind, lines, draw.uniform(0, 0.2))
            yield Outcome(f"tune {number}, {kind.name}: {failed}") if failed else HELD


def _parent(study: Path, kind: signal.Signals, lines: int, pause: float) -> str:
    words = ["tune", "softmax", "--limit", "100", "--epochs", "2", "--lr", "1e-3:1e-1", "--sampler", "random"]
    words += ["--trials", "5000", "--processes", "2", "--study", str(study)]
    command = [sys.executable, "-m", "gradus", *words]
    with study.with_suffix(".said").open("w+b") as said:
        parent = subprocess.Popen(
            command, stdout=said, stderr=said, env=SURROUNDINGS, cwd=study.parent, start_new_session=True
        )
        try:
            while parent.poll() is None and study.with_suffix(".said").read_bytes().count(b"\n") < lines:
                time.sleep(0.02)
            time.sleep(pause)
            parent.send_signal(kind)
            status = parent.wait(_LATEST)
            left = _still_there(parent.pid)
        finally:
            if _is_there(parent.pid):
                os.killpg(parent.pid, signal.SIGKILL)
    text = study.with_suffix(".said").read_text()
    if left or "Traceback" in text or status not in (-kind, 128 + kind):
        return f"{'workers are left; ' if left else ''}status {status}; it said: {text[-2000:]}"
    return _running(study) if kind != signal.SIGKILL else ""


def _still_there(group: int) -> bool:
    until = time.monotonic() + _LATEST
    while _is_there(group) and time.monotonic() < until:
        time.sleep(0.05)
    return _is_there(group)


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _running(study: Path) -> str:
    """The trials that have no end, as words."""
    lines = [json.loads(line) for line in study.read_text().splitlines()] if study.exists() else []
    ended = {line["trial_id"] for line in lines if line["op_code"] == _ENDED}
    begun = sum(line["op_code"] == 4 for line in lines)
    return f"trials {sorted(set(range(begun)) - ended)} are left running" if len(ended) < begun else ""


TUNING = (
    Trial(
        "searches",
        "searches that share a study, some of them killed at any moment, by SIGKILL, SIGTERM and Ctrl-C",
        lambda times: outcomes("tuning", times),
        short=3,
        long=150,
    ),
    Trial(
        "torn studies",
        "the file of a study, cut off anywhere, alone and beside another search",
        _torn,
        short=6,
        long=1_000,
    ),
    Trial(
        "parents of searches",
        "`gradus tune --processes 2`, ended by SIGKILL, SIGTERM and Ctrl-C: its workers end",
        _parents,
        short=1,
        long=12,
    ),
)
