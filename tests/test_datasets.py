"""The named data sets: where their files are looked for, and what they hold."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import io
import threading
import zipfile

import numpy as np
import pytest

import gradus
from gradus import datasets
from gradus.data import check_finite, read_csv
from gradus.datasets import catalogue, locate, series, splits
from gradus.datasets.catalogue import Entry, RemoteFile
from gradus.errors import ArgumentError, DataError

NOWHERE = "http://127.0.0.1:9/"  # nothing listens there: as without a network


@pytest.fixture
def places(tmp_path, monkeypatch):
    """An empty cache and an empty $GRADUS_DATA."""
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("GRADUS_DATA", str(tmp_path / "own"))
    monkeypatch.setattr(locate, "cache_folder", lambda name: tmp_path / "cache" / name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path


@pytest.fixture
def server(tmp_path):
    """The address of a server of the files in tmp_path / "remote"."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    (tmp_path / "remote").mkdir()
    handler = functools.partial(Quiet, directory=str(tmp_path / "remote"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


def enter(monkeypatch, content, *addresses, name="one.csv"):
    file = RemoteFile(name, len(content), hashlib.sha256(content).hexdigest(), addresses)
    monkeypatch.setitem(catalogue.CATALOGUE, "mnist", Entry("a test", "none", (file,)))


# -- looking for files -------------------------------------------------------------------------------------------------


def test_own_files_come_first_and_are_taken_as_they_are(places, monkeypatch):
    enter(monkeypatch, b"the right one", NOWHERE)
    for folder in ("own", "cache"):
        (places / folder / "mnist").mkdir(parents=True)
    (places / "cache/mnist/one.csv").write_bytes(b"the right one")
    assert locate.locate("mnist") == [places / "cache/mnist/one.csv"]
    (places / "own/mnist/one.csv").write_bytes(b"my own")
    assert locate.locate("mnist") == [places / "own/mnist/one.csv"]
    monkeypatch.delenv("GRADUS_DATA")
    assert locate.locate("mnist") == [places / "cache/mnist/one.csv"]


def test_a_damaged_file_in_the_cache(places, monkeypatch):
    enter(monkeypatch, b"right", NOWHERE)
    (places / "cache/mnist").mkdir(parents=True)
    (places / "cache/mnist/one.csv").write_bytes(b"wrong")
    with pytest.raises(DataError, match=r"cache/mnist/one.csv is damaged: its sha256 .*Delete it"):
        locate.locate("mnist")


def test_downloads(places, server, monkeypatch, capsys):
    enter(monkeypatch, b"content", NOWHERE + "one.csv", server + "one.csv")
    (places / "remote/one.csv").write_bytes(b"content")
    monkeypatch.setattr("gradus.datasets.progress._PATIENCE", -1.0)
    (path,) = locate.locate("mnist")
    assert path == places / "cache/mnist/one.csv" and path.read_bytes() == b"content"
    assert [p.name for p in path.parent.iterdir()] == ["one.csv"]
    assert capsys.readouterr().err.count(f"downloading {server}one.csv") == 1
    (places / "remote/one.csv").unlink()
    assert locate.locate("mnist") == [path]


def test_a_download_in_a_terminal_shows_a_bar(places, server, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    enter(monkeypatch, b"content", server + "one.csv")
    (places / "remote/one.csv").write_bytes(b"content")
    monkeypatch.setattr("sys.stderr", screen := Terminal())
    locate.locate("mnist")
    assert "one.csv" in screen.getvalue()


def test_downloads_out_of_an_archive(places, server, monkeypatch):
    enter(monkeypatch, b"content", server + "some.zip")
    with zipfile.ZipFile(places / "remote/some.zip", "w") as archive:
        archive.writestr("__MACOSX/._x.csv", b"no")
        archive.writestr("x.csv", b"content")
    assert locate.locate("mnist")[0].read_bytes() == b"content"


@pytest.mark.parametrize(
    ("remote", "address", "message"),
    [
        ({"one.csv": b"another"}, "one.csv", r"one.csv sent another file \(sha256 "),
        ({}, "one.csv", "404"),
        ({"some.zip": b"no archive"}, "some.zip", "not a zip file"),
    ],
)
def test_downloads_that_fail_leave_nothing_behind(places, server, monkeypatch, remote, address, message):
    enter(monkeypatch, b"content", server + address)
    for name, content in remote.items():
        (places / "remote" / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        locate.locate("mnist")
    assert not list((places / "cache/mnist").iterdir())


def test_without_a_network_the_error_says_which_files_to_put_where(places, monkeypatch):
    files = tuple(f._replace(addresses=(NOWHERE + f.name,)) for f in catalogue.CATALOGUE["mnist"].files)
    monkeypatch.setitem(catalogue.CATALOGUE, "mnist", Entry("", "", files))
    (places / "own/mnist").mkdir()
    (places / "own/mnist/train-images-idx3-ubyte.gz").write_bytes(b"here")
    with pytest.raises(DataError) as caught:
        datasets.mnist()
    message = str(caught.value)
    assert f"{places}/own/mnist (from GRADUS_DATA) or {places}/cache/mnist" in message
    assert "train-labels-idx1-ubyte.gz is not here and could not be downloaded" in message
    assert f"t10k-labels-idx1-ubyte.gz  from  {NOWHERE}t10k-labels-idx1-ubyte.gz" in message
    assert "train-images" not in message
    monkeypatch.delenv("GRADUS_DATA")
    with pytest.raises(DataError, match=r"\$GRADUS_DATA/mnist \(GRADUS_DATA is not set now\)"):
        datasets.mnist()


def test_gradus_data_that_is_no_folder(places, monkeypatch):
    monkeypatch.setenv("GRADUS_DATA", str(places / "none"))
    with pytest.raises(DataError, match=r"GRADUS_DATA is .*none, which is no folder"):
        datasets.mnist()


# -- names -------------------------------------------------------------------------------------------------------------


def test_unknown_names_and_options():
    with pytest.raises(ArgumentError, match=r"no data set 'fashion_mnits'. Did you mean 'fashion_mnist'"):
        datasets.load("fashion_mnits")
    with pytest.raises(ArgumentError, match="no data set 'x'"):
        datasets.describe("x")
    with pytest.raises(ArgumentError, match=r"daily_views has no option 'hist'. Did you mean 'history'"):
        datasets.load("daily_views", hist=3)
    with pytest.raises(ArgumentError, match=r"digits has no option 'size'. It has none"):
        datasets.load("digits", size=3)
    with pytest.raises(ArgumentError, match="unknown series 'R'"):
        datasets.daily_views(series="R")
    with pytest.raises(ArgumentError, match="no variant 'big'"):
        datasets.cifar10("big")


def test_every_name_is_a_function_and_described(places):
    for name in datasets.NAMES:
        assert callable(getattr(datasets, name))
        text = str(datasets.describe(name))
        assert text.startswith(f"{name}: ") and "Licence: " in text and "\n" not in text
    assert datasets.describe("digits").here
    assert not datasets.describe("mnist").here
    assert "4 of 4 files, 11.6 MB, are downloaded at the first use" in datasets.describe("mnist").found
    assert "170.1 MB" in datasets.describe("cifar10").found


def test_texts_are_read_as_they_lie_and_sentences_come_in_turns(places):
    for folder in ("text", "sentiment"):
        (places / "own" / folder).mkdir()
    (places / "own/text/names.txt").write_text("ada\nzoë", encoding="utf-8")
    (places / "own/sentiment/rt-polarity.pos").write_text("a joy .\nso fine\n")
    (places / "own/sentiment/rt-polarity.neg").write_text("so dull\nno .\n")
    assert datasets.text("names") == "ada\nzoë"
    sentences, labels = datasets.review_sentences()
    assert sentences == ["a joy .", "so dull", "so fine", "no ."] and labels.tolist() == [1, 0, 1, 0]
    with pytest.raises(ArgumentError, match=r"there is no text 'name'. Did you mean 'names'\?"):
        datasets.text("name")


def test_cifar10_subsets_say_that_they_are(places):
    (places / "own/cifar10_tiny").mkdir()
    assert "a subset, 800 + 200 pictures" in datasets.describe("cifar10").found
    (places / "own/cifar10_jpeg").mkdir()
    assert "a subset, 5,000 + 1,000 pictures" in datasets.describe("cifar10").found
    with pytest.raises(DataError, match=r"train_5000.bin.gz cannot be read"):
        datasets.cifar10()
    (places / "own/cifar10").mkdir()
    (places / "own/cifar10/cifar-10-binary.tar.gz").write_bytes(gzip.compress(b""))
    assert "a subset" not in datasets.describe("cifar10").found


def test_files_that_do_not_belong_together(places):
    folder = places / "own/mnist"
    folder.mkdir()
    for file in catalogue.CATALOGUE["mnist"].files:
        images = "images" in file.name
        shape = [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1] if images else [0, 0, 0, 2]
        (folder / file.name).write_bytes(gzip.compress(bytes([0, 0, 8, 3 if images else 1, *shape, 7, 11])))
    with pytest.raises(DataError, match="mnist: a label is 11; labels run from 0 to 9"):
        datasets.mnist()
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 1, 7])))
    with pytest.raises(DataError, match=r"pictures of shape \(2, 1, 1, 1\) and labels of shape \(1,\)"):
        datasets.mnist()


