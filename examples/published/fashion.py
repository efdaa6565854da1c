"""Clothes of Fashion-MNIST, told apart by a network of three hidden layers, and by two convolutions with pooling."""

from _published import Claim, Figure, Work, error

import gradus
from gradus import Trainer, models, nn, optim
from gradus.optim.schedules import one_cycle

CLAIM = Claim(
    source="Xiao, Rasul and Vollgraf 2017, Fashion-MNIST, its table of benchmarks",
    figures=(
        Figure("MLP 256-128-100, test accuracy, %", paper="88.33", reach=88.33, larger=True),
        Figure("2 convolutions with pooling, test accuracy, %", paper="91.6", reach=91.6, larger=True),
    ),
    differs="AdamW with a rate that rises and falls once. Of the convolutional network the table says no more than "
    "that: ours has 32 and 64 maps of 5x5, and a linear layer of 256 with dropout.",
)
FAST = {"mlp_epochs": 2, "epochs": 2}


def convolutional() -> nn.Sequential:
    """Two convolutions, each with ReLU and pooling behind it, and two linear layers."""
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * 7 * 7, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10)),
    )


def measure(
    work: Work,
    *,
    mlp_epochs: int = 20,
    epochs: int = 10,
    batch_size: int = 64,
    lr: float = 2e-3,
    weight_decay: float = 0.05,
) -> dict[str, float]:
    """Train both, then look at the test pictures."""
    train, test = work.data("fashion_mnist")
    networks = {
        "MLP 256-128-100": (lambda: models.MLP([784, 256, 128, 100, 10]), mlp_epochs),
        "2 convolutions with pooling": (convolutional, epochs),
    }
    found = {}
    for name, (make, many) in networks.items():
        gradus.seed(work.seed)
        model = make()
        rate = one_cycle(lr, steps=many * -(-len(train) // batch_size))
        trainer = Trainer(model, "cross_entropy", optim.AdamW(model.parameters(), lr=rate, weight_decay=weight_decay))
        work.fit(trainer, train, many, batch_size, part=name)
        found[f"{name}, test accuracy, %"] = 100 - error(trainer, test)
    return found
