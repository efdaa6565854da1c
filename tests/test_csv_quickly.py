"""What read_csv reads by places of values is what it reads line by line; numbers of texts are float's, to the bit."""

from __future__ import annotations

import random
import warnings
from fractions import Fraction

import numpy as np
import pytest

from gradus.data import read_csv
from gradus.data.tables import decimals, rows
from gradus.data.tables.cells import found_cells
from gradus.data.tables.decimals import Decimals
from gradus.errors import GradusError

NUMBERS = [
    "0",
    "7",
    "-3",
    "+4",
    "007",
    "1.5",
    "-0.25",
    ".5",
    "5.",
    "1e3",
    "2E-4",
    "1e400",
    "9007199254740993",
    "-0",
    "1 ",
    " 2",
]
NUMBERS += [
    "0.1257302210933933",
    "123456789.123456789",
    "1.234",
    "12.345",
    "1,5",
    "$3",
    "12%",
    "nan",
    "inf",
    "-999",
    "1_0",
]
WORDS = [
    "red",
    "a b",
    "ä",
    "東京",
    "x.y",
    "",
    "NA",
    "null",
    "?",
    "true",
    "False",
    "2024-05-01",
    "03/04/2024",
    "1-2",
    "e5",
    ".",
]
ODD = [
    '"',
    '""',
    '"a"',
    '"a,b"',
    '"a""b"',
    '"1.5"',
    '" 2"',
    '"a\nb"',
    '"a\r\nb"',
    '5" pipe',
    '"a"b',
    '" "',
    '"1,5"',
    "\xa01",
]

OPTIONS = [{"header": True}, {"header": False}, {"decimal": ","}, {"decimal": "."}, {"skip": 1}, {"quoted": False}]
OPTIONS += [{"missing": ["-999", "?", ...]}]


def _cell(r: random.Random, kind: int) -> str:
    """A value of a column that is mostly of one kind."""
    if r.random() < 0.02:
        return r.choice(ODD)
    if kind == 0:
        return f"{r.gauss(0, 10):.{r.randint(0, 17)}f}" if r.random() < 0.8 else r.choice([*NUMBERS, "", "NA"])
    if kind == 1:
        return str(r.randint(-50, 2000)) if r.random() < 0.95 else r.choice(["", "-999", "0", "007"])
    if kind == 2:
        return f"{r.randint(0, 999):03d}"
    if kind == 3:
        return f"{r.randint(1, 9)}.{r.randint(0, 999):03d}" if r.random() < 0.9 else ""
    return r.choice(WORDS + NUMBERS) if kind == 4 else r.choice(WORDS[:6])


def _file(r: random.Random) -> tuple[str, dict]:
    """A file more or less regular, and options to read it with."""
    delimiter, end = r.choice(",,,;\t|"), r.choice(["\n", "\n", "\r\n", "\r"])
    width, long = r.randint(1, 5), r.randint(1, 40)
    kinds = [r.randint(0, 5) for _ in range(width)]
    lines = [[f"c{i}" for i in range(width)]] * r.choice([1, 1, 1, 0])
    lines += [[_cell(r, kind) for kind in kinds] for _ in range(long)]
    if r.random() < 0.1:
        lines.insert(r.randint(0, len(lines)), r.choice([[""] * width, lines[0], ["title"], lines[-1] + [""]]))
    between = delimiter + " " * (r.random() < 0.1)
    text = end.join(between.join(line) for line in lines) + end * r.randint(0, 2)
    return text, r.choice([{}, {}, *OPTIONS, {"delimiter": delimiter}])


def _read(path, options) -> tuple:
    """What a file holds and what is said of it, as something that can be compared."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            table = read_csv(path, **options)
        except GradusError as error:
            return type(error).__name__, str(error)
    columns = [(name, values.dtype.str, *_bits(values)) for name, values in table.columns.items()]
    return columns, [str(w.message) for w in caught]


def _bits(values: np.ndarray) -> list:
    if values.dtype == object:
        return values.tolist()
    return values.view(np.int64).tolist() if values.dtype.kind == "M" else [v.hex() for v in values.tolist()]


@pytest.mark.parametrize("seed", range(4))
def test_by_places_and_line_by_line_are_the_same(seed, tmp_path, monkeypatch):
    r, path, quick = random.Random(seed), tmp_path / "some.csv", 0
    for _ in range(150):
        text, options = _file(r)
        path.write_bytes(text.encode())
        found = _read(path, options)
        with monkeypatch.context() as slowly:
            slowly.setattr(rows, "found_cells", lambda *_: None)
            assert found == _read(path, options), (text, options)
        quick += found_cells(text, ",", True) is not None
    assert quick > 30


def test_numbers_are_floats_to_the_bit(monkeypatch):
    r = random.Random(0)
    texts = [repr(r.gauss(0, 10.0 ** r.randint(-5, 9))) for _ in range(3000)]
    texts += [f"{r.choice(['', '-', '+'])}{r.randrange(10 ** r.randint(1, 21))}" for _ in range(1000)]
    for _ in range(3000):  # just between two floats, or beside it
        half = (Fraction(r.randrange(2**52, 2**53)) + Fraction(1, 2)) * Fraction(2) ** r.randint(-5, 3)
        places = r.randint(0, 5)
        digits = str(int(half * 10**places) + r.randint(-1, 1))
        texts.append(f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}")
    odd = [
        "",
        "-",
        ".",
        "-.",
        "1e5",
        "1.2.3",
        "--1",
        "1-2",
        "nan",
        "1_0",
        " 1",
        "1/2",
        "1:2",
        "9" * 20,
        "0" * 19 + ".5",
    ]
    codes = np.frombuffer((",".join([*texts, *odd]) + ",").encode(), np.uint8)
    ends = np.flatnonzero(codes == ord(","))
    starts = np.concatenate([[0], ends[:-1] + 1])
    points, dots = ends.copy(), np.flatnonzero(codes == ord("."))
    points[np.searchsorted(starts, dots, "right") - 1] = dots
    for wide in {decimals._WIDE, False}:
        monkeypatch.setattr(decimals, "_WIDE", wide)
        monkeypatch.setattr(decimals, "_TENS_WIDE", decimals._TENS.astype(np.longdouble if wide else np.float64))
        numbers, read = Decimals(codes).read(starts, points, ends)
        assert [n.hex() for n in numbers[: len(texts)][read[: len(texts)]].tolist()] == [
            float(t).hex() for t, there in zip(texts, read.tolist(), strict=False) if there
        ]
        assert not read[len(texts) :].any() and read[: len(texts)].mean() > (0.6 if wide else 0.3)
