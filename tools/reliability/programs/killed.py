"""Trainings that are killed, stopped, or run out of room, and gone on with until their end: a line of JSON a try.

Each line of its standard input is a trial and how often it is to be tried; each of its output tells what failed, if
anything did, how many lives were ended on purpose, and how long these then took to end. An empty line ends a trial.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import gradus
from gradus import Tensor, nn, optim
from gradus.compiler.native import cache
from gradus.data import Dataset, TensorDataset
from gradus.errors import CheckpointError
from gradus.models import MLP
from gradus.train import EarlyStopping, Trainer
from gradus.train.pretraining import Pretraining, pretrain
from gradus.train.runs.checkpoint import read_state, write_state

from .lives import Life, Moment, live

LIVES = 3  # of a training that are ended, at most
TIMES = ("seconds", "samples_per_second")


class Items(Dataset):
    """Samples that are read one by one, so that no epoch runs natively as a whole."""

    def __init__(self, data: TensorDataset) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: Any) -> Any:
        return self.data[index]


class Noise(nn.Module):
    """Changes the inputs of a batch."""

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x + 0.1 * gradus.randn(*x.shape), y


@dataclass(frozen=True)
class Training:
    """A small training with much to keep: dropout, batch normalisation, Adam, early stopping, noise on its inputs."""

    compile: bool = True
    every: int | str | None = None
    items: bool = False
    augment: bool = False

    def run(self, folder: Path) -> str:
        """Go on with what is in the folder, or begin, up to the end: a digest of what came out."""
        gradus.seed(0)
        model = MLP([2, 16, 3], batch_norm=True, dropout=0.3)
        noise = Noise() if self.augment else None
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        trainer = Trainer(model, "cross_entropy", optimizer, compile=self.compile, augment=noise)
        options: dict[str, Any] = {"epochs": 3, "batch_size": 8, "run": folder, "progress": False}
        options |= {"checkpoint_every": self.every, "callbacks": [EarlyStopping("val_loss", patience=2)]}
        data, held_out = _points(0), _points(1)
        data = Items(data) if self.items else data
        history = _gone_on(lambda resume: trainer.fit(data, held_out, resume=resume, **options), folder)
        state = model.state_dict() | optimizer.state_dict()
        records = [{k: v for k, v in record.items() if k not in TIMES} for record in history]
        return _digest(state, records)


@dataclass(frozen=True)
class Learning:
    """A small pre-training."""

    kind: str = "dbn"
    every: int | str | None = None

    def run(self, folder: Path) -> str:
        """As `Training.run`."""
        hidden = (12,) if self.kind == "rbm" else (12, 6)
        settings = Pretraining(self.kind, hidden=hidden, epochs=2, limit=120, batch_size=20)
        options: dict[str, Any] = {"progress": False, "checkpoint_every": self.every}
        found = _gone_on(lambda resume: pretrain(settings, folder, resume=resume, **options), folder)
        records = [{k: v for k, v in r.items() if k not in TIMES} for history in found.histories for r in history]
        return _digest(found.model.state_dict(), records)


@dataclass(frozen=True)
class Writing:
    """One checkpoint after the other, each in the place of the one before."""

    size: int = 1000
    last = 12

    def run(self, folder: Path) -> str:
        """What is there must be whole; go on from it."""
        folder.mkdir(exist_ok=True)
        path, done = folder / "checkpoint.safetensors", 0
        if path.exists():
            groups, about = read_state(path)
            done = about["done"]
            if any((array != done).any() for array in groups["model"].values()):
                raise AssertionError(f"the checkpoint of {done} holds other numbers, too")
        for number in range(done + 1, self.last + 1):
            state = {name: np.full(self.size, number, np.float32) for name in "ab"}
            write_state(path, {"model": state}, {"done": number})
        groups, about = read_state(path)
        return _digest({name: Tensor(array) for name, array in groups["model"].items()}, [about["done"]])


@dataclass(frozen=True)
class Compiling:
    """Programs that are compiled, and filed where they are found again."""

    count: int = 3

    def run(self, folder: Path) -> str:
        """What is found must be whole."""
        os.environ["GRADUS_CACHE"] = str(folder)
        x, results = gradus.tensor([0.5, -1.0, 2.0]), {}
        for number in range(self.count):
            step = gradus.compile(lambda x, factor=number + 1.0: gradus.tanh(x * factor).sum())
            results[str(number)] = step(x)
        for file in cache.folder().glob("*.*"):
            if file.suffix in (".o", ".plan") and cache.load(file.stem, file.suffix[1:]) is None:
                raise AssertionError(f"{file} is damaged")
        return _digest(results, [])


def _gone_on(fit: Callable[[bool], Any], folder: Path) -> Any:
    """As a person would: go on, and begin where there is nothing, or where it is said to begin again."""
    if not folder.exists():
        return fit(False)
    try:
        return fit(True)
    except CheckpointError as problem:
        if "Begin it again" not in str(problem):
            raise
    return fit(False)


def _points(seed: int) -> TensorDataset:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 100)
    return TensorDataset((rng.normal(size=(100, 2)) + y[:, None]).astype(np.float32), y)


def _digest(state: dict[str, Any], records: list[Any]) -> str:
    digest = hashlib.sha256(repr(records).encode())
    for name, t in sorted(state.items()):
        digest.update(name.encode() + t.numpy().tobytes())
    return digest.hexdigest()


# -- tries ------------------------------------------------------------------------------------------------------------


@dataclass
class Whole:
    """What a training comes to that nothing stops: its digest, how many calls change files, how long it takes."""

    digest: str
    calls: int
    seconds: float


class Bench:
    """A folder to try in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run, self.result = folder / "run", folder / "result"
        self.whole = lru_cache(self._whole)

    def life(self, what: Any, moment: Moment | None = None) -> Life:
        """One life of a training; at its end the digest is written."""
        return live(lambda: self.result.write_text(what.run(self.run)), self.folder, moment)

    def clear(self) -> None:
        """Nothing is left of the training before."""
        shutil.rmtree(self.run, ignore_errors=True)
        self.result.unlink(missing_ok=True)

    def _whole(self, what: Any) -> Whole:
        for _ in range(2):  # the first also compiles
            self.clear()
            life = self.life(what)
            if life.status:
                raise RuntimeError(f"{what} does not come to its end:\n{life.said}")
        return Whole(self.result.read_text(), life.calls, life.seconds)


