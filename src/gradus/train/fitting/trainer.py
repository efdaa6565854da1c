"""Trainer: a model, a loss and an optimizer, put to work on data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import functional
from ...data import DataLoader, Dataset, Preprocessing, Subset, TensorDataset, check_finite, padded_lengths
from ...data.iterable import is_stream, known_length
from ...errors import ArgumentError, DataError, nearest
from ...functional.checks import at_least, at_least_one, in_range
from ...names.elsewhere import answer, missing_from
from ...nn import Module
from ...nn.core.checks import require_model
from ...ops import concatenate
from ...optim import Optimizer, clip_grad_norm_
from ...tensor import Tensor
from ..looks.at_data import look_at_data
from ..looks.at_model import check_batch_axis, look_at_batch, seen
from ..looks.at_optimizer import check_optimizer, look_at_schedule, require_unfrozen
from ..metrics import Function, Metric, metric
from ..runs.history import History
from ..runs.run import Run
from .batches import augmented, check_augment, divided, first_batch
from .callbacks import Callback
from .evaluation import EVAL_BATCH, eagerly, evaluating, measure, mode, predictions
from .every import USUALLY, Every, Often
from .loop import Loop
from .made_of import made_of
from .native import Loss, Native, in_a_line
from .progress import choose
from .returned import name_of, require_loss, require_output, require_pair
from .turns import turn_of

_CLASSES, _NUMBERS = ("accuracy",), ("rmse",)  # what is measured beside a loss where nothing is asked for
LOSSES: dict[str, tuple[Loss, tuple[str, ...]]] = {
    "cross_entropy": (functional.cross_entropy, _CLASSES),
    "nll": (functional.nll_loss, _CLASSES),
    "binary_cross_entropy": (functional.binary_cross_entropy, ()),
    "binary_cross_entropy_with_logits": (functional.binary_cross_entropy_with_logits, _CLASSES),
    "hinge": (functional.hinge_loss, ()),
    "mse": (functional.mse_loss, _NUMBERS),
    "l1": (functional.l1_loss, _NUMBERS),
    "huber": (functional.huber_loss, _NUMBERS),
    "kl_div": (partial(functional.kl_div, reduction="batchmean"), ()),
}


class Trainer(Native):
    """Trains a model, measures it, and predicts with it.

    Args:
        model: what is trained; called with a batch of all arrays of the data but the last.
        loss: a function of (outputs, targets) to a number, or its name: "cross_entropy", "mse", "l1", "huber", "nll",
            "hinge", "kl_div", "binary_cross_entropy", "binary_cross_entropy_with_logits".
        optimizer: it holds the model's parameters.
        metrics: what is measured beside the loss, by name or function (see `train.metrics`); by default accuracy
            where the loss is one of classes, rmse where it is one of numbers.
        clip_norm: shrink the gradients of a step to this length, all together; None leaves them.
        compile: make a step one native program, and run epochs over data in memory in it. A model that cannot be
            compiled is trained eagerly, operation by operation, from just the state it was in, and so is any where
            llvmlite is missing; an EagerWarning says once why. "require" raises the error instead, and False computes
            eagerly from the beginning.
        precision: "bf16" rounds what is multiplied in a step's matrix products and convolutions to bfloat16 (see
            `gradus.compile`); the weights, the optimizer, the loss and evaluation stay in float32.
        verify: so many of the first steps are computed eagerly, too, from the same state, and compared; a VerifyError
            names the first result or parameter that differs. The training is the same.
        guard: compute each step eagerly and look through it (see `gradus.guard`): a NaN or an infinity is an error that
            names the operation it comes from, and the training is left as before the step. Small steps take longer
            than eager ones, large ones hardly. Without it, a training whose loss or parameters stop being finite goes
            through the epoch once more and looks through the step at which that came up.
        augment: changes each batch of training, inputs and targets together, before the model gets it: a `data.Change`,
            or another Module of all arrays of a batch that gives as many. What changes the inputs alone may as well
            stand in the model.

    Attributes:
        history: that of the last `fit`, also if it was interrupted.
        eager: why it computes eagerly though it was to compile; the empty string if it does not.

    >>> import gradus
    >>> from gradus.data import TensorDataset
    >>> x = gradus.randn(100, 1)
    >>> data = TensorDataset(x, 2 * x + 1)
    >>> model = gradus.nn.Linear(1, 1)
    >>> trainer = Trainer(model, "mse", gradus.optim.SGD(model.parameters(), lr=0.1))
    >>> history = trainer.fit(data, epochs=10, batch_size=10, progress=False)
    >>> trainer.evaluate(data)["rmse"] < 1e-3
    True
    """

    def __init__(
        self,
        model: Module,
        loss: str | Loss,
        optimizer: Optimizer,
        metrics: Sequence[str | Metric | Function] | None = None,
        clip_norm: float | None = None,
        compile: bool | str = True,
        precision: str = "float32",
        verify: int = 0,
        guard: bool = False,
        augment: Module | None = None,
    ) -> None:
        require_model("Trainer", model)
        check_augment(augment)
        self.augment = augment
        check_optimizer(optimizer, model)
        if clip_norm is not None:
            in_range("Trainer", "clip_norm", clip_norm, "(0, inf]")
        self.model, self.optimizer, self.clip_norm = model, optimizer, clip_norm
        self.loss, usual = _loss(loss)
        self.metrics = [metric(m) for m in (usual if metrics is None else _several(metrics))]
        if precision != "float32" and not compile:
            raise ArgumentError(
                f"precision={precision!r} is the compiler's, and compile=False (--eager) leaves it out. Choose one."
            )
        if compile not in (True, False, "require"):
            raise ArgumentError(f"compile is True, False or 'require', got {compile!r}")
        at_least(0, "Trainer", verify=verify)
        if verify and not compile:
            raise ArgumentError("verify compares compiled steps with eager ones: compile=False (--eager) has none.")
        if guard not in (True, False):
            raise ArgumentError(f"guard is True or False, got {guard!r}")
        self.precision, self._compile, self.verify, self.guard = precision, compile, verify, guard
        self._make()
        self.stopped = False
        self.history = History()
        names = [m.name for m in self.metrics]
        if len(set(names)) < len(names) or "loss" in names:
            raise ArgumentError(f"the metrics {names} need names that differ from each other and from 'loss'")

    if not TYPE_CHECKING:  # type checkers know the attributes, and find misspelt ones

        def __getattr__(self, name: str) -> Any:
            raise missing_from(self, "Trainer", name)

    def step(self, *batch: Any, **named: Any) -> tuple[Tensor, ...]:
        """One step of training on a batch, inputs and then targets, or all by name: its loss, and the model's outputs;
        and the targets if they were changed, too."""
        given = divided(self.model, named or batch)
        parts = given if self.augment is None else augmented(self.augment, given)
        self.optimizer.zero_grad()
        outputs = require_output(self.model, self.model(*parts.args, **parts.named))
        loss = require_loss(self.loss, self.loss(outputs, parts.targets), training=True)
        loss.backward()
        if self.clip_norm is not None:
            clip_grad_norm_(self.optimizer.params, self.clip_norm)
        self.optimizer.step()
        results = loss.detach(), outputs.detach()
        return results if parts.targets is given.targets else (*results, parts.targets)

    def outputs(self, *inputs: Any, **named: Any) -> Tensor:
        """The model's outputs for a batch."""
        return require_output(self.model, self.model(*inputs, **named))

    def stop(self) -> None:
        """End the training after the epoch; for callbacks."""
        self.stopped = True

    def fit(
        self,
        train: Dataset | DataLoader,
        validation: Dataset | DataLoader | None = None,
        epochs: int = 1,
        batch_size: int = 64,
        callbacks: Sequence[Callback] = (),
        run: str | Path | Run | None = None,
        resume: bool = False,
        progress: bool | None = None,
        seed: int = 0,
        checkpoint_every: Often = USUALLY,
        allow_changes: bool = False,
        preprocessing: Preprocessing | None = None,
    ) -> History:
        """Go through the training data so many times, a step for each batch.

        Ctrl-C ends it after the batch, with the checkpoint written, as KeyboardInterrupt, and SIGTERM as
        `train.Terminated`, which is one, too. With `resume` it goes on from there to the same bits as if it had not
        been interrupted, with the same number of BLAS threads. At the end the model is in the mode that it was in.

        Args:
            train: a data set, of which shuffled batches are made, or a DataLoader. Of batches (x, y), (x1, x2, y) the
                last part is the targets, the model is called with the others; of dicts it is called with what its
                `forward` takes by name, and the other one is the targets. A stream is gone through in its order.
            validation: measured after each epoch; its numbers are named `val_...`.
            epochs: how often, counted from the very beginning when it goes on.
            batch_size, callbacks: samples in a step (of a DataLoader its own is taken); see `train.Callback`.
            run: a new folder for config, history, events, weights and checkpoint; None writes nothing.
            resume: go on in the folder `run`; the data, the model, the loss, the optimizer and their options must be
                what it was begun with, and all that differs is named.
            progress: False shows nothing; otherwise a bar in a terminal and lines elsewhere, on stderr.
            seed: of the order of the samples. Dropout and the like draw from `gradus.random.seed`.
            checkpoint_every: not only at an epoch's end, but after so many steps (500) or so much time ("30s", "10min",
                "2h", a `timedelta`); None: at the ends alone.
            allow_changes: go on with what is given now, the learning rate, too; config.json keeps what changed.
            preprocessing: of the data, kept in the run: `gradus predict RUN FILE` goes to answers.

        Returns:
            The history: a record for each epoch.

        Raises:
            GradientError: the optimizer holds no parameter that requires a gradient.
            DataError: no samples, NaN in the data, or a set without targets.
            CheckpointError: the folder exists, is of another training, or another process is training in it.
            DivergedError: the loss or a parameter became NaN or infinite; with the operation that it comes from, where
                that is found. The training is left as before the step, and what was saved stays.
        """
        at_least_one("fit", epochs=epochs)
        _check_callbacks(callbacks)
        loader = _loader(train, batch_size, shuffle=not is_stream(train), seed=seed)
        held_out = None if validation is None else _loader(_by_length(validation), EVAL_BATCH)
        first, loss = self._look(loader, held_out, epochs)
        folder = _folder(run, resume, allow_changes)
        with folder.alone() if folder else nullcontext():
            every = Every(checkpoint_every)
            loop = Loop(self, loader, held_out, epochs, callbacks, folder, choose(progress), every, loss)
            if folder and not resume:
                folder.begin(preprocessing, training=self._settings(epochs, loader), **_built(self.model))
            return self._run(loop, first, resume, allow_changes, preprocessing)

    def _look(self, loader: DataLoader, held_out: DataLoader | None, epochs: int) -> tuple[Any, float]:
        """The first batch and its loss, after a look at it and at what is there of the others.

        A batch of each is measured: this finds what does not fit before anything is written.
        """
        require_unfrozen(self.optimizer, self.model)
        first = first_batch(self.model, loader)
        check_finite(loader.dataset)
        parts = divided(self.model, first, loader.dataset)
        with turn_of(self.model), seen(self.model) as found:  # no other thread meets the hooks
            loss = measure(self, found.outputs(eagerly(self, loader, [first])))["loss"]
        if held_out is not None:  # one without batches is false
            other = first_batch(self.model, held_out)
            check_finite(held_out.dataset)
            measure(self, eagerly(self, held_out, [other]))
        look_at_batch(found, parts.args, parts.targets)
        look_at_data(self.loss, loader, held_out, found.given)
        look_at_schedule(self.optimizer, epochs * (known_length(loader) or 0))
        return first, loss

    def _run(
        self, loop: Loop, first: Any, resume: bool, allow_changes: bool, preprocessing: Preprocessing | None
    ) -> History:
        if loop.run:
            loop.made = made_of(self, loop.loader, loop.validation, first, preprocessing)
        if loop.run and resume:
            changes = loop.restore(loop.run, allow_changes)
            if loop.epoch > loop.epochs:
                raise ArgumentError(
                    f"{loop.run.path} already has {loop.epoch} epochs, more than epochs={loop.epochs}",
                    mistake="fewer-epochs-than-done",
                )
            if changes:
                here = {"epoch": loop.epoch, "batch": loop.batch, "what": changes}
                past = loop.run.config.get("changes", [])
                settings = self._settings(loop.epochs, loop.loader)
                loop.run.configure(preprocessing, training=settings, changes=[*past, here])
        else:
            loop.save()
        self.stopped, self.history = False, loop.history
        with mode(self.model, training=True):
            return loop.train()

    def _settings(self, epochs: int, loader: DataLoader) -> dict[str, Any]:
        """What config.json says of a training."""
        return {
            "model": type(self.model).__name__,
            "loss": name_of(self.loss),
            "optimizer": type(self.optimizer).__name__,
            "metrics": [m.name for m in self.metrics],
            "lr": self.optimizer.lr,
            "precision": self.precision,
            "epochs": epochs,
            "batch_size": loader.batch_size,
            "seed": loader.seed,
        } | ({} if self.augment is None else {"augment": in_a_line(self.augment)})

    def evaluate(self, dataset: Dataset | DataLoader, batch_size: int = EVAL_BATCH) -> dict[str, float]:
        """The loss and the metrics over a data set, in evaluation mode.

        The same as over one batch of everything, whatever the batch size, up to rounding; to the last bit the same
        however the samples arrive: from arrays in memory, a data set with items of its own, or a DataLoader of this
        batch size, read ahead or not. Sequences go through in the order of their lengths.
        """
        loader = _loader(_by_length(dataset), batch_size)
        first_batch(self.model, loader)
        return measure(self, predictions(self, loader))

    def predict(self, x: Any, batch_size: int = EVAL_BATCH) -> Tensor:
        """The model's outputs, in evaluation mode and without gradients, in the order of the samples.

        Args:
            x: an array or Tensor (n, ...), or a data set, whose last array, the targets, is left out.

        Returns:
            (n, ...), the batches' outputs joined: the same bits however the samples arrive.
        """
        given = isinstance(x, (Tensor, np.ndarray, list))
        if given:
            check_batch_axis(self.model, x)
        data = _by_length(TensorDataset(x) if given else x)
        loader = _loader(data, batch_size)
        with evaluating(self.model):
            found = [outputs for outputs, _ in predictions(self, loader)]
        if not found:
            raise DataError("predict: there is no sample")
        joined = concatenate(found)
        return joined if data is x or given else joined[np.argsort(data.indices)]


