"""What `gradus pretrain` does: learn without labels from the pictures of a data set, and leave a folder behind."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .. import datasets, random
from ..errors import ArgumentError, CheckpointError, DataError, GradusError, one_of
from ..functional.checks import at_least_one
from ..models import DBN, RBM, DeepAutoencoder, masking_noise
from ..nn import Module
from ..optim import Adam
from ..tensor import Tensor, tensor
from .fitting.every import USUALLY, Often
from .fitting.pretrain import features, fit_unsupervised, pretrain_autoencoder, pretrain_dbn, train_rbm
from .fitting.stages import Stages
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


def pretrain(
    settings: Pretraining,
    run: str | Path | None = None,
    progress: bool | None = None,
    resume: bool = False,
    checkpoint_every: Often = USUALLY,
) -> Pretrained:
    """Learn from a data set's pictures without labels; with `run`, keep settings, histories and weights there.

    What was killed or interrupted goes on with `resume`, to the same bits; `checkpoint_every` is that of `Trainer.fit`.

    Raises:
        DataError: the data are no pictures.
        CheckpointError: the folder exists and holds something, or, to go on, it has no checkpoint or one of others.

    >>> found = pretrain(Pretraining(hidden=(16,), epochs=1, limit=200), progress=False)
    >>> found.model, found.filters.shape
    (RBM(64, 16), (16, 8, 8))
    """
    folder = None if run is None else Run(run)
    if resume:
        _require_same(settings, folder)
    elif folder and folder.path.exists() and (not folder.path.is_dir() or folder.found()):
        raise CheckpointError(
            f"{folder.path} exists. Give another --out, delete it, or go on with it: gradus pretrain --resume "
            f"{folder.path}"
        )
    x, z, size = _pictures(settings)
    random.seed(settings.seed)
    model = _made(settings, x.shape[1])
    with folder.alone() if folder else nullcontext():
        if folder and not resume:
            folder.begin(pretraining=asdict(settings))
        with Stages(folder, model, resume, checkpoint_every) if folder else nullcontext() as stages:
            histories = _trained(settings, model, x, progress, stages)
        found = _looked_at(model, histories, z, size)
        if folder:
            folder.configure(error=found.error)
            HistoryFile(folder.history_file).keep(History([r for h in histories for r in h]))
            save(model, folder.model_file)
    return found


def settings_of(run: str | Path) -> Pretraining:
    """What is pre-trained in a run's folder.

    Raises:
        CheckpointError: it is of no `gradus pretrain`.
    """
    saved: Any = Run.open(run).config.get("pretraining")
    try:
        return Pretraining(**saved | {"hidden": tuple(saved["hidden"])})
    except (TypeError, KeyError, GradusError):
        raise CheckpointError(f"{run} is no run of `gradus pretrain`, or its config.json is damaged") from None


def _require_same(settings: Pretraining, folder: Run | None) -> None:
    if folder is None:
        raise ArgumentError("resume=True needs the run's folder: run=...")
    here, there = asdict(settings), asdict(settings_of(folder.path))
    other = next((name for name in here if here[name] != there[name]), None)
    if other:
        raise CheckpointError(f"{folder.path} is of {other} {there[other]!r}, here the {other} is {here[other]!r}")


def _looked_at(model: Module, histories: list[History], z: np.ndarray, size: tuple[int, int]) -> Pretrained:
    """What there is to see of it."""
    again = features(_copies(model), z).numpy()
    first = model.encoder[0] if isinstance(model, DeepAutoencoder) else _machines(model)[0]
    return Pretrained(
        model,
        histories,
        float(((again - z) ** 2).mean()),
        first.weight.numpy().reshape(-1, *size),
        {n: r[:SHOWN].reshape(-1, *size) for n, r in _rows(model, z, again).items()},
    )


def _pictures(settings: Pretraining) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Training and test pictures as rows, and height and width; colours stand side by side."""
    train, test = (part.arrays[0] for part in datasets.load(settings.data))
    if train.ndim != 4:
        raise DataError(f"pretrain learns from pictures, a sample of {settings.data} has shape {train.shape[1:]}")
    c, h, w = train.shape[1:]
    rows = [part.transpose(0, 2, 1, 3).reshape(len(part), -1) for part in (train[: settings.limit], test)]
    return rows[0], rows[1], (h, math.prod((c, w)))


def _made(settings: Pretraining, inputs: int) -> Module:
    """The model that is trained."""
    sizes, s = [inputs, *settings.hidden], settings
    chains = s.batch_size if s.persistent else 0
    if s.kind == "autoencoder":
        return DeepAutoencoder(sizes, corrupt=partial(masking_noise, p=s.noise) if s.noise else None)
    if s.kind == "rbm":
        return RBM(inputs, s.hidden[0], chains=chains)
    return DBN(sizes, chains=chains)


def _trained(
    settings: Pretraining, model: Module, x: np.ndarray, progress: bool | None, stages: Stages | None
) -> list[History]:
    """How its training went."""
    s = settings
    common: dict[str, Any] = {"batch_size": s.batch_size, "seed": s.seed, "progress": progress, "stages": stages}
    if isinstance(model, DeepAutoencoder):
        lr = s.lr if s.lr is not None else 1e-3
        histories = pretrain_autoencoder(model, x, s.epochs, lr, **common) if len(s.hidden) > 1 else []
        whole = fit_unsupervised(model.loss, Adam(model.parameters(), lr=lr), x, s.epochs, **common)
        model.eval()
        return [*histories, whole]
    options = {"lr": s.lr, "persistent": s.persistent, **common}
    if isinstance(model, DBN):
        return pretrain_dbn(model, x, s.epochs, **options)
    return [train_rbm(model, x, s.epochs, **options)]  # type: ignore[arg-type]


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
