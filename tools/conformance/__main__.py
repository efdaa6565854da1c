"""`python -m tools.conformance`: PyTorch's sample inputs through gradus, and the page that says what came of them."""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from .compare import EQUAL, Found
from .page import PAGE, end, page, said
from .run import MODES, NAMES, Mode, entry


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
    chosen = [i for i, name in enumerate(NAMES) if not args.only or {name, name.split(".")[0]} & set(args.only)]
    found: dict[Mode, Found] = {m: {} for m in modes}
    for name, of_modes in _in_processes(chosen, modes, args.processes):
        for mode, verdicts in zip(modes, of_modes, strict=True):
            found[mode][name] = verdicts
            if args.only or (verdicts and any(v.kind != EQUAL for v in verdicts)):
                print(said(f"{name} ({mode})", name, verdicts), flush=True)
    text = page({str(m): f for m, f in found.items()}, {str(m): m.most for m in modes})
    print("\n".join(text.split("\n## ")[0].splitlines()[4:]))
    if args.write:
        PAGE.write_text(text + end(), encoding="utf-8")


def _in_processes(chosen: list[int], modes: list[Mode], count: int) -> Iterator[tuple[str, list[Any]]]:
    if count == 1 or len(chosen) < 20:
        yield from (entry(i, modes) for i in chosen)
        return
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(entry, chosen, itertools.repeat(modes), chunksize=4)


if __name__ == "__main__":
    main()
