"""Comma-separated values, and what people call so, into a Table; and a Table into such a file."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ...errors import ArgumentError, DataError, DataWarning, nearest, warn
from ...functional.checks import at_least_one
from ..readers._decode import read_decoded
from .header import headed
from .rows import MOST, Rows, found_delimiter, found_rows, refuse_wide
from .table import Table
from .typed import Wanted, typed
from .values import MISSING

__all__ = ["read_csv", "write_csv"]

_TOLD = 20  # things that one warning says, at most
_SEPARATOR = re.compile(r'"?sep=(.)"?[^\S\r\n]*(?=\r|\n)', re.IGNORECASE)  # Excel's first line
_QUOTED_OR_NOTE = r'("(?:[^"]|"")*")|{}[^\r\n]*'


def read_csv(
    path: str | Path,
    text: Collection[str] = (),
    missing: Collection[Any] = MISSING,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool | Sequence[str] | None = None,
    comment: str | None = None,
    skip: int = 0,
    dates: Mapping[str, str] | None = None,
    quoted: bool | None = None,
    most_columns: int = MOST,
    most_bytes: int | None = None,
) -> Table:
    """The table in a CSV file, gzipped or not, as people have them: what is None is found out.

    A column all of whose values are numbers or missing is one of numbers, decimal commas, thousands set apart,
    currencies and percents included; of true and false, one of 1 and 0; of dates, one of dates; any other is text. One
    DataWarning says what had to be guessed, and what was left out. What may be one thing or another is refused.

    Args:
        path: the file.
        text: columns, or one, to be kept as text though they look like numbers or dates.
        missing: the values, or one, that stand for a missing one, as an empty one always does; `...` among them means
            the usual words, too, as in ["?", ...].
        delimiter: what lies between two values: "," ";" tab or "|"; " " for any white space.
        decimal: what stands before a number's fraction, "." or ",".
        encoding: as Python calls it: "utf-8", "cp1252", "gbk".
        header: whether the first line names the columns; or their names, where no line does.
        comment: what begins a note, to the end of its line.
        skip: lines to be passed over at the top.
        dates: for columns of dates their form, as `strptime` has it: {"day": "%d/%m/%Y"}.
        quoted: whether quotation marks enclose values that hold delimiters, or are read as they stand.
        most_columns, most_bytes: more of them, ungzipped, are refused; None is 128 MiB, or 50 times the file's size.

    Raises:
        DataError: the file is missing, empty or no text, has rows of different lengths or none, or a quotation without
            end, or can be read in two ways; with the line and the remedy.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "homes.csv"
    >>> _ = path.write_text("rooms;size;kind;sold\\n3;62,5;flat;2024-05-01\\nNA;130,0;house;\\n")
    >>> print(read_csv(path))
    rooms  size  kind   sold
    3      62.5  flat   2024-05-01
    -      130   house  -
    2 rows x 4 columns
    """
    _check(delimiter, decimal, comment, skip, header, most_columns)
    text, missing, dates = _texts("text", text), _missing(missing), _forms(dates)
    said: list[str] = []
    content, separator = _content(path, encoding, most_bytes, comment, skip, said)
    rows = _rows(content, path, delimiter or separator, quoted, most_columns, said)
    columns = headed(rows, header, said)
    _find([*text, *dates], columns, path)
    wanted = Wanted(text, missing, dates, decimal, rows.delimiter, path)
    table = Table(typed(columns, wanted, "_" in content[content.find("\n") + 1 :], said))
    _tell(path, said)
    return table


def _rows(
    content: str, path: str | Path, delimiter: str | None, quoted: bool | None, most_columns: int, said: list[str]
) -> Rows:
    refuse_wide(content, delimiter, path, most_columns)
    return found_rows(content, delimiter or found_delimiter(content, path, said), path, quoted, said, most_columns)


def _tell(path: str | Path, said: list[str]) -> None:
    if said:
        more = [f"and {len(said) - _TOLD} things more"] * (len(said) > _TOLD)
        warn(f"{path}: " + "; ".join([*said[:_TOLD], *more]) + ".", DataWarning)


def _texts(name: str, given: Any) -> tuple[str, ...]:
    """One text or several; numbers would never be found among the texts of a file."""
    texts = (given,) if isinstance(given, str) or not isinstance(given, Collection) else tuple(given)
    wrong = [text for text in texts if not isinstance(text, str)]
    if wrong:
        raise ArgumentError(
            f"read_csv: {name} is one text or several, as they stand in the file, got {wrong[0]!r:.80}. Write it as a "
            "text: '-999', not -999."
        )
    return texts


def _missing(given: Any) -> frozenset[str]:
    """What stands for a missing value; `...` stands for what usually does."""
    several = isinstance(given, Collection) and not isinstance(given, (str, Mapping))
    usual = given is ... or (several and ... in given)
    texts = _texts("missing", [text for text in (given if several else [given]) if text is not ...])
    return frozenset(texts) | (MISSING if usual else frozenset())


def _forms(dates: Any) -> Mapping[str, str]:
    forms = {} if dates is None else dates
    if not isinstance(forms, Mapping) or not all(isinstance(form, str) for form in forms.values()):
        raise ArgumentError(f"read_csv: dates gives columns their form, as {{'day': '%d/%m/%Y'}}, got {dates!r:.80}")
    return forms


def _find(names: Collection[str], columns: Mapping[str, Any], path: str | Path) -> None:
    for name in names:
        if name not in columns:
            raise DataError(
                f"{path} has no column {name!r}. {nearest(name, columns)}",
                mistake="column-not-in-the-table",
            )


def _content(
    path: str | Path, encoding: str | None, most_bytes: int | None, comment: str | None, skip: int, said: list[str]
) -> tuple[str, str | None]:
    """The text of the file, and what lies between its values, if its first line says so."""
    content, told = read_decoded(path, encoding, "a CSV file", most_bytes)
    said += [told] * bool(told)
    if re.match(r"\s*<(!doctype|html|\?xml)", content[:100], re.IGNORECASE):
        raise DataError(f"{path} is a page, HTML or XML, where a CSV file was expected: was the download refused?")
    separator = _SEPARATOR.match(content)
    content = _without(content[separator.end() if separator else 0 :], comment, skip)
    return content, separator[1] if separator else None


def _check_delimiter(where: str, delimiter: Any) -> None:
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise ArgumentError(f"{where}: the delimiter is one character, such as ',' ';' or '\\t', got {delimiter!r}")


def _check(delimiter: Any, decimal: Any, comment: Any, skip: Any, header: Any, most_columns: Any) -> None:
    at_least_one("read_csv", most_columns=most_columns)
    if delimiter is not None:
        _check_delimiter("read_csv", delimiter)
    if decimal not in (None, ".", ","):
        raise ArgumentError(f"read_csv: decimal is '.' or ',', got {decimal!r}")
    if comment is not None and (not isinstance(comment, str) or not comment.strip() or '"' in comment):
        raise ArgumentError(f"read_csv: comment is what begins a note, such as '#', got {comment!r}")
    if not isinstance(skip, int) or skip < 0:
        raise ArgumentError(f"read_csv: skip is a number of lines, got {skip!r}")
    if isinstance(header, (int, str)) and not isinstance(header, bool):
        raise ArgumentError(f"read_csv: header is True, False, or the names of the columns, got {header!r}")


def _without(content: str, comment: str | None, skip: int) -> str:
    """Without lines at the top, and without notes; the ends of these lines stay, so that others keep their number."""
    if skip:
        ends = re.match(rf"(?:[^\r\n]*(?:\r\n|\r|\n)){{0,{skip}}}", content)
        content = "\n" * skip + content[ends.end() if ends else 0 :]
    if comment is None:
        return content
    return re.sub(_QUOTED_OR_NOTE.format(re.escape(comment)), lambda found: found[1] or "", content)


def write_csv(table: Table, path: str | Path, delimiter: str = ",") -> None:
    """Write a table into a CSV file, UTF-8, gzipped if its name ends in .gz; a missing value is empty.

    Numbers are written with as many digits as make them the same when they are read, whole ones without a point.
    `read_csv` cannot know of text that looks like a number or a date that it was text: say text=.

    Args:
        table: what is written.
        path: the file; what is there is overwritten.
        delimiter: what is put between two values.

    Raises:
        DataError: the file cannot be written.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "homes.csv"
    >>> write_csv(Table({"rooms": [3, None], "kind": ["flat, new", "house"]}), path)
    >>> print(path.read_text(), end="")
    rooms,kind
    3,"flat, new"
    ,house
    """
    _check_delimiter("write_csv", delimiter)
    try:
        data = csv_text(table, delimiter).encode("utf-8")
    except UnicodeEncodeError as problem:
        raise DataError(f"{path} cannot be written: {problem.object[problem.start]!r} is no character") from None
    try:
        Path(path).write_bytes(gzip.compress(data, mtime=0) if str(path).endswith(".gz") else data)
    except OSError as problem:
        raise DataError(f"{path} cannot be written: {problem.strerror or problem}") from None


def csv_text(table: Table, delimiter: str = ",") -> str:
    """What `write_csv` writes.

    >>> csv_text(Table({"rooms": [3, None], "kind": ["flat, new", "house"]}))
    'rooms,kind\\n3,"flat, new"\\n,house\\n'
    """
    lines: list[str] = []
    target: Any = SimpleNamespace(write=lines.append)
    writer = csv.writer(target, delimiter=delimiter, lineterminator="\r\n")  # both are quoted in values, then
    writer.writerow(table.names)
    writer.writerows(zip(*(table.texts(name) for name in table.names), strict=True))
    return "".join(line.removesuffix("\r\n") + "\n" for line in lines)
