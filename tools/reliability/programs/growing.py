"""What a process holds while something is done again and again: `python -m tools.reliability.programs.growing NAME N`.

Each hundredth of the way a line says how often it was done; the last line is what was held at each look, as JSON.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .repeated import REPEATED

_OWN = Path("/proc/self")


class Held(NamedTuple):
    """What a process holds, after its garbage was collected and its free memory given back to the system.

    Attributes:
        resident: bytes of memory, of /proc/self/statm.
        blocks: pieces of memory that Python's objects take.
        files: open files, sockets and pipes.
        threads: of the system.
        code: stretches of memory with native code that was made in this process.
    """

    resident: int
    blocks: int
    files: int
    threads: int
    code: int


def held() -> Held:
    """What this process holds now; where there is no /proc, of Python's objects alone."""
    gc.collect()
    gc.collect()  # what finalizers have let go
    if not _OWN.exists():
        return Held(0, sys.getallocatedblocks(), 0, 0, 0)
    _give_back()
    pages = int((_OWN / "statm").read_text().split()[1])
    code = sum(map(_is_made_code, (_OWN / "maps").read_text().splitlines()))
    files, threads = len(os.listdir(_OWN / "fd")), len(os.listdir(_OWN / "task"))
    return Held(pages * os.sysconf("SC_PAGE_SIZE"), sys.getallocatedblocks(), files, threads, code)


def _is_made_code(line: str) -> bool:
    _, allowed, _, _, file, *name = line.split()
    return "x" in allowed and file == "0" and not name


def _give_back() -> None:
    """Have glibc return to the system what lies free; other C libraries do as they like."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except AttributeError:
        return


def watched(name: str, times: int, looks: int = 10, said: Callable[[int], None] = lambda done: None) -> list[Held]:
    """Do something so many times, and look so often at what is held, after equal parts of the way."""
    places = {-(-times * k // looks) for k in range(1, looks + 1)}
    found = array("q", [0] * (len(Held._fields) * len(places)))  # here already, so that a look leaves nothing
    count = seen = 0

    def done() -> None:
        nonlocal count, seen
        count += 1
        said(count)
        if count in places:
            for field in held():
                found[seen] = field
                seen += 1

    gc.freeze()  # what others have made need not be looked through
    try:
        REPEATED[name](times, done)
    finally:
        gc.unfreeze()
    return [Held(*found[i : i + len(Held._fields)]) for i in range(0, seen, len(Held._fields))]


def main() -> None:
    """Watch what is asked for."""
    name, times = sys.argv[1], int(sys.argv[2])
    step = max(times // 100, 1)
    found = watched(name, times, said=lambda done: None if done % step else print(done, flush=True))
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
