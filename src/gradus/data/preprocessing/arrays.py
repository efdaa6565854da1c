"""Numbers as they are: arrays of samples, in an .npz file or in files of the idx format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from ...bounded.saved import of_type
from ...errors import DataError
from ..readers.arrays import read_arrays
from ..readers.idx import read_idx
from .preprocessing import Preprocessing
from .targets import ClassTarget, NumberTarget

__all__ = ["ArrayPreprocessing", "RawArrays"]

_INPUTS, _TARGETS = ("x", "X", "x_train", "X_train", "images", "data"), ("y", "Y", "y_train", "labels", "target")
_BYTE = 255


@dataclass(frozen=True)
class RawArrays:
    """Samples side by side: `x` (n, ...), and `y` (n,) or (n, d) where it is known.

    >>> len(RawArrays(np.zeros((3, 2)), np.array([0, 1, 0])).rows([0, 2]))
    2
    """

    x: np.ndarray
    y: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, index: Any) -> RawArrays:
        """Those at some places."""
        return RawArrays(self.x[index], None if self.y is None else self.y[index])


class ArrayPreprocessing(Preprocessing):
    """Arrays of samples: bytes are divided by 255, pictures of these get an axis of channels, numbers stay as they are.

    Whole numbers as targets are labels of classes, others are numbers.

    >>> of_points = ArrayPreprocessing().fit(RawArrays(np.zeros((3, 2)), np.array([0, 1, 0])))
    >>> of_points.input_shape, of_points.classes
    ((2,), ('0', '1'))
    """

    kind = "arrays"

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = ()
        self.said: list[str] = []

    def read(self, path: str | Path) -> RawArrays:
        """The arrays of an .npz file (x and y), of an .npy file (x), or of two idx files in a folder."""
        place = Path(path)
        if place.is_dir():
            return _idx_pair(place)
        return _npz(place) if place.suffix in (".npz", ".npy") else RawArrays(read_idx(place))

    def fit(self, raw: RawArrays) -> Self:
        """The shape of a sample, and the classes or the scale of the targets."""
        if raw.y is None:
            raise DataError(f"there are inputs, but no targets; expected an array named {' or '.join(_TARGETS[:3])}")
        self.shape = _prepared(raw.x).shape[1:]
        whole = raw.y.dtype.kind in "iub" and raw.y.ndim == 1
        names = [f"target {i}" for i in range(math.prod(raw.y.shape[1:]))] if raw.y.ndim > 1 else []
        self.target = ClassTarget.fit(raw.y.tolist()) if whole else NumberTarget.fit(raw.y, names=names)
        if self.target.outputs < 2 and whole:
            raise DataError("all labels are the same: there is nothing to tell apart")
        return self

    def labels(self, raw: RawArrays) -> Sequence[Any] | None:
        """The labels, where they are of classes."""
        return raw.y.tolist() if raw.y is not None and raw.y.dtype.kind in "iub" and raw.y.ndim == 1 else None

    def inputs(self, raw: RawArrays) -> np.ndarray:
        """The samples, float32."""
        x = _prepared(raw.x)
        if x.shape[1:] != self.shape:
            raise DataError(f"samples have the shape {x.shape[1:]}, those of the training had {self.shape}")
        return x

    def targets(self, raw: RawArrays) -> np.ndarray:
        """The labels, or the standardised numbers."""
        if raw.y is None:
            raise DataError("there are inputs, but no targets")
        return self.target.transform(raw.y)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of a sample."""
        return self.shape

    def learned(self) -> dict[str, Any]:
        """The shape of a sample."""
        return {"shape": list(self.shape)}

    @classmethod
    def restore(cls, learned: dict[str, Any]) -> Self:
        """What `learned` gave."""
        made = cls()
        made.shape = of_type("shape", learned["shape"], tuple[int, ...])
        return made


def _prepared(x: np.ndarray) -> np.ndarray:
    z = x.astype(np.float32)
    if x.dtype == np.uint8:
        z /= _BYTE
    return z[:, None] if x.dtype == np.uint8 and x.ndim == 3 else z


def _npz(path: Path) -> RawArrays:
    arrays = read_arrays(path)
    x = next((arrays[name] for name in _INPUTS if name in arrays), None)
    y = next((arrays[name] for name in _TARGETS if name in arrays), None)
    if x is None or x.ndim < 2:
        raise DataError(f"{path} holds {', '.join(arrays) or 'nothing'}; expected an array x (n, ...), and y (n,)")
    if x.dtype.kind not in "fiub" or (y is not None and y.shape[:1] != x.shape[:1]):
        raise DataError(f"{path}: x is {x.dtype} of shape {x.shape}, y {None if y is None else y.shape}: no samples")
    return RawArrays(x, y)


def _idx_pair(folder: Path) -> RawArrays:
    images = sorted(p for p in folder.iterdir() if "idx3" in p.name or "idx2" in p.name)
    labels = sorted(p for p in folder.iterdir() if "idx1" in p.name)
    train = [p for p in images if "train" in p.name] or images
    if not train or not labels:
        raise DataError(
            f"{folder} holds no pair of idx files; expected ...-images-idx3-ubyte and ...-labels-idx1-ubyte"
        )
    stem = train[0].name.split("-images")[0]
    of_it = next((p for p in labels if p.name.startswith(stem)), labels[0])
    return RawArrays(read_idx(train[0]), read_idx(of_it))
