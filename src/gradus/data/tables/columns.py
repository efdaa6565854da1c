"""Columns of a table as a model is given them: what was learned of each, and the features that it becomes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ...errors import DataError, short
from ..text.tokens import words
from .standardizer import spread
from .table import Table
from .values import TRUTHS

_DAY = np.timedelta64(1, "D")
_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_THURSDAY = 3  # the first day of datetime64, 1970-01-01


@dataclass(frozen=True)
class NumberColumn:
    """How a column of numbers is standardised; a missing one becomes the mean, with an indicator if `missing`.

    With `edges` it also becomes a number for each interval between two of them: how much of the interval lies below it,
    from 0 to 1. A linear layer of these is any function that is straight between the edges.
    """

    name: str
    mean: float
    std: float
    missing: bool
    edges: tuple[float, ...] = ()

    @classmethod
    def fit(cls, table: Table, name: str, bins: int = 0) -> NumberColumn:
        """Mean and deviation of what is known; edges that part it into so many equal shares."""
        values = table.numbers(name)
        _refuse_infinity(name, values)
        known = values[~np.isnan(values)]
        shares = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1))) if bins and len(known) else known[:0]
        edges = tuple(shares.tolist()) if len(shares) > 2 else ()
        return cls(name, *_spread(values), len(known) < len(values), edges)

    @property
    def features(self) -> list[str]:
        """The names of the columns that it becomes."""
        intervals = [f"{self.name} above {edge:.6g}" for edge in self.edges[:-1]]
        return [self.name, *intervals] + [f"{self.name} missing"] * self.missing

    def transform(self, table: Table) -> list[np.ndarray]:
        """Those columns for a table, each (n,), the intervals (n, bins)."""
        values = table.numbers(self.name)
        _refuse_infinity(self.name, values)
        absent = np.isnan(values)
        parts = [np.where(absent, 0.0, (values - self.mean) / self.std)]
        if self.edges:
            below, width = np.array(self.edges[:-1]), np.diff(self.edges)
            shares = np.clip((values[:, None] - below) / width, 0.0, 1.0)
            parts.append(np.where(absent[:, None], 0.0, shares))
        return parts + [absent] * self.missing


@dataclass(frozen=True)
class TextColumn:
    """How a column of text becomes one column for each category, 1 where it is the row's, else 0.

    A text that is no known category has a column of its own if `unknown`, as have the `rare` ones of the training part;
    else it is 0 in all, as a missing one is unless `missing`.
    """

    name: str
    categories: tuple[str, ...]
    missing: bool
    unknown: bool = False  # as in transforms saved before there was such a place
    rare: tuple[str, ...] = ()

    @classmethod
    def fit(cls, table: Table, name: str, min_count: int, most: int, many: str = "refuse") -> TextColumn:
        """The categories that come at least `min_count` times, `most` of them."""
        values = table.texts(name)
        counts = Counter(v for v in values if v is not None)
        kept = sorted(c for c, count in counts.items() if count >= min_count)
        if len(kept) > most and many == "share":
            kept = sorted(sorted(kept, key=lambda c: (-counts[c], c))[:most])
        if len(kept) > most:
            raise DataError(
                f"column {short(name)!r} holds {len(kept)} different texts ({', '.join(map(short, kept[:3]))}, ...), "
                f"more than max_categories={most}. Drop the column, raise the limit, or let rare ones share a place: "
                "many='share', or min_count=10."
            )
        rare = tuple(sorted(counts.keys() - set(kept)))
        return cls(name, tuple(kept), any(v is None for v in values), True, rare)

    @property
    def features(self) -> list[str]:
        """The names of the columns that it becomes."""
        beside = [f"{self.name} unknown"] * self.unknown + [f"{self.name} missing"] * self.missing
        return [f"{self.name}={c}" for c in self.categories] + beside

    def transform(self, table: Table) -> list[np.ndarray]:
        """Those columns for a table, all in one array (n, k)."""
        values, width = self._texts(table), len(self.categories)
        place = {c: i for i, c in enumerate(self.categories)} | {None: width + self.unknown if self.missing else -1}
        found = np.array([place.get(v, width if self.unknown else -1) for v in values], np.int64)
        return [found[:, None] == np.arange(width + self.unknown + self.missing)]

    def strangers(self, table: Table) -> list[str]:
        """The texts of a table that the training part did not have, one for each row that holds one."""
        seen = {*self.categories, *self.rare}
        return [v for v in self._texts(table) if v is not None and v not in seen]

    def _texts(self, table: Table) -> list[str | None]:
        """The column as text; truths, which are 1 and 0 in a table, as the categories write them."""
        values: list[str | None] = table.texts(self.name).tolist()
        if table.is_text(self.name) or not set(self.categories) <= TRUTHS.keys():
            return values
        written: dict[str | None, str] = {str(int(TRUTHS[c])): c for c in self.categories}
        return [written.get(v, v) for v in values]


@dataclass(frozen=True)
class WordsColumn:
    """How a column of sentences becomes a column for each of some words, 1 where the sentence has it, else 0."""

    name: str
    words: tuple[str, ...]

    @classmethod
    def fit(cls, table: Table, name: str, most: int) -> WordsColumn:
        """The words that stand in most of the texts, but not in one alone."""
        counts = Counter(word for text in table.texts(name) if text for word in set(words(text, lower=True)))
        kept = [(count, word) for word, count in counts.items() if count > 1]
        return cls(name, tuple(sorted(word for _, word in sorted(kept, key=lambda c: (-c[0], c[1]))[:most])))

    @property
    def features(self) -> list[str]:
        """The names of the columns that it becomes."""
        return [f"{self.name} has {word!r}" for word in self.words]

    def transform(self, table: Table) -> list[np.ndarray]:
        """Those columns for a table, all in one array (n, k)."""
        place = {word: i for i, word in enumerate(self.words)}
        found = np.zeros((len(table), len(self.words)), bool)
        for row, text in enumerate(table.texts(self.name)):
            found[row, [place[word] for word in words(text or "", lower=True) if word in place]] = True
        return [found]


@dataclass(frozen=True)
class DateColumn:
    """How a column of dates becomes its days, standardised, its month and its day of the week, one column each.

    With `hours`, where the training part had times, the time of day is a point on a circle, of a sine and a cosine.
    """

    name: str
    mean: float
    std: float
    hours: bool
    missing: bool

    @classmethod
    def fit(cls, table: Table, name: str) -> DateColumn:
        """Mean and deviation of the days since 1970."""
        dates = table.dates(name)
        days = _days(dates)
        known = days[~np.isnan(days)]
        return cls(name, *_spread(days), bool((known % 1 != 0).any()), len(known) < len(days))

    @property
    def features(self) -> list[str]:
        """The names of the columns that it becomes."""
        parts = ["", *(f" month={m}" for m in range(1, 13)), *(f" weekday={day}" for day in _WEEK)]
        parts += [" hour sine", " hour cosine"] * self.hours + [" missing"] * self.missing
        return [self.name + part for part in parts]

    def transform(self, table: Table) -> list[np.ndarray]:
        """Those columns for a table; all 0 where a date is missing."""
        dates = table.dates(self.name)
        absent, days = np.isnat(dates), _days(dates)
        month = np.where(absent, -1, dates.astype("datetime64[M]").astype(np.int64) % 12)
        weekday = np.where(absent, -1, (np.floor(np.nan_to_num(days)).astype(np.int64) + _THURSDAY) % 7)
        parts = [np.where(absent, 0.0, (days - self.mean) / self.std)]
        parts += [month[:, None] == np.arange(12), weekday[:, None] == np.arange(7)]
        if self.hours:
            angle = 2 * np.pi * (np.nan_to_num(days) % 1)
            parts += [np.where(absent, 0.0, np.sin(angle)), np.where(absent, 0.0, np.cos(angle))]
        return parts + [absent] * self.missing


def _days(dates: np.ndarray) -> np.ndarray:
    """Days since 1970, with their fractions; NaN where missing."""
    return (dates - np.datetime64(0, "us")) / _DAY


def _spread(values: np.ndarray) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    return spread(known) if len(known) else (0.0, 1.0)


def _refuse_infinity(name: str, values: np.ndarray) -> None:
    if np.isinf(values).any():
        row = int(np.argmax(np.isinf(values)))
        raise DataError(f"column {short(name)!r} is infinite in row {row} (the first is 0)")
