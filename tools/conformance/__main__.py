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
    _summary(entries)


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
    print(f"{name}: " + (", ".join(f"{n} {kind}" for kind, n in counts.items()) or "missing"), flush=True)
    for why in dict.fromkeys(v.why for v in verdicts or () if v.kind != EQUAL):
        print(f"    {why}")


def _summary(entries: dict[str, list[Verdict] | None]) -> None:
    there = {name: v for name, v in entries.items() if v}
    whole = [name for name, v in there.items() if all(one.kind == EQUAL for one in v)]
    kinds = Counter(one.kind for v in there.values() for one in v)
    print(f"{len(there)} of {len(entries)} operations are expressed, {len(whole)} with every sample equal")
    print("samples:", ", ".join(f"{n} {kind}" for kind, n in kinds.items()))
    print("missing:", *(name for name, v in entries.items() if not v))


if __name__ == "__main__":
    main()
