"""Weights and training states on disk: safetensors, written so that a crash leaves the old file or the new one.

safetensors is a header of JSON (names, types, shapes, places) and then the numbers: nothing in it is executed on
reading, and other programs read it too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ... import dtypes
from ...bounded.contents import read_whole
from ...bounded.saved import parsed
from ...errors import ArgumentError, CheckpointError, short
from ...nn import Module
from ...process import atomic
from ...tensor import Tensor, tensor
from .foreign import TENSORFLOW, foreign

CHECKSUM = "gradus.sha256"  # the name of that of all tensors and texts, among a file's texts
STATE = "gradus"  # the name of what is to be known of a training, among its texts
FORMAT = 1  # of the training state; it rises when an older reader would go wrong

_TYPES: dict[str, dtypes.Dtype] = {
    "BOOL": dtypes.bool_,
    "U8": dtypes.uint8,
    "I8": np.dtype(np.int8),
    "U16": np.dtype(np.uint16),
    "I16": np.dtype(np.int16),
    "I32": dtypes.int32,
    "U32": dtypes.uint32,
    "I64": dtypes.int64,
    "U64": dtypes.uint64,
    "F16": dtypes.float16,
    "BF16": dtypes.bfloat16,
    "F32": dtypes.float32,
    "F64": dtypes.float64,
}


def save(model: Module | Mapping[str, Any], path: str | Path) -> None:
    """Write a model's weights, or tensors by name, to a safetensors file.

    The names are those of `state_dict()`, as in PyTorch. The file appears whole or not at all.

    >>> import gradus, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> save({"weight": gradus.ones(2)}, folder.name + "/model.safetensors")
    >>> load(folder.name + "/model.safetensors")["weight"]
    tensor([1., 1.])
    >>> folder.cleanup()
    """
    write_tensors(path, model.state_dict() if isinstance(model, Module) else model)


def load(path: str | Path) -> dict[str, Tensor]:
    """Tensors by name from a safetensors file, for `model.load_state_dict`.

    Raises:
        CheckpointError: the file is missing, damaged, or holds a type of numbers that gradus does not have.
    """
    return {name: Tensor(array) for name, array in read_tensors(path)[0].items()}


def write_tensors(path: str | Path, tensors: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> None:
    """Write tensors or arrays by name, and texts by name, to a safetensors file, atomically."""
    from safetensors.numpy import save as to_bytes

    # safetensors writes the memory as it lies, whatever the strides say
    arrays = {name: np.asarray(_array(name, value), order="C") for name, value in tensors.items()}
    texts = dict(metadata or {})
    write_atomically(path, to_bytes(arrays, {**texts, CHECKSUM: _checksum(arrays, texts)}))


def _checksum(arrays: Mapping[str, np.ndarray], texts: Mapping[str, str]) -> str:
    """Of texts, names, types, shapes and numbers, whatever their order in the file."""
    digest = hashlib.sha256(json.dumps(texts, sort_keys=True).encode() if texts else b"")
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}\0{array.dtype.name}\0{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"")
    return digest.hexdigest()


def _array(name: str, value: Any) -> np.ndarray:
    if isinstance(value, (Mapping, Module, str)) or value is None:
        raise ArgumentError(
            f"{name!r} is a {type(value).__name__}: a file holds tensors by name, flat, as model.state_dict() "
            "has them. Save the model's and the optimizer's state in a file each, or let Trainer.fit(run=...) keep all."
        )
    return tensor(value).numpy()


def read_tensors(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays and the texts of a safetensors file, by name."""
    from safetensors import SafetensorError, deserialize

    path = Path(path)
    try:
        content = read_whole(path, CheckpointError, "a file of weights")
    except CheckpointError as problem:
        told = f" {TENSORFLOW}" if Path(f"{path}.index").exists() else ""
        raise CheckpointError(f"{problem.args[0]}.{told}", mistake=problem.mistake) from None
    try:
        views = deserialize(content)  # type: ignore[no-untyped-call]
    except SafetensorError as problem:
        if told := foreign(content, path.name):
            raise CheckpointError(f"{path} is no safetensors file. {told}", mistake="file-of-another-kind") from None
        raise CheckpointError(
            f"{path} is damaged, or no safetensors file ({problem}). Take another copy of it, or train anew.",
            mistake="damaged-file",
        ) from None
    arrays = {name: _viewed(path, name, view) for name, view in views}
    try:
        header = parsed(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except ValueError as problem:
        raise _damaged(path, problem) from None
    texts = header.get("__metadata__") or {}
    if CHECKSUM in texts:
        kept = texts.pop(CHECKSUM)
        if kept not in (_checksum(arrays, texts), _checksum(arrays, {})):  # the latter of files of a time before
            raise _damaged(path, "its checksum is another")
    elif STATE in texts:
        raise _damaged(path, "it has no checksum")
    return arrays, texts


def _viewed(path: Path, name: str, view: Mapping[str, Any]) -> np.ndarray:
    """The array that one of the file's tensors is."""
    if view["dtype"] not in _TYPES:
        raise CheckpointError(
            f"{path}: {short(name)} holds numbers of type {view['dtype']}, which gradus does not have"
        )
    try:
        return np.frombuffer(view["data"], _TYPES[view["dtype"]]).reshape(view["shape"])
    except ValueError as problem:  # as of 100 axes, or lengths of which one is 0 and another beyond all numbers
        raise _damaged(path, f"{short(name)} has the shape {short(view['shape'])} ({problem})") from None


def _damaged(path: Path, problem: object) -> CheckpointError:
    return CheckpointError(
        f"{path} is damaged: {problem}. Take another copy of it, or train anew.", mistake="damaged-file"
    )


def write_atomically(path: str | Path, content: bytes | str) -> None:
    """Write a file so that whoever reads it finds the old content or the new, never a part: write aside, then rename.

    Raises:
        CheckpointError: the folder is missing or not writable, or the disk is full; the old file is untouched.
    """
    path = Path(path)
    try:
        atomic.write(path, content.encode() if isinstance(content, str) else content)
    except OSError as problem:
        raise _cannot_write(path, problem) from None


def append(path: Path, content: bytes) -> None:
    """Write at the end of a file, all or nothing.

    Raises:
        CheckpointError: it cannot be written.
    """
    try:
        atomic.append(path, content)
    except OSError as problem:
        raise _cannot_write(path, problem) from None


def _cannot_write(path: Path, problem: OSError) -> CheckpointError:
    """What is said of a file that cannot be written."""
    if not path.parent.is_dir():
        return CheckpointError(f"{path} cannot be written: its folder is not there")
    return CheckpointError(f"{path} cannot be written: {problem.strerror}")


# -- the state of a training in progress ---------------------------------------------------------------------------


def write_state(path: str | Path, groups: Mapping[str, Mapping[str, Any]], about: Mapping[str, Any]) -> None:
    """Write the state of a training: groups of tensors (model, optimizer, ...), and facts as JSON."""
    tensors = {f"{group}.{name}": value for group, members in groups.items() for name, value in members.items()}
    write_tensors(path, tensors, {STATE: json.dumps({"format": FORMAT, **about})})


def read_state(path: str | Path, parts: Sequence[str] = ()) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, Any]]:
    """What `write_state` wrote.

    Args:
        path: the file.
        parts: groups that there must be.

    Raises:
        CheckpointError: the file cannot be read, is damaged or holds no state, or one of another version's form, or
            lacks a part.
    """
    tensors, texts = read_tensors(path)
    try:
        about = parsed(texts[STATE])
        form = about["format"]
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(f"{path} holds tensors, but no state of a training to go on from") from None
    if form != FORMAT:
        raise CheckpointError(f"{path} has format {form}, this version of gradus reads format {FORMAT}. Update gradus.")
    groups: dict[str, dict[str, np.ndarray]] = {}
    for full, array in tensors.items():
        group, _, name = full.partition(".")
        groups.setdefault(group, {})[name] = array
    if missing := [part for part in parts if part not in groups]:
        raise CheckpointError(
            f"{path} holds no {' and no '.join(missing)}, and so no state of a training to go on from. Take another "
            "copy of it, or train anew."
        )
    return groups, about


def position(path: str | Path, about: Mapping[str, Any]) -> tuple[int, int]:
    """How many epochs of a training are done, and batches of the one that is not, by the facts of its state.

    >>> position("checkpoint.safetensors", {"epoch": 2, "batch": 0})
    (2, 0)
    """
    for name in ("epoch", "batch"):
        count = about.get(name)
        if type(count) is not int or count < 0:
            raise CheckpointError(
                f"{path} says that {name} {short(repr(count))} is reached; expected a whole number from 0 on. Take "
                "another copy of it, or train anew."
            )
    return about["epoch"], about["batch"]
