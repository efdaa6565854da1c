"""The folder of a run: everything that a training leaves behind.

    config.json              what was trained, how
    history.jsonl            a line for each epoch
    events.out.tfevents.*    the same for TensorBoard
    model.safetensors        the weights, under PyTorch's names
    checkpoint.safetensors   all that is needed to go on: weights, optimizer, random numbers, position
    report.html              curves and examples to look at, where the command made it
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from .checkpoint import write_atomically


class Run:
    """A run's folder and the names of the files in it.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.json"
        self.history_file = self.path / "history.jsonl"
        self.model_file = self.path / "model.safetensors"
        self.checkpoint_file = self.path / "checkpoint.safetensors"
        self.report_file = self.path / "report.html"

    @classmethod
    def create(cls, path: str | Path, **config: Any) -> Run:
        """A new folder with its config.json; one that holds a config.json alone has not begun and is taken.

        Raises:
            CheckpointError: the folder has other things in it, or cannot be made.
        """
        run = cls(path)
        try:
            run.path.mkdir(parents=True, exist_ok=True)
            found = run.found()
        except OSError as problem:
            raise CheckpointError(f"the run's folder {path} cannot be made: {problem.strerror}") from None
        if found:
            raise CheckpointError(
                f"the run's folder {path} exists and holds {', '.join(found[:3])}{' ...' if len(found) > 3 else ''}. "
                "Take another folder, delete this one, or go on with what is in it: resume=True (--resume)."
            )
        run.configure(**config)
        return run

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """The folder of a run that has begun.

        Raises:
            CheckpointError: there is none.
        """
        run = cls(path)
        if not run.checkpoint_file.is_file():
            raise CheckpointError(f"{path} is no run to go on with: it has no {run.checkpoint_file.name}")
        return run

    def found(self) -> list[str]:
        """What the folder holds besides config.json, which alone is no run that has begun."""
        return sorted(p.name for p in self.path.iterdir() if p != self.config_file)

    @property
    def config(self) -> dict[str, Any]:
        """What config.json holds; empty where there is none."""
        if not self.config_file.exists():
            return {}
        try:
            found = json.loads(self.config_file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise CheckpointError(f"{self.config_file} cannot be read: {problem}") from None
        if not isinstance(found, dict):
            raise CheckpointError(f"{self.config_file} holds no settings by name")
        return found

    def configure(self, **settings: Any) -> None:
        """Write settings into config.json, beside those that are there."""
        write_atomically(self.config_file, json.dumps(self.config | settings, indent=2) + "\n")
