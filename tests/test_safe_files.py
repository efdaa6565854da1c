"""Files from elsewhere and files half written: nothing is followed, nothing else is overwritten, damage is seen."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

import gradus
from gradus import nn
from gradus.bounded.contents import memory
from gradus.compiler.native import cache
from gradus.data import BytePairs, Standardizer, TableTransform, Vocabulary, read_idx
from gradus.data.readers.cifar import read_cifar_archive
from gradus.errors import CheckpointError, DataError, GradusError
from gradus.process import atomic
from gradus.train import load, save
from gradus.train.experiment import Experiment
from gradus.train.predictor import Predictor
from gradus.train.recipe import Recipe
from gradus.train.runs.checkpoint import CHECKSUM, read_state, read_tensors, write_state
from gradus.train.runs.history import History
from gradus.train.runs.run import Run
from gradus.tune.study import opened, problem_of


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
    left = run.path / f".checkpoint.safetensors.abc123{atomic.SUFFIX}"
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

# -- what is saved, and read again -------------------------------------------------------------------------------------

DEEP = "[" * 100_000 + "]" * 100_000


def refused(read, path, words):
    """What is read is refused with these words, which name the file, and in a moment."""
    with pytest.raises(GradusError, match=words) as caught:
        read(path)
    assert str(path) in str(caught.value) and len(str(caught.value)) < 1000
    assert caught.value.__cause__ is None


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of an epoch."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    Experiment(Recipe(model="softmax", epochs=1, limit=64)).fit(folder, progress=False)
    return folder


@pytest.fixture
def run(trained, tmp_path):
    return Path(shutil.copytree(trained, tmp_path / "run"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (DEEP, "more than 64 lists and dicts"),
        ('{"recipe": ' + "[" * 70 + "]" * 70 + "}", "more than 64 lists and dicts"),
        ('{"recipe": ' + "9" * 5000 + "}", "more digits"),
        (b"\xff{}", "no UTF-8"),
        (b"{" + b" " * (1 << 24), "has at most 16,777,216"),
        ("[1]", "no settings by name"),
    ],
)
def test_settings_that_are_none(content, words, run):
    path = run / "config.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    refused(lambda path: Run(run).config, path, words)


def test_a_pipe_in_place_of_a_file_keeps_nobody_waiting(run):
    for name, read in {
        "config.json": lambda path: Run(run).config,
        "history.jsonl": History.read,
        "model.safetensors": load,
        "study": problem_of,
    }.items():
        (run / name).unlink(missing_ok=True)
        os.mkfifo(run / name)
        refused(read, run / name, "a pipe, a device")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outputs": 10**9}, "asks for a model that model.safetensors is not of"),
        ({"input_shape": [10**9]}, "asks for a model that model.safetensors is not of"),
        ({"input_shape": [10**18]}, "asks for a model that model.safetensors is not of"),
        ({"input_shape": ["64"]}, r"input_shape is \['64'\]; expected tuple"),
        ({"outputs": 10.5}, "outputs is 10.5; expected int"),
        ({"outputs": -1}, "cannot be built"),
        ({"input_shape": [8, 8]}, r"the model takes samples of \(8, 8\) and gives 10 numbers.* \(1, 8, 8\)"),
    ],
)
def test_settings_that_ask_for_what_cannot_be(change, words, run):
    path = run / "config.json"
    config = json.loads(path.read_text())
    config["built"] |= change
    path.write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=words):
        Predictor.open(run)


def test_settings_whose_parts_are_none(run):
    path = run / "config.json"
    path.write_text('{"recipe": [], "training": 0, "built": null}')
    refused(lambda path: Predictor.open(path.parent), path, "cannot build by itself")


NUMBER = {"kind": "number", "name": "x", "mean": 0, "std": 1, "missing": False}
TABLE = {
    "kind": "table",
    "target": {"scale": {"mean": 0, "std": 1}, "names": ["y"]},
    "target_name": "y",
    "task": None,
    "id": None,
    "leave_out": [],
    "text": [],
    "columns": {"x": ["numbers", ""]},
    "transform": {"max_categories": 1, "columns": [NUMBER]},
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (DEEP, "more than 64 lists"),
        ("[]", "no preprocessing"),
        ({"kind": 3}, "kind is 3; expected str"),
        ({"kind": "sounds"}, "no preprocessing of the kind 'sounds'"),
        ({"target": {"classes": []}}, "nothing to predict"),
        ({"target": {"classes": [1, 2]}}, r"classes is \[1, 2\]"),
        ({"target": {"scale": {"mean": 0, "std": 0}, "names": ["y"]}}, "std is 0; expected a number above 0"),
        ({"target": {"scale": {"mean": float("inf"), "std": 1}, "names": ["y"]}}, "mean is inf"),
        ({"columns": {"x": ["numbers"]}}, "columns is"),
        ({"columns": []}, "no TablePreprocessing"),
        ({"leave_out": "x"}, "leave_out is 'x'"),
        ({"transform": {"max_categories": 1, "columns": [NUMBER | {"name": 1}]}}, "name is 1"),
        ({"transform": {"max_categories": 1, "columns": [NUMBER | {"edges": ["a"]}]}}, "edges is"),
        ({"transform": {"max_categories": "1", "columns": [NUMBER]}}, "max_categories is '1'"),
        ({"transform": []}, "no TableTransform"),
        ({"kind": "pictures", "size": [8, 8], "grey": True, "skip_bad": True, "brightness": "dark"}, "brightness is"),
        ({"kind": "pictures", "size": [8], "grey": True, "skip_bad": True, "brightness": 0.1}, "size is"),
        ({"kind": "arrays", "shape": [2.5]}, "shape is"),
    ],
)
def test_preprocessing_of_other_things(change, words, run):
    text = change if isinstance(change, str) else json.dumps(TABLE | change)
    (run / "preprocessing.json").write_text(text)
    with pytest.raises(CheckpointError, match=words):
        Predictor.open(run)


@pytest.mark.parametrize("change", [{"epochs": "3"}, {"data": ["x"]}, {"lr": float("nan")}, {"eager": 1}, {"x": 1}])
def test_recipes_of_other_things(change, run):
    with pytest.raises(CheckpointError, match="recipe is damaged or of another version"):
        Recipe.from_json(Recipe().to_json() | change)


@pytest.mark.parametrize("line", [DEEP, '{"loss": "low"}', "[1]", '{"epoch": ' + "9" * 400 + "}", '{"lr": {}}'])
def test_a_history_of_other_things(line, tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_text('{"epoch": 1, "loss": 0.5, "note": "by a callback"}\n')
    assert History.read(path)["note"] == ["by a callback"]
    path.write_text(f'{{"epoch": 1}}\n{line}\n')
    refused(History.read, path, "line 2: this is no record")
    path.write_bytes(b'{"epoch": 1}\n\xff\n')
    refused(History.read, path, "byte 0xff in line 2 is no UTF-8")


def rewritten(path, change=None, without=""):
    """A checkpoint as it would be written with other facts, or without a part."""
    groups, about = read_state(path)
    groups.pop(without, None)
    write_state(path, groups, about | (change or {}))


@pytest.mark.parametrize(
    ("change", "without", "words"),
    [
        ({"epoch": "2"}, "", r"epoch '2' is reached; expected a whole number"),
        ({"epoch": -5}, "", "epoch -5"),
        ({"epoch": True}, "", "epoch True"),
        ({"epoch": 10**9}, "", "holds 1 epochs, the checkpoint was written after 1000000000"),
        ({"batch": 0.5}, "", "batch 0.5"),
        ({"batch": 10**9}, "", "batch 1000000000 is not in an epoch"),
        ({"callbacks": 7}, "", "is damaged, or of another version"),
        *(({}, part, f"holds no {part}") for part in ("model", "optimizer", "running", "random")),
    ],
)
def test_checkpoints_that_nothing_can_be_gone_on_with(change, without, words, run):
    rewritten(run / "checkpoint.safetensors", change, without)
    with pytest.raises(GradusError, match=words):
        Experiment.open(run, epochs=2).fit(run, resume=True, progress=False)


def test_every_changed_byte_of_a_checkpoint_is_seen(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    write_state(path, {"model": {"w": gradus.ones(2)}}, {"epoch": 2, "batch": 1})
    content = path.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 4
        path.write_bytes(changed)
        with pytest.raises(CheckpointError):
            read_state(path)


def safetensors_of(header, numbers=b""):
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (safetensors_of({"w": {"dtype": "F32", "shape": [0, 2**63], "data_offsets": [0, 0]}}), "has the shape"),
        (safetensors_of({"w": {"dtype": "U8", "shape": [1] * 100, "data_offsets": [0, 1]}}, b"1"), "has the shape"),
        (
            safetensors_of({n: {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]} for n in "ab"}, b"12"),
            "is damaged",
        ),
        ((2**62).to_bytes(8, "little") + b"{}", "is damaged"),
        ((99_000_000).to_bytes(8, "little") + b"{}", "is damaged"),
        (len(DEEP).to_bytes(8, "little") + DEEP.encode(), "is damaged"),
    ],
)
def test_weights_that_are_none(content, words, tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    refused(load, path, words)


def test_a_file_larger_than_memory_is_not_read(tmp_path):
    path = tmp_path / "w.safetensors"
    with path.open("wb") as file:
        file.truncate(memory() + 1)
    refused(load, path, "bytes; a file of weights has at most")


STUDY = '{"op_code": 0, "worker_id": "a", "study_name": "gradus", "directions": [1]}\n'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (STUDY.encode() + b'{"\xff": 1}\n', "byte 0xff in line 2 is no UTF-8"),
        (STUDY + DEEP.replace("[", '{"a":', 1).replace("]", "}", 1) + "\n", "more than 64 lists"),
        (STUDY + '{"op_code": 4\n' + STUDY, "is damaged: line 2 is .*op_code"),
        (STUDY + "[]\n", r"is damaged: line 2 is '\[\]'"),
        (STUDY + '{"op_code": 99, "worker_id": "a"}\n', "is no study, or is damaged"),
        (STUDY + '{"op_code": 5, "worker_id": "a", "trial_id": "x"}\n', "is about trial 'x'"),
        (STUDY + '{"op_code": 2, "worker_id": "a", "study_id": 0, "user_attr": {"problem": 1}}\n', "study of gradus"),
    ],
)
def test_studies_that_are_none(content, words, tmp_path):
    pytest.importorskip("optuna")
    path = tmp_path / "study.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def read(path):
        with opened(path, None, "higher"):
            problem_of(path)

    refused(read, path, words)


@pytest.mark.parametrize("kind", [Vocabulary, BytePairs, TableTransform, Standardizer])
@pytest.mark.parametrize("text", [DEEP, "[]", "7", '{"tokens": 1}', "", '{"merges": [[1, Infinity]], "specials": []}'])
def test_what_to_json_did_not_write(kind, text):
    with pytest.raises(DataError, match="written by to_json"):
        kind.from_json(text)


def test_pairs_of_pairs_do_not_fill_the_memory():
    merges = [[97, 97], *([i, i] for i in range(256, 320))]
    with pytest.raises(DataError, match="stands for more than 1024 bytes"):
        BytePairs.from_json(json.dumps({"merges": merges, "specials": []}))


@pytest.mark.parametrize("name", ["kind", "x" * 5000])
def test_messages_about_what_was_saved_are_short(name):
    saved = {"max_categories": 1, "columns": [{"kind": "number", name: "y" * 5000}]}
    for kind, text in {TableTransform: saved, Standardizer: {"mean": 0, "std": 1, name: 0}}.items():
        with pytest.raises(DataError) as caught:
            kind.from_json(json.dumps(text))
        assert len(str(caught.value)) < 300
