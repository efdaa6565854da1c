"""The scripts of published results learn, on the small embedded digits; the page says what was found; runs go on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import published

import gradus
from gradus import Trainer, models, nn, optim
from gradus.data import TensorDataset

ROOT = Path(__file__).parent.parent
NAMES = published.names()


def shared():
    published.load(NAMES[0])
    return sys.modules["_published"]


def test_all_scripts_are_on_the_page():
    assert {f.stem for f in published.SCRIPTS.glob("[!_]*.py")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_script_learns(name, tmp_path):
    script = published.load(name)
    work = shared().Work(tmp_path, seed=0, on="digits")
    found = script.measure(work, **script.FAST)
    assert {f.name for f in script.CLAIM.figures} <= set(found)
    assert all(np.isfinite(value) for value in found.values())
    assert work.losses
    for losses in work.losses:
        assert losses[-1] < losses[0]
    if hasattr(script, "draw"):
        assert all(figure.axes for figure in script.draw(work.shown).values())


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_the_arguments_of_the_measurement(name):
    script = published.load(name)
    assert set(script.FAST) <= set(published.settings_of(script))
    assert script.CLAIM.differs and script.__doc__


def test_the_page_says_what_was_found():
    kept = published.read(published.PAGE.with_suffix(".jsonl"))
    assert published.PAGE.read_text(encoding="utf-8") == published.page(kept)
    for name in NAMES:  # every script was run with the settings that it has now
        assert published.final(kept, name, published.settings_of(published.load(name))), name


def test_what_was_chosen_was_not_chosen_on_the_test_data():
    x = np.arange(24, dtype=np.float32)[:, None]
    first, last = shared().held_out(TensorDataset(x, np.arange(24), classes=list("ab"), name="few"))
    assert first.arrays[1].tolist() == list(range(20)) and last.arrays[1].tolist() == list(range(20, 24))


@pytest.mark.parametrize(("larger", "ours", "expected"), [(False, 1.0, True), (False, 1.01, False), (True, 0.9, False)])
def test_a_figure_is_reached_or_not(larger, ours, expected):
    assert shared().Figure("f", "1", reach=1.0, larger=larger).reached(ours) is expected


def test_a_figure_may_have_to_be_the_same_or_only_told():
    same = shared().Figure("f", "1", reach=1.0, within=0.1)
    assert same.reached(0.95) and not same.reached(0.85) and same.bound == "1, up to 0.1"
    assert shared().Figure("f", "1").reached(5.0) and shared().Figure("f", "1").bound == "-"


# -- going on ----------------------------------------------------------------------------------------------------------


class KilledError(Exception):
    pass


def training(folder, epochs, die_after=None):
    """Two trainings one after the other; dies after so many epochs of the second. Gives the final weights."""
    work = shared().Work(folder, seed=3, on="digits")
    train, _ = work.data("mnist")
    gradus.seed(3)
    weights = []
    for part in ("first", "second"):
        model = nn.Sequential(models.MLP([784, 16, 10], dropout=0.5))
        trainer = Trainer(model, "cross_entropy", optim.Adam(model.parameters()))
        if part == "second" and die_after is not None:

            def die(original=work.keep_time):
                original()
                if json.loads((folder / "epochs").read_text()) >= die_after:
                    raise KilledError
                (folder / "epochs").write_text(json.dumps(json.loads((folder / "epochs").read_text()) + 1))

            (folder / "epochs").write_text("0")
            work.keep_time = die
        work.fit(trainer, train, epochs, 100, part=part)
        weights += [p.numpy().copy() for p in model.parameters()]
    return weights


def test_a_run_that_was_killed_comes_to_the_same_bits(tmp_path):
    with pytest.raises(KilledError):
        training(tmp_path / "killed", epochs=3, die_after=1)
    seconds = json.loads((tmp_path / "killed" / "seconds.json").read_text())
    assert len(seconds) == 2 and min(seconds) > 0
    resumed = training(tmp_path / "killed", epochs=3)
    assert shared().Work(tmp_path / "killed").seconds > seconds
    for a, b in zip(resumed, training(tmp_path / "whole", epochs=3), strict=True):
        np.testing.assert_array_equal(a, b)


def result(**changes):
    own = {"name": "lenet", "on": "test", "seed": 0, "settings": {"lr": 0.1}, "found": {"test error, %": 0.9}}
    about = {"minutes": 1.5, "processor_minutes": 2.0, "date": "2026-01-01", "machine": "a machine", "version": "0"}
    return own | about | changes


def test_results_are_kept_once_and_a_cut_line_is_left_out(tmp_path):
    file = tmp_path / "found.jsonl"
    for r in (result(), result(seed=1), result(found={"test error, %": 0.8})):
        published.keep(file, r)
    with file.open("a") as f:
        f.write('{"name": "len')
    published.keep(file, result(seed=2))
    kept = published.read(file)
    assert [(r["seed"], r["found"]["test error, %"]) for r in kept] == [(1, 0.9), (0, 0.8), (2, 0.9)]


def test_the_page_judges_by_the_mean_and_tells_the_spread():
    settings = published.settings_of(published.load("lenet"))
    done = [result(settings=settings, seed=s, found={"test error, %": e}) for s, e in enumerate((0.8, 0.9, 1.3))]
    tried = result(settings=settings | {"lr": 0.5}, on="validation", found={"test error, %": 2.5})
    page = published.page([*done, tried])
    assert "| at most 0.95 | 1.00 | 0.80 to 1.30 | 3 | **no** | 4.5 | 6.0 |" in page
    assert "| the settings above | 2.50 | 0 | 1.5 |" in page and "a machine, 2026-01-01" in page
    assert "| yes | 3.0 | 4.0 |" in published.page(done[:2])


def test_the_command_measures_once_and_writes_the_page(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(published, "PAGE", tmp_path / "published.md")
    monkeypatch.setattr(published, "RUNS", tmp_path / "runs")
    script = published.load("two_layers")
    monkeypatch.setattr(published, "load", lambda name: script)
    monkeypatch.setattr(published, "names", lambda: ["two_layers"])
    calls = []

    def measure(work, *, epochs=1):
        calls.append(work.seed)
        return {f.name: 1.0 for f in script.CLAIM.figures}

    monkeypatch.setattr(script, "measure", measure)
    published.main(["two_layers"])
    published.main(["two_layers"])
    assert calls == [0, 1, 2]
    published.main(["two_layers", "--validate", "--set", "epochs=2"])
    kept = published.read(tmp_path / "published.jsonl")
    assert kept[-1]["settings"] == {"epochs": 2} and kept[-1]["on"] == "validation"
    assert (tmp_path / "published.md").read_text() == published.page(kept)
    with pytest.raises(SystemExit):
        published.main(["--set", "epochs=2"])
    assert "only with --validate" in capsys.readouterr().err
