"""The command line: options, errors, and small real runs."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from conftest import UNDRAWN
from PIL import Image

import gradus
from gradus import datasets
from gradus.cli import main
from gradus.cli.doctor import EXTRAS, features
from gradus.data import ArrayPreprocessing, DataLoader, RawArrays, TensorDataset
from gradus.train import report
from gradus.train.experiment import Experiment
from gradus.train.fitting.loop import Loop
from gradus.train.material import parts
from gradus.train.predictor import Predictor
from gradus.train.recipe import Recipe

TINY = ("--limit", "60", "--epochs", "1", "--quiet")
HEADER = (
    "id,date,price,bedrooms,bathrooms,sqft_living,sqft_lot,floors,waterfront,view,condition,grade,sqft_above,"
    "sqft_basement,yr_built,yr_renovated,zipcode,lat,long,sqft_living15,sqft_lot15"
)


def gradus_(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def succeeds(*words: object) -> str:
    result = gradus_(*words)
    assert result.exit_code == 0, result.output
    return result.output


def fails(*words: object) -> str:
    """What stands on standard error of a command that must end with status 2 and no traceback."""
    result = gradus_(*words)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)
    return result.stderr


def houses(n: int) -> str:
    """A table in the layout of king_county's file, with prices that grow with the area."""
    g = np.random.default_rng(0)
    lines = [HEADER]
    for i in range(n):
        area = int(g.integers(500, 4000))
        lines.append(
            f'"{i}","20141013T000000",{300 * area},3,2.25,{area},5650,1,0,0,3,7,{area},0,'
            f'1955,0,"{98101 + i % 3}",47.5,-122.2,1340,5650'
        )
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def own_data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "king_county").mkdir()
    (folder / "king_county" / "kc_house_data.csv").write_text(houses(300))
    return folder


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "digits"
    succeeds("train", "softmax", *TINY, "--out", run)
    return run


@pytest.fixture(scope="module")
def houses_run(tmp_path_factory, own_data):
    run = tmp_path_factory.mktemp("runs") / "houses"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADUS_DATA", str(own_data))
        output = succeeds("train", "linear", "--data", "king_county", "--epochs", "30", "--quiet", "--out", run)
    assert "in the unit of price" in output
    return run


@pytest.fixture(autouse=True)
def undrawn(digits_run, houses_run, monkeypatch):
    """Only the runs that tests share have pictures in their reports."""
    monkeypatch.setattr(*UNDRAWN)


@pytest.fixture
def copied(digits_run, tmp_path):
    """A run that a test may spoil."""
    return Path(shutil.copytree(digits_run, tmp_path / "copied"))


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "seven.png"
    Image.new("RGB", (40, 30), "white").save(path)
    return path


# -- the group ------------------------------------------------------------------------------------------------------


def test_version_and_help():
    assert succeeds("--version") == f"gradus {gradus.__version__}\n"
    text = succeeds("--help")
    for command in ("train", "evaluate", "predict", "data", "doctor"):
        assert f"\n  {command} " in text
        assert succeeds(command, "--help").startswith("Usage: ")
    assert "..." not in text.split("Commands:")[1], "a command's line is cut off"


