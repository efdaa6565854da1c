"""The page that says what came of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import torch

from .compare import EQUAL, REFUSED, ROUNDS, Found, Verdict
from .explained import COMPILED, EXPLAINED, FLOAT32

LAYERS = "## Layers"  # from here on the page is written by `layers.py`
PAGE = Path(__file__).parent.parent.parent / "docs" / "conformance.md"

HEAD = """# What PyTorch does, and gradus

PyTorch's own operator tests have sample inputs for each operation. `python -m tools.conformance --write` takes them
through both: values, gradients, and gradients of these must be equal, eagerly and compiled, in float64 and float32.
What is written otherwise in gradus stands in `tools/conformance/expressed.py`, why some samples differ in
`explained.py`. Of each operation at most so many samples are taken: {most}.

"""


def end() -> str:
    """What the page says of layers, optimizers and wrong inputs."""
    _, title, rest = PAGE.read_text(encoding="utf-8").partition(f"\n{LAYERS}\n")
    return title + rest


def said(title: str, name: str, verdicts: list[Verdict] | None) -> str:
    """What came of an operation, for the terminal."""
    counts = Counter(v.kind for v in verdicts or ())
    why = f" ({EXPLAINED[name]})" if name in EXPLAINED else ""
    lines = [f"{title}: " + (", ".join(f"{n} {kind}" for kind, n in counts.items()) or "missing") + why]
    return "\n".join(lines + [f"    {p}" for p in dict.fromkeys(v.why for v in verdicts or () if v.kind != EQUAL)])


def page(found: dict[str, Found], most: dict[str, int]) -> str:
    """What came of it, as a page: the first mode in full, of others the counts and what is otherwise there."""
    first, *others = found
    entries = found[first]
    there = {name: v for name, v in entries.items() if v}
    whole = [name for name, v in there.items() if name not in EXPLAINED and all(one.kind == EQUAL for one in v)]
    part = {name: v for name, v in there.items() if name not in whole}
    open_ = {name: v for name, v in part.items() if name not in EXPLAINED}
    lines = [
        f"Of {len(entries)} entries of PyTorch {torch.__version__.split('+')[0]}'s operator tests {len(there)} are "
        f"expressed; of {len(whole)} every sample is equal, of {len(part) - len(open_)} it is said why not, and "
        f"{len(open_)} are open.",
        "",
        *_counts(found),
        "",
        "## Different by design",
        "",
        "| operation | equal samples | why |",
        "|---|---:|---|",
        *(f"| `{n}` | {_equal(v)} of {len(v)} | {EXPLAINED[n]} |" for n, v in sorted(part.items()) if n in EXPLAINED),
        "",
        "## Open",
        "",
        "| operation | equal samples | what comes instead |",
        "|---|---:|---|",
        *(f"| `{n}` | {_equal(v)} of {len(v)} | {_first(v)} |" for n, v in sorted(open_.items())),
        "",
        *(line for mode in others for line in _otherwise(mode, found[mode], set(whole))),
        "## Every sample equal",
        "",
        ", ".join(f"`{n}`" for n in sorted(whole)) + ".",
        "",
        "## Missing",
        "",
        ", ".join(f"`{n}`" for n, v in sorted(entries.items()) if not v) + ".",
    ]
    return HEAD.format(most="; ".join(f"{mode}: {n}" for mode, n in most.items())) + "\n".join(lines) + "\n"


def _counts(found: dict[str, Found]) -> list[str]:
    """For each mode, of how many samples value, gradient and second gradient are equal, and what became of others."""
    lines = ["| | samples | " + " | ".join(ROUNDS) + " | different | refused | foreign error |"]
    lines.append("|---|---:|" + "---:|" * (len(ROUNDS) + 3))
    for mode, entries in found.items():
        all_ = [v for verdicts in entries.values() for v in verdicts or ()]
        kinds = Counter(v.kind for v in all_)
        rounds = [f"{sum(v.equal > i for v in all_)} of {sum(v.there > i for v in all_)}" for i in range(len(ROUNDS))]
        rest = [str(kinds[kind]) for kind in ("different", "refused", "foreign error")]
        lines.append("| " + " | ".join([mode, str(len(all_)), *rounds, *rest]) + " |")
    return lines


def _otherwise(mode: str, entries: Found, whole: set[str]) -> list[str]:
    """What is not equal in a mode, of what is in the first one: with one reason for those that are refused alike."""
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for name, verdicts in sorted(entries.items()):
        wrong = [v for v in verdicts or () if v.kind != EQUAL]
        if name in whole and wrong:
            why = FLOAT32.get(name) if mode.endswith("float32") else None
            reasons[why or _reason(mode, wrong[0])].append(f"`{name}`")
    if not reasons:
        return []
    lines = [f"## Otherwise: {mode}", "", "| operations | what comes instead |", "|---|---|"]
    return [*lines, *(f"| {', '.join(names)} | {why} |" for why, names in sorted(reasons.items())), ""]


def _reason(mode: str, v: Verdict) -> str:
    known = (why for part, why in COMPILED.items() if part in v.why) if mode.startswith("compiled") else ()
    return next(iter(known), _short(v)) if v.kind == REFUSED else _short(v)


def _equal(verdicts: list[Verdict]) -> int:
    return sum(v.kind == EQUAL for v in verdicts)


def _first(verdicts: list[Verdict]) -> str:
    return _short(next(v for v in verdicts if v.kind != EQUAL))


def _short(v: Verdict) -> str:
    return v.why.replace("|", "\\|").replace("\n", " ").split(", called at")[0][:150]
