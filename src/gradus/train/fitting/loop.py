"""One training from its first batch to its last: the loop behind `Trainer.fit`, and how it stops and goes on."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

import numpy as np

from ... import random
from ...bounded.contents import as_errors
from ...compiler import Compiled
from ...data import DataLoader
from ...data.iterable import known_length
from ...errors import CheckpointError, DivergedError, NonFiniteError, short
from ...tensor import Tensor
from ..looks.at_model import look_at_loss
from ..runs.checkpoint import position, read_state, save, write_state
from ..runs.events import Events
from ..runs.history import History, HistoryFile, Record
from ..runs.run import Run
from .batches import arguments, divided
from .callbacks import Callback
from .divergence import NotFiniteError, Start, bad_parameter, guarded_step, not_finite, source, state_of
from .evaluation import Running, measure, predictions
from .every import Every
from .interrupt import Interrupt, Interrupted
from .made_of import ORDER, differing, go_on, in_words, parts_of, require_same
from .native import Native
from .progress import Silent, shown
from .turns import in_turns, turn_of


class Loop:
    """A training in progress.

    Attributes:
        epoch, batch: the position: epochs that are done, and batches done in the one that is not.
        running: the loss and metrics of that epoch so far.
        loss: of the first batch, before the first step.
        history: the epochs that are done.
        made: what the training is made of, as a checkpoint tells it.
    """

    def __init__(
        self,
        trainer: Native,
        loader: DataLoader,
        validation: DataLoader | None,
        epochs: int,
        callbacks: Sequence[Callback],
        run: Run | None,
        progress: Silent,
        every: Every,
        loss: float,
    ) -> None:
        self.trainer, self.loader, self.validation, self.epochs = trainer, loader, validation, epochs
        self.callbacks, self.run, self.progress, self.every, self.loss = callbacks, run, progress, every, loss
        self.epoch, self.batch = 0, 0
        self.running = Running(trainer.metrics)
        self.history = History()
        self.made: dict[str, Any] = {}
        self.interrupt = Interrupt()
        self.saved = ""  # after what, in words
        self._meant = {name for name, _ in not_finite(state_of(trainer))}  # as infinities in a mask
        self.turn = turn_of(trainer.model)

    @property
    def steps(self) -> int:
        """How many steps are done; of a stream, whose epochs nobody counts before, those of this epoch."""
        return self.epoch * (known_length(self.loader) or 0) + self.batch

    # -- going through ----------------------------------------------------------------------------------------------

    def train(self) -> History:
        """Run from the position to the last epoch, or until something stops it."""
        logs = self._open_logs()
        for callback in self.callbacks:
            callback.on_fit_begin(self.trainer)
        self.progress.begin(self.epochs, known_length(self.loader), self.steps)
        token = shown.set(self.progress)
        try:
            with self.interrupt:
                self._all_epochs(logs)
        finally:
            shown.reset(token)
            self.progress.close()
        for callback in self.callbacks:
            callback.on_fit_end(self.trainer, self.history)
        if self.run:
            with self._writing():
                save(self.trainer.model, self.run.model_file)
        return self.history

    def _all_epochs(self, logs: Sequence[Any]) -> None:
        try:
            while self.epoch < self.epochs and not self.trainer.stopped:
                self._one_epoch(logs)
            self.interrupt.check()
        except Interrupted:
            self.history.interrupted = True
            self.save()
            raise

    def _one_epoch(self, logs: Sequence[Any]) -> None:
        start = Start(self.trainer, self.batch)
        try:
            seconds, samples = self._batches()
            self._check_weights()
        except NotFiniteError as problem:
            raise self._diverged(problem, start) from None
        except NonFiniteError as problem:
            raise NonFiniteError(f"in epoch {self.epoch + 1}, batch {self.batch + 1}: {problem}") from None
        record: Record = {"epoch": self.epoch + 1} | self.running.values()
        if self.validation is not None:
            found = measure(self.trainer, predictions(self.trainer, self.validation), self.interrupt.check)
            record |= {f"val_{name}": value for name, value in found.items()}
        record |= {"lr": self.trainer.optimizer.lr, "seconds": seconds}
        record["samples_per_second"] = samples / seconds if seconds else 0.0
        look_at_loss(self.loss, record)
        self.history.append(record)
        self.history.eager = self.trainer.eager
        for callback in self.callbacks:
            callback.on_epoch_end(self.trainer, record)
        self.progress.epoch(record)
        self.epoch, self.batch, self.running = self.epoch + 1, 0, Running(self.trainer.metrics)
        with self._writing():
            for log in logs:
                log.append(record)
        self.save()

    def _batches(self) -> tuple[float, int]:
        """The epoch's batches that are left: the seconds they took and how many samples they held."""
        start, samples = time.perf_counter(), 0
        with closing(self._stretches()) as stretches:  # so that whoever reads for it ends with it
            for losses, outputs, targets in stretches:
                self._check_finite(losses)
                self.running.update(losses, outputs, targets)
                self.batch += len(losses)
                samples += targets.shape[0] * targets.shape[1]
                self.progress.advance(self.epoch + 1, self.batch, len(losses), targets.shape[1], self.running.values)
                for callback in self.callbacks:
                    callback.on_batch_end(self.trainer, self.batch)
                self.interrupt.check()
                if self.run and self.every.due(self.batch):
                    self._check_weights()
                    self.save()
        return time.perf_counter() - start, samples

    def _stretches(self) -> Generator[tuple[np.ndarray, np.ndarray, np.ndarray], None, None]:
        """Train on the batches that are left; of so many at a time the losses, the outputs and the targets.

        Where the data are in memory, many steps are made at once in native code before they are handed out.
        """
        yield from self._steps(self.trainer.verify if self.trainer.compiled else 0)
        arrays, places = self.loader.in_memory()
        if self.trainer.compiled is not None and arrays is not None and self._native():
            try:
                yield from self._slices(self.trainer.compiled, arrays, places)
                return
            except Exception as problem:
                if not self.trainer.give_up("compiled", problem):
                    raise
        yield from self._steps(None)

    def _steps(self, most: int | None) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """One step after the other, at most so many."""
        for batch in islice(self.loader.batches(self.epoch, self.batch), most):
            args, named = arguments(batch)
            with self.turn:
                loss, outputs, *changed = self._step(args, named)
            targets = changed[0] if changed else divided(self.trainer.model, batch).targets
            yield loss.numpy()[None], outputs.numpy()[None], targets.numpy()[None]

    def _step(self, args: Any, named: Any) -> tuple[Tensor, ...]:
        if self.trainer.guard:
            return guarded_step(self.trainer, args, named)
        result: tuple[Tensor, ...] = self.trainer.natively("compiled", *args, **named)
        return result

    def _slices(
        self, compiled: Compiled, arrays: tuple[np.ndarray, ...], places: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The same over the rows of data in memory, many steps at a time."""
        for order in self.loader.rows(self.epoch, self.batch):
            rows = places[order]
            with self.interrupt.between_batches(), self.turn:
                compiled.prepare(arrays, rows)
            for piece in self.every.pieces(rows, self.batch):
                done = 0
                for losses, outputs, *changed in in_turns(self.turn, compiled.slices(arrays, piece)):
                    yield losses, outputs, changed[0] if changed else arrays[-1][piece[done : done + len(losses)]]
                    done += len(losses)

    def _native(self) -> bool:
        """Whether whole stretches of an epoch can run natively: nothing asks to be called after each batch."""
        quiet = all(getattr(c.on_batch_end, "__func__", None) is Callback.on_batch_end for c in self.callbacks)
        return quiet and not self.trainer.guard

    def _check_finite(self, losses: np.ndarray) -> None:
        finite = np.isfinite(losses)
        if not finite.all():
            first = int(finite.argmin())
            raise NotFiniteError(f"the loss became {losses[first]}", self.batch + first + 1)

    def _check_weights(self) -> None:
        """A step whose loss is finite may have a gradient that is not."""
        bad = bad_parameter(self.trainer.model.named_parameters())
        if bad:
            raise NotFiniteError(bad, self.batch)

    def _diverged(self, problem: NotFiniteError, start: Start) -> DivergedError:
        """The error for it, after a look for where it comes from; the training is left as before the step."""
        number, lr = problem.batches, self.trainer.optimizer.lr
        length = known_length(self.loader)
        step = "" if length is None else f" (step {self.epoch * length + number})"
        where = f"{problem.what} in epoch {self.epoch + 1}, batch {number}{step}, at learning rate {lr:g}"
        with self.progress.busy("looking for where it comes from; Ctrl-C ends that"):
            found = source(self.trainer, start, self.loader, self.epoch, number, self.turn, self.interrupt)
        remedy = "Try a learning rate ten times lower, clip_norm=1.0, or inputs scaled to about -1 to 1."
        if found is not None and found.remedy:
            return DivergedError(f"{where}: {found}")
        told = f"{where}." if found is None else f"{where}: {found}"
        return DivergedError(f"{told} {remedy}", mistake="learning-rate-too-large")

    # -- saving and going on ----------------------------------------------------------------------------------------

    def _open_logs(self) -> list[Any]:
        """Where records are written besides memory: first the lines, then the events."""
        if not self.run:
            return []
        with self._writing():
            lines = HistoryFile(self.run.history_file)
            lines.keep(self.history)
            return [lines, Events(self.run.path, self.epoch + 1)]

    def save(self) -> None:
        """Write the weights, and all that is needed to go on, into the run's folder."""
        if not self.run:
            return
        for name, value in not_finite(state_of(self.trainer)):
            if name not in self._meant:  # what was saved before is good
                raise DivergedError(f"{name} became {value}: it is not saved. {self.run.checkpoint_file} is as it was.")
        with self._writing():
            self._write(self.run)
        self.every.start()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """What goes wrong in this block is told together with what is there all the same."""
        try:
            yield
        except CheckpointError as problem:
            raise CheckpointError(f"{problem}. {self._intact()}") from None

    def _intact(self) -> str:
        if not self.saved or self.run is None:
            return "Nothing was saved before."
        kept = f"What was saved {self.saved} is whole"
        if not self.run.path.is_dir():
            return f"{kept}, where that folder is now: go on there with resume=True (--resume)."
        return f"{kept}. When that is mended, go on from there with resume=True (--resume {self.run.path})."

    def _write(self, run: Run) -> None:
        if self.trainer.eager and "eager" not in run.config:
            run.configure(eager=self.trainer.eager)
        groups, texts = self._callback_states()
        groups |= {
            "model": self.trainer.model.state_dict(),
            "optimizer": self.trainer.optimizer.state_dict(),
            "running": self.running.state_dict(),
            "random": {"state": random.default.state},
        }
        became = {name: part for name, part in parts_of(self.trainer).items() if part != self.made[name]}
        about = {"epoch": self.epoch, "batch": self.batch, "callbacks": texts, "became": became}
        write_state(run.checkpoint_file, groups, self.made | about)
        self._saved()
        save(self.trainer.model, run.model_file)

    def _saved(self) -> None:
        self.saved = f"after {self.epoch} epochs and {self.batch} batches"

    def restore(self, run: Run, allow_changes: bool) -> list[str]:
        """Go on from a run's checkpoint; refused if it is of something else, unless that is allowed.

        Returns:
            What is another, in words.
        """
        path = run.checkpoint_file
        damaged = f"{path} is damaged, or of another version"
        with as_errors(CheckpointError, damaged, "Train into a new folder."):
            words, states = self._restored(run, allow_changes)
        for callback, state in states:
            try:
                callback.load_state_dict(state)
            except (KeyError, TypeError, ValueError) as problem:
                raise CheckpointError(f"{damaged}: {type(callback).__name__} takes no {short(state)}") from problem
        return words

    def _restored(self, run: Run, allow_changes: bool) -> tuple[list[str], list[tuple[Callback, dict[str, Any]]]]:
        """The same but for the callbacks, and what the state of each is."""
        path = run.checkpoint_file
        groups, about = read_state(path, ("model", "optimizer", "running", "random"))
        epoch, batch = position(path, about)
        found = differing(about, self.made, self.loader)
        if not allow_changes:
            require_same(path, about, self.made, found)
        done = History.read(run.history_file).records if epoch else []  # the file comes with the first step
        if len(done) < epoch:
            raise CheckpointError(
                f"{run.history_file} holds {len(done)} epochs, the checkpoint was written after {epoch}: the "
                "file was cut or changed. Restore it, or train into a new folder."
            )
        self.history = History(done[:epoch])
        try:
            self.trainer.model.load_state_dict(groups["model"])
            go_on(self.trainer.optimizer, groups["optimizer"], found)
        except CheckpointError as problem:
            raise CheckpointError(f"{path}: {problem}") from None
        random.default.state.assign_(Tensor(groups["random"]["state"]))
        self.epoch = epoch
        if not ORDER & found.keys():  # else the epoch that was interrupted begins anew
            self.batch = batch
            self.running.load_state_dict(groups["running"])
        self._saved()
        self.made |= {name: about[name] for name in self.made if name in about and name not in found}
        kept = about["callbacks"]
        states = [(c, kept[name] | groups.get(name, {})) for name, c in self._named_callbacks() if name in kept]
        return in_words(found), states

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
