"""NumPy's files: one array (.npy), or several by name in a zip archive (.npz)."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from ...bounded.contents import Unpacked, as_errors, most_unpacked
from ...errors import DataError
from ._files import read_exactly


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays in an .npz file by name; of an .npy file the one, as "x".

    What is promised is not taken before it is there: `numpy.load` takes the memory that a header asks for.

    Raises:
        DataError: it is no such file, damaged, holds objects, or much more than its size lets expect.
    """
    path = Path(path)
    with as_errors(DataError, f"{path} cannot be read as NumPy's arrays", "Get the file anew."), path.open("rb") as raw:
        if not zipfile.is_zipfile(raw):
            raw.seek(0)
            return {"x": _array(raw, path)}
        most = left = most_unpacked(raw)
        with zipfile.ZipFile(raw) as archive:
            found: dict[str, np.ndarray] = {}
            for member in (m for m in archive.infolist() if m.filename.endswith(".npy")):
                with archive.open(member) as stream:
                    array = _array(Unpacked(stream, left, lambda: _bomb(path, most)), path)
                left -= array.nbytes
                found[member.filename.removesuffix(".npy")] = array
        return found


def _array(stream: Any, path: Path) -> np.ndarray:
    version = npy.read_magic(stream)
    header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if header is None:
        raise ValueError(f"it is of version {version[0]}.{version[1]}; 1.0 and 2.0 are known")
    shape, by_columns, dtype = header(stream)
    if dtype.hasobject:
        raise ValueError("it holds objects, which are not read, since they could run code; save numbers")
    what = f"an array of {dtype.name} {shape}"
    numbers = read_exactly(stream, math.prod(shape) * dtype.itemsize, path, what)
    return np.frombuffer(numbers, dtype).reshape(shape, order="F" if by_columns else "C")


def _bomb(path: Path, most: int) -> DataError:
    return DataError(
        f"{path} holds, unpacked, more than {most:,} bytes: nearly nothing, many times over. Write it by numpy.savez, "
        "which does not pack"
    )
