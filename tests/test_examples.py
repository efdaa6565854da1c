"""The examples run, and the README shows the one it says it shows."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parent.parent
FIRST_STEPS = ROOT / "examples" / "first_steps.py"


def test_the_readme_shows_the_example_that_runs():
    example = FIRST_STEPS.read_text(encoding="utf-8").split('"""\n\n', 1)[1].strip()
    assert example in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_first_steps_learn(capsys):
    made = runpy.run_path(str(FIRST_STEPS))
    assert made["trainer"].evaluate(made["test"])["accuracy"] > 0.9
    assert "Multiply-adds" in capsys.readouterr().out
