"""The programs of examples/programs/ are short, run in their fast mode and learn; the page says what full runs gave."""

from __future__ import annotations

import math
import re
import runpy
import sys
from pathlib import Path

import pytest

import gradus

ROOT = Path(__file__).parent.parent
PROGRAMS = ROOT / "examples" / "programs"
sys.path.insert(0, str(ROOT))

from tools.programs import page, record  # noqa: E402

# What the figure of the fast mode must be below (<) or above (>). What stands behind is without learning, and usual.
BOUNDS = {
    "numbers/linear_regression": ("<", 1e-3),  # 4.2; 1e-6
    "numbers/own_parts": (">", 0.85),  # 0.1; 0.96
    "numbers/house_prices": ("<", 9),  # 10.7 is that of straight lines; 5.4
    "numbers/forecast": ("<", 0.97),  # 1; 0.86
    "numbers/graph_network": (">", 0.8),  # 0.5
    "numbers/policy_gradient": (">", 80),  # 22; 187
    "numbers/deep_q": (">", 0.7),  # 0.25; 1
    "numbers/gan": (">", 0.25),  # 0.125 and less
    "numbers/diffusion": ("<", 0.1),  # 0.16; 0.065
    "pictures/fashion_lenet": (">", 0.6),  # 0.1
    "pictures/cifar_resnet": (">", 0.5),  # 0.1
    "pictures/distillation": (">", 0.02),  # 0; 0.1
    "pictures/siamese": (">", 0.75),  # 0.5; 0.91
    "pictures/denoising": (">", 3.0),  # 0
    "pictures/vae": ("<", 26.3),  # 27.0 is that of the mean picture; 24.9
    "pictures/style_transfer": ("<", 0.4),  # 1; 0.2
    "text/bigram": ("<", 2.6),  # 3.3
    "text/names_mlp": ("<", 2.7),  # 3.3
    "text/shakespeare": ("<", 2.95),  # 4.6; 2.8
    "text/word2vec": (">", 0.6),  # 0.5; 0.73
    "text/reviews": (">", 0.75),  # 0.5; 0.95
    "text/dates": (">", 0.3),  # 0
}
# The quickest, in the usual run; in the long mode, which is part of what CI runs, all are compiled.
QUICK = ("numbers/graph_network", "numbers/house_prices", "pictures/fashion_lenet")
QUICK += ("pictures/style_transfer", "text/reviews")
COMPILED = ("numbers/linear_regression", "numbers/gan", "numbers/diffusion", "numbers/policy_gradient")
each_program = pytest.mark.parametrize("name", record.NAMES)


def test_every_program_is_tested_and_on_the_page():
    files = {str(file.relative_to(PROGRAMS).with_suffix("")) for file in PROGRAMS.rglob("*.py")}
    assert files == set(record.NAMES) == set(BOUNDS)


@each_program
def test_a_program_is_short_and_tells_what_it_does(name):
    text = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 100
    assert "The full run takes " in text and "igure at the end" in " ".join(text.split())
    assert 20 < len(page.summary(name)) <= 120


@pytest.fixture
def uncompiled(eagerly, monkeypatch):
    """Nothing is compiled: neither a program's own steps, nor what gradus trains without labels."""
    monkeypatch.setattr(gradus, "compile", lambda function: function, raising=False)
    monkeypatch.setattr("gradus.compiler.uncompiled.missing", lambda: "not in this test")


def learns(name, capsys, monkeypatch):
    """Run a program in its fast mode, which needs no data sets: its figure is that of learning."""
    monkeypatch.setenv("GRADUS_DATA", "/nothing/is/here")
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--fast"])
    figure = runpy.run_path(str(PROGRAMS / f"{name}.py"), run_name="__main__")["figure"]
    last = capsys.readouterr().out.splitlines()[-1]
    assert math.isfinite(figure) and re.search(r"\w: \S+$", last), last
    side, bound = BOUNDS[name]
    assert figure < bound if side == "<" else figure > bound, (figure, side, bound)


@pytest.mark.parametrize("name", QUICK + COMPILED)
def test_a_program_learns_in_its_fast_mode(name, capsys, monkeypatch, request):
    if name not in COMPILED:
        request.getfixturevalue("uncompiled")
    learns(name, capsys, monkeypatch)


@pytest.mark.long
@each_program
def test_a_program_learns_compiled_in_its_fast_mode(name, capsys, monkeypatch):
    learns(name, capsys, monkeypatch)


@each_program
def test_a_program_tells_how_long_it_took(name):
    text = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
    number, unit = re.search(r"The full run takes (\d+) (second|minute)", text).groups()
    told, took = int(number) * (60 if unit == "minute" else 1), record.kept()[name]["processor_seconds"]
    assert 0.5 < told / took < 2, (told, took)


def test_the_page_says_what_was_measured():
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run: python -m tools.programs --page"
    assert list(record.kept()) == list(record.NAMES), "run: python -m tools.programs"
    assert "docs/examples.md" in (ROOT / "README.md").read_text(encoding="utf-8")
