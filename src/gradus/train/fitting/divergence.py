"""Where a training went wrong: its epoch once more, up to the step that made the first number that is not finite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ... import dtypes, random
from ...data import DataLoader
from ...errors import NonFiniteError
from ...tensor import Tensor
from ...transforms.guarding import guard
from .batches import arguments
from .interrupt import Interrupt, Interrupted
from .native import Native
from .turns import Turn


class NotFiniteError(Exception):
    """A number that is not finite, and after how many batches of the epoch it was there."""

    def __init__(self, what: str, batches: int) -> None:
        super().__init__(what)
        self.what, self.batches = what, batches


class Start:
    """What a training was when an epoch began, or went on at a batch of it: weights, optimizer, random numbers."""

    def __init__(self, trainer: Native, batch: int) -> None:
        self.batch, self._trainer = batch, trainer
        self._model = {name: t.numpy().copy() for name, t in trainer.model.state_dict().items()}
        self._optimizer = {name: t.numpy().copy() for name, t in trainer.optimizer.state_dict().items()}
        self._random = random.default.state.numpy().copy()

    def restore(self) -> None:
        """Let it be that again."""
        self._trainer.model.load_state_dict(self._model)
        self._trainer.optimizer.load_state_dict(self._optimizer)
        random.default.state.data[:] = self._random


def source(
    trainer: Native, start: Start, loader: DataLoader, epoch: int, last: int, turn: Turn, interrupt: Interrupt
) -> NonFiniteError | None:
    """What made the first number that is not finite, found by going through the epoch again up to batch `last`, which
    is computed eagerly and looked through; None if it does not come up again, or Ctrl-C ends the look for it.

    The training is left as it was before that batch, or the one before it, if that has spoilt the parameters.
    """
    start.restore()
    before = start
    try:
        for number, batch in enumerate(loader.batches(epoch, start.batch), start.batch + 1):
            args, named = arguments(batch)
            interrupt.check()
            with turn:
                if number < last:
                    trainer.natively("compiled", *args, **named)
                    continue
                if number - 1 > start.batch and bad_parameter(trainer.model.named_parameters()):
                    return source(trainer, start, loader, epoch, number - 1, turn, interrupt)
                before = Start(trainer, number)
                guarded_step(trainer, args, named)
                break
    except NonFiniteError as problem:
        return problem.with_traceback(None)  # which would hold all that its frames do for as long
    except (Exception, Interrupted):  # as of a stream that is gone through only once: it is about another error
        pass
    before.restore()
    return None


def guarded_step(trainer: Native, args: Any, named: Any) -> tuple[Tensor, ...]:
    """A step, computed eagerly and looked through; where it makes what is not finite, nothing is changed."""
    before = Start(trainer, 0)
    try:
        with guard():
            return trainer.step(*args, **named)
    except NonFiniteError:
        before.restore()
        raise


def bad_parameter(parameters: Iterable[tuple[str, Tensor]]) -> str:
    """The first parameter that holds a NaN or an infinity, in words; the empty string if all are finite."""
    return next((f"the parameter {name} became {value}" for name, value in not_finite(parameters)), "")


def not_finite(tensors: Iterable[tuple[str, Tensor]]) -> Iterator[tuple[str, float]]:
    """The names of those that hold a NaN or an infinity, and the first of these."""
    for name, t in tensors:
        array = t.numpy()
        if dtypes.is_float(array.dtype) and not np.isfinite(array).all():
            yield name, array[~np.isfinite(array)].flat[0]


def state_of(trainer: Native) -> Iterator[tuple[str, Tensor]]:
    """All that a training changes, and what it is called for people."""
    yield from ((f"the parameter {name}", p) for name, p in trainer.model.named_parameters())
    yield from ((f"the buffer {name}", b) for name, b in trainer.model.named_buffers())
    yield from ((f"the optimizer's {name}", t) for name, t in trainer.optimizer.state_dict().items())
