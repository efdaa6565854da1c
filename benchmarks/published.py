"""The command `python -m benchmarks.published`: run the papers' results again, and write docs/published.md.

Each result is a script of examples/published/. What was found stands in docs/published.jsonl, a line for each seed,
from which the page is written; a seed that stands there is not run again, and one that was killed goes on from its
last checkpoint, in runs/published/. With --validate settings are tried on training pictures kept back, which the page
tells too.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import importlib.util
import inspect
import json
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import gradus

from .report import processor, table

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "examples" / "published"
PAGE = ROOT / "docs" / "published.md"
RUNS = ROOT / "runs" / "published"

Result = dict[str, Any]  # name, on, seed, settings, found, minutes, processor_minutes, date, machine, version


def names() -> list[str]:
    """The scripts, in the order of the page, that of the papers' years and then the alphabet."""
    return [n for n in ORDER if (SCRIPTS / f"{n}.py").exists()]


ORDER = [
    *("lenet", "two_layers", "hidden_800", "pretrained", "autoencoder", "dropout", "batch_norm", "thirty_layers"),
    *("deepconvnet", "fashion", "one_pixel", "contrastive_divergence"),
]


def load(name: str) -> ModuleType:
    """A script as a module, with its neighbours within reach, as when it is run."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    if str(SCRIPTS) not in sys.path:
        sys.path.insert(0, str(SCRIPTS))
    spec.loader.exec_module(module)
    return module


def settings_of(script: ModuleType) -> dict[str, Any]:
    """The settings of a script's measurement, the defaults of its arguments, as JSON keeps them."""
    parameters = inspect.signature(script.measure).parameters
    return json.loads(json.dumps({name: p.default for name, p in parameters.items() if p.default is not p.empty}))


def measured(script: ModuleType, name: str, on: str, seed: int, settings: dict[str, Any], runs: Path = RUNS) -> Result:
    """One measurement, gone on with where it was killed; its folder is deleted once it is done."""
    mark = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]
    work = sys.modules["_published"].Work(runs / f"{name}-{on}-{seed}-{mark}", seed, on)
    found = {key: float(value) for key, value in script.measure(work, **settings).items()}
    if work.shown and on == "test" and seed == 0:
        pictures = PAGE.parent / "pictures"
        pictures.mkdir(parents=True, exist_ok=True)
        for part, figure in script.draw(work.shown).items():
            gradus.draw.save_png(figure, pictures / f"published-{name}{part and '-'}{part}.png")
    shutil.rmtree(work.folder, ignore_errors=True)
    about = {"name": name, "on": on, "seed": seed, "settings": settings, "found": found}
    minutes, of_processors = (round(seconds / 60, 2) for seconds in work.seconds)
    when = {"minutes": minutes, "processor_minutes": of_processors, "date": date.today().isoformat()}
    return about | when | {"machine": machine(), "version": gradus.__version__}


def machine() -> str:
    """What computes here."""
    return f"{processor()}, {gradus.num_threads()} threads"


# -- what was found ----------------------------------------------------------------------------------------------------


def read(file: Path) -> list[Result]:
    """The results that are kept, of one measurement the last; a line that was cut off by a kill is left out."""
    found: list[Result] = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        with contextlib.suppress(ValueError):
            result = json.loads(line)
            found = [r for r in found if not same(r, result)] + [result]
    return found


def same(a: Result, b: Result) -> bool:
    """Whether two results are of the same measurement."""
    return all(a[key] == b[key] for key in ("name", "on", "seed", "settings"))


def keep(file: Path, result: Result) -> None:
    """Add a result, on a line of its own."""
    cut_off = file.exists() and not file.read_bytes().endswith(b"\n")
    with file.open("a", encoding="utf-8") as lines:
        lines.write("\n" * cut_off + json.dumps(result) + "\n")


def final(results: Iterable[Result], name: str, settings: dict[str, Any]) -> list[Result]:
    """The results on the test data with a script's own settings, by seed."""
    own = [r for r in results if (r["name"], r["on"], r["settings"]) == (name, "test", settings)]
    return sorted(own, key=lambda r: r["seed"])


# -- the page ----------------------------------------------------------------------------------------------------------


def page(results: Sequence[Result]) -> str:
    """The page as it is to be: the table, and a section for each script."""
    scripts = {name: load(name) for name in names()}
    rows, sections = [], []
    for name, script in scripts.items():
        done = final(results, name, settings_of(script))
        rows += [_row(name, script, figure, done) for figure in script.CLAIM.figures]
        sections += _section(name, script, done, [r for r in results if r["name"] == name and r["on"] == "validation"])
    judged = [s for n, s in scripts.items() if _all_reached(s, final(results, n, settings_of(s)))]
    minutes = sum(r["minutes"] for n, s in scripts.items() for r in final(results, n, settings_of(s)))
    head = ["paper", "figure", "its value", "to reach", "ours, mean", "least to most", "seeds", "reached"]
    lines = [
        "# Published results, run again",
        "",
        "Written by `python -m benchmarks.published`, which runs the scripts of `examples/published/` on the real",
        "data, and goes on where it was interrupted. The numbers stand in `docs/published.jsonl`.",
        "",
        f"Of {len(scripts)} results {len(judged)} are reached, in {minutes:.0f} minutes all together.",
        "Settings were tried on the last sixth of the training pictures, 10,000 of 60,000 (the finished tries are",
        "below), unless a section says otherwise; then training used all training pictures, and the test data",
        "were read once, at the end. The minutes are those of all seeds, on a machine that others used too;",
        "those of processors add up over the threads, and leave out the time that others had them.",
        "",
        *table([*head, "minutes", "of processors"], rows),
        *sections,
    ]
    return "\n".join(lines).rstrip() + "\n"


