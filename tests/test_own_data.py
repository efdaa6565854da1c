"""Data of one's own: what their columns, pictures and arrays are taken for; from a file to the answers, by the command
and in Python."""

from __future__ import annotations

import csv
import json
import warnings

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import gradus
from gradus import Trainer, models, optim
from gradus.cli import main
from gradus.data import (
    ArrayPreprocessing,
    PicturePreprocessing,
    RawArrays,
    Table,
    TablePreprocessing,
    TableTransform,
    load_preprocessing,
    preprocessing_for,
)
from gradus.errors import ArgumentError, DataError, DataWarning, SkippedWarning
from gradus.train import Predictor

pytestmark = pytest.mark.usefixtures("undrawn")
N = 120


def gradus_(*words: object):
    return CliRunner().invoke(main, [str(w) for w in words])


def succeeds(*words: object) -> str:
    result = gradus_(*words)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


def fails(*words: object) -> str:
    result = gradus_(*words)
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1, "one message"
    return result.stderr


def homes(n: int = N, seed: int = 0) -> Table:
    """A table with a column of each kind, and a price that follows from some of them."""
    draws = np.random.default_rng(seed)
    rooms, kind = 1 + draws.poisson(1.2, n), draws.choice(["flat", "house", "hut"], n)
    size = draws.lognormal(4, 0.4, n)
    size[::17] = np.nan
    day = np.datetime64("2024-01-01") + draws.integers(0, 300, n)
    said = [f"a nice {k} near the {w} station" for k, w in zip(kind, draws.choice(["old", "new"], n), strict=True)]
    said = [f"{text} number {i}" for i, text in enumerate(said)]
    price = np.exp(11 + 0.3 * rooms + (kind == "house") * 0.4 + 0.1 * draws.normal(size=n))
    return Table(
        {
            "Id": 1000 + np.arange(n),
            "rooms": rooms,
            "kind": list(kind),
            "size": size,
            "sold": day,
            "said": said,
            "country": ["here"] * n,
            "price": price.round(2),
        }
    )


