"""Try a reader with so many files that nobody wrote, a line for each: `fuzzed.py TIMES READER`.

The first are made by chance alone; then atheris makes them, from those by which the reader has come to new places, if
it is installed. Memory is limited, and time for each file. What is tried lies in a file, for the case that it ends the
process.
"""

from __future__ import annotations

import importlib
import resource
import signal
import sys
import tempfile
import types
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

BY_CHANCE = 2_000  # files
_ROOM = 1 << 30  # bytes beyond those that the process has when it begins
_PASSED = ("numpy", "gradus.models", "gradus.compiler.native.outline", "optuna")
_FOLLOWED = ["gradus", "tarfile", "zipfile", "gzip", "PIL"]


def main(times: int, name: str) -> None:
    """Try it, with so many files made by chance, and the rest by atheris."""
    atheris = _atheris() if times > BY_CHANCE else None
    followed(atheris)
    fuzz(times, name, atheris)


def followed(atheris: Any) -> None:
    """Import the readers, so that the fuzzer sees which of their code is run."""
    for module in _PASSED:  # and what they import: it would take minutes to follow them
        importlib.import_module(module)
    with atheris.instrument_imports(include=_FOLLOWED) if atheris else ExitStack():
        from PIL import Image

        importlib.import_module("tools.reliability.fuzzing.verdict")

        Image.init()  # the formats


def fuzz(times: int, name: str, atheris: Any) -> None:
    """Try a reader."""
    from tools.reliability.fuzzing.mutations import mutated
    from tools.reliability.fuzzing.readers import READERS
    from tools.reliability.fuzzing.verdict import PATIENCE, Tried, in_memory

    by_chance = BY_CHANCE if atheris else times
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        tried = Tried(READERS[name], Path(folder))
        _limit()

        def failed(data: bytes) -> None:
            with _limited(PATIENCE):
                said = tried.failed(data)
            note = "coverage-guided" if atheris else ""
            print(" ".join(said.split()), note, sep="\t", flush=True)

        for number in range(by_chance):
            failed(mutated(tried.seeds, number))
        if atheris:
            _guided(atheris, failed, tried.seeds, times - by_chance, Path(folder))


def _atheris() -> Any:
    """The fuzzer.

    Raises:
        SystemExit: it is not installed.
    """
    try:
        import atheris
    except ModuleNotFoundError:
        raise SystemExit(
            f"more than {BY_CHANCE:,} files for each reader are made by atheris, which is not installed: pip install "
            "atheris (3.0.0, for Python 3.11 to 3.13 on Linux)"
        ) from None
    return atheris


def _guided(atheris: Any, failed: Any, seeds: list[bytes], times: int, folder: Path) -> None:
    """It ends the process when it is done."""
    corpus = folder / "corpus"
    corpus.mkdir()
    for i, seed in enumerate(seeds):
        (corpus / str(i)).write_bytes(seed)
    left = iter(range(times))
    longest = max(4096, 2 * max(map(len, seeds)))

    def once(data: bytes) -> None:
        if next(left, None) is not None:  # it begins with some runs that it does not count
            failed(data)

    options = ["-seed=1", "-timeout=0", "-rss_limit_mb=0", f"-max_len={longest}", f"-runs={times + len(seeds) + 10}"]
    atheris.Setup([sys.argv[0], *options, "-detect_leaks=0", "-close_fd_mask=2", str(corpus)], once)
    atheris.Fuzz()


def _limit() -> None:
    """No more memory than some beyond what is taken now."""
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + _ROOM, taken + _ROOM))


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """What is done in this block is broken off after so long."""
    from tools.reliability.fuzzing.verdict import TooLongError

    def end(number: int, frame: types.FrameType | None) -> None:
        raise TooLongError(f"more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
