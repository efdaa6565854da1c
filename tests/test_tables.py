"""Tables, and what makes numbers of them for a model."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradus
from gradus.data import Standardizer, Table, TableTransform
from gradus.errors import ArgumentError, DataError, DataWarning, OptionError


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


def test_a_table_is_made_of_records_frames_and_named_fields():
    records = [{"rooms": 3, "kind": "flat"}, {"kind": None, "sold": True}]
    assert repr(Table(records)) == repr(Table({"rooms": [3, None], "kind": ["flat", None], "sold": [None, 1]}))
    fields = np.array([(1, 2.5), (3, 4.5)], dtype=[("a", int), ("b", float)])
    assert Table(fields).names == ("a", "b") and Table(fields)["b"].tolist() == [2.5, 4.5]
    table = Table(records)
    assert Table(table)["kind"] is table["kind"]

    class NAType:
        """What pandas has for a missing value: it answers no question."""

        def __bool__(self):
            raise TypeError

        def __eq__(self, other):
            return self

        __ne__, __hash__ = __eq__, object.__hash__

    class Frame(dict):
        """What a DataFrame is asked."""

        columns = ("a", 1, "c")

    frame = Frame(
        {"a": np.array([1, NAType()], object), 1: ["x", float("nan")], "c": np.array(["2024-05-01", "NaT"], "M8[ns]")}
    )
    made = Table(frame)
    assert made.names == ("a", "1", "c") and made.texts("c").tolist() == ["2024-05-01", None]
    assert made.texts("a").tolist() == ["1", None] and made["1"].tolist() == ["x", None]


def test_dates_in_a_table():
    zone = dt.timezone(dt.timedelta(hours=2))
    table = Table(
        {"d": [dt.date(2024, 5, 1), None], "t": [dt.datetime(2024, 5, 1, 1, tzinfo=zone), None], "x": ["a", None]}
    )
    assert table.is_date("d") and not table.is_text("d") and not table.is_date("x")
    assert table.texts("d").tolist() == ["2024-05-01", None] and table.texts("t")[0] == "2024-04-30T23:00:00"
    assert np.isnat(table.dates("d")[1]) and table.dates("d").dtype == "datetime64[us]"
    with pytest.raises(DataError, match=r"'d' must hold numbers, but holds dates, as 2024-05-01"):
        table.numbers("d")
    with pytest.raises(DataError, match=r"'x' must hold dates, but row 0 .*'a'"):
        table.dates("x")
    with pytest.raises(DataError, match=r"'x' must hold dates, but its days and months .*dates=\{'x': '%d/%m/%Y'\}"):
        Table({"x": ["1/2/2020"]}).dates("x")
    with pytest.raises(DataError, match="'n' must hold dates, but row 0"):
        Table({"n": [1.0]}).dates("n")


def test_texts_that_spell_numbers_are_numbers_when_asked():
    assert Table({"a": ["01", "2.5", None]}).numbers("a").tolist()[:2] == [1, 2.5]


@pytest.mark.parametrize("values", [[2**53 + 1, 1], np.array([2**53 + 1, 1]), [2**70 + 1, None], [10**400, 1]])
def test_whole_numbers_that_would_be_rounded_become_text(values):
    with pytest.warns(DataWarning, match="'id' holds whole numbers with more digits than a float64 holds"):
        table = Table({"id": values})
    assert table["id"][0] == str(values[0]) and table.is_text("id")
    assert Table({"id": [2**60, -(2**53)]})["id"].tolist() == [2.0**60, -(2.0**53)]


@pytest.mark.parametrize(
    "columns",
    [{}, {"a": [1], "b": [1, 2]}, {"a": [1, "x"]}, {"a": [object()]}, {"a": np.zeros((2, 2))}, [], [1], "a,b", None, 3],
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
        "rooms", "rooms missing", "kind=flat", "kind=house", "kind unknown", "kind missing", "size",
    )  # fmt: skip
    x = transform.transform(homes)
    assert x.dtype == np.float32 and x.shape == (4, 7)
    rooms = (np.array([1, 3, 8 / 3, 4]) - 8 / 3) / np.std([1, 3, 4])
    np.testing.assert_allclose(x[:, 0], rooms, atol=1e-6)
    np.testing.assert_array_equal(x[:, 1:6], [[0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [1, 0, 0, 0, 1], [0, 1, 0, 0, 0]])
    np.testing.assert_allclose([x[:, 6].mean(), x[:, 6].std()], [0, 1], atol=1e-6)
    np.testing.assert_array_equal(TableTransform().fit_transform(homes), x)


def test_new_rows_are_measured_by_the_training_part(homes):
    transform = TableTransform().fit(homes)
    new = Table({"more": [0], "size": [25], "rooms": [None], "kind": [None]})
    np.testing.assert_array_equal(transform.transform(new), [[0, 1, 0, 0, 0, 1, 0]])
    full = TableTransform().fit(homes.rows([0, 1]))
    assert full.feature_names == ("rooms", "kind=flat", "kind=house", "kind unknown", "size")
    np.testing.assert_array_equal(full.transform(homes.rows([2])), [[0, 0, 0, 0, 0]])


def test_what_scikit_learn_calls_it_is_told(homes):
    transform = TableTransform().fit({"a": [1, 3]})  # what makes a table is as good as one
    assert transform.transform([{"a": 5}]).tolist() == [[3]]
    with pytest.raises(AttributeError, match=r"Write instead: transform.feature_names"):
        transform.get_feature_names_out()
    with pytest.raises(AttributeError, match="does not go back"):
        transform.inverse_transform([[0]])
    with pytest.raises(OptionError, match="a place of its own, and is counted"):
        TableTransform(handle_unknown="ignore")
    with pytest.raises(AttributeError, match=r"Write instead: gradus\.data\.TableTransform"):
        gradus.data.OneHotEncoder()
    with pytest.raises(AttributeError, match=r"Write instead: gradus\.data\.write_csv"):
        homes.to_csv("a.csv")
    assert TableTransform(min_frequency=2).min_count == 2


def test_unknown_categories_have_a_place_and_are_counted(homes):
    transform = TableTransform().fit(homes.assign(town=["A", "B", "A", "A"]))
    new = homes.assign(kind=["tent", "flat", "tent", None], town=["A", "C", "D", "E"])
    assert transform.unknown(new) == {"kind": {"tent": 2}, "town": {"C": 1, "D": 1, "E": 1}}
    said = r"'kind' in 2 of 4 rows \('tent'\); column 'town' in 3 of 4 rows \('C', 'D', 'E'\)"
    with pytest.warns(DataWarning, match=said) as caught:
        x = transform.transform(new)
    assert len(caught) == 1 and caught[0].filename == __file__
    place = dict(zip(transform.feature_names, x.T.tolist(), strict=True))
    assert place["kind unknown"] == [1, 0, 1, 0] and place["town unknown"] == [0, 1, 1, 1]
    assert place["kind missing"] == [0, 0, 0, 1] and place["kind=flat"] == [0, 1, 0, 0]
    np.testing.assert_array_equal(transform.transform(new, aloud=False), x)


def test_rare_categories_share_the_place_of_the_unknown():
    table = Table({"kind": ["flat", "house", "flat", "hut"]})
    transform = TableTransform(max_categories=1, min_count=2).fit(table)
    assert transform.feature_names == ("kind=flat", "kind unknown")
    assert transform.transform(table).tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]  # they are known to be rare
    again = TableTransform.from_json(transform.to_json())
    assert again.min_count == 2 and again.columns == transform.columns


OLD = """{"max_categories": 9, "columns": [
{"kind": "number", "name": "rooms", "mean": 2.0, "std": 2.0, "missing": true},
{"kind": "text", "name": "kind", "categories": ["flat", "house"], "missing": true},
{"kind": "text", "name": "sold", "categories": ["False", "True"], "missing": false}]}"""


def test_transforms_saved_before_there_was_a_place_for_the_unknown():
    transform = TableTransform.from_json(OLD)
    assert len(transform.feature_names) == 7
    table = Table({"rooms": [4.0, None], "kind": ["tent", None], "sold": [1.0, 0.0]})
    with pytest.warns(DataWarning, match="'kind' in 1 of 2 rows"):
        x = transform.transform(table)
    assert x.tolist() == [[1, 0, 0, 0, 0, 0, 1], [0, 1, 0, 0, 1, 1, 0]]


def test_dates_become_days_months_weekdays_and_hours():
    table = Table({"day": ["2024-02-29", "2024-03-02", None]})
    days = Table({"day": table.dates("day")})
    transform = TableTransform().fit(days)
    names, x = transform.feature_names, transform.transform(days)
    assert (
        names[:2] == ("day", "day month=1") and names[-2:] == ("day weekday=Sunday", "day missing") and len(names) == 21
    )
    ones = [[names[i] for i in np.flatnonzero(row == 1) if i] for row in x]
    assert ones == [["day month=2", "day weekday=Thursday"], ["day month=3", "day weekday=Saturday"], ["day missing"]]
    assert x[:, 0].tolist() == [-1, 1, 0] and np.count_nonzero(x[:, 1:]) == 5
    np.testing.assert_array_equal(transform.transform(table), x)  # texts that spell dates
    assert TableTransform.from_json(transform.to_json()).columns == transform.columns
    hours = TableTransform().fit(Table({"at": [np.datetime64("1969-12-31T18:00"), np.datetime64("1970-01-01T00:00")]}))
    assert hours.feature_names[-2:] == ("at hour sine", "at hour cosine")
    x = hours.transform(Table({"at": ["1969-12-31T18:00:00", "1970-01-01"]}))
    np.testing.assert_allclose(x[:, -2:], [[-1, 0], [0, 1]], atol=1e-6)
    assert (
        x[0, hours.feature_names.index("at weekday=Wednesday")] == x[0, hours.feature_names.index("at month=12")] == 1
    )


def test_text_that_looks_like_numbers_is_known_again():
    transform = TableTransform().fit(Table({"zip": ["98178", "98125"]}))
    assert transform.transform(Table({"zip": [98125.0, None]})).tolist() == [[1, 0, 0], [0, 0, 0]]


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
    known = homes.assign(kind=['"', "flät", None, "flät"])
    np.testing.assert_array_equal(again.transform(known), transform.transform(known))


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
