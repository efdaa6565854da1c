"""`python -m tools.conformance.layers`: PyTorch's samples of layers and optimizers, and its wrong inputs.

What differs by design has its reason in `modules.py`, `optimizers.py` and `refusals.py`.
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

import torch

from . import modules, optimizers, refusals
from .compare import EQUAL, Verdict
from .page import LAYERS, PAGE

Found = dict[str, list[Verdict] | None]
MODES = (("eager, float64", False, torch.float64, 1000), ("eager, float32", False, torch.float32, 6))
MODES += (("compiled, float64", True, torch.float64, 1), ("compiled, float32", True, torch.float32, 1))


def main() -> None:
    """Compare, print what is not equal, write the end of the page."""
    parser = argparse.ArgumentParser("python -m tools.conformance.layers", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="kinds, as nn.Linear, optim.Adam, nn.functional.pad")
    parser.add_argument("--eager", action="store_true", help="eagerly alone")
    parser.add_argument("--write", action="store_true", help=f"write the end of {PAGE.name}")
    args = parser.parse_args()
    only = set(args.only) if args.only else None
    modes = [mode for mode in MODES if not (args.eager and mode[1])]
    layers = {title: modules.verdicts(dtype, compiled, most, only) for title, compiled, dtype, most in modes}
    updates = {title: optimizers.verdicts(dtype, compiled, only) for title, compiled, dtype, _ in modes}
    answers = refusals.answers(only)
    _print({**layers}, modules.EXPLAINED)
    _print({**updates}, optimizers.EXPLAINED)
    for a in answers:
        if a.kind != refusals.CLEAR and not a.why:
            print(f"{a.name}: {a.kind} where PyTorch says {a.theirs!r}  {a.message}")
    lines = [LAYERS, "", *_part("module", layers, modules.EXPLAINED)]
    lines += ["## Optimizers", "", *_part("optimizer", updates, optimizers.EXPLAINED)]
    lines += _wrong_inputs(answers)
    print("\n".join(lines))
    if args.write:
        before = PAGE.read_text(encoding="utf-8").partition(LAYERS)[0].rstrip()
        PAGE.write_text(f"{before}\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


def _print(found: dict[str, Found], explained: dict[str, str]) -> None:
    for mode, kinds in found.items():
        for name, verdicts in kinds.items():
            for why in dict.fromkeys(v.why for v in verdicts or () if v.kind != EQUAL):
                print(f"{name} ({mode}): {why} ({explained.get(name, 'open')})")


def _part(what: str, found: dict[str, Found], explained: dict[str, str]) -> list[str]:
    """What came of the samples of layers, or of optimizers."""
    first = next(iter(found.values()))
    there = {name: v for name, v in first.items() if v}
    otherwise = {name for of in found.values() for name, v in of.items() if any(one.kind != EQUAL for one in v or ())}
    open_ = sorted(otherwise - explained.keys())
    missing, whole = [name for name, v in first.items() if v is None], sorted(there.keys() - otherwise)
    text = (
        f"Of {len(first)} kinds of PyTorch's {what} tests {len(there)} are there; of {len(whole)} every sample is "
        f"equal, of {len(otherwise) - len(open_)} it is said why not, and {len(open_)} are open."
    )
    lines = [text, "", "| | samples | equal | different | refused | foreign error |", "|---|---:|---:|---:|---:|---:|"]
    for mode, of in found.items():
        kinds = Counter(v.kind for verdicts in of.values() for v in verdicts or ())
        counts = (kinds[k] for k in (EQUAL, "different", "refused", "foreign error"))
        lines.append(f"| {mode} | {kinds.total()} | " + " | ".join(map(str, counts)) + " |")
    lines += ["", f"| {what} | equal samples | why |", "|---|---:|---|"] if otherwise else []
    for name in sorted(otherwise):
        equal = sum(v.kind == EQUAL for v in first[name] or ())
        lines.append(f"| `{name}` | {equal} of {len(first[name] or ())} | {explained.get(name) or 'open'} |")
    equal_ones, missing_ones = (", ".join(f"`{name}`" for name in names) for names in (whole, missing))
    return [*lines, "", f"Every sample equal: {equal_ones}.", "", f"Missing: {missing_ones}.", ""]


def _wrong_inputs(answers: list[Any]) -> list[str]:
    kinds = Counter(a.kind for a in answers)
    reasons = Counter((a.why, a.kind) for a in answers if a.why)
    open_ = [a for a in answers if a.kind != refusals.CLEAR and not a.why]
    clear, meant = kinds[refusals.CLEAR], sum(reasons.values())
    return [
        "## Wrong inputs",
        "",
        f"PyTorch's tests say of {len(answers)} inputs of what gradus has that they are wrong (of operations that are "
        f"written otherwise none is counted). {clear} get one of gradus's errors, {meant} mean something here, "
        f"{len(open_)} are open.",
        "",
        "| taken | inputs | of |",
        "|---|---:|---|",
        *(f"| {why} | {n} | {_names(answers, why)} |" for (why, _), n in reasons.most_common()),
        *(f"| open: {a.theirs} | 1 | `{a.name}` |" for a in open_),
    ]


def _names(answers: list[Any], why: str) -> str:
    names = list(dict.fromkeys(f"`{a.name}`" for a in answers if a.why == why))
    return ", ".join(names[:6]) + (f" and {len(names) - 6} others" if len(names) > 6 else "")


if __name__ == "__main__":
    main()
