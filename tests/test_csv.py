"""CSV files as people have them: what is read, what is said of it, and what is refused."""

from __future__ import annotations

import csv
import gzip
import warnings
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradus.data import Table, read_csv, write_csv
from gradus.data.readers._decode import _decoded
from gradus.errors import ArgumentError, DataError, DataWarning, OptionError


@pytest.fixture
def read(tmp_path):
    """What a file of such content holds, and what is said of it: nothing, unless it is asked for."""

    def reader(content, told=None, **options):
        path = tmp_path / "homes.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            table = read_csv(path, **options)
        said = [str(w.message) for w in caught]
        assert len(said) == (told is not None), said
        for words in [told] * isinstance(told, str) if not isinstance(told, list) else told:
            assert words in said[0], said[0]
        assert all(w.category is DataWarning and w.filename == __file__ for w in caught)
        return {name: table.texts(name).tolist() for name in table.names}, table

    return reader


def test_numbers_text_and_missing_values(read):
    text = '\ufeffrooms,price,kind,"a ""quoted, name""",empty\n3,1.225e+006,flat,"one\ntwo",\n\n'
    text += 'NA,nan,,"x,y",NA\n -1 ,7,N/A,3,\n'
    _, table = read(text)
    assert table.names == ("rooms", "price", "kind", 'a "quoted, name"', "empty")
    np.testing.assert_array_equal(table["rooms"], [3, np.nan, -1])
    np.testing.assert_array_equal(table["price"], [1225000, np.nan, 7])
    assert table["kind"].tolist() == ["flat", None, None]
    assert table['a "quoted, name"'].tolist() == ["one\ntwo", "x,y", "3"]
    assert np.isnan(table["empty"]).all() and table["empty"].dtype == np.float64


def test_options(read):
    content = gzip.compress(b"code;n\r\n01;?\r\n2;5\r\n", mtime=0)
    _, table = read(content, text=["code"], missing={"?"}, delimiter=";")
    assert table["code"].tolist() == ["01", "2"] and np.isnan(table["n"][0])
    with pytest.raises(DataError, match=r"has no column 'cod'. Did you mean 'code'"):
        read(content, text=["cod"], delimiter=";")
    with pytest.raises(DataError, match=r"has no column 'day'"):
        read(content, dates={"day": "%d"})


def test_a_number_may_stand_for_a_missing_value(read):
    for content in ("a,b\n1,x\n-999,y\n", "a,b\n1,x\n-999,y\n,z\n", "a,b\n1,x\n-999,y\n2,z,\n"):
        assert read(content, missing="-999")[0]["a"][1] is None
    assert read("a,b\n-999,1\n-999.0,2\n", missing="-999")[0]["a"] == [None, "-999"]  # as it stands in the file


def test_rows_that_are_all_the_same(read):
    told = "no line names the columns"
    assert read("1,5\n1,5\n", told)[0] == {"column 1": ["1", "1"], "column 2": ["5", "5"]}
    assert read("a,5\na,5\n", told)[0] == {"column 1": ["a", "a"], "column 2": ["5", "5"]}
    with pytest.raises(DataError, match="holds a header and no rows"):
        read("1,5\n1,5\n", header=True)


