"""TensorBoard's event files, read back by hand."""

from __future__ import annotations

import struct

import pytest

from gradus.train.runs.events import Events, _checksum


def records(path):
    """The events in a file, without the frame around them, which is checked."""
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        event = data[12 : 12 + length]
        assert data[8:12] == _checksum(data[:8])
        assert data[12 + length : 16 + length] == _checksum(event)
        found.append(fields(event))
        data = data[16 + length :]
    return found


def number(data):
    """A variable-length number at the front, and what follows."""
    value = shift = 0
    for i, byte in enumerate(data):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, data[i + 1 :]
    raise AssertionError("a number does not end")


def fields(message):
    """The fields of a message of protocol buffers, as pairs of number and value."""
    found = []
    while message:
        key, message = number(message)
        if key & 7 == 0:
            value, message = number(message)
        else:
            length, message = number(message) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], message)
            value, message = message[:length], message[length:]
        found.append((key >> 3, value))
    return found


def test_the_checksum_is_the_standards():
    crc = 0xE3069283  # of the digits 1 to 9, from the catalogue of checksums
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert _checksum(b"123456789") == struct.pack("<I", masked)


def test_numbers_come_back(tmp_path):
    events = Events(tmp_path / "run", 7)
    events.append({"epoch": 300, "loss": 0.5, "val_loss": float("inf"), "lr": 1e-3})
    (file,) = (tmp_path / "run").iterdir()
    version, session, epoch = (dict(event) for event in records(file))
    assert version[3] == b"brain.Event:2"
    assert (session[2], fields(session[7])) == (7, [(1, 1)])
    assert epoch[2] == 300
    values = [dict(fields(value)) for field, value in fields(epoch[5]) if field == 1]
    assert [v[1] for v in values] == [b"loss/train", b"loss/validation", b"lr/train"]
    assert [struct.unpack("<f", v[2])[0] for v in values] == [0.5, float("inf"), pytest.approx(1e-3)]


def test_each_training_has_a_file_of_its_own(tmp_path):
    for first in (1, 2):
        Events(tmp_path, first)
    assert len(list(tmp_path.iterdir())) == 2


def test_tensorboard_reads_it(tmp_path):
    proto = pytest.importorskip("tensorboardX.proto.event_pb2", exc_type=ImportError)
    events = Events(tmp_path, 3)
    events.append({"epoch": 3, "val_accuracy": 0.25})
    (file,) = tmp_path.iterdir()
    data, found = file.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        found.append(proto.Event.FromString(data[12 : 12 + length]))
        data = data[16 + length :]
    assert [e.step for e in found] == [0, 3, 3]
    assert found[1].session_log.status == proto.SessionLog.SessionStatus.Value("START")
    assert (found[2].summary.value[0].tag, found[2].summary.value[0].simple_value) == ("accuracy/validation", 0.25)
