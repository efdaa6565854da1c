"""What a drawn training comes to, done in some way: `python -m tools.reliability.programs.trained WAY NUMBER ...`.

It prints a line of JSON for each number: checksums of all that the training leaves. WAY is JSON, too.
"""

from __future__ import annotations

import hashlib
import io
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

import gradus
from gradus import Trainer
from gradus import random as randomness
from gradus.compiler.native import stages
from gradus.compiler.native.target import told
from gradus.data import DataLoader, IterableDataset, TensorDataset
from gradus.train import LambdaCallback

from .drawn import Drawn, drawn

SOURCES = ("memory", "places", "items", "threads", "stream")
Bits = dict[str, str]  # checksums by what they are of


@dataclass(frozen=True)
class Way:
    """How a training is carried out: nothing of it may change a bit of what comes out.

    Attributes:
        compile, precision, verify, guard: a Trainer's.
        threads: of compiled programs; 0 for as many as there are cores.
        source: where the samples come from: memory, places (arrays that begin anywhere), items, threads, stream.
        stops: after which batches, of all, it is interrupted, to go on in a new Trainer.
        run: whether a folder is written.
        progress: whether it is shown.
        before: how many numbers are drawn, and arrays made, before it begins.
        shared: whether small programs, too, are shared among the threads.
        plain, large: which training it is, see `drawn`.
        target: what is compiled for, as in $GRADUS_TARGET; what that says if it is empty.
        kept: a folder for the weights; none if it is empty.
    """

    compile: bool = False
    precision: str = "float32"
    verify: int = 0
    guard: bool = False
    threads: int = 0
    source: str = "memory"
    stops: tuple[int, ...] = ()
    run: bool = False
    progress: bool = False
    before: int = 0
    shared: bool = False
    plain: bool = False
    large: bool = False
    target: str = ""
    kept: str = ""


class Items:
    """Samples that are read one by one."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        return self.x[i], self.y[i]


class Stream(IterableDataset):
    """The same samples one after the other, in the order of a loader."""

    def __init__(self, x: np.ndarray, y: np.ndarray, loader: DataLoader) -> None:
        self.x, self.y, self.loader, self.number = x, y, loader, 0

    def set_epoch(self, epoch: int) -> None:
        self.number = epoch

    def __iter__(self) -> Iterator[Any]:
        for batches in self.loader.rows(self.number):
            for i in batches.ravel():
                yield self.x[i], self.y[i]


def bits(number: int, way: Way) -> Bits:
    """What training `number` comes to, as checksums."""
    return _told(trained(number, way), drawn(number, way.plain, way.large))


def trained(number: int, way: Way) -> Trainer:
    """The trainer of training `number`, when it is done."""
    made = drawn(number, way.plain, way.large)
    sharing = 0 if way.shared else stages.WORTH_SHARING
    with (
        patch.object(stages, "WORTH_SHARING", sharing),
        redirect_stderr(io.StringIO()),  # what progress shows
        tempfile.TemporaryDirectory(prefix="a folder, ") as folder,
    ):
        gradus.set_num_threads(way.threads)
        other = [np.random.default_rng(k).normal(size=37 * k + 1) for k in range(way.before)]  # other memory is free
        gradus.rand(1 + len(other))
        trainer = _in_pieces(made, number, way, Path(folder) / "run" if way.run or way.stops else None)
        gradus.set_num_threads(0)
    if way.kept:
        gradus.save(trainer.model, Path(way.kept) / f"{number}.safetensors")
    return trainer


def _in_pieces(made: Drawn, number: int, way: Way, folder: Path | None) -> Trainer:
    """The trainer of the last piece; each piece begins with another seed, for all must come from the checkpoint."""
    batches = -(-len(made.x) // made.batch_size)
    for piece, stop in enumerate((*way.stops, None)):
        gradus.seed(number if not piece else 77 + piece)
        trainer = _trainer(made, way)
        try:
            trainer.fit(
                _loader(made, number, way),
                TensorDataset(made.x[::2], made.y[::2]),
                epochs=made.epochs,
                callbacks=[] if stop is None else [_stopping(stop, batches)],
                run=folder,
                resume=piece > 0,
                progress=None if way.progress else False,
            )
        except KeyboardInterrupt:
            continue
    return trainer


def _trainer(made: Drawn, way: Way) -> Trainer:
    model = made.model()
    trainer = Trainer(
        model,
        made.loss,
        made.optimizer(model),
        clip_norm=made.clip_norm,
        compile="require" if way.compile else False,
        precision=way.precision,
        verify=way.verify,
        guard=way.guard,
        augment=made.augment,
    )
    for program in (trainer.compiled, trainer.forward):
        if program is not None and way.target:
            program.target = told(way.target)
    return trainer


def _stopping(stop: int, batches: int) -> LambdaCallback:
    """Interrupts after batch `stop`, counted through all epochs."""

    def press(trainer: Any, batch: int) -> None:
        if len(trainer.history) * batches + batch == stop:
            signal.raise_signal(signal.SIGINT)

    return LambdaCallback(on_batch_end=press)


def _loader(made: Drawn, number: int, way: Way) -> DataLoader:
    x, y, options = made.x, made.y, {"batch_size": made.batch_size}
    ordered = options | {"shuffle": True, "seed": number}
    if way.source == "places":
        x, y = (_elsewhere(a) for a in (x, y))
    memory = DataLoader(TensorDataset(x, y), **ordered)
    if way.source == "stream":
        return DataLoader(Stream(x, y, memory), **options)
    if way.source in ("items", "threads"):
        return DataLoader(Items(x, y), num_workers=2 * (way.source == "threads"), **ordered)
    return memory


def _elsewhere(array: np.ndarray) -> np.ndarray:
    """The same numbers in memory that begins one number after a line of the caches."""
    wide = np.empty(array.size + 1, array.dtype)
    wide[1:] = array.ravel()
    return wide[1:].reshape(array.shape)


def _told(trainer: Trainer, made: Drawn) -> Bits:
    records = [{k: v for k, v in r.items() if k not in ("seconds", "samples_per_second")} for r in trainer.history]
    return {
        "weights": _checksum(trainer.model.state_dict()),
        "optimizer": _checksum(trainer.optimizer.state_dict()),
        "history": hashlib.sha256(json.dumps(records).encode()).hexdigest(),
        "predictions": _checksum({"": trainer.predict(made.x)}),
        "random": _checksum({"": randomness.default.state}),
    }


def _checksum(tensors: Any) -> str:
    digest = hashlib.sha256()
    for name, t in tensors.items():
        digest.update(name.encode() + np.ascontiguousarray(t.numpy()).tobytes())
    return digest.hexdigest()


def main() -> None:
    """Do it, and print what came out."""
    how = json.loads(sys.argv[1])
    if how.pop("torch", False):
        import torch

        torch.ones(200, 200) @ torch.ones(200, 200)  # its threads and its BLAS begin
    way = Way(**how)
    for number in map(int, sys.argv[2:]):
        print(json.dumps(bits(number, way)), flush=True)


if __name__ == "__main__":
    main()
