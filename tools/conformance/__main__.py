"""`python -m tools.conformance`: PyTorch's sample inputs through gradus, and the page that says what came of them."""

from __future__ import annotations

import argparse
import contextlib
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.testing._internal.common_methods_invocations import op_db

from .compare import EQUAL, Verdict, verdict
from .explained import EXPLAINED
from .expressed import expression

PAGE = Path(__file__).parent.parent.parent / "docs" / "conformance.md"


def main() -> None:
    """Compare, print what is not equal, write the page."""
    parser = argparse.ArgumentParser("python -m tools.conformance", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="operations, as PyTorch's tests call them")
    parser.add_argument("--dtype", default="float64", choices=["float64", "float32"])
    parser.add_argument("--compiled", action="store_true", help="compiled, the first samples of each")
    parser.add_argument("--most", type=int, default=40, help="samples of an operation")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    args = parser.parse_args()
    dtype = getattr(torch, args.dtype)
    entries: dict[str, list[Verdict] | None] = {}
    for op in op_db:
        name = op.name + (f".{op.variant_test_name}" if op.variant_test_name else "")
        if args.only and not {name, op.name} & set(args.only):
            continue
        entries[name] = _entry(name, op, dtype, args.compiled, 4 if args.compiled else args.most)
        if args.only or (entries[name] and any(v.kind != EQUAL for v in entries[name] or ())):
            _say(name, entries[name])
    lines = _lines(entries)
    print(*lines[:1], *lines[4:8], sep="\n")
    if args.write:
        PAGE.write_text(HEAD.format(most=args.most) + "\n".join(lines) + "\n", encoding="utf-8")


def _entry(name: str, op: Any, dtype: torch.dtype, compiled: bool, most: int) -> list[Verdict] | None:
    ours = expression(name)
    if ours is None:
        return None
    taken = dtype if op.supports_dtype(dtype, "cpu") else torch.int64
    samples = itertools.islice(_samples(op, taken), most)
    return [v for s in samples if (v := verdict(ours, op.op, s, taken, compiled)) is not None]


def _samples(op: Any, dtype: torch.dtype) -> Iterator[Any]:
    torch.manual_seed(0)
    with contextlib.suppress(Exception):
        yield from op.sample_inputs("cpu", dtype, requires_grad=dtype.is_floating_point and op.supports_autograd)


def _say(name: str, verdicts: list[Verdict] | None) -> None:
    counts = Counter(v.kind for v in verdicts or ())
    why = f" ({EXPLAINED[name]})" if name in EXPLAINED else ""
    print(f"{name}: " + (", ".join(f"{n} {kind}" for kind, n in counts.items()) or "missing") + why, flush=True)
    for problem in dict.fromkeys(v.why for v in verdicts or () if v.kind != EQUAL):
        print(f"    {problem}")


def _lines(entries: dict[str, list[Verdict] | None]) -> list[str]:
    """What came of it, as a page."""
    there = {name: v for name, v in entries.items() if v}
    whole = [name for name, v in there.items() if all(one.kind == EQUAL for one in v)]
    part = {name: v for name, v in there.items() if name not in whole}
    open_ = {name: v for name, v in part.items() if name not in EXPLAINED}
    kinds = Counter(one.kind for v in there.values() for one in v)
    return [
        f"Of {len(entries)} entries of PyTorch {torch.__version__.split('+')[0]}'s operator tests {len(there)} are "
        f"expressed; of {len(whole)} every sample is equal, of {len(part) - len(open_)} it is said why not, and "
        f"{len(open_)} are open.",
        "",
        "| samples | |",
        "|---|---:|",
        *(f"| {kind} | {n} |" for kind, n in kinds.most_common()),
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
        "## Every sample equal",
        "",
        ", ".join(f"`{n}`" for n in sorted(whole)) + ".",
        "",
        "## Missing",
        "",
        ", ".join(f"`{n}`" for n, v in sorted(entries.items()) if not v) + ".",
    ]


def _equal(verdicts: list[Verdict]) -> int:
    return sum(v.kind == EQUAL for v in verdicts)


def _first(verdicts: list[Verdict]) -> str:
    why = next(v.why for v in verdicts if v.kind != EQUAL)
    return why.replace("|", "\\|").replace("\n", " ").split(", called at")[0][:150]


HEAD = """# What PyTorch does, and gradus

PyTorch's own operator tests have sample inputs for each operation. `python -m tools.conformance --write` takes them
(float64, up to {most} of each) through both: values, gradients, and gradients of these must be equal. What is
written otherwise in gradus stands in `tools/conformance/expressed.py`, why some samples differ in `explained.py`.

"""


if __name__ == "__main__":
    main()