def _built(model: Module) -> dict[str, Any]:
    """By what a ready model was built."""
    built = getattr(model, "built", None)
    return {"built": built.to_json()} if built else {}


def _folder(run: str | Path | Run | None, resume: bool, allow_changes: bool) -> Run | None:
    if resume and run is None:
        raise ArgumentError("resume=True needs the run's folder: run=...", mistake="resume-without-a-run")
    if allow_changes and not resume:
        raise ArgumentError("allow_changes=True is for a training that goes on: resume=True, run=...")
    if run is None:
        return None
    if not isinstance(run, (str, PathLike, Run)):
        raise ArgumentError(f"run is the folder to write into, a path, got {run!r}")
    folder = run if isinstance(run, Run) else Run(run)
    return folder.begun() if resume else folder


def _loss(wanted: str | Loss) -> tuple[Loss, tuple[str, ...]]:
    """The loss' function, and the metrics usual beside it."""
    if isinstance(wanted, type):
        raise ArgumentError(
            f"the loss is the class {wanted.__name__}. Make one: {wanted.__name__}().",
            mistake="loss-class-given",
        )
    if callable(wanted):
        require_pair(wanted)
        function = getattr(type(wanted), "function", wanted)  # of a loss that is a module
        return wanted, next((usual for known, usual in LOSSES.values() if known is function), ())
    name = str(wanted).removesuffix("_loss")
    if name not in LOSSES:
        hint = answer("nn", str(wanted)) or nearest(name, LOSSES)
        raise ArgumentError(f"there is no loss {wanted!r}. {hint}", mistake="name-of-a-loss")
    return LOSSES[name]


