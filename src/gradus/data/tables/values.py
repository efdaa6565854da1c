"""What the texts of a column say: numbers, truths, dates, or texts."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice

import numpy as np

from ...errors import DataError, short
from .cells import Column
from .dates import EitherOrderError, as_dates, may_be_dates
from .numbers import EXACT, Number, as_number, written_number

# What pandas takes for missing, too
MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"}
    | {"N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}
)
TRUTHS = {"True": 1.0, "TRUE": 1.0, "true": 1.0, "False": 0.0, "FALSE": 0.0, "false": 0.0}
FEW = 0.5  # a smaller share of texts in a column is most likely a mistake: the column is one of numbers
_DIGITS = 400  # more have no float64
_LOOKED_AT = 20  # values that show what a column may be


class RawColumn:
    """A column as it stands in the file.

    Args:
        name: of the column.
        values: its texts.
        missing: the texts that stand for a missing value.
    """

    def __init__(self, name: str, values: Sequence[str], missing: Collection[str]) -> None:
        self.name, self.values, self.missing = name, values, missing

    @cached_property
    def known(self) -> dict[str, str | None]:
        """For each different text what it is without the space around it, None for a missing one; in order."""
        return {
            value: None if not (text := value.strip()) or text in self.missing else text
            for value in dict.fromkeys(self.values)
        }

    @cached_property
    def different(self) -> list[str]:
        """The different texts that are not missing, in order."""
        return list(dict.fromkeys([text for text in self.known.values() if text is not None]))

    @cached_property
    def sample(self) -> list[str]:
        """The first of these, which show what it may be."""
        known = dict.fromkeys(text for text in islice(self.known.values(), 2 * _LOOKED_AT) if text is not None)
        return list(known)[:_LOOKED_AT] if len(known) >= _LOOKED_AT else self.different[:_LOOKED_AT]

    def mapped(self, meanings: np.ndarray) -> np.ndarray:
        """The column, where `meanings` has what each of `different` means, and at its end what a missing one does."""
        place: dict[str | None, int] = {text: i for i, text in enumerate(self.different)} | {None: len(self.different)}
        places = {value: place[text] for value, text in self.known.items()}
        return meanings[np.fromiter(map(places.__getitem__, self.values), np.intp, len(self.values))]

    def texts(self) -> np.ndarray:
        """The column as text: objects, None where missing."""
        found = np.empty(len(self.values), dtype=object)
        found[:] = list(map(self.known.__getitem__, self.values))
        return found

    def numbers(self, meaning: Mapping[str, float]) -> np.ndarray:
        """The column as numbers."""
        return self.mapped(np.array([*(meaning[text] for text in self.different), np.nan], np.float64))

    def dates(self, meaning: Mapping[str, datetime]) -> np.ndarray:
        """The column as datetime64[us]."""
        return self.mapped(np.array([*(meaning[t].isoformat() for t in self.different), "NaT"], "datetime64[us]"))

    def plain(self, underscores: bool) -> np.ndarray | None:
        """The column as numbers if all its texts are such in the machines' way: the quick way for most columns."""
        if isinstance(self.values, Column):
            found = self.values.numbers(self.missing)
            if found is None or (found[1] and self._may_have_decimal_commas()):
                return None
            return self._without_missing(found[0])
        if underscores and self.holds("_"):
            return None
        try:
            return self._without_missing(np.fromiter(map(float, self.values), np.float64, len(self.values)))
        except ValueError:
            return None

    def _without_missing(self, numbers: np.ndarray) -> np.ndarray:
        """NaN where a number stands for a missing value, as -999 may."""
        words = [number for text in self.missing if (number := as_number(text)) is not None and number == number]
        for place in np.flatnonzero(np.isin(numbers, words)).tolist() if words else ():
            if self.values[place].strip() in self.missing:
                numbers[place] = np.nan
        return numbers

    def _may_have_decimal_commas(self) -> bool:
        """Whether its points may be those between thousands, as in 1.234: the other columns have to be asked."""
        if not self.holds("."):
            return False
        first = (text for value in self.values if "." in value and (text := value.strip()) not in self.missing)
        return all(_number(text, ",") is not None for text in islice(first, _LOOKED_AT))

    def holds(self, character: str) -> bool:
        """Whether there is such a character anywhere in it."""
        return self.values.holds(character) if isinstance(self.values, Column) else character in "".join(self.values)

    def few(self, odd: Collection[str], what: str) -> str:
        """What is said of a column of numbers, or dates, but for a few texts; empty where they are many."""
        rows = [i for i, v in enumerate(self.values) if self.known[v] in odd]
        if not rows or len(rows) >= FEW * sum(v is not None for v in map(self.known.__getitem__, self.values)):
            return ""
        more = f", and {len(rows) - 1} more rows no {what}" if rows[1:] else ""
        name, value = short(self.name), short(self.known[self.values[rows[0]]])
        return (
            f"column {name!r} is read as text, because row {rows[0]} (the first is 0) holds {value!r}{more}; "
            f"all its other values are {what}. Mend the file, add the value to missing=..., or say that the column is "
            f"text: text=[{name!r}]"
        )


