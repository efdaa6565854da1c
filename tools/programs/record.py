"""Running the programs, and what is kept of each run."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.report import processor

import gradus

ROOT = Path(__file__).parent.parent.parent
PROGRAMS = ROOT / "examples" / "programs"
RUNS = ROOT / "runs" / "programs"  # what each has to show, for the picture
FILE = ROOT / "docs" / "examples.jsonl"
ONE_THREAD = {"GRADUS_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
ORDER = {
    "numbers": ("linear_regression", "own_parts", "house_prices", "forecast", "graph_network", "policy_gradient",
                "deep_q", "gan", "diffusion"),
    "pictures": ("fashion_lenet", "cifar_resnet", "distillation", "siamese", "denoising", "vae", "style_transfer"),
    "text": ("bigram", "names_mlp", "shakespeare", "word2vec", "reviews", "dates"),
}  # fmt: skip
_LISTED = (f"{folder}/{name}" for folder, names in ORDER.items() for name in names)
NAMES = tuple(name for name in _LISTED if (PROGRAMS / f"{name}.py").exists())

Result = dict[str, Any]  # name, what, figure, seconds, processor_seconds, date, machine, version


def measured(name: str) -> Result:
    """Run a program in a process of its own, and show its lines; on one thread, so that others weigh little."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    around = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])} | ONE_THREAD
    command = [sys.executable, "-u", "-m", "tools.programs.one", name]
    lines = []
    with subprocess.Popen(command, cwd=ROOT, env=around, stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout or ():
            print(line, end="", flush=True)
            lines.append(line.rstrip())
    if run.returncode:
        raise SystemExit(f"{name} ended with status {run.returncode}")
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    what, _, figure = lines[-1].rpartition(": ")
    return {
        "name": name,
        "what": what,
        "figure": figure,
        "seconds": round(seconds, 1),
        "processor_seconds": round(spent, 1),
        "date": date.today().isoformat(),
        "machine": processor(),
        "version": gradus.__version__,
    }


def kept() -> dict[str, Result]:
    """The results that are kept, by name in the order of the page."""
    lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    found = {result["name"]: result for result in map(json.loads, lines)}
    return {name: found[name] for name in NAMES if name in found}


def keep(result: Result) -> None:
    """Put a result in the place of the one before."""
    results = kept() | {result["name"]: result}
    lines = (json.dumps(results[name], ensure_ascii=False) for name in NAMES if name in results)
    FILE.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
