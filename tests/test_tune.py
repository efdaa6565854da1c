"""Searching for hyper-parameters: spaces, the Gaussian process, samplers, studies that are shared and gone on with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import numpy as np
import optuna
import pytest
from click.testing import CliRunner

from gradus import draw, tune
from gradus.cli import main
from gradus.errors import ArgumentError, CheckpointError, DivergedError
from gradus.train import Terminated
from gradus.train.recipe import Recipe
from gradus.tune import Choice, Range, Tuning
from gradus.tune.space import from_json, from_unit, parsed, to_json, to_unit

SPACE = {"lr": Range(1e-6, 1e-2), "decay": Range(1e-8, 1e-4)}
MIXED = {"x": Range(0.0, 1.0, log=False), "n": Range(1, 64, whole=True), "kind": Choice(("a", "b", "c"))}


def hill(attempt):
    """Highest, 0, at lr = 1e-3 whatever the decay."""
    return -((np.log10(attempt["lr"]) + 3) ** 2)


def mixed(attempt):
    return -((attempt["x"] - 0.7) ** 2) - (attempt["kind"] != "b")


# -- spaces ---------------------------------------------------------------------------------------------------------


def test_a_place_and_back():
    g = np.random.default_rng(0)
    for _ in range(50):
        params = from_unit(MIXED, g.random(5))
        assert 0 <= params["x"] <= 1 and 1 <= params["n"] <= 64 and isinstance(params["n"], int)
        back = from_unit(MIXED, to_unit(MIXED, params))
        assert back["x"] == pytest.approx(params["x"]) and back["kind"] == params["kind"] and back["n"] == params["n"]
    assert from_json(json.loads(json.dumps(to_json(MIXED)))) == MIXED


def test_a_logarithmic_range_gives_each_decade_the_same():
    values = np.array([Range(1e-6, 1e-2).at(u) for u in np.random.default_rng(0).random(4000)])
    shares = np.histogram(np.log10(values), bins=4, range=(-6, -2))[0] / 4000
    assert np.all(abs(shares - 0.25) < 0.03)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Range(1.0, 0.1), "to a larger one, got 1.0 to 0.1"),
        (lambda: Range(0.0, 0.1), "begins above 0, got 0. Or give log=False"),
        (lambda: Range(1.5, 4, whole=True), "whole ends"),
        (lambda: Choice(("a",)), "two or more different values, got .'a'."),
        (lambda: parsed("--lr", "1e-4:x"), "--lr: '1e-4:x' is not understood; expected LOW:HIGH"),
        (lambda: parsed("--lr", "1:0.1"), "--lr: a range goes from"),
        (lambda: parsed("--batch-size", "small", int), "16:256"),
        (lambda: tune.search(hill, {}, 3), "the space is empty"),
        (lambda: tune.search(hill, {"lr": 0.1}, 3), "the space's 'lr' is 0.1"),
        (lambda: tune.search(hill, SPACE, 0), "trials must be an integer of 1 or more"),
        (lambda: tune.search(hill, SPACE, 3, sampler="gpp"), "Did you mean 'gp'"),
        (lambda: tune.search(hill, SPACE, 3, better="more"), "unknown better 'more'"),
        (
            lambda: Tuning(Recipe(model="softmax"), {"learning_rate": Range(0.1, 1)}),
            "no hyper-parameter 'learning_rate'",
        ),
        (lambda: Tuning(Recipe(model="softmax"), {"optimizer": Choice(("adam", "sdg"))}), "Did you mean 'sgd'"),
        (lambda: draw.trials([]), "nothing to draw"),
        (lambda: tune.GaussianProcess(np.zeros((2, 1)), np.zeros(3)), "x .n, d. and y .n,., got"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


# -- the Gaussian process -------------------------------------------------------------------------------------------


def test_the_process_agrees_with_the_formulas_written_out():
    g = np.random.default_rng(0)
    x, y, at = g.random((12, 2)), g.standard_normal(12), g.random((5, 2))
    mean, std = tune.GaussianProcess(x, y, lengths=0.4, noise=0.01)(at)
    k = lambda a, b: np.array([[np.exp(-((p - q) ** 2).sum() / (2 * 0.4**2)) for q in b] for p in a])  # noqa: E731
    inverse = np.linalg.inv(k(x, x) + (0.01 + 1e-9) * np.eye(12))
    z = (y - y.mean()) / y.std()
    np.testing.assert_allclose(mean, y.mean() + y.std() * k(at, x) @ inverse @ z, rtol=1e-8)
    variance = 1 - np.diag(k(at, x) @ inverse @ k(x, at))
    np.testing.assert_allclose(std, y.std() * np.sqrt(variance), rtol=1e-6)


def test_expected_improvement_is_the_mean_of_what_is_better():
    g = np.random.default_rng(0)
    draws = 0.3 + 0.5 * g.standard_normal(400_000)
    assert tune.expected_improvement(np.array([0.3]), np.array([0.5]), 0.6)[0] == pytest.approx(
        np.maximum(draws - 0.6, 0).mean(), abs=2e-3
    )


# -- searching ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", ["narrow", "tpe", "gp"])
def test_what_learns_from_scores_finds_more_than_chance(sampler):
    late = {name: [t.score for t in tune.search(hill, SPACE, 50, name).trials[25:]] for name in ("random", sampler)}
    assert np.mean(late[sampler]) > np.mean(late["random"]) / 3  # scores are negative
    assert max(late[sampler]) > -0.1


@pytest.mark.parametrize("sampler", tune.SAMPLERS)
def test_choices_and_whole_numbers(sampler):
    found = tune.search(mixed, MIXED, 30, sampler)
    assert found.best.params["kind"] == "b" and abs(found.best.params["x"] - 0.7) < 0.2
    assert all(isinstance(t.params["n"], int) for t in found.trials)
    lower = tune.search(lambda a: -mixed(a), MIXED, 30, sampler, better="lower")
    assert lower.best.params["kind"] == "b" and abs(lower.best.params["x"] - 0.7) < 0.2


def test_narrowing_stays_where_the_best_quarter_is():
    found = tune.search(hill, SPACE, 60, "narrow")
    lr = np.log10([t.params["lr"] for t in found.trials])
    assert np.ptp(lr[20:40]) < 0.6 * np.ptp(lr[:20])
    assert np.ptp(lr[40:]) < 0.6 * np.ptp(lr[20:40])


def climbing(attempt):
    for epoch in range(10):
        attempt.report(hill(attempt) * (1 - 0.05 * epoch), train=0.0)
    return hill(attempt) / 2


def test_hopeless_trials_are_pruned():
    found = tune.search(climbing, SPACE, 30, prune=True)
    whole = tune.search(climbing, SPACE, 30)
    pruned = [t for t in found.trials if t.state == "pruned"]
    assert len(pruned) > 8 and all(2 <= len(t.curve) < 10 for t in pruned)
    assert found.best.params == whole.best.params  # the same draws, and the best one is not lost
    assert all(t.state == "done" and len(t.train_curve) == 10 for t in whole.trials)
    assert max(t.score for t in pruned) < np.median([t.score for t in whole.trials]) / 0.5 + 4


def test_diverged_trials_count_and_are_not_the_best():
    def objective(attempt):
        if attempt["lr"] > 1e-3:
            raise DivergedError("the loss became inf")
        return float("nan") if attempt["lr"] < 1e-5 else hill(attempt)

    for sampler in tune.SAMPLERS:
        found = tune.search(objective, SPACE, 25, sampler)
        states = [t.state for t in found.trials]
        assert len(states) == 25 and {"done", "diverged"} == set(states)
        assert 1e-5 <= found.best.params["lr"] <= 1e-3
    none = tune.search(lambda attempt: float("inf"), SPACE, 3)
    with pytest.raises(ArgumentError, match="none of the 3 trials came to its end"):
        _ = none.best


# -- studies on disk ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", tune.SAMPLERS)
def test_an_interrupted_search_goes_on_as_if_it_was_not(tmp_path, sampler):
    study = tmp_path / "study.jsonl"
    tune.search(hill, SPACE, 14, sampler, study)
    resumed = tune.search(hill, SPACE, 20, sampler, study)
    assert [t.params for t in resumed.trials] == [t.params for t in tune.search(hill, SPACE, 20, sampler).trials]
    assert all(line.startswith("{") for line in study.read_text().splitlines())


def test_ctrl_c_and_faults_leave_what_came_to_its_end(tmp_path):
    study = tmp_path / "study.jsonl"

    def interrupted(attempt):
        if attempt.number == 2:
            raise KeyboardInterrupt
        return hill(attempt)

    with pytest.raises(KeyboardInterrupt):
        tune.search(interrupted, SPACE, 5, study=study)
    found = tune.search(hill, SPACE, 5, study=study)
    assert [t.state for t in found.trials] == ["done", "done", "interrupted", "done", "done", "done"]
    with pytest.raises(ZeroDivisionError):
        tune.search(lambda attempt: 1 / 0, SPACE, 6, study=study)


WORKER = """
import sys, time
from gradus import tune
def objective(attempt):
    if sys.argv[2] == "hang":
        print("hangs", flush=True)
        time.sleep(60)
    time.sleep(0.03)
    return attempt["x"]