def test_importing_the_command_line_is_light():
    code = "import sys, gradus.cli; print([m for m in sys.modules if m in ('rich', 'PIL', 'matplotlib', 'pooch')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_python_m_gradus():
    done = subprocess.run([sys.executable, "-m", "gradus", "tran"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("gradus: error: there is no command 'tran'. Did you mean 'train'?")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trian"], "Did you mean 'train'?"),
        (["train", "--epoch", "3"], "--epochs"),
        (["train", "--epochs", "many"], "not a valid integer"),
        (["train", "lenett"], "there is no model 'lenett'. Did you mean 'lenet'?"),
        (["train", "--data", "digit"], "no file or folder of this name. Did you mean 'digits'?"),
        (["train", "--optimizer", "adm"], "Did you mean 'adam'?"),
        (["train", "--schedule", "cosinus"], "Did you mean 'cosine'?"),
        (["train", "--epochs", "0"], "epochs must be above 0, got 0"),
        (["train", "--lr", "-1"], "lr must be above 0, got -1.0"),
        (["train", "--lr", "nan"], "lr must be above 0, got nan"),
        (["train", "--batch-size", "0"], "batch_size must be above 0"),
        (["train", "--weight-decay", "-1"], "weight_decay must not be below 0"),
        (["train", "--seed", "-1"], "seed must be a whole number from 0"),
        (["train", "--limit", "1"], "limit must be 2 or more"),
        (["train", "linear"], "gradus train softmax --data digits"),
        (["train", "lenet"], "lenet needs pictures of at least 12x12 pixels"),
        (["train", "--resume", "none"], "there is no run none"),
        (["evaluate", "none"], "there is no run none"),
        (["predict", "none", "a.png"], "there is no run none"),
        (["predict", "none"], "Missing argument"),
        (["data", "mnits"], "Did you mean 'mnist'?"),
        (["data", "--download"], "needs the NAME"),
    ],
)
def test_mistakes_are_told_in_one_message(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in fails(*words)
    assert list(tmp_path.iterdir()) == []


def test_models_that_do_not_fit_a_table(own_data, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADUS_DATA", str(own_data))
    monkeypatch.chdir(tmp_path)
    assert "lenet looks at pictures, but king_county is a table" in fails("train", "lenet", "--data", "king_county")
    assert "softmax predicts classes" in fails("train", "softmax", "--data", "king_county")
    assert list(tmp_path.iterdir()) == []


# -- train and evaluate ---------------------------------------------------------------------------------------------


def test_a_run_leaves_everything_behind(digits_run):
    names = {path.name.split(".out.")[0] for path in digits_run.iterdir()}
    assert names == {
        "preprocessing.json",
        "config.json", "history.jsonl", "events", "model.safetensors", "checkpoint.safetensors", "report.html",
    }  # fmt: skip
    config = json.loads((digits_run / "config.json").read_text())
    assert config["command"].startswith("gradus train softmax --epochs 1 --batch-size 64")
    assert config["command"].endswith("--limit 60")
    report = (digits_run / "report.html").read_text()
    assert "softmax on digits" in report
    assert config["command"] in report
    assert report.count("<svg") == 3


def test_runs_without_a_name_are_numbered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for i in (1, 2):
        assert f"runs/softmax-digits-{i}" in succeeds("train", "softmax", *TINY)


def test_quiet_shows_the_result_only(tmp_path):
    result = gradus_("train", "softmax", *TINY, "--out", tmp_path / "run")
    assert result.stderr == ""
    assert [line.split()[0] for line in result.stdout.splitlines()[3:8]] == [
        "loss",
        "train",
        "validation",
        "test",
        "training",
    ]


def test_the_same_seed_gives_the_same_weights(digits_run, tmp_path):
    for seed, same in ((0, True), (1, False)):
        succeeds("train", "softmax", *TINY, "--seed", seed, "--out", tmp_path / str(seed))
        weights = (tmp_path / str(seed) / "model.safetensors").read_bytes()
        assert (weights == (digits_run / "model.safetensors").read_bytes()) is same


def test_the_seed_decides_first_weights_and_parts_and_the_test_data_stay():
    first, again, other = (Experiment(Recipe(seed=seed, limit=100)) for seed in (3, 3, 4))

    def weight(experiment):
        return next(experiment.model.parameters()).numpy()

    assert np.array_equal(weight(first), weight(again))
    assert not np.array_equal(weight(first), weight(other))
    assert np.array_equal(first.validation.indices, again.validation.indices)
    assert not set(first.train.indices) & set(first.validation.indices)
    assert np.array_equal(first.test.arrays[0], other.test.arrays[0])


def test_an_existing_folder_is_left_alone(copied):
    before = {path: path.read_bytes() for path in copied.iterdir()}
    assert "exists. Give another --out" in fails("train", "softmax", *TINY, "--out", copied)
    assert {path: path.read_bytes() for path in copied.iterdir()} == before


@pytest.mark.parametrize(
    "options", [(), ("--eager",), ("--schedule", "cosine", "--optimizer", "nesterov", "--lr", "0.1")]
)
def test_interrupted_and_resumed_is_the_same_as_never_interrupted(options, tmp_path, monkeypatch):
    settings = ("train", "softmax", "--limit", "200", "--epochs", "2", "--batch-size", "32", "--quiet", *options)
    succeeds(*settings, "--out", tmp_path / "whole")
    check, count = Loop._check_finite, iter(range(1000))

    def stopping(self, losses):
        if next(count) == 2:
            signal.raise_signal(signal.SIGINT)
        check(self, losses)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_check_finite", stopping)
        result = gradus_(*settings, "--out", tmp_path / "cut")
    assert result.exit_code == 130
    assert f"gradus train --resume {tmp_path / 'cut'}" in result.stderr
    assert not (tmp_path / "cut" / "report.html").exists()
    succeeds("train", "--resume", tmp_path / "cut", "--quiet")
    weights = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "cut")]
    assert weights[0] == weights[1]


