"""Rows of a table, of which one column is to be predicted from the others."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from ...bounded.saved import of_type
from ...errors import ArgumentError, DataError, nearest, one_of, short
from ..tables.columns import DateColumn, NumberColumn, TextColumn, WordsColumn
from ..tables.csv import read_csv
from ..tables.table import Table
from ..tables.transform import TableTransform
from .kinds_of_columns import Kind, is_of_classes, kind_of_column
from .preprocessing import Preprocessing
from .targets import ClassTarget, NumberTarget

__all__ = ["TablePreprocessing"]

TASKS = ("classes", "numbers")
BINS = 16  # intervals of a column of numbers
_FEW = 64  # rows of the training part for each interval, at least
CATEGORIES = 50  # of a column at most, each of which comes twice


class TablePreprocessing(Preprocessing):
    """Rows of a table: one column is the target, of the others it is found out what they are to a model.

    Numbers are standardised and cut into intervals, categories become one-hot, dates their days and months, sentences
    the words in them; what names the rows, is always the same or empty is left out (see TableTransform). A target of
    texts, or of a few whole numbers that come again, is one of classes; any other is a number, learned by its logarithm
    where it is positive and lies to one side.

    Args:
        target: the column to be predicted.
        task: "classes" or "numbers"; None finds out, by what is split or fitted to first.
        id: a column that names the rows: not learned from, and carried along to the answers.
        leave_out: columns not to be learned from.
        text: columns to be read as text though they look like numbers, as codes.

    Attributes:
        columns: what each column is taken for, after `fit`.
        transform: makes the features, after `fit`.

    >>> homes = Table({"rooms": [1, 3, 2, 3], "kind": ["flat", "house", "flat", "house"], "price": [1.5, 3, 2.5, 4]})
    >>> of_homes = TablePreprocessing("price").fit(homes)
    >>> of_homes.dataset(homes)
    TensorDataset(float32(4, 4), float32(4, 1))
    >>> {name: kind.name for name, kind in of_homes.columns.items()}
    {'rooms': 'numbers', 'kind': 'categories'}
    """

    kind = "table"

    def __init__(
        self,
        target: str,
        task: str | None = None,
        id: str | None = None,
        leave_out: Collection[str] = (),
        text: Collection[str] = (),
    ) -> None:
        for name, value in (("target", target), ("id", id or "")):
            if not isinstance(value, str):
                raise ArgumentError(f"TablePreprocessing: {name} is the name of a column, got {value!r:.60}")
        if task is not None:
            one_of("TablePreprocessing", "task", task, TASKS)
        self.target_name, self.task, self.id = target, task, id
        self.leave_out, self.text = tuple(leave_out), tuple(text)
        self.columns: dict[str, Kind] = {}
        self.transform = TableTransform()
        self.said: list[str] = []

    def read(self, path: str | Path) -> Table:
        """The table in a CSV file; columns that were text in training are text again."""
        table = read_csv(path, text=self.text)
        kept = [c.name for c in self.transform.columns if c.name in table]
        as_text = [name for name in kept if self.columns[name].name in ("categories", "words")]
        again = [name for name in as_text if not table.is_text(name)]
        return read_csv(path, text={*self.text, *again}) if again else table

    def fit(self, raw: Table) -> Self:
        """Find out what the columns are, and learn from the training part."""
        table = self._checked(raw)
        self.columns = {name: self._kind(table, name) for name in table.names if name != self.target_name}
        kept = [name for name, kind in self.columns.items() if kind.learned]
        if not kept:
            raise DataError(f"no column but {self.target_name!r} is left to learn from: {self._left_out()}")
        bins = min(BINS, len(table) // _FEW)
        words = [name for name in kept if self.columns[name].name == "words"]
        options: dict[str, Any] = {"many": "share", "bins": bins if bins > 1 else 0, "words": words}
        self.transform = TableTransform(CATEGORIES, min_count=2, **options).fit(table.select(*kept))
        if of_classes := self._of_classes(table):
            self.target = ClassTarget.fit(table.texts(self.target_name), self.target_name)
        else:
            self.target = NumberTarget.fit(table.numbers(self.target_name), self.target_name)
        if of_classes and self.target.outputs < 2:
            raise DataError(f"the target {self.target_name!r} is {table.texts(self.target_name)[0]!r} in all rows")
        self.said = [f"{name} is not learned from: {why}" for name, why in self._reasons().items()]
        return self

    def _checked(self, table: Table) -> Table:
        """A table that has the target in all rows, and what else was named."""
        for name in filter(None, (self.target_name, self.id, *self.leave_out, *self.text)):
            if name not in table:
                raise ArgumentError(f"the table has no column {name!r}. {nearest(name, table.names)}")
        missing = [row for row, value in enumerate(table.texts(self.target_name)) if value is None]
        if missing:
            raise DataError(
                f"the target {self.target_name!r} is missing in {len(missing)} of {len(table)} rows, first in row "
                f"{missing[0] + 1}. Fill it in, or leave these rows out before training."
            )
        return table

    def _kind(self, table: Table, name: str) -> Kind:
        if name == self.id:
            return Kind("nothing", "it names the rows, as was said")
        if name in self.leave_out:
            return Kind("nothing", "as was said")
        return kind_of_column(table, name, CATEGORIES)

    def _reasons(self) -> dict[str, str]:
        """Why columns are left out, of those that were not told to be."""
        told = {*self.leave_out, self.id}
        return {name: kind.why for name, kind in self.columns.items() if not kind.learned and name not in told}

    def _left_out(self) -> str:
        return "; ".join(f"{short(name)}: {kind.why}" for name, kind in self.columns.items())

    def labels(self, raw: Table) -> Sequence[Any] | None:
        """The target's texts, where it is one of classes."""
        table = self._checked(raw)
        return table.texts(self.target_name).tolist() if self._of_classes(table) else None

    def _of_classes(self, table: Table) -> bool:
        """Whether the target is one of classes: found out once, so that all parts of a table are told the same."""
        if self.task is None:
            self.task = "classes" if is_of_classes(table, self.target_name) else "numbers"
        return self.task == "classes"

    def inputs(self, raw: Table) -> np.ndarray:
        """The features of each row; a DataWarning counts unknown categories."""
        return self.transform.transform(raw)

    def targets(self, raw: Table) -> np.ndarray:
        """Labels (n,), or standardised numbers (n, 1)."""
        table = self._checked(raw)
        if isinstance(self.target, ClassTarget):
            return self.target.transform(table.texts(self.target_name))
        return self.target.transform(table.numbers(self.target_name))

    def rows_named(self, raw: Table) -> tuple[str, Sequence[Any]]:
        """The column that names the rows, or their numbers from 1 on."""
        if self.id is None:
            return super().rows_named(raw)
        if self.id not in raw:
            raise ArgumentError(f"the table has no column {self.id!r} to name its rows. {nearest(self.id, raw.names)}")
        return self.id, raw.texts(self.id).tolist()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The number of features."""
        return (len(self.transform.feature_names),)

    @classmethod
    def of_transform(cls, transform: TableTransform, target: str) -> Self:
        """That of a table whose features are made already."""
        made = cls(target)
        made.transform = transform
        kinds = {NumberColumn: "numbers", TextColumn: "categories", WordsColumn: "words", DateColumn: "dates"}
        made.columns = {column.name: Kind(kinds[type(column)]) for column in transform.columns}
        return made

    def learned(self) -> dict[str, Any]:
        """The columns and the transform."""
        options: dict[str, Any] = {"target_name": self.target_name, "task": self.task, "id": self.id}
        options |= {"leave_out": list(self.leave_out), "text": list(self.text)}
        columns = {name: list(kind) for name, kind in self.columns.items()}
        return options | {"columns": columns, "transform": json.loads(self.transform.to_json())}

    @classmethod
    def restore(cls, learned: dict[str, Any]) -> Self:
        """What `learned` gave."""
        kinds: dict[str, Any] = {"target_name": str, "task": str | None, "id": str | None}
        kinds |= {"leave_out": tuple[str, ...], "text": tuple[str, ...]}
        made = cls(*(of_type(name, learned[name], kind) for name, kind in kinds.items()))
        made.columns = {
            name: Kind(*of_type("columns", kind, tuple[str, str])) for name, kind in learned["columns"].items()
        }
        made.transform = TableTransform.from_json(json.dumps(learned["transform"]))
        return made
