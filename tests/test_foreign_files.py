"""A file of another framework given to `load` is told what it is, and the line that converts it."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gradus
from gradus import nn
from gradus.errors import CheckpointError


def archive(*names: str) -> bytes:
    """A zip archive with files of these names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in names:
            file.writestr(name, b"0")
    return content.getvalue()


def saved(save: Callable[..., None], *args: object) -> bytes:
    content = io.BytesIO()
    save(content, *args)
    return content.getvalue()


FILES: dict[str, tuple[bytes, str]] = {
    "model.pt": (archive("model/data.pkl", "model/data/0"), r"torch\.save\. There: from safetensors\.torch import"),
    "model.pth": (archive("archive/data.pkl"), r"here: gradus\.load\('model\.safetensors'\)"),
    "old.pt": (pickle.dumps({"weight": [1.0]}, protocol=2), r"a pickle, as older torch\.save wrote; reading"),
    "model.h5": (b"\x89HDF\r\n\x1a\n" + bytes(64), r"HDF5, as Keras writes\. There: numpy\.savez"),
    "model.keras": (archive("metadata.json", "config.json", "model.weights.h5"), r"a file of Keras\. There: numpy"),
    "model.ckpt.index": (bytes(64) + b"\x57\xfb\x80\x8b\x24\x75\x47\xdb", r"a checkpoint of TensorFlow's"),
    "model.ckpt.data-00000-of-00001": (bytes(64), r"a checkpoint of TensorFlow's"),
    "model.npz": (saved(np.savez, np.ones(2)), r"an archive of NumPy's.*numpy\.load\(path\)"),
    "model.npy": (saved(np.save, np.ones(2)), r"gradus\.as_tensor\(numpy\.load\(path\)\)"),
    "config.json": (b'{"layers": 2}', "It is text, as of a configuration"),
    "cut.safetensors": (b"\x40\x00\x00\x00\x00\x00\x00\x00{", "is damaged, or no safetensors file"),
}


@pytest.mark.parametrize("name", FILES)
def test_it_is_told_what_it_is(name: str, tmp_path: Path) -> None:
    content, words = FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=words):
        gradus.load(tmp_path / name)


def test_a_checkpoint_of_several_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.ckpt.index").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"cannot be read.*a checkpoint of TensorFlow's"):
        gradus.load(tmp_path / "model.ckpt")


@pytest.mark.torch
def test_what_torch_writes_is_told(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    for path, options in {"new.pt": {}, "old.pt": {"_use_new_zipfile_serialization": False}}.items():
        torch.save(torch.nn.Linear(2, 1).state_dict(), tmp_path / path, **options)
        with pytest.raises(CheckpointError, match=r"torch\.save.*save_file\(model\.state_dict\(\)"):
            gradus.load(tmp_path / path)


def test_names_with_a_beginning_in_common_are_told() -> None:
    model = nn.Linear(2, 1)
    state = {f"module.{name}": t for name, t in model.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"The names begin with 'module\.': \{n\.removeprefix\("):
        model.load_state_dict(state)
    model.load_state_dict({n.removeprefix("module."): t for n, t in state.items()})
