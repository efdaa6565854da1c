"""Pictures of classes: folders of files, made to one size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from ...bounded.saved import of_type
from ...errors import DataError, SkippedWarning, nearest, warn
from ...functional.windows import per_axis
from ..readers.folders import is_picture, samples_below, told_skipped
from ..readers.images import Size, picture_kind, read_image
from .preprocessing import Preprocessing
from .targets import ClassTarget

__all__ = ["PicturePreprocessing", "RawPictures"]

_SIZES = (32, 64)  # pixels, of pictures of many sizes: the nearer to their usual height, unless a size is asked for
_ENOUGH = 1000  # pictures that tell how bright a set is


@dataclass(frozen=True)
class RawPictures:
    """Pictures of one size: `x` float32 (n, c, h, w) in [0, 1], their files, and of what class each is, where known.

    >>> RawPictures(np.zeros((2, 1, 8, 8)), (Path("a.png"), Path("b.png"))).rows([1]).files
    (PosixPath('b.png'),)
    """

    x: np.ndarray
    files: tuple[Path, ...]
    labels: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, index: Any) -> RawPictures:
        """Those at some places."""
        places = np.atleast_1d(np.arange(len(self))[index])
        labels = None if self.labels is None else tuple(self.labels[i] for i in places)
        return RawPictures(self.x[places], tuple(self.files[i] for i in places), labels)


class PicturePreprocessing(Preprocessing):
    """Pictures in a folder for each class: all are scaled to one size, and grey if all of them are.

    Args:
        size: height and width, or one number for both; by default that of the pictures if they are of one and not
            larger than 64, else 32 or 64, whichever is nearer to their usual height.
        grey: one channel in place of three; None finds out.
        skip_bad: leave out files that cannot be read, with a SkippedWarning that names them.

    Attributes:
        brightness: the mean of the training pictures, in [0, 1]; after `fit`.

    >>> import tempfile
    >>> from PIL import Image
    >>> root = Path(tempfile.mkdtemp())
    >>> for kind in "cat", "dog":
    ...     (root / kind).mkdir()
    ...     Image.new("L", (8, 8)).save(root / kind / "1.png")
    >>> of_pictures = PicturePreprocessing()
    >>> of_pictures.fit(of_pictures.read(root)).classes, of_pictures.input_shape
    (('cat', 'dog'), (1, 8, 8))
    """

    kind = "pictures"

    def __init__(self, size: Size | None = None, grey: bool | None = None, skip_bad: bool = True) -> None:
        self.size: tuple[int, int] | None = None
        if size is not None:
            height, width = per_axis("PicturePreprocessing: size", size, 2)
            self.size = height, width
        self.grey, self.skip_bad = grey, skip_bad
        self.brightness: float | None = None
        self.said: list[str] = []

    def read(self, path: str | Path) -> RawPictures:
        """The pictures of a folder with a folder for each class, of a folder of pictures, or in one file."""
        files, labels = listed(Path(path))
        self._settle(files)
        pictures, bad = {}, {}
        for file in files:
            try:
                pictures[file] = read_image(file, self.size, bool(self.grey))
            except DataError as problem:
                if not self.skip_bad or len(files) == 1:
                    raise
                bad[file] = str(problem)
        if bad:
            warn(told_skipped(Path(path), bad, len(files)), SkippedWarning)
        of_kept = None if labels is None else tuple(labels[file] for file in pictures)
        return RawPictures(np.stack(list(pictures.values())), tuple(pictures), of_kept)

    def _settle(self, files: Sequence[Path]) -> None:
        """Choose the size and the channels, where nobody has, by what the files say of themselves."""
        if self.size is not None and self.grey is not None:
            return
        kinds = [kind for file in files if (kind := picture_kind(file)) is not None]
        if not kinds:
            raise DataError(f"none of {len(files)} files can be read as a picture, {files[0]} for one")
        if self.grey is None:
            self.grey = all(kind.grey for kind in kinds)
        if self.size is None:
            sizes = Counter((kind.height, kind.width) for kind in kinds)
            one = next(iter(sizes))
            if len(sizes) == 1 and max(one) <= max(_SIZES):
                self.size = one
            else:
                usual = float(np.median([kind.height for kind in kinds]))
                size = min(_SIZES, key=lambda length: abs(length - usual))
                self.size = (size, size)
                self.said.append(f"pictures of {len(sizes)} sizes are scaled to {size}x{size}")

    def fit(self, raw: RawPictures) -> Self:
        """The classes, and how bright the pictures are."""
        if raw.labels is None:
            raise DataError(
                f"{raw.files[0].parent} holds pictures, but no folders; expected one folder of pictures for each "
                f"class, {raw.files[0].parent}/CLASS/{raw.files[0].name}"
            )
        self.target = ClassTarget.fit(raw.labels)
        if self.target.outputs < 2:
            raise DataError(f"all pictures are of one class, {raw.labels[0]!r}: there is nothing to tell apart")
        self.brightness = float(raw.x[:_ENOUGH].mean())
        return self

    def labels(self, raw: RawPictures) -> Sequence[Any] | None:
        """The folders of the pictures."""
        return raw.labels

    def inputs(self, raw: RawPictures) -> np.ndarray:
        """The pictures, float32 (n, c, h, w) in [0, 1]."""
        return raw.x

    def targets(self, raw: RawPictures) -> np.ndarray:
        """The labels, int64 (n,)."""
        if raw.labels is None:
            raise DataError(f"{raw.files[0]} says no class: expected a folder of pictures for each class")
        known = self.classes or ()
        unknown = next((name for name in raw.labels if name not in known), None)
        if unknown is not None:
            raise DataError(f"there is a folder {unknown!r}, and no such class. {nearest(unknown, known)}")
        return self.target.transform(raw.labels)

    def rows_named(self, raw: RawPictures) -> tuple[str, Sequence[Any]]:
        """The files."""
        return "file", [str(file) for file in raw.files]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Channels, height, width."""
        height, width = self.size or (0, 0)
        return (1 if self.grey else 3, height, width)

    def learned(self) -> dict[str, Any]:
        """Size, channels and brightness."""
        return {
            "size": list(self.size or ()),
            "grey": self.grey,
            "skip_bad": self.skip_bad,
            "brightness": self.brightness,
        }

    @classmethod
    def restore(cls, learned: dict[str, Any]) -> Self:
        """What `learned` gave."""
        size = of_type("size", learned["size"], tuple[int, int])
        made = cls(size, *(of_type(name, learned[name], bool) for name in ("grey", "skip_bad")))
        made.brightness = of_type("brightness", learned["brightness"], float | None)
        return made


def listed(place: Path) -> tuple[list[Path], dict[Path, str] | None]:
    """The files of pictures below a path, and the class of each, where folders say it."""
    if not place.is_dir():
        return [place], None
    below = sorted(p for p in place.iterdir() if not p.name.startswith("."))
    files = [p for p in below if p.is_file() and is_picture(p.name)]
    if files and not any(p.is_dir() for p in below):
        return files, None
    classes, samples = samples_below(place)
    return [file for file, _ in samples], {file: classes[label] for file, label in samples}