# -- what they hold ----------------------------------------------------------------------------------------------------


def test_splits_are_fixed_whole_and_stratified():
    train, test = splits.random_rows(10)
    assert sorted([*train, *test]) == list(range(10)) and len(test) == 2
    assert test.tolist() == splits.random_rows(10)[1].tolist()
    labels = np.repeat([0, 1], [40, 10])
    train, test = splits.stratified_rows(labels)
    assert sorted([*train, *test]) == list(range(50)) and np.bincount(labels[test]).tolist() == [8, 2]


def test_digits_needs_no_files_and_no_network(places):
    train, test = datasets.digits()
    assert train.arrays[0].shape == (1438, 1, 8, 8) and test.arrays[0].shape == (359, 1, 8, 8)
    x, y = (np.concatenate(parts) for parts in zip(train.arrays, test.arrays, strict=True))
    assert x.dtype == np.float32 and x.min() == 0 and x.max() == 1 and y.dtype == np.int64
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert train.classes == test.classes == tuple("0123456789") and train.name == "digits"


def test_digits_are_those_of_scikit_learn():
    bundled = pytest.importorskip("sklearn.datasets").load_digits()
    train, test = splits.stratified_rows(bundled.target)
    for part, rows in zip(datasets.digits(), (train, test), strict=True):
        np.testing.assert_array_equal(part.arrays[0][:, 0] * 16, bundled.images[rows])
        np.testing.assert_array_equal(part.arrays[1], bundled.target[rows])


