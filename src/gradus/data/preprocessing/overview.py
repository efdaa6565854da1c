"""What is in a file or folder, before anything is learned from it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import short
from ..readers.images import picture_kind
from ..tables.csv import read_csv
from ..tables.table import Table
from .arrays import ArrayPreprocessing, RawArrays
from .kinds import kind_of
from .kinds_of_columns import kind_of_column
from .pictures import PicturePreprocessing, listed
from .table import CATEGORIES, TablePreprocessing

__all__ = ["Overview", "overview"]

_SHOWN = 4  # categories, classes and sizes that are named
_CELL = 24  # characters of a category


class Overview(NamedTuple):
    """What is in data: `title`, and lines of cells below `head`.

    >>> print(Overview("two numbers", ("name", "is"), [("a", "1"), ("b", "2")]))
    two numbers
    <BLANKLINE>
    name  is
    a     1
    b     2
    """

    title: str
    head: tuple[str, ...]
    lines: list[tuple[str, ...]]

    def __str__(self) -> str:
        cells = [self.head, *self.lines]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        rows = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
        return "\n".join([self.title, "", *rows])


def overview(path: str | Path) -> Overview:
    """What is in a table, a folder of pictures, or arrays.

    Raises:
        DataError: nothing is there, or nothing that is known.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "homes.csv"
    >>> _ = path.write_text("rooms,kind\\n3,flat\\n5,flat\\n,house\\n")
    >>> print(overview(path).title.partition(": ")[2])
    3 rows x 2 columns
    >>> overview(path).lines
    [('rooms', 'numbers', '1', '2', '3 to 5, half below 4'), ('kind', 'categories', '', '2', 'flat (2), house (1)')]
    """
    kind = kind_of(path)
    if kind == TablePreprocessing.kind:
        return _of_table(path, read_csv(path))
    return _of_pictures(Path(path)) if kind == PicturePreprocessing.kind else _of_arrays(path)


def _of_table(path: str | Path, table: Table) -> Overview:
    lines: list[tuple[str, ...]] = []
    for name in table.names:
        kind, texts = kind_of_column(table, name, CATEGORIES), table.texts(name)
        known = table[name][[text is not None for text in texts]]
        absent, different = len(texts) - len(known), len(set(texts) - {None})
        what = kind.why or (_dates if table.is_date(name) else _commonest if table.is_text(name) else _range)(known)
        lines.append((short(name), kind.name, f"{absent or ''}", f"{different:,}", what))
    title = f"{path}: {len(table):,} rows x {len(table.names)} columns"
    return Overview(title, ("column", "taken for", "missing", "different", ""), lines)


def _of_pictures(root: Path) -> Overview:
    files, labels = listed(root)
    kinds = {file: picture_kind(file) for file in files}
    lines: list[tuple[str, ...]] = []
    for label in dict.fromkeys((labels or dict.fromkeys(files, "")).values()):
        mine = [kinds[file] for file in files if labels is None or labels[file] == label]
        seen = [kind for kind in mine if kind is not None]
        sizes = Counter(f"{kind.width}x{kind.height}" for kind in seen)
        grey = sum(kind.grey for kind in seen)
        lines.append((label, f"{len(mine):,}", f"{len(mine) - len(seen) or ''}", f"{grey:,}", _counted(sizes)))
    title = f"{root}: {len(files):,} pictures" + (f" of {len(lines)} classes" if labels else "")
    return Overview(title, ("class", "pictures", "unreadable", "grey", "sizes (width x height)"), lines)


def _of_arrays(path: str | Path) -> Overview:
    raw: RawArrays = ArrayPreprocessing().read(path)
    arrays = {"x": raw.x} | ({} if raw.y is None else {"y": raw.y})
    lines: list[tuple[str, ...]] = [
        (name, a.dtype.name, "x".join(map(str, a.shape)), _range(a.ravel())) for name, a in arrays.items()
    ]
    return Overview(f"{path}: {len(raw):,} samples", ("array", "type", "shape", ""), lines)


def _range(values: np.ndarray) -> str:
    if not values.size:
        return ""
    return f"{values.min():.6g} to {values.max():.6g}, half below {np.median(values):.6g}"


def _dates(days: np.ndarray) -> str:
    return f"{days.min().astype('datetime64[D]')} to {days.max().astype('datetime64[D]')}" if days.size else ""


def _commonest(texts: np.ndarray) -> str:
    return _counted(Counter(text if len(text) <= _CELL else f"{text[: _CELL - 3]}..." for text in texts))


def _counted(counts: Counter[str]) -> str:
    shown = ", ".join(f"{short(name)} ({count:,})" for name, count in counts.most_common(_SHOWN))
    return shown + (", ..." if len(counts) > _SHOWN else "")
