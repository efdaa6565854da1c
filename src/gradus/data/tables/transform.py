"""From table columns to numbers that a model learns from well."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict
from typing import Any, Self

import numpy as np

from ...bounded.saved import made, of_type, parsed
from ...errors import DataError, DataWarning, one_of, short, warn
from ...functional.checks import at_least, at_least_one
from ...names.elsewhere import tell
from .columns import DateColumn, NumberColumn, TextColumn, WordsColumn
from .table import Table

__all__ = ["TableTransform"]

_SHOWN = 3  # unknown categories of a column that a warning names

Column = NumberColumn | TextColumn | WordsColumn | DateColumn
_MANY = ("refuse", "share")


class TableTransform:
    """Makes the rows of a table into features: numbers standardised, text one-hot. Fit it on the training part only.

    z = (x - mean) / std for a column of numbers, where a missing one becomes the mean (0); a column that misses some
    in the training part gets an indicator beside it, 1 where one was missing. A text becomes one feature for each
    category of the training part, one for all that are unknown, and one for missing if that occurred. A date becomes
    its days, standardised as numbers are, twelve features for its month, seven for its day of the week, and two for the
    hour where there are times.

    Args:
        max_categories: the most categories a column of text may have; one with more is most likely a name or a
            number, or text of its own.
        min_count: how often a category must come to have a place of its own. Rarer ones share that of the unknown;
            without them a model learns nothing of it, for in the training part nothing else is unknown.
        many: what is done with a column of more categories: "refuse", or "share", where all but the commonest share the
            place of the unknown.
        bins: beside z, a number becomes its share of each of so many intervals, which hold equally many rows of the
            training part, so that even a linear model learns a curve of it (Gorishniy et al., "On embeddings for
            numerical features", 2022). 0 leaves them out.
        words: columns of sentences, which become a feature for each of the `max_categories` commonest words.

    >>> homes = Table({"rooms": [1.0, 3.0], "kind": ["flat", "house"]})
    >>> transform = TableTransform().fit(homes)
    >>> transform.feature_names
    ('rooms', 'kind=flat', 'kind=house', 'kind unknown')
    >>> transform.transform(Table({"rooms": [None, 5.0], "kind": [None, "flat"]})).tolist()
    [[0.0, 0.0, 0.0, 0.0], [3.0, 1.0, 0.0, 0.0]]
    """

    def __init__(
        self,
        max_categories: int = 100,
        min_count: int = 1,
        many: str = "refuse",
        bins: int = 0,
        words: Collection[str] = (),
    ) -> None:
        at_least_one("TableTransform", max_categories=max_categories, min_count=min_count)
        at_least(0, "TableTransform", bins=bins)
        one_of("TableTransform", "many", many, _MANY)
        self.max_categories, self.min_count, self.many, self.bins = max_categories, min_count, many, bins
        self.words = tuple(words)
        self.columns: tuple[Column, ...] = ()

    def fit(self, table: Any) -> Self:
        """Learn means, deviations and categories from the training part, a Table or what makes one."""
        table = _table(table)
        if not len(table):
            raise DataError("a TableTransform cannot be fitted to a table without rows")
        self.columns = tuple(self._fitted(table, name) for name in table.names)
        return self

    def _fitted(self, table: Table, name: str) -> Column:
        if name in self.words:
            return WordsColumn.fit(table, name, self.max_categories)
        if table.is_text(name):
            return TextColumn.fit(table, name, self.min_count, self.max_categories, self.many)
        return DateColumn.fit(table, name) if table.is_date(name) else NumberColumn.fit(table, name, self.bins)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of each column of the result: `rooms`, `rooms missing`, `kind=flat`, ..."""
        return tuple(feature for column in self.columns for feature in column.features)

    def transform(self, table: Any, aloud: bool = True) -> np.ndarray:
        """The features of each row, float32 (n, d); columns that were not there in training are passed over.

        Args:
            table: a Table, or what makes one.
            aloud: whether a DataWarning counts the categories that are unknown.

        Raises:
            DataError: a column is missing, or holds text where numbers were.
        """
        if not self.columns:
            raise DataError("this TableTransform is not fitted. Call fit(table) with the training part first.")
        table = _table(table)
        if aloud and (unknown := self.unknown(table)):
            told = "; ".join(_told(name, texts, len(table)) for name, texts in unknown.items())
            warn(f"TableTransform: categories that were not there when it was fitted: {told}", DataWarning)
        return np.column_stack([part for column in self.columns for part in column.transform(table)]).astype(np.float32)

    def fit_transform(self, table: Any) -> np.ndarray:
        """`fit(table)`, and the features of the same table: for the training part only."""
        return self.fit(table).transform(table)

    def unknown(self, table: Table) -> dict[str, dict[str, int]]:
        """For each column of text with categories that the training part did not have, these and how often they come.

        >>> transform = TableTransform().fit(Table({"kind": ["flat", "house"]}))
        >>> transform.unknown(Table({"kind": ["tent", "flat", "tent"]}))
        {'kind': {'tent': 2}}
        """
        found = {c.name: dict(Counter(c.strangers(table))) for c in self.columns if isinstance(c, TextColumn)}
        return {name: counts for name, counts in found.items() if counts}

    def to_json(self) -> str:
        """All that was learned, as JSON text."""
        columns = [{"kind": _KIND[type(column)], **asdict(column)} for column in self.columns]
        saved = {name: getattr(self, name) for name in _OPTIONS} | {"columns": columns}
        return json.dumps(saved, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The transform that `to_json` wrote."""
        try:
            saved = parsed(text)
            options = {name: of_type(name, saved[name], kind) for name, kind in _OPTIONS.items() if name in saved}
            found = cls(**options)
            found.columns = tuple(_column_from(dict(column)) for column in saved["columns"])
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            raise DataError(f"this is no TableTransform written by to_json: {problem}") from None
        return found


_OPTIONS = {"max_categories": int, "min_count": int, "many": str, "bins": int, "words": tuple[str, ...]}
_KIND: dict[type[Column], str] = {
    NumberColumn: "number",
    TextColumn: "text",
    WordsColumn: "words",
    DateColumn: "date",
}


def _table(given: Any) -> Table:
    return given if isinstance(given, Table) else Table(given)


def _told(name: str, counts: dict[str, int], rows: int) -> str:
    shown = ", ".join(repr(short(text)) for text in list(counts)[:_SHOWN])
    more = ", ..." if len(counts) > _SHOWN else ""
    return f"column {short(name)!r} in {sum(counts.values())} of {rows} rows ({shown}{more})"


def _column_from(saved: dict[str, Any]) -> Column:
    kinds: dict[str, type[Column]] = {known: column for column, known in _KIND.items()}
    if (kind := saved.pop("kind")) not in kinds:
        raise ValueError(f"there is no column of the kind {short(repr(kind))}")
    column = made(kinds[kind], saved)
    if isinstance(column, (NumberColumn, DateColumn)) and column.std <= 0:
        raise ValueError(f"std of {short(column.name)!r} is {column.std}; expected a number above 0")
    return column


tell(TableTransform, "data.TableTransform")