@pytest.mark.parametrize(("name", "mean", "std"), [("mnist", 0.1307, 0.3081), ("fashion_mnist", 0.2860, 0.3530)])
def test_the_mnist_family(gradus_data, name, mean, std):
    train, test = datasets.load(name)
    assert train.arrays[0].shape == (60000, 1, 28, 28) and test.arrays[0].shape == (10000, 1, 28, 28)
    assert abs(train.arrays[0].mean(dtype=np.float64) - mean) < 5e-5
    assert abs(train.arrays[0].std(dtype=np.float64) - std) < 5e-5
    assert train.arrays[0].max() == 1 and len(train.classes) == 10
    if name == "fashion_mnist":
        assert np.bincount(train.arrays[1]).tolist() == [6000] * 10
        assert np.bincount(test.arrays[1]).tolist() == [1000] * 10


def test_cifar10_subsets(gradus_data):
    train, test = datasets.cifar10("jpeg")
    assert train.arrays[0].shape == (5000, 3, 32, 32) and np.bincount(test.arrays[1]).tolist() == [100] * 10
    np.testing.assert_allclose(train.arrays[0].mean((0, 2, 3)), [0.491, 0.481, 0.444], atol=1e-3)
    np.testing.assert_allclose(train.arrays[0].std((0, 2, 3)), [0.246, 0.244, 0.262], atol=1e-3)
    tiny = datasets.cifar10("tiny")
    assert tiny.train.arrays[0].shape == (800, 3, 32, 32) and np.bincount(tiny.test.arrays[1]).tolist() == [20] * 10
    assert tiny.train.name == "cifar10 (tiny subset)" and tiny.train.classes[9] == "truck"


@pytest.mark.parametrize(
    ("name", "rows", "features", "r2"),
    [
        ("california_housing", (16512, 4128), 15, 0.64),
        ("king_county", (17290, 4323), 90, 0.85),
        ("ames_house_prices", (1168, 292), 359, 0.85),
    ],
)
def test_house_prices(gradus_data, name, rows, features, r2):
    train, test = datasets.load(name)
    assert (len(train), len(test)) == rows
    (x, y), (xt, yt) = train.arrays, test.arrays
    assert x.shape == (rows[0], features) and y.shape == (rows[0], 1) and x.dtype == y.dtype == np.float32
    check_finite(train)
    check_finite(test)
    assert train.classes is None and train.target is test.target and len(train.transform.feature_names) == features
    made = ("=", "missing", "unknown")
    numbers = [i for i, n in enumerate(train.transform.feature_names) if not any(part in n for part in made)]
    np.testing.assert_allclose(x[:, numbers].mean(0, dtype=np.float64), 0, atol=1e-5)
    np.testing.assert_allclose([y.mean(), y.std()], [0, 1], atol=1e-5)
    w = np.linalg.lstsq(np.c_[x, np.ones(len(x))], y, rcond=1e-5)[0]
    assert 1 - ((np.c_[xt, np.ones(len(xt))] @ w - yt) ** 2).mean() / yt.var() > r2