@pytest.mark.parametrize(
    "options",
    [{"header": 0}, {"header": "a"}, {"decimal": ";"}, {"comment": ""},
     {"comment": '"'}, {"skip": -1}, {"skip": "a"}, {"encoding": "utf-9"},
     {"encoding": "hex"}, {"encoding": 8}],
)  # fmt: skip
def test_options_that_mean_nothing(read, options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        read("a,b\n1,2\n", **options)


def test_options_by_the_names_of_pandas(read):
    content = "x\na;b\n01;?\n02;\n"
    assert read(content, sep=";", skiprows=1, na_values="?", text="a")[0] == {"a": ["01", "02"], "b": [None, None]}
    for option in ("dtype", "parse_dates", "index_col", "usecols", "nrows", "thousands", "quotechar"):
        with pytest.raises(OptionError, match=f"there is no option '{option}'. (Write instead|Leave it out): "):
            read(content, **{option: 7})


def test_what_stands_for_missing_is_added_to_the_usual_words_or_is_all(read):
    content = "a,b\nNA,?\n1,2\n"
    for option in ({"na_values": "?"}, {"na_values": ["?"], "keep_default_na": True}, {"missing": ["?", ...]}):
        assert read(content, **option)[0] == {"a": [None, "1"], "b": [None, "2"]}
    assert read(content, missing="?")[0] == {"a": ["NA", "1"], "b": [None, "2"]}
    with pytest.raises(OptionError, match=r"no option 'keep_default_na'. Write instead: missing=\[\.\.\.\], which are"):
        read(content, na_values="?", keep_default_na=False)
    with pytest.raises(ArgumentError, match="missing is one text or several"):
        read(content, na_values={"b": "?"})


def test_underscores_make_no_number(read):
    assert read("a\n1_000\n")[1]["a"].tolist() == ["1_000"]


RUSSIAN = "name,city\nЮлия,Москва\n"

# What is found without a word: the content, and its columns as text.
PLAIN = [
    ("a\tb\n1\tx\n", {"a": ["1"], "b": ["x"]}),
    ("a|b\n1|x\n", {"a": ["1"], "b": ["x"]}),
    ("a,b\r1,2\r3,4\r", {"a": ["1", "3"], "b": ["2", "4"]}),  # lines end with CR
    ("a,b\r\n1,2\r\n\r\n3,4\r\n", {"a": ["1", "3"], "b": ["2", "4"]}),
    ('a\tb\n"x\ty"\t2\n', {"a": ["x\ty"], "b": ["2"]}),
    ("sep=;\na;b\n1;2\n", {"a": ["1"], "b": ["2"]}),  # as Excel writes it
    ("a;b\n1,5;2,25\n3,5;1\n", {"a": ["1.5", "3.5"], "b": ["2.25", "1"]}),
    ("a;b\n0.234;x\n2.345;y\n", {"a": ["0.234", "2.345"], "b": ["x", "y"]}),  # 0.234 is no thousand
    ("n;p\nA;3,00\nB;1,25\n", {"n": ["A", "B"], "p": ["3", "1.25"]}),  # commas cut the rows, too, but not the header
    ("a,b,\n1,2,\n3,4,\n", {"a": ["1", "3"], "b": ["2", "4"]}),
    ("a,b\n1,2,\n3,4,\n", {"a": ["1", "3"], "b": ["2", "4"]}),
    ("a,b\n1,2,,,\n3,4,,,\n", {"a": ["1", "3"], "b": ["2", "4"]}),
    ("a,b,,\n1,2\n3,4\n", {"a": ["1", "3"], "b": ["2", "4"]}),
    ("a,b\n1,2\n,\n , \n", {"a": ["1"], "b": ["2"]}),
    ("a,b\n,2\n,\n3,4\n", {"a": [None, None, "3"], "b": ["2", None, "4"]}),
    ("a\n1\n\n2\n", {"a": ["1", "2"]}),
    ('a\n1\n""\n2\n', {"a": ["1", None, "2"]}),
    ("a, b\n1, \"x, y\"\n", {"a": ["1"], "b": ["x, y"]}),
    ("a,b\nNone,x\n3,<NA>\n", {"a": [None, "3"], "b": ["x", None]}),
    ("a,b,c\nTrue,TRUE,yes\nfalse,,no\n", {"a": ["1", "0"], "b": ["1", None], "c": ["yes", "no"]}),
    ("a,b\n1e5,inf\n2,-inf\n", {"a": ["100000", "2"], "b": ["inf", "-inf"]}),
    ("land,2019,2020\nA,1.5,2.5\nB,2.5,3.5\n", {"land": ["A", "B"], "2019": ["1.5", "2.5"], "2020": ["2.5", "3.5"]}),
    ("0,1,2,3\n.1,.2,.3,.4\n", {"0": ["0.1"], "1": ["0.2"], "2": ["0.3"], "3": ["0.4"]}),  # a DataFrame of an array
    ("a,b\n1,é\n".encode("utf-16"), {"a": ["1"], "b": ["é"]}),
    ("a,b\n1,é\n".encode("utf-16-le"), {"a": ["1"], "b": ["é"]}),
    ("a,b\n1,é\n".encode("utf-16-be"), {"a": ["1"], "b": ["é"]}),
    ("a,b\n1,é\n".encode("utf-32"), {"a": ["1"], "b": ["é"]}),
]  # fmt: skip


@pytest.mark.parametrize(("content", "columns"), PLAIN)
def test_what_is_found_without_a_word(read, content, columns):
    assert read(content)[0] == columns


# What is guessed, or left out: the content, what is said, and its columns as text.
TOLD = [
    (",a,b\n0,1,x\n1,2,y\n", "numbers of rows: it is left out", {"a": ["1", "2"], "b": ["x", "y"]}),  # as pandas
    (",a\nMazda,1\nFiat,2\n", "is called 'index'", {"index": ["Mazda", "Fiat"], "a": ["1", "2"]}),
    ("mpg,cyl\nMazda,21,6\nFiat,32,4\n", "is called 'index'",
     {"index": ["Mazda", "Fiat"], "mpg": ["21", "32"], "cyl": ["6", "4"]}),  # as R
    ("a,a,b,a.1\n1,2,3,4\n", "column 2 is called 'a.2'", {"a": ["1"], "a.2": ["2"], "b": ["3"], "a.1": ["4"]}),
    ("a,,b\n1,2,3\n", "it is called 'column 2'", {"a": ["1"], "column 2": ["2"], "b": ["3"]}),
    ("1,2.5,a\n2,3.5,b\n", "no line names the columns",
     {"column 1": ["1", "2"], "column 2": ["2.5", "3.5"], "column 3": ["a", "b"]}),
    ("5\n6\n", "called 'column 1'", {"column 1": ["5", "6"]}),
    ("p,x\ne,x\np,b\n", "no line names the columns", {"column 1": ["p", "e", "p"], "column 2": ["x", "x", "b"]}),
    ("Sales\nof May\n\nday,n\n3,4\n5,6\n7,8\n", "above line 4", {"day": ["3", "5", "7"], "n": ["4", "6", "8"]}),
    ("Report,,\n,,\na,b,c\n1,2,3\n", "line 1 names no columns", {"a": ["1"], "b": ["2"], "c": ["3"]}),
    ("a,b\n1,2\na,b\n3,4\n", "the header comes again 1 times", {"a": ["1", "3"], "b": ["2", "4"]}),
    ('a\tb\n"Hi," he said.\t1\nx\t2\n', "quotation marks are read as they stand",
     {"a": ['"Hi," he said.', "x"], "b": ["1", "2"]}),
    ('a\tb\n"Hi\tx\ny"\tz\n', "quotation marks are read as they stand", {"a": ['"Hi', 'y"'], "b": ["x", "z"]}),
    ("x y\n1  2\n 3 4\n", "white space", {"x": ["1", "3"], "y": ["2", "4"]}),
    ("p,s\n\"$1,200.50\",5%\n$3,12.5 %\n($4),3%\n", ["'$1,200.50' is read as 1200.5", "'5%' is read as 0.05"],
     {"p": ["1200.5", "3", "-4"], "s": ["0.05", "0.125", "0.03"]}),
    ("n;p\nA;1.200,50 €\nB;3,00 €\n", "'1.200,50 €' is read as 1200.5", {"n": ["A", "B"], "p": ["1200.5", "3"]}),
    ("a;b\n1.234,5;1.234\n2,5;12.345\n", "'1.234' is read as 1234", {"a": ["1234.5", "2.5"], "b": ["1234", "12345"]}),
    ("a,b\nx,1 000\ny,2 500\n", "'1 000' is read as 1000", {"a": ["x", "y"], "b": ["1000", "2500"]}),
    ('a,b\nx,"1,5"\ny,"2,5"\n', "'1,5' is read as 1.5", {"a": ["x", "y"], "b": ["1.5", "2.5"]}),
    ('a,b\nx,"1,500"\ny,"2,500"\n', "'1,500' is read as 1500", {"a": ["x", "y"], "b": ["1500", "2500"]}),
    ("a,b\nx,\u22125 kr\ny,7 kr\n", "is read as -5", {"a": ["x", "y"], "b": ["-5", "7"]}),
    ("t\n08:30\n17:45\n", "'08:30' is read as 8.5", {"t": ["8.5", "17.75"]}),
    ("zip,x\n02134,1\n98178,2\n", "text=['zip'] keeps the zeros", {"zip": ["2134", "98178"], "x": ["1", "2"]}),
    ("id\n9007199254740993\n1\n", "read as text", {"id": ["9007199254740993", "1"]}),
    ("id\n9007199254740993\n1.5\n", "it is rounded", {"id": ["9007199254740992", "1.5"]}),
    ("d\n1/2/2020\n3/4/2020\n", "dates={'d': '%d/%m/%Y'}", {"d": ["1/2/2020", "3/4/2020"]}),
    ("d\n2020-01-01\n2020-01-02\n2020-02-30\n", "row 2 (the first is 0) holds '2020-02-30'",
     {"d": ["2020-01-01", "2020-01-02", "2020-02-30"]}),
    ("name,city\nMüller,Köln\nÉlève,Ça\n".encode("cp1252"), "read as cp1252, as in 'Müller'",
     {"name": ["Müller", "Élève"], "city": ["Köln", "Ça"]}),
    ("姓名,年龄\n张三,23\n李四,35\n".encode("gbk"), "read as gbk, as in '姓名'",
     {"姓名": ["张三", "李四"], "年龄": ["23", "35"]}),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said", "columns"), TOLD)
def test_what_is_guessed_is_said(read, content, said, columns):
    assert read(content, said)[0] == columns


# What may be one thing or another, or nothing: the content, and the message.
REFUSED = [
    ("", "is empty; a CSV file was expected"),
    ("\n\n", "holds no values"),
    ("a,b\n", "holds a header and no rows"),
    ("1,2\n", "holds a header and no rows. Say header=True .* header=False"),
    ("a,b\n1,2\n1,2,3\n", "line 3: 3 values, the header names 2 columns"),
    ('a,b\n"x\ny",2\n1\n', "line 4: 1 value, the header names 2 columns"),
    ("a,b\n\n1,2\n3\n", "line 4: 1 value"),
    ("a,b\n1,2,3\n", "line 2: 3 values, the header names 2 columns"),
    ("a,b,c\n1,2\n3,4\n", "line 1: 3 values, most rows hold 2"),
    ("review\nI liked it, really\nBad\n", "line 2: 2 values, the header names 1 column"),
    ("price\n1,5\n2,5\n", "line 2: 2 values, the header names 1. .*delimiter="),
    ('a,b\n1,"2\n3,4\n', "line 2: a quotation begins in this row and does not end"),
    ('a,b\n1,"2"x\n', "line 2: .*stands twice.*quoted=False"),
    ('a\tb\n"Hi," he said.\t1\nx\n', "line 2: .*quoted=False"),
    ("0,1\n1,0\n1,1\n", "line 1: '0,1' may name the columns or be a row. Say header=True"),
    ("name,2020\nBob,42\nAnn,17\n", "line 1: 'name,2020' may name the columns"),
    ("a;b\n1,500;x\n3,250;y\n", "'a' holds '1,500', which is 1500 or 1.5. Say decimal='.' or"),
    ("a;b\n1.234;x\n2.345;y\n", "'a' holds '1.234', which is 1.234 or 1234"),
    ("a;b;c\n1,5;1.5;1.234\n", "'c' holds '1.234'"),
    ("a;b,c\nx;y,z\n", "may lie between commas .* or semicolons"),
    (b"\x1f\x8b\x08\x00", "truncated"),
    (b"PK\x03\x04more", "is a zip archive or an Excel workbook"),
    ("<!DOCTYPE html><html>", "is a page, HTML"),
    (b"a,b\n\x00\x01,\x00\x00", "no UTF-8|zero byte|damaged"),
    (b"a,b\n1,2\x00\n", "zero byte|damaged|UTF-16"),
    (b"a,b\n1,2\n3,\x81\n", "line 3: byte 0x81 is no UTF-8, and what else it is cannot be told.*encoding="),
    (RUSSIAN.encode("cp1251"), "line 2: byte 0xde is no UTF-8, and what else"),
    ("名前,年\n東京,3\nさくら,4\n".encode("shift_jis"), "what else it is cannot be told"),
    ("id,sex\n1,男\n2,女\n".encode("gbk"), "what else it is cannot be told"),  # as cp1252 it is a word of two letters
    ("a,b\n1,été,\n2,café,\n".encode() + b"3,\xc3", "line 4: byte 0xc3 is no UTF-8, as most of the file is"),
    ("名前,年\n東京,3\nさくら,4\n".encode("euc_jp"), "what else it is cannot be told"),
    ("이름,나이\n김철수,3\n".encode("euc_kr"), "what else it is cannot be told"),
    ("imię,miasto\nŁukasz,Łódź\nMałgorzata,Kraków\n".encode("cp1250"), "what else it is cannot be told"),
    ("Café,Größe\nÉlève,1\n".encode("mac_roman"), "what else it is cannot be told"),
]


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_what_is_refused(read, content, message):
    with pytest.raises(DataError, match=f"homes.csv.*{message}"):
        read(content)


# What is refused, or guessed, is read once it is told.
REMEDIES = [
    ("0,1\n1,0\n", {"header": True}, {"0": ["1"], "1": ["0"]}),
    ("0,1\n1,0\n", {"header": False}, {"column 1": ["0", "1"], "column 2": ["1", "0"]}),
    ("0,1\n1,0\n", {"header": ["a", "b"]}, {"a": ["0", "1"], "b": ["1", "0"]}),
    ("1,2\n", {"header": False}, {"column 1": ["1"], "column 2": ["2"]}),
    ("price\n1,5\n2,5\n", {"delimiter": ";"}, {"price": ["1.5", "2.5"]}),
    ("review\nI liked it, really\nBad\n", {"delimiter": "\t"}, {"review": ["I liked it, really", "Bad"]}),
    ("a;b\n1,500;x\n", {"decimal": ","}, {"a": ["1.5"], "b": ["x"]}),
    ("a;b\n1.234;x\n", {"decimal": "."}, {"a": ["1.234"], "b": ["x"]}),
    ("a;b,c\nx;y,z\n", {"delimiter": ";"}, {"a": ["x"], "b,c": ["y,z"]}),
    (RUSSIAN.encode("cp1251"), {"encoding": "cp1251"}, {"name": ["Юлия"], "city": ["Москва"]}),
    ("a,b\n1,é\n".encode("latin-1"), {"encoding": "latin-1"}, {"a": ["1"], "b": ["é"]}),
    ("zip\n02134\n98178\n", {"text": ["zip"]}, {"zip": ["02134", "98178"]}),
    ("d\n1/2/2020\nNA\n", {"dates": {"d": "%d/%m/%Y"}}, {"d": ["2020-02-01", None]}),
    ("# note\na,b\n1,2 # x\n\"#3\",4\n", {"comment": "#"}, {"a": ["1", "#3"], "b": ["2", "4"]}),
    ("My, list\n\na,b\n1,2\n", {"skip": 1}, {"a": ["1"], "b": ["2"]}),
    ('a,b\n1,"2\n3,4\n', {"quoted": False}, {"a": ["1", "3"], "b": ['"2', "4"]}),
    ("x y\n1  2\n 3 4 \n", {"delimiter": " "}, {"x": ["1", "3"], "y": ["2", "4"]}),
]  # fmt: skip


@pytest.mark.parametrize(("content", "options", "columns"), REMEDIES)
def test_what_is_told_is_done_without_a_word(read, content, options, columns):
    assert read(content, **options)[0] == columns


WORDS_IN = {
    "cp1252": "Müller Größe élève Noël façade naïve cœur señor mañana São coração città però søster århus Škoda crème",
    "gbk": "北京 上海 姓名 年龄 中国 学生 老师 数据 测试 男 女 是 否 价格 面积 房间 城市 公司",
    "cp1250": "Dvořák Nováček Łódź Gdańsk Małgorzata žluťoučký kůň Győr Székesfehérvár Košice Timişoara Příbram",
    "cp1251": "Москва Иван Петров привет да нет цена дом Київ",
    "cp1253": "Αθήνα Γιώργος τιμή όνομα πόλη χώρα",
    "cp1254": "İstanbul Şişli Beyoğlu Muş Muğla Eskişehir",
    "shift_jis": "東京 大阪 さくら カタカナ 名前 年齢 日本",
    "euc_jp": "東京 大阪 さくら カタカナ 名前 年齢 日本",
    "euc_kr": "서울 부산 이름 나이 김철수 가격 집",
    "big5": "臺北 高雄 姓名 年齡 學生 老師 價格 城市",
    "koi8_r": "Москва Иван Петров привет да нет",
    "mac_roman": "Müller Größe élève Noël façade señor",
    "cp437": "Müller élève Noël façade señor città",
}


@settings(deadline=None, max_examples=200)
@given(encoding=st.sampled_from(sorted(WORDS_IN)), data=st.data())
def test_no_encoding_is_taken_for_another(encoding, data):
    """Of six words; of fewer it may be, and the warning then shows one."""
    chosen = data.draw(st.lists(st.sampled_from(WORDS_IN[encoding].split()), min_size=6, unique=True))
    text = "\n".join(chosen)
    try:
        found, said = _decoded(text.encode(encoding), "x", None)
    except DataError:
        assert encoding != "cp1252"
    else:
        assert found == text and f"read as {encoding}" in said


def test_lines_are_counted_with_those_that_are_passed_over(read):
    for content, options in [("t\nu\na,b\n1\n", {"skip": 2}), ("# x\n#y\r\na,b\r\n1\n", {"comment": "#"})]:
        with pytest.raises(DataError, match="line 4: 1 value"):
            read(content, **options)


def test_dates_of_a_form_that_is_not_theirs(read):
    with pytest.raises(DataError, match=r"column 'd', row 1 .*'31/12/2020' is no date of the form '%m/%d/%Y'"):
        read("d\n1/2/2020\n31/12/2020\n", dates={"d": "%m/%d/%Y"})


@pytest.mark.parametrize(
    ("texts", "dates"),
    [
        (
            ["2020-01-31", "20200201T123000", "2020/2/3 4:05"],
            ["2020-01-31T00:00:00", "2020-02-01T12:30:00", "2020-02-03T04:05:00"],
        ),
        (["13/2/2020", "1/2/2020"], ["2020-02-13", "2020-02-01"]),
        (["2/13/2020", "1/2/2020"], ["2020-02-13", "2020-01-02"]),
        (["1/2/2020 3:45 PM", "1/13/2020 12:00 am"], ["2020-01-02T15:45:00", "2020-01-13T00:00:00"]),
        (["1.2.2020", "31.12.1999"], ["2020-02-01", "1999-12-31"]),
        (["13 Oct 2014", "1-september-2014"], ["2014-10-13", "2014-09-01"]),
        (['"Oct 13, 2014"', "May 1 2014"], ["2014-10-13", "2014-05-01"]),
        (["2014年10月3日", "2014年1月31日"], ["2014-10-03", "2014-01-31"]),
        (["2014-10-13T08:30:00+02:00", "2014-10-13T08:30:00Z"], ["2014-10-13T06:30:00", "2014-10-13T08:30:00"]),
        (["2014-10-13 08:30:00.25", ""], ["2014-10-13T08:30:00.250000", None]),
    ],
)
def test_dates_in_many_forms(read, texts, dates):
    _, table = read("d,x\n" + "".join(f"{text},1\n" for text in texts))
    assert table.is_date("d") and table.texts("d").tolist() == dates


@pytest.mark.parametrize("texts", [["13/2/2020", "2/13/2020"], ["31.12.99", "1.2.03"], ["Foo 1 2020"], ["12.5.2020.1"]])
def test_what_is_no_date(read, texts):
    assert read("d\n" + "\n".join(texts) + "\n", header=True)[1].is_text("d")


def test_a_text_among_numbers_is_told(read):
    content = "rooms,kind\n3,1\n4,x\n3 rooms,2\nNA,y\n5,z\n"  # 'kind' holds more texts than numbers
    _, table = read(content, ["column 'rooms' is read as text", "row 2", "holds '3 rooms'", "text=['rooms']"])
    assert table.is_text("rooms") and table.is_text("kind")
    assert read(content, text=["rooms"])[1].is_text("rooms")
    assert not read(content, missing={"3 rooms", "NA"})[1].is_text("rooms")


def test_units_that_cannot_be_compared_stay_text(read):
    for content in ("p\n€5\n$6\n", "p\n5%\n6\n"):
        assert read(content)[1].is_text("p")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            ",".join(f"c{i}" for i in range(100_000)) + "\n" + ",".join("1" * 100_000) + "\n",
            "Did you mean|Known: c0, c1",
        ),
        ("a,b\n1," + "x" * 200_000 + "\n2,y\n3\n", "line 4: 1 value"),
        ("a,b\n1,2\n3," + '"x' * 200_000 + "\n", "line 3"),
    ],
    ids=["columns", "field", "quotation"],
)
def test_messages_on_giants_are_short(read, content, message):
    with pytest.raises(DataError, match=message) as caught:
        read(content, text=["cc1"] * ("c99999" in content))
    assert len(str(caught.value)) < 1500


