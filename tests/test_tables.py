"""Tables, and what makes numbers of them for a model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradus
from gradus.data import Standardizer, Table, TableTransform
from gradus.errors import ArgumentError, DataError


@pytest.fixture
def homes():
    return Table(
        {"rooms": [1, 3, None, 4], "kind": ["flat", "house", None, "flat"], "size": np.array([10.0, 30, 20, 40])}
    )


def test_columns_of_numbers_and_text(homes):
    assert homes.names == ("rooms", "kind", "size") and len(homes) == 4 and "kind" in homes
    np.testing.assert_array_equal(homes["rooms"], [1, 3, np.nan, 4])
    assert homes.texts("rooms").tolist() == ["1", "3", None, "4"]
    assert homes.is_text("kind") and not homes.is_text("rooms")
    with pytest.raises(DataError, match=r"no column 'room'. Did you mean 'rooms'"):
        homes["room"]
    with pytest.raises(DataError, match=r"column 'kind' must hold numbers, but row 0 .* holds 'flat'"):
        homes.numbers("kind")


def test_tables_from_tables(homes):
    assert homes.select("size", "rooms").names == ("size", "rooms")
    assert homes.drop("kind").names == ("rooms", "size")
    assert homes.rename({"kind": "type"}).names == ("rooms", "type", "size")
    assert homes.assign(size=[1, 2, 3, 4], age=[0, 0, 0, 0]).names == ("rooms", "kind", "size", "age")
    assert homes.rows([3, 0])["size"].tolist() == [40, 10] and len(homes.head(2)) == 2
    assert homes.rows(homes["size"] > 15)["size"].tolist() == [30, 20, 40]
    for wrong in (lambda: homes.drop("x"), lambda: homes.select("x"), lambda: homes.rename({"x": "y"})):
        with pytest.raises(DataError, match="no column 'x'"):
            wrong()
    with pytest.raises(ArgumentError, match="one name"):
        homes.rename({"kind": "size"})


@pytest.mark.parametrize(
    "columns", [{}, {"a": [1], "b": [1, 2]}, {"a": [1, "x"]}, {"a": [object()]}, {"a": np.zeros((2, 2))}]
)
def test_what_is_no_table(columns):
    with pytest.raises(DataError):
        Table(columns)


def test_a_long_table_is_printed_in_part():
    text = repr(Table({f"column number {i}": range(9) for i in range(8)}))
    assert text.count("\n") == 8 and text.endswith("9 rows x 8 columns") and "column numb..." in text


# -- TableTransform ----------------------------------------------------------------------------------------------------


def test_the_features_of_the_training_part(homes):
    transform = TableTransform().fit(homes)
    assert transform.feature_names == (
        "rooms", "rooms missing", "kind=flat", "kind=house", "kind missing", "size",
    )  # fmt: skip
    x = transform.transform(homes)
    assert x.dtype == np.float32 and x.shape == (4, 6)
    rooms = (np.array([1, 3, 8 / 3, 4]) - 8 / 3) / np.std([1, 3, 4])
    np.testing.assert_allclose(x[:, 0], rooms, atol=1e-6)
    np.testing.assert_array_equal(x[:, 1:5], [[0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 0, 0]])
    np.testing.assert_allclose([x[:, 5].mean(), x[:, 5].std()], [0, 1], atol=1e-6)


def test_new_rows_are_measured_by_the_training_part(homes):
    transform = TableTransform().fit(homes)
    new = Table({"more": [0], "size": [25], "rooms": [None], "kind": ["tent"]})
    np.testing.assert_array_equal(transform.transform(new), [[0, 1, 0, 0, 0, 0]])
    full = TableTransform().fit(homes.rows([0, 1]))
    assert full.feature_names == ("rooms", "kind=flat", "kind=house", "size")
    np.testing.assert_array_equal(full.transform(homes.rows([2])), [[0, 0, 0, 0]])


def test_text_that_looks_like_numbers_is_known_again():
    transform = TableTransform().fit(Table({"zip": ["98178", "98125"]}))
    assert transform.transform(Table({"zip": [98125.0, None]})).tolist() == [[1, 0], [0, 0]]


def test_constant_and_empty_columns():
    table = Table({"same": [0.1] * 3, "none": [None] * 3})
    transform = TableTransform().fit(table)
    assert transform.feature_names == ("same", "none", "none missing")
    np.testing.assert_allclose(transform.transform(table), [[0, 0, 1]] * 3, atol=1e-6)
    np.testing.assert_allclose(transform.transform(Table({"same": [1.1], "none": [2]})), [[1, 2, 0]], atol=1e-6)


def test_what_a_transform_refuses(homes):
    with pytest.raises(DataError, match="not fitted"):
        TableTransform().transform(homes)
    with pytest.raises(DataError, match=r"column 'kind' holds 2 different texts \(flat, house, ...\), more than max"):
        TableTransform(max_categories=1).fit(homes)
    with pytest.raises(ArgumentError, match="max_categories"):
        TableTransform(max_categories=0)
    with pytest.raises(DataError, match="without rows"):
        TableTransform().fit(homes.head(0))
    transform = TableTransform().fit(homes)
    with pytest.raises(DataError, match="no column 'size'"):
        transform.transform(homes.drop("size"))
    with pytest.raises(DataError, match=r"'size' must hold numbers, but row 1 .*'big'"):
        transform.transform(homes.assign(size=["1", "big", "2", "3"]))
    with pytest.raises(DataError, match="'size' is infinite in row 2"):
        transform.transform(homes.assign(size=[1, 2, float("inf"), 3]))
    with pytest.raises(DataError, match="infinite"):
        TableTransform().fit(homes.assign(size=[1, 2, float("inf"), 3]))


def test_json_keeps_all(homes):
    transform = TableTransform(max_categories=7).fit(homes.assign(kind=["flät", '"', None, "flät"]))
    again = TableTransform.from_json(transform.to_json())
    assert again.columns == transform.columns and again.max_categories == 7
    np.testing.assert_array_equal(again.transform(homes), transform.transform(homes))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"max_categories": 3, "columns": [{"kind": "number"}]}', "3"])
def test_json_of_something_else(text):
    with pytest.raises(DataError, match="no TableTransform"):
        TableTransform.from_json(text)
    with pytest.raises(DataError, match="no Standardizer"):
        Standardizer.from_json(text or "{")


# -- Standardizer ------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(y=st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=20), log=st.booleans())
def test_inverse_undoes_transform(y, log):
    scale = Standardizer.fit(y, log=log, name="price")
    z = scale.transform(y)
    assert z.dtype == np.float32
    np.testing.assert_allclose(scale.inverse(z), y, rtol=1e-4, atol=1e-5 * max(y))
    np.testing.assert_allclose(scale.inverse(gradus.tensor(z)).numpy(), scale.inverse(z), rtol=1e-4, atol=1e-5 * max(y))
    assert Standardizer.from_json(scale.to_json()) == scale


def test_what_is_standardised():
    assert (Standardizer.fit([1, 3]).mean, Standardizer.fit([1, 3]).std) == (2, 1)
    assert Standardizer.fit([5.0, 5.0]).std == 1
    np.testing.assert_allclose(Standardizer.fit([1.0, np.e**2], log=True).mean, 1)


def test_targets_that_cannot_be_standardised():
    with pytest.raises(DataError, match=r"price must be above 0 for a logarithm; number \[1\] is 0"):
        Standardizer.fit([1, 0], log=True, name="price")
    with pytest.raises(DataError, match="not finite"):
        Standardizer.fit([1, np.nan])
