"""From table columns to numbers that a model learns from well, and back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from ..errors import DataError
from ..functional.checks import at_least_one
from ..tensor import Tensor
from .table import Table

__all__ = ["Standardizer", "TableTransform"]


@dataclass(frozen=True)
class Standardizer:
    """z = (v - mean) / std, where v is y, or log y; and back.

    Args:
        mean: of v, in the units of y (of log y, without a unit, when `log` is set).
        std: of v, in the same units.
        log: y is positive and spreads over orders of magnitude, as prices do.
        name: what y is.

    >>> scale = Standardizer.fit([1.0, 3.0])
    >>> scale.transform([1.0, 5.0]).tolist(), scale.inverse(np.array([-1.0, 3.0])).tolist()
    ([-1.0, 3.0], [1.0, 5.0])
    """

    mean: float
    std: float
    log: bool = False
    name: str = ""

    @classmethod
    def fit(cls, y: Any, log: bool = False, name: str = "") -> Self:
        """The mean and standard deviation of y, numbers of any shape; y that is all one number is not divided."""
        v = _logarithm(y, name) if log else np.asarray(y, np.float64)
        mean, std = float(v.mean()), float(v.std())
        if not np.isfinite(mean) or not np.isfinite(std):
            raise DataError(f"{name or 'the target'} is not finite everywhere: fill or leave out what is missing")
        return cls(mean, _divisor(mean, std), log, name)

    def transform(self, y: Any) -> np.ndarray:
        """y standardised, float32 of the same shape."""
        v = _logarithm(y, self.name) if self.log else np.asarray(y, np.float64)
        return ((v - self.mean) / self.std).astype(np.float32)

    def inverse(self, z: Any) -> Any:
        """Predictions, a Tensor or an array, in the units of y again."""
        values: Any = z if isinstance(z, Tensor) else np.asarray(z)
        v = values * self.std + self.mean
        if not self.log:
            return v
        return v.exp() if isinstance(v, Tensor) else np.exp(v)

    def to_json(self) -> str:
        """The standardiser as JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The standardiser that `to_json` wrote."""
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as problem:
            raise DataError(f"this is no Standardizer written by to_json: {problem}") from None


def _divisor(mean: float, std: float) -> float:
    """The deviation, or 1 where it is nothing but the rounding of equal numbers."""
    return std if std > 1e-14 * abs(mean) else 1.0


def _logarithm(y: Any, name: str) -> np.ndarray:
    values = np.asarray(y, np.float64)
    if not (values > 0).all():
        place = np.argwhere(~(values > 0))[0]
        raise DataError(
            f"{name or 'the target'} must be above 0 for a logarithm; number {place.tolist()} is {values[tuple(place)]}"
        )
    return np.log(values)


@dataclass(frozen=True)
class NumberColumn:
    """How a column of numbers is standardised; a missing one becomes the mean, with an indicator if `missing`."""

    name: str
    mean: float
    std: float
    missing: bool

    @property
    def features(self) -> list[str]:
        """The names of the columns that it becomes."""
        return [self.name] + [f"{self.name} missing"] * self.missing

    def transform(self, table: Table) -> list[np.ndarray]:
        """Those columns for a table, each (n,)."""
        values = table.numbers(self.name)
        _refuse_infinity(self.name, values)
        absent = np.isnan(values)
        return [np.where(absent, 0.0, (values - self.mean) / self.std)] + [absent] * self.missing


@dataclass(frozen=True)
class TextColumn:
    """How a column of text becomes one column for each category, 1 where it is the row's, else 0.

    A text that is no known category is 0 in all of them, and so is a missing one unless `missing`.
    """

    name: str
    categories: tuple[str, ...]
    missing: bool

    @property
    def features(self) -> list[str]:
        """The names of the columns that it becomes."""
        return [f"{self.name}={c}" for c in self.categories] + [f"{self.name} missing"] * self.missing

    def transform(self, table: Table) -> list[np.ndarray]:
        """Those columns for a table, each (n,)."""
        values = table.texts(self.name)
        return [values == c for c in self.categories] + [np.array([v is None for v in values])] * self.missing


class TableTransform:
    """Makes the rows of a table into features: numbers standardised, text one-hot. Fit it on the training part only.

    z = (x - mean) / std for a column of numbers, where a missing one becomes the mean (0); a column that misses some
    in the training part gets an indicator beside it, 1 where one was missing. A text becomes one feature for each
    category of the training part, and one for missing if that occurred; what was not seen in training is all 0.

    Args:
        max_categories: the most categories a column of text may have; one with more is most likely a name or a
            number, or text of its own.

    >>> homes = Table({"rooms": [1.0, 3.0], "kind": ["flat", "house"]})
    >>> transform = TableTransform().fit(homes)
    >>> transform.feature_names
    ('rooms', 'kind=flat', 'kind=house')
    >>> transform.transform(Table({"rooms": [None, 5.0], "kind": ["tent", "flat"]})).tolist()
    [[0.0, 0.0, 0.0], [3.0, 1.0, 0.0]]
    """

    def __init__(self, max_categories: int = 100) -> None:
        at_least_one("TableTransform", max_categories=max_categories)
        self.max_categories = max_categories
        self.columns: tuple[NumberColumn | TextColumn, ...] = ()

    def fit(self, table: Table) -> Self:
        """Learn means, deviations and categories from the training part."""
        if not len(table):
            raise DataError("a TableTransform cannot be fitted to a table without rows")
        self.columns = tuple(
            self._text(table, name) if table.is_text(name) else _fit_numbers(table, name) for name in table.names
        )
        return self

    def _text(self, table: Table, name: str) -> TextColumn:
        values = table.texts(name)
        categories = sorted({v for v in values if v is not None})
        if len(categories) > self.max_categories:
            raise DataError(
                f"column {name!r} holds {len(categories)} different texts ({', '.join(categories[:3])}, ...), more "
                f"than max_categories={self.max_categories}. Drop the column, or raise the limit."
            )
        return TextColumn(name, tuple(categories), any(v is None for v in values))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of each column of the result: `rooms`, `rooms missing`, `kind=flat`, ..."""
        return tuple(feature for column in self.columns for feature in column.features)

    def transform(self, table: Table) -> np.ndarray:
        """The features of each row, float32 (n, d); columns that were not there in training are passed over.

        Raises:
            DataError: a column is missing, or holds text where numbers were.
        """
        if not self.columns:
            raise DataError("this TableTransform is not fitted. Call fit(table) with the training part first.")
        return np.column_stack([part for column in self.columns for part in column.transform(table)]).astype(np.float32)

    def to_json(self) -> str:
        """All that was learned, as JSON text."""
        columns = [{"kind": _KIND[type(column)], **asdict(column)} for column in self.columns]
        return json.dumps({"max_categories": self.max_categories, "columns": columns}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The transform that `to_json` wrote."""
        try:
            saved = json.loads(text)
            made = cls(saved["max_categories"])
            made.columns = tuple(_column_from(dict(column)) for column in saved["columns"])
        except (KeyError, TypeError, ValueError) as problem:
            raise DataError(f"this is no TableTransform written by to_json: {problem}") from None
        return made


_KIND: dict[type, str] = {NumberColumn: "number", TextColumn: "text"}


def _column_from(saved: dict[str, Any]) -> NumberColumn | TextColumn:
    if saved.pop("kind") == "number":
        return NumberColumn(**saved)
    return TextColumn(**saved | {"categories": tuple(saved["categories"])})


def _fit_numbers(table: Table, name: str) -> NumberColumn:
    values = table.numbers(name)
    _refuse_infinity(name, values)
    known = values[~np.isnan(values)]
    mean, std = (float(known.mean()), float(known.std())) if len(known) else (0.0, 0.0)
    return NumberColumn(name, mean, _divisor(mean, std), len(known) < len(values))


def _refuse_infinity(name: str, values: np.ndarray) -> None:
    if np.isinf(values).any():
        raise DataError(f"column {name!r} is infinite in row {int(np.argmax(np.isinf(values)))} (the first is 0)")
