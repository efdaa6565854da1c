"""Texts from files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import DataError, DataWarning, short, warn
from ..readers._decode import read_decoded
from ..readers._files import as_path

__all__ = ["Texts", "read_text", "read_texts"]


class Texts(NamedTuple):
    """Texts of classes: `texts` (n of them), `labels` int64 (n,), and `classes`, their names.

    >>> Texts(("good film",), np.array([1]), ("neg", "pos")).texts[0]
    'good film'
    """

    texts: tuple[str, ...]
    labels: np.ndarray
    classes: tuple[str, ...]


def read_text(path: str | Path, encoding: str | None = None, most_bytes: int | None = None) -> str:
    """The text in a file, gzipped or not, with lines that end in LF however they end there.

    UTF-8, UTF-16 by its mark, and what is Chinese (GBK) or western (cp1252) for sure; this is said in a DataWarning.

    Args:
        path: the file.
        encoding: as Python calls it, if it is another.
        most_bytes: how many a gzipped file may hold; None for 128 MiB, or 50 times its size where that is more.

    Raises:
        DataError: it is missing, empty or no text, or in an encoding that cannot be found out.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "poem.txt"
    >>> _ = path.write_bytes("春眠不觉晓\\r\\n".encode("utf-16"))
    >>> read_text(path)
    '春眠不觉晓\\n'
    """
    text, said = read_decoded(path, encoding, "a text", most_bytes)
    if said:
        warn(f"{path}: {said}.", DataWarning)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_texts(path: str | Path, encoding: str | None = None, most_bytes: int | None = None) -> Texts:
    """The texts in a folder that has one folder for each class: `reviews/neg/1.txt`, `reviews/pos/7.txt`.

    Classes and files are taken in alphabetical order; names that begin with a dot are passed over. A folder may hold
    files in place of folders, `reviews/neg.txt`, each a class with a text in every line.

    Args:
        path: the folder.
        encoding, most_bytes: as for `read_text`.

    Raises:
        DataError: no such folder, no classes, a class without texts, or a text that cannot be read.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for kind, text in (("pos", "good"), ("neg", "bad")):
    ...     (folder / kind).mkdir()
    ...     _ = (folder / kind / "1.txt").write_text(text)
    >>> read_texts(folder)
    Texts(texts=('bad', 'good'), labels=array([0, 1]), classes=('neg', 'pos'))
    """
    folder = as_path(path, "a folder")
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder. The text in a single file is given by read_text.")
    there = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    classes = [p for p in there if p.is_dir()] or there
    found = [(kind, text) for kind in classes for text in _of_class(kind, encoding, most_bytes)]
    if not found:
        raise DataError(f"{folder} holds no folders and no files: each class has one, with its texts")
    names = tuple(
        kind.name if kind.is_dir() else kind.name.removesuffix(".gz").removesuffix(".txt") for kind in classes
    )
    place = {kind: i for i, kind in enumerate(classes)}
    if len(set(names)) < len(names):
        raise DataError(f"{folder} holds two classes of one name: {short(', '.join(names))}")
    return Texts(tuple(text for _, text in found), np.array([place[kind] for kind, _ in found], np.int64), names)


def _of_class(kind: Path, encoding: str | None, most_bytes: int | None) -> list[str]:
    if kind.is_dir():
        files = sorted(p for p in kind.rglob("*") if p.is_file() and not p.name.startswith("."))
        texts = [read_text(file, encoding, most_bytes) for file in files]
    else:
        texts = [line for line in read_text(kind, encoding, most_bytes).split("\n") if line.strip()]
    if not texts:
        raise DataError(f"{kind} holds no texts")
    return texts
