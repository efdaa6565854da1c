"""What is needed to run a program besides its code: kept on disk, neither has to be made again.

It is filed under a hash of the graph as traced, and of all that decides what becomes of it: the processor, the number
of threads, the versions, and the source of the compiler and of the primitives. Source that is newer than this process
is not what it runs: then nothing is looked up, or kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...bounded.saved import parsed
from ..graph.graph import Graph
from . import cache as disk
from .checks import parted
from .program import Program
from .runtime import num_threads
from .stages import Manner
from .target import Loaded, versions

_began = time.time_ns()
KIND = "plan"  # of files
ROOMS = ("graph", "rewrite", "plan", "emit", "kernels", "convolutions", "native")  # which make a program of a graph
PACKAGE = Path(__file__).parents[2]
COMPILER = __name__.removesuffix("native.outline")
SOURCES = ("compiler", "ops", "dtypes.py", "aligned.py", "frozen.py")


class Outline(NamedTuple):
    """How a program is run.

    Attributes:
        modules: the names under which its code is kept.
        slots: how many slots the table of addresses has.
        results: the slots of what it returns, flags and subjects of checks among it; what is given has the first slots.
        offsets: slots of the arena, and where in it.
        arena: its bytes.
        shared: whether the threads share the work.
        steps_at_once: see `Program`.
        job: the slot of an epoch's job.
        word: the slot of the word that says whether a call was refused, and whether it must be 0 before; or None.
    """

    modules: list[str]
    slots: int
    results: list[int]
    offsets: list[tuple[int, int]]
    arena: int
    shared: bool
    steps_at_once: int
    job: int
    word: tuple[int, bool] | None


def outline(program: Program, modules: Sequence[str]) -> Outline:
    """A program's."""
    plan, graph, refusal = program.plan, program.graph, program.refusal
    results = [program.slot(n) for n in graph.results]
    word = None if refusal is None else (refusal.slot, refusal.wait)
    offsets = list(plan.offsets.items())
    how = program.worth_sharing, program.steps_at_once, program.job_slot, word
    return Outline(list(modules), plan.count, results, offsets, plan.arena, *how)


class Native:
    """A graph's native code, loaded, and how it is run.

    Attributes:
        graph: as traced.
        checks: parted (see `checks.py`).
        from_cache: whether all of its code was at hand.
    """

    def __init__(self, graph: Graph, manner: Manner, arguments: int) -> None:
        """`arguments`: how many of the inputs are the function's own."""
        self.graph, self.manner, self._arguments = graph, manner, arguments
        self.checks = parted(graph, manner.target)
        name = _name(graph, manner, arguments)
        found = None if name is None else _kept(name)
        self.from_cache = found is not None
        if found is None:
            modules = disk.Modules(manner.target)
            try:
                self.program = self._made(modules.add)
                codes, self.from_cache = modules.codes(), modules.found
            except BaseException:
                modules.drop()
                raise
            found = outline(self.program, modules.names), codes
            if name is not None:
                disk.save(name, json.dumps(found[0]).encode(), KIND)
        self.outline, codes = found
        self.loaded = Loaded(codes, manner.target)

    @cached_property
    def program(self) -> Program:
        """All of how it was made; made again where it was found on disk, for who looks at it."""
        return self._made()

    def _made(self, ready: Callable[[str], None] | None = None) -> Program:
        target, precision, winograd = self.manner
        return Program(self.graph, target, self._arguments, precision, winograd, ready)


def _kept(name: str) -> tuple[Outline, list[bytes]] | None:
    """The outline and the code that are filed under a name, if all is there."""
    content = disk.load(name, KIND)
    if content is None:
        return None
    try:
        found = Outline(*parsed(content))
        codes = [disk.load(module) for module in found.modules]
    except (TypeError, ValueError):
        return None
    whole = [code for code in codes if code is not None]
    return (found, whole) if len(whole) == len(codes) else None


def _name(graph: Graph, manner: Manner, arguments: int) -> str | None:
    """What a graph's outline is filed under; None if it cannot be told which source is at work."""
    source = _source()
    if source is None:
        return None
    does = graph.does([n for check in graph.checks for n in (check.mask, check.failed, check.subject)])
    given = [(n.shape, n.dtype.name) for n in graph.inputs]
    counts = arguments, len(graph.results), len(graph.writes), len(graph.checks), num_threads()
    parts = does, given, counts, manner, source, versions(), np.__version__, sys.version, list(_settings())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@cache
def _source() -> str | None:
    """A hash of the source that this process runs; None if it may be another than the files'."""
    digest = hashlib.sha256()
    try:
        for path in sorted(_files()):
            if os.stat(path).st_mtime_ns > _began:
                return None
            digest.update(path.encode() + b"\0" + Path(path).read_bytes() + b"\0")
    except OSError:  # as where the package lies in an archive
        return None
    return digest.hexdigest()


def _files() -> Iterator[str]:
    for name in SOURCES:
        if name.endswith(".py"):
            yield str(PACKAGE / name)
        for folder, _, files in os.walk(PACKAGE / name):
            yield from (os.path.join(folder, file) for file in files if file.endswith(".py"))


def _settings() -> Iterator[tuple[str, Any]]:
    """The compiler's constants, which a test may set."""
    for name, key, variables in _constants(len(sys.modules)):
        value = variables[key]
        if _is_plain(value):
            yield name, value


@lru_cache(maxsize=1)
def _constants(modules: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Their names, and where they are, while there are so many modules."""
    of_compiler = [n for n in list(sys.modules) if n.startswith(COMPILER)]  # other threads may import
    rooms = sorted(n for n in of_compiler if n.removeprefix(COMPILER).partition(".")[0] in ROOMS)
    own = [(name, vars(sys.modules[name])) for name in rooms]
    return [(f"{name}.{key}", key, variables) for name, variables in own for key in list(variables) if key.isupper()]


def _is_plain(value: Any) -> bool:
    """Whether what is written of it is all there is to it, and the same in every process."""
    return all(map(_is_plain, value)) if isinstance(value, tuple) else isinstance(value, (int, float, str))
