"""What the scripts here share: what a paper says, and one measurement that goes on where it was killed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradus import Tensor, Trainer, datasets
from gradus.data import TensorDataset
from gradus.nn import Module
from gradus.random import default
from gradus.train import Callback, Run
from gradus.train.runs.checkpoint import read_state, write_state

HELD_OUT = 6  # the last sixth of a training set, 10,000 of 60,000 pictures, on which settings are chosen


@dataclass(frozen=True)
class Figure:
    """One number of a paper.

    Attributes:
        name: what it is and its unit; the name under which `measure` gives ours.
        paper: what the paper says.
        reach: what ours, the mean over the seeds, must reach; None where ours is told and not judged.
        larger: more is better.
        within: where ours must be the same, up to so much.
        digits: after the decimal point.
    """

    name: str
    paper: str
    reach: float | None = None
    larger: bool = False
    digits: int = 2
    within: float | None = None

    def reached(self, ours: float) -> bool:
        """Whether ours is as good as it must be."""
        if self.reach is None:
            return True
        if self.within is not None:
            return abs(ours - self.reach) <= self.within
        return ours >= self.reach if self.larger else ours <= self.reach

    @property
    def bound(self) -> str:
        """What must be reached, in words."""
        if self.reach is None:
            return "-"
        if self.within is not None:
            return f"{self.reach:g}, up to {self.within:g}"
        return f"{'at least' if self.larger else 'at most'} {self.reach:g}"


@dataclass(frozen=True)
class Claim:
    """What a script holds gradus against.

    Attributes:
        source: the paper.
        figures: its numbers.
        differs: what is done otherwise than in the paper.
        seeds: with how many it is measured.
    """

    source: str
    figures: tuple[Figure, ...]
    differs: str
    seeds: int = 3


class Work:
    """One measurement: its seed, its data, and the folder in which trainings that were killed go on.

    Args:
        folder: for the checkpoints.
        seed: for everything random.
        on: "test" trains on all training pictures and gives the test pictures to measure with, "validation" keeps the
            last sixth of the training pictures for that, and "digits" takes the small embedded ones, enlarged.

    Attributes:
        losses: for each training done, its loss epoch by epoch.
        shown: what the script's picture is drawn from.
    """

    def __init__(self, folder: Path, seed: int = 0, on: str = "test") -> None:
        self.folder, self.seed, self.on = folder, seed, on
        self.losses: list[list[float]] = []
        self.shown: dict[str, Any] = {}
        self._clock = folder / "seconds.json"
        spent = json.loads(self._clock.read_text()) if self._clock.exists() else [0.0, 0.0]
        self._begun = [now - before for now, before in zip(_now(), spent, strict=True)]

    def data(self, name: str) -> tuple[TensorDataset, TensorDataset]:
        """Pictures to train on, and pictures to measure with, once, at the end."""
        if self.on == "digits":
            train, test = datasets.digits()
            return _enlarged(train, 1000), _enlarged(test, 100)
        train, test = datasets.load(name)
        return (train, test) if self.on == "test" else held_out(train)

    def fit(self, trainer: Trainer, train: TensorDataset, epochs: int, batch_size: int, part: str = "whole") -> None:
        """Train; what is found in the folder is gone on with. `part` names one training of several."""
        run = Run(self.folder / part)
        resume, clock = run.checkpoint_file.exists(), [_Clock(self)]
        history = trainer.fit(train, None, epochs, batch_size, clock, run, resume, seed=self.seed)
        self.losses.append([record["loss"] for record in history.records])

    def once(self, part: str, module: Module, train: Callable[[], Sequence[float]]) -> None:
        """Train what keeps no checkpoints, unless it was done before it was killed. `train` gives the losses."""
        file = self.folder / f"{part}.safetensors"
        if not file.exists():
            losses = list(train())
            self.keep_time()
            write_state(file, {"model": module.state_dict(), "random": {"state": default.state}}, {"losses": losses})
        saved, about = read_state(file)
        module.load_state_dict(saved["model"])
        default.state.assign_(Tensor(saved["random"]["state"]))
        self.losses.append(about["losses"])

    @property
    def seconds(self) -> list[float]:
        """The time spent so far, and that of all processors; what was done before it was killed included."""
        return [now - begun for now, begun in zip(_now(), self._begun, strict=True)]

    def keep_time(self) -> None:
        """Write down the time spent so far."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clock.write_text(json.dumps(self.seconds))


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


class _Clock(Callback):
    def __init__(self, work: Work) -> None:
        self.work = work

    def on_epoch_end(self, trainer: Trainer, record: Any) -> None:
        self.work.keep_time()


def held_out(train: TensorDataset) -> tuple[TensorDataset, TensorDataset]:
    """A training set without its last sixth, and this."""
    count = len(train) // HELD_OUT
    parts = (tuple(a[:-count] for a in train.arrays), tuple(a[-count:] for a in train.arrays))
    first, last = (TensorDataset(*arrays, classes=train.classes, name=train.name) for arrays in parts)
    return first, last


def error(trainer: Trainer, data: TensorDataset) -> float:
    """The share of pictures that are misread, in percent."""
    return 100 * (1 - trainer.evaluate(data)["accuracy"])


def _enlarged(digits: TensorDataset, count: int) -> TensorDataset:
    """So many pictures of 8x8 as ones of 28x28, as MNIST has them."""
    x, y = digits[:count]
    larger = np.pad(x.repeat(3, axis=2).repeat(3, axis=3), ((0, 0), (0, 0), (2, 2), (2, 2)))
    return TensorDataset(larger, y, classes=digits.classes, name="digits")
