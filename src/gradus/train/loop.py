"""One training from its first batch to its last: the loop behind `Trainer.fit`, and how it stops and goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import random
from ..autograd import no_grad
from ..data import DataLoader
from ..errors import CheckpointError, DivergedError, TraceError
from ..nn import Module
from ..tensor import Tensor, as_tensor
from .callbacks import Callback
from .checkpoint import read_state, save, write_state
from .history import Events, History, HistoryFile, Record
from .interrupt import Interrupt, Interrupted
from .metrics import Metric
from .progress import Silent
from .run import Run

if TYPE_CHECKING:
    from .trainer import Trainer


class Running:
    """The loss and the metrics of the batches so far.

    The loss is averaged over the samples, so that a small last batch counts for what it is.
    """

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.metrics = [metric.fresh() for metric in metrics]
        self.loss = np.zeros(2)  # summed over the samples, and how many

    def update(self, loss: float, outputs: Tensor, targets: Tensor) -> None:
        """Take a batch in."""
        n = len(targets)
        self.loss = self.loss + np.array([loss * n, n])
        for metric in self.metrics:
            metric.update(outputs, targets)

    def values(self) -> dict[str, float]:
        """What the loss and the metrics amount to."""
        loss = float(self.loss[0] / self.loss[1]) if self.loss[1] else float("nan")
        return {"loss": loss} | {metric.name: metric.value() for metric in self.metrics}

    def state_dict(self) -> dict[str, np.ndarray]:
        """The sums, to go on from."""
        totals = {metric.name: metric.total for metric in self.metrics if metric.total is not None}
        return {"loss": self.loss} | totals

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Go on from saved sums."""
        self.loss = state["loss"]
        for metric in self.metrics:
            metric.total = state.get(metric.name)


