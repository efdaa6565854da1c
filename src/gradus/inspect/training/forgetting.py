"""What becomes of what was learned before, while a network learns something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...data import Dataset, Subset, TensorDataset
from ...data.dataset import rows
from ...datasets import Splits
from ...errors import ArgumentError
from ...functional.checks import at_least, at_least_one
from ...random import stream
from ...train import Trainer
from .learning_curve import Course, course, measure

_DEALT = (1 << 23) + 4096  # the stream of random numbers that orders the samples


@dataclass(frozen=True)
class InTurn(Course):
    """How a model did on the test data of all tasks while it learned one after the other.

    Attributes:
        at: (m,) samples seen, without those that were mixed in again.
        values: for each task, by name, and each metric m numbers.
        starts: for each task after how many samples its turn came.

    >>> InTurn(np.array([0, 9]), {"a": {"accuracy": np.array([0.1, 0.9])}}, {"a": 0}).starts["a"]
    0
    """

    starts: dict[str, int]


def learn_in_turn(
    trainer: Trainer, tasks: Mapping[str, Splits], looks: int = 10, kept: int = 0, batch_size: int = 64, seed: int = 0
) -> InTurn:
    """Learn several tasks one after the other, each once through its data, and measure all of them all the while.

    A network that learns the second task by gradient descent on its data alone loses the first: no term of the loss
    speaks for it any more. Rehearsal helps: a few samples of the earlier tasks are mixed in.

    Args:
        trainer: trains one model for all tasks; they share its outputs.
        tasks: for each task, by name and in order, its training and test data.
        looks: measurements in each task's turn.
        kept: samples of each earlier task that are seen again in each piece of a later one.
        batch_size: of the training.
        seed: what the order of the samples depends on.

    Raises:
        ArgumentError: fewer than two tasks, or more looks than a task has samples.

    Source: McCloskey and Cohen, "Catastrophic Interference in Connectionist Networks" (1989); Robins, "Catastrophic
    Forgetting, Rehearsal and Pseudorehearsal" (1995).

    >>> import gradus
    >>> one, two = (gradus.data.TensorDataset(gradus.randn(20, 2), (np.arange(20) + i) % 2) for i in (0, 1))
    >>> model = gradus.nn.Linear(2, 2)
    >>> trainer = Trainer(model, "cross_entropy", gradus.optim.SGD(model.parameters(), lr=0.5), compile=False)
    >>> found = learn_in_turn(trainer, {"zeros": Splits(one, one), "ones": Splits(two, two)}, looks=2)
    >>> found.at.tolist(), found.starts
    ([0, 10, 20, 30, 40], {'zeros': 0, 'ones': 20})
    """
    at_least_one("learn_in_turn", looks=looks)
    at_least(0, "learn_in_turn", kept=kept)
    if not isinstance(tasks, Mapping) or len(tasks) < 2:
        got = list(tasks) if isinstance(tasks, Mapping) else tasks
        raise ArgumentError(f"learn_in_turn: forgetting takes two tasks or more, by name, got {got!r:.80}")
    tests = {name: task.test for name, task in tasks.items()}
    measured, seen = {0: measure(trainer, tests)}, 0
    starts: dict[str, int] = {}
    earlier: list[Dataset] = []
    for k, (name, task) in enumerate(tasks.items()):
        if looks > len(task.train):
            raise ArgumentError(f"learn_in_turn: {looks} looks at {name}, which has {len(task.train)} samples")
        starts[name] = seen
        order = stream(seed + k, _DEALT).permutation(len(task.train))
        for piece in np.array_split(order, looks):
            mixed = _joined([Subset(task.train, piece), *earlier])
            trainer.fit(mixed, batch_size=batch_size, progress=False, seed=seed)
            seen += len(piece)
            measured[seen] = measure(trainer, tests)
        if kept:
            earlier.append(Subset(task.train, order[:kept]))
    whole = course(measured)
    return InTurn(whole.at, whole.values, starts)


def _joined(parts: list[Dataset]) -> Dataset:
    """The samples of several data sets as one."""
    if len(parts) == 1:
        return parts[0]
    return TensorDataset(*map(np.concatenate, zip(*(rows(part, slice(None)) for part in parts), strict=True)))
