"""The names of a table's columns: which line holds them, what stands above it, what columns without one are called."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import count, pairwise

from ...errors import DataError, short
from .cells import Cells, Lists
from .dates import EitherOrderError, as_dates
from .numbers import as_number, spells_number
from .rows import Rows
from .values import MISSING

Row = Sequence[str]

_LOOKED_AT, _ACROSS = 200, 500  # rows that show what a column holds, and columns that are looked at
_TITLES = 30  # lines above the header, at most
_YEARS = range(1900, 2101)
_DIGITS = 10  # of numbers that count columns, or years, fewer
_SAY = "Say header=True if the first line names the columns, header=False if it is a row like the others"


def headed(rows: Rows, header: bool | Sequence[str] | None, said: list[str]) -> dict[str, Row]:
    """The columns of a file by name, their values as they stand there.

    Args:
        rows: of the file.
        header: whether the first line names the columns; their names, where no line does; None: to be found out.
        said: what is found out is put there.

    Raises:
        DataError: no rows, rows of different lengths, or a first line that may be either.
    """
    values = rows.values
    if not values:
        raise DataError(f"{rows.path} holds no values")
    width = _width(values)
    if header is None or header is True:
        names, first = _header(rows, width, header, said)
    else:
        names, first = (None if header is False else [str(name) for name in header]), 0
    body = _even(rows, first, width, names is not None)
    if names is not None and width > 1 and (again := int(body.alike(names).sum())):
        said.append(f"the header comes again {again} times, and these lines are left out")
        body = body.rows(~body.alike(names))
    if not len(body):
        raise DataError(f"{rows.path} holds a header and no rows.{f' {_SAY}.' if header is None else ''}")
    return _named(_as_many(names, width, rows), body.columns, said)


def _width(values: Sequence[list[str]]) -> int:
    """How many values most rows hold, once the delimiters are gone that all have at their ends, and the first has not.

    Of two widths that are as common, it is what the first holds.
    """
    if isinstance(values, Cells):
        return values.width
    counts = Counter(map(len, values))
    most = width = max(counts, key=lambda width: (counts[width], width == len(values[0])))
    full = [row for row in values if len(row) == most]
    while width > len(values[0]) and not any(row[width - 1].strip() for row in full):
        width -= 1
    if width < most:
        for row in full:
            del row[width:]
    return width


def _header(rows: Rows, width: int, header: bool | None, said: list[str]) -> tuple[list[str] | None, int]:
    """The names, one fewer than the columns where the first has none, and the first row after them."""
    values = rows.values
    start = next(i for i, row in enumerate(values) if len(row) == width)
    first, body = values[0], [row for row in values[1 : _LOOKED_AT + 1] if len(row) == width]
    if len(first) > width and not any(v.strip() for v in first[width:]):
        first, start = first[:width], 0
    if start == 1 and len(first) == width - 1 and _short_header(rows, body):
        return first, 1
    if start:
        _titles(rows, start, width, said)
    while start < len(values) - 1 and width > 2 and sum(bool(v.strip()) for v in values[start][:width]) < 2:
        said.append(f"line {rows.line(start)} names no columns, and is passed over")
        start += 1
    first = values[start][:width]
    body = [row for row in values[start + 1 : start + 1 + _LOOKED_AT] if len(row) == width]
    names = True if header or not body else _names_columns(first, body)
    if names is None:
        raise DataError(f"{rows.where(start)}: {short(','.join(first))!r} may name the columns or be a row. {_SAY}.")
    if not names:
        called = f"'column 1' to 'column {width}'" if width > 1 else "'column 1'"
        said.append(f"no line names the columns (header=False): they are called {called}")
    return (first, start + 1) if names else (None, start)


def _short_header(rows: Rows, body: list[list[str]]) -> bool:
    """Whether a first line with one value less names the columns, all but the first, which names the rows."""
    width = len(body[0])
    numeric = all(spells_number(row[0], ".") for row in body)
    names = _names_columns(body[0], body[1:]) if len(body) > 1 else None
    if names is None or (not names and width == 2 and numeric):
        raise DataError(
            f"{rows.where(1)}: {width} values, the header names {width - 1}. If the first is the row's name, give it a "
            "name, too. If a comma is a decimal one, or part of a text, say delimiter='\\t'."
        )
    return not names


def _titles(rows: Rows, count: int, width: int, said: list[str]) -> None:
    """Say that lines above the header are passed over, or refuse them."""
    for i, row in enumerate(rows.values[:count]):
        if len(row) > width or count > _TITLES:
            raise DataError(
                f"{rows.where(i)}: {len(row)} values, most rows hold {width}. Mend it, or leave out what stands above "
                "the header: skip=3 passes over three lines."
            )
    shown = short(",".join(rows.values[0]))
    said.append(f"what stands above line {rows.line(count)}, as {shown!r}, is passed over as a title (skip=...)")


def _names_columns(first: Row, body: Sequence[Row]) -> bool | None:
    """Whether a line names the columns of the rows below it; None where it may be either.

    A word above numbers names them. Without one, numbers above numbers are a row, unless they count on by ones, as
    years or the numbers of columns do. Words above words are a row if the same words come again below them.
    """
    words, numbers, texts, again = 0, list[str](), 0, 0
    body = [row for row in body if row != first] or body  # files put one after the other, each with its header
    for i, value in enumerate(v.strip() for v in first[:_ACROSS]):
        below = [v for row in body if (v := row[i].strip()) not in MISSING]
        if not below or value in MISSING:
            continue
        if all(map(_measured, below)):
            numbers += [value] * _measured(value)
            words += not _measured(value) and any(c.isalpha() or c == "_" for c in value)
        else:
            texts, again = texts + 1, again + (value in below)
    if not numbers:
        return bool(words) or not texts or again < texts / 2
    counting = _counting(numbers)
    if words:
        return True if counting or words >= len(numbers) else None
    if first[0].strip() == "" and [row[0].strip() for row in body] == [str(i) for i in range(len(body))]:
        return True  # numbers of rows, and of columns
    if counting:
        return True if len(numbers) > 3 or (_year(numbers[0]) and not _years_below(first, body)) else None
    return None if len(numbers) == 1 and texts and _year(numbers[0]) and not _years_below(first, body) else False


def _measured(value: str) -> bool:
    """Whether a value is a number or a date."""
    if as_number(value) is not None or not any(map(str.isdigit, value)):
        return as_number(value) is not None
    try:
        return spells_number(value, ".,") or bool(as_dates([value]))
    except EitherOrderError:
        return True


def _counting(numbers: list[str]) -> bool:
    whole = [int(v) for v in numbers if v.isdecimal() and len(v) < _DIGITS]
    return len(whole) == len(numbers) > 1 and all(b == a + 1 for a, b in pairwise(whole))


def _year(value: str) -> bool:
    return value.isdecimal() and len(value) < _DIGITS and int(value) in _YEARS


def _years_below(first: Row, body: Sequence[Row]) -> bool:
    return all(_year(row[i].strip()) for i, v in enumerate(first) if _year(v.strip()) for row in body)


def _even(rows: Rows, first: int, width: int, named: bool) -> Cells | Lists:
    """The rows from `first` on, all of one width: no delimiters at their ends, no empty rows at the table's end."""
    body: Cells | Lists
    if isinstance(rows.values, Cells):
        body = rows.values.rows(slice(first, None))
    else:
        lists = rows.values[first:]
        if set(map(len, lists)) - {width}:
            lists = [kept for i, row in enumerate(lists, first) if (kept := _cut(rows, i, row, width, named))]
        body = Lists(lists, width)
    end = len(body)
    while end and width > 1 and not any(v.strip() for v in body[end - 1]):
        end -= 1
    return body.rows(slice(end))


