"""Folders of pictures, one for each class: in memory, or read as they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, SkippedWarning, warn
from ...functional.checks import require_function, samples_at
from ..dataset import TensorDataset, rows
from ._files import as_path
from .images import SUFFIXES, Size, read_image

__all__ = ["ImageFolder", "Pictures", "read_image_folder"]

_TOLD = 3  # files that a warning names


class Pictures(TensorDataset):
    """Pictures in memory, and the files that they are from: what `read_image_folder` gives.

    Attributes:
        files: the file of each sample.
        skipped: those that could not be read, with the reasons.

    >>> Pictures(np.zeros((1, 3, 2, 2)), [0], classes=("cat",)).skipped
    {}
    """

    files: tuple[Path, ...] = ()
    skipped: dict[Path, str] = {}  # noqa: RUF012 - each has its own, or this empty one


def read_image_folder(
    path: str | Path, size: Size | None = None, grey: bool = False, skip_bad: bool = False
) -> Pictures:
    """The pictures below `path/CLASS/`, in folders within these, too, all in memory.

    Files and folders whose names begin with a dot, and files that are no pictures by their suffix, are passed over.

    Args:
        path: the folder that holds the classes' folders.
        size: the height and width to scale all to; None wants pictures of one size.
        grey: one channel in place of red, green and blue.
        skip_bad: leave out files that cannot be read, with a SkippedWarning, and list them in the result's `skipped`.

    Returns:
        x float32 (n, c, h, w) in [0, 1] and y int64 (n,); the classes are the folders' names, sorted.

    Raises:
        DataError: no folder, no pictures, one that cannot be read, or pictures of different sizes.

    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> for kind in "cat", "dog":
    ...     (root / kind).mkdir()
    ...     Image.new("L", (4, 4)).save(root / kind / "1.png")
    >>> read_image_folder(root, grey=True).classes
    ('cat', 'dog')
    """
    root = as_path(path, "a folder")
    classes, samples = samples_below(root)
    found: list[tuple[Path, np.ndarray, int]] = []
    skipped: dict[Path, str] = {}
    for file, label in samples:
        try:
            picture = read_image(file, size, grey)
        except DataError as problem:
            if not skip_bad:
                raise
            skipped[file] = str(problem)
            continue
        if found and picture.shape != found[0][1].shape:
            (h, w), (h0, w0) = picture.shape[1:], found[0][1].shape[1:]
            raise DataError(f"{file} is {h} x {w} (height x width), the pictures before it {h0} x {w0}. Give a size.")
        found.append((file, picture, label))
    _tell_skipped(root, skipped, len(samples))
    x, y = np.stack([picture for _, picture, _ in found]), np.array([label for *_, label in found])
    data = Pictures(x, y, classes=classes, name=root.name)
    data.files, data.skipped = tuple(file for file, *_ in found), skipped
    return data


class ImageFolder:
    """The pictures below `root/CLASS/`, each read when it is asked for: for folders larger than memory.

    The order is that of `read_image_folder`, the names are torchvision's. A DataLoader with `num_workers` reads ahead.

    Args:
        root: the folder that holds the classes' folders.
        size, grey: see `read_image_folder`. Batches need pictures of one size.
        transform: called with each picture, float32 (c, h, w), gives what stands in its place: a Change, say, which
            then draws from the DataLoader's numbers, whoever reads (`sample_generator`).
        skip_bad: read all once now, and leave out those that cannot be read, with a SkippedWarning.

    Attributes:
        classes: the folders' names, sorted.
        class_to_idx: their numbers.
        samples: the file of each sample, and its label.
        targets: the labels.
        skipped: the files that were left out, with the reasons.

    Raises:
        DataError: no folder, no pictures; and when it is asked for, one that cannot be read.

    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> (root / "cat").mkdir()
    >>> Image.new("L", (4, 4)).save(root / "cat" / "1.png")
    >>> x, y = ImageFolder(root)[0]
    >>> x.shape, y
    ((3, 4, 4), 0)
    """

    def __init__(
        self,
        root: str | Path,
        size: Size | None = None,
        grey: bool = False,
        skip_bad: bool = False,
        transform: Callable[[np.ndarray], Any] | None = None,
    ) -> None:
        if transform is not None:
            require_function("ImageFolder", transform=transform)
        self.root, self.size, self.grey, self.transform = as_path(root, "a folder"), size, grey, transform
        self.classes, self.samples = samples_below(self.root)
        self.name = self.root.name
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        self.skipped = self._bad() if skip_bad else {}
        _tell_skipped(self.root, self.skipped, len(self.samples))
        self.samples = [(file, label) for file, label in self.samples if file not in self.skipped]
        self.targets = [label for _, label in self.samples]

    def _bad(self) -> dict[Path, str]:
        bad = {}
        for file, _ in self.samples:
            try:
                read_image(file)
            except DataError as problem:
                bad[file] = str(problem)
        return bad

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        place = samples_at("ImageFolder", index, len(self))
        if not isinstance(place, int):
            return rows(self, place)
        file, label = self.samples[place]
        picture = read_image(file, self.size, self.grey)
        return picture if self.transform is None else self.transform(picture), label

    def __repr__(self) -> str:
        return f"ImageFolder({str(self.root)!r}: {len(self)} pictures, {len(self.classes)} classes)"


def samples_below(root: Path) -> tuple[tuple[str, ...], list[tuple[Path, int]]]:
    """The classes, and the file and label of each sample, sorted."""
    if not root.is_dir():
        raise DataError(f"{root} is no folder; expected a folder that holds one folder of pictures for each class")
    folders = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not folders:
        there = any(is_picture(p.name) for p in root.iterdir())
        raise DataError(
            f"{root} holds {'pictures, but ' if there else ''}no folders; expected one folder of pictures for each "
            f"class, {root}/CLASS/1.png"
        )
    samples: list[tuple[Path, int]] = []
    for label, folder in enumerate(folders):
        files = _pictures_below(folder)
        if not files:
            raise DataError(f"{folder} holds no pictures ({', '.join(SUFFIXES)})")
        samples += [(file, label) for file in files]
    return tuple(folder.name for folder in folders), samples


def _pictures_below(folder: Path) -> list[Path]:
    def refuse(problem: OSError) -> None:
        raise DataError(f"{problem.filename} cannot be read: {problem.strerror or problem}")

    files: list[Path] = []
    for at, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files += [Path(at, name) for name in sorted(names) if is_picture(name)]
    return files


def is_picture(name: str) -> bool:
    """Whether a file is one of a picture by its name, and not hidden."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _tell_skipped(root: Path, skipped: dict[Path, str], of: int) -> None:
    if skipped:
        warn(told_skipped(root, skipped, of), SkippedWarning)


def told_skipped(root: Path, skipped: dict[Path, str], of: int) -> str:
    """Which files are left out, some by name.

    Raises:
        DataError: none is left.
    """
    told = " ".join(f"{reason}." for reason in list(skipped.values())[:_TOLD])
    more = f" And {len(skipped) - _TOLD} more: see `skipped` of the data set." if len(skipped) > _TOLD else ""
    if len(skipped) == of:
        raise DataError(f"{root}: none of {of} pictures can be read. {told}{more}")
    return f"{root}: {len(skipped)} of {of} pictures are left out. {told}{more}"