def _drawn(draw: random.Random, whole: Whole, press: signal.Signals | None) -> Moment:
    """A moment in a life: at a call that changes files, or by the clock."""
    if press is None or draw.random() < 0.7:
        half = draw.random() < 0.5 and press is signal.SIGKILL  # what is only told to end writes on
        return Moment(draw.randint(1, whole.calls), press=press, half=half)
    return Moment(seconds=draw.uniform(0, whole.seconds), press=press)


def _try(bench: Bench, draw: random.Random, what: Any, press: signal.Signals | None) -> dict[str, Any]:
    """End a training some times, go on each time, and compare what it comes to."""
    whole, ended, waited = bench.whole(what), 0, []
    bench.clear()
    for _ in range(draw.randint(1, LIVES)):
        moment = _drawn(draw, whole, press)
        life = bench.life(what, moment)
        problem = _wrong(life, press)
        if problem:
            return {"failed": f"{what}, {moment}: {problem}", "ended": ended, "waited": waited}
        if not life.status:
            break
        ended += 1
        waited.append(life.waited)
    last = bench.life(what) if life.status else life
    if last.status:
        failed = f"{what}, after {moment}: it does not go on: {last.said[-600:]}"
    else:
        failed = "" if bench.result.read_text() == whole.digest else f"{what}, after {moment}: it comes to other bits"
    return {"failed": failed, "ended": ended, "waited": waited}


def _wrong(life: Life, press: signal.Signals | None) -> str:
    """What is wrong with how a life ended; the empty string if nothing is."""
    if press is None:
        told = "cannot be written: No space left" in life.said or "cannot be made: No space left" in life.said
        fine = not life.status or (life.status == 1 and told and "Exception ignored" not in life.said)
    else:
        fine = life.status in (0, 128 + press) and not life.said
    return "" if fine else f"status {life.status}: {life.said[-600:]}"


def _trainings(compiled: bool) -> Callable[[random.Random], Any]:
    def drawn(draw: random.Random) -> Training:
        every = draw.choice([None, 1, 5, "0.001s"])
        return Training(compiled, every, items=draw.random() < 0.3, augment=draw.random() < 0.3)

    return drawn


def _pretrainings(draw: random.Random) -> Learning:
    return Learning(draw.choice(["rbm", "dbn", "autoencoder"]), draw.choice([None, 1, 3]))


def _writings(draw: random.Random) -> Writing:
    return Writing(draw.choice([1, 1000, 300_000]))


def _compilings(draw: random.Random) -> Compiling:
    return Compiling()


TRIALS: dict[str, tuple[Callable[[random.Random], Any], signal.Signals | None]] = {
    "compiled": (_trainings(True), signal.SIGKILL),
    "eager": (_trainings(False), signal.SIGKILL),
    "pretraining": (_pretrainings, signal.SIGKILL),
    "checkpoints": (_writings, signal.SIGKILL),
    "cache": (_compilings, signal.SIGKILL),
    "sigterm": (_trainings(True), signal.SIGTERM),
    "ctrl-c": (_trainings(True), signal.SIGINT),
    "full": (_trainings(True), None),
}


def tries(trial: str, times: int) -> Iterator[dict[str, Any]]:
    """Try so often; what is drawn follows from the number of the try."""
    drawn, press = TRIALS[trial]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for number in range(times):
            draw = random.Random(f"{trial} {number}")
            yield {"number": number} | _try(bench, draw, drawn(draw), press)


if __name__ == "__main__":
    for asked in sys.stdin:
        name, count = asked.split()
        for found in tries(name, int(count)):
            print(json.dumps(found), flush=True)
        print(flush=True)
