"""What is measured: one record for each workload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from .convnets import CONVNETS
from .machines import MACHINES
from .networks import NETS
from .records import Asked, Product, Training, Workload, classifier
from .sequences import SEQUENCES


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


DENSE: tuple[Workload, ...] = (
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
WORKLOADS = (*DENSE, *CONVNETS, *MACHINES, *NETS)


def scaled(axis: str, size: int) -> Training:
    """A multi-layer perceptron in which one thing varies: `batch`, `width` or `depth` (hidden layers)."""
    batch, width, depth = ({"batch": 64, "width": 128, "depth": 1} | {axis: size}).values()
    title = f"MLP 784-{depth}x{width}-10, batch {batch}"
    return classifier(f"{axis}-{size}", title, perceptron(784, *[width] * depth, 10), (batch, 784), lr=0.01)


def find(name: str) -> Workload:
    """The workload of this name; `batch-64`, `width-128` and `depth-3` are made when asked for."""
    for w in (*WORKLOADS, *SEQUENCES):
        if w.name == name:
            return w
    axis, _, size = name.partition("-")
    if axis in ("batch", "width", "depth") and size.isdigit():
        return scaled(axis, int(size))
    raise SystemExit(f"there is no workload {name!r}; there are {', '.join(names())}")


def names() -> Iterator[str]:
    """The names of all workloads."""
    return (w.name for w in WORKLOADS)
