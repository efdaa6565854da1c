"""A small training drawn from a number: its data, model, loss, optimizer, and what changes its batches."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import gradus
from gradus import Tensor, functional, nn, optim
from gradus.data import Compose, GaussianNoise, RandomAffine, RandomErasing, RandomHorizontalFlip, RandomRotation
from gradus.optim import schedules

CLASSES, WORDS = 3, 7


class Drawn(NamedTuple):
    """A training to be: everything but how it is carried out.

    Attributes:
        what: in words.
        x, y: the data.
        model: makes it.
        optimizer: makes it for a model.
        loss, augment, clip_norm: a Trainer's.
        batch_size, epochs: fit's.
    """

    what: str
    x: np.ndarray
    y: np.ndarray
    model: Callable[[], nn.Module]
    optimizer: Callable[[nn.Module], optim.Optimizer]
    loss: Any
    augment: nn.Module | None
    clip_norm: float | None
    batch_size: int
    epochs: int


class Sequence(nn.Module):
    """The last output of a recurrent layer, or the mean of one of attention, and a layer of classes."""

    def __init__(self, within: nn.Module, width: int, outputs: int) -> None:
        self.within, self.head = within, nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        found = self.within(x)
        return self.head(found[0][:, -1] if isinstance(found, tuple) else found.mean(1))


class Attending(nn.Module):
    """Attention of a sequence to itself, after a layer that gives it its width."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        self.first = nn.Linear(4, width)
        self.attention = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        return h + self.attention(h, h, h)[0]


class Shaken(nn.Module):
    """Noise on all inputs, drawn anew for each batch."""

    def __init__(self, by: float) -> None:
        self.by = by

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x + self.by * gradus.randn_like(x), y


