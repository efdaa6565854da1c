"""Comma-separated values, with a header line, into a Table."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import ArgumentError, DataError, nearest
from ..table import Table, as_number
from ._files import open_binary

__all__ = ["read_csv"]

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL"})
FEW = 0.5  # a smaller share of texts in a column is most likely a mistake: the column is one of numbers


def read_csv(
    path: str | Path, text: Collection[str] = (), missing: Collection[str] = MISSING, delimiter: str = ","
) -> Table:
    """The table in a CSV file (UTF-8, quoted as RFC 4180 says, gzipped or not) whose first line names the columns.

    A column all of whose values are numbers or missing is one of numbers; any other is text. Where fewer than
    half of a column's values are texts, a warning says which.

    Args:
        path: the file.
        text: columns to be kept as text though they look like numbers (codes: "01" stays "01").
        missing: the values that stand for a missing one.
        delimiter: what lies between two values.

    Raises:
        DataError: the file is missing or empty, holds bytes that are no UTF-8, rows of different lengths or no rows,
            or a quotation without end; with the number of the line.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "homes.csv"
    >>> _ = path.write_text("rooms,kind\\n3,flat\\nNA,house\\n")
    >>> read_csv(path)["rooms"]
    array([ 3., nan])
    """
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise ArgumentError(f"read_csv: the delimiter is one character, such as ',' ';' or '\\t', got {delimiter!r}")
    with open_binary(path, "a CSV file") as stream:
        lines = csv.reader(_lines(stream, path), delimiter=delimiter, strict=True)
        try:
            header = [name.strip() for name in next(lines, [])]
            _check_header(header, text, path)
            rows = list(_rows(lines, len(header), path))
        except csv.Error as problem:
            raise DataError(f"{path}, line {lines.line_num}: {problem}") from None
    if not rows:
        raise DataError(f"{path} holds a header and no rows")
    columns: dict[str, Any] = dict(zip(header, zip(*rows, strict=True), strict=True))
    for name in header:
        columns[name] = _typed(name, columns[name], name in text, missing)
    return Table(columns)


def _lines(stream: BinaryIO, path: str | Path) -> Iterator[str]:
    for number, line in enumerate(stream, 1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as problem:
            raise DataError(
                f"{path}, line {number}: byte {line[problem.start]:#04x} is no UTF-8. Is this a CSV file? "
                "If so, save it as UTF-8."
            ) from None


def _check_header(header: list[str], text: Collection[str], path: str | Path) -> None:
    if not header or "" in header or len(set(header)) < len(header):
        raise DataError(f"{path}, line 1: the header must name each column once, got {header}")
    for name in text:
        if name not in header:
            raise DataError(f"{path} has no column {name!r}. {nearest(name, header)}")


def _rows(lines: Iterator[list[str]], width: int, path: str | Path) -> Iterator[list[str]]:
    for row in lines:
        if len(row) == width:
            yield row
        elif row:  # a line with nothing on it is passed over
            number = lines.line_num  # type: ignore[attr-defined]
            raise DataError(f"{path}, line {number}: {len(row)} values, the header names {width} columns")


def _typed(
    name: str, values: tuple[str, ...], text: bool, missing: Collection[str]
) -> list[float | None] | list[str | None]:
    known = [None if v.strip() in missing else v.strip() for v in values]
    numbers = [None if v is None else as_number(v) for v in known]
    odd = [row for row, v in enumerate(known) if v is not None and numbers[row] is None]
    if not odd and not text:
        return numbers
    if not text and len(odd) < FEW * (len(known) - known.count(None)):
        more = f", and {len(odd) - 1} more rows no numbers" if odd[1:] else ""
        warnings.warn(
            f"column {name!r} is read as text, because row {odd[0]} (the first is 0) holds {known[odd[0]]!r}{more}; "
            "all its other values are numbers. Mend the file, add the value to missing=..., or say that the column is "
            f"text: text=[{name!r}].",
            stacklevel=4,  # in the line that calls read_csv, through the door of options
        )
    return known
