"""A recipe: the names and numbers from which a training run follows."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .. import models, optim
from ..bounded.saved import made
from ..compiler import PRECISIONS
from ..data import Preprocessing
from ..datasets import NAMES as DATASETS
from ..errors import ArgumentError, CheckpointError, nearest
from ..nn import Module
from ..optim import schedules
from .runs.run import Run

_SMALLEST_BATCH, _STEPS = 8, 16  # of small data of one's own: samples a step at least, steps an epoch at least

OPTIMIZERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "rmsprop": ("RMSprop", {}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {}),
}


@dataclass(frozen=True)
class Recipe:
    """What to train, on what, and how. What is None is chosen by the data and the model.

    Attributes:
        data: the name of a data set (`gradus.datasets.NAMES`), or a file or folder (`data.preprocessing_for`).
        reading: how a file or folder is read and what is predicted, as `{"target": "price"}`.
        model: the name of a model (`gradus.models.NAMES`).
        epochs, batch_size, lr, optimizer, weight_decay: as in Trainer and the optimizers.
        schedule: of the learning rate: "constant", "cosine" (down to 0 at the end of the last epoch) or "one_cycle"
            (up, then down).
        seed: decides the first weights, the order of the samples, the validation part and dropout.
        limit: train on so many samples only, drawn by the seed.
        validation: the share of the training data that is kept for validation.
        eager: compute operation by operation, with NumPy, instead of compiling the training step.
        precision: of what is multiplied in the compiled step: "float32" or "bf16".
        verify: how many of the first steps are computed eagerly, too, and compared.
        guard: whether each step is computed eagerly and looked through for what is not finite.

    Raises:
        ArgumentError: an unknown name (with the nearest one) or a number that makes no sense.

    >>> Recipe(data="fashion_mnist", model="lenet", epochs=10).command()
    'gradus train lenet --data fashion_mnist --epochs 10'
    """

    data: str = "digits"
    model: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    lr: float | None = None
    optimizer: str | None = None
    schedule: str | None = None
    weight_decay: float | None = None
    seed: int = 0
    limit: int | None = None
    validation: float = 0.1
    eager: bool = False
    precision: str = "float32"
    verify: int = 0
    guard: bool = False
    reading: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.data not in DATASETS:
            _check_reading(self.reading)
        elif self.reading:
            options = ", ".join(words_of(self.reading))
            raise ArgumentError(f"{options}: for files and folders of your own; {self.data} is a named data set")
        if self.schedule is not None:
            _known("schedule", self.schedule, SCHEDULES)
        if self.model is not None:
            _known("model", self.model, models.NAMES)
        if self.optimizer is not None:
            _known("optimizer", self.optimizer, OPTIMIZERS)
        _known("precision", self.precision, PRECISIONS)
        for name in ("epochs", "batch_size", "limit", "lr"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ArgumentError(f"{name} must be above 0, got {value}")
        if self.weight_decay is not None and not 0 <= self.weight_decay < float("inf"):
            raise ArgumentError(f"weight_decay must not be below 0, got {self.weight_decay}")
        if not isinstance(self.verify, int) or self.verify < 0:
            raise ArgumentError(f"verify is a number of steps, 0 or more, got {self.verify!r}")
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**64:
            raise ArgumentError(f"seed must be a whole number from 0 to 2**64 - 1, got {self.seed!r}")
        if not 0 < self.validation < 1:
            raise ArgumentError(f"validation is a share between 0 and 1, got {self.validation}")

    @property
    def name(self) -> str:
        """What the data are called: of a file or folder its name, without what stands after a dot."""
        return self.data if self.data in DATASETS else Path(self.data).resolve().name.partition(".")[0]

    def completed(self, of: Preprocessing, samples: int) -> CompleteRecipe:
        """The same with everything chosen, for so many samples to learn from, prepared so.

        Raises:
            ArgumentError: the model does not fit the data.
        """
        own = self.data not in DATASETS
        model = self.model or _suited(of.input_shape, of.classes, own)
        _check_fit(model, self.name, of.input_shape, of.classes)
        usual = models.defaults(model)
        chosen = {"model": model, **usual._asdict(), "optimizer": usual.optimizer.lower()}
        if own:  # few samples make more steps, which one_cycle and cosine fit into the epochs
            chosen["batch_size"] = min(usual.batch_size, max(_SMALLEST_BATCH, samples // _STEPS))
        given = {name: value for name, value in self.to_json().items() if value is not None}
        return CompleteRecipe(**chosen | given)

    def command(self) -> str:
        """What to type to train it again."""
        words = ["gradus", "train"] + ([self.model] if self.model else [])
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name not in ("model", "validation", "reading") and value != f.default:
                words += [f"--{f.name.replace('_', '-')}", *([] if value is True else [str(value)])]
        return shlex.join(words + words_of(self.reading))

    def to_json(self) -> dict[str, Any]:
        """Names and values, as they are kept in a run's folder."""
        return {name: value for name, value in asdict(self).items() if name != "reading" or value}

    @classmethod
    def from_json(cls, saved: Any, where: str = "the run's recipe") -> Recipe:
        """A recipe from what `to_json` gave; `where` begins what is said of another thing.

        >>> Recipe.from_json(Recipe(seed=3).to_json()).seed
        3
        """
        try:
            return made(cls, saved)
        except (AttributeError, TypeError, ValueError) as error:
            raise CheckpointError(f"{where} is damaged or of another version of gradus: {error}") from error


