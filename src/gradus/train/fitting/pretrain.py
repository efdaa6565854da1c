"""Learning without labels: one machine or autoencoder, and stacks of them greedily, layer after layer.

Each step is one native program, and an epoch over data in memory runs in it. Fine-tuning by backpropagation afterwards
is `Trainer`'s work (a classifier) or `fit_unsupervised`'s (an autoencoder):

    dbn = models.DBN([784, 500, 500, 2000])
    pretrain_dbn(dbn, x, epochs=20)
    classifier = dbn.to_classifier(10)          # then Trainer(classifier, "cross_entropy", ...).fit(...)

    dbn = models.DBN([784, 1000, 500, 250, 30], code="gaussian")
    pretrain_dbn(dbn, x, epochs=10)
    autoencoder = dbn.to_autoencoder()          # then fit_unsupervised(autoencoder.loss, Adam(...), x)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import compiler
from ...autograd import no_grad
from ...compiler import Compiled
from ...data import DataLoader, TensorDataset, check_finite
from ...errors import ArgumentError, DataError, DivergedError, ShapeError
from ...functional.checks import at_least, at_least_one, in_range
from ...models import DBN, RBM, DeepAutoencoder
from ...optim import SGD, Adam, Optimizer
from ...tensor import Tensor, as_tensor
from ..runs.history import History
from .divergence import bad_parameter
from .evaluation import mode
from .every import Every
from .interrupt import Interrupt, Interrupted, compiling
from .progress import choose
from .stages import Position, Stages

Numbers = Tensor | dict[str, Tensor]
FIRST_EPOCHS, FIRST_MOMENTUM = 5, 0.5  # Hinton (2012), section 9.1
AT_ONCE = 1000  # samples, where features are worked out


def fit_unsupervised(
    loss: Callable[[Tensor], Numbers],
    optimizer: Optimizer | Sequence[Optimizer],
    x: Any,
    epochs: int = 10,
    batch_size: int = 100,
    seed: int = 0,
    progress: bool | None = None,
    before_epoch: Callable[[int], None] | None = None,
    stages: Stages | None = None,
) -> History:
    """Lower a loss that needs no targets, over shuffled batches of data in memory.

    Args:
        loss: a batch (n, ...) to a number; or to numbers by name, of which "loss" is lowered and the others watched:
            `Autoencoder.loss`, `RBM.contrastive_divergence`.
        optimizer: one, or several that each hold some of the parameters.
        x: the data (samples, ...), an array or Tensor.
        epochs, batch_size: how often, and how many samples a step.
        seed: of the order of the samples; noise draws from `gradus.random.seed`.
        progress: False shows nothing; otherwise a bar in a terminal and lines elsewhere, on stderr.
        before_epoch: called with the number of each epoch, from 0, before it begins; it may change the optimizer.
        stages: keeps it on disk, to go on with; see `train.Stages`.

    Returns:
        The history: for each epoch the means of the numbers over the samples, seconds, samples_per_second.

    Raises:
        DataError: no samples, or NaN among them.
        DivergedError: the loss or a parameter became NaN or infinite.
        KeyboardInterrupt: Ctrl-C, or SIGTERM as `train.Terminated`, has ended it after a batch.

    >>> import gradus
    >>> from gradus import models
    >>> model = models.DeepAutoencoder([4, 2])
    >>> x = gradus.bernoulli(0.5, (100, 4))
    >>> optimizer = gradus.optim.Adam(model.parameters(), lr=0.1)
    >>> history = fit_unsupervised(model.loss, optimizer, x, epochs=5, progress=False)
    >>> history["loss"][-1] < history["loss"][0]
    True
    """
    at_least(0, "fit_unsupervised", epochs=epochs)
    loader = _loader(x, batch_size, seed)
    optimizers = _several(optimizer)
    at = stages.begin(optimizers) if stages else Position()
    if at.ended:
        return History(at.records)
    step = compiler.natively(_step(loss, optimizers, at.names))
    if isinstance(step, Compiled):
        step.around = compiling
    shown = choose(progress)
    shown.begin(epochs, len(loader), at.epoch * len(loader) + at.batch)
    try:
        with Interrupt() as interrupt:
            _Learning(step, loader, at, optimizers, shown, interrupt, stages).run(epochs, before_epoch)
    finally:
        shown.close()
    return History(at.records)


def _several(optimizer: Any) -> list[Optimizer]:
    """The optimizers that are given as one or several."""
    optimizers = [optimizer] if isinstance(optimizer, Optimizer) else list(optimizer or ())
    if not optimizers or not all(isinstance(part, Optimizer) for part in optimizers):
        raise ArgumentError(
            f"fit_unsupervised: expects an optimizer or several, got {optimizer!r:.60}. For one: "
            "Adam(model.parameters(), lr=1e-3)"
        )
    return optimizers


def _require_finite(optimizers: Sequence[Optimizer], epoch: int) -> None:
    """A step whose loss is finite may have a gradient that is not."""
    bad = bad_parameter((f"number {i}", p) for part in optimizers for i, p in enumerate(part.params))
    if bad:
        raise DivergedError(f"{bad} in epoch {epoch + 1}. Try a learning rate ten times lower.")


def _loader(x: Any, batch_size: int, seed: int) -> DataLoader:
    """Shuffled batches of the data, which are looked through."""
    dataset = TensorDataset(np.ascontiguousarray(as_tensor(x).numpy()))
    if not len(dataset):
        raise DataError("fit_unsupervised: there is no sample")
    check_finite(dataset)
    return DataLoader(dataset, batch_size, shuffle=True, seed=seed)


def _step(
    loss: Callable[[Tensor], Numbers], optimizers: Sequence[Optimizer], names: list[str]
) -> Callable[[Tensor], list[Tensor]]:
    """A step that lowers the loss and gives all numbers; it writes down what they are called."""

    def step(batch: Tensor) -> list[Tensor]:
        for optimizer in optimizers:
            optimizer.zero_grad()
        found = loss(batch)
        found = found if isinstance(found, dict) else {"loss": found}
        if not isinstance(found.get("loss"), Tensor):
            raise ArgumentError(
                f"fit_unsupervised: the loss must be a Tensor, or a dict that holds one as 'loss'; got {found!r:.80}"
            )
        found["loss"].backward()
        for optimizer in optimizers:
            optimizer.step()
        names[:] = found
        return [number.detach() for number in found.values()]

    return step


@dataclass
class _Learning:
    """A stage in progress: it goes on from its position."""

    step: Any
    loader: DataLoader
    at: Position
    optimizers: Sequence[Optimizer]
    shown: Any
    interrupt: Interrupt
    stages: Stages | None

    def run(self, epochs: int, before_epoch: Callable[[int], None] | None) -> None:
        """Up to its last epoch."""
        while self.at.epoch < epochs:
            if before_epoch:
                before_epoch(self.at.epoch)
            self._one_epoch()
            self.shown.epoch(self.at.records[-1])

    def _one_epoch(self) -> None:
        """Go through the data once, or what is left of it; it is saved at the end, and whenever that is due."""
        at, start, before = self.at, time.perf_counter(), self.at.samples
        try:
            for size, numbers in self._slices():
                at.sums = at.sums + size * numbers.sum(1)
                at.batch, at.samples = at.batch + numbers.shape[1], at.samples + size * numbers.shape[1]
                self.shown.advance(at.epoch + 1, at.batch, numbers.shape[1], size, self._means)
                self.interrupt.check()
                if self.stages and self.stages.every.due(at.batch):
                    _require_finite(self.optimizers, at.epoch)
                    self.stages.save()
        except Interrupted:
            if self.stages:
                self.stages.save()
            raise
        _require_finite(self.optimizers, at.epoch)
        seconds, samples = time.perf_counter() - start, at.samples - before
        record = {"epoch": at.epoch + 1, **self._means(), "seconds": seconds}
        at.records.append(record | {"samples_per_second": samples / max(seconds, 1e-9)})
        at.epoch, at.batch, at.samples, at.sums = at.epoch + 1, 0, 0, np.zeros(1)
        if self.stages:
            self.stages.save()

    def _slices(self) -> Iterator[tuple[int, np.ndarray]]:
        """The batches that are left, some at a time: how many samples each has, and its numbers (numbers, batches)."""
        (data,) = self.loader.dataset[:]
        every = self.stages.every if self.stages else Every(None)
        for rows in self.loader.rows(self.at.epoch, self.at.batch):
            for piece in every.pieces(rows, self.at.batch):
                for values in self.step.slices((data,), piece):
                    numbers = np.stack(values).astype(np.float64)
                    if not np.isfinite(numbers).all():
                        raise DivergedError(
                            f"the loss is no finite number any more in epoch {self.at.epoch + 1}, after batch "
                            f"{self.at.batch}. Try a learning rate ten times lower."
                        )
                    yield rows.shape[1], numbers

    def _means(self) -> dict[str, float]:
        return dict(zip(self.at.names, (self.at.sums / max(self.at.samples, 1)).tolist(), strict=True))


def train_rbm(
    rbm: RBM,
    x: Any,
    epochs: int = 10,
    batch_size: int = 100,
    lr: float | None = None,
    k: int = 1,
    persistent: bool = False,
    mean_field: bool = False,
    momentum: float = 0.9,
    weight_decay: float = 2e-4,
    seed: int = 0,
    progress: bool | None = None,
    stages: Stages | None = None,
) -> History:
    """Train a restricted Boltzmann machine by contrastive divergence, with the settings of Hinton's guide.

    Momentum is 0.5 in the first five epochs; weights decay, biases do not.

    Args:
        rbm: what is trained.
        x: the data (samples, ...), flattened: in [0, 1] for Bernoulli units, standardised for Gaussian ones.
        epochs, batch_size, seed, progress, stages: see `fit_unsupervised`.
        lr: the learning rate; None takes 0.1, with persistent chains 0.01, and 0.001 where a side is Gaussian.
        k: Gibbs steps.
        persistent: the chains go on from step to step, in `rbm.chains`.
        mean_field: see `RBM.contrastive_divergence`.
        momentum, weight_decay: of `optim.SGD`.

    Returns:
        The history: `reconstruction`, the mean of |v - E[v_k | h]|^2, tells how it goes; `loss` does not.

    Raises:
        DataError: values that the units cannot take.
        ShapeError: samples of another length.

    Source: Hinton, "A practical guide to training restricted Boltzmann machines" (2012).

    >>> import gradus
    >>> rbm = RBM(4, 2)
    >>> history = train_rbm(rbm, gradus.bernoulli(0.5, (200, 4)), epochs=2, progress=False)
    >>> len(history["reconstruction"])
    2
    """
    in_range("train_rbm", "momentum", momentum, "[0, 1)")
    at_least_one("train_rbm", k=k)
    x = _flat(x)
    rbm.check(x, "train_rbm")
    if lr is None:
        lr = 1e-3 if "gaussian" in (rbm.units, rbm.hidden_units) else 0.01 if persistent else 0.1
    weights = SGD([rbm.weight], lr, momentum=momentum, weight_decay=weight_decay)
    biases = SGD([rbm.visible_bias, rbm.hidden_bias], lr, momentum=momentum)

    def set_momentum(epoch: int) -> None:
        weights.momentum = biases.momentum = min(momentum, FIRST_MOMENTUM) if epoch < FIRST_EPOCHS else momentum

    def loss(v: Tensor) -> dict[str, Tensor]:
        return rbm.persistent_divergence(v, k) if persistent else rbm.contrastive_divergence(v, k, mean_field)

    return fit_unsupervised(loss, (weights, biases), x, epochs, batch_size, seed, progress, set_momentum, stages)


def pretrain_dbn(
    dbn: DBN, x: Any, epochs: int | Sequence[int] = 10, progress: bool | None = None, **options: Any
) -> list[History]:
    """Greedy layer-wise pre-training: each RBM learns the features that those below it make of the data.

    Args:
        dbn: its machines are trained, from below.
        x: the data (samples, ...), flattened.
        epochs: for all machines, or one number for each.
        progress: see `fit_unsupervised`.
        options: those of `train_rbm`.

    Returns:
        For each machine its history.

    Source: Hinton, Osindero and Teh (2006); Hinton and Salakhutdinov (2006).

    >>> import gradus
    >>> histories = pretrain_dbn(DBN([6, 4, 3]), gradus.bernoulli(0.5, (100, 6)), epochs=1, progress=False)
    >>> len(histories)
    2
    """
    x, histories = _flat(x), []
    for i, (rbm, count) in enumerate(zip(dbn.rbms, _each(epochs, len(dbn.rbms)), strict=True)):
        _announce(f"layer {i + 1} of {len(dbn.rbms)}: {rbm!r}", progress)
        histories.append(train_rbm(rbm, x, count, progress=progress, **options))
        if i < len(dbn.rbms) - 1:
            x = features(rbm.hidden_given, x)
    return histories


def pretrain_autoencoder(
    model: DeepAutoencoder,
    x: Any,
    epochs: int | Sequence[int] = 10,
    lr: float = 1e-3,
    batch_size: int = 100,
    seed: int = 0,
    progress: bool | None = None,
    stages: Stages | None = None,
) -> list[History]:
    """Greedy layer-wise pre-training: each layer learns to reconstruct the code of those below it, by Adam.

    With `corrupt` it is a stack of denoising autoencoders. The layers are the model's own; to fine-tune all of them,
    `fit_unsupervised(model.loss, ...)`, or take `model.encoder` into a classifier.

    Args:
        model: its layers are trained, from outside in.
        x: the data (samples, ...), flattened.
        epochs: for all layers, or one number for each.
        lr, batch_size, seed, progress, stages: see `optim.Adam` and `fit_unsupervised`.

    Returns:
        For each layer its history.

    Source: Bengio, Lamblin, Popovici and Larochelle, "Greedy layer-wise training of deep networks" (2007).

    >>> import gradus
    >>> model = DeepAutoencoder([6, 4, 3])
    >>> len(pretrain_autoencoder(model, gradus.rand(100, 6), epochs=1, progress=False))
    2
    """
    x, histories = _flat(x), []
    for i, count in enumerate(_each(epochs, len(model))):
        layer = model.layer(i)
        _announce(f"layer {i + 1} of {len(model)}: {layer.encoder[0]!r}", progress)  # type: ignore[index]
        optimizer = Adam(layer.parameters(), lr=lr)
        histories.append(
            fit_unsupervised(layer.loss, optimizer, x, count, batch_size, seed, progress, stages=stages)
        )
        if i < len(model) - 1:
            with mode(layer, training=False):
                x = features(layer.encode, x)
    return histories


@no_grad()
def features(function: Callable[[Tensor], Tensor], x: Any, batch_size: int = AT_ONCE) -> Tensor:
    """What a function makes of data in memory, batch by batch in native code, without gradients.

    Args:
        function: a batch (n, ...) to (n, ...): `rbm.hidden_given`, `model.encode`, a model.
        x: the data (samples, ...).
        batch_size: samples at once.

    >>> import gradus
    >>> features(lambda v: 2 * v, gradus.ones((5, 3))).shape
    (5, 3)
    """
    at_least_one("features", batch_size=batch_size)
    data, compiled = as_tensor(x).numpy(), compiler.natively(lambda batch: function(batch))
    if not len(data):
        raise DataError("features: there is no sample")
    parts = [compiled(Tensor(data[i : i + batch_size])).numpy().copy() for i in range(0, len(data), batch_size)]
    return Tensor(np.concatenate(parts))


def _flat(x: Any) -> Tensor:
    """The data as rows."""
    x = as_tensor(x)
    if x.ndim < 2:
        raise ShapeError(f"pre-training: the data have shape {x.shape}", "They must be (samples, ...).")
    rows: Tensor = x.detach().flatten(1)
    return rows


def _each(epochs: int | Sequence[int], count: int) -> list[int]:
    """One number of epochs for each layer."""
    numbers = list(epochs) if isinstance(epochs, Iterable) else [epochs] * count
    if len(numbers) != count:
        raise ShapeError(
            f"pre-training: {len(numbers)} numbers of epochs for {count} layers", "Give one for each layer."
        )
    return numbers


def _announce(line: str, progress: bool | None) -> None:
    if progress is not False and sys.stderr is not None:
        print(line, file=sys.stderr, flush=True)
