"""docs/reliability.md: each promise, what was tried and how often, what failed."""

from __future__ import annotations

from .promise import Promise
from .record import ROOT, Result, kept

PAGE = ROOT / "docs" / "reliability.md"
_HEAD = """# What gradus promises, and how it was tried

Each promise is a sentence, and below it stands what was done to break it, how often, and what failed. The figures are
written by `python -m tools.reliability`, which takes hours; the tests do the same some times each, in
`tests/test_reliability.py`, and hold more in the files that are named. `python -m tools.reliability NAME` tries one
promise, with `--times N` as often as you like.
"""


def page(promises: tuple[Promise, ...]) -> str:
    """The whole page."""
    results = kept()
    return "\n".join([_HEAD, *(_section(promise, results) for promise in promises)])


def _section(promise: Promise, results: dict[tuple[str, str], Result]) -> str:
    lines = [f"## {promise.sentence}", "", "| tried | how often | failed | minutes | |", "|---|---:|---:|---:|---|"]
    found = [(trial, results.get((promise.name, trial.name))) for trial in promise.trials]
    for trial, result in found:
        lines.append(f"| {trial.what} | {_row(result)} |")
    failures = [text for _, result in found if result for text in result["failures"]]
    lines += ["", "Failed:", "", *(f"- {text}" for text in failures)] if failures else []
    if promise.limits:
        lines += ["", "Not promised:", "", *(f"- {limit}" for limit in promise.limits)]
    if promise.tests:
        lines += ["", f"More in {', '.join(f'`tests/{name}`' for name in promise.tests)}."]
    lines += ["", *_where([result for _, result in found if result])]
    return "\n".join(lines)


def _row(result: Result | None) -> str:
    if result is None:
        return "not yet | | |"
    tried, failed, minutes = f"{result['tried']:,}", f"{result['failed']:,}", f"{result['seconds'] / 60:.1f}"
    return f"{tried} | {failed} | {minutes} | {result['note']}"


def _where(results: list[Result]) -> list[str]:
    """On which machines, and when."""
    places = dict.fromkeys(f"{result['machine']}, {result['date']}" for result in results)
    return [f"{'; '.join(places)}.", ""] if places else []
