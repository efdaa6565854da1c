"""Table: named columns of numbers, dates or text, some of them missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ...errors import ArgumentError, DataError, DataWarning, nearest, short, warn
from ...names.elsewhere import tell
from ...tensor import Tensor
from .dates import EitherOrderError, as_dates
from .numbers import EXACT, as_number

__all__ = ["Table"]

_SHOWN = 6  # columns and rows that a printed table shows
_WIDTH = 14
_LARGEST = 2**1023


class Table:
    """Columns of equal length by name, in order: numbers (missing: NaN), dates (missing: NaT) or text (missing: None).

    Args:
        columns: for each name its values; or a list of records, dicts of a row each; or a DataFrame, whose index is
            left out; or an array with named fields. Numbers and truths become float64, dates datetime64[us]; everything
            else must be str or missing.

    Raises:
        DataError: no columns, columns of different lengths, or values that are none of these.

    >>> table = Table({"rooms": [3, 4], "kind": ["flat", None]})
    >>> table.select("rooms")["rooms"], len(table)
    (array([3., 4.]), 2)
    >>> print(Table([{"rooms": 3, "kind": "flat"}, {"rooms": 4}]))
    rooms  kind
    3      flat
    4      -
    2 rows x 2 columns
    """

    def __init__(self, columns: Any) -> None:
        self.columns = {name: _column(name, values) for name, values in _named(columns).items()}
        lengths = {name: len(values) for name, values in self.columns.items()}
        if len(set(lengths.values())) != 1:
            raise DataError(f"a table needs columns of one length, got {short(lengths or 'none')}")

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
            raise DataError(f"the table has no column {short(name)!r}. {nearest(name, self.columns)}") from None
        except TypeError:
            raise DataError(
                f"a column is asked for by its name, got {short(repr(name))}. Several: table.select('a', 'b'); rows: "
                "table.rows(places)."
            ) from None

    def __iter__(self) -> Iterator[str]:
        """The names, as of a dict."""
        return iter(self.columns)

    def is_text(self, name: str) -> bool:
        """Whether the column holds text."""
        return self[name].dtype == object

    def is_date(self, name: str) -> bool:
        """Whether the column holds dates."""
        return self[name].dtype.kind == "M"

    def numbers(self, name: str) -> np.ndarray:
        """A column that must hold numbers, or texts that spell some, float64 (n,), NaN where missing."""
        values = self[name]
        if self.is_date(name):
            raise DataError(f"column {short(name)!r} must hold numbers, but holds dates, as {self.texts(name)[0]}")
        if not self.is_text(name):
            return values
        found = [np.nan if v is None else as_number(v) for v in values]
        row = next((i for i, number in enumerate(found) if number is None), None)
        if row is not None:
            raise DataError(
                f"column {short(name)!r} must hold numbers, but row {row} (the first is 0) holds {short(values[row])!r}"
            )
        return np.array(found, np.float64)

    def dates(self, name: str) -> np.ndarray:
        """A column that must hold dates, datetime64[us] (n,), NaT where missing.

        >>> Table({"sold": ["2024-05-01", None]}).dates("sold").astype("datetime64[D]").tolist()
        [datetime.date(2024, 5, 1), None]
        """
        if self.is_date(name):
            return self[name]
        try:
            found = as_dates({v for v in self[name] if v is not None}) if self.is_text(name) else {}
        except EitherOrderError:
            raise DataError(
                f"column {short(name)!r} must hold dates, but its days and months stand in an order that nothing "
                f"tells. Say which when it is read: read_csv(path, dates={{{short(name)!r}: '%d/%m/%Y'}})"
            ) from None
        row = next((i for i, v in enumerate(self[name]) if v is not None and v not in found), None)
        if row is not None:
            raise DataError(
                f"column {short(name)!r} must hold dates, but row {row} (the first is 0) holds "
                f"{short(self[name][row])!r}"
            )
        return np.array([None if v is None else found[v] for v in self[name]], "datetime64[us]")

    def texts(self, name: str) -> np.ndarray:
        """A column as text (n,), None where missing: 98178.0 is "98178", a date 2024-05-01 or 2024-05-01T08:30:00."""
        if self.is_text(name):
            return self[name]
        if self.is_date(name):
            return _written_dates(self[name])
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
        """The rows at a slice, a place, or an array of places or of truths."""
        if isinstance(index, slice):
            return Table({name: values[index] for name, values in self.columns.items()})
        try:
            places = np.arange(len(self))[index.numpy() if isinstance(index, Tensor) else index]
        except (IndexError, TypeError, ValueError) as problem:
            raise DataError(f"the table of {len(self)} rows has none at {short(repr(index))}: {problem}") from None
        return Table({name: values[np.atleast_1d(places)] for name, values in self.columns.items()})

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


def _named(columns: Any) -> Mapping[str, Any]:
    """The columns by name, of all that a table is made of."""
    if isinstance(columns, Table):
        return columns.columns
    if isinstance(columns, Mapping):
        return {str(name): values for name, values in columns.items()}
    if isinstance(columns, np.ndarray) and columns.dtype.names:
        return {name: columns[name] for name in columns.dtype.names}
    if hasattr(columns, "columns") and hasattr(columns, "__getitem__"):  # a DataFrame, of pandas or polars
        return {str(name): np.asarray(columns[name]) for name in columns.columns}
    records = list(columns) if isinstance(columns, (list, tuple)) else []
    if not records or not all(isinstance(record, Mapping) for record in records):
        raise DataError(
            f"a table is made of columns by name, of records (dicts) or of a DataFrame, got {short(repr(columns))}"
        )
    names = dict.fromkeys(str(name) for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}


def _column(name: str, values: Any) -> np.ndarray:
    if not isinstance(values, Iterable) or isinstance(values, str):
        raise DataError(f"column {short(name)!r} is made of the values of its rows, got {short(repr(values))}")
    array = values if isinstance(values, np.ndarray) else _objects(list(values))
    if array.ndim != 1:
        raise DataError(f"column {short(name)!r} must have one axis, got shape {array.shape}")
    if array.dtype.kind in "bf":
        return array.astype(np.float64, copy=False)
    if array.dtype.kind == "M":
        return array.astype("datetime64[us]")
    if array.dtype.kind in "iu":
        return (
            _whole(name, array.tolist()) if (np.abs(array.astype(np.float64)) >= EXACT).any() else array.astype(float)
        )
    values = array.tolist()
    kinds = set(map(type, values))
    if array.dtype == object and str in kinds and kinds <= {str, type(None)}:
        return array
    if not all(v is None or isinstance(v, str) for v in values):
        values = [None if _is_missing(v) else v for v in values]
        array = _objects(values)
    known = [v for v in values if v is not None]
    if known and all(isinstance(v, str) for v in known):
        return array if array.dtype == object else _objects(values)
    if known and all(isinstance(v, (dt.date, np.datetime64)) for v in known):
        return np.array([None if v is None else _zoneless(v) for v in values], "datetime64[us]")
    if known and all(isinstance(v, (int, np.integer)) for v in known) and any(abs(int(v)) > EXACT for v in known):
        return _whole(name, values)
    return _numbers(name, values)


def _numbers(name: str, values: list[Any]) -> np.ndarray:
    try:
        if any(isinstance(v, str) for v in values):
            raise TypeError
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    except (TypeError, ValueError):
        kinds = sorted({type(v).__name__ for v in values})
        raise DataError(f"column {short(name)!r} must hold numbers, dates or text, got {', '.join(kinds)}") from None


def _whole(name: str, values: list[Any]) -> np.ndarray:
    """Whole numbers, some of them large: as text, if a float64 would round one."""
    if all(v is None or (abs(v) < _LARGEST and int(float(v)) == v) for v in values):
        return _numbers(name, values)
    warn(
        f"column {short(name)!r} holds whole numbers with more digits than a float64 holds, and becomes text",
        DataWarning,
    )
    return _objects([None if v is None else str(int(v)) for v in values])


def _is_missing(value: Any) -> bool:
    """None, NaN, NaT, or what pandas has for them (NA, of which nothing can be asked)."""
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)
    )


def _zoneless(value: Any) -> Any:
    """A date and time in Greenwich, for NumPy knows no zones."""
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).replace(tzinfo=None)
    return value


def _written_dates(values: np.ndarray) -> np.ndarray:
    """Dates as ISO 8601 writes them, with a time only where there is one."""
    known = values[~np.isnat(values)]
    unit = next(unit for unit in ("D", "s", "us") if (known.astype(f"datetime64[{unit}]") == known).all())
    shown = values.astype(f"datetime64[{unit}]").astype(str).tolist()
    return _objects([None if absent else text for text, absent in zip(shown, np.isnat(values).tolist(), strict=True)])


def _objects(values: list[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _cut(value: str | None) -> str:
    text = "-" if value is None else value
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."


tell(Table, "data.Table")
