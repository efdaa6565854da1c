"""Every reader of files that gradus has: how such a file is written, and how it is read."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import gradus
from gradus import nn
from gradus.compiler.native import cache, outline
from gradus.data import (
    BytePairs,
    Standardizer,
    Table,
    TableTransform,
    Vocabulary,
    read_cifar,
    read_csv,
    read_idx,
    read_image,
    read_text,
)
from gradus.data.preprocessing.arrays import ArrayPreprocessing, RawArrays
from gradus.data.preprocessing.table import TablePreprocessing
from gradus.data.readers.arrays import read_arrays
from gradus.data.readers.cifar import read_cifar_archive
from gradus.datasets.locate import _unzip
from gradus.models.zoo import Built
from gradus.train.experiment import versions
from gradus.train.predictor import Predictor
from gradus.train.recipe import Recipe, config_of
from gradus.train.report import curves_of
from gradus.train.runs.checkpoint import CHECKSUM, load, position, read_state, save, write_state
from gradus.train.runs.foreign import foreign
from gradus.train.runs.history import History
from gradus.train.runs.run import Run
from gradus.tune.study import opened, problem_of, trials_of


def _never(data: bytes) -> bool:
    return False


def _always(data: bytes) -> bool:
    return True


@dataclass(frozen=True)
class Reader:
    """A reader, and its files.

    Attributes:
        name: as it is called on the command line and the page.
        what: it reads.
        file: the name of its file.
        seeds: writes such files in a folder, where else what belongs to them is put, and gives their bytes.
        read: reads one.
        checked: whether bytes carry a checksum, so that they are read as a seed's or refused.
        names: whether its errors name the file; not so what is given a text.
    """

    name: str
    what: str
    file: str
    seeds: Callable[[Path], list[bytes]]
    read: Callable[[Path], Any]
    checked: Callable[[bytes], bool] = _never
    names: bool = True


def _packed(seeds: Callable[[Path], list[bytes]]) -> Callable[[Path], list[bytes]]:
    return lambda folder: [gzip.compress(seed, mtime=0) for seed in seeds(folder)]


# -- data --------------------------------------------------------------------------------------------------------------


def _idx(folder: Path) -> list[bytes]:
    return [
        bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]),
        bytes([0, 0, 13, 2, 0, 0, 0, 1, 0, 0, 0, 2]) + bytes(8),
        bytes([0, 0, 14, 0]) + bytes(8),
    ]


def _cifar(folder: Path) -> list[bytes]:
    return [b"\7" + bytes(3072), (b"\1" + bytes(range(256)) * 12) * 2]


def _archive(folder: Path) -> list[bytes]:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name in (*(f"cifar/data_batch_{i}.bin" for i in range(1, 6)), "cifar/test_batch.bin"):
            member = tarfile.TarInfo(name)
            member.size = 3073
            archive.addfile(member, io.BytesIO(b"\3" + bytes(3072)))
    return [content.getvalue()]


def _saved(save: Callable[..., None], *args: Any, **named: Any) -> bytes:
    content = io.BytesIO()
    save(content, *args, **named)
    return content.getvalue()


def _npz(folder: Path) -> list[bytes]:
    x, y = np.ones((3, 2), np.float32), np.array([0, 1, 0])
    return [_saved(how, x=x, y=y) for how in (np.savez, np.savez_compressed)]


def _npy(folder: Path) -> list[bytes]:
    return [_saved(np.save, np.arange(6.0).reshape(2, 3).T), _saved(np.save, np.zeros((0, 2), "M8[D]"))]


def _csv(folder: Path) -> list[bytes]:
    return [
        b'rooms,kind,sold,price\n3,"flat, new",2024-05-01,"1,200.5"\n,house,13/4/2024,$ 3\n4,None,2024-05-03,(12)\n',
        "größe;ort\n62,5;Köln\n1.234,5;Ulm\n".encode("cp1252"),
        b"1 2.5 3\n4 5.5 6\n7 8.5 9\n",
        "a\tb\n0012\t12%\n0013\t08:30\n".encode("utf-16"),
        b"# note\nsep=|\nx|y\n9007199254740993|true\n1|false\n",
    ]


def _texts(folder: Path) -> list[bytes]:
    long = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。这是我们的国家。\n"  # noqa: RUF001
    return [b"to be\r\nor not\n", long.encode("utf-16"), long.encode("gbk"), "déjà vu, größer".encode("cp1252")]


def _picture(kind: str, folder: Path) -> list[bytes]:
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 256, (6, 5, 4), np.uint8)
    modes = {"PNG": ("RGB", "L", "RGBA", "P", "1", "I;16"), "JPEG": ("RGB", "L", "CMYK"), "GIF": ("P", "L")}
    modes |= {"TIFF": ("RGB", "L", "CMYK", "I;16"), "BMP": ("RGB", "P", "1"), "PPM": ("RGB", "L", "1")}
    found = []
    for mode in modes.get(kind, ("RGB", "RGBA")):
        content = io.BytesIO()
        sixteen = Image.fromarray(rng.integers(0, 65536, (6, 5), np.uint16))
        picture = sixteen if mode == "I;16" else Image.fromarray(numbers).convert("RGB").convert(mode)
        exif = Image.Exif()
        exif[0x0112] = 6
        options = {"exif": exif} if kind in ("PNG", "JPEG", "WEBP") else {}
        options |= {"compression": "tiff_lzw"} if kind == "TIFF" and mode == "RGB" else {}
        options |= {"lossless": True} if kind == "WEBP" and mode == "RGB" else {}
        picture.save(content, kind, **options)
        found.append(content.getvalue())
    return found


def _zip(folder: Path) -> list[bytes]:
    found = []
    for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", how) as archive:
            archive.writestr(zipfile.ZipInfo("../data/houses.csv"), b"rooms,price\n3,12\n" * 4)
        found.append(content.getvalue())
    return found


def _unzipped(path: Path) -> bytes:
    try:
        _unzip(path, "houses.csv", 1000)
        return path.read_bytes()
    except gradus.errors.DataError as problem:
        raise gradus.errors.DataError(f"{path}: {problem}") from None


# -- runs and studies --------------------------------------------------------------------------------------------------


def _weights(folder: Path) -> list[bytes]:
    found = []
    for state in (nn.Linear(3, 2).state_dict(), {"a": gradus.ones((0, 2)), "b": gradus.tensor([True])}):
        save(state, folder / "seed")
        found.append((folder / "seed").read_bytes())
    return found


def _bare(folder: Path) -> list[bytes]:
    from safetensors.numpy import save as to_bytes

    return [to_bytes({"w": np.ones((2, 2), np.float32)}), to_bytes({"a": np.zeros(3, np.int8)}, {"format": "pt"})]


def _checkpoint(folder: Path) -> list[bytes]:
    groups = {"model": {"w": gradus.ones(2)}, "optimizer": {"steps": gradus.tensor(3.0)}}
    write_state(folder / "seed", groups, {"epoch": 2, "batch": 1, "callbacks": {}, "seed": 0})
    return [(folder / "seed").read_bytes()]


def _state(path: Path) -> Any:
    groups, about = read_state(path, ("model", "optimizer"))
    return groups, json.dumps(about), position(path, about)


def _preprocessings(folder: Path) -> list[bytes]:
    """How tables, pictures and arrays were made ready; the weights of the model of each are beside."""
    table = Table({"rooms": [3.0, None, 4.0], "kind": ["flat", "house", None], "price": [1.0, 2.0, 3.0]})
    points = RawArrays(np.zeros((3, 2), np.float32), np.array([0, 1, 0]))
    made = [TablePreprocessing("price").fit(table), ArrayPreprocessing().fit(points)]
    (folder / "config.json").write_text(json.dumps({"built": Built("linear", (2,), 2).to_json()}))
    save(gradus.models.build("linear", (2,), 2), folder / "model.safetensors")
    return [one.to_json().encode() for one in made]


def _prepared(path: Path) -> Any:
    """The preprocessing at work, on what it was made for, and its model where that fits."""
    found = Run(path.parent).preprocessing()
    if isinstance(found, TablePreprocessing):
        row = Table({"rooms": [3.0], "kind": ["tent"], "price": [5.0]})
        if {column.name for column in found.transform.columns} <= set(row.names):
            found.inputs(row)
    if isinstance(found, ArrayPreprocessing):  # whose model's weights are there
        Predictor.open(path.parent).outputs(np.zeros((1, 2), np.float32))
    return found.to_json()


def _config(folder: Path) -> list[bytes]:
    """A run's settings, beside its weights and preprocessing."""
    points = RawArrays(np.zeros((3, 2), np.float32), np.array([0, 1, 0]))
    (folder / "preprocessing.json").write_text(ArrayPreprocessing().fit(points).to_json())
    save(gradus.models.build("softmax", (2,), 2), folder / "model.safetensors")
    recipe, built = Recipe(model="softmax").to_json(), Built("softmax", (2,), 2).to_json()
    whole = {"recipe": recipe, "built": built, "versions": versions(), "training": {"model": "Sequential"}}
    return [json.dumps(whole, indent=2).encode()]


