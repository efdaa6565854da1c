"""Pre-training that is kept on disk: its stages, layer after layer, and where in one of them it stands."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from ... import random
from ...errors import CheckpointError, DivergedError
from ...nn import Module
from ...optim import Optimizer
from ...tensor import Tensor
from ..runs.checkpoint import read_state, write_state
from ..runs.history import Record
from ..runs.run import Run
from .divergence import not_finite
from .every import USUALLY, Every, Often


@dataclass
class Position:
    """Where a stage stands: epochs that are done, batches of the one that is not, and the numbers, by their
    names, that these summed up to."""

    epoch: int = 0
    batch: int = 0
    samples: int = 0
    names: list[str] = field(default_factory=list)
    sums: np.ndarray = field(default_factory=lambda: np.zeros(1))
    records: list[Record] = field(default_factory=list)
    ended: bool = False


class Stages:
    """The stages of a pre-training, each a `fit_unsupervised`, kept in a run's folder while this block lasts.

    What is killed in it, or stopped by Ctrl-C or SIGTERM, goes on from its checkpoint with `resume`, and comes to the
    same bits as if it had not been: the same calls are made again, and what was done before is passed over.

    Args:
        run: the folder.
        model: all that is trained.
        resume: go on with what is in the folder.
        checkpoint_every: as in `Trainer.fit`.

    Raises:
        CheckpointError: another process trains in the folder, or there is nothing to go on with, or of another model.

    >>> import gradus, tempfile
    >>> from gradus.train import pretrain_dbn
    >>> x, folder = gradus.bernoulli(0.5, (100, 6)), tempfile.TemporaryDirectory()
    >>> for resume in (False, True):  # as after a kill at the very end: nothing is left to do
    ...     with Stages(folder.name, dbn := gradus.models.DBN([6, 4, 3]), resume) as stages:
    ...         histories = pretrain_dbn(dbn, x, epochs=1, progress=False, stages=stages)
    >>> [len(history) for history in histories]
    [1, 1]
    >>> folder.cleanup()
    """

    def __init__(
        self, run: str | Path | Run, model: Module, resume: bool = False, checkpoint_every: Often = USUALLY
    ) -> None:
        self.run = run if isinstance(run, Run) else Run(run)
        self.model, self.resume, self.every = model, resume, Every(checkpoint_every)
        self._meant = {name for name, _ in not_finite(model.state_dict().items())}
        self._stages: list[Position] = []
        self._optimizers: Sequence[Optimizer] = ()
        self._found: tuple[dict[str, dict[str, np.ndarray]], dict[str, Any]] | None = None

    def __enter__(self) -> Self:
        with ExitStack() as held:
            if self.resume:
                self.run.begun()
            held.enter_context(self.run.alone())
            if self.resume:
                self._read()
            self._held = held.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._held.close()

    def _read(self) -> None:
        path = self.run.checkpoint_file
        self._found = groups, about = read_state(path)
        if "stages" not in about:
            raise CheckpointError(f"{path} is of no pre-training. A training goes on with Trainer.fit(resume=True).")
        try:
            self.model.load_state_dict(groups["model"])
        except CheckpointError as problem:
            raise CheckpointError(f"{path}: {problem}") from None

    def begin(self, optimizers: Sequence[Optimizer]) -> Position:
        """The next stage, which these optimizers train: from its beginning, or from where it was."""
        number, self._optimizers = len(self._stages), optimizers
        if self._found is None:
            self._stages.append(Position())
            self.save()
            return self._stages[-1]
        groups, about = self._found
        at = Position(**about["stages"][number])
        self._stages.append(at)
        if number == len(about["stages"]) - 1:  # the one in which it was ended
            at.sums, at.ended, self._found = groups["sums"]["sums"], False, None
            for i, optimizer in enumerate(optimizers):
                optimizer.load_state_dict(groups.get(f"optimizer{i}", {}))
            random.default.state.assign_(Tensor(groups["random"]["state"]))
        return at

    def save(self) -> None:
        """Write the checkpoint; what is not finite any more is not written."""
        states: dict[str, dict[str, Any]] = {"model": self.model.state_dict()}
        states |= {f"optimizer{i}": optimizer.state_dict() for i, optimizer in enumerate(self._optimizers)}
        for group, state in states.items():
            for name, value in not_finite(state.items()):
                if name not in self._meant:
                    kept = f"{self.run.checkpoint_file} is as it was"
                    raise DivergedError(f"{name} of the {group} became {value}: it is not saved. {kept}.")
        at = self._stages[-1]
        groups: dict[str, dict[str, Any]] = {"random": {"state": random.default.state}, "sums": {"sums": at.sums}}
        stages = [vars(stage) | {"sums": None, "ended": True} for stage in self._stages]
        write_state(self.run.checkpoint_file, states | groups, {"stages": stages})
        self.every.start()
