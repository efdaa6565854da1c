"""A model's outputs over a data set, and what the loss and the metrics make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from ...autograd import no_grad
from ...compiler import Compiled
from ...data import DataLoader
from ...data.iterable import known_length
from ...nn import Module
from ...nn.core.checks import require_model
from ...nn.core.unsized import is_unsized
from ...tensor import Tensor
from ..metrics import Metric
from .batches import divided, size_of
from .native import Native
from .returned import require_loss, require_output
from .turns import turn_of

EVAL_BATCH = 80  # samples at once where no gradient is wanted: fills vectors of 16, and divides 1,000 times 2, 4, 6, 10
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


def predictions(trainer: Native, loader: DataLoader) -> Iterator[tuple[Tensor, Any]]:
    """Of each batch the model's outputs, and the targets.

    The bits do not depend on where the samples come from: how many there are decides whether the batches of the first
    one's size pass through a program, and the native slices over data in memory are calls of that same program.
    """
    if any(map(is_unsized, trainer.model.parameters())):  # a batch finds the sizes of layers before a program is made
        next(eagerly(trainer, loader, filter(None, [loader.first()])), None)
    samples, batches = known_length(loader.dataset), loader.batches(0)
    first: list[Any] = []
    if samples is None and trainer.forward is not None:  # as many are read as are needed to know
        while sum(map(size_of, first)) < NATIVE_FROM and (batch := next(batches, None)) is not None:
            first.append(batch)
        samples = sum(map(size_of, first))
    if trainer.forward is None or (samples or 0) < NATIVE_FROM:
        yield from eagerly(trainer, loader, chain(first, batches))
        return
    done, size = 0, None
    try:
        for outputs, targets in _in_slices(trainer.forward, loader):
            yield outputs, targets
            done, size = done + 1, len(targets)
    except Exception as problem:
        if not trainer.give_up("forward", problem):
            raise
    for batch in loader.batches(0, done) if done else chain(first, batches):
        size = size or size_of(batch)
        parts = divided(trainer.model, batch, loader.dataset)
        whole = size_of(batch) == size
        run = partial(trainer.natively, "forward") if whole else trainer.model
        yield run(*parts.args, **parts.named), parts.targets


def _in_slices(forward: Compiled, loader: DataLoader) -> Iterator[tuple[Tensor, Tensor]]:
    """Of each batch of the first one's size the outputs and the targets, where all samples lie in memory."""
    arrays, places = loader.in_memory()
    if arrays is None:
        return
    rows, done = places[loader.rows(0)[0]], 0
    for (outputs,) in forward.slices(arrays[:-1] or arrays, rows):
        for of_batch in outputs:
            yield Tensor(of_batch), Tensor(np.ascontiguousarray(arrays[-1][rows[done]]))
            done += 1


def eagerly(trainer: Native, loader: DataLoader, batches: Iterable[Any]) -> Iterator[tuple[Tensor, Any]]:
    """Of each of these batches of a loader the model's outputs, and the targets; None where all are inputs."""
    for batch in batches:
        parts = divided(trainer.model, batch, loader.dataset)
        yield require_output(trainer.model, trainer.model(*parts.args, **parts.named)), parts.targets


def measure(
    trainer: Native, batches: Iterable[tuple[Tensor, Any]], between: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """The loss and the metrics over predictions, in evaluation mode; `between` is called after each batch."""
    running = Running(trainer.metrics)
    with evaluating(trainer.model):
        for outputs, targets in batches:
            loss = require_loss(trainer.loss, trainer.loss(outputs, targets))
            running.update(*(a.numpy()[None] for a in (loss, outputs, targets)))
            between()
    return running.values()


def scores(trainer: Native, outputs: Tensor, targets: Tensor) -> dict[str, float]:
    """The same from outputs that are there already, to the same bits: in batches as the outputs were made in."""
    starts = range(0, len(outputs), EVAL_BATCH)
    return measure(trainer, ((outputs[i : i + EVAL_BATCH], targets[i : i + EVAL_BATCH]) for i in starts))


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """The model in evaluation mode, and no gradients."""
    with mode(model, training=False), no_grad():
        yield


@contextmanager
def mode(model: Module, training: bool) -> Iterator[None]:
    """Set the mode of all parts of a model, and at the end each as it was.

    In evaluation mode it is this thread's turn with the model throughout: another that trains it waits with its next
    step. In training mode turns are taken step by step.
    """
    require_model("mode", model)
    turn = turn_of(model)
    with turn:
        before = [(part, part.training) for part in model.modules()]
        model.train(training)
        if not training:
            try:
                yield
            finally:
                _put_back(before)
            return
    try:
        yield
    finally:
        with turn:
            _put_back(before)


def _put_back(modes: list[tuple[Module, bool]]) -> None:
    for part, was in modes:
        part.training = was
