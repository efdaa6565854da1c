"""The folder of a run: everything that a training leaves behind.

    config.json              what was trained, how
    preprocessing.json       how its data were made ready, and outputs become answers
    history.jsonl            a line for each epoch
    events.out.tfevents.*    the same for TensorBoard
    model.safetensors        the weights, under PyTorch's names
    checkpoint.safetensors   all that is needed to go on: weights, optimizer, random numbers, position
    report.html              curves and examples to look at, where the command made it
    run.lock                 there while a process trains, so that no second one does
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...bounded.contents import read_utf8
from ...bounded.saved import parsed
from ...data import Preprocessing, load_preprocessing
from ...errors import CheckpointError
from ...process import atomic
from . import lock
from .checkpoint import write_atomically

_LARGEST = 1 << 24  # bytes of settings


class Run:
    """A run's folder and the names of the files in it.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.json"
        self.preprocessing_file = self.path / "preprocessing.json"
        self.history_file = self.path / "history.jsonl"
        self.model_file = self.path / "model.safetensors"
        self.checkpoint_file = self.path / "checkpoint.safetensors"
        self.report_file = self.path / "report.html"
        self._lock_file = self.path / "run.lock"  # while a process trains
        self._mine = False

    @classmethod
    def create(cls, path: str | Path, **config: Any) -> Run:
        """A new folder with its config.json; one that holds a config.json alone has not begun and is taken.

        Raises:
            CheckpointError: the folder has other things in it, or cannot be made.
        """
        run = cls(path)
        with run.alone():
            run.begin(**config)
        return run

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """The folder of a run that has begun.

        Raises:
            CheckpointError: there is none.
        """
        return cls(path).begun()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Within this block no other process trains in the folder, which is made if need be; blocks may be nested.

        Raises:
            CheckpointError: another one does, or the folder cannot be made.
        """
        if self._mine:
            yield
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise CheckpointError(f"the run's folder {self.path} cannot be made: {problem.strerror}") from None
        with lock.alone(self._lock_file):
            self._mine = True
            try:
                atomic.sweep(self.path, age=0)  # nobody else writes here
                yield
            finally:
                self._mine = False

    def begin(self, preprocessing: Preprocessing | None = None, **config: Any) -> None:
        """Write the settings of a run that has not begun, and the preprocessing of its data if that is kept.

        Raises:
            CheckpointError: there is more than settings in the folder.
        """
        found = self.found()
        if found:
            raise CheckpointError(
                f"the run's folder {self.path} exists and holds {', '.join(found[:3])}{' ...' if found[3:] else ''}. "
                "Take another folder, delete this one, or go on with what is in it: resume=True (--resume).",
                mistake="run-exists",
            )
        self.configure(preprocessing, **config)

    def begun(self) -> Run:
        """This run, which must have a checkpoint."""
        if not self.checkpoint_file.is_file():
            raise CheckpointError(f"{self.path} is no run to go on with: {self._lacking()}")
        return self

    def _lacking(self) -> str:
        """Why there is nothing to go on with, and what helps."""
        if not self.path.is_dir():
            return "there is no such folder"
        if self.found():
            return f"it has no {self.checkpoint_file.name}"
        command = self.config.get("command", "gradus train ...")
        return (
            "it ended before its first checkpoint, so that nothing is lost. Begin it again in the same folder: without "
            f"resume=True ({command} --out {self.path})."
        )

    def found(self) -> list[str]:
        """What the folder holds besides settings, which alone are no run that has begun, and the lock."""
        passed = (self.config_file, self.preprocessing_file, self._lock_file, *atomic.left_in(self.path))
        return sorted(p.name for p in self.path.iterdir() if p not in passed)

    @property
    def config(self) -> dict[str, Any]:
        """What config.json holds; empty where there is none."""
        if not self.config_file.exists():
            return {}
        text = read_utf8(self.config_file, CheckpointError, "a run's settings", _LARGEST)
        try:
            found = parsed(text)
        except ValueError as problem:
            raise CheckpointError(f"{self.config_file} cannot be read: {problem}") from None
        if not isinstance(found, dict):
            raise CheckpointError(f"{self.config_file} holds no settings by name")
        return found

    def configure(self, preprocessing: Preprocessing | None = None, **settings: Any) -> None:
        """Write settings into config.json, beside those that are there, and the preprocessing if one is given."""
        if preprocessing is not None:
            write_atomically(self.preprocessing_file, preprocessing.to_json() + "\n")
        write_atomically(self.config_file, json.dumps(self.config | settings, indent=2) + "\n")

    def preprocessing(self) -> Preprocessing:
        """The preprocessing of the data.

        Raises:
            CheckpointError: there is no run, it was trained without one, or the file is damaged.
        """
        if not self.path.is_dir():
            raise CheckpointError(f"there is no run {self.path}. `gradus train` makes one.")
        if not self.preprocessing_file.is_file():
            raise CheckpointError(
                f"{self.path} does not say how its data were prepared: it has no {self.preprocessing_file.name}. In "
                "Python it is given to the training: Trainer.fit(..., run=..., preprocessing=...)."
            )
        try:
            text = read_utf8(self.preprocessing_file, CheckpointError, "a run's preprocessing", _LARGEST)
            return load_preprocessing(text)
        except ValueError as problem:
            raise CheckpointError(f"{self.preprocessing_file} cannot be read: {problem}") from None
