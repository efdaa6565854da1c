"""Trying a promise, and what is kept of it in docs/reliability.jsonl."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.report import processor
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import gradus

from .promise import Promise, Trial
from .promises import PROMISES

ROOT = Path(__file__).parent.parent.parent
FILE = ROOT / "docs" / "reliability.jsonl"
_SHOWN = 20  # of failures, how many are kept

Result = dict[str, Any]  # promise, trial, tried, failed, failures, note, seconds, date, machine, version


def tried(promise: Promise, trial: Trial, times: int) -> Result:
    """Try it so many times, with a bar; what fails is printed, and tried on."""
    count, failures, note, start = 0, [], "", time.perf_counter()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns) as bar:
        task = bar.add_task(f"{promise.name}: {trial.name}", total=times)
        for outcome in trial.run(times):
            count += 1
            note = outcome.note or note
            if outcome.failed:
                failures.append(outcome.failed)
                bar.console.print(f"FAILED {outcome.failed}", markup=False)
            bar.advance(task)
    return {
        "promise": promise.name,
        "trial": trial.name,
        "tried": count,
        "failed": len(failures),
        "failures": failures[:_SHOWN],
        "note": note,
        "seconds": round(time.perf_counter() - start, 1),
        "date": date.today().isoformat(),
        "machine": processor(),
        "version": gradus.__version__,
    }


def kept() -> dict[tuple[str, str], Result]:
    """The results that are kept, by promise and trial in the order of the page."""
    lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    found = {(result["promise"], result["trial"]): result for result in map(json.loads, lines)}
    return {key: found[key] for p in PROMISES for t in p.trials if (key := (p.name, t.name)) in found}


def keep(result: Result) -> None:
    """Put a result in the place of the one before."""
    results = kept() | {(result["promise"], result["trial"]): result}
    keys = ((p.name, t.name) for p in PROMISES for t in p.trials)
    lines = (json.dumps(results[key], ensure_ascii=False) for key in keys if key in results)
    FILE.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