def test_interrupted_before_the_first_step_it_can_be_resumed(tmp_path, monkeypatch):
    def stopping(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_open_logs", stopping)
        result = gradus_("train", "softmax", *TINY, "--out", tmp_path / "cut")
    assert result.exit_code == 130
    assert "Go on with" in result.stderr
    succeeds("train", "--resume", tmp_path / "cut", "--quiet")


def test_a_run_that_has_not_begun_may_be_started_anew(tmp_path, monkeypatch):
    def stopping(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "save", stopping)
        result = gradus_("train", "softmax", *TINY, "--out", tmp_path / "cut")
    assert result.exit_code == 130
    assert "Go on with" not in result.stderr
    succeeds("train", "mlp", *TINY, "--out", tmp_path / "cut")
    assert json.loads((tmp_path / "cut" / "config.json").read_text())["recipe"]["model"] == "mlp"


def test_resuming_takes_more_epochs_and_no_other_setting(copied):
    assert "leave out lr" in fails("train", "--resume", copied, "--lr", "0.1")
    assert "leave out model, out" in fails("train", "mlp", "--resume", copied, "--out", "x")
    assert "--resume RUN" in fails("train", "--allow-changes")
    succeeds("train", "--resume", copied, "--epochs", "2", "--quiet")
    assert len((copied / "history.jsonl").read_text().splitlines()) == 2


def test_more_epochs_of_a_schedule_are_another_learning_rate(tmp_path):
    run = tmp_path / "run"
    succeeds("train", "softmax", *TINY, "--epochs", "1", "--schedule", "cosine", "--out", run)
    assert "learning rate, at step 1: was 0.0, is" in fails("train", "--resume", run, "--epochs", "3")
    said = gradus_("train", "--resume", run).stderr
    words = said.partition("To train on: gradus ")[2].split()
    assert words[-1] == "--allow-changes"
    succeeds(*words, "--quiet")


def test_resuming_with_other_settings_where_that_is_allowed(copied):
    succeeds("train", "--resume", copied, "--epochs", "2", "--lr", "0.003", "--allow-changes", "--quiet")
    records = [json.loads(line) for line in (copied / "history.jsonl").read_text().splitlines()]
    config = json.loads((copied / "config.json").read_text())
    assert records[-1]["lr"] == config["recipe"]["lr"] == config["training"]["lr"] == 0.003
    assert config["changes"][0]["what"] == [f"learning rate: was {records[0]['lr']}, is 0.003"]
    config["recipe"]["batch_size"] += 1
    (copied / "config.json").write_text(json.dumps(config))
    assert "batch size: was" in fails("train", "--resume", copied, "--epochs", "3")


def test_evaluate_goes_through_the_test_data_alone_and_once(digits_run, monkeypatch):
    seen = []
    batches = DataLoader.batches

    def noted(loader, epoch, start=0):
        seen.append(len(loader.dataset))
        return batches(loader, epoch, start)

    history = [json.loads(line) for line in (digits_run / "history.jsonl").read_text().splitlines()]
    experiment = Experiment.open(digits_run)
    experiment.load(digits_run)
    tested = experiment.trainer.evaluate(experiment.test)
    monkeypatch.setattr(DataLoader, "batches", noted)
    found = report.collect(experiment, digits_run).metrics
    assert seen == [len(experiment.test)]
    assert found["test"] == pytest.approx(tested)
    assert found["train"] == {name: history[-1][name] for name in ("loss", "accuracy")}
    assert found["validation"] == {name: history[-1][f"val_{name}"] for name in ("loss", "accuracy")}


def test_evaluate_shows_classes_and_confusions(digits_run):
    text = succeeds("evaluate", digits_run)
    assert "precision  recall     F1" in text
    assert " times " in text
    trained = (digits_run / "report.html").read_text()
    assert "Class by class" in trained


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config.json", b"{", "config.json cannot be read"),
        ("model.safetensors", b"", "damaged"),
        ("model.safetensors", b"\x08\x00\x00\x00\x00\x00\x00\x00{\"a\": 1}", "damaged"),
    ],
)  # fmt: skip
def test_damaged_runs(copied, picture, name, content, said):
    (copied / name).write_bytes(content)
    assert said in fails("evaluate", copied)
    assert said in fails("predict", copied, picture)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "is missing or has no recipe"),
        (b'{"recipe": {"data": "digits", "colour": 1}}', "is damaged or of another version"),
        (b'{"recipe": {"data": "digits", "epochs": "x"}}', "is damaged or of another version"),
        (b'{"recipe": 7}', "is damaged or of another version"),
    ],
)
def test_a_damaged_recipe(copied, content, said):
    (copied / "config.json").write_bytes(content)
    assert said in fails("evaluate", copied)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config.json", "{}", "that gradus cannot build by itself"),
        ("config.json", '{"built": 3}', "that gradus cannot build by itself"),
        ("config.json", '{"built": {"name": "mlp", "input_shape": "x", "outputs": 1}}', "is damaged"),
        ("config.json", '{"built": {"name": "cnn", "input_shape": [3], "outputs": 1}}', "there is no model 'cnn'"),
        ("preprocessing.json", "{", "preprocessing.json cannot be read"),
        ("preprocessing.json", "[]", "preprocessing.json cannot be read"),
        ("preprocessing.json", '{"kind": "sounds"}', "no preprocessing of the kind 'sounds'"),
        ("preprocessing.json", '{"kind": "pictures", "target": {}, "size": 3}', "no PicturePreprocessing"),
        ("preprocessing.json", None, "does not say how its data were prepared"),
    ],
)
def test_what_prediction_needs_is_damaged(copied, picture, name, content, said):
    (copied / name).unlink() if content is None else (copied / name).write_text(content)
    assert said in fails("predict", copied, picture)