class CompleteRecipe(Recipe):
    """A recipe in which everything is chosen."""

    model: str
    epochs: int
    batch_size: int
    lr: float
    optimizer: str
    schedule: str

    def make_optimizer(self, model: Module, steps: int) -> optim.Optimizer:
        """The optimizer, its schedule laid over this many steps."""
        kind, options = OPTIMIZERS[self.optimizer]
        decay = {} if self.weight_decay is None else {"weight_decay": self.weight_decay}
        lr = SCHEDULES[self.schedule](self.lr, steps)
        made: optim.Optimizer = getattr(optim, kind)(model.parameters(), lr=lr, **options, **decay)
        return made


def config_of(folder: str | Path) -> dict[str, Any]:
    """What the config.json of a run of `gradus train` holds.

    Raises:
        CheckpointError: there is no such run, or its config.json is missing or damaged.
    """
    run = Run(folder)
    if not run.path.is_dir():
        raise CheckpointError(f"there is no run {folder}. `gradus train` makes one.", mistake="no-run")
    config = run.config
    if "recipe" not in config:
        raise CheckpointError(
            f"{folder} is no run of `gradus train`: its config.json is missing or has no recipe. A model trained in "
            "Python is built there again and gets its weights: model.load_state_dict(gradus.load(file)), of the run's "
            "model.safetensors."
        )
    return config


SCHEDULES: Mapping[str, Callable[[float, int], Any]] = {
    "constant": lambda lr, steps: lr,
    "cosine": schedules.cosine,
    "one_cycle": lambda lr, steps: schedules.one_cycle(lr, max(steps, 4)),  # fewer leave no room to rise and to fall
}


def _known(what: str, name: str, names: Any) -> None:
    if name not in names:
        mistake = {"model": "no-such-model", "data set": "no-such-data"}.get(what, "")
        raise ArgumentError(f"there is no {what} {name!r}. {nearest(name, names)}", mistake=mistake)


def words_of(reading: Mapping[str, Any]) -> list[str]:
    """How a file is read, as options of the command.

    >>> words_of({"target": "price", "leave_out": ["id", "name"], "grey": True})
    ['--target', 'price', '--leave-out', 'id', '--leave-out', 'name', '--grey']
    """
    words: list[str] = []
    for name, value in reading.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            words += [option] if value else [f"--no-{option[2:]}"]
        else:
            for one in value if isinstance(value, (list, tuple)) else [value]:
                words += [option, str(one)]
    return words


def _check_reading(reading: Mapping[str, Any]) -> None:
    """Refuse what no option of the command could say."""
    for name, value in reading.items():
        if not all(isinstance(one, (str, int)) for one in (value if isinstance(value, (list, tuple)) else [value])):
            raise ArgumentError(f"{name} is a text, a whole number, or a list of these, got {value!r:.60}")


def require_data(data: str) -> None:
    """Refuse what is neither the name of a data set nor a file or folder."""
    if data in DATASETS or Path(data).exists():
        return
    if any(mark in data for mark in "/\\."):
        raise ArgumentError(f"there is no file or folder {data}. Data sets by name: {', '.join(DATASETS)}.")
    message = f"there is no data set {data!r}, and no file or folder of this name. {nearest(data, DATASETS)}"
    raise ArgumentError(message, mistake="no-such-data")


def _suited(input_shape: tuple[int, ...], classes: tuple[str, ...] | None, own: bool) -> str:
    """The model for data for which none was named."""
    if len(input_shape) != 3:
        if own:
            return "tabular"
        return "softmax" if classes else "linear"
    return "convnet" if min(input_shape[1:]) < models.smallest_picture("lenet") else "lenet"


def _check_fit(model: str, data: str, input_shape: tuple[int, ...], classes: tuple[str, ...] | None) -> None:
    smallest = models.smallest_picture(model)
    if smallest and len(input_shape) != 3:
        raise ArgumentError(
            f"{model} looks at pictures, but {data} is a table with {input_shape[0]} columns. "
            f"Take {'softmax' if classes else 'linear'} or mlp: gradus train mlp --data {data}"
        )
    if model == "linear" and classes:
        raise ArgumentError(
            f"linear predicts numbers, but {data} has {len(classes)} classes. "
            f"Linear for classes is softmax: gradus train softmax --data {data}"
        )
    if model == "softmax" and not classes:
        raise ArgumentError(
            f"softmax predicts classes, but {data} asks for numbers. "
            f"Take linear or mlp: gradus train linear --data {data}"
        )
    if smallest and min(input_shape[1:]) < smallest:
        size = "x".join(map(str, input_shape[1:]))
        raise ArgumentError(
            f"{model} needs pictures of at least {smallest}x{smallest} pixels, those of {data} have {size}. "
            f"Take convnet: gradus train convnet --data {data}"
        )
