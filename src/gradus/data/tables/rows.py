"""The rows of a CSV file: what lies between its values, and the values of each line."""

from __future__ import annotations

import csv
import gc
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import DataError
from ...process.forks import Lock
from .cells import Cells, found_cells
from .numbers import spells_number

MOST = 100_000  # columns of a table: each takes some 30 microseconds, and 1 kB
_SAMPLE = 1 << 16  # characters that show what lies between the values
_CANDIDATES = ",;\t|"
_REGULAR = 0.9  # the share of rows of one width where the right character is looked for
_SHOWN_ROWS = 50
_LIMIT = Lock()
_MARKS = 'A quotation mark within a quotation stands twice, "5"" pipe"; with quoted=False all stand for themselves.'
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}


class Rows:
    """The rows of a text, each a list of values as they stand there, without lines that are empty.

    Args:
        text: the content of the file.
        delimiter: what lies between two values; of " " there may be several.
        path: the file, for messages.
        quoted: whether quotation marks enclose values, or stand for themselves.
        most: how many values a row may hold.
    """

    def __init__(self, text: str, delimiter: str, path: str | Path, quoted: bool = True, most: int = MOST) -> None:
        self.text, self.delimiter, self.path, self.quoted = text, delimiter, path, quoted
        cells = found_cells(text, delimiter, quoted)
        regular = cells is not None and cells.width <= most
        self.values: list[list[str]] | Cells = cells if cells is not None and regular else self._of_any_width(most)

    def _of_any_width(self, most: int) -> list[list[str]]:
        values: list[list[str]] = []
        ends = 0
        with _any_length(self.text):
            reader = self._reader()
            try:
                for row in reader:
                    if row:
                        values.append(row)
                        if len(row) > most:
                            raise _wide(self.path, ends + 1, len(row) - 1, self.delimiter, most)
                    ends = reader.line_num
            except csv.Error as problem:
                if "unexpected end" in str(problem):
                    raise DataError(
                        f"{self.path}, line {ends + 1}: a quotation begins in this row and does not end. {_MARKS}"
                    ) from None
                raise DataError(f"{self.path}, line {reader.line_num}: {problem}. {_MARKS}") from None
        return values

    def _reader(self) -> csv._reader:  # type: ignore[name-defined]
        return split(self.text, self.delimiter, strict=True, quoted=self.quoted)

    def line(self, row: int) -> int:
        """The line of the file in which a row ends; it is counted again, since it is wanted for messages alone."""
        with _any_length(self.text):
            reader = self._reader()
            full = (int(reader.line_num) for values in reader if values)
            return next(islice(full, row, None))

    def where(self, row: int) -> str:
        """The file and that line, as a message begins."""
        return f"{self.path}, line {self.line(row)}"


def split(text: str, delimiter: str, strict: bool = False, quoted: bool = True) -> csv._reader:  # type: ignore[name-defined]
    """Python's reader of a text; lines end with LF, CR LF or CR."""
    how: dict[str, Any] = {"delimiter": delimiter, "skipinitialspace": True, "strict": strict}
    return csv.reader(io.StringIO(text, newline=""), quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE, **how)


def refuse_wide(text: str, delimiter: str | None, path: str | Path, most: int) -> None:
    """Refuse a line that would be cut into more values than `most`, before it is cut: it may be all of the file.

    Lines are looked at that are longer than so many characters alone, which are found by leaps of as many.
    """
    place = 0
    while len(text) - place > most:
        end = max(text.rfind(mark, place, place + most + 1) for mark in "\r\n")
        if end < 0:
            ends = [found for mark in "\r\n" if (found := text.find(mark, place)) >= 0]
            end = min(ends, default=len(text))
            plain = "".join(text[place:end].split('"')[::2])  # what is quoted is not cut
            counts = {c: plain.count(c) for c in delimiter or _CANDIDATES}
            between = max(counts, key=lambda c: counts[c]) if any(counts.values()) else " "
            if (count := plain.count(between)) >= most:
                raise _wide(path, len(re.findall(r"\r\n?|\n", text[:place])) + 1, count, between, most)
        place = end + 1


def _wide(path: str | Path, line: int, count: int, delimiter: str, most: int) -> DataError:
    return DataError(
        f"{path}, line {line}: {count:,} {NAMES.get(delimiter, repr(delimiter))} lie between its values; a table has "
        f"at most {most:,} columns, unless one says most_columns=..."
    )


