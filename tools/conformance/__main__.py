"""`python -m tools.conformance`: PyTorch's sample inputs through gradus, and the page that says what came of them."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import torch
from torch.testing._internal.common_methods_invocations import op_db

from .compare import EQUAL, Verdict, verdict
from .expressed import expression
from .page import PAGE, page, said


class Mode(NamedTuple):
    """A way to run the samples: eagerly or compiled, in a dtype, and at most how many of each operation."""

    compiled: bool
    dtype: str
    most: int

    def __str__(self) -> str:
        return f"{'compiled' if self.compiled else 'eager'}, {self.dtype}"


MODES = (Mode(False, "float64", 40), Mode(False, "float32", 40), Mode(True, "float64", 2), Mode(True, "float32", 1))
NAMES = [op.name + (f".{op.variant_test_name}" if op.variant_test_name else "") for op in op_db]
Found = dict[str, list[Verdict] | None]


def main() -> None:
    """Compare, print what is not equal, write the page."""
    parser = argparse.ArgumentParser("python -m tools.conformance", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="operations, as PyTorch's tests call them")
    parser.add_argument("--dtype", choices=["float64", "float32"], help="in this dtype alone")
    parser.add_argument("--eager", action="store_true", help="eagerly alone")
    parser.add_argument("--compiled", action="store_true", help="compiled alone")
    parser.add_argument("--most", type=int, help="samples of an operation")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="which share the work")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    args = parser.parse_args()
    wanted = {"eager": False, "compiled": True}
    alone = [wanted[how] for how in wanted if getattr(args, how)] or [False, True]
    modes = [m for m in MODES if m.compiled in alone and args.dtype in (None, m.dtype)]
    modes = [m._replace(most=args.most) if args.most else m for m in modes]
    chosen = [i for i, op in enumerate(op_db) if not args.only or {NAMES[i], op.name} & set(args.only)]
    found: dict[Mode, Found] = {m: {} for m in modes}
    for name, of_modes in _in_processes(chosen, modes, args.processes):
        for mode, verdicts in zip(modes, of_modes, strict=True):
            found[mode][name] = verdicts
            if args.only or (verdicts and any(v.kind != EQUAL for v in verdicts)):
                print(said(f"{name} ({mode})", name, verdicts), flush=True)
    text = page({str(m): f for m, f in found.items()}, {str(m): m.most for m in modes})
    print("\n".join(text.split("\n## ")[0].splitlines()[4:]))
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


def _in_processes(chosen: list[int], modes: list[Mode], count: int) -> Iterator[tuple[str, list[Any]]]:
    if count == 1 or len(chosen) < 20:
        yield from (entry(i, modes) for i in chosen)
        return
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(entry, chosen, itertools.repeat(modes), chunksize=4)


def entry(index: int, modes: list[Mode]) -> tuple[str, list[list[Verdict] | None]]:
    """What came of an operation's samples, in each mode; None where there is nothing to be written in gradus."""
    return NAMES[index], [_verdicts(op_db[index], NAMES[index], mode) for mode in modes]


def _verdicts(op: Any, name: str, mode: Mode) -> list[Verdict] | None:
    ours = expression(name)
    if ours is None:
        return None
    dtype = getattr(torch, mode.dtype)
    taken = dtype if op.supports_dtype(dtype, "cpu") else torch.int64
    found = (verdict(ours, op.op, s, taken, mode.compiled) for s in samples(op, taken))
    return list(itertools.islice((v for v in found if v is not None), mode.most))


def samples(op: Any, dtype: torch.dtype) -> Iterator[Any]:
    """PyTorch's sample inputs of an operation, the same ones each time."""
    torch.manual_seed(0)
    with contextlib.suppress(Exception):
        yield from op.sample_inputs("cpu", dtype, requires_grad=dtype.is_floating_point and op.supports_autograd)


if __name__ == "__main__":
    main()
