"""The values of a text whose rows are all of one width, by their places: found at once, read column by column.

Most files are so. A list of texts for each row, as Python's `csv` makes it, takes several times as long to make as the
numbers do. What is not so regular is left to it; where both can, they give the same values.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import chain, compress
from typing import Any

import numpy as np

from .decimals import Decimals
from .numbers import as_number

_QUOTE, _END, _SPACE, _ZERO, _POINT = map(ord, '"\n 0.')
_ENCLOSED = re.compile(r'"(?:[^"]|"")*"')
_AT_ONCE = 1000  # rows that become lists when they are gone through
_FEW = 10  # rows that are as quick line by line
_LOOKED_AT = 20  # values that show whether a column may be one of numbers


class _Text:
    """A text, and a byte for each of its characters: 255 for all that are not of ASCII."""

    def __init__(self, text: str) -> None:
        self.text = text
        if text.isascii():
            self.codes = np.frombuffer(text.encode("ascii"), np.uint8)
        else:
            wide = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
            self.codes = np.where(wide < 128, wide, 255).astype(np.uint8)

    @cached_property
    def decimals(self) -> Decimals:
        """The plain numbers in it."""
        return Decimals(self.codes)


class _Places:
    """Where values are.

    Args:
        starts, ends: of each, without quotation marks around it.
        points: the last point in it; its end where there is none.
        quoted: whether such marks are around it, and two in it stand for one; None where there is no such value.
    """

    def __init__(self, starts: np.ndarray, points: np.ndarray, ends: np.ndarray, quoted: np.ndarray | None) -> None:
        self.starts, self.points, self.ends, self.quoted = starts, points, ends, quoted

    def __getitem__(self, kept: Any) -> _Places:
        quoted = None if self.quoted is None else self.quoted[kept]
        return _Places(self.starts[kept], self.points[kept], self.ends[kept], quoted)


class Cells(Sequence[list[str]]):
    """Rows of values; a row is a list of texts.

    Attributes:
        width: how many values each holds.
    """

    def __init__(self, text: _Text, places: _Places) -> None:
        self._text, self._places = text, places
        self.width: int = places.starts.shape[1]

    def __len__(self) -> int:
        return len(self._places.starts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return list(map(list, zip(*(column[index] for column in self.columns), strict=True)))
        return [column[index] for column in self.columns]

    def __iter__(self) -> Iterator[list[str]]:
        for start in range(0, len(self), _AT_ONCE):
            yield from self[start : start + _AT_ONCE]

    @cached_property
    def columns(self) -> list[Column]:
        """The columns, in order."""
        return [Column(self, i, self._text, self._places[:, i]) for i in range(self.width)]

    @cached_property
    def numbers(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """The plain numbers of the columns that hold any, and where they are: row by row, as they lie in the memory."""
        samples = [column[:_LOOKED_AT] for column in self.columns]
        chosen = [i for i, sample in enumerate(samples) if any(as_number(text) is not None for text in sample)]
        at = self._places if len(chosen) == self.width else self._places[:, chosen]
        found = self._text.decimals.read(at.starts.ravel(), at.points.ravel(), at.ends.ravel())
        numbers, read = (np.ascontiguousarray(of.reshape(-1, max(len(chosen), 1)).T) for of in found)
        return {i: (numbers[k], read[k]) for k, i in enumerate(chosen)}

    def rows(self, kept: Any) -> Cells:
        """Some of the rows, by a slice or a mask."""
        return Cells(self._text, self._places[kept])

    def alike(self, row: Sequence[str]) -> np.ndarray:
        """Which rows hold just these values, (rows,)."""
        found = np.ones(len(self), bool)
        for i, value in enumerate(row):
            found &= (self._places.ends[:, i] - self._places.starts[:, i] == len(value)) | ('"' in value)
            if not found.any():
                break
        for place in np.flatnonzero(found).tolist():
            found[place] = self[place] == row
        return found


class Lists:
    """Rows of one width that are lists already, as `Cells`."""

    def __init__(self, values: list[list[str]], width: int) -> None:
        self.values, self.width = values, width

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> list[str]:
        return self.values[index]

    @cached_property
    def columns(self) -> list[list[str]]:
        """The columns, in order."""
        flat = list(chain.from_iterable(self.values))
        return [flat[i :: self.width] for i in range(self.width)]

    def rows(self, kept: Any) -> Lists:
        """Some of the rows, by a slice or a mask."""
        values = self.values[kept] if isinstance(kept, slice) else list(compress(self.values, kept))
        return Lists(values, self.width)

    def alike(self, row: Sequence[str]) -> np.ndarray:
        """Which rows hold just these values, (rows,)."""
        return np.fromiter((values == row for values in self.values), bool, len(self))


class Column(Sequence[str]):
    """The values of a column; texts are made of them when they are asked for."""

    def __init__(self, table: Cells, number: int, text: _Text, places: _Places) -> None:
        self._table, self._number, self._text, self._places = table, number, text, places

    def __len__(self) -> int:
        return len(self._places.starts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._cut(index)
        return self._cut(slice(index, None if index == -1 else index + 1))[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    @cached_property
    def _all(self) -> list[str]:
        return self._cut(slice(None))

    def _cut(self, kept: Any) -> list[str]:
        text, places = self._text.text, self._places[kept]
        found = [text[a:b] for a, b in zip(places.starts.tolist(), places.ends.tolist(), strict=True)]
        if places.quoted is None or not places.quoted.any():
            return found
        return [t.replace('""', '"') if q else t for t, q in zip(found, places.quoted.tolist(), strict=True)]

    def holds(self, character: str) -> bool:
        """Whether there is such a character in any value."""
        if character == ".":
            return bool((self._places.points < self._places.ends).any())
        return character in self._text.text and any(character in text for text in self)

    @cached_property
    def _decimals(self) -> tuple[np.ndarray, np.ndarray]:
        if self._number in self._table.numbers:
            return self._table.numbers[self._number]
        places = self._places
        return self._text.decimals.read(places.starts, places.points, places.ends)

    def numbers(self, missing: Collection[str]) -> tuple[np.ndarray, bool] | None:
        """The values as float64 where all are numbers in the machines' way, or missing, and whether any is; else None.

        Args:
            missing: the texts that stand for a missing value, as an empty one does.
        """
        if _meanings(self[:_LOOKED_AT], missing) is None:
            return None
        numbers, read = self._decimals[0].copy(), self._decimals[1]
        if read.all():
            return numbers, False
        others = self._cut(~read)
        meanings = _meanings(others, missing)
        if meanings is None:
            return None
        numbers[~read] = list(map(meanings.__getitem__, others))
        return numbers, any(as_number(text) is None for text in meanings)

    def no_code(self) -> bool:
        """Whether it is sure that it holds no numbers of one length with zeros in front."""
        lengths = self._places.ends - self._places.starts
        if (~self._decimals[1] & (lengths > 0)).any():
            return False
        shortest = lengths[lengths > 0].min(initial=lengths.max(initial=0))
        return bool(shortest < lengths.max(initial=0)) or not (self._text.codes[self._places.starts] == _ZERO).any()


def _meanings(texts: Sequence[str], missing: Collection[str]) -> dict[str, float] | None:
    """What texts say as numbers, NaN of missing ones; None where one is neither."""
    found: dict[str, float] = {}
    for text in dict.fromkeys(texts):
        bare = text.strip()
        number = as_number(bare)
        if number is None and bare and bare not in missing:
            return None
        found[text] = np.nan if number is None else number
    return found


def found_cells(text: str, delimiter: str, quoted: bool) -> Cells | None:
    """The values of a text, as Python's `csv` finds them; None where its rows are not all of one width.

    Args:
        text: the content of the file.
        delimiter: what lies between two values; white space of any length is left to others.
        quoted: whether quotation marks enclose values.

    >>> cells = found_cells("rooms,kind\\n" + '3,"flat, new"\\n4, house\\n' * 10, ",", quoted=True)
    >>> cells[1], cells[2]
    (['3', 'flat, new'], ['4', 'house'])
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    lines = lines.strip("\n") + "\n"
    if delimiter == " " or not delimiter.isascii() or lines == "\n":
        return None
    of = _Text(lines)
    codes, marks = of.codes, None
    found = np.flatnonzero((codes == ord(delimiter)) | (codes == _END) | (codes == _POINT))
    if quoted and '"' in lines:
        marks = _running(codes == _QUOTE)
        if marks[-1] % 2:
            return None
        found = found[(marks[found] % 2 == 0) | (codes[found] == _POINT)]
    places = _regular(codes, found, delimiter)
    if places is None or ("\r" in text and len(places.starts) != lines.count("\n")):
        return None  # or which ends of lines a quotation held is lost
    while (blank := codes[places.starts] == _SPACE).any():
        places.starts = places.starts + blank
    return Cells(of, places) if marks is None or _unquote(of, places, marks) else None