def test_a_giant_field_is_read_and_the_limit_of_the_process_stays(read):
    before = csv.field_size_limit()
    _, table = read("a,b\n1," + "x" * 300_000 + "\n")
    assert len(table["b"][0]) == 300_000 and csv.field_size_limit() == before


def test_many_things_said_are_told_in_part(read):
    columns = ",".join(["a"] * 100)
    _, table = read(f"{columns}\n{columns.replace('a', '1')}\n", "and 79 things more")
    assert len(table.names) == 100


PIECES = [
    "1",
    "2.5",
    "1,5",
    "1.234",
    "a",
    "b",
    " ",
    '"',
    '""',
    ",",
    ",",
    ";",
    "\n",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "|",
    "é",
    "日",
]
PIECES += [
    "#",
    "%",
    "$",
    "2020-01-02",
    "3/4/2020",
    "True",
    "NA",
    "-",
    "(",
    ")",
    "e5",
    "00",
    "inf",
    "nan",
    "_",
    "12:30",
    "²",
]
PIECES += ["1e400", "9" * 5000, "0" * 500, "\ufeff", "\x1c", "\u2028", "sep=;", "1.000.000", "€5", "\u0663", "\0"]


@settings(deadline=None, max_examples=150)
@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=40),
    encoding=st.sampled_from(["utf-8", "utf-16", "gb18030"]),
    header=st.sampled_from([None, True, False]),
    decimal=st.sampled_from([None, ".", ","]),
    comment=st.sampled_from([None, "#"]),
)
def test_whatever_the_file_it_is_a_table_or_refused_in_short(tmp_path_factory, pieces, encoding, **options):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes("".join(pieces).encode(encoding))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        try:
            assert len(repr(read_csv(path, **options))) > 0
        except DataError as problem:
            assert "any.csv" in str(problem) and len(str(problem)) < 1500


