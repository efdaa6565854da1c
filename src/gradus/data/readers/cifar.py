"""CIFAR-10's binary records."""

from __future__ import annotations

import io
import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...errors import DataError
from ._files import open_binary

__all__ = ["read_cifar"]

_RECORD = 1 + 3 * 32 * 32
_TRAIN = [f"data_batch_{i}.bin" for i in range(1, 6)]


def read_cifar(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """The pictures and labels in a file of CIFAR-10 records, gzipped or not.

    A record is one byte for the label, 0 to 9, and 3072 for the picture: red, green, blue, each row by row.

    Returns:
        pictures, uint8 (n, 3, 32, 32), and labels, uint8 (n,).

    Raises:
        DataError: the file is missing, empty, not made of whole records, or holds labels above 9.

    Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009).

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "two.bin"
    >>> _ = path.write_bytes((b"\\x07" + bytes(3072)) * 2)
    >>> pictures, labels = read_cifar(path)
    >>> pictures.shape, labels
    ((2, 3, 32, 32), array([7, 7], dtype=uint8))
    """
    with open_binary(path, "a file of CIFAR-10 records") as stream:
        return _records(stream, str(path))


def read_cifar_archive(path: str | Path) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The 50,000 and 10,000 records in `cifar-10-binary.tar.gz`: (pictures, labels) for training and for the test."""
    with open_binary(path, "the archive cifar-10-binary.tar.gz") as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:  # read once, front to back: gzip cannot jump
                parts = {
                    name: _records(io.BytesIO(content.read()), f"{path}: {name}")
                    for member in archive
                    if (name := Path(member.name).name) in (*_TRAIN, "test_batch.bin")
                    and (content := archive.extractfile(member)) is not None
                }
        except (tarfile.TarError, zlib.error) as problem:
            raise DataError(f"{path} is no whole tar archive: {problem}. Get the file anew.") from None
    missing = [name for name in (*_TRAIN, "test_batch.bin") if name not in parts]
    if missing:
        raise DataError(f"{path} does not hold {', '.join(missing)}. Get the file anew.")
    train = [parts[name] for name in _TRAIN]
    return (np.concatenate([p for p, _ in train]), np.concatenate([t for _, t in train])), parts["test_batch.bin"]


def _records(stream: BinaryIO, where: str) -> tuple[np.ndarray, np.ndarray]:
    found = np.frombuffer(stream.read(), np.uint8)
    whole, rest = divmod(len(found), _RECORD)
    if rest or not whole:
        raise DataError(
            f"{where} holds {len(found)} bytes: {whole} CIFAR-10 records of {_RECORD} bytes and {rest} bytes more. "
            "It is truncated, too long, or no such file. Get it anew."
        )
    records = found.reshape(whole, _RECORD)
    labels = records[:, 0]
    if labels.max() > 9:
        bad = int(np.argmax(labels > 9))
        raise DataError(f"{where}: record {bad} has the label {labels[bad]}; CIFAR-10's labels run from 0 to 9")
    return records[:, 1:].reshape(whole, 3, 32, 32), labels