def _running(marked: np.ndarray) -> np.ndarray:
    """How many are marked before each place."""
    counts = np.zeros(len(marked) + 1, np.int32 if len(marked) < 2**31 else np.int64)
    np.cumsum(marked, out=counts[1:])
    return counts


def _regular(codes: np.ndarray, found: np.ndarray, delimiter: str) -> _Places | None:
    """Where the values lie between delimiters, points and ends of lines; None where the lines hold unlike numbers."""
    kinds = codes[found]
    between = np.flatnonzero((kinds == ord(delimiter)) | (kinds == _END))
    ends = found[between]
    last = kinds[between] == _END
    if not last.any():
        return None
    width = int(np.argmax(last)) + 1
    if last.sum() * width != len(ends) or not last[width - 1 :: width].all() or len(ends) < _FEW * width:
        return None
    points = np.where((between > 0) & (kinds[between - 1] == _POINT), found[between - 1], ends)
    starts = np.concatenate([[0], ends[:-1] + 1])
    if width == 1 and (starts == ends).any():
        return None  # empty lines are no rows
    if delimiter == ".":
        points = ends
    return _Places(starts.reshape(-1, width), points.reshape(-1, width), ends.reshape(-1, width), None)


def _unquote(of: _Text, places: _Places, marks: np.ndarray) -> bool:
    """Leave quotation marks around values out; False where there are others than these, and pairs in between."""
    starts, ends = places.starts, places.ends
    counts = marks[ends] - marks[starts]
    around = (of.codes[starts] == _QUOTE) & (of.codes[ends - 1] == _QUOTE) & (ends - starts > 1)
    if ((counts > 0) & ~around).any():
        return False
    for place in np.argwhere(counts > 2):
        if not _ENCLOSED.fullmatch(of.text, starts[*place], ends[*place]):
            return False
    places.starts, places.ends, places.quoted = starts + around, ends - around, around if (counts > 2).any() else None
    places.points = np.minimum(places.points, places.ends)
    return True
