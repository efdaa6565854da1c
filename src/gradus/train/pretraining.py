"""What `gradus pretrain` does: learn without labels from the pictures of a data set, and leave a folder behind."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .. import datasets, random
from ..errors import ArgumentError, CheckpointError, DataError, one_of
from ..functional.checks import at_least_one
from ..models import DBN, RBM, DeepAutoencoder, masking_noise
from ..nn import Module
from ..optim import Adam
from ..tensor import Tensor, tensor
from .fitting.pretrain import features, fit_unsupervised, pretrain_autoencoder, pretrain_dbn, train_rbm
from .runs.checkpoint import save
from .runs.history import History, HistoryFile
from .runs.run import Run

KINDS = ("rbm", "dbn", "autoencoder")
COMMON = "--data, --hidden, --epochs, --batch-size, --lr, --seed and --limit"
SHOWN, FILTERS = 10, 60


@dataclass(frozen=True)
class Pretraining:
    """What is pre-trained, on which data, and how.

    Attributes:
        kind: "rbm", "dbn" or "autoencoder".
        data: the name of a data set of pictures.
        hidden: units of each hidden layer; an RBM has one.
        epochs, batch_size, seed: see `train_rbm` and `pretrain_autoencoder`.
        lr: the learning rate; None takes 0.1 for machines, 0.001 for autoencoders.
        noise: the share of each picture that is masked before an autoencoder sees it.
        persistent: chains of a machine that go on from step to step.
        limit: learn from so many pictures only.
    """

    kind: str = "rbm"
    data: str = "digits"
    hidden: tuple[int, ...] = (256,)
    epochs: int = 10
    batch_size: int = 100
    lr: float | None = None
    noise: float = 0.0
    persistent: bool = False
    seed: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        one_of("pretrain", "kind", self.kind, KINDS)
        at_least_one("pretrain", epochs=self.epochs, batch_size=self.batch_size, **{"--hidden": min(self.hidden)})
        if self.limit is not None:
            at_least_one("pretrain", limit=self.limit)
        self._refuse_others()
        if self.kind == "rbm" and len(self.hidden) > 1:
            raise DataError(f"an RBM has one hidden layer, got {list(self.hidden)}. For several take a dbn.")

    def _refuse_others(self) -> None:
        """Refuse an option that this kind does not take: it would do nothing."""
        own, other = ("noise", "persistent") if self.kind == "autoencoder" else ("persistent", "noise")
        if getattr(self, other):
            whose = "an rbm and a dbn" if other == "persistent" else "an autoencoder"
            raise ArgumentError(
                f"pretrain: {self.kind} takes no --{other}, which is an option of {whose}. Leave it out; {self.kind} "
                f"takes --{own}, and as all do {COMMON}."
            )


@dataclass(frozen=True)
class Pretrained:
    """What came out.

    Attributes:
        model: an RBM, a DBN or a DeepAutoencoder.
        histories: of each layer; of an autoencoder then that of all layers together.
        error: the mean squared error of a number in a reconstruction of the test data.
        filters: weights of the first layer, (units, h, w).
        rows: test pictures, their reconstructions and, of machines, what chains from them come to, (n, h, w) each.
    """

    model: Module
    histories: list[History]
    error: float
    filters: np.ndarray
    rows: dict[str, np.ndarray]


def pretrain(settings: Pretraining, run: str | Path | None = None, progress: bool | None = None) -> Pretrained:
    """Learn from a data set's pictures without labels; with `run`, write settings, histories and weights there.

    Raises:
        DataError: the data are no pictures.
        CheckpointError: the folder exists and holds something.

    >>> found = pretrain(Pretraining(hidden=(16,), epochs=1, limit=200), progress=False)
    >>> found.model, found.filters.shape
    (RBM(64, 16), (16, 8, 8))
    """
    folder = None if run is None else Run(run)
    if folder and folder.path.exists() and (not folder.path.is_dir() or folder.found()):
        raise CheckpointError(f"{folder.path} exists. Give another --out, or delete it.")
    x, z, size = _pictures(settings)
    random.seed(settings.seed)
    model, histories = _trained(settings, x, progress)
    again = features(_copies(model), z).numpy()
    first = model.encoder[0] if isinstance(model, DeepAutoencoder) else _machines(model)[0]
    found = Pretrained(
        model,
        histories,
        float(((again - z) ** 2).mean()),
        first.weight.numpy().reshape(-1, *size),
        {n: r[:SHOWN].reshape(-1, *size) for n, r in _rows(model, z, again).items()},
    )
    if folder:
        with folder.alone():
            folder.begin(pretraining=asdict(settings), error=found.error)
            HistoryFile(folder.history_file).keep(History([r for h in histories for r in h]))
            save(model, folder.model_file)
    return found


def _pictures(settings: Pretraining) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Training and test pictures as rows, and height and width; colours stand side by side."""
    train, test = (part.arrays[0] for part in datasets.load(settings.data))
    if train.ndim != 4:
        raise DataError(f"pretrain learns from pictures, a sample of {settings.data} has shape {train.shape[1:]}")
    c, h, w = train.shape[1:]
    rows = [part.transpose(0, 2, 1, 3).reshape(len(part), -1) for part in (train[: settings.limit], test)]
    return rows[0], rows[1], (h, math.prod((c, w)))


def _trained(settings: Pretraining, x: np.ndarray, progress: bool | None) -> tuple[Module, list[History]]:
    """The model, and how its training went."""
    sizes, s = [x.shape[1], *settings.hidden], settings
    common: dict[str, Any] = {"batch_size": s.batch_size, "seed": s.seed, "progress": progress}
    if s.kind == "autoencoder":
        noise = partial(masking_noise, p=s.noise) if s.noise else None
        model = DeepAutoencoder(sizes, corrupt=noise)
        lr = s.lr if s.lr is not None else 1e-3
        histories = pretrain_autoencoder(model, x, s.epochs, lr, **common) if len(s.hidden) > 1 else []
        whole = fit_unsupervised(model.loss, Adam(model.parameters(), lr=lr), x, s.epochs, **common)
        return model.eval(), [*histories, whole]
    chains = s.batch_size if s.persistent else 0
    options = {"lr": s.lr, "persistent": s.persistent, **common}
    if s.kind == "rbm":
        rbm = RBM(*sizes, chains=chains)  # type: ignore[misc]
        return rbm, [train_rbm(rbm, x, s.epochs, **options)]
    dbn = DBN(sizes, chains=chains)
    return dbn, pretrain_dbn(dbn, x, s.epochs, **options)


def _machines(model: Module) -> list[RBM]:
    return model.rbms if isinstance(model, DBN) else [model]  # type: ignore[list-item]


def _copies(model: Module) -> Any:
    """The function from data to their reconstructions."""
    if isinstance(model, DeepAutoencoder):
        return model

    def up_and_down(v: Tensor) -> Tensor:
        machines = _machines(model)
        for rbm in machines:
            v = rbm.hidden_given(v)
        for rbm in reversed(machines):
            v = rbm.visible_given(v)
        return v

    return up_and_down


def _rows(model: Module, z: np.ndarray, again: np.ndarray) -> dict[str, np.ndarray]:
    rows = {"data": z, "reconstruction": again}
    if isinstance(model, DBN):
        rows["100 steps"] = model.generate(min(SHOWN, len(z)), steps=100, start=tensor(z[:SHOWN])).numpy()
    elif isinstance(model, RBM):
        rows["100 steps"] = model.chain(tensor(z[:SHOWN]), pictures=2, every=100)[1]
    return rows