tune.search(objective, {"x": tune.Range(0, 1, log=False)}, 16, "random", sys.argv[1])
"""


def test_several_processes_share_a_study(tmp_path):
    study = tmp_path / "study.jsonl"
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, str(study), "work"]) for _ in range(3)]
    assert [w.wait() for w in workers] == [0, 0, 0]
    found = tune.search(lambda a: a["x"], {"x": Range(0, 1, log=False)}, 16, "random", study)
    assert [t.state for t in found.trials] == ["done"] * 16
    alone = tune.search(lambda a: a["x"], {"x": Range(0, 1, log=False)}, 16, "random")
    drawn = {t.params["x"] for t in found.trials}
    assert len(drawn) == 16 and len(drawn & {t.params["x"] for t in alone.trials}) >= 14


def test_a_killed_process_and_a_cut_line_are_mended(tmp_path):
    study = tmp_path / "study.jsonl"
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(study), "hang"], stdout=subprocess.PIPE)
    worker.stdout.readline()
    worker.kill()
    worker.wait()
    worker.stdout.close()
    with study.open("a") as file:
        file.write('{"op_code":6,"tri')
    (tmp_path / "study.jsonl.lock").touch()
    found = tune.search(lambda a: a["x"], {"x": Range(0, 1, log=False)}, 4, "random", study)
    assert [t.state for t in found.trials] == ["interrupted", "done", "done", "done", "done"]
    assert not (tmp_path / "study.jsonl.lock").exists()


def test_what_a_killed_process_left_of_a_line_goes_before_the_next(tmp_path):
    """While others have the study open, too, so that nobody sets it right."""
    study = tmp_path / "study.jsonl"

    def objective(attempt):
        if attempt.number == 1:
            with study.open("a") as file:
                file.write('{"op_code":6,"tri' + "x" * 5000)
        return attempt["lr"]

    found = tune.search(objective, SPACE, 3, study=study)
    assert [t.state for t in found.trials] == ["done"] * 3
    assert all(json.loads(line) for line in study.read_text().splitlines())
    assert [path.name for path in tmp_path.iterdir()] == ["study.jsonl"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("kind", "problem"), [("SIGINT", KeyboardInterrupt), ("SIGTERM", Terminated)])
@pytest.mark.parametrize("moment", ["in the objective", "while it is asked", "while it is told"])
def test_a_signal_leaves_every_trial_with_an_end(tmp_path, monkeypatch, kind, problem, moment):
    study, number = tmp_path / "study.jsonl", getattr(signal, kind)
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    def pressed(function, at):
        calls = []

        def called(*arguments, **options):
            calls.append(1)
            if len(calls) == at:
                signal.raise_signal(number)
            return function(*arguments, **options)

        return called

    objective = hill
    if moment == "in the objective":
        objective = pressed(hill, 3)
    elif moment == "while it is asked":
        monkeypatch.setattr(optuna.Trial, "_suggest", pressed(optuna.Trial._suggest, 6))
    else:
        monkeypatch.setattr(optuna.Study, "tell", pressed(optuna.Study.tell, 3))
    with pytest.raises(problem):
        tune.search(objective, SPACE, 5, study=study)
    monkeypatch.undo()
    ends = [json.loads(line)["state"] for line in study.read_text().splitlines() if '"op_code":6' in line]
    assert ends == [1, 1, 1 if moment == "while it is told" else 3]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    found = tune.search(hill, SPACE, 5, study=study)
    assert found.count() == 5


def test_a_study_of_another_problem_is_refused(tmp_path):
    study = tmp_path / "study.jsonl"
    tune.search(hill, SPACE, 2, study=study, problem={"model": "mlp", "data": "mnist"})
    with pytest.raises(CheckpointError, match=r"It has model mlp, data mnist; here it is model lenet, data digits\."):
        tune.search(hill, SPACE, 3, study=study, problem={"model": "lenet", "data": "digits"})
    wider = SPACE | {"lr": Range(1e-6, 1.0)}
    with pytest.raises(CheckpointError, match=r"the space lr 1e-06:0.01, decay 1e-08:0.0001; .* lr 1e-06:1, decay"):
        tune.search(hill, wider, 3, study=study, problem={"model": "mlp", "data": "mnist"})


def test_what_is_no_study_is_refused(tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("milk, bread\n")
    for path, message in [
        (other, "is no study: a study is a file of JSON lines"),
        (tmp_path, "is a folder; a study is a file"),
        (tmp_path / "nowhere" / "study.jsonl", "the folder .*nowhere for the study does not exist"),
    ]:
        with pytest.raises(CheckpointError, match=message):
            tune.search(hill, SPACE, 2, study=path)
    assert other.read_text() == "milk, bread\n"
    other.write_text('{"a": 1}\nmilk\n')
    with pytest.raises(CheckpointError, match="is no study, or is damaged"):
        tune.search(hill, SPACE, 2, study=other)


def test_without_optuna_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ArgumentError, match='not installed: pip install "optuna>=4"'):
        tune.search(hill, SPACE, 2)


# -- pictures -------------------------------------------------------------------------------------------------------


def test_the_chart_shows_every_trial_and_the_best_curves():
    found = tune.search(climbing, SPACE, 12, prune=True)
    figure = draw.trials(found.trials, compared={"random": found.trials, "again": found.trials})
    done = len(found.ranked())
    assert [axes.get_xlabel() for axes in figure.axes[:3]] == ["trial", "lr", "decay"]
    titles = ["Each trial, and the best so far", "Each trial against lr", "Each trial against decay"]
    assert [axes.get_title() for axes in figure.axes[:3]] == titles
    assert sum(len(c.get_offsets()) for c in figure.axes[1].collections) == 12
    assert sum(axes.get_visible() for axes in figure.axes[3:]) == done
    assert figure.axes[1].get_xscale() == "log"
    options = draw.trials(tune.search(mixed, MIXED, 5).trials)
    assert next(label.get_text() for label in options.axes[3].get_xticklabels()) in "abc"


# -- recipes and the command ----------------------------------------------------------------------------------------

TINY = Recipe(model="softmax", limit=100, epochs=2)


def test_tuning_looks_at_the_test_data_once(monkeypatch, tmp_path):
    tuning, study = Tuning(TINY, {"lr": Range(1e-4, 1e-1)}), tmp_path / "study.jsonl"
    found = tuning.search(3, study)
    from gradus.train import Trainer

    looked, evaluate = [], Trainer.evaluate
    monkeypatch.setattr(Trainer, "evaluate", lambda self, data: looked.append(data.name) or evaluate(self, data))
    values, looks = tuning.test(found, study)
    assert (looked, looks) == ([looked[0]], 1)
    assert 0 < values["accuracy"] <= 1
    assert tuning.test(found, study) == (values, 1) and len(looked) == 1


def gradus_(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_the_command_searches_goes_on_and_draws(tmp_path):
    study = tmp_path / "study.jsonl"
    words = ["softmax", "--limit", 100, "--epochs", 3, "--lr", "1e-4:1e-1", "--optimizer", "sgd,adam", "--study", study]
    first = gradus_("tune", *words, "--trials", 2, "--sampler", "random")
    assert first.exit_code == 0, first.output
    assert "lr 0.0001:0.1, optimizer sgd,adam" in first.stdout and "Train it: gradus train softmax" in first.stdout
    assert "2/2  trial 1: lr" in first.stderr
    more = gradus_("tune", "--study", study, "--trials", 3, "--quiet")
    assert more.exit_code == 0, more.output
    assert "3 trials, sampler random" in more.stdout and not more.stderr
    assert (tmp_path / "study.png").stat().st_size > 5000
    other = gradus_("tune", "mlp", "--study", study, "--trials", 3)
    assert other.exit_code == 2 and "model softmax" in other.stderr and "model mlp" in other.stderr


def test_the_command_refuses(tmp_path):
    for words, message in [
        (["softmax", "--lr", "0.1"], "there is nothing to search"),
        (["softmax", "--lr", "1:0.1"], "--lr: a range goes from"),
        (["softmax", "--sampler", "tpp", "--study", tmp_path / "s"], "Did you mean 'tpe'"),
        (["--study", tmp_path / "none"], "there is no study"),
        (["sofmax"], "Did you mean 'softmax'"),
    ]:
        result = gradus_("tune", *words)
        assert result.exit_code == 2 and message in result.stderr, result.output


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_says_how_to_go_on(tmp_path):
    study = tmp_path / "study.jsonl"
    words = ["tune", "softmax", "--lr", "1e-4:1e-1", "--epochs", "2", "--trials", "5000", "--study", str(study)]
    search = subprocess.Popen([sys.executable, "-m", "gradus", *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    assert search.stderr.readline().startswith(b"1/5000  trial 0: lr ")
    search.send_signal(signal.SIGINT)
    out, err = search.communicate(timeout=120)
    assert search.returncode == 130 and f"Go on with: gradus tune --study {study}" in out.decode()
    assert b"Traceback" not in err
    states = [
        t.state for t in Tuning(Recipe(model="softmax", epochs=2), {"lr": Range(1e-4, 1e-1)}).search(1, study).trials
    ]
    assert states[0] == "done" and "running" not in states
