"""The page: sections that each command replaces, tables, and the bars."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from .contestants import CONTESTANTS, CORES
from .floor import Limits
from .records import CONVOLUTION, NETWORKS, PRODUCTS, TRAINING, Asked
from .rounds import Outcome

TITLE = "# How fast gradus trains"
LEAD = (
    "Written by `python -m benchmarks`; microseconds a step unless said otherwise, medians over the rounds, the\n"
    "quartiles in brackets. Every contestant works in its own process, one at a time, in turn within each round. The\n"
    "peers run in the best environment known for them (`benchmarks/contestants.py`), gradus in a plain one."
)


def write_section(page: Path, title: str, lines: Iterable[str]) -> None:
    """Put a section into the page, in place of the one of the same title."""
    old = page.read_text() if page.exists() else f"{TITLE}\n\n{LEAD}\n"
    head, *sections = old.split("\n## ")
    kept = [s for s in sections if s.splitlines()[0] != title]
    body = "\n".join([title, "", *lines]).rstrip() + "\n"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n## ".join([head.rstrip() + "\n", *(s.rstrip() + "\n" for s in kept), body]))


def circumstances(rounds: int) -> list[str]:
    """Where, when and how a section was measured."""
    command = " ".join(["python -m benchmarks", *sys.argv[1:]])
    by_package = {c.package: c.version for c in CONTESTANTS.values() if c.installed}
    return [
        f"`{command}`, {date.today().isoformat()}, {rounds} rounds, on {processor()}, "
        f"{CORES} threads, {platform.system()}; Python {platform.python_version()}, "
        + ", ".join(f"{name} {version}" for name, version in by_package.items())
        + ".",
        "",
    ]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table in Markdown; numbers to the right."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def outcomes(results: Sequence[Outcome], rounds: int) -> list[str]:
    """The section of all workloads, as lines; the first is the circumstances."""
    limits = Limits()
    for o in results:
        limits = limits.or_better(o.limits)
    lines = circumstances(rounds)
    lines += [
        f"Measured in this run: {limits.operations / 1e9:.0f} GFLOP/s by fused multiply-adds in registers, all cores; "
        f"{limits.bandwidth / 1e9:.1f} GB/s by copying. The floor is the larger of a step's operations and bytes over "
        "these; the share is that of the operations' peak that gradus reaches. The ratio is the best peer's time over "
        "gradus', by medians; in brackets, the median of the ratios in each round.",
        "",
    ]
    for group in (TRAINING, PRODUCTS, CONVOLUTION, NETWORKS):
        chosen = [o for o in results if o.workload.group == group]
        if chosen:
            lines += [f"### {group}", "", *_compared(chosen, limits, rounds)]
    left_out = [f"- {o.workload.name}, {CONTESTANTS[n].title}: {why}" for o in results for n, why in o.skipped.items()]
    return lines + (["Left out:", "", *left_out] if left_out else [])


def _compared(results: Sequence[Outcome], limits: Limits, rounds: int) -> list[str]:
    names = [n for n in CONTESTANTS if any(n in o.times for o in results)]
    head = ["workload", *(CONTESTANTS[n].title for n in names), "ratio", "asked", "floor", "share of peak"]
    rows = []
    for o in results:
        best = min(o.times, key=o.median, default="")
        cells = [_time(o, n, n == best) for n in names]
        rows.append([_title(o, rounds), *cells, _ratio(o), _asked(o, limits), micro(limits.floor(o.workload)), ""])
        rows[-1][-1] = _share(o, limits)
    return table(head, rows)


def _title(o: Outcome, rounds: int) -> str:
    """The workload's, and how many rounds there were if they were fewer than in others."""
    done = max(map(len, o.times.values()), default=rounds)
    return o.workload.title + (f" ({done} rounds)" if done < rounds else "")


def _time(o: Outcome, name: str, best: bool) -> str:
    if name not in o.times:
        return "-"
    low, high = o.quartiles(name)
    median = micro(o.median(name))
    return f"{f'**{median}**' if best else median} ({micro(low)}-{micro(high)})"


def micro(seconds: float) -> str:
    """Microseconds, with three digits.

    >>> micro(1.23456e-3), micro(1.23456e-6)
    ('1,235', '1.23')
    """
    us = seconds * 1e6
    return f"{us:,.0f}" if us >= 100 else f"{us:.3g}"


def _ratio(o: Outcome) -> str:
    peer = o.best_peer()
    if peer is None or "gradus" not in o.times:
        return "-"
    return f"{o.ratio(peer):.2f} ({o.ratio_by_round(peer):.2f})"


def _asked(o: Outcome, limits: Limits) -> str:
    """Each figure asked for and whether it was reached."""
    w = o.workload
    parts = [_one_asked(a, o.ratio_to(a)) for a in w.at_least]
    if w.share_asked:
        reached = "gradus" in o.times and share(o, limits) >= w.share_asked
        parts.append(f"{w.share_asked:.0%} of peak: {'reached' if reached else '**not reached**'}")
    return "; ".join(parts) or "-"


def _one_asked(asked: Asked, ratio: float | None) -> str:
    of = f" of {CONTESTANTS[asked.of].title}" if asked.of else ""
    if ratio is None:
        return f"{asked.times:g}{of}: not measured"
    if not asked.of:
        return f"{asked.times:g}: {'reached' if ratio >= asked.times else '**not reached**'}"
    return f"{asked.times:g}{of}: {ratio:.2f}, {'reached' if ratio >= asked.times else '**not reached**'}"


def share(o: Outcome, limits: Limits) -> float:
    """The share of the machine's peak that gradus reaches."""
    return o.workload.operations / o.median("gradus") / limits.operations


def _share(o: Outcome, limits: Limits) -> str:
    return f"{share(o, limits):.0%}" if "gradus" in o.times else "-"


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def bars(results: Sequence[Outcome], picture: Path) -> None:
    """Each peer's time over gradus' (the line at 1), on a logarithmic axis, workload by workload."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    shown = [o for o in results if "gradus" in o.times and len(o.times) > 1]
    if not shown:
        return
    names = [n for n in CONTESTANTS if n != "gradus" and any(n in o.times for o in shown)]
    figure = Figure(figsize=(9, 1 + 0.7 * len(shown)), layout="constrained")
    axes = figure.add_subplot()
    for i, name in enumerate(names):
        places = [j + 0.8 * (i + 0.5) / len(names) - 0.4 for j in range(len(shown))]
        widths = [o.ratio(name) - 1 if name in o.times else 0.0 for o in shown]
        axes.barh(places, widths, 0.8 / len(names), left=1.0, label=CONTESTANTS[name].title)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [o.workload.title for o in shown], fontsize=8)
    axes.invert_yaxis()
    figure.supxlabel("time of a step, times that of gradus (the line at 1)", fontsize=9)
    figure.legend(fontsize=8, loc="outside upper right", ncols=len(names))
    figure.savefig(picture, dpi=150)
