"""Odd input to `gradus.data`, and to counts of operations: refused by what is wrong, and never a wrong number."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import gradus
from gradus import data, distributions
from gradus.data import BytePairs, DataLoader, Sequences, Standardizer, Table, TableTransform, Vocabulary
from gradus.errors import GradusError

TOKENS = Vocabulary([["a", "b", "a"]])
PAIRS = BytePairs.train("the cat sat on the mat", 4)
TABLE = Table({"n": [1.0, 2.0, 3.0], "k": ["x", None, "y"]})
X = gradus.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
BYTES = gradus.tensor([1, 2], dtype=gradus.uint8)


class Listed(data.IterableDataset):
    def __iter__(self):
        return [1, 2]


class Forgotten(data.IterableDataset):
    def __iter__(self):
        pass


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: TOKENS.decode([4.5]), "whole numbers"),
        (lambda: TOKENS.decode([[4, 5]]), "whole numbers"),
        (lambda: TOKENS.decode(None), "whole numbers"),
        (lambda: TOKENS.encode(None), "one list of tokens"),
        (lambda: TOKENS.encode([["a"]]), "one list of tokens"),
        (lambda: Vocabulary(None), "lists of tokens, got None"),
        (lambda: Vocabulary([5]), "lists of tokens, got 5"),
        (lambda: PAIRS.decode([65.5]), "whole numbers"),
        (lambda: PAIRS.decode("abc"), "whole numbers"),
        (lambda: BytePairs.train(None, 5), "takes a text, got a NoneType"),
        (lambda: BytePairs.train([["a"]], 5), "takes a text, got a list"),
        (lambda: data.words(None), "words: takes a text"),
        (lambda: data.words(["a b"]), "words: takes a text"),
        (lambda: data.characters(5), "characters: takes a text"),
        (lambda: Sequences([[1, 2], [3]], fill=0.5), "fill is a number of int64"),
        (lambda: Sequences([[1, 2], [3]], fill="x"), "fill must hold numbers"),
        (lambda: data.random_split([1, 2], ["a", "b"]), "several numbers"),
        (lambda: data.RandomSampler(5), "anything with a length, got 5"),
        (lambda: data.SequentialSampler(None), "anything with a length, got None"),
        (lambda: data.RandomSampler([1, 2], 2), "replacement is True or False"),
        (lambda: data.WeightedRandomSampler("ab", 2), "weights must hold numbers"),
        (lambda: data.StratifiedBatchSampler([1, "1"], 2), "all numbers or all texts"),
        (lambda: DataLoader([1], num_workers=1, multiprocessing_context=5), "multiprocessing_context is one of spawn"),
        (lambda: list(DataLoader(Listed())), "Listed could not be begun.*iterator"),
        (lambda: list(DataLoader(Forgotten(), num_workers=1)), "Forgotten could not be begun.*iterator"),
        (lambda: data.collate([1, 2**70]), r"sample 1 is of the type int"),
        (lambda: data.collate([dt.date(2024, 1, 1)]), "sample 0 is of the type date"),
        (lambda: Table({"a": 5}), "column 'a' is made of the values of its rows, got 5"),
        (lambda: Table({"a": "abc"}), "column 'a' is made of the values of its rows"),
        (lambda: TABLE.rows([9]), "table of 3 rows has none at"),
        (lambda: TABLE.rows("n"), "table of 3 rows has none at"),
        (lambda: TABLE.rows([True]), "table of 3 rows has none at"),
        (lambda: TABLE[["n", "k"]], "by its name.*table.select"),
        (lambda: TABLE.drop(["n"]), "by its name"),
        (lambda: TABLE.select(["n"]), "by its name"),
        (lambda: Standardizer.fit("a"), "must hold numbers"),
        (lambda: Standardizer.fit([]), "holds no numbers"),
        (lambda: Standardizer.fit([1.0, 2.0]).transform("a"), "must hold numbers"),
        (lambda: data.read_csv(None), "given by its path, got None"),
        (lambda: data.read_texts(None), "a folder is given by its path, got None"),
        (lambda: data.ImageFolder(None), "a folder is given by its path, got None"),
        (lambda: data.read_image_folder(5), "a folder is given by its path, got 5"),
        (lambda: data.read_csv("t.csv", dates=["day"]), "dates gives columns their form"),
        (lambda: data.read_csv("t.csv", dates={"day": 5}), "dates gives columns their form"),
        (lambda: data.read_csv("t.csv", text=5), "text is one text or several"),
        (lambda: data.read_csv("t.csv", missing=-999), "missing is one text or several"),
        (lambda: data.read_csv("t.csv", na_values=[-999]), "'-999', not -999"),
        (lambda: data.read_csv("t.csv", names=["a"]), "header="),
        (lambda: distributions.Independent("a", 1), "made of a distribution"),
        (lambda: distributions.Normal(0.0, 1.0).sample((2.5,)), "is no shape"),
        (lambda: gradus.zeros((2.5,)), "is no shape"),
        (lambda: gradus.ones("23"), "is no shape"),
        (lambda: gradus.linspace(0, 1, 2.5), "must be an integer of 0 or more, got 2.5"),
        (lambda: gradus.rot90(X, 1.5), "is an integer, got 1.5"),
        (lambda: gradus.tril(X, 0.5), "is an integer, got 0.5"),
        (lambda: gradus.triu(X, 0.5), "is an integer, got 0.5"),
        (lambda: gradus.tile(X, 2.5), "is an integer, got 2.5"),
        (lambda: gradus.topk(X, 1.5), "is an integer, got 1.5"),
        (lambda: gradus.roll(X, 1.5, 1), "is an integer"),
        (lambda: gradus.kthvalue(X, 1.5), "is an integer"),
        (lambda: gradus.narrow(X, 0, 0.5, 1), "is an integer"),
        (lambda: gradus.chunk(X, 1.5), "is an integer, got 1.5"),
        (lambda: gradus.diff(X, n=1.5), "is an integer, got 1.5"),
        (lambda: gradus.pad(gradus.tensor([1.0]), [(1.5, 0)]), "is an integer, got 1.5"),
        (lambda: gradus.pad(BYTES, 1, value=-1), "-1 is no number of uint8"),
        (lambda: data.pad_sequence([BYTES, BYTES[:1]], padding_value=300), "300 is no number of uint8"),
        (lambda: gradus.tril_indices(3, 4, -1), r"PyTorch's .* tril_indices\(3, -1, 4\)|here tril_indices"),
        (lambda: gradus.tensor([-1], dtype=gradus.uint8), "-1 is no number of uint8"),
        (lambda: gradus.tensor([[1, 300]], dtype=gradus.int8), "300 is no number of int8"),
        (lambda: gradus.tensor([2.5e10], dtype=gradus.int32), "is no number of int32"),
        (lambda: gradus.tensor([float("nan")], dtype=gradus.int64), "nan is no number of int64"),
    ],
)
def test_what_is_odd_is_refused_by_its_name(call, said) -> None:
    with pytest.raises(GradusError, match=said):
        call()


def test_an_array_is_wrapped_around_as_numpy_does() -> None:
    assert gradus.tensor(np.array([-1, 300]), dtype=gradus.uint8).tolist() == [255, 44]
    assert gradus.tensor([255, 0], dtype=gradus.uint8).tolist() == [255, 0]
    assert gradus.tensor([2**63], dtype=gradus.uint64).tolist() == [2**63]
    assert gradus.tensor([1.5, -1.5], dtype=gradus.int32).tolist() == [1, -1]


def test_weights_of_any_size_are_shares() -> None:
    for size in (1e308, 1.0, 1e-310):
        drawn = data.WeightedRandomSampler([size, size, 0.0], 200).order(0)
        assert set(drawn.tolist()) == {0, 1}


@pytest.mark.parametrize("size", [1e200, 1e-200, 1e300, 1.0])
def test_numbers_of_any_size_are_standardised(size) -> None:
    values = np.array([1.0, 2.0, 4.0]) * size
    expected = (np.array([1.0, 2.0, 4.0]) - 7 / 3) / np.std([1.0, 2.0, 4.0])
    np.testing.assert_allclose(TableTransform().fit_transform({"a": values})[:, 0], expected, rtol=1e-6)
    scale = Standardizer.fit(values)
    np.testing.assert_allclose(scale.transform(values), expected, rtol=1e-6)
    np.testing.assert_allclose(scale.inverse(scale.transform(values).astype(float)), values, rtol=1e-6)


def test_any_text_comes_back_from_a_file(tmp_path) -> None:
    table = Table({"a": ["x\ry", "z\nw", 'q"r', "u\r\nv", "s,t"], "b\rc": ["v", "w", "x", "y", "z"]})
    for name in ("t.csv", "t.csv.gz"):
        data.write_csv(table, tmp_path / name)
        found = data.read_csv(tmp_path / name)
        assert found.names == table.names
        assert all(found[column].tolist() == table[column].tolist() for column in table.names)
    with pytest.raises(GradusError, match=r"cannot be written: '\\ud800' is no character"):
        data.write_csv(Table({"a": ["\ud800"]}), tmp_path / "none.csv")
    assert not (tmp_path / "none.csv").exists()


def test_a_table_is_gone_through_as_a_dict() -> None:
    assert list(TABLE) == ["n", "k"]
    assert TABLE.rows(-1)["n"].tolist() == [3.0]
    assert TABLE.rows(gradus.tensor([2, 0]))["k"].tolist() == ["y", "x"]
    assert TABLE.rows([True, False, True])["n"].tolist() == [1.0, 3.0]
    assert len(TABLE.rows([])) == 0


def test_extended_precision_makes_no_batch() -> None:
    wide = np.zeros(2, np.longdouble)
    if wide.dtype == np.float64:
        assert data.collate([wide]).dtype == gradus.float64
    else:
        with pytest.raises(GradusError, match="sample 0 is of the type ndarray"):
            data.collate([wide])
