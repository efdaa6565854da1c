"""Files from elsewhere and files half written: nothing is followed, nothing else is overwritten, damage is seen."""

from __future__ import annotations

import gzip
import os
import struct
import tarfile

import numpy as np
import pytest

import gradus
from gradus import nn
from gradus.compiler.native import cache
from gradus.data import read_idx
from gradus.data.readers.cifar import read_cifar_archive
from gradus.errors import CheckpointError, DataError
from gradus.train import load, save
from gradus.train.runs.checkpoint import CHECKSUM, read_tensors
from gradus.train.runs.run import Run


def test_a_lock_that_is_a_link_destroys_nothing(tmp_path):
    victim, run = tmp_path / "letter.txt", tmp_path / "run"
    victim.write_text("dear all")
    run.mkdir()
    for make in (os.symlink, os.link):
        make(victim, run / "run.lock")
        with pytest.raises(CheckpointError, match=r"run\.lock"), Run(run).alone():
            pass
        assert victim.read_text() == "dear all"
        (run / "run.lock").unlink()


def test_a_lock_that_holds_a_text_is_none_of_ours(tmp_path):
    (tmp_path / "run.lock").write_text("a list of things to do")
    with pytest.raises(CheckpointError, match="is no lock of gradus"), Run(tmp_path).alone():
        pass
    assert (tmp_path / "run.lock").read_text() == "a list of things to do"


def test_a_lock_left_by_a_process_that_is_gone_is_taken(tmp_path):
    (tmp_path / "run.lock").write_text("4711")
    with Run(tmp_path).alone():
        assert (tmp_path / "run.lock").read_text() == str(os.getpid())


def test_a_pipe_for_a_lock_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "run.lock")
    with pytest.raises(CheckpointError, match=r"run\.lock"), Run(tmp_path).alone():
        pass


@pytest.mark.parametrize("how", ["link", "writable by all", "writable by the group"])
def test_code_that_others_may_have_put_there_is_not_loaded(how, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADUS_CACHE", str(tmp_path))
    name = "0" * 64
    cache.save(name, b"code")
    file = cache.folder() / f"{name}.o"
    assert cache.load(name) == b"code"
    if how == "link":
        file.rename(tmp_path / "elsewhere.o")
        file.symlink_to(tmp_path / "elsewhere.o")
    else:
        file.chmod(0o666 if how == "writable by all" else 0o664)
    assert cache.load(name) is None


def test_what_killed_processes_left_is_swept_and_hinders_no_beginning(tmp_path):
    run = Run.create(tmp_path / "run", model="x")
    left = run.path / ".checkpoint.safetensors.abc123"
    left.write_bytes(b"half")
    assert run.found() == []
    with run.alone():
        assert not left.exists()
        run.begin(model="y")
    assert run.config["model"] == "y"


def test_every_changed_byte_of_weights_is_seen(tmp_path):
    path = tmp_path / "model.safetensors"
    gradus.seed(0)
    model = nn.Linear(3, 2)
    save(model, path)
    assert read_tensors(path)[1] == {}  # the checksum is nobody's business
    content = path.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 4
        path.write_bytes(changed)
        try:
            found = load(path)
        except CheckpointError:
            continue
        # what is left is in names of texts alone, as of the checksum itself
        assert CHECKSUM.encode() not in bytes(changed)
        assert {n: t.tolist() for n, t in found.items()} == {n: t.tolist() for n, t in model.state_dict().items()}


def test_weights_of_others_have_no_checksum_and_are_read(tmp_path):
    from safetensors.numpy import save_file

    save_file({"w": np.ones((2, 2), np.float32)}, tmp_path / "w.safetensors")
    assert load(tmp_path / "w.safetensors")["w"].tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize("dtype", ["bool", "bfloat16", "float16", "int64", "uint8", "float64"])
def test_checksums_of_every_kind_of_number(dtype, tmp_path):
    a = gradus.tensor([[1, 0], [0, 1]]).astype(dtype)
    save({"a": a, "none": gradus.zeros((0, 3)), "one": gradus.tensor(3)}, tmp_path / "a")
    assert load(tmp_path / "a")["a"].tolist() == [[1, 0], [0, 1]]


def test_the_checksum_of_a_packed_file_is_read(tmp_path):
    path = tmp_path / "x.idx.gz"
    body = struct.pack(">HBB", 0, 8, 1) + struct.pack(">I", 3) + bytes([1, 2, 3])
    packed = bytearray(gzip.compress(body, mtime=0))
    path.write_bytes(packed)
    assert read_idx(path).tolist() == [1, 2, 3]
    packed[-6] ^= 1  # of the checksum
    path.write_bytes(packed)
    with pytest.raises(DataError, match="damaged"):
        read_idx(path)


def test_the_checksum_of_a_packed_archive_is_read(tmp_path):
    records = np.zeros((1, 3073), np.uint8).tobytes()
    plain = tmp_path / "a.tar"
    with tarfile.open(plain, "w") as archive:
        for name in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"):
            (tmp_path / name).write_bytes(records)
            archive.add(tmp_path / name, name)
    packed = bytearray(gzip.compress(plain.read_bytes(), mtime=0))
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(packed)
    assert len(read_cifar_archive(path)[0][0]) == 5
    packed[-5] ^= 1
    path.write_bytes(packed)
    with pytest.raises(DataError, match="damaged"):
        read_cifar_archive(path)
