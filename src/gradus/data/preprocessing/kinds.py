"""Which kind of data lies at a path, and the preprocessing of each kind."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...bounded.saved import of_type, parsed
from ...errors import ArgumentError, DataError, nearest
from ..dataset import TensorDataset
from ..readers.folders import is_picture
from ..tables.standardizer import Standardizer
from .arrays import ArrayPreprocessing
from .pictures import PicturePreprocessing
from .preprocessing import Preprocessing
from .table import TablePreprocessing
from .targets import ClassTarget, NumberTarget

__all__ = ["load_preprocessing", "preprocessing_for", "preprocessing_of"]

KINDS: Mapping[str, type[Preprocessing]] = {
    kind.kind: kind for kind in (TablePreprocessing, PicturePreprocessing, ArrayPreprocessing)
}
TABLES = (".csv", ".tsv", ".tab")
ARRAYS = (".npz", ".npy")
_AXES_OF_PICTURES = 4
_ENOUGH = 1000  # pictures that tell how bright a set is


def preprocessing_for(path: str | Path, **options: Any) -> Preprocessing:
    """A preprocessing for what lies at a path, not yet fitted; the options are those of its kind.

    Raises:
        DataError: nothing is there, or nothing that is known.
        ArgumentError: an option that this kind of data does not have, or a table without a target.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "homes.csv"
    >>> _ = path.write_text("rooms,price\\n3,1.5\\n")
    >>> type(preprocessing_for(path, target="price")).__name__
    'TablePreprocessing'
    """
    kind = kind_of(path)
    known = inspect.signature(KINDS[kind]).parameters
    for name in options:
        if name not in known:
            others = [other for other, made in KINDS.items() if name in inspect.signature(made).parameters]
            whose = f"is for {' and '.join(others)}" if others else "does not exist"
            raise ArgumentError(f"{path} is read as {kind}, and {name} {whose}. Options: {', '.join(known) or 'none'}.")
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in options:
            raise ArgumentError(f"{path}: which column is the {name}? Say {name}=... (--{name} ...).{_columns(path)}")
    return KINDS[kind](**options)


def load_preprocessing(text: str) -> Preprocessing:
    """The preprocessing that `to_json` wrote.

    Raises:
        DataError: it is none.

    >>> import numpy as np
    >>> from gradus.data import ArrayPreprocessing, RawArrays
    >>> saved = ArrayPreprocessing().fit(RawArrays(np.zeros((3, 2)), np.array([0, 1, 0]))).to_json()
    >>> load_preprocessing(saved).outputs
    2
    """
    try:
        kind = of_type("kind", parsed(text)["kind"], str)
    except (KeyError, TypeError, ValueError) as problem:
        raise DataError(f"this is no preprocessing written by to_json: {problem!r}") from None
    if kind not in KINDS:
        raise DataError(f"there is no preprocessing of the kind {kind!r}. {nearest(str(kind), KINDS)}")
    return KINDS[kind].from_json(text)


def kind_of(path: str | Path) -> str:
    """The name of the kind of data at a path.

    Raises:
        DataError: nothing is there, or nothing that is known.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "cat").mkdir()
    >>> (folder / "cat" / "1.png").touch()
    >>> kind_of(folder)
    'pictures'
    """
    place = Path(path)
    if place.is_dir():
        return _of_folder(place)
    if not place.is_file():
        raise DataError(f"there is no file or folder {place}")
    suffixes = [suffix.lower() for suffix in place.suffixes]
    if any(suffix in TABLES for suffix in suffixes):
        return TablePreprocessing.kind
    if any(suffix in ARRAYS for suffix in suffixes) or "idx" in place.name:
        return ArrayPreprocessing.kind
    if is_picture(place.name):
        return PicturePreprocessing.kind
    raise DataError(
        f"{place}: what is in it cannot be told by its name; expected a table ({', '.join(TABLES)}), arrays "
        f"({', '.join(ARRAYS)}, idx), or a folder with a folder of pictures for each class"
    )


def _of_folder(folder: Path) -> str:
    names = [p.name for p in folder.iterdir()]
    if any("idx" in name for name in names):
        return ArrayPreprocessing.kind
    if any(is_picture(p.name) for p in folder.rglob("*")):
        return PicturePreprocessing.kind
    shown = f"{len(names)} files and folders ({', '.join(sorted(names)[:3])}, ...)" if names else "nothing"
    raise DataError(f"{folder} holds {shown}, and no pictures; expected a folder of pictures for each class")


def _columns(path: str | Path) -> str:
    """The columns of a table, for a message."""
    from ..tables.csv import read_csv

    return f" Columns: {', '.join(read_csv(path).names)}."


def preprocessing_of(data: TensorDataset) -> Preprocessing:
    """What prediction needs to know of a data set that is made already: its shape, its classes, how it was made.

    >>> import numpy as np
    >>> preprocessing_of(TensorDataset(np.zeros((4, 1, 8, 8)), [0, 1, 0, 1], classes=("cat", "dog"))).kind
    'pictures'
    """
    x, y = data.arrays[:2]
    made: Preprocessing
    if data.transform is not None:
        made = TablePreprocessing.of_transform(data.transform, data.target.name if data.target else "class")
    elif x.ndim == _AXES_OF_PICTURES and data.classes:
        made = PicturePreprocessing(x.shape[2:], grey=x.shape[1] == 1)
        made.brightness = float(x[:_ENOUGH].mean())
    else:
        made = ArrayPreprocessing()
        made.shape = tuple(x.shape[1:])
    if data.classes:
        made.target = ClassTarget(data.classes)
    else:
        scale = data.target or Standardizer(0.0, 1.0, name="target")
        outputs = math.prod(y.shape[1:])
        names = (scale.name,) if outputs == 1 else tuple(f"{scale.name} {i}" for i in range(outputs))
        made.target = NumberTarget(scale, names)
    return made
