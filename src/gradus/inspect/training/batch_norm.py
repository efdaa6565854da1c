"""Training with and without batch normalisation, from first weights of many sizes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...data import Dataset, TensorDataset
from ...errors import ArgumentError, DivergedError, MistakeWarning
from ...functional.checks import at_least_one
from ...models import MLP
from ...nn import Module, init
from ...optim import SGD
from ...random import seed as start_from
from ...train import Trainer

SCALES = tuple(float(s) for s in np.logspace(0, -4, 16))


class ScaleRun(NamedTuple):
    """Training from first weights of one size, with and without batch normalisation.

    Attributes:
        scale: the standard deviation of the first weights.
        plain_loss, normed_loss: (epochs,) over the training data after each epoch; NaN once it has diverged.
        plain_accuracy, normed_accuracy: (epochs,) likewise, from 0 to 1.

    >>> ScaleRun(0.1, np.array([2.0]), np.array([1.0]), np.array([0.3]), np.array([0.6])).norm_wins
    True
    """

    scale: float
    plain_loss: np.ndarray
    normed_loss: np.ndarray
    plain_accuracy: np.ndarray
    normed_accuracy: np.ndarray

    @property
    def norm_wins(self) -> bool:
        """Whether batch normalisation ends with the smaller training loss, or the other diverged."""
        return bool(np.nan_to_num(self.normed_loss[-1], nan=np.inf) < np.nan_to_num(self.plain_loss[-1], nan=np.inf))


def compare_batch_norm(
    train: Dataset,
    scales: Sequence[float] = SCALES,
    hidden: Sequence[int] = (100,) * 5,
    epochs: int = 20,
    batch_size: int = 100,
    lr: float = 0.01,
    seed: int = 0,
) -> list[ScaleRun]:
    """Train a network twice from each size of first weights, with batch normalisation before each ReLU and without.

    W ~ N(0, scale^2), b = 0; SGD; both start from the same weights and see the same batches.

    Args:
        train: samples and labels, (n, ...) and (n,); the texts take the first 1,000 of MNIST.
        scales: the standard deviations of the first weights; 16 from 1 to 0.0001, evenly in their logarithm.
        hidden: the units of the hidden layers.
        epochs, batch_size, lr: of the training.
        seed: of the weights and of the order of the samples.

    Returns:
        One `ScaleRun` for each scale.

    Raises:
        ArgumentError: no scale, or one that is not above 0.

    Source: Saitoh, "Deep Learning from Scratch" (2016), section 6.3; Ioffe and Szegedy (2015).

    >>> from gradus import datasets
    >>> from gradus.data import Subset
    >>> few = Subset(datasets.digits().train, range(100))
    >>> runs = compare_batch_norm(few, scales=[0.01], hidden=[20, 20], epochs=2, batch_size=50)
    >>> runs[0].normed_loss.shape, runs[0].norm_wins
    ((2,), True)
    """
    at_least_one("compare_batch_norm", epochs=epochs, batch_size=batch_size)
    if not len(scales) or min(scales) <= 0:
        raise ArgumentError(f"compare_batch_norm: give scales above 0, got {list(scales)}")
    x, y = train[np.arange(len(train))]
    whole = TensorDataset(np.asarray(x).reshape(len(x), -1), y)
    sizes = [whole.arrays[0].shape[1], *hidden, int(np.max(y)) + 1]
    found = []
    trainers = []
    for batch_norm in (False, True):
        model = MLP(sizes, batch_norm=batch_norm)
        trainers.append(Trainer(model, "cross_entropy", SGD(model.parameters(), lr=lr)))
    for scale in scales:
        curves = []
        for trainer in trainers:
            _start(trainer.model, scale, seed)
            curves.append(_curves(trainer, whole, epochs, batch_size, seed))
        (plain_loss, plain_accuracy), (normed_loss, normed_accuracy) = curves
        found.append(ScaleRun(float(scale), plain_loss, normed_loss, plain_accuracy, normed_accuracy))
    return found


def _start(model: Module, scale: float, seed: int) -> None:
    """First values: weights of this size, and everything else as in a new model."""
    start_from(seed)
    for name, p in (*model.named_parameters(), *model.named_buffers()):
        if p.ndim == 2:
            init.normal_(p, std=scale)
        else:
            p.assign_(1 if name.endswith(("running_var", "weight")) else 0)


def _curves(trainer: Trainer, data: TensorDataset, epochs: int, batch_size: int, seed: int) -> tuple[np.ndarray, ...]:
    """Loss and accuracy over the training data after each epoch; NaN from where it diverged."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MistakeWarning)  # first weights that are too large are looked at, too
            history = trainer.fit(data, data, epochs=epochs, batch_size=batch_size, seed=seed, progress=False)
    except DivergedError:
        history = trainer.history
    curves = []
    for name in ("val_loss", "val_accuracy"):
        values = [record[name] for record in history][:epochs]
        curves.append(np.array(values + [np.nan] * (epochs - len(values))))
    return tuple(curves)
