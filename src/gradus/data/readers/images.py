"""Pictures: one file, or a folder of folders, one for each class."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DataError
from ...functional.windows import per_axis
from ..dataset import TensorDataset

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["read_image", "read_image_folder"]

_MODES = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}  # 8 bits a channel or fewer
_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}


def read_image(path: str | Path, size: int | tuple[int, int] | None = None, grey: bool = False) -> np.ndarray:
    """A picture as an array; where it is transparent it is white.

    Args:
        path: the file, of any format that Pillow reads.
        size: the height and width to scale it to, or one number for both; None leaves it as it is.
        grey: one channel in place of red, green and blue.

    Returns:
        float32 (c, h, w) in [0, 1].

    Raises:
        DataError: the file is missing, no picture, or one with more than 8 bits a channel.
        ArgumentError: a size below 1.

    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "red.png"
    >>> Image.new("RGB", (3, 2), "red").save(path)
    >>> read_image(path).shape, read_image(path, size=8, grey=True).shape
    ((3, 2, 3), (1, 8, 8))
    """
    from PIL import Image

    picture = _opened(path)
    if picture.mode not in _MODES:
        raise DataError(
            f"{path} has Pillow's mode {picture.mode}, expected 8 bits a channel. Save it as 8-bit RGB or grey."
        )
    if picture.has_transparency_data:
        colours = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)
    picture = picture.convert("L" if grey else "RGB")
    if size is not None:
        h, w = per_axis("read_image: size", size, 2)
        picture = picture.resize((w, h), Image.Resampling.BILINEAR)
    array = np.asarray(picture, dtype=np.float32) / 255
    return array[None] if grey else np.ascontiguousarray(array.transpose(2, 0, 1))


def _opened(path: str | Path) -> Image.Image:
    """The picture, read whole and turned as the camera was held."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                return ImageOps.exif_transpose(file)
    except (OSError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise DataError(
            f"{path} cannot be read as a picture: {getattr(problem, 'strerror', None) or problem}"
        ) from None


def read_image_folder(path: str | Path, size: int | tuple[int, int] | None = None, grey: bool = False) -> TensorDataset:
    """The pictures in `path/CLASS/*.png` (or .jpg and so on), all in memory.

    Args:
        path: the folder that holds the classes' folders.
        size: the height and width to scale all to; None wants pictures of one size.
        grey: one channel in place of red, green and blue.

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
    root = Path(path)
    if not root.is_dir():
        raise DataError(f"{root} is no folder; expected a folder that holds one folder of pictures for each class")
    files: dict[str, list[Path]] = {}
    for folder in sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".")):
        files[folder.name] = sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES)
        if not files[folder.name]:
            raise DataError(f"{folder} holds no pictures ({', '.join(sorted(_SUFFIXES))})")
    if not files:
        raise DataError(f"{root} holds no folders; expected one folder of pictures for each class, {root}/CLASS/1.png")
    found: list[Any] = []
    for file in (f for group in files.values() for f in group):
        found.append(read_image(file, size, grey))
        if found[-1].shape != found[0].shape:
            (h, w), (h0, w0) = found[-1].shape[1:], found[0].shape[1:]
            raise DataError(f"{file} is {h} x {w} (height x width), the pictures before it {h0} x {w0}. Give a size.")
    labels = np.repeat(np.arange(len(files)), [len(group) for group in files.values()])
    return TensorDataset(np.stack(found), labels, classes=tuple(files), name=root.name)