def measure(
    trainer: Trainer, batches: Iterable[tuple[Tensor, ...]], between: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """The loss and the metrics over batches, in evaluation mode; `between` is called after each."""
    running = Running(trainer.metrics)
    with mode(trainer.model, training=False), no_grad():
        for *inputs, targets in batches:
            outputs = trainer.model(*inputs)
            running.update(float(trainer.loss(outputs, targets)), outputs, targets)
            between()
    return running.values()


@no_grad()
def scores(trainer: Trainer, outputs: Tensor, targets: Tensor) -> dict[str, float]:
    """The same from outputs that are there already."""
    running = Running(trainer.metrics)
    running.update(float(trainer.loss(outputs, targets)), outputs, targets)
    return running.values()


@contextmanager
def mode(model: Module, training: bool) -> Iterator[None]:
    """Set the mode of all parts of a model, and at the end each as it was."""
    before = [(part, part.training) for part in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for part, was in before:
            part.training = was


class Loop:
    """A training in progress.

    Attributes:
        epoch, batch: the position: epochs that are done, and batches done in the one that is not.
        running: the loss and metrics of that epoch so far.
        history: the epochs that are done.
    """

    def __init__(
        self,
        trainer: Trainer,
        loader: DataLoader,
        validation: DataLoader | None,
        epochs: int,
        callbacks: Sequence[Callback],
        run: Run | None,
        progress: Silent,
    ) -> None:
        self.trainer, self.loader, self.validation, self.epochs = trainer, loader, validation, epochs
        self.callbacks, self.run, self.progress = callbacks, run, progress
        self.epoch, self.batch = 0, 0
        self.running = Running(trainer.metrics)
        self.history = History()
        self.interrupt = Interrupt()

    # -- going through ----------------------------------------------------------------------------------------------

    def train(self) -> History:
        """Run from the position to the last epoch, or until something stops it."""
        logs = self._open_logs()
        for callback in self.callbacks:
            callback.on_fit_begin(self.trainer)
        self.progress.begin(self.epochs, len(self.loader), self.epoch * len(self.loader) + self.batch)
        try:
            with self.interrupt:
                while self.epoch < self.epochs and not self.trainer.stopped:
                    self._one_epoch(logs)
                self.interrupt.check()
        except Interrupted:
            self.history.interrupted = True
            self.save()
            raise
        finally:
            self.progress.close()
            for log in logs[1:]:
                log.close()
        for callback in self.callbacks:
            callback.on_fit_end(self.trainer, self.history)
        if self.run:
            save(self.trainer.model, self.run.model_file)
        return self.history

    def _one_epoch(self, logs: Sequence[Any]) -> None:
        seconds, samples = self._batches()
        record: Record = {"epoch": self.epoch + 1} | self.running.values()
        if self.validation is not None:
            found = measure(self.trainer, self.validation.batches(0), self.interrupt.check)
            record |= {f"val_{name}": value for name, value in found.items()}
        record |= {"lr": self.trainer.optimizer.lr, "seconds": seconds}
        record["samples_per_second"] = samples / seconds if seconds else 0.0
        self.history.append(record)
        for callback in self.callbacks:
            callback.on_epoch_end(self.trainer, record)
        self.progress.epoch(record)
        self.epoch, self.batch, self.running = self.epoch + 1, 0, Running(self.trainer.metrics)
        for log in logs:
            log.append(record)
        self.save()

    def _batches(self) -> tuple[float, int]:
        """The epoch's batches that are left: the seconds they took and how many samples they held."""
        start, samples = time.perf_counter(), 0
        for loss, outputs, targets in self._steps():
            self.running.update(self._finite(loss), outputs, targets)
            self.batch += 1
            samples += len(targets)
            self.progress.batch(self.epoch + 1, self.batch, len(targets), self.running.values)
            for callback in self.callbacks:
                callback.on_batch_end(self.trainer, self.batch)
            if self._between_slices:
                self.interrupt.check()
        return time.perf_counter() - start, samples

    def _steps(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        try:
            yield from self._trained()
        except TraceError as problem:
            raise TraceError(f"{problem} In a Trainer: Trainer(..., compile=False).") from problem

    def _trained(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Train on the batches that are left; of each the loss, the outputs and the targets.

        Where the data are in memory, many steps are made at once in native code before they are handed out.
        """
        self._between_slices = True
        if self.trainer.compiled is None or not self._native():
            step = self.trainer.compiled or self.trainer.step
            for batch in self.loader.batches(self.epoch, self.batch):
                yield (*step(*batch), batch[-1])
            return
        arrays = self.trainer.arrays_of(self.loader.dataset)
        for rows in self.loader.rows(self.epoch, self.batch):
            done = 0
            for losses, outputs in self.trainer.compiled.slices(arrays, rows):
                for k, loss in enumerate(losses):
                    self._between_slices = k == len(losses) - 1  # until then the weights are ahead of the count
                    yield as_tensor(loss), Tensor(outputs[k]), Tensor(arrays[-1][rows[done + k]])
                done += len(losses)

    def _native(self) -> bool:
        """Whether whole stretches of an epoch can run natively: nothing asks to be called after each batch."""
        quiet = all(getattr(c.on_batch_end, "__func__", None) is Callback.on_batch_end for c in self.callbacks)
        return quiet and not self.loader.prefetch and hasattr(self.loader.dataset, "arrays")

    def _finite(self, loss: Tensor) -> float:
        value = float(loss)
        if not np.isfinite(value):
            raise DivergedError(
                f"the loss became {value} in epoch {self.epoch + 1}, batch {self.batch + 1} (step "
                f"{self.epoch * len(self.loader) + self.batch + 1}), at learning rate {self.trainer.optimizer.lr:g}. "
                "Try a learning rate ten times lower, clip_norm=1.0, or inputs scaled to about -1 to 1."
            )
        return value

    # -- saving and going on ----------------------------------------------------------------------------------------

    def _open_logs(self) -> list[Any]:
        """Where records are written besides memory: first the lines, then the events."""
        if not self.run:
            return []
        lines = HistoryFile(self.run.history_file)
        lines.keep(self.history)
        return [lines, Events(self.run.path, self.epoch + 1)]

    def save(self) -> None:
        """Write the weights, and all that is needed to go on, into the run's folder."""
        if not self.run:
            return
        groups, texts = self._callback_states()
        groups |= {
            "model": self.trainer.model.state_dict(),
            "optimizer": self.trainer.optimizer.state_dict(),
            "running": self.running.state_dict(),
            "random": {"state": random.default.state},
        }
        position = {"epoch": self.epoch, "batch": self.batch}
        write_state(self.run.checkpoint_file, groups, self._kind() | position | {"callbacks": texts})
        save(self.trainer.model, self.run.model_file)

    def restore(self, run: Run) -> None:
        """Go on from a run's checkpoint; refused if it is of something else."""
        path = run.checkpoint_file
        groups, about = read_state(path)
        for name, own in self._kind().items():
            if about.get(name) != own:
                what = name.replace("_", " ")
                raise CheckpointError(f"{path} is of {what} {about.get(name)!r}, here the {what} is {own!r}")
        done = History.read(run.history_file).records if about["epoch"] else []  # the file comes with the first step
        if len(done) < about["epoch"]:
            raise CheckpointError(
                f"{run.history_file} holds {len(done)} epochs, the checkpoint was written after {about['epoch']}: the "
                "file was cut or changed. Restore it, or train into a new folder."
            )
        self.history = History(done[: about["epoch"]])
        try:
            self.trainer.optimizer.load_state_dict(groups["optimizer"])
            self.trainer.model.load_state_dict(groups["model"])
        except CheckpointError as problem:
            raise CheckpointError(f"{path}: {problem}") from None
        self.running.load_state_dict(groups["running"])
        random.default.state.assign_(Tensor(groups["random"]["state"]))
        for name, callback in self._named_callbacks():
            if name in about["callbacks"]:
                callback.load_state_dict(about["callbacks"][name] | groups.get(name, {}))
        self.epoch, self.batch = about["epoch"], about["batch"]

    def _kind(self) -> dict[str, Any]:
        """What must be the same to go on."""
        loader = self.loader
        return {
            "model": type(self.trainer.model).__name__,
            "optimizer": type(self.trainer.optimizer).__name__,
            "metrics": [metric.name for metric in self.trainer.metrics],
            "samples": len(loader.dataset),
            "batch_size": loader.batch_size,
            "shuffle": loader.shuffle,
            "drop_last": loader.drop_last,
            "seed": loader.seed,
        }

    def _named_callbacks(self) -> Iterator[tuple[str, Callback]]:
        """The callbacks under names that stay if others are added: EarlyStopping-0, SaveBest-0, SaveBest-1."""
        count: dict[str, int] = {}
        for callback in self.callbacks:
            kind = type(callback).__name__
            yield f"{kind}-{count.get(kind, 0)}", callback
            count[kind] = count.get(kind, 0) + 1

    def _callback_states(self) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
        """What the callbacks keep: the tensors, and the rest, which goes into JSON."""
        tensors: dict[str, dict[str, Any]] = {}
        texts: dict[str, dict[str, Any]] = {}
        for name, callback in self._named_callbacks():
            state = callback.state_dict()
            tensors[name] = {k: v for k, v in state.items() if isinstance(v, (Tensor, np.ndarray))}
            texts[name] = {k: v for k, v in state.items() if k not in tensors[name]}
        return tensors, texts
