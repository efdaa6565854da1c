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
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ... import compiler
from ...autograd import no_grad
from ...data import DataLoader, TensorDataset, check_finite
from ...errors import ArgumentError, DataError, DivergedError, ShapeError
from ...functional.checks import at_least, at_least_one, in_range
from ...models import DBN, RBM, DeepAutoencoder
from ...optim import SGD, Adam, Optimizer
from ...tensor import Tensor, as_tensor
from ..runs.history import History, Record
from .divergence import bad_parameter
from .evaluation import mode
from .interrupt import Interrupt
from .progress import choose

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

    Returns:
        The history: for each epoch the means of the numbers over the samples, seconds, samples_per_second.

    Raises:
        DataError: no samples, or NaN among them.
        DivergedError: the loss or a parameter became NaN or infinite.

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
    names: list[str] = []
    optimizers = _several(optimizer)
    step = compiler.natively(_step(loss, optimizers, names))
    history, shown = History(), choose(progress)
    shown.begin(epochs, len(loader), 0)
    try:
        with Interrupt() as interrupt:
            for epoch in range(epochs):
                if before_epoch:
                    before_epoch(epoch)
                history.append(_one_epoch(step, loader, epoch, names, shown, interrupt))
                _require_finite(optimizers, epoch)
                shown.epoch(history.last)
    finally:
        shown.close()
    return history


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


def _one_epoch(step: Any, loader: DataLoader, epoch: int, names: list[str], shown: Any, interrupt: Interrupt) -> Record:
    """Go through the data once."""
    (data,) = loader.dataset[:]
    start, done, samples, sums = time.perf_counter(), 0, 0, np.zeros(1)

    def means() -> dict[str, float]:
        return dict(zip(names, (sums / max(samples, 1)).tolist(), strict=True))

    for rows in loader.rows(epoch):
        size = rows.shape[1]
        for values in step.slices((data,), rows):
            numbers = np.stack(values).astype(np.float64)
            if not np.isfinite(numbers).all():
                raise DivergedError(
                    f"the loss is no finite number any more in epoch {epoch + 1}, after batch {done}. Try a learning "
                    "rate ten times lower."
                )
            count = numbers.shape[1]
            sums, done, samples = sums + size * numbers.sum(1), done + count, samples + count * size
            shown.advance(epoch + 1, done, count, size, means)
            interrupt.check()
    seconds = time.perf_counter() - start
    return {"epoch": epoch + 1, **means(), "seconds": seconds, "samples_per_second": samples / max(seconds, 1e-9)}


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
) -> History:
    """Train a restricted Boltzmann machine by contrastive divergence, with the settings of Hinton's guide.

    Momentum is 0.5 in the first five epochs; weights decay, biases do not.

    Args:
        rbm: what is trained.
        x: the data (samples, ...), flattened: in [0, 1] for Bernoulli units, standardised for Gaussian ones.
        epochs, batch_size, seed, progress: see `fit_unsupervised`.
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

    return fit_unsupervised(loss, (weights, biases), x, epochs, batch_size, seed, progress, set_momentum)


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
) -> list[History]:
    """Greedy layer-wise pre-training: each layer learns to reconstruct the code of those below it, by Adam.

    With `corrupt` it is a stack of denoising autoencoders. The layers are the model's own; to fine-tune all of them,
    `fit_unsupervised(model.loss, ...)`, or take `model.encoder` into a classifier.

    Args:
        model: its layers are trained, from outside in.
        x: the data (samples, ...), flattened.
        epochs: for all layers, or one number for each.
        lr, batch_size, seed, progress: see `optim.Adam` and `fit_unsupervised`.

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
        histories.append(fit_unsupervised(layer.loss, optimizer, x, count, batch_size, seed, progress))
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
