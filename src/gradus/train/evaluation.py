"""A model's outputs over a data set, and what the loss and the metrics make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from ..autograd import no_grad
from ..data import DataLoader, in_memory
from ..errors import TraceError
from ..nn import Module
from ..nn.checks import require_model
from ..tensor import Tensor
from .metrics import Metric

if TYPE_CHECKING:
    from .trainer import Trainer

NATIVE_FROM = 2048  # samples; fewer are gone through sooner than a program is made for them


class Running:
    """The loss and the metrics of the batches so far.

    The loss is averaged over the samples, so that a small last batch counts for what it is.
    """

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.metrics = [metric.fresh() for metric in metrics]
        self.loss = np.zeros(2)  # summed over the samples, and how many

    def update(self, losses: np.ndarray, outputs: np.ndarray, targets: np.ndarray) -> None:
        """Take batches of one size in: their losses (batches,), outputs and targets (batches, batch size, ...).

        The sums are the same bits however the batches are parted among the calls.
        """
        batches, n = targets.shape[:2]
        terms = np.concatenate([self.loss[:1], losses.astype(np.float64) * n])
        self.loss = np.array([np.cumsum(terms)[-1], self.loss[1] + batches * n])  # cumsum adds one after the other
        for metric in self.metrics:
            if metric.counts:
                metric.update(*(a.reshape(batches * n, *a.shape[2:]) for a in (outputs, targets)))
            else:
                for of_batch in zip(outputs, targets, strict=True):
                    metric.update(*of_batch)

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


def predictions(trainer: Trainer, loader: DataLoader) -> Iterator[tuple[Tensor, tuple[Tensor, ...]]]:
    """Of each batch the model's outputs, and the batch, or only its targets."""
    arrays, places = in_memory(loader.dataset)
    done = 0
    if trainer.forward and arrays and not loader.prefetch and len(places) >= NATIVE_FROM:
        rows = places[loader.rows(0)[0]]
        for (outputs,) in trainer.forward.slices(arrays[:-1] or arrays, rows):
            for of_batch in outputs:
                yield Tensor(of_batch), (Tensor(arrays[-1][rows[done]]),)
                done += 1
    yield from eagerly(trainer, loader.batches(0, done))


def eagerly(trainer: Trainer, batches: Iterable[tuple[Tensor, ...]]) -> Iterator[tuple[Tensor, tuple[Tensor, ...]]]:
    """Of each batch the model's outputs, and the batch; what has no targets is all inputs."""
    for batch in batches:
        yield trainer.model(*(batch[:-1] or batch)), batch


def measure(
    trainer: Trainer, batches: Iterable[tuple[Tensor, tuple[Tensor, ...]]], between: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """The loss and the metrics over predictions, in evaluation mode; `between` is called after each batch."""
    running = Running(trainer.metrics)
    with evaluating(trainer.model):
        for outputs, (*_, targets) in batches:
            running.update(*(a.numpy()[None] for a in (trainer.loss(outputs, targets), outputs, targets)))
            between()
    return running.values()


def scores(trainer: Trainer, outputs: Tensor, targets: Tensor) -> dict[str, float]:
    """The same from outputs that are there already."""
    return measure(trainer, [(outputs, (targets,))])


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """The model in evaluation mode, and no gradients."""
    with mode(model, training=False), no_grad(), traced():
        yield


@contextmanager
def traced() -> Iterator[None]:
    """Name the Trainer's way out where a model cannot be compiled."""
    try:
        yield
    except TraceError as problem:
        raise TraceError(f"{problem} In a Trainer: Trainer(..., compile=False).") from problem


@contextmanager
def mode(model: Module, training: bool) -> Iterator[None]:
    """Set the mode of all parts of a model, and at the end each as it was."""
    require_model("mode", model)
    before = [(part, part.training) for part in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for part, was in before:
            part.training = was
