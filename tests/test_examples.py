"""The examples run, and the README shows the one it says it shows."""

from __future__ import annotations

import re
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from gradus.cli import main

ROOT = Path(__file__).parent.parent
FIRST_STEPS = ROOT / "examples" / "first_steps.py"


def test_the_readme_shows_the_example_that_runs():
    example = FIRST_STEPS.read_text(encoding="utf-8").split('"""\n\n', 1)[1].strip()
    assert example in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_has_two_commands_in_its_section():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = next(s for s in re.split(r"^#+ ", readme, flags=re.M) if s.startswith("Two commands"))
    train, test = re.findall(r"^```sh\n(.*?)^```", section, flags=re.M | re.S)
    assert train.rstrip().endswith("gradus train") and test.rstrip().endswith("pytest -q")
    for words in ("git clone", ". .venv/bin/activate", "GRADUS_DATA"):
        assert words in section
    assert ".venv/bin/python examples/first_steps.py" in readme


def test_nothing_installs_the_other_project_of_that_name():
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *(ROOT / "src").rglob("*.py")]
    assert [f.name for f in files if "pip install gradus" in f.read_text(encoding="utf-8")] == []


@pytest.fixture
def own_files(tmp_path, monkeypatch):
    """The files that docs/your-own-data.md speaks of: a table of houses, pictures in folders, and a text."""
    rng = np.random.default_rng(0)
    rows = ["area,kind,rooms,price"]
    for i, area in enumerate(rng.integers(40, 200, 250)):
        rows.append(f"{area},{'flat' if i % 3 else 'house'},{i % 5 or ''},{area * (1000 if i % 3 else 1500)}")
    (tmp_path / "houses.csv").write_text("\n".join(rows) + "\n")
    for brightness, kind in ((60, "cat"), (190, "dog")):
        (tmp_path / "pictures" / kind).mkdir(parents=True)
        for i in range(10):
            noise = rng.integers(-30, 30, (32, 40, 3)) + brightness
            Image.fromarray(noise.astype(np.uint8)).save(tmp_path / "pictures" / kind / f"{i}.png")
    who, does = ["the cat", "a dog", "the old man"], ["sees", "likes", "hears"]
    lines = [f"{who[i]} {does[j]} {who[k]}.\n" for i, j, k in rng.integers(0, 3, (400, 3))]
    (tmp_path / "poems.txt").write_text("".join(lines))
    monkeypatch.chdir(tmp_path)


def run_section(heading):
    """What the program in a section of docs/your-own-data.md leaves."""
    page = (ROOT / "docs" / "your-own-data.md").read_text(encoding="utf-8")
    (code,) = re.findall(rf"^## {heading}.*?^```python\n(.*?)^```", page, flags=re.M | re.S)
    Path("page.py").write_text(code)
    return runpy.run_path("page.py")


@pytest.mark.parametrize(
    ("heading", "measured", "limit"),
    [
        ("Arrays", "accuracy", 0.85),
        ("A CSV file", "rmse", 0.5),
        ("Pictures", "accuracy", 0.0),
        ("Texts", "accuracy", 0.85),
        ("Samples of your own", "f1", 0.85),
        ("A text, token by token", "accuracy", 0.5),
    ],
)
def test_the_page_on_own_data_runs(heading, measured, limit, own_files):
    made = run_section(heading)
    found = made["trainer"].evaluate(made["test"])
    assert found["rmse"] < limit if measured == "rmse" else found[measured] >= limit


def test_the_page_on_own_data_goes_from_a_file_to_the_answers(own_files):
    made = run_section("From a file to the answers")
    assert made["predictor"].evaluate(made["held"])["r2"] > 0.8
    page = (ROOT / "docs" / "your-own-data.md").read_text(encoding="utf-8")
    look, train, evaluate, predict = re.findall(r"^    gradus (.*)$", page, flags=re.M)
    shutil.copy("houses.csv", "new_houses.csv")
    for command in (look, f"{train} --epochs 5 --eager -q", evaluate, predict):
        result = CliRunner().invoke(main, command.split())
        assert result.exit_code == 0, result.output
    assert Path("predictions.csv").read_text().startswith("row,price\n1,")


def test_the_page_on_own_data_cross_validates(own_files):
    found = run_section("Cross-validation")["found"]
    assert len(found.folds) == 5 and found.mean["accuracy"] > 0.85


def test_a_state_handed_on_remembers_what_lies_before_the_piece(own_files):
    assert np.mean(run_section("A long series in pieces")["losses"]) < 0.1  # without a memory it would be 0.5 and more


def test_the_first_steps_learn(capsys):
    made = runpy.run_path(str(FIRST_STEPS))
    assert made["trainer"].evaluate(made["test"])["accuracy"] > 0.9
    assert "Multiply-adds" in capsys.readouterr().out