def _settings(path: Path) -> Any:
    """A run's recipe, and its model, made of the settings."""
    made = repr(Predictor.open(path.parent).outputs(np.zeros((1, 2), np.float32)))
    return made, repr(Recipe.from_json(config_of(path.parent)["recipe"], str(path)))


def _history(folder: Path) -> list[bytes]:
    record = {"epoch": 1, "loss": 0.5, "val_loss": None, "val_accuracy": 0.5, "accuracy": 0.4, "lr": 0.1, "seconds": 1}
    return [f"{json.dumps(record)}\n{json.dumps(record | {'note': 'a'})}\n".encode(), b'{"epoch": 1}\n']


def _curves(path: Path) -> Any:
    history = History.read(path)
    return repr(history), curves_of(history)


def _study(folder: Path) -> list[bytes]:
    problem = {"data": "digits", "model": "softmax", "space": {"lr": {"low": 1e-4, "high": 1.0, "log": True}}}
    path = folder / "seed.jsonl"
    path.unlink(missing_ok=True)
    import optuna

    with opened(path, problem, "higher") as study:
        for score in (0.5, 0.7):
            trial = study.ask({"lr": optuna.distributions.FloatDistribution(1e-4, 1.0, log=True)})
            trial.report(score, 1)
            trial.set_user_attr("train", [score])
            study.tell(trial, score)
    return [path.read_bytes()]


