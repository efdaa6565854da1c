"""AlexNet learns as PyTorch's does: from the same weights, on the same pictures in the same order, without dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

import gradus  # noqa: E402
from gradus import datasets, models, nn, optim  # noqa: E402
from gradus.errors import DataError  # noqa: E402
from gradus.nn import functional as F  # noqa: E402

RATE, MOMENTUM = 0.01, 0.9
Batches = Sequence[tuple[np.ndarray, np.ndarray]]


def theirs(places: int, hidden: int) -> Any:
    """The same network in PyTorch, its parameters under the same names."""
    layers = torch.nn
    features = layers.Sequential(
        *(layers.Conv2d(1, 96, 11, stride=4, padding=1), layers.ReLU(), layers.MaxPool2d(3, 2)),
        *(layers.Conv2d(96, 256, 5, padding=2), layers.ReLU(), layers.MaxPool2d(3, 2)),
        *(layers.Conv2d(256, 384, 3, padding=1), layers.ReLU()),
        *(layers.Conv2d(384, 384, 3, padding=1), layers.ReLU()),
        *(layers.Conv2d(384, 256, 3, padding=1), layers.ReLU(), layers.MaxPool2d(3, 2)),
    )
    classifier = layers.Sequential(
        *(layers.Flatten(), layers.Linear(256 * places**2, hidden), layers.ReLU(), layers.Dropout(0.0)),
        *(layers.Linear(hidden, hidden), layers.ReLU(), layers.Dropout(0.0), layers.Linear(hidden, 10)),
    )
    return layers.ModuleDict({"features": features, "classifier": classifier})


def our_curve(model: models.AlexNet, batches: Batches) -> list[float]:
    """The loss of each step; the model enlarges the pictures itself."""
    optimizer = optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)

    @gradus.compile
    def step(x: gradus.Tensor, y: gradus.Tensor) -> gradus.Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return [float(step(gradus.tensor(x), gradus.tensor(y))) for x, y in batches]


def their_curve(model: Any, enlarge: int, batches: Batches) -> list[float]:
    """The loss of each step, each batch enlarged when it is its turn."""
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    losses = []
    for pictures, labels in batches:
        x = torch.tensor(pictures).repeat_interleave(enlarge, 2).repeat_interleave(enlarge, 3)
        optimizer.zero_grad()
        scores = model["classifier"](model["features"](x))
        loss = torch.nn.functional.cross_entropy(scores, torch.tensor(labels))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def curves(size: int, enlarge: int, hidden: int, batches: Batches) -> tuple[list[float], list[float]]:
    """Both frameworks' losses, from first weights with which a network this deep begins to learn at once."""
    gradus.seed(0)
    ours = models.AlexNet(size=(size, size), hidden=hidden, dropout=0.0, enlarge=enlarge)
    for name, p in ours.named_parameters():
        if name.endswith("weight"):
            nn.init.xavier_uniform_(p)
    model = theirs(round((ours.classifier[1].weight.shape[1] / 256) ** 0.5), hidden)
    model.load_state_dict({name: torch.tensor(value.numpy()) for name, value in ours.state_dict().items()})
    return our_curve(ours, batches), their_curve(model, enlarge, batches)


def test_a_slim_one_on_noise() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 1, 11, 11)).astype("float32"), rng.integers(0, 10, 6)
    found, expected = curves(11, 6, 32, [(x, y)] * 4)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)
    assert found[-1] < found[0] - 0.05


@pytest.mark.long
def test_fashion_mnist_enlarged() -> None:
    try:
        train, _ = datasets.fashion_mnist()
    except DataError as problem:
        pytest.skip(f"fashion_mnist is not here: {problem}")
    x, y = (a[:2000] for a in train.arrays[:2])
    batches = [(x[i : i + 100], y[i : i + 100]) for i in range(0, 2000, 100)]
    found, expected = curves(28, 8, 4096, batches)
    print("\n".join(f"{a:.5f} {b:.5f}" for a, b in zip(found, expected, strict=True)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)
    assert found[-1] < found[0] - 0.08  # these are its first steps, before rounding grows with the steps' size
