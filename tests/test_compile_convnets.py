"""Convolutional networks, trained compiled as eagerly: layer after layer, the losses and every parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.nn import functional as F
from gradus.tensor import Tensor

STEPS = 3
TOLERANCE = {"float32": 2e-5, "float64": 1e-10}

OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, lr=1e-2, eps=1e-3),  # a small eps would make rounding of zero gradients visible
}


def plain() -> nn.Sequential:
    """Convolution, ReLU, pooling, convolution, normalisation, ReLU, pooling, dropout, linear."""
    return nn.Sequential(
        *(nn.Conv2d(3, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 9, 3, bias=False), nn.BatchNorm2d(9), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.3), nn.Linear(9 * 2 * 2, 5)),
    )


def overlapping() -> nn.Sequential:
    """As in AlexNet: a stride, windows of pooling that overlap, dropout between images."""
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 5, stride=2, padding=1), nn.ReLU(), nn.MaxPool2d(3, 1), nn.Dropout(0.2)),
        *(nn.Conv2d(16, 20, 3, padding=1), nn.ReLU(), nn.Conv2d(20, 20, 3, padding=1), nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(20 * 1 * 2, 5)),
    )


def of_all_kinds() -> nn.Sequential:
    """Depthwise, 1x1, dilated, in groups, transposed."""
    return nn.Sequential(
        *(nn.Conv2d(3, 12, 1), nn.Tanh(), nn.Conv2d(12, 12, 3, padding="same", groups=12), nn.BatchNorm2d(12)),
        *(nn.SiLU(), nn.Conv2d(12, 8, 3, padding=2, dilation=2, groups=2), nn.AvgPool2d(3, 2, 1), nn.Sigmoid()),
        *(nn.ConvTranspose2d(8, 4, 2, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(36, 5)),
    )


MODELS = (plain, overlapping, of_all_kinds)


def trained(make: Any, optimizer: str, batch: int, dtype: str, compiled: bool) -> dict[str, np.ndarray]:
    """The losses of some steps, and what the model holds after them."""
    gradus.seed(4)
    model = make().astype(dtype)
    update = OPTIMIZERS[optimizer](model.parameters())

    def step(x: Tensor, y: Tensor) -> Tensor:
        update.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        update.step()
        return loss

    run = gradus.compile(step) if compiled else step
    rng = np.random.default_rng(batch)
    losses = []
    for _ in range(STEPS):
        x, y = rng.normal(size=(batch, 3, 12, 14)), rng.integers(0, 5, batch)
        losses.append(run(gradus.tensor(x, dtype), gradus.tensor(y)).numpy().copy())
    return {"losses": np.array(losses)} | {name: value.numpy() for name, value in model.state_dict().items()}


SGD, *OTHERS = OPTIMIZERS
SIZES = [(16, "float32"), (20, "float32"), (20, "float64"), (32, "float32")]


@pytest.mark.parametrize(
    ("optimizer", "batch", "dtype"), [*((SGD, *size) for size in SIZES), *((other, *SIZES[1]) for other in OTHERS)]
)
@pytest.mark.parametrize("make", MODELS)
def test_training_is_that_of_eager_mode(make: Any, optimizer: str, batch: int, dtype: str) -> None:
    expected = trained(make, optimizer, batch, dtype, compiled=False)
    found = trained(make, optimizer, batch, dtype, compiled=True)
    for name, wanted in expected.items():
        scale = max(1.0, float(np.abs(wanted).max()))
        np.testing.assert_allclose(found[name], wanted, rtol=0, atol=TOLERANCE[dtype] * scale, err_msg=name)


@pytest.mark.parametrize("make", MODELS)
def test_outside_training_the_result_is_that_of_eager_mode(make: Any) -> None:
    gradus.seed(4)
    model = make().eval()
    x = gradus.randn(17, 3, 12, 14)
    found = gradus.compile(lambda x: model(x))(x)
    np.testing.assert_allclose(found.numpy(), model(x).numpy(), rtol=0, atol=1e-5)