def exact(column: RawColumn, numbers: np.ndarray, said: list[str]) -> np.ndarray:
    """The numbers, and what they lose is said: zeros before codes; whole ones with too many digits are text."""
    name = short(column.name)
    if (low := _code(column)) is not None:
        bare = short(low.lstrip("0") or "0")
        said.append(f"column {name!r} is read as numbers, {short(low)!r} as {bare}: text=[{name!r}] keeps the zeros")
    if not (np.abs(numbers) >= EXACT).any():
        return numbers
    whole = [t for t in column.different if re.fullmatch(r"[-+]?\d+", t)]
    rounded = next((t for t in whole if len(t) > _DIGITS or int(t) != float(t)), None)
    if rounded is None:
        return numbers
    kept = len(whole) == len(column.different)
    how = "the column is read as text" if kept else "it is rounded"
    said.append(f"column {name!r}: {short(rounded)} has more digits than a float64 holds, and {how}")
    return column.texts() if kept else numbers


def _code(column: RawColumn) -> str | None:
    """The first of a column of digits, equally many in each, if a zero stands before some."""
    if isinstance(column.values, Column) and column.values.no_code():
        return None
    first, last = column.values[0].strip(), column.values[-1].strip()
    if first in column.missing or last in column.missing:
        first = last = min(column.different, default="")
    if not first.isdecimal() or len(first) != len(last) or len(first) < 2:
        return None
    if (least := min(column.values).strip()) not in column.missing and least[0] != "0":
        return None
    different = column.different
    low = min(different)
    return low if low[0] == "0" and len(set(map(len, different))) == 1 and all(map(str.isdecimal, different)) else None


def written(different: Collection[str], decimal: str) -> dict[str, Number]:
    """Those of the texts that are numbers with `decimal` before the fraction."""
    found = {text: _number(text, decimal) for text in different}
    return {text: number for text, number in found.items() if number is not None}


def _number(text: str, decimal: str) -> Number | None:
    plain = text if decimal == "." else None if "." in text else text.replace(",", ".")
    value = None if plain is None else as_number(plain)
    return written_number(text, decimal) if value is None else Number(value, "", False)


def one_unit(numbers: Collection[Number]) -> bool:
    """Whether the numbers can be compared: none of them in another unit; a percent and a time are no bare number."""
    units = {n.unit for n in numbers if n.value != 0 or n.unit}
    return len(units - {""}) < 2 and (len(units) < 2 or not units & {"%", "hours"})


def dated(column: RawColumn, said: list[str]) -> np.ndarray | None:
    """The column as datetime64[us], None if it is not all dates."""
    if not may_be_dates(column.sample):
        return None
    try:
        found = as_dates(column.different)
    except EitherOrderError as problem:
        name, text = short(column.name), str(problem)
        said.append(
            f"column {name!r} is read as text: in {text!r} either the day or the month comes first. "
            f"Say which: dates={{{name!r}: '%d/%m/%Y'}} or '%m/%d/%Y'"
        )
        return None
    if found and len(found) == len(column.different):
        return column.dates(found)
    if found and (few := column.few(set(column.different) - found.keys(), "dates")):
        said.append(few)
    return None


def formatted(column: RawColumn, form: str) -> np.ndarray:
    """The column as dates of a form that is given, as strptime has it."""
    found = {}
    for text in column.different:
        try:
            found[text] = datetime.strptime(text, form)
        except (ValueError, re.error):
            row = next(i for i, v in enumerate(column.values) if column.known[v] == text)
            raise DataError(
                f"column {short(column.name)!r}, row {row} (the first is 0): {short(text)!r} is no date of the form "
                f"{form!r}"
            ) from None
    return column.dates(found)
