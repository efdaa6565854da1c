"""idx files, the format of MNIST: a magic number, the lengths of the axes, and the numbers, big-endian."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np

from ...errors import DataError
from ._files import open_binary, read_exactly

__all__ = ["read_idx"]

_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | Path, most_bytes: int | None = None) -> np.ndarray:
    """The array in an idx file, gzipped or not.

    The file begins with two zero bytes, a byte for the type (08 uint8, 09 int8, 0B int16, 0C int32, 0D float32, 0E
    float64) and one for the number of axes; then each axis' length in four bytes, then the numbers, the last axis
    fastest.

    Args:
        path: the file.
        most_bytes: how many a gzipped file may hold; None for 128 MiB, or 50 times its size where that is more.

    Raises:
        DataError: the file is missing, empty, no idx file, truncated or too long.

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits" (1998).

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "three.idx"
    >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))
    >>> read_idx(path)
    array([7, 8, 9], dtype=uint8)
    """
    with open_binary(path, "an idx file", most_bytes) as stream:
        magic = stream.read(4)
        if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES:
            raise DataError(
                f"{path} is no idx file: it begins with bytes {magic.hex(' ')}; expected 00 00, a type "
                f"({', '.join(f'{code:02x}' for code in _DTYPES)}) and the number of axes"
            )
        lengths = stream.read(4 * magic[3])
        if len(lengths) < 4 * magic[3]:
            raise DataError(f"{path} is truncated within its header: {magic[3]} axes are promised. Get the file anew.")
        shape, dtype = struct.unpack(f">{magic[3]}I", lengths), np.dtype(_DTYPES[magic[2]])
        what = f"an idx array of {dtype.name} {shape}"
        numbers = read_exactly(stream, math.prod(shape) * dtype.itemsize, path, what)
    try:
        array = np.frombuffer(numbers, dtype).reshape(shape)
    except ValueError as problem:
        raise DataError(f"{path} is damaged: there is no array of {len(shape)} axes such as its ({problem})") from None
    return array.astype(dtype.newbyteorder("="), copy=False)
