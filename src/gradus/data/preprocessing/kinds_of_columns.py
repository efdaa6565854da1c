"""What a column of a table is to a model: numbers, categories, dates, words, or nothing to learn from."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from ..tables.table import Table

_WORDS = 3  # words that the texts of a column have on average, from which on they are sentences
_FEW_CLASSES = 10  # different whole numbers up to which a target is one of classes
_NAMES = 0.5  # share of different texts from which on a column of single words names its rows
_KEYS = 0.95  # share of different numbers from which on a column called an id is one
_CALLED_ID = re.compile(r"(^|[\s_.-])(id|key|uuid|guid|index|no|nr)$|[a-z]I[dD]$", re.IGNORECASE)


class Kind(NamedTuple):
    """What a column is taken for: "numbers", "categories", "dates", "words" or "nothing"; and why, where it is said."""

    name: str
    why: str = ""

    @property
    def learned(self) -> bool:
        """Whether a model is given it."""
        return self.name != "nothing"


def kind_of_column(table: Table, name: str, max_categories: int) -> Kind:
    """What a column is to be taken for.

    >>> table = Table({"Id": [1, 2, 3], "size": [3.5, 2.0, 2.0], "city": ["Ulm", "Ulm", "Bonn"]})
    >>> [kind_of_column(table, name, 50).name for name in table.names]
    ['nothing', 'numbers', 'categories']
    """
    if table.is_date(name):
        known = table[name][~np.isnat(table[name])]
        return _nothing_new(known) or Kind("dates")
    return _texts(table, name, max_categories) if table.is_text(name) else _numbers(table, name)


def is_of_classes(table: Table, name: str) -> bool:
    """Whether a target is one of classes: text, or a few whole numbers that come again.

    >>> is_of_classes(Table({"survived": [0, 1, 1, 0]}), "survived"), is_of_classes(Table({"x": [0.5, 1.0]}), "x")
    (True, False)
    """
    if table.is_text(name):
        return True
    if table.is_date(name):
        return False
    values = table[name]
    different, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    whole = bool((different == np.round(different)).all())
    return whole and 1 < len(different) <= _FEW_CLASSES and bool((counts > 1).all())


def _numbers(table: Table, name: str) -> Kind:
    values = table[name]
    known = values[~np.isnan(values)]
    if (nothing := _nothing_new(known, len(known) < len(values))) is not None:
        return nothing
    different = len(np.unique(known))
    whole = bool((known == np.round(known)).all())
    if whole and different == len(values) > 2 and (np.diff(known) == 1).all():
        return Kind("nothing", "it counts the rows")
    if whole and _CALLED_ID.search(name) and different >= _KEYS * len(known):
        return Kind("nothing", "it names the rows")
    return Kind("numbers")


def _texts(table: Table, name: str, max_categories: int) -> Kind:
    known = [text for text in table[name] if text is not None]
    if (nothing := _nothing_new(np.array(known, object), len(known) < len(table))) is not None:
        return nothing
    different = len(set(known))
    if different <= max_categories and different < len(known):
        return Kind("categories")
    if sum(len(text.split()) for text in known) >= _WORDS * len(known):
        return Kind("words")
    if different >= _NAMES * len(known):
        return Kind("nothing", f"{different} different texts in {len(known)} rows: it names the rows")
    return Kind("categories", f"the commonest {max_categories} of {different}; the others share a place")


def _nothing_new(known: np.ndarray, missing: bool = False) -> Kind | None:
    if not known.size:
        return Kind("nothing", "it is empty")
    return Kind("nothing", f"it is always {known[0]}") if not missing and (known == known[0]).all() else None