def _cut(rows: Rows, i: int, row: list[str], width: int, named: bool) -> list[str]:
    if len(row) > width and not any(v.strip() for v in row[width:]):
        return row[:width]
    if len(row) == width or (len(row) == 1 and not row[0].strip()):
        return row if len(row) == width else []
    others = f"the header names {width} column{'s' * (width > 1)}" if named else f"most rows hold {width}"
    raise DataError(
        f"{rows.where(i)}: {len(row)} value{'s' * (len(row) > 1)}, {others}. A value that holds {rows.delimiter!r} is "
        "quoted; notes are left out by comment=, lines above the table by skip=."
    )


def _as_many(names: list[str] | None, width: int, rows: Rows) -> list[str]:
    """As many names as there are columns: without a header they are counted; "" stands for one that is missing."""
    if names is None:
        return [f"column {i}" for i in range(1, width + 1)]
    if len(names) == width - 1:
        return ["", *names]
    if len(names) != width:
        raise DataError(f"{rows.path}: header= gives {len(names)} names, the rows hold {width} values")
    return [name.strip() for name in names]


def _named(names: list[str], columns: Sequence[Row], said: list[str]) -> dict[str, Row]:
    """Columns under names of their own, each once."""
    given, found = set(names), dict[str, Row]()
    more: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(1))
    for i, (name, values) in enumerate(zip(names, columns, strict=True)):
        if not name and len(names) > 1:
            if not any(v.strip() for v in values):
                continue
            if i == 0 and _counts_rows(values):
                said.append("the first column has no name and holds numbers of rows: it is left out")
                continue
        wanted = name or ("index" if i == 0 else f"column {i + 1}")
        own = wanted
        if wanted in found or (not name and wanted in given):
            own = next(own for k in more[wanted] if (own := f"{wanted}.{k}") not in found and own not in given)
        if not name:
            said.append(f"column {i + 1} has no name: it is called {own!r}")
        elif own != name:
            said.append(f"more than one column is called {short(name)!r}: column {i + 1} is called {short(own)!r}")
        found[own] = values
    return found


def _counts_rows(values: Row) -> bool:
    return all(v.strip().isdecimal() for v in values) and len(set(values)) == len(values)
