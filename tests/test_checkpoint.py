"""Files: whole or not at all, read back bit for bit, damaged ones refused."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import gradus
from gradus import dtypes, nn
from gradus.data import TensorDataset
from gradus.errors import CheckpointError
from gradus.process import atomic
from gradus.train import History, Run, load, save
from gradus.train.runs import lock
from gradus.train.runs.checkpoint import read_state, read_tensors, write_atomically, write_state


def test_every_dtype_comes_back_bit_for_bit(tmp_path):
    kinds = ("bool", "uint8", "int32", "int64", "uint32", "uint64", "float16", "bfloat16", "float32", "float64")
    state = {kind: gradus.tensor([[0, 1], [1, 7]]).astype(dtypes.as_dtype(kind)) for kind in kinds}
    state |= {"number": gradus.tensor(2.5), "empty": gradus.zeros((0, 3)), "turned": gradus.tensor([[1, 2], [3, 4]]).T}
    save(state, tmp_path / "a.safetensors")
    back = load(tmp_path / "a.safetensors")
    assert back.keys() == state.keys()
    for name, t in state.items():
        assert back[name].dtype == t.dtype
        assert back[name].shape == t.shape
        assert back[name].numpy().tobytes() == t.numpy().tobytes(), name


def test_model_files_are_plain_safetensors(tmp_path):
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    save(model, tmp_path / "model.safetensors")
    found = load_file(tmp_path / "model.safetensors")
    assert found.keys() == model.state_dict().keys()
    assert found["0.weight"].shape == (2, 3)
    doubled = {name: np.asarray(2 * array) for name, array in found.items()}
    save_file(doubled, tmp_path / "theirs.safetensors")
    model.load_state_dict(load(tmp_path / "theirs.safetensors"))
    np.testing.assert_array_equal(model.state_dict()["0.weight"].numpy(), doubled["0.weight"])


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 100, "cut", "longer"])
def test_damaged_files_are_named(tmp_path, damage):
    path = tmp_path / "model.safetensors"
    save({"w": gradus.ones(100)}, path)
    content = path.read_bytes()
    path.write_bytes({"cut": content[:-8], "longer": content + b"12345678"}.get(damage, damage))
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        load(path)


def test_what_else_cannot_be_read(tmp_path):
    with pytest.raises(CheckpointError, match="nothing here"):
        load(tmp_path / "nothing here")
    save({"w": gradus.ones(1)}, tmp_path / "w")
    with pytest.raises(CheckpointError, match="no state of a training"):
        read_state(tmp_path / "w")
    write_state(tmp_path / "s", {}, {"format": 99})
    with pytest.raises(CheckpointError, match="format 99"):
        read_state(tmp_path / "s")


def test_states_keep_groups_and_facts(tmp_path):
    write_state(tmp_path / "s", {"model": {"a.b": gradus.ones(2)}, "empty": {}}, {"epoch": 3})
    groups, about = read_state(tmp_path / "s")
    assert list(groups) == ["model"]
    assert groups["model"]["a.b"].tolist() == [1, 1]
    assert about["epoch"] == 3
    assert "gradus" in read_tensors(tmp_path / "s")[1]


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "config.json"
    write_atomically(path, "old")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match="No space left"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(CheckpointError, match="cannot be written: its folder is not there"):
        write_atomically(tmp_path / "no folder" / "file", "new")


def test_what_is_appended_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"old\n")
    write = os.write
    answers = iter([lambda handle, content: write(handle, content[:2]), full])
    monkeypatch.setattr(os, "write", lambda *given: next(answers)(*given))
    with pytest.raises(OSError, match="No space"):
        atomic.append(path, b"new\n")
    assert path.read_bytes() == b"old\n"


def test_what_killed_processes_left_is_swept_once_it_is_old(tmp_path):
    names = [f".{name}.x{atomic.SUFFIX}" for name in ("a", "b")]
    for name in (*names, ".a.part", f"c{atomic.SUFFIX}"):
        (tmp_path / name).write_text("")
    os.utime(tmp_path / names[0], (0, 0))
    save({"w": gradus.ones(1)}, tmp_path / "w")
    assert {p.name for p in tmp_path.iterdir()} == {names[1], ".a.part", f"c{atomic.SUFFIX}", "w"}
    with Run(tmp_path).alone():
        assert not (tmp_path / names[1]).exists()


def test_written_files_have_the_usual_mode(tmp_path):
    write_atomically(tmp_path / "a", "x")
    (tmp_path / "b").write_text("x")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_history_reads_what_was_written_but_a_cut_line(tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_text('{"epoch": 1, "loss": 0.5, "r2": null}\n{"epoch": 2, "loss": 0.25}\n{"epoch": 3, "lo')
    history = History.read(tmp_path)
    assert history["loss"] == [0.5, 0.25]
    assert np.isnan(history["r2"]).all()
    assert history.best("loss")["epoch"] == 2
    assert history.best("loss", "higher")["epoch"] == 1
    with pytest.raises(KeyError, match="Did you mean 'loss'"):
        history["los"]
    path.write_text("[1]\n")
    with pytest.raises(CheckpointError, match="line 1"):
        History.read(path)
    with pytest.raises(CheckpointError, match="absent"):
        History.read(tmp_path / "absent")


def test_run_folders(tmp_path):
    run = Run.create(tmp_path / "a" / "run", model="lenet")
    assert Run.create(run.path).config == {"model": "lenet"}  # not begun
    with pytest.raises(CheckpointError, match=r"before its first checkpoint.*Begin it again.*--out"):
        Run.open(run.path)
    run.configure(data="digits")
    assert json.loads(run.config_file.read_text()) == {"model": "lenet", "data": "digits"}
    run.history_file.write_text("")
    with pytest.raises(CheckpointError, match=r"holds history\.jsonl.*resume"):
        Run.create(run.path)
    with pytest.raises(CheckpointError, match="no run to go on with"):
        Run.open(run.path)
    run.config_file.write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json cannot be read"):
        _ = run.config
    with pytest.raises(CheckpointError, match="cannot be made"):
        Run.create(run.history_file)


HOLDER = """
import sys, time
from gradus.train import Run
with Run(sys.argv[1]).alone():
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_process_at_a_time_trains_in_a_folder(tmp_path):
    path = tmp_path / "run"
    env = os.environ | {"PYTHONPATH": str(Path(gradus.__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE, env=env) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(CheckpointError, match=rf"another process, number {other.pid}"):
            Run.create(path)
        other.kill()  # it cannot take its lock away any more
    run = Run.create(path)
    with run.alone(), run.alone(), pytest.raises(CheckpointError, match=rf"number {os.getpid()}"):
        Run.create(path)
    assert [p.name for p in path.iterdir()] == ["config.json"]


def test_a_run_that_another_process_trains_is_not_gone_on_with(tmp_path):
    model = gradus.nn.Linear(2, 1)
    trainer = gradus.Trainer(model, "mse", gradus.optim.SGD(model.parameters(), lr=0.1), compile=False)
    data = TensorDataset(np.ones((4, 2), np.float32), np.ones((4, 1), np.float32))
    trainer.fit(data, run=tmp_path / "run", progress=False)
    before = (tmp_path / "run" / "checkpoint.safetensors").read_bytes()
    with Run(tmp_path / "run").alone(), pytest.raises(CheckpointError, match="being trained in by another process"):
        trainer.fit(data, run=tmp_path / "run", epochs=2, resume=True, progress=False)
    assert (tmp_path / "run" / "checkpoint.safetensors").read_bytes() == before
    assert len(trainer.fit(data, run=tmp_path / "run", epochs=2, resume=True, progress=False)) == 2


def test_a_file_system_without_locks_does_no_harm(tmp_path, monkeypatch):
    def none(stream, wait):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(lock, "_lock", none)
    with Run.create(tmp_path / "run").alone():
        assert Run(tmp_path / "run").found() == []