def _trials(path: Path) -> Any:
    Path(f"{path}.lock").unlink(missing_ok=True)
    problem, settings = problem_of(path)
    with opened(path, None, "higher") as study:
        return repr((trials_of(study), settings, sorted(problem)))


# -- what to_json wrote ------------------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def _vocabulary(folder: Path) -> list[bytes]:
    return [Vocabulary([["to", "be", "or", "not", "to", "be"]]).to_json().encode()]


def _words(path: Path) -> Any:
    vocabulary = Vocabulary.from_json(_text(path))
    if "<unk>" in vocabulary:
        vocabulary.encode(["to", "see"])
    return vocabulary.tokens, repr(vocabulary)


def _pairs(folder: Path) -> list[bytes]:
    return [BytePairs.train("low lower lowest slow", 5, specials=["<pad>"]).to_json().encode()]


def _bytes(path: Path) -> Any:
    pairs = BytePairs.from_json(_text(path))
    return pairs.decode(pairs.encode("low slow")), repr(pairs)


def _transforms(folder: Path) -> list[bytes]:
    table = Table({"rooms": [3.0, None], "kind": ["flat", None], "sold": np.array([0, 9], "M8[D]")})
    return [TableTransform().fit(table).to_json().encode()]


def _features(path: Path) -> Any:
    transform = TableTransform.from_json(_text(path))
    table = Table({"rooms": [5.0], "kind": ["tent"], "sold": np.array([5], "M8[D]")})
    known = all(column.name in table for column in transform.columns)
    return transform.transform(table, aloud=False) if transform.columns and known else repr(transform.feature_names)


def _scales(folder: Path) -> list[bytes]:
    return [Standardizer(2.0, 3.0, True, "price").to_json().encode()]


def _scaled(path: Path) -> Any:
    return Standardizer.from_json(_text(path)).inverse(np.array([0.5]))


# -- what the compiler keeps -------------------------------------------------------------------------------------------

_NAME = "0" * 64


@contextmanager
def _cache(folder: Path) -> Iterator[Path]:
    before = os.environ.get("GRADUS_CACHE")
    os.environ["GRADUS_CACHE"] = str(folder)
    try:
        cache.folder().mkdir(parents=True, exist_ok=True)
        yield cache.folder()
    finally:
        os.environ.pop("GRADUS_CACHE") if before is None else os.environ.update(GRADUS_CACHE=before)