def found_rows(
    text: str, delimiter: str, path: str | Path, quoted: bool | None, said: list[str], most: int = MOST
) -> Rows:
    """The rows of a text. Between tabs, quotation marks may well stand for themselves, as in collections of sentences.

    They do where they are no pairs, or would enclose tabs and line ends, if all lines then hold as many values.
    """
    if quoted is not None or delimiter != "\t" or '"' not in text:
        return Rows(text, delimiter, path, quoted is not False, most)
    plain = Rows(text, delimiter, path, quoted=False, most=most)
    regular = len(set(map(len, plain.values))) == 1
    try:
        rows: Rows | None = Rows(text, delimiter, path, most=most)
    except DataError:
        if not regular:
            raise
        rows = None
    if rows is None or (regular and any("\t" in v and "\n" in v for row in rows.values for v in row)):
        said.append("quotation marks are read as they stand (quoted=False)")
        return plain
    return rows


@contextmanager
def _any_length(text: str) -> Iterator[None]:
    """Python's limit on the length of a value, which is one for the whole process, lifted for a moment.

    Nor are the rows, none of which is garbage, searched for garbage meanwhile, which takes longer the more there are.
    """
    with _LIMIT:
        before, collecting = csv.field_size_limit(max(len(text), 1)), gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            csv.field_size_limit(before)
            if collecting:
                gc.enable()


def found_delimiter(text: str, path: str | Path, said: list[str]) -> str:
    """What lies between the values: what cuts all rows into equally many, and leaves most numbers.

    Raises:
        DataError: two characters do so alike.
    """
    sample = _sample(text)
    there = [c for c in _CANDIDATES if c in sample]
    with _any_length(sample):
        cut = {c: _regular([r for r in split(sample, c) if r]) for c in there}
    wide = {c: how for c, how in cut.items() if how.width > 1}
    if not wide:
        return _spaced(sample, said) if not there else ","
    regular = [c for c, how in wide.items() if how.share >= _REGULAR]
    if len(regular) < 2:
        return regular[0] if regular else max(wide, key=lambda c: wide[c].share)
    regular = [c for c in regular if wide[c].first == 0] or regular
    numeric = {c: _numeric(wide[c].rows[1:] or wide[c].rows, c) for c in regular}
    best = [c for c in regular if numeric[c] == max(numeric.values())]
    if len(best) > 1:
        shown = " or ".join(f"{NAMES[c]} (delimiter={c!r})" for c in best)
        raise DataError(f"{path}: its values may lie between {shown}: both cut its rows alike. Say which.")
    return best[0]


def _sample(text: str) -> str:
    """The first lines, some at least, however long they are, and no half of one."""
    if len(text) <= _SAMPLE:
        return text
    ends = [m.end() for _, m in zip(range(3), re.finditer(r"\r\n?|\n", text), strict=False)]
    least = ends[-1] if len(ends) == 3 else len(text)
    whole = max(text.rfind("\n", 0, _SAMPLE), text.rfind("\r", 0, _SAMPLE)) + 1
    return text[: max(least, whole)]


class _Regular(NamedTuple):
    """How a character cuts rows: the most common width, the first row of it, their share from there on, and they."""

    width: int
    first: int
    share: float
    rows: list[list[str]]


def _regular(rows: list[list[str]]) -> _Regular:
    widths = Counter(map(len, rows))
    width = max(widths, key=lambda w: (widths[w], w), default=0)
    first = next((i for i, r in enumerate(rows) if len(r) == width), 0)
    alike = [r for r in rows[first:] if len(r) == width]
    return _Regular(width, first, len(alike) / max(len(rows[first:]), 1), alike)


def _numeric(rows: list[list[str]], delimiter: str) -> float:
    values = [v for row in rows[:_SHOWN_ROWS] for v in row]
    return sum(spells_number(v, "." if delimiter == "," else ".,") for v in values) / len(values)


def _spaced(sample: str, said: list[str]) -> str:
    """White space, where it alone can lie between the values: all lines hold as many, mostly numbers."""
    lines = [line.split() for line in sample.splitlines() if line.strip()]
    values = [v for line in lines[1:] for v in line]
    if len({len(line) for line in lines}) != 1 or len(lines[0]) < 2 or not values:
        return ","
    if sum(spells_number(v, ".") for v in values) < len(values) / 2:
        return ","
    said.append("white space lies between the values (delimiter=' ')")
    return " "