def _check_callbacks(callbacks: Any) -> None:
    if isinstance(callbacks, Callback) or not isinstance(callbacks, Iterable):
        raise ArgumentError(
            f"callbacks are given in a list: callbacks=[...], got {callbacks!r}",
            mistake="callback-not-in-a-list",
        )
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise ArgumentError(f"callbacks holds {callback!r}, which is no Callback. See gradus.train.LambdaCallback.")


def _several(metrics: Any) -> Sequence[Any]:
    return metrics if isinstance(metrics, (list, tuple)) else [metrics]


def _loader(data: Dataset | DataLoader, batch_size: int, **options: Any) -> DataLoader:
    if isinstance(data, (int, float)):
        raise DataError(
            f"validation needs a data set, got {data}. Split one off: "
            "train, validation = gradus.data.random_split(data, [0.8, 0.2]).",
            mistake="share-in-place-of-validation-data",
        )
    if isinstance(data, (tuple, list, Tensor, np.ndarray)):
        raise DataError(
            f"training needs a data set or a DataLoader, got a {type(data).__name__}. Make one: TensorDataset(x, y). "
            "Of a pair (train, test) pass each where it belongs.",
            mistake="a-pair-in-place-of-a-set",
        )
    return data if isinstance(data, DataLoader) else DataLoader(data, batch_size, **options)


def _by_length(data: Any) -> Any:
    """Sequences as a Subset of all in the order of their lengths, so that little is padded; other data as they are."""
    padded = None if isinstance(data, DataLoader) else padded_lengths(data)
    return data if padded is None else Subset(data, np.argsort(padded, kind="stable"))