def test_predictions_turn_back_into_dollars(gradus_data):
    train, _ = datasets.king_county()
    prices = read_csv(gradus_data / "king_county/kc_house_data.csv", text=["id"])["price"][splits.random_rows(21613)[0]]
    np.testing.assert_allclose(train.target.inverse(train.arrays[1])[:, 0], prices, rtol=1e-5)
    assert {"zipcode=98178", "sale_year", "sale_month"} < set(train.transform.feature_names)
    assert not {"id", "date"} & set(train.transform.feature_names)


@pytest.mark.parametrize(
    ("name", "days", "first"),
    [("r", 2922, None), ("peyton_manning", 2964, 9.59076113897809), ("pedestrians", 1490, np.log(39230))],
)
def test_daily_views(gradus_data, name, days, first):
    train, test = datasets.daily_views(history=7, series=name)
    assert train.target.name == ("pedestrians per day" if name == "pedestrians" else "views per day")
    assert len(train) + len(test) == days - 7 and len(test) == round(0.2 * (days - 7))
    (x, y), (xt, _) = train.arrays, test.arrays
    assert x.shape == (len(train), 7) and y.shape == (len(train), 1) and x.dtype == y.dtype == np.float32
    np.testing.assert_array_equal(x[7, 6], y[6, 0])
    np.testing.assert_array_equal(xt[0, 6], y[-1, 0])
    seen = np.r_[x[0], y[:, 0]]
    np.testing.assert_allclose([seen.mean(), seen.std()], [0, 1], atol=1e-5)
    if first is not None:
        np.testing.assert_allclose(np.log(train.target.inverse(x[0, 0])), first, rtol=1e-5)


def test_days_are_ordered_by_date_and_missing_ones_filled():
    table = gradus.data.Table(
        {"ds": ["2020-03-01", "2020-02-27", "2020-02-28", "2020-03-03"], "y": [3.0, 0.0, 1.0, None]}
    )
    np.testing.assert_allclose(np.log(series.every_day(table, logarithms=True)), [0, 1, 2, 3])
    counts = table.assign(y=[8.0, 1.0, 2.0, 8.0])
    np.testing.assert_allclose(series.every_day(counts, logarithms=False), [1, 2, 4, 8, 8, 8])


@pytest.mark.parametrize(
    "columns",
    [
        {"ds": ["2020-01-01", "2020-01-01"], "y": [1.0, 2.0]},
        {"ds": ["2020-01-01", "soon"], "y": [1.0, 2.0]},
        {"ds": ["2020-01-01", None], "y": [1.0, 2.0]},
        {"ds": ["2020-01-01", "2020-01-02"], "y": [1.0, 0.0]},
        {"ds": ["2020-01-01", "2020-01-02"], "y": ["many", "more"]},
        {"ds": ["2020-01-01", "99999999-01-01"], "y": [1.0, 2.0]},
    ],
)
def test_what_is_no_daily_series(columns):
    with pytest.raises(DataError):
        series.every_day(gradus.data.Table(columns), logarithms=False)


@pytest.mark.parametrize("history", [0, -1, 2920])
def test_a_history_that_leaves_no_rows(gradus_data, history):
    with pytest.raises(ArgumentError, match="history must be from 1 to 2917 days"):
        datasets.daily_views(history=history)


def test_a_table_of_two_rows_has_a_row_in_each_part(places):
    folder = places / "own" / "california_housing"
    folder.mkdir(parents=True)
    columns = "rooms,ocean_proximity,median_house_value"
    (folder / "housing.csv").write_text(f"{columns}\n3,INLAND,100\n4,ISLAND,200\n")
    assert [len(part) for part in datasets.california_housing()] == [1, 1]
    (folder / "housing.csv").write_text(f"{columns}\n3,INLAND,100\n")
    with pytest.raises(DataError, match="california_housing has 1 row, but needs one to learn from and one to test"):
        datasets.california_housing()
