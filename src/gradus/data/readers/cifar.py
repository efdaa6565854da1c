"""CIFAR-10's binary records."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np

from ...bounded.contents import as_errors
from ...errors import DataError
from ._files import open_binary

__all__ = ["read_cifar"]

_RECORD = 1 + 3 * 32 * 32
_MOST = 10_000 * _RECORD + 1  # bytes of a part, and one that is too many: a part may claim to be a bomb of zeros
_TRAIN = [f"data_batch_{i}.bin" for i in range(1, 6)]


def read_cifar(path: str | Path, most_bytes: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The pictures and labels in a file of CIFAR-10 records, gzipped or not.

    A record is one byte for the label, 0 to 9, and 3072 for the picture: red, green, blue, each row by row.

    Args:
        path: the file.
        most_bytes: how many a gzipped file may hold; None for 128 MiB, or 50 times its size where that is more.

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
    with open_binary(path, "a file of CIFAR-10 records", most_bytes) as stream:
        return _records(stream.read(), str(path))


def read_cifar_archive(path: str | Path) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The 50,000 and 10,000 records in `cifar-10-binary.tar.gz`: (pictures, labels) for training and for the test."""
    with (
        open_binary(path, "the archive cifar-10-binary.tar.gz") as stream,
        as_errors(DataError, f"{path} is no whole tar archive", "Get the file anew."),
        tarfile.open(fileobj=stream, mode="r|") as archive,  # read once, front to back: gzip cannot jump
    ):
        parts = {
            name: _records(content.read(_MOST), f"{path}: {name}")
            for member in archive
            if (name := Path(member.name).name) in (*_TRAIN, "test_batch.bin")
            and (content := archive.extractfile(member)) is not None
        }
    missing = [name for name in (*_TRAIN, "test_batch.bin") if name not in parts]
    if missing:
        raise DataError(f"{path} does not hold {', '.join(missing)}. Get the file anew.")
    train = [parts[name] for name in _TRAIN]
    return (np.concatenate([p for p, _ in train]), np.concatenate([t for _, t in train])), parts["test_batch.bin"]


def _records(content: bytes, where: str) -> tuple[np.ndarray, np.ndarray]:
    found = np.frombuffer(content, np.uint8)
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