# Columns of numbers, of texts and of dates; `python -m benchmarks.tables` compares them with pandas'
REAL = {
    "california_housing/housing.csv": (9, 1, 0),
    "king_county/kc_house_data.csv": (20, 0, 1),
    "ames_house_prices/kaggle_house_pred_train.csv": (38, 43, 0),
    "ames_house_prices/kaggle_house_pred_test.csv": (37, 43, 0),
    "daily_views/example_wp_log_R.csv": (1, 0, 1),
    "daily_views/example_pedestrians_covid.csv": (1, 0, 1),
}


@pytest.mark.parametrize(("file", "counts"), REAL.items())
def test_real_files(gradus_data, file, counts):
    said = r"'id' is read as numbers, '0001000102' as 1000102"
    with pytest.warns(DataWarning, match=said) if "king" in file else nullcontext():
        table = read_csv(gradus_data / file)
    kinds = [table[name].dtype.kind for name in table.names]
    assert tuple(kinds.count(kind) for kind in "fOM") == counts


# -- written and read again --------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=6)
TEXTS = WORDS.map(lambda w: f"t{w}")  # begins like no number, date or missing value
CELLS = {
    "numbers": st.one_of(st.none(), st.floats(allow_nan=False, width=64), st.integers(-(2**53), 2**53)),
    "texts": st.one_of(
        st.none(), TEXTS, st.tuples(TEXTS, TEXTS).map("\r\n".join), st.tuples(TEXTS, TEXTS).map(', "'.join)
    ),
    "dates": st.one_of(st.none(), st.datetimes().map(lambda d: np.datetime64(d, "us"))),
}


