"""A mutant and some tests: whether one of them fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .mutants import SOURCE, Mutant

ROOT = SOURCE.parent.parent
_ALONE = {  # nothing that is made of a fault is kept, and a fork has no threads
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


class Verdict(NamedTuple):
    """killed, survived, timeout, crash, no test or unknown; by which test; how many were run."""

    verdict: str
    test: str
    run: int

    @property
    def found(self) -> bool:
        """Whether the fault was noticed."""
        return self.verdict in ("killed", "timeout", "crash")


class Warm:
    """A process in which tests are collected, and forks of which run them with a mutant."""

    def __init__(self, files: Sequence[str]) -> None:
        asked, self._ask = os.pipe()
        self._answers, answered = os.pipe()
        self._folder = tempfile.TemporaryDirectory()
        command = _pytest(self._folder.name, [str(ROOT / file) for file in files])
        environment = _environment(self._folder.name) | {"FAULTS_PIPES": f"{asked},{answered}"}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, pass_fds=(asked, answered), stdout=subprocess.PIPE, text=True
        )
        os.close(asked)
        os.close(answered)
        self._asking, self._answering = os.fdopen(self._ask, "w"), os.fdopen(self._answers)
        self._sound: dict[str, Verdict] = {}
        if not self._answering.readline():
            raise RuntimeError(f"tests could not be collected: {self._process.communicate()[0]}")

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *problem: object) -> None:
        self._asking.close()
        self._process.communicate()
        self._answering.close()
        self._folder.cleanup()

    def sound(self, test: str) -> bool:
        """Whether a test passes in a fork while nothing is wrong."""
        if test not in self._sound:
            self._sound[test] = self._asked({"file": "tensor.py", "mutant": "", "tests": [test], "seconds": 120})
        return self._sound[test].verdict == "survived"

    def tried(self, mutant: Mutant, tests: Sequence[str], seconds: float) -> Verdict:
        """What comes of it, if none of the tests takes more than so many seconds."""
        return self._asked({"file": mutant.file, "mutant": mutant.name, "tests": list(tests), "seconds": seconds})

    def _asked(self, request: dict[str, Any]) -> Verdict:
        self._asking.write(json.dumps(request) + "\n")
        self._asking.flush()
        answer = self._answering.readline()
        if not answer:
            raise RuntimeError(f"the process ended: {self._process.communicate()[0]}")
        return Verdict(**json.loads(answer))


def tried_anew(mutant: Mutant, tests: Sequence[str], seconds: float) -> Verdict:
    """The same where everything is imported again: for what happens while it is."""
    with tempfile.TemporaryDirectory() as folder:
        plugin = ("-x", "-p", "tools.reliability.faults.importing")
        command = [*_pytest(folder, [str(ROOT / test) for test in tests]), *plugin]
        environment = _environment(folder) | {"FAULT": json.dumps([mutant.file, mutant.name])}
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return Verdict("timeout", tests[0], 1)
    if done.returncode == 0:
        return Verdict("survived", "", len(tests))
    failed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    by = failed[0] if failed and failed[0] in tests else tests[0]
    return Verdict("killed" if done.returncode > 0 else "crash", by, len(tests))


def _pytest(folder: str, what: Sequence[str]) -> list[str]:
    plugins = ("-n", "0", "-q", "-p", "no:cacheprovider", "-p", "tools.reliability.faults.serving")
    return [sys.executable, "-m", "pytest", *plugins, "-ra", "--tb=no", f"--basetemp={Path(folder) / 'tmp'}", *what]


def _environment(folder: str) -> dict[str, str]:
    cache = os.environ.get("GRADUS_CACHE", str(Path(folder) / "cache"))
    return os.environ | _ALONE | {"GRADUS_CACHE": cache}
