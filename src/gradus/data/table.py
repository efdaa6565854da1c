"""Table: named columns of numbers or text, some of them missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, nearest

__all__ = ["Table"]

_SHOWN = 6  # columns and rows that a printed table shows
_WIDTH = 14


class Table:
    """Columns of equal length by name, in order; a column holds numbers (missing: NaN) or text (missing: None).

    Args:
        columns: for each name its values: numbers become float64; everything else must be str or None.

    Raises:
        DataError: no columns, columns of different lengths, or values that are neither.

    >>> table = Table({"rooms": [3, 4], "kind": ["flat", None]})
    >>> table.select("rooms")["rooms"], len(table)
    (array([3., 4.]), 2)
    >>> print(table)
    rooms  kind
    3      flat
    4      -
    2 rows x 2 columns
    """

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self.columns = {name: _column(name, values) for name, values in columns.items()}
        lengths = {name: len(values) for name, values in self.columns.items()}
        if len(set(lengths.values())) != 1:
            raise DataError(f"a table needs columns of one length, got {lengths or 'none'}")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            return self.columns[name]
        except KeyError:
            raise DataError(f"the table has no column {name!r}. {nearest(name, self.columns)}") from None

    def is_text(self, name: str) -> bool:
        """Whether the column holds text."""
        return self[name].dtype == object

    def numbers(self, name: str) -> np.ndarray:
        """A column that must hold numbers, float64 (n,), NaN where missing."""
        if not self.is_text(name):
            return self[name]
        row, value = next((i, v) for i, v in enumerate(self[name]) if v is not None and as_number(v) is None)
        raise DataError(f"column {name!r} must hold numbers, but row {row} (the first is 0) holds {value!r}")

    def texts(self, name: str) -> np.ndarray:
        """A column as text (n,), None where missing; numbers are written out: 98178.0 as "98178"."""
        if self.is_text(name):
            return self[name]
        values = self[name].tolist()
        return _objects([None if v != v else str(int(v)) if v.is_integer() else repr(v) for v in values])

    # -- other tables from this one -----------------------------------------------------------------------------

    def select(self, *names: str) -> Table:
        """Only these columns, in this order."""
        return Table({name: self[name] for name in names})

    def drop(self, *names: str) -> Table:
        """All columns but these."""
        gone = {name for name in names if self[name] is not None}
        return Table({name: values for name, values in self.columns.items() if name not in gone})

    def rename(self, new_names: Mapping[str, str]) -> Table:
        """Columns under other names, old to new, each in its place."""
        wanted = [new_names.get(name, name) for name in self.columns]
        if any(self[name] is None for name in new_names) or len(set(wanted)) < len(wanted):
            raise ArgumentError(f"rename: two columns would have one name: {wanted}")
        return Table(dict(zip(wanted, self.columns.values(), strict=True)))

    def assign(self, **columns: Any) -> Table:
        """With columns added, or replaced where the name is there."""
        return Table(self.columns | columns)

    def rows(self, index: Any) -> Table:
        """The rows at a slice, or an array of places or of truths."""
        return Table({name: values[index] for name, values in self.columns.items()})

    def head(self, count: int = _SHOWN) -> Table:
        """The first rows."""
        return self.rows(slice(count))

    def __repr__(self) -> str:
        shown = self.names[:_SHOWN]
        lines = [[_cut(name) for name in shown]]
        lines += [[_cut(v) for v in row] for row in zip(*(self.texts(n)[:_SHOWN] for n in shown), strict=True)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        more = " ..." if len(self.columns) > _SHOWN else ""
        text = ["  ".join(v.ljust(w) for v, w in zip(line, widths, strict=True)).rstrip() + more for line in lines]
        text += ["..."] if len(self) > _SHOWN else []
        return "\n".join([*text, f"{len(self)} rows x {len(self.columns)} columns"])


def _column(name: str, values: Any) -> np.ndarray:
    array = values if isinstance(values, np.ndarray) else _objects(list(values))
    if array.ndim != 1:
        raise DataError(f"column {name!r} must have one axis, got shape {array.shape}")
    if array.dtype.kind in "biuf":
        return array.astype(np.float64, copy=False)
    values = array.tolist()
    if all(v is None or isinstance(v, str) for v in values) and not all(v is None for v in values):
        return array if array.dtype == object else _objects(values)
    try:
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    except (TypeError, ValueError):
        kinds = sorted({type(v).__name__ for v in values})
        raise DataError(f"column {name!r} must hold numbers or text, got {', '.join(kinds)}") from None


def _objects(values: list[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def as_number(text: str) -> float | None:
    """The number a text spells, or None; Python's own underscores (1_000) do not count."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _cut(value: str | None) -> str:
    text = "-" if value is None else value
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."
