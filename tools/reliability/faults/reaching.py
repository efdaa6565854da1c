"""A plugin for pytest that notes which lines of gradus each test reaches, and how long it takes.

`pytest -n 0 -p tools.reliability.faults.reaching tests/test_optim.py` writes `$FAULTS/test_optim.py.json`; no module of
gradus is imported before the plugin. Lines reached while modules are imported are no test's, and noted as such.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src" / "gradus"
FOLDER = Path(os.environ.get("FAULTS", ROOT / "build" / "faults"))
_KEPT = 20  # of the tests that reach a line, so many of the quickest, and as many others


class Reaching:
    """Coverage whose contexts are the tests."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        self.coverage = coverage.Coverage(
            data_file=None, source=[str(SOURCE)], branch=True, config_file=False, messages=False
        )
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.coverage.stop()
        FOLDER.mkdir(parents=True, exist_ok=True)
        name = Path(session.config.args[0]).relative_to(ROOT).as_posix().replace("/", ".")
        if len(session.config.args) > 1:
            name += "..."
        data = self.coverage.get_data()
        (FOLDER / f"{name}.json").write_text(json.dumps(self._found(data)))
        plain = coverage.CoverageData(basename=str(FOLDER / f".coverage.{name}"))
        plain.erase()
        plain.add_arcs({file: data.arcs(file) or [] for file in data.measured_files()})
        plain.write()

    def _found(self, data: coverage.CoverageData) -> dict[str, Any]:
        tests = [test for test in self.seconds if test not in self.failed]
        numbers = {test: number for number, test in enumerate(tests)}
        lines: dict[str, dict[int, list[int]]] = {}
        imported: dict[str, list[int]] = {}
        for file in data.measured_files():
            source = str(Path(file).relative_to(SOURCE))
            found, imported[source] = lines.setdefault(source, {}), []
            for line, contexts in data.contexts_by_lineno(file).items():
                if "" in contexts:
                    imported[source].append(line)
                if reaching := self._some([numbers[test] for test in contexts if test in numbers], tests):
                    found[line] = reaching
        seconds = [round(self.seconds[test], 4) for test in tests]
        return {"tests": tests, "seconds": seconds, "lines": lines, "imported": imported}

    def _some(self, numbers: list[int], tests: list[str]) -> list[int]:
        """The quickest, and others from all over."""
        ordered = sorted(numbers, key=lambda number: self.seconds[tests[number]])
        quickest, others = ordered[:_KEPT], ordered[_KEPT:]
        return quickest + sorted(others)[:: max(1, -(-len(others) // _KEPT))]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_REACHING, "reaching")


_REACHING = Reaching()
