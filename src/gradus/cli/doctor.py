"""`gradus doctor`: what is installed, what the machine can do, and which data are found."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib import metadata, util
from pathlib import Path

import click

EXTRAS = {"plot": ("matplotlib",), "tune": ("optuna",)}
FEATURES = {
    "SSE2": ("sse2",),
    "AVX2": ("avx2", "fma"),
    "AVX-512": ("avx512f", "avx512bw", "avx512dq", "avx512vl"),
    "AVX512-BF16": ("avx512_bf16",),
}

Section = Mapping[str, str]


@click.command(short_help="Versions, CPU features, memory, data found.")
def doctor() -> None:
    """Show versions, CPU features, threads, memory and the data found."""
    sections = examine()
    width = max(len(label) for section in sections.values() for label in section)
    for name, section in sections.items():
        click.secho(name, bold=True)
        for label, text in section.items():
            click.echo(f"  {label:<{width}}  {text}")


def examine() -> dict[str, Section]:
    """All that the command shows: for each section its labels and texts.

    >>> list(examine())
    ['software', 'extras', 'machine', 'data']
    """
    return {"software": software(), "extras": extras(), "machine": machine(), "data": data()}


def software() -> Section:
    """The versions of gradus, Python and NumPy, and the library that multiplies NumPy's matrices."""
    import numpy as np

    from .. import __version__

    build = np.show_config(mode="dicts") or {}
    blas = build.get("Build Dependencies", {}).get("blas", {})
    return {
        "gradus": f"{__version__} in {Path(__file__).parents[1]}",
        "python": f"{platform.python_version()} ({platform.python_implementation()}), {platform.platform()}",
        "numpy": np.__version__,
        "BLAS": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
        "compiler": _compiler(),
    }


def _compiler() -> str:
    """What makes native code, and for which processor; or that nothing does."""
    from ..compiler.native import target

    if problem := target.missing():
        return problem
    found = target.default()
    return f"llvmlite {metadata.version('llvmlite')}, for {found.cpu} with vectors of {found.vector_bytes} bytes"


def extras() -> Section:
    """For each optional extra whether it is installed, and what installs it."""
    found = {}
    for name, packages in EXTRAS.items():
        here = all(util.find_spec(package) for package in packages)
        versions = ", ".join(f"{package} {metadata.version(package)}" for package in packages) if here else ""
        found[name] = versions or f"not installed: pip install {' '.join(packages)}"
    return found


def machine() -> Section:
    """The processor and what it can do, its threads, and the memory."""
    info = _cpuinfo()
    flags = set(info.get("flags", info.get("Features", "")).split())
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": info.get("model name", platform.processor() or platform.machine()),
        "features": features(flags) if flags else "unknown on this system",
        "threads": f"{usable} usable of {os.cpu_count()}" + _thread_limits(),
        "BLAS threads": _blas_threads(),
        "memory": _memory(),
    }


def features(flags: set[str]) -> str:
    """Which vector instructions there are, in order of width.

    >>> features({"sse2", "avx2", "fma"})
    'SSE2, AVX2; not AVX-512, AVX512-BF16'
    """
    if "asimd" in flags or "neon" in flags:
        return "NEON"
    here = [name for name, needed in FEATURES.items() if flags.issuperset(needed)]
    absent = [name for name in FEATURES if name not in here]
    return (", ".join(here) or "none") + (f"; not {', '.join(absent)}" if absent else "")


def _cpuinfo() -> dict[str, str]:
    """The first processor's entry of /proc/cpuinfo; empty where there is no such file."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    first = path.read_text(errors="replace").split("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _thread_limits() -> str:
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    limits = ", ".join(f"{name}={os.environ[name]}" for name in names if name in os.environ)
    return f" ({limits})" if limits else ""


def _blas_threads() -> str:
    """How many threads multiply matrices, and what to set where small models suffer from many."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # OpenBLAS asks in this order
        if name in os.environ:
            return f"{os.environ[name]} ({name})"
    return "one for each core; on a busy machine small models run several times faster with OPENBLAS_NUM_THREADS=1"


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return "unknown on this system"
    return f"{total / 2**30:.1f} GiB"


def data() -> Section:
    """Where data sets are looked for, and which are found."""
    from .. import datasets
    from ..datasets.locate import cache_folder, wrong_root

    own = wrong_root() or os.environ.get("GRADUS_DATA") or "not set"
    places = {"GRADUS_DATA": own, "cache": str(cache_folder("").absolute())}
    return places | {name: datasets.describe(name).found for name in datasets.NAMES}
