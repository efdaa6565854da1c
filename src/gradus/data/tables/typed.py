"""Columns of texts become columns of numbers, dates and texts, by what each holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import DataError, short
from .numbers import Number
from .values import TRUTHS, RawColumn, dated, exact, formatted, one_unit, written


class Wanted(NamedTuple):
    """What is said of columns beforehand: which are text, what is missing, which forms dates have, the decimal mark."""

    text: Collection[str]
    missing: Collection[str]
    dates: Mapping[str, str]
    decimal: str | None
    delimiter: str
    path: str | Path


def typed(
    columns: Mapping[str, Sequence[str]], wanted: Wanted, underscores: bool, said: list[str]
) -> dict[str, np.ndarray]:
    """Columns of numbers (float64), dates (datetime64) and texts (objects), of columns of texts.

    Raises:
        DataError: a number such as 1,234 whose comma may be one or the other, or a date not of its form.
    """
    found: dict[str, np.ndarray | None] = dict.fromkeys(columns)
    later: list[RawColumn] = []
    told: dict[str, list[str]] = {name: [] for name in columns}  # in the order of the columns, however they are read
    doubtful = wanted.decimal == "," or (wanted.decimal is None and wanted.delimiter == ";")
    for name, values in columns.items():
        column = RawColumn(name, values, wanted.missing)
        if name in wanted.text:
            found[name] = column.texts()
        elif name in wanted.dates:
            found[name] = formatted(column, wanted.dates[name])
        elif (numbers := column.plain(underscores)) is None or (doubtful and column.holds(".")):
            later.append(column)
        else:
            found[name] = exact(column, numbers, told[name])

    def points() -> bool:
        """Whether columns of plain numbers have a point before a fraction."""
        plain = (name for name, numbers in found.items() if numbers is not None and numbers.dtype == np.float64)
        return any(RawColumn(name, columns[name], ()).holds(".") for name in plain)

    found |= _read(later, wanted, points, told)
    said += [text for of_column in told.values() for text in of_column]
    return {name: values for name, values in found.items() if values is not None}


class _Candidate:
    """What the numbers of a column are with a point and with a comma before the fraction, where all are numbers so.

    Attributes:
        readings: by the mark, for each text its number.
        odd: the texts that are none, where most are.
    """

    def __init__(self, column: RawColumn, marks: str) -> None:
        self.column, self.readings = column, dict[str, dict[str, Number]]()
        self.odd: set[str] = set()
        sample = column.sample
        for mark in marks:
            if 2 * len(written(sample, mark)) < len(sample):
                continue
            found = written(column.different, mark)
            if len(found) == len(column.different) and one_unit(found.values()):
                self.readings[mark] = found
            elif len(found) < len(column.different):
                odd = set(column.different) - found.keys()
                self.odd = odd if not self.odd or len(odd) < len(self.odd) else self.odd

    @property
    def either(self) -> bool:
        """Whether it would hold other numbers with the other mark."""
        alike = len(self.readings) < 2 or self.readings["."] == self.readings[","]
        return not alike and not np.array_equal(self._values("."), self._values(","), equal_nan=True)

    def _values(self, mark: str) -> list[float]:
        return [n.value for n in self.readings[mark].values()]

    def numbers(self, mark: str, usual: bool, said: list[str]) -> np.ndarray:
        """The column as numbers; what is not plain is said.

        Args:
            usual: whether a fraction behind this mark is what the file's other characters lead to expect.
        """
        found = self.readings[mark]
        odd = (t for t, n in found.items() if n.grouped or n.unit or t[0] == "(" or (not usual and mark in t))
        if (shown := next(odd, None)) is not None:
            said.append(f"column {short(self.column.name)!r}: {short(shown)!r} is read as {found[shown].value:.15g}")
        return exact(self.column, self.column.numbers({text: n.value for text, n in found.items()}), said)


def _read(
    columns: list[RawColumn], wanted: Wanted, points: Callable[[], bool], told: Mapping[str, list[str]]
) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    candidates: list[_Candidate] = []
    for column in columns:
        if all(map(TRUTHS.__contains__, column.sample)) and all(map(TRUTHS.__contains__, column.different)):
            found[column.name] = column.numbers(TRUTHS)
            continue
        candidate = _Candidate(column, wanted.decimal or ".,")
        if candidate.readings:
            candidates.append(candidate)
            continue
        said = told[column.name]
        dates = dated(column, said)
        found[column.name] = column.texts() if dates is None else dates
        if dates is None and candidate.odd and (few := column.few(candidate.odd, "numbers")):
            said.append(few)
    sure = {next(iter(c.readings)) for c in candidates if len(c.readings) == 1}
    if any(c.either for c in candidates) and points():
        sure.add(".")
    for c in candidates:
        mark = _mark(c, sure, wanted) if c.either else next(iter(c.readings))
        found[c.column.name] = c.numbers(mark, mark == "." or wanted.delimiter != ",", told[c.column.name])
    return found


def _mark(candidate: _Candidate, sure: set[str], wanted: Wanted) -> str:
    """What stands before the fractions of a column whose texts leave it open: what does in the other columns."""
    if len(sure) == 1:
        return next(iter(sure))
    if not sure and wanted.delimiter == ",":
        return "."
    point, comma = candidate.readings["."], candidate.readings[","]
    text = next(t for t in point if point[t].value != comma[t].value)
    numbers = f"{point[text].value:.15g} or {comma[text].value:.15g}"
    raise DataError(
        f"{wanted.path}: column {short(candidate.column.name)!r} holds {short(text)!r}, which is {numbers}. "
        "Say decimal='.' or decimal=','."
    )
