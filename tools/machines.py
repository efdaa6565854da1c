"""Runs tests as on other machines: other vectors, threads and caches told to the compiler, other Pythons and packages.

    python tools/machines.py                     tests of the compiler and of training, on all machines below
    python tools/machines.py sse2-1-usual        on one of them
    python tools/machines.py --short             a few of these tests on each, --whole the whole suite
    python tools/machines.py --versions PYTHON   the same tests with that Python, or several: with the oldest packages
                                                 that pyproject.toml allows, and with the newest
    ... -- -k name -x                            what follows `--` is for pytest

Each run is one line of the summary at the end; the exit status is 1 if one of them failed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

ROOT = Path(__file__).parent.parent
TARGETS = ("sse2", "avx2", "avx512")
THREADS = (1, 2, 3)
CACHES = {
    "usual": "",
    "small": ",first_cache=2048,second_cache=65536,third_cache=16384",
    "large": ",first_cache=131072,second_cache=2097152,third_cache=134217728",
}
KERNELS = {"sse2": "Nehalem", "avx2": "Haswell", "avx512": "SkylakeX"}  # of OpenBLAS
LACKS = {
    "sse2": re.compile(""),
    "avx2": re.compile("AVX512|X86_V4"),
    "avx512": re.compile("$"),
}  # of what NumPy may use
# Each target with each number of threads, and each of both with each kind of caches.
MACHINES = [(t, n, list(CACHES)[(i + j) % 3]) for i, t in enumerate(TARGETS) for j, n in enumerate(THREADS)]
SHORT = ("tests/test_compile.py", "tests/test_compiler_products.py", "tests/test_compiler_sums.py")
FILES = ("tests/test_compil*.py", "tests/test_evaluation.py", "tests/test_trainer.py", "tests/test_checkpoint.py")


def surroundings(target: str, threads: int, caches: str) -> dict[str, str]:
    """The variables that tell gradus of a machine; NumPy and its BLAS do without the same instructions."""
    lacks = [f for f, has in __cpu_features__.items() if has and f in __cpu_dispatch__ and LACKS[target].match(f)]
    return {
        "GRADUS_TARGET": target + CACHES[caches],
        "GRADUS_THREADS": f"{threads}!",
        "OPENBLAS_CORETYPE": KERNELS[target],
        "NPY_DISABLE_CPU_FEATURES": " ".join(lacks),
    }


def run(name: str, python: Path | str, variables: dict[str, str], tests: list[str]) -> str:
    """Run tests, and say in a line how they ended."""
    print(f"== {name}: {' '.join(f'{k}={v}' for k, v in variables.items())}", flush=True)
    began = time.monotonic()
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | variables, stdout=subprocess.PIPE, text=True)
    last = ""
    for line in process.stdout or ():
        print(line, end="", flush=True)
        last = line.strip() or last
    passed = process.wait() == 0
    return f"{'passed' if passed else 'FAILED'}  {name:<22} {time.monotonic() - began:5.0f} s  {last}"


def on(name: str, variables: dict[str, str], tests: list[str]) -> str:
    """The tests as on a machine, if this one can do what it can."""
    program = "from gradus.compiler.native.target import default; default()"
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    tried = subprocess.run([sys.executable, "-c", program], env=os.environ | variables | {"PYTHONPATH": path})
    return run(name, sys.executable, variables, tests) if tried.returncode == 0 else f"left out {name}: not to be had"


def oldest() -> list[str]:
    """The oldest packages that pyproject.toml allows, as pip is told: those of all that is needed to run gradus."""
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return [re.sub(r"\s*>=\s*", "==", need.split(";")[0]) for need in needed]


def environment(folder: Path, python: str, packages: list[str]) -> Path:
    """A new virtual environment with these packages and what tests need: its Python."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    found = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    needed = [need for need in project["test"] if not need.startswith("gradus")] + project["plot"] + project["tune"]
    subprocess.run([found, "-m", "pip", "install", "-q", *needed, *packages], check=True)
    return found


def versions(pythons: list[str], tests: list[str]) -> list[str]:
    """The tests with each Python, with the oldest and with the newest packages."""
    newest = [need.split("==")[0] for need in oldest()]
    told = []
    for python in pythons:
        for kind, packages in (("oldest", oldest()), ("newest", newest)):
            with tempfile.TemporaryDirectory() as folder:
                name = f"{Path(python).name}, {kind}"
                try:
                    inside = environment(Path(folder), python, packages)
                except subprocess.CalledProcessError:
                    told.append(f"left out {name}: these packages cannot be installed there")
                else:
                    told.append(run(name, inside, {}, tests))
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = {"-".join(map(str, machine)): machine for machine in MACHINES}
    parser.add_argument("machines", nargs="*", metavar="MACHINE", help=f"of {', '.join(known)}; all by default")
    how_many = parser.add_mutually_exclusive_group()
    how_many.add_argument("--short", action="store_true", help=f"only {', '.join(SHORT)}")
    how_many.add_argument("--whole", action="store_true", help="all tests")
    parser.add_argument("--versions", nargs="+", metavar="PYTHON", help="with these Pythons instead")
    own = sys.argv[1 : sys.argv.index("--")] if "--" in sys.argv else sys.argv[1:]
    asked = parser.parse_args(own)
    if unknown := set(asked.machines) - set(known):
        parser.error(f"no machine {', '.join(unknown)}; there are {', '.join(known)}")
    patterns = () if asked.whole else SHORT if asked.short else FILES
    files = [str(f.relative_to(ROOT)) for pattern in patterns for f in sorted(ROOT.glob(pattern))]
    tests = files + sys.argv[len(own) + 2 :]
    if asked.versions:
        told = versions(asked.versions, tests)
    else:
        told = [on(n, surroundings(*known[n]), tests) for n in asked.machines or known]
    print("\n" + "\n".join(told))
    return int(any(line.startswith("FAILED") for line in told))


if __name__ == "__main__":
    sys.exit(main())
