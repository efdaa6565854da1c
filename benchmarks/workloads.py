"""What is measured: one record for each workload."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Asked:
    """How many times the speed of the best peer gradus must reach, among the peers whose names begin with `of`."""

    times: float
    of: str = ""


@dataclass(frozen=True)
class Workload:
    """What all workloads have.

    Attributes:
        name: for the command line.
        title: for the table.
        at_least: what gradus must reach.
        share_asked: the share of the fused multiply-add peak that gradus must reach.
    """

    name: str
    title: str
    at_least: tuple[Asked, ...] = ()
    share_asked: float = 0.0


@dataclass(frozen=True)
class Training(Workload):
    """Training steps: forward, backward, update; the loss is read back after each.

    Attributes:
        model: makes the model from the layers of a namespace (`torch.nn`, `gradus.nn` or `benchmarks.jax_layers`).
        x: the shape of the inputs.
        y: the shape of the targets; `()` for the inputs themselves.
        classes: targets are labels below this number, if it is not 0.
        loss, optimizer, lr: by the names that torch and gradus share.
        output: what of the model's result goes into the loss.
        batch: None if x is one batch; else an epoch over x, in shuffled batches of this size, is measured.
    """

    model: Callable[[Any], Any] = lambda nn: nn.Identity()
    x: Shape = ()
    y: Shape = ()
    classes: int = 0
    loss: str = "mse_loss"
    optimizer: str = "SGD"
    lr: float = 0.1
    output: Callable[[Any], Any] = lambda out: out
    batch: int | None = None

    kind = "training"

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs in [0, 1), and targets."""
        rng = np.random.default_rng(0)
        x = rng.random(self.x, np.float32)
        if self.classes:
            return x, rng.integers(0, self.classes, self.y)
        return x, rng.standard_normal(self.y, np.float32) if self.y else x

    def batches(self) -> np.ndarray:
        """The row numbers of an epoch's batches: (steps, batch)."""
        return np.random.default_rng(1).permutation(self.x[0]).reshape(-1, self.batch or self.x[0])

    @property
    def step_shapes(self) -> tuple[Shape, Shape]:
        """The shapes of what one step is given."""
        y = self.y or self.x
        return (self.x, y) if self.batch is None else ((self.batch, *self.x[1:]), (self.batch, *y[1:]))

    @cached_property
    def _counted(self) -> tuple[float, float]:
        from .counting import count

        return count(self)

    @property
    def operations(self) -> float:
        """Floating-point operations of the matrix products of one step."""
        return self._counted[0]

    @property
    def bytes_moved(self) -> float:
        """Bytes that one step cannot do without: inputs read, parameters and the optimizer's state read and written."""
        return self._counted[1]


@dataclass(frozen=True)
class Product(Workload):
    """The product of two square matrices, float32."""

    n: int = 0

    kind = "product"

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """The two matrices."""
        rng = np.random.default_rng(0)
        return rng.random((self.n, self.n), np.float32), rng.random((self.n, self.n), np.float32)

    @property
    def operations(self) -> float:
        """A multiplication and an addition for each place and each summand."""
        return 2.0 * self.n**3

    @property
    def bytes_moved(self) -> float:
        """Two matrices read, one written."""
        return 3 * 4.0 * self.n**2


def initial(name: str, shape: Shape) -> np.ndarray:
    """The first value of a parameter, the same in every framework: uniform in +-1 / sqrt(inputs); scales are 1."""
    if len(shape) == 1 and name.endswith("weight"):
        return np.ones(shape, np.float32)
    bound = 1 / math.sqrt(math.prod(shape[1:]) or shape[0])
    return np.random.default_rng(zlib.crc32(name.encode())).uniform(-bound, bound, shape).astype(np.float32)


def perceptron(*sizes: int, batch_norm: bool = False) -> Callable[[Any], Any]:
    """Linear layers with ReLU between them."""

    def model(nn: Any) -> Any:
        layers = []
        for i, o in pairwise(sizes[:-1]):
            layers += [nn.Linear(i, o), *([nn.BatchNorm1d(o)] if batch_norm else []), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))

    return model


def _autoencoder(nn: Any) -> Any:
    return nn.Sequential(
        *(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU()),
        *(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 784), nn.Sigmoid()),
    )


def classifier(name: str, title: str, model: Callable[[Any], Any], x: Shape, **options: Any) -> Training:
    """Training with ten classes and cross-entropy."""
    return Training(name, title, model=model, x=x, y=x[:1], classes=10, loss="cross_entropy", **options)


WORKLOADS: tuple[Training | Product, ...] = (
    Training(
        "linear_epoch",
        "linear regression 2-1, batch 10, SGD: an epoch of 100 steps",
        (Asked(10),),
        model=lambda nn: nn.Linear(2, 1),
        x=(1000, 2),
        y=(1000, 1),
        batch=10,
        lr=0.01,
    ),
    Training(
        "linear",
        "linear regression 2-1, batch 10, SGD: one call a step",
        (Asked(2),),
        model=lambda nn: nn.Linear(2, 1),
        x=(10, 2),
        y=(10, 1),
        lr=0.01,
    ),
    classifier(
        "softmax",
        "softmax regression 784-10, batch 256, SGD",
        lambda nn: nn.Linear(784, 10),
        (256, 784),
        at_least=(Asked(4),),
    ),
    classifier(
        "mlp",
        "MLP 784-256-10 (ReLU), batch 256, SGD",
        perceptron(784, 256, 10),
        (256, 784),
        at_least=(Asked(1.5),),
        share_asked=0.8,
    ),
    classifier(
        "mlp_norm",
        "MLP 784-5x(100, BatchNorm, ReLU)-10, batch 100, Adam",
        perceptron(784, *[100] * 5, 10, batch_norm=True),
        (100, 784),
        optimizer="Adam",
        lr=1e-3,
        at_least=(Asked(2.5),),
    ),
    Training(
        "autoencoder",
        "autoencoder 784-256-64-256-784 (ReLU, sigmoid at the end), batch 256, SGD",
        (Asked(1.6),),
        model=_autoencoder,
        x=(256, 784),
    ),
    Training(
        "lstm",
        "LSTM, 2 layers, 64 inputs, 128 hidden, 50 steps, batch 64, SGD",
        (Asked(1.5),),
        model=lambda nn: nn.LSTM(64, 128, 2),
        x=(50, 64, 64),
        y=(64, 128),
        output=lambda out: out[0][-1],
    ),
    *(
        Product(f"product_{n}", f"matrix product {n} x {n}", (Asked(1.0, "numpy"), Asked(1.5, "torch")), n=n)
        for n in (256, 512, 1024, 2048)
    ),
)


def scaled(axis: str, size: int) -> Training:
    """A multi-layer perceptron in which one thing varies: `batch`, `width` or `depth` (hidden layers)."""
    batch, width, depth = ({"batch": 64, "width": 128, "depth": 1} | {axis: size}).values()
    title = f"MLP 784-{depth}x{width}-10, batch {batch}"
    return classifier(f"{axis}-{size}", title, perceptron(784, *[width] * depth, 10), (batch, 784), lr=0.01)


def find(name: str) -> Training | Product:
    """The workload of this name; `batch-64`, `width-128` and `depth-3` are made when asked for."""
    for w in WORKLOADS:
        if w.name == name:
            return w
    axis, _, size = name.partition("-")
    if axis in ("batch", "width", "depth") and size.isdigit():
        return scaled(axis, int(size))
    raise SystemExit(f"there is no workload {name!r}; there are {', '.join(names())}")


def names() -> Iterator[str]:
    """The names of all workloads."""
    return (w.name for w in WORKLOADS)