def test_a_damaged_history_or_checkpoint(copied):
    (copied / "history.jsonl").write_text("what?\n")
    assert "history.jsonl, line 1" in fails("evaluate", copied)
    (copied / "checkpoint.safetensors").write_bytes(b"short")
    assert "checkpoint.safetensors is damaged" in fails("train", "--resume", copied)


def test_weights_of_another_model(copied, picture):
    config = json.loads((copied / "config.json").read_text())
    config["recipe"]["model"] = config["built"]["name"] = "mlp"
    (copied / "config.json").write_text(json.dumps(config))
    assert "weights are of another model" in fails("evaluate", copied)
    assert "asks for a model that model.safetensors is not of" in fails("predict", copied, picture)
    assert "model: was 'SoftmaxRegression', is 'MLP'" in fails("train", "--resume", copied)


# -- predict --------------------------------------------------------------------------------------------------------


def test_a_picture_of_any_size_and_colour(digits_run, picture):
    result = gradus_("predict", digits_run, picture)
    assert result.exit_code == 0
    assert "made grey, scaled to 8x8." in result.stderr
    assert result.stdout.count("%") == 3
    assert "try again with --invert" in result.stderr
    inverted = gradus_("predict", digits_run, picture, "--invert")
    assert "inverted" in inverted.stderr and "try again" not in inverted.stderr


def test_a_test_digit_is_recognised_as_by_the_model_itself(digits_run, tmp_path):
    x, _ = datasets.load("digits").test.arrays
    path = tmp_path / "digit.png"
    Image.fromarray(np.rint(x[0, 0] * 255).astype(np.uint8)).save(path)
    predictor = Predictor.open(digits_run)
    p = predictor(x[:1])[0]
    seen = predictor.picture(path)
    assert seen.classes[0] == str(p.argmax())
    assert seen.probabilities[0] == pytest.approx(p.max(), abs=0.01)
    assert not seen.inverted_suits


def test_what_is_no_picture(digits_run, tmp_path):
    path = tmp_path / "no.png"
    path.write_bytes(b"no picture")
    assert "cannot be read as a picture" in fails("predict", digits_run, path)
    assert "cannot be read as a picture" in fails("predict", digits_run, tmp_path / "missing.png")


def test_a_table_as_it_lies_in_the_data_set(houses_run, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(houses(3))
    lines = succeeds("predict", houses_run, path).splitlines()
    assert lines[0] == "row,price" and [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    areas = [float(line.split(",")[5]) for line in houses(3).splitlines()[1:]]
    prices = [float(line.split(",")[1]) for line in lines[1:]]
    assert np.argsort(areas).tolist() == np.argsort(prices).tolist()
    assert all(1e4 < price < 1e7 for price in prices)


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "empty"), (HEADER + "\n", "no rows"), ("bedrooms\n3\n", "no column"), ("a,b\n1\n", "line 2")],
)
def test_tables_that_cannot_be_used(houses_run, tmp_path, content, said):
    path = tmp_path / "new.csv"
    path.write_text(content)
    assert said in fails("predict", houses_run, path)


