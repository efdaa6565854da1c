"""The network that the scripts on looking inside share, trained on small colour pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gradus
from gradus import datasets, nn, random
from gradus.data import TensorDataset

LAYERS = ("2", "6", "10")  # the ReLU of each block
KINDS = {"Conv2d": "convolution", "BatchNorm2d": "normalisation", "MaxPool2d": "pooling", "Linear": "the ten scores"}


def network(channels: int, size: int, width: int) -> nn.Sequential:
    """Three blocks of convolution, normalisation, ReLU and pooling, and a linear layer."""

    def block(a: int, b: int, kernel: int) -> tuple[nn.Module, ...]:
        return nn.Conv2d(a, b, kernel, padding=kernel // 2), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2)

    return nn.Sequential(
        *block(channels, width, 5),
        *block(width, 2 * width, 3),
        *block(2 * width, 4 * width, 3),
        *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4 * width * (size // 8) ** 2, 10)),
    )


def step(model: nn.Sequential, layer: str) -> tuple[str, str]:
    """Where a layer stands, and what it does: ("block 1", "pooling")."""
    kind = type(model[int(layer)]).__name__
    return f"block {int(layer) // 4 + 1}" if int(layer) < 12 else "the end", KINDS.get(kind, kind)


def trained(fast: bool, say: Callable[..., None]) -> tuple[nn.Sequential, Any]:
    """The network after a short training on the pictures and their mirror images, and the test data."""
    train, test = datasets.digits() if fast else datasets.cifar10()
    x, y = train.arrays
    if not fast:
        x, y = np.concatenate([x, x[..., ::-1]]), np.concatenate([y, y])
    random.seed(0)
    model = network(x.shape[1], x.shape[2], 8 if fast else 32)
    epochs = 2 if fast else 10
    rate = gradus.optim.schedules.one_cycle(4e-3, epochs * -(-len(x) // 100))
    trainer = gradus.Trainer(model, "cross_entropy", gradus.optim.Adam(model.parameters(), lr=rate))
    trainer.fit(TensorDataset(x, y), epochs=epochs, batch_size=100, progress=False)
    accuracy = trainer.evaluate(test)["accuracy"]
    say(f"Trained on {len(x):,} pictures, {epochs} epochs: {accuracy:.1%} of {len(test):,} test pictures right")
    return model.eval(), test
