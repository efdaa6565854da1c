"""The workloads of convolutional networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .records import CONVOLUTION, Asked, Convolution, Prediction, Training, Workload, classifier

LOOSELY = 0.2  # by how much first losses may differ where each contestant draws its own dropout


def lenet(nn: Any, activation: str = "ReLU", pooling: str = "MaxPool2d") -> Any:
    """LeNet-5 on 1x28x28, as in "Dive into Deep Learning"."""
    activate, pool = getattr(nn, activation), getattr(nn, pooling)
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), activate(), pool(2)),
        *(nn.Conv2d(6, 16, 5), activate(), pool(2), nn.Flatten()),
        *(nn.Linear(400, 120), activate(), nn.Linear(120, 84), activate(), nn.Linear(84, 10)),
    )


def deep_convnet(nn: Any) -> Any:
    """DeepConvNet on 1x28x28, of "Deep Learning from Scratch"."""
    layers, before = [], 1
    for channels, padding in ((16, 1), (32, 2), (64, 1)):
        layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(channels, channels, 3, padding=padding), nn.ReLU(), nn.MaxPool2d(2)]
        before = channels
    layers += [nn.Flatten(), nn.Linear(1024, 50), nn.ReLU(), nn.Dropout(0.5), nn.Linear(50, 10), nn.Dropout(0.5)]
    return nn.Sequential(*layers)


def alexnet(nn: Any) -> Any:
    """AlexNet on 1x224x224, as in "Dive into Deep Learning"."""
    return nn.Sequential(
        *(nn.Conv2d(1, 96, 11, stride=4, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten()),
        *(nn.Linear(6400, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5)),
        nn.Linear(4096, 10),
    )


def trained(
    name: str, title: str, model: Callable[[Any], Any], n: int, size: int, times: float, **options: Any
) -> Training:
    """Training on gray pictures with ten classes; the speed asked for is so many times the best peer's."""
    options = {"at_least": (Asked(times),), "group": CONVOLUTION, "memory_asked": None} | options
    return classifier(name, title, model, (n, 1, size, size), **options)


SIGMOID = partial(lenet, activation="Sigmoid", pooling="AvgPool2d")
OF_LENET, OF_ALEXNET = "LeNet-5 (ReLU, max pooling)", "AlexNet 1x224x224"
ADAM: dict[str, Any] = {"optimizer": "Adam", "lr": 1e-3}
ALEXNET: dict[str, Any] = {"lr": 0.01, "memory_asked": 1.0, "agree": LOOSELY}

CONVNETS: tuple[Workload, ...] = (
    trained("lenet_sigmoid", "LeNet-5 (sigmoid, average pooling), batch 256, SGD", SIGMOID, 256, 28, 3),
    trained("lenet_relu", f"{OF_LENET}, batch 256, Adam", lenet, 256, 28, 3, **ADAM),
    trained(
        "deep_convnet",
        "DeepConvNet (16-16-32-32-64-64), batch 100, Adam",
        deep_convnet,
        100,
        28,
        1.5,
        agree=LOOSELY,
        **ADAM,
    ),
    trained("alexnet_32", f"{OF_ALEXNET}, batch 32, SGD", alexnet, 32, 224, 1.5, **ALEXNET),
    trained("alexnet_128", f"{OF_ALEXNET}, batch 128, SGD", alexnet, 128, 224, 1.5, **ALEXNET),
    trained("alexnet_bf16", f"{OF_ALEXNET}, batch 32, SGD, bf16", alexnet, 32, 224, 1, precision="bf16", **ALEXNET),
    Convolution(
        "conv3x3",
        "convolution 64-64, 3x3, 56x56, batch 32: forward and both gradients",
        (Asked(1.5),),
        n=32,
        channels=64,
        out=64,
        size=56,
    ),
    trained(
        "lenet_epoch",
        f"{OF_LENET}, batch 256, Adam: an epoch over 60,000 pictures in memory",
        lenet,
        60_000,
        28,
        4,
        at_least=(Asked(4.5, "torch.loader"), Asked(4)),
        batch=256,
        **ADAM,
    ),
    Prediction(
        "lenet_predict",
        f"{OF_LENET}: prediction, batch 1",
        (Asked(5),),
        group=CONVOLUTION,
        model=lenet,
        x=(1, 1, 28, 28),
    ),
)