def test_a_picture_for_a_table_and_a_table_for_pictures(houses_run, digits_run, picture, tmp_path):
    fails("predict", houses_run, picture)
    assert "--invert is for pictures" in fails("predict", houses_run, picture, "--invert")
    table = tmp_path / "new.csv"
    table.write_text(houses(2))
    assert "cannot be read as a picture" in fails("predict", digits_run, table)


# -- data and doctor ------------------------------------------------------------------------------------------------


def test_data_lists_all_and_shows_one(own_data, monkeypatch):
    monkeypatch.setenv("GRADUS_DATA", str(own_data))
    text = succeeds("data")
    assert all(name in text for name in datasets.NAMES)
    assert "1,438 training and 359 test samples of 1x8x8" in succeeds("data", "digits")
    text = succeeds("data", "king_county")
    assert "240 training and 60 test samples" in text
    assert "price" in text.splitlines()[-1]


def test_a_data_set_that_is_not_here(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADUS_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert "gradus data mnist --download" in succeeds("data", "mnist")


def test_the_doctor_shows_what_there_is(monkeypatch, tmp_path):
    text = succeeds("doctor")
    for word in (gradus.__version__, "numpy", "BLAS", "features", "threads", "memory", "digits"):
        assert word in text
    monkeypatch.setenv("GRADUS_DATA", str(tmp_path / "none"))
    assert "which is no folder" in succeeds("doctor")


def test_a_wrong_gradus_data_is_told_above_the_list(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADUS_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    text = succeeds("data")
    assert "none, which is no folder" in text.splitlines()[0]
    assert all(name in text for name in datasets.NAMES)
    assert "gradus data mnist --download" in succeeds("data", "mnist")
    assert "which is no folder" in fails("data", "mnist", "--download")


def test_cpu_features_need_all_their_parts():
    assert features({"sse2", "avx2"}) == "SSE2; not AVX2, AVX-512, AVX512-BF16"
    assert features({"asimd", "fp"}) == "NEON"


def test_a_series_is_validated_on_its_end():
    whole = TensorDataset(np.arange(100.0)[:, None], np.arange(100.0)[:, None])
    train, validation = parts(whole, Recipe(data="daily_views", limit=50))
    assert train.indices.tolist() == list(range(50, 95))
    assert validation.indices.tolist() == list(range(95, 100))


def test_fewer_epochs_than_are_done(copied):
    succeeds("train", "--resume", copied, "--epochs", "3", "--quiet")
    before = {p.name: p.read_bytes() for p in copied.iterdir()}
    assert "already has 3 epochs" in fails("train", "--resume", copied, "--epochs", "2")
    assert before == {p.name: p.read_bytes() for p in copied.iterdir()}


def test_a_finished_run_says_how_to_train_on(copied):
    weights = (copied / "model.safetensors").read_bytes()
    result = gradus_("train", "--resume", copied)
    assert result.exit_code == 0
    assert f"nothing is left to train. To train on: gradus train --resume {copied} --epochs 2" in result.stderr
    assert (copied / "model.safetensors").read_bytes() == weights


def test_a_file_that_is_not_there(tmp_path):
    assert "there is no file or folder" in fails("train", "--data", tmp_path / "my.csv")


def test_notes_on_pictures_are_not_results(digits_run, picture):
    result = gradus_("predict", digits_run, picture)
    assert "Pictures are made grey" in result.stderr
    assert result.stdout.startswith(f"{picture}: ")


def test_the_doctor_advises_on_threads_and_extras(monkeypatch):
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert "several times faster with OPENBLAS_NUM_THREADS=1" in succeeds("doctor")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    assert "1 (OPENBLAS_NUM_THREADS)" in succeeds("doctor")
    monkeypatch.setitem(EXTRAS, "plot", ("matplotlib_that_is_not_here",))
    assert "not installed: pip install matplotlib_that_is_not_here" in succeeds("doctor")


def test_linear_models_learn_with_a_falling_rate():
    numbers = ArrayPreprocessing().fit(RawArrays(np.zeros((3, 5)), np.array([0.5, 1.5, 2.5])))
    for options, schedule in (({}, "cosine"), ({"schedule": "constant"}, "constant"), ({"model": "mlp"}, "constant")):
        recipe = Recipe(**{"data": "king_county", "model": "linear"} | options)
        assert recipe.completed(numbers, 3).schedule == schedule