@pytest.fixture(scope="module")
def homes_csv(tmp_path_factory):
    path = tmp_path_factory.mktemp("homes") / "homes.csv"
    gradus.data.write_csv(homes(), path)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Pictures of two classes, of sizes and modes of all kinds, and a broken one."""
    root = tmp_path_factory.mktemp("pictures") / "shades"
    draws = np.random.default_rng(0)
    for label, low in (("dark", 0), ("light", 160)):
        (root / label).mkdir(parents=True)
        for i in range(24):
            mode, ending = (("L", "png"), ("RGB", "jpg"), ("RGBA", "png"), ("P", "gif"))[i % 4]
            h, w = 12 + i % 5, 14 + i % 3
            grey = Image.fromarray(draws.integers(low, low + 90, (h, w)).astype(np.uint8))
            grey.convert(mode).save(root / label / f"{i}.{ending}")
    (root / "dark" / "broken.png").write_bytes(b"\x89PNG no more")
    return root


@pytest.fixture(scope="module")
def homes_run(homes_csv, tmp_path_factory, undrawn):
    run = tmp_path_factory.mktemp("runs") / "homes"
    succeeds(
        "train", "--data", homes_csv, "--target", "price", "--id", "Id", "--epochs", 12, "--out", run, "-q", "--eager"
    )
    return run


# -- tables ---------------------------------------------------------------------------------------------------------


def test_what_columns_are_is_found_out() -> None:
    of_homes = TablePreprocessing("price").fit(homes())
    assert {name: kind.name for name, kind in of_homes.columns.items()} == {
        "Id": "nothing",
        "rooms": "numbers",
        "kind": "categories",
        "size": "numbers",
        "sold": "dates",
        "said": "words",
        "country": "nothing",
    }
    assert of_homes.said == [
        "Id is not learned from: it counts the rows",
        "country is not learned from: it is always here",
    ]
    assert of_homes.target.scale.log, "prices lie to one side"


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([0, 1, 1, 0], ("0", "1")),
        (["no", "yes", "no", "yes"], ("no", "yes")),
        ([3.0, 10.0, 3.0, 10.0], ("3", "10")),
        ([1, 2, 3, 4], None),
        ([0.5, 1.5, 0.5, 1.5], None),
    ],
)
def test_whether_a_target_is_one_of_classes(values, classes) -> None:
    of_table = TablePreprocessing("y").fit(Table({"x": [1.0, 2.0, 4.0, 3.0], "y": values}))
    assert of_table.classes == classes


def test_a_task_may_be_said() -> None:
    table = Table({"x": [1.0, 2.0, 4.0, 3.0], "y": [0, 1, 1, 0]})
    assert TablePreprocessing("y", task="numbers").fit(table).classes is None
    assert TablePreprocessing("x", task="classes").fit(table).classes == ("1", "2", "3", "4")


def test_intervals_of_numbers() -> None:
    """The share of each interval below a number: by hand."""
    transform = TableTransform(bins=2).fit(Table({"x": [0.0, 1.0, 2.0, 6.0, 10.0]}))
    assert transform.feature_names == ("x", "x above 0", "x above 2")
    shares = transform.transform(Table({"x": [-1.0, 1.0, 2.0, 6.0, 20.0, None]}))[:, 1:]
    assert shares.tolist() == [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [0, 0]]
    assert TableTransform.from_json(transform.to_json()).transform(Table({"x": [6.0]}))[0, 2] == 0.5


def test_many_categories_share_a_place_and_words_are_found() -> None:
    said = ["good film", "bad film", "good", "bad", "odd", None]
    table = Table({"city": ["a", "a", "b", "b", "c", "d"], "said": said})
    transform = TableTransform(2, many="share", words=("said",)).fit(table)
    names = transform.feature_names
    assert names == ("city=a", "city=b", "city unknown", "said has 'bad'", "said has 'film'")
    found = transform.transform(Table({"city": ["d", "a"], "said": ["A bad, bad film", ""]}))
    assert found.tolist() == [[0, 0, 1, 1, 1], [1, 0, 0, 0, 0]]


@pytest.mark.parametrize("kind", ["table", "classes", "pictures", "arrays"])
def test_what_is_learned_is_kept(kind, pictures) -> None:
    """What comes back from JSON makes the same inputs, targets and answers."""
    if kind == "pictures":
        made = PicturePreprocessing()
        with pytest.warns(SkippedWarning):
            raw = made.read(pictures)
    elif kind == "arrays":
        made, raw = ArrayPreprocessing(), RawArrays(np.arange(24, dtype=np.uint8).reshape(6, 2, 2), np.arange(6) % 3)
    else:
        made, raw = TablePreprocessing("price" if kind == "table" else "kind", id="Id"), homes()
    made.fit(raw)
    again = load_preprocessing(made.to_json())
    assert type(again) is type(made) and again.to_json() == made.to_json()
    assert again.inputs(raw).tobytes() == made.inputs(raw).tobytes()
    assert again.targets(raw).tobytes() == made.targets(raw).tobytes()
    outputs = np.random.default_rng(0).normal(size=(3, made.outputs))
    assert repr(again.answers(outputs, True)) == repr(made.answers(outputs, True))
    assert again.rows_named(raw)[0] == made.rows_named(raw)[0]


def test_targets_that_are_no_use() -> None:
    table = homes()
    for options, said in (
        ({"target": "prise"}, "no column 'prise'. Did you mean 'price'"),
        ({"target": "size"}, f"is missing in {-(-N // 17)} of {N} rows, first in row 1"),
        ({"target": "country"}, "is 'here' in all rows"),
        ({"target": "price", "id": "ID"}, "no column 'ID'. Did you mean 'Id'"),
        ({"target": "price", "leave_out": ("room",)}, "Did you mean 'rooms'"),
        ({"target": "price", "task": "class"}, "Did you mean 'classes'"),
    ):
        with pytest.raises((ArgumentError, DataError)) as problem:
            TablePreprocessing(**options).fit(table)
        assert said in str(problem.value)


# -- before anything is learned --------------------------------------------------------------------------------------


def test_a_table_is_looked_at(homes_csv, tmp_path) -> None:
    text = succeeds("look", "data", homes_csv, "--out", tmp_path / "homes.png")
    lines = {line.split()[0]: line for line in text.splitlines()[3:11]}
    assert f"{N} rows x 8 columns" in text and tuple(lines) == homes().names
    assert "it counts the rows" in lines["Id"] and "it is always here" in lines["country"]
    assert "numbers" in lines["size"] and f" {-(-N // 17)} " in lines["size"]
    assert "dates" in lines["sold"] and "2024-01-0" in lines["sold"] and "words" in lines["said"]
    assert (tmp_path / "homes.png").stat().st_size > 10_000


def test_pictures_and_arrays_are_looked_at(pictures, tmp_path) -> None:
    text = succeeds("look", "data", pictures)
    assert "pictures of 2 classes" in text and "14x12 (2)" in text
    np.savez(tmp_path / "points.npz", x=np.arange(6.0).reshape(3, 2), y=np.array([0, 1, 1]))
    text = succeeds("look", "data", tmp_path / "points.npz", "--out", tmp_path / "points.png")
    assert "3 samples" in text and "0 to 5, half below 2.5" in text and (tmp_path / "points.png").exists()
    assert "there is no file or folder" in fails("look", "data", tmp_path / "none.csv")


# -- the command -----------------------------------------------------------------------------------------------------


def test_a_table_from_the_file_to_the_answers(homes_run, homes_csv, tmp_path) -> None:
    new, out = tmp_path / "new.csv", tmp_path / "answers.csv"
    gradus.data.write_csv(homes(9, seed=1).drop("price"), new)
    said = succeeds("predict", homes_run, new, "--out", out)
    assert "9 rows" in said
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["Id"] for row in rows] == [str(1000 + i) for i in range(9)] and list(rows[0]) == ["Id", "price"]
    found, true = np.array([float(row["price"]) for row in rows]), homes(9, seed=1).numbers("price")
    assert np.abs(np.log(found / true)).mean() < 0.5
    assert "r2" in succeeds("evaluate", homes_run, homes_csv)
    assert "test" in succeeds("evaluate", homes_run)


def test_the_answers_are_those_of_python(homes_run, homes_csv) -> None:
    answers = Predictor.open(homes_run).predict(homes_csv)
    by_command = succeeds("predict", homes_run, homes_csv).splitlines()
    assert by_command[0] == "Id,price" and len(by_command) == N + 1 == len(answers) + 1
    assert [float(line.split(",")[1]) for line in by_command[1:]] == answers.numbers("price").tolist()


def test_a_run_can_be_trained_again_by_its_command(homes_run) -> None:
    command = json.loads((homes_run / "config.json").read_text())["command"]
    assert " --target price --id Id" in command


def test_unknown_categories_are_counted_aloud(homes_run, tmp_path) -> None:
    new = tmp_path / "new.csv"
    gradus.data.write_csv(homes(3, seed=2).assign(kind=["tent", "flat", "tent"]), new)
    with pytest.warns(DataWarning, match=r"column 'kind' in 2 of 3 rows \('tent'\)"):
        succeeds("predict", homes_run, new)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.drop("rooms"), "no column 'rooms'"),
        (lambda t: t.assign(rooms=["two"] * len(t)), "column 'rooms' must hold numbers, but row"),
        (lambda t: t.drop("Id"), "no column 'Id' to name its rows"),
    ],
)
def test_a_table_that_is_another(homes_run, tmp_path, change, said) -> None:
    gradus.data.write_csv(change(homes(3)), tmp_path / "new.csv")
    assert said in fails("predict", homes_run, tmp_path / "new.csv")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--data", "{homes}"), "which column is the target? Say target=... (--target ...). Columns: Id, rooms"),
        (("--data", "{homes}", "--target", "prise"), "no column 'prise'. Did you mean 'price'"),
        (("--data", "{homes}", "--target", "price", "--size", 8), "read as table, and size is for pictures"),
        (("--data", "{pictures}", "--target", "price"), "read as pictures, and target is for table"),
        (("--data", "digits", "--target", "price"), "digits is a named data set"),
        (("--data", "{empty}"), "holds nothing, and no pictures"),
        (("lenet", "--data", "{homes}", "--target", "price"), "lenet looks at pictures, but homes is a table"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(words, said, homes_csv, pictures, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    places = {"homes": homes_csv, "pictures": pictures, "empty": tmp_path / "empty"}
    out = tmp_path / "run"
    assert said in fails("train", *(str(w).format(**places) for w in words), "--out", out)
    assert not out.exists()


def test_pictures_of_all_sizes_and_kinds(pictures, tmp_path) -> None:
    run = tmp_path / "run"
    with pytest.warns(SkippedWarning, match=r"1 of 49 pictures are left out.*broken\.png"):
        result = gradus_("train", "softmax", "--data", pictures, "--epochs", 15, "--out", run, "-q", "--eager")
    assert result.exit_code == 0, result.output
    assert "are scaled to 32x32" in result.stderr
    (pictures / "dark" / "broken.png").unlink()
    assert "dark " in succeeds("predict", run, pictures / "dark" / "0.png")
    lines = succeeds("predict", run, pictures / "light", "--probabilities").splitlines()
    assert lines[0] == "file,class,p(dark),p(light)" and len(lines) == 25
    assert sum(",light," in line for line in lines) >= 22
    assert "48 samples  accuracy " in succeeds("evaluate", run, pictures)


def test_arrays(tmp_path) -> None:
    draws = np.random.default_rng(0)
    x = draws.normal(size=(80, 3)).astype(np.float32)
    np.savez(tmp_path / "points.npz", x=x, y=(x[:, 0] > 0).astype(int))
    run = tmp_path / "run"
    succeeds("train", "--data", tmp_path / "points.npz", "--epochs", 15, "--out", run, "-q", "--eager")
    np.save(tmp_path / "new.npy", x[:5])
    lines = succeeds("predict", run, tmp_path / "new.npy").splitlines()
    assert lines[0] == "row,class" and [line.split(",")[1] for line in lines[1:]] == [str(int(v > 0)) for v in x[:5, 0]]


def test_data_that_have_changed_since(homes_csv, tmp_path) -> None:
    """They would be prepared otherwise: what is measured on them would be of another model."""
    data, run = tmp_path / "homes.csv", tmp_path / "run"
    data.write_bytes(homes_csv.read_bytes())
    train = ("train", "linear", "--data", data, "--target", "price", "--epochs", 2, "--out", run, "-q", "--eager")
    succeeds(*train)
    succeeds("evaluate", run)
    kept = (run / "preprocessing.json").read_text()
    gradus.data.write_csv(homes(seed=5), data)
    assert f"gradus evaluate {run} FILE" in fails("evaluate", run)
    refused = gradus_("train", "--resume", run, "--epochs", 3, "-q")
    assert refused.exit_code == 2 and "preprocessing: was 'table, of checksum" in refused.stderr
    assert (run / "preprocessing.json").read_text() == kept
    succeeds("train", "--resume", run, "--epochs", 3, "--allow-changes", "-q")
    assert (run / "preprocessing.json").read_text() != kept
    succeeds("evaluate", run)
    data.unlink()
    assert f"there is no file or folder {data}" in fails("evaluate", run)
    succeeds("predict", run, homes_csv)


def test_numbers_have_no_probabilities(homes_run, homes_csv) -> None:
    assert "price is a number" in fails("predict", homes_run, homes_csv, "--probabilities")


# -- Python ----------------------------------------------------------------------------------------------------------


def test_a_run_of_python_is_as_good_as_one_of_the_command(homes_csv, tmp_path) -> None:
    of_homes = preprocessing_for(homes_csv, target="price", id="Id")
    learn, held = of_homes.split(of_homes.read(homes_csv), [0.8, 0.2], seed=0)
    of_homes.fit(learn)
    model = models.build("linear", of_homes.input_shape, of_homes.outputs)
    trainer = Trainer(model, "mse", optim.Adam(model.parameters(), lr=1e-2), compile=False)
    run = tmp_path / "run"
    trainer.fit(of_homes.dataset(learn), epochs=3, batch_size=16, run=run, preprocessing=of_homes, progress=False)
    predictor = Predictor.open(run)
    expected = of_homes.answers(trainer.predict(of_homes.inputs(held)).numpy()).numbers("price")
    assert predictor.predict(held).numbers("price") == pytest.approx(expected)
    assert succeeds("predict", run, homes_csv).startswith("Id,price\n")
    assert "rmse" in succeeds("evaluate", run, homes_csv)


def test_a_run_without_preprocessing_says_so(tmp_path) -> None:
    model = models.build("linear", (2,), 1)
    data = gradus.data.TensorDataset(np.zeros((4, 2), np.float32), np.zeros((4, 1), np.float32))
    Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.1), compile=False).fit(
        data, run=tmp_path / "run", progress=False
    )
    assert "Trainer.fit(..., run=..., preprocessing=...)" in fails("predict", tmp_path / "run", tmp_path / "x.csv")


def test_a_split_keeps_the_shares_of_classes() -> None:
    table = Table({"x": np.arange(100.0), "y": ["rare"] * 10 + ["common"] * 90})
    parts = TablePreprocessing("y").split(table, [0.8, 0.2], seed=0)
    assert [sum(text == "rare" for text in part.texts("y")) for part in parts] == [8, 2]


def test_all_parts_are_told_the_same_task() -> None:
    """A rare class of which one sample is left in the training part makes it no column of numbers."""
    table = Table({"x": np.arange(40.0), "y": [1] * 19 + [2] * 19 + [3] * 2})
    of_table = TablePreprocessing("y")
    parts = of_table.split(table, [0.5, 0.5], seed=0)
    assert [sum(value == 3 for value in part.numbers("y")) for part in parts] == [1, 1]
    assert of_table.fit(parts[0]).classes == ("1", "2", "3")


def test_no_warning_of_ones_own_training_data() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        of_homes = TablePreprocessing("price").fit(homes())
        of_homes.dataset(homes())
