"""A plugin for pytest that, once tests are collected, runs some of them with a mutant, again and again.

`pytest -n 0 -p tools.reliability.faults.serving FILES` reads requests from one pipe, a line each, and answers on
another. Each runs in a fork: code objects of the functions that differ are put into the place of the old, so that
nothing is imported anew.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import json
import os
import resource
import select
import signal
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any, NoReturn

import hypothesis
import pytest

from .mutants import SOURCE, Mutant, mutants, mutated

_MEMORY = 4 * 2**30
_Key = tuple[Any, ...]


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.register_profile(
        "faults",
        database=None,
        derandomize=True,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )
    hypothesis.settings.load_profile("faults")
    if "FAULTS_PIPES" in os.environ:
        config.pluginmanager.register(Serving(config), "serving")


class Serving:
    """Answers requests in place of running the tests."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        asked, answered = map(int, os.environ["FAULTS_PIPES"].split(","))
        self.asked, self.answered = os.fdopen(asked), os.fdopen(answered, "w")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        functions = _functions()
        gc.collect()
        gc.freeze()
        self._answer({"ready": len(items)})
        for line in self.asked:
            request = json.loads(line)
            known = [test for test in request["tests"] if test in items]
            self._answer(_tried(_found(request), [items[test] for test in known], functions, request["seconds"]))
        return True

    def _answer(self, what: dict[str, Any]) -> None:
        self.answered.write(json.dumps(what) + "\n")
        self.answered.flush()


def _found(request: dict[str, Any]) -> Mutant | None:
    return next((m for m in mutants(request["file"]) if m.name == request["mutant"]), None)


def _tried(
    mutant: Mutant | None, items: list[pytest.Item], functions: dict[_Key, list[FunctionType]], seconds: float
) -> dict[str, Any]:
    """Run the tests in a fork until one fails: which, or what else came of it. Without a mutant as things are."""
    if not items:
        return {"verdict": "no test", "test": "", "run": 0}
    with tempfile.TemporaryDirectory() as folder:  # what is compiled with a fault is kept apart, and found by nobody
        return _forked(mutant, items, functions, seconds, folder)


def _forked(
    mutant: Mutant | None,
    items: list[pytest.Item],
    functions: dict[_Key, list[FunctionType]],
    seconds: float,
    folder: str,
) -> dict[str, Any]:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        os.setpgid(0, 0)
        if mutant is not None:
            os.environ["GRADUS_CACHE"] = folder
        _run(mutant, items, functions, writer)
    os.close(writer)
    said, timeout = b"", True
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], seconds)[0]:
            if not (piece := pipe.read(65536)):
                timeout = False
                break
            said += piece
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    lines = said.decode(errors="replace").splitlines()
    started = [line[2:] for line in lines if line.startswith("> ")]
    last = started[-1] if started else ""
    verdict = next((line for line in lines if not line.startswith("> ")), "timeout" if timeout else "crash")
    return {"verdict": verdict, "test": last, "run": len(started)}


def _run(
    mutant: Mutant | None, items: list[pytest.Item], functions: dict[_Key, list[FunctionType]], writer: int
) -> NoReturn:
    """In the fork: nothing returns from here."""
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
        os.write(writer, f"{_came_of(mutant, items, functions, writer)}\n".encode())
    finally:
        os._exit(0)


def _came_of(
    mutant: Mutant | None, items: list[pytest.Item], functions: dict[_Key, list[FunctionType]], writer: int
) -> str:
    try:
        if mutant and not _exchange(mutant, functions):
            return "not alive"
        failures, config = _Failures(), items[0].config
        config.pluginmanager.register(failures)
        for item in items:
            os.write(writer, f"> {item.nodeid}\n".encode())
            config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            if failures.any:
                return "killed"
        return "survived"
    except BaseException:  # such as Ctrl-C from a test
        return "killed"


class _Failures:
    any = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.any = self.any or report.failed


# -- code in the place of other code -----------------------------------------------------------------------------------


def _functions() -> dict[_Key, list[FunctionType]]:
    """All functions of gradus, by their code."""
    found = defaultdict(list)
    prefix = str(SOURCE)
    for function in gc.get_objects():
        if type(function) is FunctionType and function.__code__.co_filename.startswith(prefix):
            found[_key(function.__code__)].append(function)
    return dict(found)


def _key(code: CodeType) -> _Key:
    return code.co_filename, code.co_qualname, code.co_firstlineno, hash(tuple(code.co_positions()))


def _exchange(mutant: Mutant, functions: dict[_Key, list[FunctionType]]) -> bool:
    """Put what differs in the place of what was: whether anything does."""
    path = str(SOURCE / mutant.file)
    old = compile(ast.parse((SOURCE / mutant.file).read_text(encoding="utf-8")), path, "exec", dont_inherit=True)
    new = compile(mutated(mutant), path, "exec", dont_inherit=True)
    done = False
    for before, after in _pairs(old, new):
        for function in functions.get(_key(before), ()):
            if len(function.__code__.co_freevars) != len(after.co_freevars):
                return False  # it closes over others
            function.__code__ = after
            done = True
    return done


def _pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Code within code that is not the same in both, in order."""
    within = [[c for c in code.co_consts if isinstance(c, CodeType)] for code in (old, new)]
    groups: list[dict[_Key, list[CodeType]]] = [defaultdict(list), defaultdict(list)]
    for group, codes in zip(groups, within, strict=True):
        for code in codes:
            group[code.co_qualname, code.co_firstlineno].append(code)
    for key, before in groups[0].items():
        after = groups[1].get(key, [])
        for a, b in zip(before, after, strict=False):
            if a != b or a.co_consts != b.co_consts:
                yield a, b
            yield from _pairs(a, b)