@settings(deadline=None, max_examples=60)
@given(
    kinds=st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4),
    data=st.data(),
    delimiter=st.sampled_from(",;\t|"),
    packed=st.booleans(),
)
def test_what_is_written_is_read_again(tmp_path_factory, kinds, data, delimiter, packed):
    rows = data.draw(st.integers(1, 5))
    columns = {f"c {i}": data.draw(st.lists(CELLS[kind], min_size=rows, max_size=rows)) for i, kind in enumerate(kinds)}
    if all(cells[-1] is None for cells in columns.values()):
        columns["end"] = [1] * rows  # empty rows at the end are left out
    table = Table(columns)
    path = tmp_path_factory.mktemp("csv") / ("t.csv.gz" if packed else "t.csv")
    write_csv(table, path, delimiter)
    again = read_csv(path, delimiter=delimiter, decimal=".", header=True)
    assert again.names == table.names
    for name in table.names:
        np.testing.assert_array_equal(again[name], table[name])


def test_files_that_cannot_be_written(tmp_path):
    with pytest.raises(DataError, match="cannot be written: Is a directory"):
        write_csv(Table({"a": [1]}), tmp_path)
    with pytest.raises(ArgumentError, match="write_csv: the delimiter"):
        write_csv(Table({"a": [1]}), tmp_path / "a.csv", delimiter="::")