_ACTIVATIONS = (nn.ReLU, nn.Tanh, nn.GELU, nn.SiLU, nn.ELU, nn.Sigmoid)
_OPTIMIZERS: dict[str, tuple[Any, dict[str, Any], float]] = {
    "SGD": (optim.SGD, {}, 0.05),
    "momentum": (optim.SGD, {"momentum": 0.9, "weight_decay": 1e-3}, 0.02),
    "nesterov": (optim.SGD, {"momentum": 0.8, "nesterov": True}, 0.02),
    "Adam": (optim.Adam, {}, 0.01),
    "AMSGrad": (optim.Adam, {"amsgrad": True}, 0.01),
    "AdamW": (optim.AdamW, {"weight_decay": 0.05}, 0.01),
    "RMSprop": (optim.RMSprop, {"momentum": 0.5, "centered": True}, 0.003),
    "Adagrad": (optim.Adagrad, {}, 0.05),
    "Adadelta": (optim.Adadelta, {}, 1.0),
    "Adamax": (optim.Adamax, {}, 0.01),
    "NAdam": (optim.NAdam, {}, 0.01),
    "RAdam": (optim.RAdam, {}, 0.01),
    "Lion": (optim.Lion, {}, 0.001),
}
_SCHEDULES: dict[str, Callable[[float, int], Any]] = {
    "constant": lambda lr, steps: lr,
    "cosine": schedules.cosine,
    "warm-up": lambda lr, steps: schedules.warmup(3, schedules.polynomial(lr, steps)),
    "steps": lambda lr, steps: schedules.step(lr, every=max(2, steps // 3), factor=0.5),
}


def drawn(number: int, plain: bool = False, large: bool = False) -> Drawn:
    """Training number so-and-so, always the same one.

    `plain`: by SGD at a constant rate, so that what is near stays near; `large`: dense layers that several threads of
    BLAS multiply.
    """
    draw = random.Random(number)
    numbers = np.random.default_rng(number)
    kind = "large" if large else draw.choice(("dense", "pictures", "recurrent", "attention", "words"))
    n, batch_size, epochs = draw.randint(9, 40), draw.randint(3, 13), draw.randint(1, 3)
    if large:
        n, batch_size = 5 * n + 100, 10 * batch_size + 50
    n += n % batch_size == 1  # batch normalisation needs two samples
    shape = _shape(draw, kind)
    words = kind == "words"
    x = numbers.integers(0, WORDS, (n, *shape)) if words else numbers.normal(size=(n, *shape)).astype(np.float32)
    classes = draw.random() < 0.7
    outputs = CLASSES if classes else 1
    y = numbers.integers(0, CLASSES, n) if classes else numbers.normal(size=(n, 1)).astype(np.float32)
    losses = ("cross_entropy", _smoothed) if classes else ("mse", "huber", "l1")
    name, schedule = draw.choice(list(_OPTIMIZERS)), draw.choice(list(_SCHEDULES))
    if plain:
        name, schedule = "SGD", "constant"
    steps = epochs * -(-n // batch_size)
    return Drawn(
        f"{kind}, {name}, {schedule}, {n} samples in batches of {batch_size}",
        x,
        y,
        lambda: _MODELS[kind](random.Random(number + 1), x.shape[1:], outputs),
        lambda model: _optimizer(model, name, schedule, steps, groups=number % 5 == 0),
        draw.choice(losses),
        _augment(draw, kind),
        draw.choice((None, None, 0.5)),
        batch_size,
        epochs,
    )


def _shape(draw: random.Random, kind: str) -> tuple[int, ...]:
    """Of a sample."""
    if kind == "pictures":
        side = draw.choice((8, 8, 14))
        return draw.choice((1, 3)), side, side
    if kind == "large":
        return (draw.randint(600, 1200),)
    if kind in ("dense", "words"):
        return (draw.randint(2, 20),)
    return draw.randint(2, 9), 4


def _smoothed(outputs: Tensor, y: Tensor) -> Tensor:
    return functional.cross_entropy(outputs, y, label_smoothing=0.1)


def _augment(draw: random.Random, kind: str) -> nn.Module | None:
    if draw.random() < 0.6 or kind == "words":
        return None
    if kind != "pictures":
        return Shaken(0.1)
    changes = [RandomRotation(10), RandomHorizontalFlip(), RandomErasing(), GaussianNoise(), RandomAffine(20)]
    return Compose(draw.sample(changes, draw.randint(1, 3)))


def _optimizer(model: nn.Module, name: str, schedule: str, steps: int, groups: bool) -> optim.Optimizer:
    kind, options, lr = _OPTIMIZERS[name]
    rate = _SCHEDULES[schedule](lr, steps)
    parameters = list(model.parameters())
    if groups and len(parameters) > 2:
        parts = [{"params": parameters[:2]}, {"params": parameters[2:], "lr": lr / 2}]
        made: optim.Optimizer = kind(parts, lr=rate, **options)
        return made
    return kind(parameters, lr=rate, **options)  # type: ignore[no-any-return]


def _dense(draw: random.Random, shape: tuple[int, ...], outputs: int) -> nn.Module:
    layers: list[nn.Module] = []
    inputs = shape[0]
    for _ in range(draw.randint(1, 3)):
        width = draw.randint(2, 40)
        layers += [nn.Linear(inputs, width), draw.choice(_ACTIVATIONS)()]
        layers += draw.choice(([], [nn.BatchNorm1d(width)], [nn.LayerNorm(width)], [nn.Dropout(0.3)]))
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def _large(draw: random.Random, shape: tuple[int, ...], outputs: int) -> nn.Module:
    width = draw.randint(100, 300)
    between = draw.choice(([], [nn.BatchNorm1d(width)], [nn.Dropout(0.3)]))
    return nn.Sequential(nn.Linear(shape[0], width), nn.Tanh(), *between, nn.Linear(width, outputs))


def _pictures(draw: random.Random, shape: tuple[int, ...], outputs: int) -> nn.Module:
    channels, side = draw.randint(2, 20), shape[1]
    layers: list[nn.Module] = [nn.Conv2d(shape[0], channels, draw.choice((3, 5)), padding="same")]
    layers += draw.choice(([], [nn.BatchNorm2d(channels)], [nn.GroupNorm(1, channels)]))
    layers += [draw.choice(_ACTIVATIONS)(), draw.choice((nn.MaxPool2d, nn.AvgPool2d))(2)]
    layers += draw.choice(([], [nn.Dropout(0.2)], [nn.Conv2d(channels, channels, 3, padding=1, groups=channels)]))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * (side // 2) ** 2, outputs))


def _recurrent(draw: random.Random, shape: tuple[int, ...], outputs: int) -> nn.Module:
    kind, width, layers = draw.choice((nn.RNN, nn.LSTM, nn.GRU)), draw.randint(2, 12), draw.randint(1, 2)
    options = {"num_layers": layers, "dropout": 0.2 if layers > 1 else 0.0, "batch_first": True}
    both = draw.random() < 0.3
    return Sequence(kind(shape[1], width, bidirectional=both, **options), width * (1 + both), outputs)


def _attention(draw: random.Random, shape: tuple[int, ...], outputs: int) -> nn.Module:
    heads = draw.choice((1, 2, 4))
    width = heads * draw.randint(2, 5)
    dropout = draw.choice((0.0, 0.2))
    if draw.random() < 0.5:
        return Sequence(Attending(width, heads, dropout), width, outputs)
    layer = nn.TransformerEncoderLayer(width, heads, 2 * width, dropout=dropout, batch_first=True)
    return Sequence(nn.Sequential(nn.Linear(shape[1], width), layer), width, outputs)


def _words(draw: random.Random, shape: tuple[int, ...], outputs: int) -> nn.Module:
    width = draw.randint(2, 24)
    within: nn.Module = nn.Embedding(WORDS, width)  # of few words, so that many rows go to each
    if draw.random() < 0.4:
        within = nn.Sequential(within, nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Dropout(0.1))
    return Sequence(within, width, outputs)


_MODELS: dict[str, Callable[[random.Random, tuple[int, ...], int], nn.Module]] = {
    "dense": _dense,
    "large": _large,
    "pictures": _pictures,
    "recurrent": _recurrent,
    "attention": _attention,
    "words": _words,
}
