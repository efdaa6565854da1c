"""The command: `python -m benchmarks [WHAT] [options]`; WHAT is steps, convolution, machines, networks and so on."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from . import first_step, from_prompt, memory, report, rounds, scaling
from .contestants import CONTESTANTS
from .convnets import CONVNETS
from .machines import MACHINES
from .networks import NETS
from .records import Workload
from .workloads import DENSE, WORKLOADS, find, names

ROOT = Path(__file__).parent.parent
SPEED = {"steps": ("Speed", DENSE), "convolution": ("Convolution", CONVNETS)}
SPEED |= {"machines": ("Boltzmann machines", MACHINES), "networks": ("Networks", NETS)}
WHAT = (*SPEED, "memory", "first_step", "from_prompt", "scaling")


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser("python -m benchmarks", description="Time gradus beside its peers.")
    parser.add_argument("what", nargs="?", default="steps", choices=WHAT)
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"of {', '.join(names())}")
    parser.add_argument("--peers", nargs="*", choices=list(CONTESTANTS), help="who takes part besides gradus")
    parser.add_argument("--rounds", type=int, help=f"of {' and '.join(SPEED)} 7 or more, by default 9; of others 3")
    parser.add_argument("--quick", action="store_true", help="2 short rounds, to see that all works")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds that building and compiling may take")
    parser.add_argument("--out", type=Path, help="the page to write into; the default is docs/benchmarks.md")
    args = parser.parse_args()
    args.rounds = args.rounds or (9 if args.what in SPEED else 3)
    if args.what in SPEED and args.rounds < 7:
        parser.error("--rounds: fewer than 7 say little")
    if args.out is None and (args.only or args.quick or args.peers is not None):
        parser.error("--out: name another page than docs/benchmarks.md, which holds whole measurements")
    args.out = args.out or ROOT / "docs" / "benchmarks.md"
    return args


def main() -> None:
    """Measure, and write the section."""
    args = arguments()
    count, seconds = (2, 0.01) if args.quick else (args.rounds, 0.1)
    contestants = [c for c in CONTESTANTS.values() if args.peers is None or c.name in {"gradus", *args.peers}]
    scaled = args.out.with_name(args.out.stem + "-scaling.png")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    if args.what == "first_step":
        title, lines = "The first step", first_step.lines(contestants, count, args.patience)
    elif args.what == "memory":
        title, lines = "Memory", memory.lines(_chosen(args, WORKLOADS), args.patience)
    elif args.what == "from_prompt":
        title, lines = "From the prompt", from_prompt.lines(1 if args.quick else 3, say)
    elif args.what == "scaling":
        title = "Cost against size"
        lines = scaling.lines(contestants, seconds, count, args.patience, scaled, say, args.quick)
    else:
        title, all_workloads = SPEED[args.what]
        workloads = _chosen(args, all_workloads)
        for w in workloads:  # a model that cannot be counted is found now, not after the measuring
            say(f"{w.name}: {w.operations / 1e6:,.2f} million operations a step")
        results = [rounds.run(w, contestants, count, seconds, args.patience, say) for w in workloads]
        picture = args.out.with_name(args.out.stem + ("" if args.what == "steps" else f"-{args.what}") + ".png")
        report.bars(results, picture)
        lines = [*report.outcomes(results, count), f"![times beside gradus']({picture.name})"]
    report.write_section(args.out, title, lines)
    print("\n".join(lines))


def _chosen(args: argparse.Namespace, workloads: Sequence[Workload]) -> list[Workload]:
    """Those named, or all."""
    return [find(name) for name in args.only] if args.only else list(workloads)


def say(line: str) -> None:
    """Tell of the progress."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
