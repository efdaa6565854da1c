"""TensorBoard's event files: `tensorboard --logdir FOLDER` shows the curves.

A file is a sequence of records, each an Event of tensorboard/compat/proto/event.proto in the encoding of protocol
buffers; around a record stand its length and two checksums (CRC-32C, masked), as in TensorFlow's record files.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from functools import cache
from pathlib import Path
from typing import Any

from .checkpoint import append

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, the lowest bit first
_MASK = 0xA282EAD8
_WALL_TIME, _STEP, _VERSION, _SUMMARY, _SESSION = 1, 2, 3, 5, 7  # fields of Event
_VALUE, _TAG, _NUMBER, _STATUS = 1, 1, 2, 1  # fields of Summary, Summary.Value and SessionLog
_START = 1  # SessionLog's status: what was written before for this step and later ones no longer holds


class Events:
    """A new event file in a folder.

    Args:
        folder: it is made if it is not there.
        first_epoch: from this epoch on, what older files of the folder hold is out of date.

    Raises:
        CheckpointError: it cannot be written.
    """

    def __init__(self, folder: Path, first_epoch: int) -> None:
        name = f"events.out.tfevents.{time.time_ns() / 1e9:.6f}.{socket.gethostname()}.{os.getpid()}"
        self._path = folder / name
        folder.mkdir(parents=True, exist_ok=True)
        self._write(_bytes(_VERSION, b"brain.Event:2"))
        self._write(_int(_STEP, first_epoch) + _bytes(_SESSION, _int(_STATUS, _START)))

    def append(self, record: dict[str, Any]) -> None:
        """Write an epoch's numbers, training and validation side by side."""
        values = b""
        for name, value in record.items():
            if name != "epoch":
                part, tag = ("validation", name[4:]) if name.startswith("val_") else ("train", name)
                values += _bytes(_VALUE, _bytes(_TAG, f"{tag}/{part}".encode()) + _float(_NUMBER, value))
        self._write(_int(_STEP, record["epoch"]) + _bytes(_SUMMARY, values))

    def _write(self, event: bytes) -> None:
        event = _double(_WALL_TIME, time.time()) + event
        length = struct.pack("<Q", len(event))
        append(self._path, length + _checksum(length) + event + _checksum(event))


def _int(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _checksum(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _table()[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF)


@cache
def _table() -> tuple[int, ...]:
    table = range(256)
    for _ in range(8):
        table = [c >> 1 ^ (_POLYNOMIAL if c & 1 else 0) for c in table]  # type: ignore[assignment]
    return tuple(table)
