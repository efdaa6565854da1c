"""Callbacks: what happens besides the steps, at the ends of batches and epochs.

A callback's state is saved with the checkpoint, so that a training that goes on stops, or lowers its learning rate,
at the same epoch as one that was never interrupted.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import ArgumentError, nearest, one_of, warn
from ...functional.checks import at_least_one
from ...optim import ReduceOnPlateau
from ..metrics import metric
from ..runs.checkpoint import save
from ..runs.history import History, Record

Trainer = Any  # it stands above this file, since it calls; a callback of one's own may say `trainer: gradus.Trainer`


class Callback:
    """The base of all callbacks: override what you need. `trainer.stop()` ends the training after the epoch.

    >>> class Shout(Callback):
    ...     def on_epoch_end(self, trainer, record):
    ...         print(f"epoch {record['epoch']} done!")
    """

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Before the first step; after the state was restored, where training goes on."""

    def on_batch_end(self, trainer: Trainer, batch: int) -> None:
        """After a step; `batch` counts from 1 in each epoch."""

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """After an epoch and its validation; `record` may be added to, and is written to the history then."""

    def on_fit_end(self, trainer: Trainer, history: History) -> None:
        """After the last epoch; not after an interruption or an error."""

    def state_dict(self) -> dict[str, Any]:
        """What is needed to go on: tensors, and values that JSON can hold."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""


class Watch(Callback):
    """The base of callbacks that follow one number of the record, and ask whether it got better.

    Args:
        monitor: its name: "loss", "val_loss", "val_accuracy" and so on.
        min_delta: by how much it must get better to count.
        better: "lower" or "higher"; by default higher for accuracy and its like, lower for losses and errors.
    """

    def __init__(self, monitor: str = "val_loss", min_delta: float = 0.0, better: str | None = None) -> None:
        if better is not None:
            one_of(type(self).__name__, "better", better, ("lower", "higher"))
        if min_delta < 0:
            raise ArgumentError(f"min_delta must be 0 or more, got {min_delta}")
        self.monitor, self.min_delta = monitor, min_delta
        self.better = better or _better(monitor)
        self.best: float | None = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        if not len(trainer.history):
            self.best = None  # of a training before, with the same callback

    def improved(self, record: Record) -> bool:
        """Whether the number is the best so far; if so it is kept."""
        value = _watched(self, record, self.monitor)
        sign = 1 if self.better == "lower" else -1
        if value != value:  # NaN is no best, at first or later
            warn(f"{type(self).__name__}: {self.monitor} is nan in epoch {record['epoch']}")
            return False
        if self.best is not None and not sign * value < sign * self.best - self.min_delta:
            return False
        self.best = value
        return True

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best = None if state["best"] is None else float(state["best"])


def _watched(callback: Callback, record: Record, monitor: str) -> float:
    if monitor not in record:
        without = " Pass validation data to fit." if monitor.startswith("val_") else ""
        raise ArgumentError(
            f"{type(callback).__name__} watches {monitor!r}.{without} {nearest(monitor, record)}",
            mistake="watched-and-not-measured",
        )
    return float(record[monitor])


def _better(monitor: str) -> str:
    name = monitor.removeprefix("val_")
    if name == "loss":
        return "lower"
    try:
        return metric(name).better
    except ArgumentError:
        raise ArgumentError(
            f"is a lower or a higher {monitor!r} better? Say better='lower' or 'higher'.",
            mistake="better-or-worse",
        ) from None


class EarlyStopping(Watch):
    """Stop when a number has not got better for `patience` epochs (Prechelt, 1998).

    Args:
        monitor, min_delta, better: see Watch.
        patience: epochs to wait for something better, at least 1.
        restore_best: give the model the weights of its best epoch at the end.

    >>> EarlyStopping("val_accuracy", patience=3).better
    'higher'
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 5,
        min_delta: float = 0.0,
        restore_best: bool = True,
        better: str | None = None,
    ) -> None:
        super().__init__(monitor, min_delta, better)
        at_least_one("EarlyStopping", patience=patience)
        self.patience, self.restore_best = patience, restore_best
        self.waited = 0
        self.weights: dict[str, Any] = {}

    def on_fit_begin(self, trainer: Trainer) -> None:
        super().on_fit_begin(trainer)
        if not len(trainer.history):
            self.waited, self.weights = 0, {}
        if self.waited >= self.patience:
            trainer.stop()

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        if self.improved(record):
            self.waited = 0
            if self.restore_best:
                self.weights = {name: t.copy() for name, t in trainer.model.state_dict().items()}
        else:
            self.waited += 1
            if self.waited >= self.patience:
                trainer.stop()

    def on_fit_end(self, trainer: Trainer, history: History) -> None:
        if self.weights:
            trainer.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"waited": self.waited} | {f"weights.{n}": w for n, w in self.weights.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.waited = int(state["waited"])
        self.weights = {n.removeprefix("weights."): w for n, w in state.items() if n.startswith("weights.")}


class Plateau(Callback):
    """Tell an `optim.ReduceOnPlateau` a number of each epoch, so that it lowers the learning rate.

    Args:
        reducer: the one to tell; its `mode` must suit the number.
        monitor: the number's name in the record.

    >>> import gradus
    >>> optimizer = gradus.optim.SGD([gradus.tensor([1.0], requires_grad=True)], lr=0.1)
    >>> callback = Plateau(gradus.optim.ReduceOnPlateau(optimizer, patience=2), monitor="val_loss")
    """

    def __init__(self, reducer: ReduceOnPlateau, monitor: str = "val_loss") -> None:
        if (reducer.mode == "min") != (_better(monitor) == "lower"):
            raise ArgumentError(
                f"Plateau: {monitor!r} is better {_better(monitor)}, but the mode is {reducer.mode!r}",
                mistake="mode-of-a-plateau",
            )
        self.reducer, self.monitor = reducer, monitor

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        self.reducer.step(_watched(self, record, self.monitor))

    def state_dict(self) -> dict[str, Any]:
        return dict(self.reducer.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.reducer.load_state_dict(state)


class SaveBest(Watch):
    """Write the model's weights to a safetensors file whenever a number is the best so far.

    Args:
        path: the file.
        monitor, min_delta, better: see Watch.
    """

    def __init__(
        self, path: str | Path, monitor: str = "val_loss", min_delta: float = 0.0, better: str | None = None
    ) -> None:
        super().__init__(monitor, min_delta, better)
        self.path = Path(path)

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        if self.improved(record):
            save(trainer.model, self.path)


class LambdaCallback(Callback):
    """Calls functions: `on_batch_end(trainer, batch)` and `on_epoch_end(trainer, record)`.

    >>> lines = []
    >>> callback = LambdaCallback(on_epoch_end=lambda trainer, record: lines.append(record["loss"]))
    """

    def __init__(
        self,
        on_epoch_end: Callable[[Trainer, Record], Any] | None = None,
        on_batch_end: Callable[[Trainer, int], Any] | None = None,
    ) -> None:
        self._epoch = on_epoch_end
        if on_batch_end is not None:  # without, whole stretches of an epoch may run natively
            self.on_batch_end = on_batch_end  # type: ignore[method-assign, assignment]

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        if self._epoch:
            self._epoch(trainer, record)