def _objects(folder: Path) -> list[bytes]:
    with _cache(folder) as kept:
        cache.save(_NAME, b"code" * 20)
        return [(kept / f"{_NAME}.o").read_bytes()]


def _object(path: Path) -> Any:
    with _cache(path.parent) as kept:
        (kept / f"{_NAME}.o").write_bytes(path.read_bytes())
        return cache.load(_NAME) or b"code" * 20  # nothing is as good as what was there: it is compiled again


def _outlines(folder: Path) -> list[bytes]:
    return [json.dumps(outline.Outline([_NAME], 3, [2], [(1, 64)], 128, False, 1, 2, (2, True))).encode()]


def _outline(path: Path) -> Any:
    with _cache(path.parent):
        cache.save(_NAME, path.read_bytes(), outline.KIND)
        cache.save(_NAME, b"code")
        return repr(outline._kept(_NAME))


# -- others ------------------------------------------------------------------------------------------------------------


def _foreign(folder: Path) -> list[bytes]:
    content = io.BytesIO()
    np.savez(content, np.ones(2))
    return [content.getvalue(), b"\x89HDF\r\n\x1a\n" + bytes(20), b"\x80\x02}q\0.", b"\x93NUMPY\1\0v\0{'descr': '|O'}"]


def _locked(path: Path) -> Any:
    with Run(path.parent).alone():
        return 0


_KINDS = {"PNG": _always} | dict.fromkeys(("JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM"), _never)
_ALL = (
    Reader("idx", "idx files", "x.idx", _idx, read_idx),
    Reader("idx-gz", "the same, gzipped", "x.idx.gz", _packed(_idx), read_idx, _always),
    Reader("cifar", "records of CIFAR-10", "x.bin", _cifar, read_cifar),
    Reader("tar", "the archive of CIFAR-10", "x.tar", _archive, read_cifar_archive),
    Reader("tar-gz", "the same, gzipped", "x.tar.gz", _packed(_archive), read_cifar_archive, _always),
    Reader("zip", "a zip archive that was downloaded", "x.zip", _zip, _unzipped, _always),
    Reader("npz", "NumPy's archives", "x.npz", _npz, read_arrays),
    Reader("npy", "NumPy's arrays", "x.npy", _npy, read_arrays),
    Reader("csv", "CSV files", "x.csv", _csv, lambda path: read_csv(path).columns),
    Reader("csv-gz", "the same, gzipped", "x.csv.gz", _packed(_csv), lambda path: read_csv(path).columns, _always),
    Reader("text", "texts", "x.txt", _texts, read_text),
    *(
        Reader(kind.lower(), f"pictures, {kind}", f"x.{kind}", partial(_picture, kind), read_image, checked)
        for kind, checked in _KINDS.items()
    ),
    Reader("weights", "weights with a checksum", "x.st", _weights, load, lambda data: CHECKSUM.encode() in data),
    Reader("weights-of-others", "weights without one", "x.st", _bare, load),
    Reader("checkpoint", "states of trainings", "x.st", _checkpoint, _state, _always),
    Reader("config", "settings of runs, and the models made of them", "config.json", _config, _settings),
    Reader("preprocessing", "how a run's data were made ready", "preprocessing.json", _preprocessings, _prepared),
    Reader("history", "histories, and their curves", "history.jsonl", _history, _curves),
    Reader("study", "studies", "x.jsonl", _study, _trials),
    Reader("vocabulary", "vocabularies", "x.json", _vocabulary, _words, names=False),
    Reader("byte-pairs", "byte pairs", "x.json", _pairs, _bytes, names=False),
    Reader("transform", "transforms of tables", "x.json", _transforms, _features, names=False),
    Reader("standardizer", "standardizers", "x.json", _scales, _scaled, names=False),
    Reader("code", "native code that is kept", "x.o", _objects, _object, _always),
    Reader("plan", "plans of programs that are kept", "x.plan", _outlines, _outline),
    Reader("foreign", "weights of other frameworks", "x.pt", _foreign, lambda path: foreign(path.read_bytes())),
    Reader("lock", "locks of runs", "run.lock", lambda folder: [b"4711", b""], _locked),
)
READERS = {reader.name: reader for reader in _ALL}
