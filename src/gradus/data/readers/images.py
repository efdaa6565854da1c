"""Pictures: one file as an array."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...bounded.contents import as_errors
from ...errors import DataError
from ...functional.windows import per_axis

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["read_image"]

# What is opened, whatever a file's name says, with the suffixes that are looked for in folders. Pillow knows more, and
# would run other programs for some (EPS: Ghostscript).
FORMATS = {
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "PPM": (".pbm", ".pgm", ".pnm", ".ppm"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}
SUFFIXES = tuple(sorted(suffix for suffixes in FORMATS.values() for suffix in suffixes))
_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}  # 8 bits a channel or fewer
_FREE, _PER_BYTE = 1 << 24, 1000  # pixels that any file may have, and beyond that for each of its bytes
_SIXTEEN_BITS = {"I;16", "I;16B", "I;16L", "I;16N"}
_GREY = {"1", "L", "LA", "I", *_SIXTEEN_BITS}
_ORIENTATION, _ON_A_SIDE = 0x0112, (5, 6, 7, 8)  # of EXIF: how the camera was held, and when it lay on a side

Size = int | tuple[int, int]


def read_image(path: str | Path, size: Size | None = None, grey: bool = False) -> np.ndarray:
    """A picture as an array, turned as the camera was held; where it is transparent it is white.

    Args:
        path: the file: BMP, GIF (its first picture), JPEG, PNG, PPM and its like, TIFF or WebP.
        size: the height and width to scale it to, or one number for both; None leaves it as it is.
        grey: one channel in place of red, green and blue.

    Returns:
        float32 (c, h, w) in [0, 1]; of pictures with 16 bits a channel, grey ones have all of these, coloured ones the
        upper 8.

    Raises:
        DataError: the file is missing, no picture, damaged, or one whose numbers have no known range.
        ArgumentError: a size below 1.

    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "red.png"
    >>> Image.new("RGB", (3, 2), "red").save(path)
    >>> read_image(path).shape, read_image(path, size=8, grey=True).shape
    ((3, 2, 3), (1, 8, 8))
    """
    wanted = None if size is None else per_axis("read_image: size", size, 2)
    with as_errors(DataError, f"{path} cannot be read as a picture"):
        picture = _opened(path)
        array = _of_sixteen_bits(path, picture, wanted)
        if array is None:
            picture = _sized(_on_white(path, picture).convert("L" if grey else "RGB"), wanted)
            array = np.asarray(picture, np.float32)
            array /= 255
    if array.ndim == 3:
        return np.ascontiguousarray(array.transpose(2, 0, 1))
    return array[None] if grey else np.repeat(array[None], 3, axis=0)


class PictureKind(NamedTuple):
    """What a picture's file says of it before it is read: how large it is as it is shown, and whether it is grey."""

    height: int
    width: int
    grey: bool


def picture_kind(path: str | Path) -> PictureKind | None:
    """What the head of a picture's file says; None of a file that is no picture."""
    try:
        with _open(path) as file:
            width, height = file.size
            on_a_side = file.getexif().get(_ORIENTATION, 1) in _ON_A_SIDE
            turned = on_a_side and file.format != "TIFF"  # whose size Pillow gives as it is shown
            grey = _is_grey(file)
    except Exception:  # of damaged bytes Pillow makes errors of many kinds; reading it says which
        return None
    return PictureKind(width, height, grey) if turned else PictureKind(height, width, grey)


def _is_grey(picture: Image.Image) -> bool:
    if picture.mode != "P":
        return picture.mode in _GREY
    palette = np.array(picture.getpalette() or [0, 0, 1]).reshape(-1, 3)
    return bool((palette == palette[:, :1]).all())


def _opened(path: str | Path) -> Image.Image:
    """The picture, read whole and turned as the camera was held."""
    from PIL import ImageOps, UnidentifiedImageError

    try:
        with _open(path) as file:
            if file.format == "PNG":
                file.verify()  # the checksums of its parts, which Pillow does not look at when it reads numbers
        with _open(path) as file:
            turned: Image.Image = ImageOps.exif_transpose(file)
            turned.format = file.format
            return turned
    except UnidentifiedImageError:
        raise DataError(f"{path} cannot be read as a picture: it is none of {', '.join(FORMATS)}") from None


def _open(path: str | Path) -> Image.Image:
    """The open file, of which no more than the header was read.

    Raises:
        DataError: it would hold more pixels than Pillow allows: a small file may ask for any number.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        file = Image.open(path, formats=list(FORMATS))
    file.filename = ""  # with a name Pillow maps the file, and mixes up plain TIFF pictures that lie on a side
    most, (width, height), size = Image.MAX_IMAGE_PIXELS, file.size, Path(path).stat().st_size
    if most is not None and width * height > min(most, max(_FREE, _PER_BYTE * size)):
        file.close()
        raise DataError(
            f"{path} has {width} x {height} pixels, in {size:,} bytes; expected at most {_PER_BYTE:,} for each byte, "
            f"and PIL.Image.MAX_IMAGE_PIXELS, {most:,}. If it is meant to, set that: None allows any."
        )
    return file


def _of_sixteen_bits(path: str | Path, picture: Image.Image, size: Sequence[int] | None) -> np.ndarray | None:
    """A grey picture of 16 bits, float32 (h, w) in [0, 1]; None of others."""
    from PIL import Image

    if picture.mode not in _SIXTEEN_BITS and (picture.mode != "I" or picture.format == "TIFF"):
        return None
    numbers = np.asarray(picture)
    array = numbers.astype(np.float32) / 65535
    if "transparency" in picture.info:
        array[numbers == picture.info["transparency"]] = 1
    return array if size is None else np.asarray(_sized(Image.fromarray(array), size))


def _on_white(path: str | Path, picture: Image.Image) -> Image.Image:
    from PIL import Image

    if picture.mode not in _MODES:
        raise DataError(
            f"{path} has Pillow's mode {picture.mode}, whose numbers have no known range; expected 8 bits a channel, "
            "or 16 of grey. Save it as 8-bit RGB or grey."
        )
    if not picture.has_transparency_data:
        return picture
    colours = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)


def _sized(picture: Image.Image, size: Sequence[int] | None) -> Image.Image:
    from PIL import Image

    return picture if size is None else picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