def _values(figure: Any, done: Sequence[Result]) -> np.ndarray:
    return np.array([r["found"][figure.name] for r in done])


def _all_reached(script: ModuleType, done: Sequence[Result]) -> bool:
    return bool(done) and all(f.reached(float(_values(f, done).mean())) for f in script.CLAIM.figures)


def _row(name: str, script: ModuleType, figure: Any, done: Sequence[Result]) -> list[str]:
    def shown(value: float) -> str:
        return f"{value:.{figure.digits}f}"

    start = [f"[{script.CLAIM.source}](#{name.replace('_', '-')})", figure.name, figure.paper, figure.bound]
    if not done:
        return [*start, "not run yet", "", "", "", "", ""]
    values = _values(figure, done)
    reached = "-" if figure.reach is None else "yes" if figure.reached(float(values.mean())) else "**no**"
    spread = f"{shown(values.min())} to {shown(values.max())}" if len(values) > 1 else "-"
    minutes = [f"{sum(r[key] for r in done):.1f}" for key in ("minutes", "processor_minutes")]
    return [*start, shown(values.mean()), spread, str(len(values)), reached, *minutes]


def _section(name: str, script: ModuleType, done: Sequence[Result], tried: Sequence[Result]) -> list[str]:
    """What is to be said of one script."""
    title, _, about = (script.__doc__ or "").strip().partition("\n")
    claim = script.CLAIM
    lines = [f"## {name.replace('_', '-')}", "", title, *([""] if about else []), *about.strip("\n").splitlines(), ""]
    lines += [f"- Script: [examples/published/{name}.py](../examples/published/{name}.py)"]
    lines += [f"- Settings: {_told(settings_of(script))}", f"- Other than in the paper: {claim.differs}"]
    if done:
        places = " and ".join(sorted({f"{r['machine']}, {r['date']}, gradus {r['version']}" for r in done}))
        lines += [f"- Run on {places}"]
        for figure in claim.figures:
            values = ", ".join(f"{r['found'][figure.name]:.{figure.digits}f} (seed {r['seed']})" for r in done)
            lines += [f"- {figure.name}: {values}"]
    lines += [""]
    if tried:
        lines += ["Tried on training pictures kept back:", "", *_tries(script, tried)]
    for picture in sorted((PAGE.parent / "pictures").glob(f"published-{name}*.png")):
        lines += [f"![{title}](pictures/{picture.name})", ""]
    return lines


def _tries(script: ModuleType, tried: Sequence[Result]) -> list[str]:
    """The settings that were tried, those that differ among them, and what came out."""
    own, figures = settings_of(script), script.CLAIM.figures
    varied = [key for key in own if len({json.dumps(r["settings"].get(key, "-")) for r in tried}) > 1]
    head = ["tried"] + [f.name.replace("test", "validation") for f in figures] + ["seed", "minutes"]
    rows = []
    for r in tried:
        told = _told({key: r["settings"][key] for key in varied if key in r["settings"]}) or "the settings above"
        values = [f"{r['found'][f.name]:.{f.digits}f}" if f.name in r["found"] else "-" for f in figures]
        rows.append([told, *values, str(r["seed"]), f"{r['minutes']:.1f}"])
    return table(head, rows)


def _told(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in settings.items())


# -- the command -------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for, and write the page."""
    parser = argparse.ArgumentParser("python -m benchmarks.published", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}; all if none is named")
    parser.add_argument("--seeds", type=int, help="how many, in place of each script's own number")
    parser.add_argument("--again", action="store_true", help="run what stands in docs/published.jsonl already")
    parser.add_argument("--validate", action="store_true", help="measure on training pictures kept back, seed 0")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="other settings, with --validate")
    parser.add_argument("--threads", type=int, help="how many; by default as many as there are processors")
    parser.add_argument("--page", action="store_true", help="write the page anew, and run nothing")
    options = parser.parse_args(arguments)
    if options.set and not options.validate:
        parser.error("--set: only with --validate; the settings of the page are those in the scripts")
    if options.threads:
        gradus.set_num_threads(options.threads)
    changed = {key: ast.literal_eval(value) for key, _, value in (pair.partition("=") for pair in options.set)}
    file = PAGE.with_suffix(".jsonl")
    for name in [] if options.page else options.names or names():
        script = load(name)
        settings = json.loads(json.dumps(settings_of(script) | changed))
        on, seeds = ("validation", 1) if options.validate else ("test", options.seeds or script.CLAIM.seeds)
        for seed in range(seeds):
            wanted = {"name": name, "on": on, "seed": seed, "settings": settings}
            if not options.again and any(same(r, wanted) for r in read(file)):
                continue
            result = measured(script, name, on, seed, settings)
            keep(file, result)
            told = ", ".join(f"{key} {value:.4g}" for key, value in result["found"].items())
            now, minutes = time.strftime("%H:%M:%S"), result["minutes"]
            print(f"{now} {name}, {on}, seed {seed}: {told}; {minutes} minutes", flush=True)
        PAGE.write_text(page(read(file)), encoding="utf-8")
    PAGE.write_text(page(read(file)), encoding="utf-8")


if __name__ == "__main__":
    main()
